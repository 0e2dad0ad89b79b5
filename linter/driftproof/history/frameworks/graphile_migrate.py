"""graphile-migrate: ``committed/000001.sql`` by their numbers, then ``current.sql`` or ``current/``, which is run again
whenever it is saved.

Source: graphile/migrate, src/migrationFilename.ts, current.ts, migration.ts, header.ts. Each file in a transaction,
unless the first line below its headers is ``--! no-transaction``: then it is one simple query. What ``--!include``
puts into the current one is not read; the committed ones have it in their own text.
"""

import re
from pathlib import Path

from driftproof.history import masks
from driftproof.history.files import leading, matching, number
from driftproof.history.folder import Folder
from driftproof.history.model import Bookkeeping, Framework, Older, RunMode, Session

_COMMITTED = r"([0-9]+)(?:-[-_a-zA-Z0-9]*)?\.sql"
_NO_TRANSACTION = re.compile(rb"(?:--! [A-Z][^\n]*\n)*\s*--! no-transaction\b")
_PLACEHOLDER = rb"(?<![:\w])(?P<hit>:[A-Z][0-9A-Z_]+\b)"


_INCLUDE = re.compile(rb"(?m)^--!include[ \t]+[^\r\n]+")


def _recognises(folder: Folder) -> bool:
    if "committed" not in folder.folders:
        return False
    return folder.has("current.sql", "current") or any(
        re.fullmatch(_COMMITTED, name) for name in Folder(folder.path / "committed").sql
    )


def _discover(directory: Path) -> list[Path]:
    committed, current = directory / "committed", directory / "current"
    files = sorted(matching(committed, _COMMITTED), key=lambda path: number(path.name)) if committed.is_dir() else []
    if current.is_dir():
        return files + sorted(matching(current, r"\d.*\.sql"), key=lambda path: number(path.name))
    return files + [path for path in (directory / "current.sql",) if path.is_file()]


def _is_current(path: Path, _data: bytes) -> bool:
    return path.name == "current.sql" or path.parent.name == "current"


def _up(data: bytes) -> bytes:
    # Text that is put in anywhere; in strings it is left alone.
    return masks.outside_quotes(data, _PLACEHOLDER, lambda found: found["hit"][1:].lower() + b"_")


framework = Framework(
    name="graphile-migrate",
    title="graphile-migrate",
    run_mode=RunMode.TRANSACTION,
    recognises=_recognises,
    reach=1,
    discover=_discover,
    version=lambda path: f"{leading(path)}.sql" if path.parent.name == "committed" else leading(path),
    names="committed/000001.sql, current.sql, current/1.sql",
    mode=lambda _path, data: RunMode.SIMPLE if _NO_TRANSACTION.match(data) else RunMode.TRANSACTION,
    repeatable=_is_current,
    unseen=lambda data: tuple(found.span() for found in _INCLUDE.finditer(data)),
    up=lambda data: _up(data) if re.search(rb":[A-Z]", data) else data,
    bookkeeping=Bookkeeping("graphile_migrate.migrations", "SELECT filename FROM graphile_migrate.migrations"),
    session=Session.SHARED,
    twice="graphile-migrate refuses to start",
    checksum=lambda data: data,
    removed="graphile-migrate refuses to go on: the hashes name each the one before",
    edited="graphile-migrate compares hashes when it runs a file: new databases refuse it, others stay as they are",
    older=Older.REFUSED,
)
