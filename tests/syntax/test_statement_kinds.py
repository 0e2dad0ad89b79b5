"""Every statement that the grammar knows is modelled, or is written down as one that is not followed."""

import inspect

import pytest
from pglast import ast
from pglast.parser import parse_sql

from driftproof.syntax import parse
from driftproof.syntax.lower import _OPAQUE, _STATEMENTS

# Nodes that are parts of statements, not statements that one can write.
PARTS = {
    "PLAssignStmt": "an assignment in PL/pgSQL",
    "RawStmt": "the wrapper of every statement",
    "ReplicaIdentityStmt": "a part of ALTER TABLE",
    "ReturnStmt": "a part of a function's body",
    "SetOperationStmt": "made by the analysis of a SELECT",
}

EXAMPLES = """
ALTER COLLATION c REFRESH VERSION
ALTER DATABASE d REFRESH COLLATION VERSION
ALTER DATABASE d SET work_mem = 1
ALTER DATABASE d CONNECTION LIMIT 1
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC
ALTER DOMAIN d SET NOT NULL
ALTER TYPE e ADD VALUE 'a'
ALTER EVENT TRIGGER e DISABLE
ALTER EXTENSION e ADD TABLE t
ALTER EXTENSION e UPDATE
ALTER FOREIGN DATA WRAPPER w OPTIONS (a 'b')
ALTER SERVER s VERSION '1'
ALTER FUNCTION f() VOLATILE
ALTER FUNCTION f() DEPENDS ON EXTENSION e
ALTER TABLE t SET SCHEMA s
ALTER OPERATOR FAMILY f USING btree ADD OPERATOR 1 = (int, int)
ALTER OPERATOR = (int, int) SET (RESTRICT = NONE)
ALTER TYPE t OWNER TO r
ALTER POLICY p ON t USING (true)
ALTER PUBLICATION p ADD TABLE t
ALTER ROLE r SET work_mem = 1
ALTER ROLE r LOGIN
ALTER SEQUENCE s RESTART
ALTER STATISTICS s SET STATISTICS 1
ALTER SUBSCRIPTION s DISABLE
ALTER SYSTEM SET work_mem = 1
ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR word WITH d
ALTER TEXT SEARCH DICTIONARY d (a = b)
ALTER TABLE ALL IN TABLESPACE a SET TABLESPACE b
ALTER TABLESPACE t SET (seq_page_cost = 1)
ALTER TABLE t ADD a int
ALTER TYPE t SET (analyze = f)
ALTER USER MAPPING FOR PUBLIC SERVER s OPTIONS (a 'b')
CALL p()
CHECKPOINT
CLOSE c
CLUSTER t
COMMENT ON TABLE t IS 'x'
CREATE TYPE t AS (a int)
SET CONSTRAINTS ALL DEFERRED
COPY t FROM stdin
CREATE ACCESS METHOD m TYPE TABLE HANDLER h
CREATE CAST (a AS b) WITH INOUT
CREATE CONVERSION c FOR 'a' TO 'b' FROM f
CREATE DOMAIN d AS int
CREATE TYPE t AS ENUM ('a')
CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()
CREATE EXTENSION e
CREATE FOREIGN DATA WRAPPER w
CREATE SERVER s FOREIGN DATA WRAPPER w
CREATE FOREIGN TABLE t (a int) SERVER s
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'
CREATE OPERATOR CLASS o FOR TYPE int USING btree AS OPERATOR 1 <
CREATE OPERATOR FAMILY f USING btree
CREATE LANGUAGE l HANDLER h
CREATE POLICY p ON t
CREATE PUBLICATION p
CREATE TYPE r AS RANGE (subtype = int4)
CREATE ROLE r
CREATE SCHEMA s
CREATE SEQUENCE s
CREATE STATISTICS s ON a, b FROM t
CREATE TABLE t (a int)
CREATE SUBSCRIPTION s CONNECTION 'c' PUBLICATION p
CREATE TABLE t AS SELECT 1
CREATE TABLESPACE t LOCATION '/x'
CREATE TRANSFORM FOR int LANGUAGE l (FROM SQL WITH FUNCTION f(internal))
CREATE TRIGGER g BEFORE INSERT ON t EXECUTE FUNCTION f()
CREATE USER MAPPING FOR PUBLIC SERVER s
CREATE DATABASE d
DEALLOCATE p
DECLARE c CURSOR FOR SELECT 1
CREATE COLLATION c FROM "C"
DELETE FROM t
DISCARD ALL
DO 'BEGIN END'
DROP OWNED BY r
DROP ROLE r
DROP TABLE t
DROP SUBSCRIPTION s
DROP TABLESPACE t
DROP USER MAPPING FOR PUBLIC SERVER s
DROP DATABASE d
EXECUTE p
EXPLAIN SELECT 1
FETCH c
GRANT a TO b
GRANT SELECT ON t TO r
IMPORT FOREIGN SCHEMA a FROM SERVER s INTO b
CREATE INDEX ON t (a)
INSERT INTO t VALUES (1)
LISTEN x
LOAD 'x'
LOCK TABLE t
MERGE INTO t USING u ON true WHEN MATCHED THEN DO NOTHING
NOTIFY x
PREPARE p AS SELECT 1
REASSIGN OWNED BY a TO b
REFRESH MATERIALIZED VIEW m
REINDEX TABLE t
ALTER TABLE t RENAME TO u
CREATE RULE r AS ON INSERT TO t DO INSTEAD NOTHING
SECURITY LABEL ON TABLE t IS 'x'
SELECT 1
BEGIN
TRUNCATE t
UNLISTEN x
UPDATE t SET a = 1
VACUUM t
SET work_mem = 1
SHOW work_mem
CREATE VIEW v AS SELECT 1
""".strip().splitlines()


def tag(sql: str) -> str:
    return type(parse_sql(sql)[0].stmt).__name__


def test_there_is_an_example_of_every_statement_that_the_grammar_knows() -> None:
    nodes = {name for name, node in vars(ast).items() if inspect.isclass(node) and name.endswith("Stmt")}

    assert {tag(sql) for sql in EXAMPLES} == nodes - PARTS.keys()


@pytest.mark.parametrize("sql", EXAMPLES)
def test_every_statement_is_modelled_or_written_down(sql: str) -> None:
    assert (tag(sql) in _STATEMENTS) != (tag(sql) in _OPAQUE)
    assert sql.startswith(parse(sql).statements[0].command.split()[0].rstrip(","))


def test_the_tables_name_nothing_else() -> None:
    assert _STATEMENTS.keys() | _OPAQUE.keys() == {tag(sql) for sql in EXAMPLES}


def test_assertions_are_not_in_the_grammar() -> None:
    assert parse("CREATE ASSERTION a CHECK (true)").failures
