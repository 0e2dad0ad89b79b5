"""Hasura: ``<number>_<name>/up.sql`` by their numbers, each in a transaction.

Source: hasura/graphql-engine, cli/migrate/source. A first line ``-- hasura:no-transaction`` makes it one simple query.
"""

import re
from pathlib import Path

from driftproof.history.files import inside, leading, number
from driftproof.history.folder import Folder
from driftproof.history.model import Framework, Order, RunMode

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
    order=Order.NUMBER,
    twice="the Hasura CLI refuses to start",
    edited="Hasura compares no checksums: databases that have run it are not changed by it any more",
)
