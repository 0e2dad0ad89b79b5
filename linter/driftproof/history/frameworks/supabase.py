"""Supabase CLI: ``supabase/migrations/<digits>_<name>.sql``, in byte order of the names, each file in one pipeline.

Source: supabase/cli, pkg/migration (list.go, file.go, apply.go). The CLI passes by every other name; two kinds of them
are in the history all the same, because the files behind them need what they make: ``<14 digits>-<uuid>.sql``, which
Lovable writes and runs itself, and ``005b_name.sql``, which somebody put between two others and ran by hand. Of the
rest nobody knows when they are run, so each stands alone.
"""

import re
from pathlib import Path

from driftproof.history.folder import Folder
from driftproof.history.model import Bookkeeping, Framework, Older, RunMode, Session

_NAME = re.compile(
    r"([0-9]+[A-Za-z]?)_.*\.sql\Z|([0-9]{14})-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.sql\Z", re.DOTALL
)
_BETWEEN = re.compile(r"[0-9]+[A-Za-z]_")
# The CLI leaves out the first file when it is the old initial dump.
_OLD_DUMP = re.compile(r"([0-9]{14})_init\.sql\Z")
_OLD_DUMP_BEFORE = "20211209000000"


def _recognises(folder: Folder) -> bool:
    if folder.path.name != "migrations":
        return False
    above = folder.path.parent
    return above.name == "supabase" or b"project_id" in Folder(above).beginning("config.toml")


def _discover(directory: Path) -> list[Path]:
    files = sorted(
        (path for path in directory.iterdir() if _NAME.match(path.name) and path.is_file()),
        key=lambda path: path.name.encode(),
    )
    if files and (old := _OLD_DUMP.match(files[0].name)) and old[1] < _OLD_DUMP_BEFORE:
        del files[0]
    return files


def _alone(directory: Path) -> list[Path]:
    names = (path for path in directory.iterdir() if path.suffix == ".sql" and not path.name.endswith(".down.sql"))
    return sorted(path for path in names if not _NAME.match(path.name) and path.is_file())


def _left_out(path: Path) -> str | None:
    return "the old initial dump, which the CLI passes by" if _NAME.match(path.name) else None


def _version(path: Path) -> str:
    match = _NAME.match(path.name)
    return (match[1] or match[2]) if match else path.stem


framework = Framework(
    name="supabase",
    title="Supabase CLI",
    run_mode=RunMode.PIPELINE,
    recognises=_recognises,
    discover=_discover,
    version=_version,
    names="20250101000000_name.sql",
    alone=_alone,
    left_out=_left_out,
    platform="supabase",
    whole=True,
    older=Older.REFUSED,
    session=Session.RESET,
    skips=lambda path: _BETWEEN.match(path.name) is not None,
    twice="the second one fails: 23505, the version is noted already",
    removed="`supabase db push` refuses where it was applied: the database has a version that is not here",
    edited=(
        "the Supabase CLI compares no checksums, and runs it no more where it was applied:"
        " `supabase migration repair --status reverted VERSION` lets `db push` run it again"
    ),
    bookkeeping=Bookkeeping(
        "supabase_migrations.schema_migrations", "SELECT version FROM supabase_migrations.schema_migrations"
    ),
)
