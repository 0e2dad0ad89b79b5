"""What the catalog knows of a Supabase project before its first migration is what the runner's platform has."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from driftproof.catalog import supabase
from driftproof.runner.platforms import prepare
from driftproof.runner.server import Server
from tests.catalog.worlds import always, run

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


def test_values_of_the_platforms_functions_are_of_the_types_that_are_told(server: Server) -> None:
    database = server.create_database(prepare(server, "supabase").template)
    with server.connect(database) as connection:
        rows = connection.execute(
            "SELECT nspname || '.' || proname, prorettype::regtype::text FROM pg_proc"
            " JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname IN ('auth', 'storage')"
        ).fetchall()
    told = {name: type_.removeprefix("pg_catalog.") for name, type_ in supabase.FUNCTIONS.items() if type_ is not None}

    assert len(told) > 3
    assert told.items() <= dict(rows).items()


GUARDS = """
CREATE TABLE users (id int); DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'users_pkey') THEN ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY (id); END IF; END $$; CREATE TABLE t (a int REFERENCES users (id)); ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY (id);
CREATE TABLE t (id int); CREATE TABLE u (id int); DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'u_fkey') THEN ALTER TABLE u ADD CONSTRAINT u_fkey FOREIGN KEY (id) REFERENCES t (id); END IF; END $$; ALTER TABLE t ADD PRIMARY KEY (id); DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'u_fkey') THEN ALTER TABLE u ADD CONSTRAINT u_fkey FOREIGN KEY (id) REFERENCES t (id); END IF; END $$; ALTER TABLE u ADD CONSTRAINT u_fkey CHECK (id > 0);
CREATE TABLE t (a int); CREATE POLICY p ON t USING (true); CREATE TABLE u (a int); CREATE POLICY p ON u USING (true); DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_policies WHERE policyname = 'p') THEN CREATE POLICY p ON t USING (true); CREATE TABLE v (a int); END IF; END $$; CREATE TABLE v (a int); CREATE POLICY p ON t USING (true);
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_net') THEN RETURN; END IF; END $$; CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION f(a text) RETURNS int LANGUAGE sql AS 'SELECT 1'; COMMENT ON FUNCTION f IS 'x';
CREATE TABLE users (id int); ALTER TABLE users ADD CONSTRAINT k CHECK (id > 0); CREATE TABLE t (id int); ALTER TABLE t ADD CONSTRAINT k CHECK (id > 0); DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'k') THEN CREATE TABLE v (a int); END IF; END $$; CREATE TABLE v (a int); CREATE TABLE v (a int);
CREATE TABLE t (a uuid, b text); CREATE POLICY p ON storage.objects USING ((storage.filename(name))[1] = 'x'); CREATE POLICY p ON storage.objects USING ((storage.foldername(name))[1] = 'x'); CREATE POLICY p ON storage.objects USING (true); CREATE POLICY q ON t USING (auth.uid() = b); CREATE POLICY q ON t USING (a = auth.jwt() ->> 'x'); CREATE POLICY q ON t USING (auth.uid() = a AND auth.role() = b); CREATE POLICY q ON t USING (true);
""".strip().splitlines()
SILENT = {"42804"}


@pytest.mark.parametrize("script", GUARDS)
def test_what_the_platform_has_satisfies_guards_that_ask_for_a_name_alone(server: Server, script: str) -> None:
    database = server.create_database(prepare(server, "supabase").template)
    with server.connect(database) as connection:
        failed = {failure for failure in run(connection, script) if failure[1] not in SILENT}

    assert always(script, platform="supabase") == failed
