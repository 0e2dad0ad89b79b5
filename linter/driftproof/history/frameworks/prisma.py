"""Prisma Migrate: ``<folder>/migration.sql`` in the order of the folders, each file as one simple query without BEGIN.

Source: prisma/prisma, packages/migrate/src/utils/listMigrations.ts; prisma/prisma-engines, schema-engine and quaint.
Prisma replays them all on an empty shadow database whenever it makes another one. Its search_path is the one schema
that the address of the database names (``?schema=``, else ``public``): names without a schema mean that, which is
`public` here, whatever it is called.
"""

from driftproof.history.files import inside
from driftproof.history.folder import Folder
from driftproof.history.model import Bookkeeping, Framework, RunMode, Session
from driftproof.history.order import locale

_FILE = "migration.sql"


def _recognises(folder: Folder) -> bool:
    return (folder.has("migration_lock.toml") or folder.path.name == "migrations") and any(folder.holds(_FILE))


framework = Framework(
    name="prisma",
    title="Prisma Migrate",
    run_mode=RunMode.SIMPLE,
    recognises=_recognises,
    reach=1,
    discover=lambda directory: sorted(inside(directory, _FILE), key=lambda path: locale(path.parent.name)),
    version=lambda path: path.parent.name if path.name == _FILE else path.stem,
    names="FOLDER/migration.sql",
    left_out=lambda path: "the way back, which Prisma does not run itself" if path.name == "down.sql" else None,
    down_file=lambda path: path.with_name("down.sql"),
    bookkeeping=Bookkeeping(
        "_prisma_migrations",
        "SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL",
    ),
    whole=True,
    session=Session.SHARED,
    checksum=lambda data: data,
    removed="`migrate deploy` warns where it was applied, `migrate dev` asks for a reset",
    edited="Prisma compares checksums: `migrate deploy` warns where it was applied, `migrate dev` asks for a reset",
    failed="nothing of the file, but nothing more is applied until `prisma migrate resolve`",
)
