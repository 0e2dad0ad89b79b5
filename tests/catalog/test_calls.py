"""Functions of the history's own, which statements call: what fails in them is what PostgreSQL says it is."""

from typing import Any

import pytest

from tests.catalog.worlds import again, always, observed, predicted, run, run_twice

TABLE = "CREATE TABLE IF NOT EXISTS t (a int, b int, c text);\n"

# Each stands behind TABLE; every case runs in a fresh database. Nothing here says what the outcome is: the server does.
DRIFT = """
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t (b) VALUES (1); END $$; SELECT f();
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t (b) VALUES (1); END $$; SELECT * FROM f();
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t (b) VALUES (1); END $$; SELECT f() FROM t;
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t (b) VALUES (1); END $$; SELECT f() WHERE false;
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t (b) VALUES (1); END $$; SELECT f() LIMIT 0;
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t (b) VALUES (1); END $$; DO $$ BEGIN PERFORM f(); END $$;
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t (b) VALUES (1); END $$; DO $$ BEGIN IF false THEN PERFORM f(); END IF; END $$;
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t (b) VALUES (1); END $$; DO $$ BEGIN EXECUTE 'SELECT f()'; END $$;
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t (b) VALUES (1); END $$; DROP FUNCTION f(); CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t (a) VALUES (1); END $$; SELECT f();
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t (b) VALUES (1); END $$; CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t (a) VALUES (1); END $$; SELECT public.f();
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t (b) VALUES (1); END $$; CREATE FUNCTION f(x int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t (a) VALUES (x); END $$; SELECT f(1); SELECT f();
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT b FROM t LIMIT 1); END $$; DO $$ DECLARE x int; BEGIN x := f(); END $$;
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT b FROM t LIMIT 1); END $$; DO $$ DECLARE x int; BEGIN SELECT f() INTO x; END $$;
CREATE FUNCTION f() RETURNS SETOF int LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT b FROM t; END $$; SELECT * FROM f();
CREATE FUNCTION f() RETURNS SETOF int LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'SELECT b FROM t'; RETURN NEXT 1; END $$; SELECT count(*) FROM f();
CREATE FUNCTION f() RETURNS TABLE (x int) LANGUAGE plpgsql AS $$ BEGIN x := (SELECT b FROM t LIMIT 1); RETURN NEXT; END $$; SELECT x FROM f() AS y;
CREATE FUNCTION f(OUT x int, OUT y int) LANGUAGE plpgsql AS $$ BEGIN SELECT a, b INTO x, y FROM t; END $$; SELECT * FROM f();
CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t (b) VALUES (1); END $$; CALL p();
CREATE PROCEDURE p(x int) LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t (b) VALUES (x); END $$; DO $$ DECLARE v int := 1; BEGIN CALL p(v); END $$;
CREATE PROCEDURE p() LANGUAGE sql AS $$ INSERT INTO t (b) VALUES (1) $$; CALL p();
CREATE PROCEDURE p(OUT x int, n int) LANGUAGE plpgsql AS $$ BEGIN IF n = 1 THEN INSERT INTO t (b) VALUES (1); END IF; END $$; CALL p(NULL, 1);
CREATE FUNCTION f(n int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN IF n = 1 THEN INSERT INTO t (b) VALUES (1); ELSE INSERT INTO t (c) VALUES (1); END IF; END $$; SELECT f(1);
CREATE FUNCTION f(n int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN IF n = 1 THEN INSERT INTO t (b) VALUES (1); ELSE INSERT INTO t (c) VALUES (1); END IF; END $$; SELECT f(2);
CREATE FUNCTION f(n int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN IF n = 1 THEN INSERT INTO t (b) VALUES (1); END IF; END $$; SELECT f((random() * 0)::int);
CREATE FUNCTION f(n text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('COMMENT ON COLUMN t.%I IS %L', n, 'x'); END $$; SELECT f('b'), f('c');
CREATE FUNCTION f(n text DEFAULT 'b') RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('COMMENT ON COLUMN t.%I IS %L', n, 'x'); END $$; SELECT f();
CREATE FUNCTION f(n text DEFAULT 'b', m text DEFAULT 'c') RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('COMMENT ON COLUMN t.%I IS %L', n, 'x'); END $$; SELECT f(m => 'a');
CREATE FUNCTION f(n text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('COMMENT ON COLUMN t.%I IS %L', n, 'x'); END $$; DO $$ DECLARE x text; BEGIN FOREACH x IN ARRAY ARRAY['a', 'b'] LOOP PERFORM f(x); END LOOP; END $$;
CREATE FUNCTION f(n int) RETURNS void LANGUAGE plpgsql STRICT AS $$ BEGIN INSERT INTO t (b) VALUES (1); END $$; SELECT f(NULL);
CREATE FUNCTION f(n int) RETURNS void LANGUAGE plpgsql STRICT AS $$ BEGIN INSERT INTO t (b) VALUES (1); END $$; SELECT f(1);
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t (b) VALUES (1); EXCEPTION WHEN undefined_column THEN NULL; END $$; SELECT f();
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t (b) VALUES (1); END $$; DO $$ BEGIN PERFORM f(); EXCEPTION WHEN undefined_column THEN NULL; END $$;
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t (b) VALUES (1); EXCEPTION WHEN undefined_column THEN RAISE EXCEPTION 'x'; END $$; SELECT f();
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RETURN; INSERT INTO t (b) VALUES (1); END $$; SELECT f(); COMMENT ON COLUMN t.c IS 'x';
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 't' AND column_name = 'b') THEN RETURN; END IF; INSERT INTO t (b) VALUES (1); END $$; SELECT f(); COMMENT ON COLUMN t.c IS 'x';
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 't' AND column_name = 'b') THEN RETURN; END IF; ALTER TABLE t ADD COLUMN b int; END $$; SELECT f(); COMMENT ON COLUMN t.b IS 'x'; COMMENT ON COLUMN t.c IS 'x';
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN IF NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 't' AND column_name = 'b') THEN RAISE EXCEPTION 'x'; END IF; END $$; DO $$ BEGIN PERFORM f(); COMMENT ON COLUMN t.c IS 'x'; END $$;
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; RETURN; END $$; DO $$ BEGIN PERFORM f(); COMMENT ON COLUMN t.b IS 'x'; END $$;
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; DO $$ DECLARE d text; BEGIN SELECT pg_get_functiondef('f()'::regprocedure) INTO d; d := replace(d, 'SELECT 1', 'SELECT 2'); EXECUTE d; END $$; COMMENT ON COLUMN t.b IS 'x';
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; DO $$ DECLARE d text; BEGIN d := pg_get_functiondef('f()'::regprocedure); IF position('x' IN d) > 0 THEN RETURN; END IF; EXECUTE replace(d, '1', '2'); END $$; COMMENT ON COLUMN t.b IS 'x'; SELECT f();
CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t (b) VALUES (1); END $$; CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM g(); END $$; SELECT f();
CREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF n = 1 THEN RETURN f(0); END IF; INSERT INTO t (b) VALUES (1); RETURN 1; END $$; SELECT f(0);
CREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN n; END $$; SELECT f(f(1)); COMMENT ON COLUMN t.b IS 'x';
CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ COMMENT ON COLUMN t.b IS 'x' $$; SELECT f();
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ DECLARE v t.b%TYPE; BEGIN NULL; END $$; SELECT f();
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ DECLARE v t.b%TYPE; BEGIN NULL; END $$;
SET check_function_bodies = off; CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ DECLARE v t.b%TYPE; BEGIN NULL; END $$; SELECT f();
SET check_function_bodies = off; CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ INSERT INTO t (b) VALUES (1) $$; SELECT f();
SET check_function_bodies = off; CREATE FUNCTION f() RETURNS void LANGUAGE sql BEGIN ATOMIC INSERT INTO t (a) VALUES (1); END; SELECT f();
CREATE SCHEMA s; CREATE TABLE s.t (b int); CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql SET search_path = s AS $$ BEGIN INSERT INTO t (b) VALUES (1); END $$; SELECT f(); COMMENT ON COLUMN t.b IS 'x';
CREATE SCHEMA s; CREATE TABLE s.t (b int); CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t (b) VALUES (1); END $$; SET search_path = s; SELECT public.f();
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ DECLARE r t%ROWTYPE; BEGIN SELECT * INTO r FROM t; END $$; SELECT f();
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN ALTER TABLE t DROP COLUMN b; END $$; SELECT f();
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN ALTER TABLE t ADD COLUMN IF NOT EXISTS b int; END $$; SELECT f(); COMMENT ON COLUMN t.b IS 'x';
CREATE FUNCTION f(b int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t (a) VALUES (f.b); PERFORM b; END $$; SELECT f(1);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.b := 1; RETURN new; END $$; CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN FOR i IN 1..2 LOOP INSERT INTO t (b) VALUES (i); END LOOP; END $$; SELECT f();
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN FOR r IN SELECT b FROM t LOOP NULL; END LOOP; END $$; SELECT f();
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN FOR r IN SELECT a FROM t LOOP UPDATE t SET b = 1; END LOOP; END $$; SELECT f();
""".strip().splitlines()

# Every statement that fails in a fresh database, and those that fail when the script runs over its own effects.
SCRIPTS = """
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE t (a int); END $$; SELECT f(); CREATE TABLE t (a int); COMMENT ON COLUMN t.b IS 'x'; SELECT f();
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE IF NOT EXISTS t (a int); END $$; SELECT f(); SELECT f(); CREATE TABLE t (a int);
CREATE FUNCTION f(n text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('CREATE TABLE %I (a int)', n); END $$; SELECT f('t'); SELECT f('u'); CREATE TABLE u (a int); CREATE TABLE v (a int); SELECT f('v'); COMMENT ON TABLE u IS 'x';
CREATE FUNCTION f(n text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('CREATE TABLE %I (a int)', n); END $$; SELECT f('t'::text), f('T'); CREATE TABLE t (a int); CREATE TABLE u (a int); CREATE TABLE "T" (a int);
CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE u (a int); CREATE TABLE t (a int); END $$; SELECT f(); CREATE TABLE u (a int);
CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CREATE POLICY p ON t USING (true); END $$; DO $$ BEGIN PERFORM f(); EXCEPTION WHEN duplicate_object THEN NULL; END $$; CREATE POLICY p ON t USING (true);
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE t (a int); RETURN 1; END $$; SELECT f(); CREATE TABLE t (a int);
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; END $$; SELECT f(); CREATE FUNCTION g() RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF false THEN RETURN 1; END IF; END $$; DO $$ BEGIN CREATE TABLE t (a int); PERFORM g(); END $$; CREATE TABLE t (a int);
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'x'; END $$; DO $$ BEGIN CREATE TABLE t (a int); PERFORM f(); END $$; CREATE TABLE t (a int);
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DROP TABLE t; END $$; CREATE TABLE t (a int); SELECT f(); CREATE TABLE t (a int); SELECT f(); SELECT f();
CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE t (a int); END $$; CALL p(); CALL p(); CREATE TABLE t (a int);
CREATE PROCEDURE p() LANGUAGE sql AS $$ CREATE TABLE t (a int) $$; CALL p(); CREATE TABLE t (a int);
CREATE FUNCTION f(n int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM f(n - 1); CREATE TABLE t (a int); END $$; CREATE TABLE t (a int);
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM b FROM t; END $$; CREATE TABLE t (a int); SELECT f(); SELECT 1 FROM f(); DROP TABLE t; SELECT f();
CREATE TABLE t (b int); CREATE FUNCTION f(n int, VARIADIC more int[]) RETURNS void LANGUAGE sql AS $$ INSERT INTO t (b) VALUES (1) $$; ALTER TABLE t DROP COLUMN b; SELECT f(1, 2, 3);
CREATE FUNCTION f(n int, VARIADIC more int[]) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; END $$; SELECT f(1, 2, 3), f(n => 1, VARIADIC more => '{2}');
CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN UPDATE t SET b = 1; END $$; SELECT f(); ALTER TABLE t ADD COLUMN b int; SELECT f();
""".strip().splitlines()

RAISED = ("P0001", "2F005")
"""What blocks raise themselves: it is followed, but nothing is said of it."""


@pytest.mark.parametrize("statements", DRIFT)
def test_a_state_that_lacks_a_column_fails_in_the_function_that_needs_it(connection: Any, statements: str) -> None:
    script = TABLE + statements
    assert run(connection, script) == [], "a case runs in a fresh database"

    assert predicted(script) == observed(connection, script)


@pytest.mark.parametrize("script", SCRIPTS)
def test_what_functions_make_and_need_is_known(connection: Any, script: str) -> None:
    assert always(script) == {failed for failed in run(connection, script) if failed[1] not in RAISED}
    assert again(script) == {failed for failed in run_twice(connection, script) if failed[1] not in RAISED}
