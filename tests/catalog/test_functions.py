"""Functions: the statements that are said to fail always are those that PostgreSQL rejects."""

from typing import Any

import psycopg
import pytest

from driftproof.statements.operations import Statement, SyntaxFailure
from driftproof.syntax import parse
from tests.catalog.worlds import again, always, run, run_twice

SCRIPTS = """
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION f(b integer) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION f(b int4, OUT c int) LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE OR REPLACE FUNCTION f(b int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE OR REPLACE FUNCTION f(a int) RETURNS text LANGUAGE sql AS 'SELECT 1'; CREATE OR REPLACE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE OR REPLACE FUNCTION f(c int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION f(a int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE OR REPLACE PROCEDURE f(a int) LANGUAGE sql AS 'SELECT 1'; CREATE OR REPLACE FUNCTION f(a int DEFAULT 2) RETURNS SETOF int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION f(a int, OUT b int, OUT c text) LANGUAGE sql AS $$SELECT 1,'x'::text$$; CREATE OR REPLACE FUNCTION f(a int, OUT b int, OUT d text) LANGUAGE sql AS $$SELECT 1,'x'::text$$; CREATE OR REPLACE FUNCTION f(a int, OUT b int, OUT c int) LANGUAGE sql AS $$SELECT 1,2$$; CREATE OR REPLACE FUNCTION f(a int) RETURNS record LANGUAGE sql AS $$SELECT 1,'x'::text$$; CREATE OR REPLACE FUNCTION f(a int) RETURNS TABLE (b int, c text) LANGUAGE sql AS $$SELECT 1,'x'::text$$;
CREATE FUNCTION f(a int) RETURNS TABLE (b int, c text) LANGUAGE sql AS $$SELECT 1,'x'::text$$; CREATE OR REPLACE FUNCTION f(a int) RETURNS TABLE (b int, d text) LANGUAGE sql AS $$SELECT 1,'x'::text$$; CREATE OR REPLACE FUNCTION f(a int) RETURNS TABLE (b int) LANGUAGE sql AS $$SELECT 1$$; CREATE OR REPLACE FUNCTION f(a int) RETURNS SETOF record LANGUAGE sql AS $$SELECT 1,'x'::text$$; CREATE OR REPLACE FUNCTION f(a int, OUT b int, OUT c text) RETURNS SETOF record LANGUAGE sql AS $$SELECT 1,'x'::text$$;
CREATE FUNCTION f(a int) RETURNS TABLE (b int) LANGUAGE sql AS $$SELECT 1$$; CREATE OR REPLACE FUNCTION f(a int) RETURNS TABLE (c int) LANGUAGE sql AS $$SELECT 1$$; CREATE OR REPLACE FUNCTION f(a int) RETURNS SETOF int LANGUAGE sql AS $$SELECT 1$$;
CREATE FUNCTION f(a int) RETURNS SETOF int LANGUAGE sql AS $$SELECT 1$$; CREATE OR REPLACE FUNCTION f(a int) RETURNS TABLE (c int) LANGUAGE sql AS $$SELECT 1$$; CREATE OR REPLACE FUNCTION f(a int, OUT c int) RETURNS SETOF int LANGUAGE sql AS $$SELECT 1$$;
CREATE FUNCTION f(a int, OUT c int) LANGUAGE sql AS $$SELECT 1$$; CREATE OR REPLACE FUNCTION f(a int, OUT d int) LANGUAGE sql AS $$SELECT 1$$; CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS $$SELECT 1$$; CREATE OR REPLACE FUNCTION f(INOUT a int) LANGUAGE sql AS $$SELECT 1$$;
DROP FUNCTION IF EXISTS f(nowhere); DROP FUNCTION IF EXISTS nowhere.f(int); DROP FUNCTION IF EXISTS f(int, nos.t); DROP FUNCTION IF EXISTS f; DROP AGGREGATE IF EXISTS f(nowhere);
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION f(a text) RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION f; COMMENT ON FUNCTION f IS 'x'; DROP FUNCTION IF EXISTS f; DROP PROCEDURE f(int); DROP PROCEDURE f; DROP AGGREGATE f(int); DROP ROUTINE f(int); DROP FUNCTION f; SELECT f('x', 1); SELECT f(); DROP FUNCTION f();
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f(1, 2); SELECT f(); CREATE TABLE t (a int); CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'; CREATE TABLE t (a int); CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); DROP FUNCTION f(); DROP FUNCTION f; DROP FUNCTION IF EXISTS f(); DROP TRIGGER g ON t; DROP FUNCTION f();
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE t (a int DEFAULT f(), b int CHECK (b > f())); CREATE VIEW v AS SELECT f() AS x; CREATE POLICY p ON t USING (f() > 0); DROP FUNCTION f(); DROP FUNCTION f() CASCADE; COMMENT ON CONSTRAINT t_check ON t IS 'x'; SELECT a FROM t; SELECT * FROM v; COMMENT ON POLICY p ON t IS 'x';
CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t'; CREATE FUNCTION g(t) RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP TABLE t CASCADE;
SET check_function_bodies = off; CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$BEGIN SELEC 1; RETURN b FROM FROM; END$$; CREATE FUNCTION g() RETURNS int LANGUAGE sql AS $$SELEC 1$$;
CREATE FUNCTION f(a varchar(10), b text[], c int[][], d _int4, e character varying, VARIADIC g bool[]) RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION f(varchar, text[], int[], int[], varchar, bool[]); CREATE FUNCTION f(a int, b int DEFAULT 1, VARIADIC c int[] DEFAULT '{}') RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f(1); SELECT f(1, 2), f(1,2,3), f(1,2,3,4,5); SELECT f();
CREATE FUNCTION f(VARIADIC c int[]) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f(); SELECT f(1), f(1,2), f(VARIADIC '{}');
CREATE TABLE t (a int); SET check_function_bodies = off; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT b FROM t'; CREATE FUNCTION f(int) RETURNS int BEGIN ATOMIC SELECT b FROM t; END; RESET ALL; SET check_function_bodies = on; CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT b FROM t';
CREATE TYPE mood AS ENUM ('a'); CREATE FUNCTION f(mood) RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER TYPE mood RENAME TO humor;
CREATE PROCEDURE p(a int) LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION p(int); CALL p(1); COMMENT ON ROUTINE p(int) IS 'x'; CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE mysum(int) (sfunc = int4pl, stype = int); CREATE AGGREGATE mysum(int) (sfunc = int4pl, stype = int); CREATE OR REPLACE AGGREGATE mysum(int) (sfunc = int4pl, stype = int); DROP FUNCTION mysum(int); SELECT mysum(1), mysum(DISTINCT 1); CREATE FUNCTION mysum(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE OR REPLACE FUNCTION mysum(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP AGGREGATE mysum(int); DROP AGGREGATE mysum(int);
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION f(int) RENAME TO g; ALTER FUNCTION f(int) RENAME TO h; CREATE FUNCTION h(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION g(int) RENAME TO h; CREATE SCHEMA k; ALTER FUNCTION g(int) SET SCHEMA k; CREATE FUNCTION g(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION g(int) SET SCHEMA k; SELECT g(1), k.g(1);
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT f(1, 2)'; CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT f(1)'; CREATE FUNCTION g(a int) RETURNS int LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT 1 FROM f(1, 2); SELECT f(a => 1); SELECT f(1, a => 2);
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; COMMENT ON FUNCTION f(text) IS 'x'; DROP FUNCTION f(text); DROP FUNCTION f(int, int); CREATE FUNCTION abs(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE SCHEMA k; CREATE FUNCTION k.f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP SCHEMA k CASCADE; DROP FUNCTION IF EXISTS k.f(int); DROP FUNCTION IF EXISTS k.f;
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_proc WHERE proname = 'f') THEN CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; END IF; END $$; SELECT f(1); COMMENT ON FUNCTION f(int) IS 'x';
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_proc WHERE proname = 'f') THEN CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; END IF; END $$; DO $$ BEGIN IF EXISTS (SELECT 1 FROM pg_proc WHERE proname = 'f') THEN DROP FUNCTION f(int); END IF; END $$; COMMENT ON FUNCTION f(int) IS 'x';
DO $$ BEGIN CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; EXCEPTION WHEN duplicate_function THEN NULL; END $$; DO $$ BEGIN CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; EXCEPTION WHEN duplicate_function THEN NULL; END $$; CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; DO $$ BEGIN DROP FUNCTION f(text); EXCEPTION WHEN undefined_function THEN NULL; END $$; DROP FUNCTION f(int);
DO $$ BEGIN EXECUTE 'CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS ''SELECT 1'''; END $$; CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; DO $$ DECLARE n text; BEGIN FOR n IN SELECT 'f' || generate_series(1, 2) LOOP EXECUTE format('CREATE FUNCTION %I(a int) RETURNS int LANGUAGE sql AS ''SELECT 1''', n); END LOOP; END $$; SELECT f(1), f1(1); DROP FUNCTION f1(int);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'; CREATE TABLE t (a int); CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); DROP FUNCTION f() CASCADE; DROP TRIGGER IF EXISTS g ON t; COMMENT ON COLUMN t.a IS 'x'; COMMENT ON COLUMN t.b IS 'x'; DROP FUNCTION f(); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'; CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'; CREATE TABLE t (a int); CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); DROP FUNCTION f() CASCADE; DROP TRIGGER g ON t;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'; CREATE TABLE t (a int); CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE t RENAME TO u; ALTER TRIGGER g ON u RENAME TO h; DROP FUNCTION f(); ALTER FUNCTION f() RENAME TO k; DROP FUNCTION k(); DROP TABLE u; DROP FUNCTION k();
CREATE FUNCTION ok(a int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true'; CREATE TABLE t (a int, b int); ALTER TABLE t ADD CONSTRAINT k CHECK (ok(a)); CREATE INDEX i ON t (ok(a)); CREATE POLICY p ON t USING (ok(b)); DROP FUNCTION ok(int); DROP POLICY p ON t; DROP INDEX i; DROP FUNCTION ok(int); ALTER TABLE t DROP CONSTRAINT k; DROP FUNCTION ok(int); DROP FUNCTION ok(int);
CREATE FUNCTION ok(a int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true'; CREATE TABLE t (a int, b int); ALTER TABLE t ADD CONSTRAINT k CHECK (ok(a)); CREATE INDEX i ON t (ok(a)); CREATE POLICY p ON t USING (ok(b)); ALTER TABLE t ADD COLUMN c boolean GENERATED ALWAYS AS (ok(a)) STORED; ALTER TABLE t ADD COLUMN d boolean DEFAULT ok(1); DROP FUNCTION ok CASCADE; COMMENT ON CONSTRAINT k ON t IS 'x'; COMMENT ON COLUMN t.c IS 'x'; COMMENT ON COLUMN t.d IS 'x'; CREATE INDEX i ON t (a); CREATE POLICY p ON t USING (b > 0);
CREATE FUNCTION lower(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT lower('A'), lower(1); DROP FUNCTION lower(int);
CREATE SCHEMA k; CREATE FUNCTION k.f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; SET search_path = k; SELECT f(1); SELECT f(1, 2); DROP FUNCTION f(int); SET search_path = ''; SELECT f(1, 2); SELECT k.f(1, 2); SELECT now();
CREATE TABLE t (a int); CREATE FUNCTION f(t) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT t.f, f(t) FROM t; SELECT a(t) FROM t; DROP FUNCTION f(t); DROP TABLE t;
CREATE DOMAIN d AS int; CREATE FUNCTION f(d) RETURNS d LANGUAGE sql AS 'SELECT 1::d'; CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION f(d); DROP FUNCTION f(d); DROP FUNCTION f(int[]); CREATE FUNCTION f(d[]) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE OR REPLACE FUNCTION f(d[]) RETURNS d LANGUAGE sql AS 'SELECT 1::d';
CREATE FUNCTION f(anyelement) RETURNS anyelement LANGUAGE sql AS 'SELECT $1'; CREATE OR REPLACE FUNCTION f(x anyelement) RETURNS anyelement LANGUAGE sql AS 'SELECT $1'; DROP FUNCTION f(anyelement); DROP FUNCTION f(anyelement);
CREATE TABLE t (a int); CREATE FUNCTION f(x t.a%TYPE) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE OR REPLACE FUNCTION f(x int) RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION f(t.a%TYPE);
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql WINDOW AS 'SELECT 1'; DROP FUNCTION f(int);
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION f(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f(1, 2); DROP FUNCTION f(int, int); DROP FUNCTION f; DROP FUNCTION f;
CREATE FUNCTION f(a json, b jsonb, c time, d timetz, e bit(3), f char, g "char", h name, i interval, j real, k float, l dec) RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION f(json, jsonb, time without time zone, time with time zone, bit, character, "char", name, interval second, float4, double precision, numeric(3, 1));
CREATE PROCEDURE p(a int, OUT b int) LANGUAGE sql AS 'SELECT 1'; DROP PROCEDURE p(int); CREATE PROCEDURE p(INOUT b int) LANGUAGE sql AS 'SELECT 1'; DROP PROCEDURE p(int);
BEGIN; CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; COMMIT; CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN ALTER TABLE t ADD b int; RETURN 1; END'; CREATE FUNCTION g(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f(); SELECT g(1); CREATE FUNCTION g(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT 1'; COMMENT ON COLUMN t.b IS 'x';
CREATE VIEW v AS SELECT 1 AS a; CREATE FUNCTION f(v) RETURNS SETOF v LANGUAGE sql AS 'SELECT * FROM v'; DROP VIEW v CASCADE; CREATE VIEW v AS SELECT 1 AS a; CREATE FUNCTION f(v) RETURNS SETOF v LANGUAGE sql AS 'SELECT * FROM v';
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE AGGREGATE s(int) (sfunc = int4pl, stype = int); SELECT s(1), s(x) FILTER (WHERE x > 1) FROM generate_series(1, 2) x; SELECT s(f(1)); DROP AGGREGATE s(int); CREATE FUNCTION s(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION f(x int) RETURNS TABLE (y int) LANGUAGE sql AS 'SELECT x'; SELECT y FROM f(1); SELECT * FROM f(1) AS q (z); SELECT 1 FROM f(1, 2) AS q (z); SELECT (f(1)), f(1) IS NULL; CREATE OR REPLACE FUNCTION f(x int, OUT y int) RETURNS SETOF int LANGUAGE sql AS 'SELECT x';
CREATE SCHEMA k; CREATE FUNCTION k.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION k.f(int) SET SCHEMA k; ALTER FUNCTION k.f(int) RENAME TO f; ALTER FUNCTION k.f(int) SET SCHEMA public; ALTER FUNCTION k.f(int) SET SCHEMA public;
""".strip().splitlines()

# Bodies: what PL/pgSQL does not take is no statement for us, so it is asked beside what stands after it.
BODIES = """
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$BEGIN RETURN 1 END$$;
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$BEGIN RETURN; END$$;
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE 'a %'; RETURN 1; END$$;
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$BEGIN SELEC 1; RETURN 1; END$$;
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$BEGIN IF true THEN RETURN 1; END$$;
CREATE FUNCTION f(a int, OUT b text) LANGUAGE plpgsql AS $$BEGIN b := a::text; a := 2; RETURN; END$$;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN new.a := tg_op; RETURN new; END$$;
CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS SETOF t LANGUAGE plpgsql AS $$DECLARE r t%ROWTYPE; x public.t; BEGIN r.a := 1; SELECT * INTO x FROM t; RETURN NEXT r; RETURN; END$$;
CREATE SCHEMA k; CREATE TYPE k.e AS ENUM ('a'); CREATE FUNCTION f(a k.e) RETURNS k.e LANGUAGE plpgsql AS $$DECLARE s k.e; BEGIN SELECT 'a', 'a' INTO s, a; RETURN a; END$$;
SET check_function_bodies = off; CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$BEGIN RETURN 1 END$$;
SET check_function_bodies = off; SET check_function_bodies TO on; CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$BEGIN RETURN 1 END$$;
SET check_function_bodies = false; RESET check_function_bodies; CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$BEGIN RETURN 1 END$$;
""".strip().splitlines()

# Where arguments, or who else has the name, can't be told, nothing is said.
UNCERTAIN = """
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_proc WHERE proname = 'f') THEN CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; END IF; END $$; SELECT f(1, 2);
DROP FUNCTION f(int); COMMENT ON FUNCTION f IS 'x'; ALTER FUNCTION f(int) STABLE; GRANT EXECUTE ON FUNCTION f(int) TO PUBLIC;
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION f(a text) RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION f(text); SELECT f('x'); SELECT f('x'::text);
CREATE FUNCTION lower(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT lower(1, 2, 3);
CREATE PROCEDURE p(a int) LANGUAGE sql AS 'SELECT 1'; SELECT p(1); CALL p(1, 2);
""".strip().splitlines()

TWICE = """
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE OR REPLACE FUNCTION g(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION f(a text) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION f(int); CREATE OR REPLACE FUNCTION f(b int) RETURNS text LANGUAGE sql AS 'SELECT null::text';
CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION f(int); CREATE OR REPLACE FUNCTION f(b int) RETURNS text LANGUAGE sql AS 'SELECT null::text';
CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION f(int) RENAME TO g;
CREATE AGGREGATE s(int) (sfunc = int4pl, stype = int); CREATE PROCEDURE p() LANGUAGE sql AS ''; DROP FUNCTION IF EXISTS f(int); CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
""".strip().splitlines()


@pytest.mark.parametrize("script", SCRIPTS)
def test_what_is_said_to_fail_fails_and_nothing_else(connection: Any, script: str) -> None:
    assert always(script) == set(run(connection, script))


@pytest.mark.parametrize("script", BODIES)
def test_a_body_that_does_not_parse_is_one_that_the_server_rejects(connection: Any, script: str) -> None:
    parsed = parse(script)
    data = script.encode()
    rejected = set()
    connection.execute("BEGIN")
    pieces: list[Statement | SyntaxFailure] = [*parsed.statements, *parsed.failures]
    for item in sorted(pieces, key=lambda item: item.index):
        connection.execute("SAVEPOINT s")
        try:
            connection.execute(data[item.start : item.end])
        except psycopg.Error:
            rejected.add(item.index)
            connection.execute("ROLLBACK TO SAVEPOINT s")
    connection.execute("ROLLBACK")
    assert {failure.index for failure in parsed.failures} == rejected


@pytest.mark.parametrize("script", UNCERTAIN)
def test_what_is_not_certain_is_not_said(connection: Any, script: str) -> None:
    assert always(script) == set() != set(run(connection, script))


@pytest.mark.parametrize("script", TWICE)
def test_what_is_said_to_fail_the_second_time_fails_then(connection: Any, script: str) -> None:
    assert again(script) == set(run_twice(connection, script))
