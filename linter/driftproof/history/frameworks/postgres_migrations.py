"""postgres-migrations: ``1_name.sql`` by their numbers, which have no gaps, each in a transaction.

Source: ThomWright/postgres-migrations, src/file-name-parser.ts, migration-file.ts, run-migration.ts. The words
``-- postgres-migrations disable-transaction`` anywhere make a file one simple query.
"""

import re

from driftproof.history.files import matching, signed
from driftproof.history.folder import Folder
from driftproof.history.model import Bookkeeping, Framework, Older, Order, RunMode, Session

_NAME = r"(?i)(-?\d+)[-_]?.*\.sql"
_NO_TRANSACTION = b"-- postgres-migrations disable-transaction"


def _recognises(folder: Folder) -> bool:
    return any(re.fullmatch(_NAME, name) for name in folder.sql) and (
        folder.above("package.json", b'"postgres-migrations"') or _NO_TRANSACTION in folder.beginnings
    )


framework = Framework(
    name="postgres-migrations",
    title="postgres-migrations",
    run_mode=RunMode.TRANSACTION,
    recognises=_recognises,
    discover=lambda directory: sorted(matching(directory, _NAME), key=signed),
    version=lambda path: str(signed(path)),
    names="1_name.sql",
    mode=lambda _path, data: RunMode.SIMPLE if _NO_TRANSACTION in data else RunMode.TRANSACTION,
    bookkeeping=Bookkeeping("migrations", "SELECT id::text FROM migrations WHERE id > 0"),
    session=Session.SHARED,
    order=Order.NUMBER,
    twice="it refuses to start: the numbers must follow one another",
    checksum=lambda data: data,
    removed="it refuses to start: the numbers must follow one another",
    renamed="it compares checksums of name and text, and refuses to migrate where it was applied",
    edited="it compares checksums of name and text, and refuses to migrate where it was applied",
    older=Older.REFUSED,
)
