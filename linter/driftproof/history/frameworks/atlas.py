"""Atlas: ``<version>_<name>.sql`` in the order of their names, each in a transaction.

Source: ariga/atlas, sql/migrate/dir.go, migrate.go, cmd/atlas/internal/cmdapi/migrate.go. ``-- atlas:txmode none`` in
the comment at the head of the file, with a blank line behind it, lets each statement commit alone. A new database
begins with the last file that says ``-- atlas:checkpoint`` there; one that has run any before it passes that by. Atlas
replays them all on an empty database whenever it plans another one.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from driftproof.history import masks
from driftproof.history.files import matching
from driftproof.history.folder import Folder
from driftproof.history.model import Bookkeeping, Framework, Migration, Older, RunMode

_NO_TRANSACTION = re.compile(rb"(?:--[^\n]*\n)*?-- atlas:txmode none[ \t]*\r?\n(?:--[^\n]*\n)*\r?\n")
_CHECKPOINT = re.compile(rb"(?:--[^\n]*\n)*?-- atlas:checkpoint\b[^\n]*\n(?:--[^\n]*\n)*\r?\n")
_DELIMITER = re.compile(rb"(?:--[^\n]*\n)*?-- atlas:delimiter ([^\r\n]+)\r?\n")
_ESCAPES = {rb"\n": b"\n", rb"\r": b"\r", rb"\t": b"\t"}


def _version(path: Path) -> str:
    return path.stem.partition("_")[0]


def _discover(directory: Path) -> list[Path]:
    files = sorted(matching(directory, r".*\.sql"), key=lambda path: path.name.encode())
    folder = Folder(directory)
    checkpoints = [at for at, path in enumerate(files) if _CHECKPOINT.match(folder.beginning(path.name))]
    return files[checkpoints[-1] :] if checkpoints else files


def _applied(migrations: Sequence[Migration], rows: Sequence[str]) -> Sequence[str]:
    """A database that has run what stands before a checkpoint needs none."""
    checkpoints = [one.version for one in migrations if _CHECKPOINT.match(one.source.data)]
    return [*rows, *(version for version in checkpoints if version not in rows and any(row < version for row in rows))]


def _up(data: bytes) -> bytes:
    found = _DELIMITER.match(data)
    if found is None:
        return data
    mark = found[1].strip()
    for written, meant in _ESCAPES.items():
        mark = mark.replace(written, meant)
    if not mark.strip() or mark.strip() == b";":
        return data
    first = len(mark) - len(mark.lstrip())
    stand_in = mark[:first] + b";" + masks.blank(mark[first + 1 :])
    return data[: found.end()] + data[found.end() :].replace(mark, stand_in)


framework = Framework(
    name="atlas",
    title="Atlas",
    run_mode=RunMode.TRANSACTION,
    recognises=lambda folder: "atlas.sum" in folder.files,
    discover=_discover,
    version=_version,
    names="VERSION_name.sql",
    left_out=lambda _path: "before the last checkpoint: a new database begins with that",
    whole=True,
    mode=lambda _path, data: RunMode.AUTOCOMMIT if _NO_TRANSACTION.match(data) else RunMode.TRANSACTION,
    up=_up,
    bookkeeping=Bookkeeping(
        "atlas_schema_revisions.atlas_schema_revisions",
        "SELECT version FROM atlas_schema_revisions.atlas_schema_revisions WHERE applied = total",
        _applied,
    ),
    twice="its table has one row a version, so that it notes one of them only",
    checksum=lambda data: data,
    removed="atlas.sum does not match any more, and Atlas refuses to go on until `atlas migrate hash`",
    renamed="atlas.sum does not match any more, and Atlas refuses to go on until `atlas migrate hash`",
    edited="Atlas compares the files with atlas.sum and refuses to go on until `atlas migrate hash`",
    failed="nothing; with txmode none the next run goes on with the statement that failed",
    older=Older.REFUSED,
)
