"""What a database has, as evidence: its catalogs without owners, privileges and bodies, and what it has applied."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from driftproof.history import Bookkeeping, Framework, Migration
from driftproof.history.evidence import FORMAT, Evidence
from driftproof.runner.migrate import TABLE
from driftproof.runner.server import ServerError, first_line, version_text
from driftproof.runner.snapshot import catalogs

if TYPE_CHECKING:
    from driftproof.runner.server import Connection

# Attributes that say nothing of whether a statement runs, or too much of the people there.
_LEFT_OUT = frozenset(
    [
        *("owner", "privileges", "body", "storage", "options", "counts", "replica identity", "settings", "cache"),
        *("row security", "forced row security", "roles", "version", "persistence", "behaviour", "language"),
        *("aggregates", "enabled"),
    ]
)
_OURS = Bookkeeping(TABLE, f"SELECT version FROM {TABLE}")
_KINDS_LEFT_OUT = ("comment on ", "default privileges ", "setting ")
_MEMBERS = ("policy ", "trigger ")
_SCHEMA = re.compile(r'schema (.+)\Z|[a-z -]+? ("(?:[^"]|"")+"|[a-z_][\w$]*)\.')

_EXTENSIONS_RELATIONS = """
SELECT format('extension relation %I.%I', n.nspname, c.relname), format('extension %I', x.extname)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')"""


def evidence(
    connection: "Connection", framework: Framework, foreign: frozenset[str], migrations: Sequence[Migration] = ()
) -> Evidence:
    """What the transaction at hand sees of a database that such a tool migrates, with these migrations.

    Of the ``foreign`` schemas, which a platform fills, only policies and triggers are kept: migrations add those.
    """
    path = connection.execute("SELECT unnest(current_schemas(false))").fetchall()
    roles = connection.execute("SELECT rolname FROM pg_catalog.pg_roles WHERE rolname !~ '^pg_' ORDER BY 1").fetchall()
    objects = dict(catalogs(connection).objects)
    objects.update((key, {"of": extension}) for key, extension in connection.execute(_EXTENSIONS_RELATIONS).fetchall())
    kept = {
        key: {name: value for name, value in attributes.items() if name not in _LEFT_OUT}
        for key, attributes in sorted(objects.items())
        if not key.startswith(_KINDS_LEFT_OUT) and not _is_foreign(key, attributes, foreign)
    }
    return Evidence(
        format=FORMAT,
        taken=datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        server=version_text(connection),
        search_path=tuple(name for (name,) in path),
        roles=tuple(name for (name,) in roles),
        applied=applied_versions(connection, framework, migrations),
        objects=kept,
    )


def _is_foreign(key: str, attributes: dict[str, str], foreign: frozenset[str]) -> bool:
    """Whether an object belongs to one of these schemas."""
    if key.startswith(_MEMBERS):
        return False
    found = filter(None, map(_SCHEMA.match, (key, attributes.get("of", ""))))
    return any((match[1] or match[2]).strip('"') in foreign for match in found)


def applied_versions(
    connection: "Connection", framework: Framework, migrations: Sequence[Migration]
) -> tuple[str, ...] | None:
    """The versions of the migrations that a database has run, by its tool's bookkeeping and by ours; None where it has
    neither. Raises ServerError where one can't be read."""
    import psycopg

    found: Counter[str] | None = None
    for kept in filter(None, (_OURS, framework.bookkeeping)):
        if connection.execute("SELECT to_regclass(%s)", (kept.table,)).fetchone() == (None,):
            continue
        try:
            rows = connection.execute(kept.versions.encode()).fetchall()
        except psycopg.Error as error:
            raise ServerError(f"the bookkeeping in {kept.table} can't be read: {first_line(error)}") from None
        # A migration may stand in both of them.
        found = (found or Counter()) | Counter(kept.applied(migrations, [str(version) for (version,) in rows]))
    return None if found is None else tuple(sorted(found.elements()))
