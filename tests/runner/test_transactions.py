"""What is refused in a transaction block, or outside of one: the server says it of each command, in each run mode."""

from typing import TYPE_CHECKING

import pytest

from driftproof.analysis import analyse
from driftproof.history import RunMode
from driftproof.runner.execute import execute
from tests.histories import RULES, history_of

if TYPE_CHECKING:
    from driftproof.runner.server import Connection

SETUP = """
CREATE TABLE IF NOT EXISTS base (a int);
CREATE TABLE IF NOT EXISTS parts (a int) PARTITION BY LIST (a);
CREATE TABLE IF NOT EXISTS part PARTITION OF parts FOR VALUES IN (1);
CREATE SCHEMA IF NOT EXISTS s;
"""
COMMANDS = """
CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON base (a)
DROP INDEX CONCURRENTLY IF EXISTS i
REINDEX TABLE CONCURRENTLY base
REINDEX (CONCURRENTLY off, VERBOSE) TABLE base
REINDEX (CONCURRENTLY true) TABLE base
REINDEX SCHEMA s
ALTER TABLE parts DETACH PARTITION part CONCURRENTLY
VACUUM base
ANALYZE base
CLUSTER
DROP DATABASE IF EXISTS nowhere
ALTER DATABASE postgres SET TABLESPACE pg_default
ALTER DATABASE postgres CONNECTION LIMIT -1
CREATE TABLESPACE nowhere LOCATION '/nowhere'
DROP TABLESPACE IF EXISTS nowhere
ALTER SYSTEM RESET work_mem
CREATE SUBSCRIPTION sub CONNECTION 'port=1' PUBLICATION p
CREATE SUBSCRIPTION sub CONNECTION 'port=1' PUBLICATION p WITH (create_slot = off)
CREATE SUBSCRIPTION sub CONNECTION 'port=x y' PUBLICATION p WITH (connect = 0)
DISCARD ALL
DISCARD TEMP
COMMIT PREPARED 'x'
LOCK TABLE base
SAVEPOINT a
RELEASE SAVEPOINT a
ROLLBACK TO SAVEPOINT a
DECLARE c CURSOR FOR SELECT 1
DECLARE h CURSOR WITH HOLD FOR SELECT 1; CLOSE h
COMMIT AND CHAIN
SET LOCAL lock_timeout = '1s'
DO $$ BEGIN EXECUTE 'VACUUM base'; END $$
DO $$ BEGIN LOCK TABLE base; END $$
DO $$ BEGIN EXECUTE 'CREATE INDEX CONCURRENTLY i ON base (a)'; EXCEPTION WHEN others THEN NULL; END $$
""".strip().splitlines()
FORMS = [
    "{}",
    "SELECT 1; {}",
    "{}; SELECT 1",
    "BEGIN; {}; COMMIT",
    "BEGIN; SELECT 1; COMMIT; {}",
    "COMMIT; {}",
    "SELECT 1; COMMIT; {}",
    "SELECT 1; ROLLBACK; SELECT 1; {}",
]


@pytest.mark.parametrize("mode", list(RunMode))
@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_said_to_be_refused_is_and_nothing_else(connection: "Connection", mode: RunMode, command: str) -> None:
    for form in FORMS:
        connection.execute(SETUP)
        history = history_of(SETUP, form.format(command) + ";\n", mode=mode)
        outcome = execute(connection, history.migrations[1])
        refused = outcome.sqlstate in ("25001", "25P01")
        said = [
            (item.statement.index, item.sqlstate)
            for item in analyse(history, RULES).diagnostics
            if item.code in ("DP401", "DP408") and item.statement is not None
        ]
        assert said[:1] == ([(outcome.statement, outcome.sqlstate)] if refused else []), form


def test_where_no_tool_is_known_nobody_knows_that_there_is_no_transaction() -> None:
    codes = {item.code for item in analyse(history_of(SETUP, "LOCK TABLE base;\n"), RULES).diagnostics}
    assert "DP408" not in codes


PATHS = [
    "SET LOCAL search_path = s; CREATE TABLE t ();",
    "SELECT 1; SET LOCAL search_path = s; CREATE TABLE t ();",
    "BEGIN; SET LOCAL search_path = s; CREATE TABLE u (); COMMIT; CREATE TABLE t ();",
    "BEGIN; SET LOCAL search_path = s; CREATE TABLE u (); ROLLBACK; CREATE TABLE t ();",
    "SET search_path = s; BEGIN; SET LOCAL search_path = public; COMMIT; CREATE TABLE t ();",
    "BEGIN; SET LOCAL search_path = public; SET search_path = s; COMMIT; CREATE TABLE t ();",
    "BEGIN; SET search_path = s; SET LOCAL search_path = public; CREATE TABLE t (); COMMIT;",
    "BEGIN; SET search_path = s; COMMIT; CREATE TABLE t ();",
    "DO $$ BEGIN PERFORM set_config('search_path', 's', true); END $$; CREATE TABLE t ();",
]


@pytest.mark.parametrize("mode", list(RunMode))
@pytest.mark.parametrize("script", PATHS)
def test_a_search_path_that_is_local_ends_with_the_transaction(
    connection: "Connection", mode: RunMode, script: str
) -> None:
    for schema in ("public", "s"):
        connection.execute("CREATE SCHEMA IF NOT EXISTS s; DROP TABLE IF EXISTS public.t, s.t, public.u, s.u")
        history = history_of("CREATE SCHEMA s;", f"{script} CREATE TABLE {schema}.t ();", mode=mode)
        outcome = execute(connection, history.migrations[1])
        said = [item.sqlstate for item in analyse(history, RULES).diagnostics if item.certainty == "always"]
        assert said == ([outcome.sqlstate] if outcome.sqlstate else [])
        connection.execute("RESET ALL")


BLOCKS = [
    ("ALTER TABLE base ADD COLUMN b int; ALTER TABLE base ADD COLUMN c int;", "duplicate_column"),
    ("ALTER TABLE base ADD COLUMN b int; CREATE TABLE made ();", "duplicate_column"),
    ("ALTER TABLE base ADD COLUMN b int; CREATE TABLE made ();", "others"),
    ("ALTER TABLE base ADD COLUMN IF NOT EXISTS b int; CREATE TABLE made ();", "others"),
    ("CREATE TABLE made (); ALTER TABLE base ADD COLUMN b int;", "duplicate_column"),
    ("BEGIN ALTER TABLE base ADD COLUMN b int; EXCEPTION WHEN others THEN NULL; END; CREATE TABLE made ();", "others"),
]


@pytest.mark.parametrize(("body", "condition"), BLOCKS)
def test_what_a_handler_leaves_out_behind_a_failure(connection: "Connection", body: str, condition: str) -> None:
    """The column b is there already. What stands before it is taken back, which is another matter."""
    connection.execute("CREATE TABLE base (b int)")
    block = f"DO $$ BEGIN {body} EXCEPTION WHEN {condition} THEN NULL; END $$;\n"
    history = history_of("CREATE TABLE base ();\n", block)
    said = [item for item in analyse(history, RULES).diagnostics if item.code == "DP410"]

    assert execute(connection, history.migrations[1]).ok
    behind = "SELECT to_regclass('made') IS NULL AND NOT EXISTS (SELECT FROM pg_attribute WHERE attname = 'c')"
    missing = connection.execute(behind).fetchone() == (True,)
    assert bool(said) == (missing and not body.startswith("CREATE"))


KEYED = """
CREATE TABLE p (a int PRIMARY KEY);
INSERT INTO p VALUES (1), (2);
CREATE TABLE c (b int, a int CONSTRAINT fk REFERENCES p {0});
CREATE INDEX ci ON c (a);
CREATE SCHEMA s;
"""
WRITES = [
    "INSERT INTO c VALUES (1, 1);",
    "INSERT INTO c VALUES (1, NULL);",
    "INSERT INTO c VALUES (1, 1); SET CONSTRAINTS ALL IMMEDIATE;",
    "SET CONSTRAINTS fk IMMEDIATE; INSERT INTO c VALUES (1, 1);",
    "INSERT INTO p VALUES (7);",
    "UPDATE p SET a = a;",
    "BEGIN; INSERT INTO c VALUES (1, 1); COMMIT;",
    "BEGIN; INSERT INTO c VALUES (1, 1); ROLLBACK; BEGIN;",
]
THEN = [
    "ALTER TABLE c ADD COLUMN x int",
    "ALTER TABLE c ALTER COLUMN a SET NOT NULL",
    "ALTER TABLE c RENAME COLUMN a TO z",
    "ALTER TABLE c RENAME TO d",
    "ALTER TABLE c SET SCHEMA s",
    "ALTER TABLE c RENAME CONSTRAINT fk TO other",
    "ALTER TABLE c OWNER TO CURRENT_USER",
    "ALTER TABLE c ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE c DROP CONSTRAINT fk",
    "ALTER TABLE c ADD COLUMN IF NOT EXISTS a int",
    "ALTER TABLE p ADD COLUMN x int",
    "TRUNCATE c",
    "CREATE INDEX i ON c (a)",
    "COMMENT ON TABLE c IS 'x'",
    "LOCK TABLE c",
    "CREATE VIEW v AS SELECT * FROM c",
]


@pytest.mark.parametrize("mode", ["transaction", "simple", "pipeline", "autocommit"])
@pytest.mark.parametrize("how", ["DEFERRABLE INITIALLY DEFERRED", "DEFERRABLE", ""])
def test_what_rows_that_wait_for_their_check_keep_from_running(connection: "Connection", mode: str, how: str) -> None:
    for write in WRITES:
        for then in THEN:
            if how == "" and "SET CONSTRAINTS fk" in write:
                continue
            connection.execute("DROP TABLE IF EXISTS c, p, d CASCADE; DROP SCHEMA IF EXISTS s CASCADE")
            history = history_of(KEYED.format(how), f"{write} {then};\n", mode=mode)
            assert execute(connection, history.migrations[0]).ok
            outcome = execute(connection, history.migrations[1])
            said = [item.sqlstate for item in analyse(history, RULES).diagnostics if item.certainty == "always"]
            refused = outcome.sqlstate in ("55006", "25P01")
            assert said == ([outcome.sqlstate] if refused else []), (write, then, outcome.message)
