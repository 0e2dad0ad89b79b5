"""sqlx: ``1_name.sql`` or ``1_name.up.sql`` by their numbers.

Source: launchbadge/sqlx, sqlx-core/src/migrate/source.rs, sqlx-postgres/src/migrate.rs. Each file in a transaction,
unless its first bytes are ``-- no-transaction``: then it is one simple query.
"""

import re

from driftproof.history.files import matching, sibling, signed
from driftproof.history.folder import Folder
from driftproof.history.model import Bookkeeping, Framework, Order, RunMode, Session

_NAME = r"(-?\d+)_.*(?<!\.down)\.sql"


def _recognises(folder: Folder) -> bool:
    if not any(re.fullmatch(_NAME, name) for name in folder.sql):
        return False
    written_by_it = re.search(rb"(?m)^-- Add (?:up |down )?migration script here", folder.beginnings)
    return written_by_it is not None or folder.above(".sqlx") or folder.above("Cargo.toml", b"sqlx")


framework = Framework(
    name="sqlx",
    title="sqlx",
    run_mode=RunMode.TRANSACTION,
    recognises=_recognises,
    discover=lambda directory: sorted(matching(directory, _NAME), key=signed),
    version=lambda path: str(signed(path)),
    names="1_name.sql, 1_name.up.sql",
    down_file=lambda path: sibling(path, ".up.sql", ".down.sql"),
    left_out=lambda path: "the way down" if path.name.endswith(".down.sql") else None,
    mode=lambda _path, data: RunMode.SIMPLE if data.startswith(b"-- no-transaction") else RunMode.TRANSACTION,
    bookkeeping=Bookkeeping("_sqlx_migrations", "SELECT version::text FROM _sqlx_migrations WHERE success"),
    session=Session.SHARED,
    order=Order.NUMBER,
    twice="sqlx fails at the second one",
    checksum=lambda data: data,
    removed="sqlx misses it and refuses to migrate where it was applied",
    edited="sqlx compares checksums and refuses to migrate where it was applied",
)
