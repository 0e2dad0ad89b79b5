"""What a statement raises where its object is there already: the rules about handlers say what the server says."""

from typing import Any

import pytest

from driftproof.guarding import made
from driftproof.syntax import parse
from tests.catalog.worlds import run

BASE = "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';"
TWICE = """
CREATE TABLE u (a int)
CREATE VIEW v AS SELECT 1 AS a
CREATE MATERIALIZED VIEW v AS SELECT 1 AS a
CREATE SEQUENCE s
CREATE INDEX i ON t (a)
CREATE TYPE e AS ENUM ('x')
CREATE TYPE c AS (x int)
CREATE DOMAIN d AS int
CREATE SCHEMA k
CREATE ROLE made_twice
CREATE PUBLICATION p
CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1'
CREATE POLICY p ON t USING (true)
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()
ALTER TABLE t ADD COLUMN b int
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)
ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)
ALTER TABLE t ADD CONSTRAINT k EXCLUDE USING btree (a WITH =)
ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a)
ALTER TABLE t ADD PRIMARY KEY (a)
CREATE TABLE IF NOT EXISTS u (a int)
CREATE INDEX IF NOT EXISTS i ON t (a)
CREATE INDEX ON t (a)
CREATE OR REPLACE VIEW v AS SELECT 1 AS a
CREATE OR REPLACE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1'
ALTER TABLE t ADD COLUMN IF NOT EXISTS b int
ALTER TABLE t ADD CHECK (a > 0)
""".strip().splitlines()


@pytest.mark.parametrize("statement", TWICE)
def test_the_second_time_the_server_raises_what_is_said(connection: Any, statement: str) -> None:
    [item] = made(parse(statement).statements[0].operations)
    failed = run(connection, f"{BASE} {statement}; {statement};")
    assert failed == ([] if item.sqlstate is None else [(3, item.sqlstate)])
