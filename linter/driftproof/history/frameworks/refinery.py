"""refinery: ``V1__name.sql`` and ``U1__name.sql`` by their numbers, folders included, each in a transaction.

Source: rust-db/refinery, refinery_core/src/util.rs, traits/sync.rs. ``U`` only says that it may be run late.
"""

import re
from pathlib import Path

from driftproof.history.files import below
from driftproof.history.folder import Folder
from driftproof.history.model import Bookkeeping, Framework, Older, Order, RunMode, Session

_NAME = re.compile(r"[UV](\d+)__\w+\.sql")


def _recognises(folder: Folder) -> bool:
    return any(map(_NAME.fullmatch, folder.sql)) and folder.above("Cargo.toml", b"refinery")


def _number(path: Path) -> int:
    found = _NAME.fullmatch(path.name)
    return int(found[1]) if found else 0


framework = Framework(
    name="refinery",
    title="refinery",
    run_mode=RunMode.TRANSACTION,
    recognises=_recognises,
    reach=2,
    discover=lambda directory: sorted((path for path in below(directory) if _NAME.fullmatch(path.name)), key=_number),
    version=lambda path: str(_number(path)),
    names="V1__name.sql, U1__name.sql",
    bookkeeping=Bookkeeping("refinery_schema_history", "SELECT version::text FROM refinery_schema_history"),
    session=Session.SHARED,
    order=Order.NUMBER,
    twice="refinery refuses to migrate",
    checksum=lambda data: data,
    removed="refinery misses it and refuses to migrate where it was applied",
    renamed="refinery compares checksums of name and text, and refuses to migrate where it was applied",
    may_be_late=lambda path: path.name.startswith("U"),
    edited="refinery compares checksums and refuses to migrate where it was applied",
    older=Older.REFUSED,
)
