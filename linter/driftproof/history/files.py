"""The files of a directory by their names."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from driftproof.history.order import natural


def matching(directory: Path, pattern: str) -> list[Path]:
    """The files in a directory whose whole names match."""
    whole = re.compile(pattern, re.DOTALL)
    return [path for path in directory.iterdir() if whole.fullmatch(path.name) and path.is_file()]


_NUMBERED = re.compile(r"[vV]?\d")
DOWN = (".down.sql", ".rollback.sql", ".undo.sql")
"""How the names of ways down end."""


def numbered(directory: Path) -> list[Path]:
    """The .sql files whose names begin with a number, in natural order (``9_x`` before ``10_x``); no ways down."""
    return [path for path in _ways_up(directory) if _NUMBERED.match(path.name)]


def unnumbered(directory: Path) -> list[Path]:
    """The .sql files whose names begin with no number; no ways down."""
    return [path for path in _ways_up(directory) if not _NUMBERED.match(path.name)]


def _ways_up(directory: Path) -> list[Path]:
    files = (path for path in directory.iterdir() if path.suffix == ".sql" and not path.name.endswith(DOWN))
    return sorted((path for path in files if path.is_file()), key=lambda path: natural(path.name))


def inside(directory: Path, name: str) -> list[Path]:
    """The files of this name in the folders of a directory; hidden folders are passed by."""
    with os.scandir(directory) as entries:
        folders = [entry.name for entry in entries if entry.name[0] != "." and entry.is_dir()]
    return [path for path in (directory / folder / name for folder in folders) if path.is_file()]


def below(directory: Path, ending: str = ".sql") -> Iterator[Path]:
    """The files at or below a directory with this ending; hidden folders are passed by."""
    for folder, folders, files in os.walk(directory):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(files) if name.endswith(ending))


def sibling(path: Path, ending: str, other: str) -> Path | None:
    """The file beside one that has another ending; None for a file that does not have the ending itself."""
    return path.with_name(path.name.removesuffix(ending) + other) if path.name.endswith(ending) else None


def number(name: str) -> int:
    """The number that a name begins with; 0 if it begins with none."""
    digits = re.match(r"\d+", name)
    return int(digits[0]) if digits else 0


def signed(path: Path) -> int:
    """The number, perhaps below 0, that a file's name begins with; 0 if it begins with none."""
    digits = re.match(r"-?\d+", path.name)
    return int(digits[0]) if digits else 0


def leading(path: Path) -> str:
    """The digits that a file's name begins with; its stem if it begins with none."""
    digits = re.match(r"\d+", path.name)
    return digits[0] if digits else path.stem
