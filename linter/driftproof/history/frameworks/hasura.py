"""Hasura: ``<number>_<name>/up.sql`` by their numbers, each in a transaction; ``<number>_<name>.up.sql`` before its
configuration's version 2.

Source: hasura/graphql-engine, cli/migrate/source. A first line ``-- hasura:no-transaction`` makes it one simple query.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from driftproof.history.files import inside, leading, matching
from driftproof.history.folder import Folder
from driftproof.history.model import Bookkeeping, Framework, Migration, Order, RunMode

_FLAT = re.compile(r"(\d+)_.*\.up\.sql")
_FOLDER = re.compile(r"(\d+)_.*", re.DOTALL)
_MILLISECONDS = 13
_NO_TRANSACTION = re.compile(rb"[ \t]*-- hasura:no-transaction[ \t]*\r?(?:\n|\Z)")


def _recognises(folder: Folder) -> bool:
    if any(map(_FLAT.fullmatch, folder.sql)) and folder.above("config.yaml", b"endpoint:"):
        return True
    holding = [found for name in folder.holds("up.sql") if (found := _FOLDER.fullmatch(name))]
    if not holding:
        return False
    # Its console names folders by milliseconds, as no other tool does.
    if any(len(found[1]) == _MILLISECONDS for found in holding):
        return True
    return folder.above("config.yaml", b"metadata_directory") or (
        folder.above("config.yaml") and folder.above("metadata")
    )


def _discover(directory: Path) -> list[Path]:
    files = [path for path in inside(directory, "up.sql") if _FOLDER.fullmatch(path.parent.name)]
    files += matching(directory, _FLAT.pattern)
    return sorted((path for path in files if path.stat().st_size), key=lambda path: int(_version(path)))


def _version(path: Path) -> str:
    return leading(path.parent) if path.name in ("up.sql", "down.sql") else leading(path)


def _down_file(path: Path) -> Path:
    return path.with_name("down.sql" if path.name == "up.sql" else path.name.removesuffix(".up.sql") + ".down.sql")


def _left_out(path: Path) -> str | None:
    if path.name == "down.sql" or path.name.endswith(".down.sql"):
        return "the way down"
    return "an empty file" if path.name == "up.sql" or _FLAT.fullmatch(path.name) else None


def _applied(migrations: Sequence[Migration], rows: Sequence[str]) -> Sequence[str]:
    """A row is a database and a version; the folder says which database it is, where there is one for each."""
    noted = set(rows)
    found = []
    for migration in migrations:
        above = Path(migration.path).parents[1].name
        database = above if Path(migration.path).name == "up.sql" and above != "migrations" else "default"
        if f"{database}/{int(migration.version)}" in noted:
            found.append(migration.version)
    return found


framework = Framework(
    name="hasura",
    title="Hasura",
    run_mode=RunMode.TRANSACTION,
    recognises=_recognises,
    reach=1,
    discover=_discover,
    version=_version,
    names="1_name/up.sql",
    down_file=_down_file,
    left_out=_left_out,
    mode=lambda _path, data: RunMode.SIMPLE if _NO_TRANSACTION.match(data) else RunMode.TRANSACTION,
    bookkeeping=Bookkeeping(
        "hdb_catalog.hdb_version",
        "SELECT d.key || '/' || v.key FROM hdb_catalog.hdb_version, jsonb_each(cli_state -> 'migrations') d,"
        " jsonb_each_text(d.value) v WHERE v.value = 'false'",
        _applied,
    ),
    order=Order.NUMBER,
    twice="the Hasura CLI refuses to start",
    edited="Hasura compares no checksums: databases that have run it are not changed by it any more",
)
