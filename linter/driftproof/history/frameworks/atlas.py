"""Atlas: ``<version>_<name>.sql`` in the order of their names, each in a transaction.

Source: ariga/atlas, sql/migrate/dir.go, migrate.go, cmd/atlas/internal/cmdapi/migrate.go. ``-- atlas:txmode none`` in
the comment at the head of the file, with a blank line behind it, lets each statement commit alone.
"""

import re
from pathlib import Path

from driftproof.history import masks
from driftproof.history.files import matching
from driftproof.history.model import Bookkeeping, Framework, Older, RunMode

_NO_TRANSACTION = re.compile(rb"(?:--[^\n]*\n)*?-- atlas:txmode none[ \t]*\r?\n(?:--[^\n]*\n)*\r?\n")
_DELIMITER = re.compile(rb"(?:--[^\n]*\n)*?-- atlas:delimiter ([^\r\n]+)\r?\n")
_ESCAPES = {rb"\n": b"\n", rb"\r": b"\r", rb"\t": b"\t"}


def _version(path: Path) -> str:
    return path.stem.partition("_")[0]


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
    discover=lambda directory: sorted(matching(directory, r".*\.sql"), key=lambda path: path.name.encode()),
    version=_version,
    names="VERSION_name.sql",
    mode=lambda _path, data: RunMode.AUTOCOMMIT if _NO_TRANSACTION.match(data) else RunMode.TRANSACTION,
    up=_up,
    bookkeeping=Bookkeeping(
        "atlas_schema_revisions.atlas_schema_revisions",
        "SELECT version FROM atlas_schema_revisions.atlas_schema_revisions WHERE applied = total",
    ),
    twice="its table has one row a version, so that it notes one of them only",
    checksum=lambda data: data,
    removed="atlas.sum does not match any more, and Atlas refuses to go on until `atlas migrate hash`",
    renamed="atlas.sum does not match any more, and Atlas refuses to go on until `atlas migrate hash`",
    edited="Atlas compares the files with atlas.sum and refuses to go on until `atlas migrate hash`",
    failed="nothing; with txmode none the next run goes on with the statement that failed",
    older=Older.REFUSED,
)
