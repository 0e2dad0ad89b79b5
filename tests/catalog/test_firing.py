"""Triggers fire: what their functions need fails with the statement that writes the rows."""

from typing import Any

import pytest

from tests.catalog.worlds import again, always, observed, predicted, run, run_twice

TABLE = "CREATE TABLE IF NOT EXISTS t (a int PRIMARY KEY, b int, c text);"

# Scripts over that table that run in a fresh database, with a function f() and a trigger on t that calls it.
TRIGGER = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {} END $$; CREATE TRIGGER x {} EXECUTE FUNCTION f();"
INSERT = "BEFORE INSERT ON t FOR EACH ROW"
UPDATE = "BEFORE UPDATE ON t FOR EACH ROW"

DRIFT = [
    ("NEW.b := 1; RETURN NEW;", INSERT, "INSERT INTO t (a) VALUES (1);"),
    ("NEW.b := 1; RETURN NEW;", INSERT, "INSERT INTO t (a) SELECT 1 WHERE false;"),
    ("NEW.b := 1; RETURN NEW;", UPDATE, "INSERT INTO t (a) VALUES (1); UPDATE t SET c = 'x';"),
    ("NEW.b := 1; RETURN NEW;", UPDATE, "UPDATE t SET c = 'x'; COMMENT ON COLUMN t.b IS 'x';"),
    (
        "NEW.b := 1; RETURN NEW;",
        "BEFORE UPDATE OF c ON t FOR EACH ROW",
        "INSERT INTO t (a) VALUES (1); UPDATE t SET a = 2;",
    ),
    ("IF NEW.b IS NULL THEN RETURN NEW; END IF; RETURN NEW;", INSERT, "INSERT INTO t (a) VALUES (1);"),
    ("IF TG_OP = 'UPDATE' THEN PERFORM OLD.b; END IF; RETURN NEW;", INSERT, "INSERT INTO t (a) VALUES (1);"),
    ("IF TG_OP = 'INSERT' THEN PERFORM NEW.b; END IF; RETURN NEW;", INSERT, "INSERT INTO t (a) VALUES (1);"),
    ("IF NEW.a = 2 THEN PERFORM NEW.b; END IF; PERFORM NEW.c; RETURN NEW;", INSERT, "INSERT INTO t (a) VALUES (1);"),
    ("RAISE NOTICE '%', NEW.b; RETURN NEW;", INSERT, "INSERT INTO t (a) VALUES (1);"),
    ("PERFORM b FROM t; RETURN NULL;", "AFTER INSERT ON t FOR EACH ROW", "INSERT INTO t (a) VALUES (1);"),
    ("PERFORM b FROM t; RETURN NULL;", "AFTER INSERT ON t", "INSERT INTO t (a) VALUES (1);"),
    ("PERFORM b FROM n; RETURN NULL;", "AFTER INSERT ON t REFERENCING NEW TABLE AS n", "INSERT INTO t (a) VALUES (1);"),
    ("PERFORM b FROM t; RETURN NULL;", "BEFORE TRUNCATE ON t", "TRUNCATE t;"),
    (
        "PERFORM b FROM t; RETURN NULL;",
        "BEFORE INSERT ON t FOR EACH ROW WHEN (NEW.a > 1)",
        "INSERT INTO t (a) VALUES (1);",
    ),
    ("PERFORM b FROM t; RETURN NULL;", INSERT, "ALTER TABLE t DISABLE TRIGGER x; INSERT INTO t (a) VALUES (1);"),
    ("PERFORM b FROM t; RETURN NULL;", INSERT, "SET session_replication_role = replica; INSERT INTO t (a) VALUES (1);"),
    ("PERFORM b FROM t; RETURN NULL;", INSERT, "EXPLAIN INSERT INTO t (a) VALUES (1);"),
    (
        "PERFORM b FROM t; RETURN NULL;",
        INSERT,
        "DO $$ BEGIN INSERT INTO t (a) VALUES (1); EXCEPTION WHEN others THEN NULL; END $$;",
    ),
    (
        "NEW.c := now(); RETURN NEW;",
        UPDATE,
        "CREATE TABLE l (id serial PRIMARY KEY, k text UNIQUE, c text); ALTER TABLE t ADD l int REFERENCES l; "
        "CREATE TRIGGER y BEFORE UPDATE ON l FOR EACH ROW EXECUTE FUNCTION f(); DO $$ BEGIN INSERT INTO l (k) "
        "VALUES ('x') ON CONFLICT (k) DO NOTHING; END $$; DO $$ DECLARE i int; BEGIN SELECT id INTO i FROM l "
        "WHERE k = 'x'; IF i IS NULL THEN RETURN; END IF; INSERT INTO t (a, b) VALUES (1, 1); END $$;",
    ),
]

# Every statement that fails in a fresh database, and those that fail when the script runs over its own effects.
SCRIPTS = """
CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.b := 1; RETURN NEW; END $$; CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); INSERT INTO t VALUES (1); ALTER TABLE t ADD COLUMN b int; INSERT INTO t VALUES (1); ALTER TABLE t RENAME COLUMN b TO c; INSERT INTO t VALUES (1);
CREATE TABLE t (a int); CREATE TABLE u (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM 1 FROM u; RETURN NEW; END $$; CREATE TRIGGER x BEFORE INSERT ON t EXECUTE FUNCTION f(); INSERT INTO t VALUES (1); DROP TABLE u; INSERT INTO t VALUES (1); ALTER TRIGGER x ON t RENAME TO y; ALTER FUNCTION f() RENAME TO g; CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$; INSERT INTO t VALUES (1); DROP TRIGGER y ON t; INSERT INTO t VALUES (1);
CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'x'; END $$; CREATE TRIGGER x BEFORE DELETE ON t EXECUTE FUNCTION f(); INSERT INTO t VALUES (1); DELETE FROM t; DO $$ BEGIN CREATE TABLE u (a int); DELETE FROM t; END $$; CREATE TABLE u (a int);
CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$; CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.b := 1; RETURN NEW; END $$; CREATE TRIGGER y BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION g(); CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); INSERT INTO t VALUES (1); DROP TRIGGER x ON t; INSERT INTO t VALUES (1);
CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE u (a int); RETURN NEW; END $$; CREATE TRIGGER x BEFORE INSERT ON t EXECUTE FUNCTION f(); INSERT INTO t VALUES (1); CREATE TABLE u (a int); INSERT INTO t VALUES (1);
CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM NEW.b; RETURN NEW; END $$; CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE t ENABLE REPLICA TRIGGER x; INSERT INTO t VALUES (1); SET session_replication_role = replica; INSERT INTO t VALUES (1); ALTER TABLE t ENABLE TRIGGER ALL; INSERT INTO t VALUES (1); RESET session_replication_role; INSERT INTO t VALUES (1);
""".strip().splitlines()

RAISED = ("P0001", "55006")
"""What functions raise themselves, or nothing is said of."""


@pytest.mark.parametrize(("body", "when", "statements"), DRIFT)
def test_a_state_that_lacks_a_column_fails_where_a_trigger_fires_that_needs_it(
    connection: Any, body: str, when: str, statements: str
) -> None:
    script = TABLE + TRIGGER.format(body, when) + statements
    assert run(connection, script) == [], "a case runs in a fresh database"

    assert predicted(script) == observed(connection, script)


@pytest.mark.parametrize("script", SCRIPTS)
def test_what_fires_fails_with_the_statement(connection: Any, script: str) -> None:
    assert always(script) == {failed for failed in run(connection, script) if failed[1] not in RAISED}
    assert again(script) == {failed for failed in run_twice(connection, script) if failed[1] not in RAISED}
