"""yoyo: ``*.sql`` by their names, each behind those that its ``-- depends:`` names, each in a transaction.

Source: the wheel of yoyo-migrations 9.0, yoyo/migrations.py, backends/base.py. ``-- transactional: false`` lets each
statement commit alone.
"""

import re
from pathlib import Path

from driftproof.history.files import matching, sibling
from driftproof.history.folder import Folder
from driftproof.history.model import Bookkeeping, Framework, RunMode, Session

_DIRECTIVE = re.compile(r"(?m)^\s*--\s*depends\s*:([^\n]*)$")
_NO_TRANSACTION = re.compile(rb"(?im)^\s*--\s*transactional\s*:\s*false\b")
_NAME = r"(?!post-apply).*(?<!\.rollback)\.sql"


def _recognises(folder: Folder) -> bool:
    if not folder.sql:
        return False
    back = (name for name in folder.sql if name.endswith(".rollback.sql"))
    return any(folder.has(name.replace(".rollback.sql", ".sql")) for name in back) or folder.above("yoyo.ini")


def _discover(directory: Path) -> list[Path]:
    files = {path.stem: path for path in sorted(matching(directory, _NAME))}
    order: dict[str, None] = {}

    def visit(name: str, behind: frozenset[str]) -> None:
        if name in order or name in behind or name not in files:
            return
        head = files[name].read_bytes()[:4096].decode(errors="replace")
        for other in " ".join(_DIRECTIVE.findall(head)).split():
            visit(other, behind | {name})
        order[name] = None

    for name in files:
        visit(name, frozenset())
    return [files[name] for name in order]


def _left_out(path: Path) -> str | None:
    if path.name.endswith(".rollback.sql"):
        return "the way down"
    return "run after each run, whatever it applied" if path.name.startswith("post-apply") else None


framework = Framework(
    name="yoyo",
    title="yoyo",
    run_mode=RunMode.TRANSACTION,
    recognises=_recognises,
    discover=_discover,
    version=lambda path: path.stem,
    names="name.sql",
    down_file=lambda path: sibling(path, ".sql", ".rollback.sql"),
    left_out=_left_out,
    mode=lambda _path, data: RunMode.AUTOCOMMIT if _NO_TRANSACTION.search(data) else RunMode.TRANSACTION,
    bookkeeping=Bookkeeping("_yoyo_migration", "SELECT migration_id FROM _yoyo_migration"),
    session=Session.OWN,
    edited="yoyo does not see it: databases that have run it are not changed by it any more",
)
