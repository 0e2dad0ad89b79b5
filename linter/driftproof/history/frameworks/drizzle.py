"""Drizzle: the files that ``meta/_journal.json`` lists, in its order, all pending ones in one transaction.

Source: drizzle-team/drizzle-orm, drizzle-orm/src/migrator.ts, pg-core/dialect.ts. Version 1 has no journal, but a
folder a migration, ``<14 digits>_<name>/migration.sql`` beside its ``snapshot.json``, in the order of
``localeCompare``; the digits say when it was made. The mark ``--> statement-breakpoint`` is a comment to PostgreSQL.
"""

from pathlib import Path
from typing import Any

import msgspec

from driftproof.history.files import inside, matching
from driftproof.history.folder import Folder
from driftproof.history.model import Bookkeeping, Framework, Older, Order, RunMode, Session, up_to_the_last
from driftproof.history.order import locale, milliseconds, natural
from driftproof.unusable import Unusable

_JOURNAL = "_journal.json"
_FILE = "migration.sql"


def _recognises(folder: Folder) -> bool:
    if "meta" in folder.folders:
        return (folder.path / "meta" / _JOURNAL).is_file()
    return any((folder.path / name / "snapshot.json").is_file() for name in folder.holds(_FILE))


def _discover(directory: Path) -> list[Path]:
    journal = directory / "meta" / _JOURNAL
    if not journal.is_file():
        return sorted(inside(directory, _FILE), key=lambda path: locale(path.parent.name))
    try:
        entries: Any = msgspec.json.decode(journal.read_bytes())["entries"]
        paths = [directory / f"{entry['tag']}.sql" for entry in entries]
    except (msgspec.DecodeError, TypeError, KeyError):
        raise Unusable(f"{journal}: no journal of Drizzle: it lists no entries with their tags") from None
    listed = [path for path in paths if path.is_file()]
    # Where the journal lists none of them they are run by hand.
    return listed or sorted(matching(directory, r".*\.sql"), key=lambda path: natural(path.name))


def _version(path: Path) -> str:
    return path.parent.name if path.name == _FILE else path.stem


def _mode(path: Path, _data: bytes) -> RunMode:
    try:
        journal = (path.parent / "meta" / _JOURNAL).read_bytes()
    except OSError:
        return RunMode.BATCH
    return RunMode.BATCH if f'"{path.stem}"'.encode() in journal else RunMode.AUTOCOMMIT


def _when(path: Path) -> int:
    """When a migration was made, in milliseconds, as its journal or its folder says: what Drizzle compares with the
    newest that it has applied."""
    if path.name == _FILE:
        return milliseconds(path.parent.name[:14])
    try:
        entries: Any = msgspec.json.decode((path.parent / "meta" / _JOURNAL).read_bytes())["entries"]
        return next(int(entry["when"]) for entry in entries if entry["tag"] == path.stem)
    except (OSError, msgspec.DecodeError, LookupError, TypeError, ValueError, StopIteration):
        return -1


framework = Framework(
    name="drizzle",
    title="Drizzle",
    run_mode=RunMode.BATCH,
    recognises=_recognises,
    reach=1,
    discover=_discover,
    version=_version,
    names="those in meta/_journal.json",
    mode=_mode,
    bookkeeping=Bookkeeping(
        "drizzle.__drizzle_migrations",
        "SELECT created_at::text FROM drizzle.__drizzle_migrations",
        up_to_the_last(_when),
    ),
    session=Session.SHARED,
    order=Order.LIST,
    age=_when,
    edited="Drizzle compares no checksums: databases that have run it are not changed by it any more",
    failed="nothing of any of the pending files",
    older=Older.SKIPPED,
)
