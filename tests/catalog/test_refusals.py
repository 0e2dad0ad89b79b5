"""Statements that PostgreSQL refuses in every database: they are refused there, with the SQLSTATE that is said."""

from typing import Any

import pytest

from tests.catalog import (
    test_calls,
    test_dependents,
    test_extensions,
    test_fresh,
    test_functions,
    test_inheritance,
    test_keys,
    test_kinds,
    test_objects,
    test_values,
)
from tests.catalog.worlds import always, refused, run

# All that fails in these is refused, or taken for something else that fails always.
SCRIPTS = """
CREATE TABLE t (a uuid PRIMARY KEY, b text UNIQUE); CREATE TABLE u (a text REFERENCES t); CREATE TABLE v (a text REFERENCES t (b), b varchar(9) REFERENCES t (b)); ALTER TABLE v ADD FOREIGN KEY (a) REFERENCES t (a)
CREATE TABLE t (a int, b timestamptz, c date); CREATE INDEX ON t (a) WHERE b > now(); CREATE INDEX ON t (a) WHERE c > '2020-01-01'; CREATE INDEX ON t (date(b)); CREATE INDEX ON t (date(c))
CREATE FUNCTION f(a int DEFAULT 1, b int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION f(a int, a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION f(a int) LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION f(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION g(a int) RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'
CREATE TABLE t (a int, b int); INSERT INTO t (a, b) VALUES (1); INSERT INTO t VALUES (1, 2, 3); INSERT INTO t (a) SELECT 'x'::text; INSERT INTO t VALUES (1, 2); INSERT INTO t (a, a) VALUES (1, 2)
CREATE TYPE e AS ENUM ('x'); CREATE TABLE t (a int, b e, c uuid); INSERT INTO t (b, a) VALUES ('x', 'x'::text); INSERT INTO t (b, a) VALUES ('x', 1), ('y', 1)
CREATE TABLE t (a int, b int); CREATE TABLE u (a int, c int); SELECT a FROM t, u; SELECT t.a FROM t, u; SELECT 1 FROM t, t; SELECT x.a FROM t; SELECT a FROM t UNION SELECT a, c FROM u; SELECT a FROM t UNION SELECT 'x'::text
CREATE TABLE t (a int); CREATE TABLE t PARTITION OF t FOR VALUES IN (3); CREATE TABLE u PARTITION OF t FOR VALUES IN (3)
CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE t (a int); CREATE TABLE u (a int); CREATE VIEW v AS SELECT 1 AS a; ALTER TABLE p DETACH PARTITION t; ALTER TABLE p DETACH PARTITION v; ALTER TABLE t NO INHERIT u
CREATE TABLE t (a int NOT NULL, b int); CREATE INDEX i ON t (a); CREATE UNIQUE INDEX j ON t (a) WHERE b > 0; CREATE UNIQUE INDEX k ON t ((a + 1)); ALTER TABLE t ADD CONSTRAINT l UNIQUE (a) DEFERRABLE; CREATE UNIQUE INDEX m ON t (a); ALTER TABLE t REPLICA IDENTITY USING INDEX i; ALTER TABLE t REPLICA IDENTITY USING INDEX j; ALTER TABLE t REPLICA IDENTITY USING INDEX k; ALTER TABLE t REPLICA IDENTITY USING INDEX l; ALTER TABLE t REPLICA IDENTITY USING INDEX m
CREATE TABLE t (a int); DO $$ BEGIN INSERT INTO t SELECT 'x'::text; END $$; DO $$ BEGIN INSERT INTO t SELECT 'x'::text; EXCEPTION WHEN datatype_mismatch THEN NULL; END $$; DO $$ BEGIN IF false THEN INSERT INTO t SELECT 'x'::text; END IF; END $$
""".strip().splitlines()

# What fails is what the text itself raises, or may not come.
SILENT = """
DO $$ BEGIN RAISE EXCEPTION 'x'; END $$; DO $$ BEGIN RAISE division_by_zero; END $$; DO $$ BEGIN ASSERT false; END $$; DO $$ BEGIN BEGIN RAISE unique_violation; EXCEPTION WHEN unique_violation THEN RAISE; END; END $$
CREATE TYPE e AS ENUM ('x'); CREATE TABLE t (a int, b e); INSERT INTO t (b, a) VALUES ('y', 'x'::text); INSERT INTO t (a, b) VALUES ('x'::text, 'y')
CREATE TABLE t (a int); DO $$ BEGIN IF (SELECT count(*) FROM pg_stat_activity) > 0 THEN INSERT INTO t SELECT 'x'::text; END IF; END $$
""".strip().splitlines()

OTHERS = [
    script
    for module in (test_calls, test_dependents, test_extensions, test_fresh, test_functions, test_kinds, test_objects)
    for script in module.SCRIPTS
]
MORE = [script for module in (test_inheritance, test_keys, test_values) for script in (*module.SCRIPTS, *module.SILENT)]


@pytest.mark.parametrize("script", SCRIPTS)
def test_what_is_refused_is_said_to_be(connection: Any, script: str) -> None:
    assert refused(script) | always(script) == set(run(connection, script))


@pytest.mark.parametrize("script", SILENT)
def test_what_a_text_raises_itself_is_not_refused(connection: Any, script: str) -> None:
    assert refused(script) == set() != set(run(connection, script))


@pytest.mark.parametrize("script", [*OTHERS, *MORE])
def test_nothing_else_is_said_to_be_refused(connection: Any, script: str) -> None:
    assert refused(script) <= set(run(connection, script))
