"""golang-migrate: ``1_name.up.sql`` by their numbers, each file as one simple query.

Source: golang-migrate/migrate, source/parse.go, source/migration.go, database/postgres. It keeps the last version only,
so that a file with a lower number is never run. Where the folders themselves are called by numbers, each holds the
files of a major version.
"""

import re
from pathlib import Path

from driftproof.history.files import matching, number, sibling
from driftproof.history.folder import Folder
from driftproof.history.model import Bookkeeping, Framework, Older, Order, RunMode, Session, up_to_the_last

_UP = r"[0-9]+_.*\.up\.sql"


def _recognises(folder: Folder) -> bool:
    if any(re.fullmatch(_UP, name) for name in folder.sql):
        return True
    numbered = [name for name in folder.folders if name.isdecimal()]
    return bool(numbered) and any(re.fullmatch(_UP, name) for name in Folder(folder.path / numbered[0]).sql)


def _discover(directory: Path) -> list[Path]:
    files = sorted(matching(directory, _UP), key=lambda path: number(path.name))
    if files:
        return files
    folders = sorted((path for path in directory.iterdir() if path.name.isdecimal() and path.is_dir()), key=_number)
    return [file for folder in folders for file in _discover(folder)]


def _number(path: Path) -> int:
    return number(path.name)


def _version(path: Path) -> str:
    digits = re.match(r"[0-9]+", path.name)
    if digits is None:
        return path.stem
    folder = path.parent.name
    return f"{folder}.{digits[0]}" if folder.isdecimal() else str(int(digits[0]))


framework = Framework(
    name="golang-migrate",
    title="golang-migrate",
    run_mode=RunMode.SIMPLE,
    recognises=_recognises,
    reach=1,
    discover=_discover,
    version=_version,
    names="1_name.up.sql",
    down_file=lambda path: sibling(path, ".up.sql", ".down.sql"),
    left_out=lambda path: "the way down" if path.name.endswith(".down.sql") else None,
    bookkeeping=Bookkeeping(
        "schema_migrations",
        "SELECT (CASE WHEN dirty THEN version - 1 ELSE version END)::text FROM schema_migrations",
        up_to_the_last(_number),
    ),
    session=Session.SHARED,
    order=Order.NUMBER,
    twice="golang-migrate refuses to start",
    removed="golang-migrate refuses to go on where it was the last that was applied: there is no such version",
    edited="golang-migrate compares no checksums: databases that have run it are not changed by it any more",
    failed="nothing of the file, but the version is marked dirty: nothing more is applied until `migrate force`",
    older=Older.SKIPPED,
)
