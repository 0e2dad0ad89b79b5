"""Hasura: ``<number>_<name>/up.sql`` by their numbers, each in a transaction.

Source: hasura/graphql-engine, cli/migrate/source. A first line ``-- hasura:no-transaction`` makes it one simple query.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from driftproof.history.files import inside, leading, number
from driftproof.history.folder import Folder
from driftproof.history.model import Bookkeeping, Framework, Migration, Order, RunMode

_FOLDER = re.compile(r"(\d+)_.*", re.DOTALL)
_MILLISECONDS = 13
_NO_TRANSACTION = re.compile(rb"[ \t]*-- hasura:no-transaction[ \t]*\r?(?:\n|\Z)")


def _recognises(folder: Folder) -> bool:
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
    files = (path for path in inside(directory, "up.sql") if _FOLDER.fullmatch(path.parent.name))
    return sorted((path for path in files if path.stat().st_size), key=lambda path: number(path.parent.name))


def _applied(migrations: Sequence[Migration], rows: Sequence[str]) -> Sequence[str]:
    """A row is a database and a version; the folder says which database it is, where there is one for each."""
    noted = set(rows)
    found = []
    for migration in migrations:
        place = Path(migration.path).parent
        database = "default" if place.parent.name == "migrations" else place.parent.name
        if f"{database}/{number(place.name)}" in noted:
            found.append(migration.version)
    return found


framework = Framework(
    name="hasura",
    title="Hasura",
    run_mode=RunMode.TRANSACTION,
    recognises=_recognises,
    reach=1,
    discover=_discover,
    version=lambda path: leading(path.parent) if path.name in ("up.sql", "down.sql") else path.stem,
    names="1_name/up.sql",
    down_file=lambda path: path.with_name("down.sql"),
    left_out=lambda path: {"down.sql": "the way down", "up.sql": "an empty file"}.get(path.name),
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
