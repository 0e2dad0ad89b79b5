"""A plain directory of .sql files, run by psql or by hand.

Those whose names begin with a number are a history, in natural order (``9_x`` before ``10_x``). Of the others nobody
knows the order, so each stands alone.
"""

import re
from pathlib import Path

from driftproof.history.model import Framework, RunMode

_DIGITS = re.compile(r"(\d+)")
_NUMBERED = re.compile(r"[vV]?\d")
_DOWN_PART = re.compile(rb"^--[ \t]*(?:\+goose[ \t]+down|migrate:down)\b", re.IGNORECASE | re.MULTILINE)
_NOT_NEWLINE = re.compile(rb"[^\r\n]")
_DOWN = (".down.sql", ".rollback.sql", ".undo.sql")


def _natural(name: str) -> list[tuple[int, int, str]]:
    parts = _DIGITS.split(name)
    return [(0, int(part), "") if at % 2 else (1, 0, part) for at, part in enumerate(parts)]


def _files(directory: Path, numbered: bool) -> list[Path]:
    files = (path for path in directory.iterdir() if path.suffix == ".sql" and path.is_file())
    wanted = (path for path in files if (_NUMBERED.match(path.name) is not None) is numbered)
    return sorted((path for path in wanted if not path.name.endswith(_DOWN)), key=lambda path: _natural(path.name))


def _discover(directory: Path) -> list[Path]:
    return _files(directory, numbered=True)


def _alone(directory: Path) -> list[Path]:
    return _files(directory, numbered=False)


def _version(path: Path) -> str:
    digits = _DIGITS.match(path.name)
    return digits[1] if digits else path.stem


def _up(data: bytes) -> bytes:
    """Goose and dbmate write both ways into one file: what stands behind their mark is the way down."""
    down = _DOWN_PART.search(data)
    return data if down is None else data[: down.start()] + _NOT_NEWLINE.sub(b" ", data[down.start() :])


framework = Framework(
    name="plain",
    title="plain SQL files (psql)",
    run_mode=RunMode.AUTOCOMMIT,
    recognises=lambda _directory: True,
    discover=_discover,
    version=_version,
    alone=_alone,
    up=_up,
)
