"""Synapse: the newest ``full_schemas``, then the deltas of the versions behind it, across its databases.

Source: element-hq/synapse, synapse/storage/prepare_database.py, engines/postgres.py. ``x.sql`` is run on every engine,
``x.sql.postgres`` on PostgreSQL only. Each script has a transaction of its own.
"""

from collections.abc import Sequence
from pathlib import Path

from driftproof.history.folder import Folder
from driftproof.history.model import Bookkeeping, Framework, Migration, Older, Order, RunMode, Session

_PARTS = ("common", "main", "state")
_ENDINGS = (".sql", ".sql.postgres")
_KEY = b"$%AUTO_INCREMENT_PRIMARY_KEY%$"


def _recognises(folder: Folder) -> bool:
    return folder.has("common", "main") and any((folder.path / part / "delta").is_dir() for part in _PARTS)


def _numbered(directory: Path) -> dict[int, Path]:
    if not directory.is_dir():
        return {}
    return {int(path.name): path for path in directory.iterdir() if path.name.isdecimal() and path.is_dir()}


def _scripts(directory: Path) -> list[Path]:
    return [path for path in directory.iterdir() if path.name.endswith(_ENDINGS) and path.is_file()]


def _discover(directory: Path) -> list[Path]:
    full = {part: _numbered(directory / part / "full_schemas") for part in _PARTS}
    start = max((number for numbers in full.values() for number in numbers), default=-1)
    files = [path for part in _PARTS if start in full[part] for path in sorted(_scripts(full[part][start]))]
    deltas = {part: _numbered(directory / part / "delta") for part in _PARTS}
    for number in sorted({number for numbers in deltas.values() for number in numbers if number > start}):
        found = [path for part in _PARTS if number in deltas[part] for path in _scripts(deltas[part][number])]
        files += sorted(found, key=lambda path: path.name)
    return files


def _left_out(path: Path) -> str | None:
    if path.name == "schema_version.sql":
        return "the bookkeeping: made before all others"
    if path.parent.parent.name in ("delta", "full_schemas"):
        return "older than the full schema that a new database begins with"
    return None


def _applied(migrations: Sequence[Migration], rows: Sequence[str]) -> Sequence[str]:
    """The full schemas are not noted: a database that has anything has them."""
    noted = set(rows)
    return [
        one.version
        for one in migrations
        if "full_schemas" in one.version or one.version.rpartition("/delta/")[2] in noted
    ]


framework = Framework(
    name="synapse",
    title="Synapse",
    run_mode=RunMode.TRANSACTION,
    recognises=_recognises,
    reach=3,
    discover=_discover,
    version=lambda path: "/".join(path.parts[-4:]),
    names="main/delta/1/name.sql, main/delta/1/name.sql.postgres",
    left_out=_left_out,
    up=lambda data: data.replace(_KEY, b"bigserial primary key".ljust(len(_KEY))),
    bookkeeping=Bookkeeping("applied_schema_deltas", "SELECT file FROM applied_schema_deltas", _applied),
    whole=True,
    session=Session.SHARED,
    order=Order.LIST,
    removed="databases that have run it keep what it did",
    edited="Synapse compares no checksums: databases that have run it are not changed by it any more",
    older=Older.APPLIED,
)
