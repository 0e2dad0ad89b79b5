"""node-pg-migrate: ``1_name.sql`` by their numbers, the way up behind ``-- Up Migration``, all pending ones in one
transaction.

Source: salsita/node-pg-migrate, src/migration.ts, sqlMigration.ts, utils/fileNameUtils.ts.
"""

import re
from pathlib import Path

from driftproof.history import masks
from driftproof.history.files import matching, sibling
from driftproof.history.folder import Folder
from driftproof.history.model import Bookkeeping, Framework, Older, Order, RunMode, Session
from driftproof.history.order import milliseconds, natural

_PARTS = re.compile(rb"(?im)^\s*--[\s-]*(?:up|(?P<down>down))\s+migration")
_NAME = r"(\d+).*(?<!\.down)\.sql"
_STAMP = 17


def _recognises(folder: Folder) -> bool:
    if not any(re.fullmatch(_NAME, name) for name in folder.sql):
        return False
    return _PARTS.search(folder.beginnings) is not None or folder.above("package.json", b'"node-pg-migrate"')


def _order(path: Path) -> tuple[int, object]:
    found = re.match(r"\d+", path.name)
    digits = found[0] if found else "0"
    # Year to millisecond; the others are milliseconds since 1970.
    if len(digits) == _STAMP and (at := milliseconds(digits[:14])) >= 0:
        return at + int(digits[14:]), natural(path.name)
    return int(digits), natural(path.name)


framework = Framework(
    name="node-pg-migrate",
    title="node-pg-migrate",
    run_mode=RunMode.BATCH,
    recognises=_recognises,
    discover=lambda directory: sorted(matching(directory, _NAME), key=_order),
    version=lambda path: path.name.removesuffix(".sql").removesuffix(".up"),
    names="1_name.sql",
    left_out=lambda path: "the way down" if path.name.endswith(".down.sql") else None,
    up=lambda data: masks.up_parts(data, _PARTS),
    down=lambda data: masks.down_parts(data, _PARTS),
    down_file=lambda path: sibling(path, ".up.sql", ".down.sql"),
    bookkeeping=Bookkeeping("pgmigrations", "SELECT name FROM pgmigrations"),
    session=Session.SHARED,
    order=Order.NUMBER,
    removed="node-pg-migrate refuses to go on: what was run and the files have to pair, one by one",
    renamed="node-pg-migrate refuses to go on: what was run and the files have to pair, one by one",
    edited="node-pg-migrate compares no checksums: databases that have run it are not changed by it any more",
    failed="nothing of any of the pending files",
    older=Older.REFUSED,
)
