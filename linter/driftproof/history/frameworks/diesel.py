"""Diesel: ``<version>_<name>/up.sql`` in the order of the versions, whose hyphens do not count.

Source: diesel-rs/diesel, diesel_migrations/migrations_internals/src/lib.rs. Each file in a transaction, unless the
``metadata.toml`` beside it says ``run_in_transaction = false``, or says nothing of it: then it is one simple query.
"""

import re
from pathlib import Path

from driftproof.history.files import inside
from driftproof.history.folder import Folder
from driftproof.history.model import Bookkeeping, Framework, RunMode, Session

_IN_TRANSACTION = re.compile(rb"(?m)^\s*run_in_transaction\s*=\s*true\b")


def _version(path: Path) -> str:
    return path.parent.name.partition("_")[0].replace("-", "") if path.name in ("up.sql", "down.sql") else path.stem


def _recognises(folder: Folder) -> bool:
    return any(folder.holds("up.sql"))


def _mode(path: Path, _data: bytes) -> RunMode:
    try:
        said = (path.parent / "metadata.toml").read_bytes()
    except OSError:
        return RunMode.TRANSACTION
    return RunMode.TRANSACTION if _IN_TRANSACTION.search(said) else RunMode.SIMPLE


framework = Framework(
    name="diesel",
    title="Diesel",
    run_mode=RunMode.TRANSACTION,
    recognises=_recognises,
    reach=1,
    discover=lambda directory: sorted(inside(directory, "up.sql"), key=_version),
    version=_version,
    names="VERSION_name/up.sql",
    down_file=lambda path: path.with_name("down.sql"),
    left_out=lambda path: "the way down" if path.name == "down.sql" else None,
    mode=_mode,
    bookkeeping=Bookkeeping("__diesel_schema_migrations", "SELECT version FROM __diesel_schema_migrations"),
    session=Session.SHARED,
    restores=("search_path",),
    twice="Diesel runs one of them only",
    edited="Diesel compares no checksums: databases that have run it are not changed by it any more",
)
