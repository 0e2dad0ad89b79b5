"""A file that runs twice: the statements that are said to fail the second time are those that PostgreSQL rejects then."""

from typing import Any

import pytest

from driftproof.rerun import Rerun
from tests.catalog.worlds import again, run_twice
from tests.histories import found

SCRIPTS = """
CREATE TABLE t (a int); COMMENT ON TABLE t IS 'x';
CREATE TABLE IF NOT EXISTS t (a int); CREATE INDEX i ON t (a); CREATE INDEX ON t (a); CREATE INDEX IF NOT EXISTS j ON t (a);
CREATE TABLE t (a int); ALTER TABLE t ADD COLUMN b int; ALTER TABLE t ADD COLUMN IF NOT EXISTS c int; INSERT INTO t VALUES (1);
CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0); ALTER TABLE t ADD CHECK (a > 1); ALTER TABLE t ADD UNIQUE (a); ALTER TABLE t ADD CONSTRAINT u UNIQUE (a);
CREATE TABLE t (a int); ALTER TABLE t ADD PRIMARY KEY (a);
CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT p PRIMARY KEY (a);
CREATE TABLE t (a int); CREATE POLICY p ON t USING (a > 0); ALTER TABLE t ENABLE ROW LEVEL SECURITY; DROP POLICY IF EXISTS q ON t; CREATE POLICY q ON t USING (true);
CREATE TABLE t (a int); CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger(); CREATE OR REPLACE TRIGGER h BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE TYPE m AS ENUM ('a', 'b'); ALTER TYPE m ADD VALUE 'c'; ALTER TYPE m ADD VALUE IF NOT EXISTS 'd'; CREATE DOMAIN d AS int;
CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t; CREATE OR REPLACE VIEW w AS SELECT a FROM t; CREATE MATERIALIZED VIEW m AS SELECT a FROM t; CREATE SEQUENCE s;
CREATE TABLE t (a int, b int); ALTER TABLE t RENAME COLUMN a TO c; ALTER TABLE t DROP COLUMN b; ALTER TABLE t DROP COLUMN IF EXISTS b;
CREATE TABLE t (a int); ALTER TABLE t RENAME TO u; COMMENT ON TABLE u IS 'x';
CREATE TABLE t (a int); CREATE TABLE u (a int); DROP TABLE t;
CREATE TABLE IF NOT EXISTS t (a int); DROP TABLE t;
CREATE TABLE t (a int, CONSTRAINT k CHECK (a > 0)); ALTER TABLE t DROP CONSTRAINT k;
CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0); ALTER TABLE t DROP CONSTRAINT k;
CREATE SCHEMA k; CREATE SCHEMA IF NOT EXISTS l; CREATE TABLE l.t (a int); CREATE ROLE driftproof_twice; CREATE PUBLICATION p FOR TABLE l.t;
CREATE SCHEMA k; CREATE TABLE t (a int); ALTER TABLE t SET SCHEMA k;
DROP TABLE IF EXISTS t; CREATE TABLE t (a int); CREATE INDEX i ON t (a); CREATE POLICY p ON t USING (true);
DROP TABLE IF EXISTS t CASCADE; CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t;
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'm') THEN CREATE TYPE m AS ENUM ('a'); END IF; END $$; CREATE TABLE IF NOT EXISTS t (a m); CREATE INDEX i ON t (a);
CREATE TABLE IF NOT EXISTS t (a int); DO $$ BEGIN ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0); EXCEPTION WHEN duplicate_object THEN NULL; END $$; DO $$ BEGIN CREATE POLICY p ON t USING (true); END $$;
CREATE TABLE IF NOT EXISTS t (a int); DO $$ BEGIN ALTER TABLE t ADD COLUMN b int; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
CREATE TABLE t (a int); CREATE TABLE u (LIKE t);
CREATE TABLE t (a int); BEGIN; CREATE TABLE u (a int); COMMIT; CREATE TABLE v (a int);
CREATE TABLE u (id int PRIMARY KEY); CREATE TABLE t (a int REFERENCES u); ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u; ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u;
CREATE TABLE IF NOT EXISTS t (a int PRIMARY KEY, b text UNIQUE, c int); INSERT INTO t VALUES (1, 'x', 1); INSERT INTO t (a, c) VALUES ((SELECT max(a) + 1 FROM t), 2);
CREATE TABLE IF NOT EXISTS t (a int, b text, UNIQUE (a, b)); INSERT INTO t VALUES (1, 'x'), (2, NULL); INSERT INTO t VALUES (3, NULL); INSERT INTO t (b) VALUES ('y'); INSERT INTO t VALUES (1, 'y') ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS t (a int PRIMARY KEY); TRUNCATE t; INSERT INTO t VALUES (1); INSERT INTO t VALUES (2) ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS t (a int PRIMARY KEY); INSERT INTO t VALUES (1); DELETE FROM t WHERE a = 1;
CREATE TABLE IF NOT EXISTS t (a int PRIMARY KEY); INSERT INTO t VALUES (1); CREATE TABLE IF NOT EXISTS u (a int REFERENCES t, b timestamptz UNIQUE); INSERT INTO u VALUES (1, clock_timestamp());
CREATE TABLE IF NOT EXISTS t (a int PRIMARY KEY); INSERT INTO t VALUES (1); DROP TABLE t;
CREATE TABLE IF NOT EXISTS t (a int); INSERT INTO t VALUES (1); CREATE UNIQUE INDEX IF NOT EXISTS i ON t (a) WHERE a > 5;
""".strip().splitlines()


@pytest.mark.parametrize("script", SCRIPTS)
def test_what_fails_the_second_time(script: str, connection: Any) -> None:
    assert again(script) == run_twice(connection, script)


COMPANION = """\
CREATE TABLE IF NOT EXISTS t (a int);
CREATE INDEX i ON t ((1));
"""


def test_a_transaction_leaves_nothing_but_a_guarded_table_wants_a_guarded_index() -> None:
    assert found(COMPANION, framework="supabase", rerun=Rerun.AUTO) == ["2 rerun 42P07 index i"]
    assert found("CREATE TABLE t (a int);\nCREATE INDEX i ON t ((1));\n", framework="supabase", rerun=Rerun.AUTO) == []


def test_statements_that_commit_alone_stay_when_a_later_one_fails() -> None:
    assert found("CREATE TABLE t (a int);\nCREATE INDEX i ON t (a);\n", rerun=Rerun.AUTO) == [
        "1 rerun 42P07 relation t"
    ]
    assert found("BEGIN;\nCREATE TABLE t (a int);\nCREATE INDEX i ON t (a);\nCOMMIT;\n", rerun=Rerun.AUTO) == []


def test_always_and_never() -> None:
    script = "CREATE TABLE t (a int);\n"
    assert found(script, framework="supabase", rerun=Rerun.ALWAYS) == ["1 rerun 42P07 relation t"]
    assert found(COMPANION, rerun=Rerun.NEVER) == []


def test_nothing_is_said_of_a_statement_that_fails_in_the_first_run() -> None:
    assert found("CREATE TABLE t (a int);\nCREATE TABLE t (a int);\n", framework="supabase", rerun=Rerun.ALWAYS) == [
        "1 rerun 42P07 relation t",
        "2 always 42P07 relation t",
    ]


def test_what_stands_in_the_way_of_an_object_hides_nothing() -> None:
    views = "DROP VIEW IF EXISTS v;\nCREATE VIEW v AS SELECT 1 AS a;\nCREATE VIEW w AS SELECT a FROM v;\n"

    assert found(views, framework="supabase", rerun=Rerun.ALWAYS) == [
        "1 rerun 2BP01 relation v",
        "2 rerun 42P07 relation v",
        "3 rerun 42P07 relation w",
    ]
