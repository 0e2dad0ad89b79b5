"""What the catalog knows of a Supabase project before its first migration is what the runner's platform has."""

from pathlib import Path
from typing import Any

import msgspec

from driftproof.catalog import supabase
from driftproof.runner.platforms import prepare
from driftproof.runner.server import Server

# pg_cron and pg_net are not switched on in every project.
SCHEMAS = "nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'cron', 'net')"
RELATIONS = f"""
    SELECT nspname, relname, CASE relkind WHEN 'v' THEN 'view' WHEN 'S' THEN 'sequence' ELSE 'table' END,
        (SELECT array_agg(ARRAY[attname, typname] ORDER BY attnum)
         FROM pg_attribute JOIN pg_type t ON t.oid = atttypid
         WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND relkind <> 'S'),
        (SELECT array_agg(ARRAY[i.relname::text, x.indisprimary::text,
            (SELECT string_agg(attname, ' ' ORDER BY attname) FROM pg_attribute
             WHERE attrelid = c.oid AND attnum = ANY (x.indkey))] ORDER BY i.relname)
         FROM pg_index x JOIN pg_class i ON i.oid = indexrelid
         WHERE indrelid = c.oid AND indisunique AND indpred IS NULL AND indexprs IS NULL)
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE {SCHEMAS} AND relkind IN ('r', 'p', 'v', 'S') AND relname !~ '^pg_stat' ORDER BY 1, 2
"""
TYPES = f"""
    SELECT nspname, typname, array_agg(enumlabel::text ORDER BY enumsortorder)
    FROM pg_enum JOIN pg_type t ON t.oid = enumtypid JOIN pg_namespace n ON n.oid = typnamespace
    WHERE {SCHEMAS} GROUP BY 1, 2 ORDER BY 1, 2
"""


def platform(connection: Any) -> dict[str, Any]:
    """The platform's objects, as the file beside ``driftproof.catalog.supabase`` has them."""

    def names(query: str) -> list[str]:
        return [row[0] for row in connection.execute(query)]

    return {
        "schemas": names(f"SELECT nspname FROM pg_namespace WHERE {SCHEMAS} ORDER BY 1"),
        "roles": names("SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1"),
        "extensions": names("SELECT extname FROM pg_extension ORDER BY 1"),
        "publications": names("SELECT pubname FROM pg_publication ORDER BY 1"),
        "types": {f"{schema}.{name}": labels for schema, name, labels in connection.execute(TYPES)},
        "relations": {
            f"{schema}.{name}": {
                "kind": kind,
                "columns": dict(columns or []),
                "unique": {index: columns.split() for index, _, columns in keys or []},
                "primary_key": next((index for index, primary, _ in keys or [] if primary == "true"), None),
            }
            for schema, name, kind, columns, keys in connection.execute(RELATIONS)
        },
    }


def test_the_platform_is_known(server: Server) -> None:
    database = server.create_database(prepare(server, "supabase").template)
    with server.connect(database) as connection:
        there = platform(connection)

    known = msgspec.json.decode(Path(supabase.__file__).with_name("supabase.json").read_bytes())

    assert known.items() <= {**there, "roles": known["roles"]}.items()
    assert set(known["roles"]) <= set(there["roles"])
