"""dbmate: ``1_name.sql`` in the order of their names, the ways up behind ``-- migrate:up``.

Source: amacneil/dbmate, pkg/dbmate/db.go, migration.go. Each way up in a transaction, unless its mark says
``transaction:false``: then it is one simple query.
"""

import re

from driftproof.history import masks
from driftproof.history.files import leading, matching
from driftproof.history.model import Bookkeeping, Framework, RunMode, Session

_PARTS = re.compile(rb"(?m)^--[ \t]*migrate:(?:up|(?P<down>down))(?=\s|\Z)")
_NO_TRANSACTION = re.compile(rb"(?m)^--[ \t]*migrate:up[ \t][^\n]*\btransaction:false\b")

framework = Framework(
    name="dbmate",
    title="dbmate",
    run_mode=RunMode.TRANSACTION,
    recognises=lambda folder: re.search(rb"(?m)^--[ \t]*migrate:up(?=\s|\Z)", folder.beginnings) is not None,
    discover=lambda directory: sorted(matching(directory, r"\d+.*\.sql"), key=lambda path: path.name.encode()),
    version=leading,
    names="1_name.sql",
    mode=lambda _path, data: RunMode.SIMPLE if _NO_TRANSACTION.search(data) else RunMode.TRANSACTION,
    up=lambda data: masks.up_parts(data, _PARTS),
    bookkeeping=Bookkeeping("schema_migrations", "SELECT version FROM schema_migrations"),
    session=Session.SHARED,
    twice="dbmate fails at the second one, or holds it for applied",
    edited="dbmate compares no checksums: databases that have run it are not changed by it any more",
)
