"""A table that stands already without one of its columns: which statement fails is what PostgreSQL says it is."""

from typing import Any

import pytest

from tests.catalog.worlds import observed, predicted, run

TABLE = "CREATE TABLE IF NOT EXISTS t (a int, b int, c text);\n"
OTHER = "CREATE TABLE u (id int PRIMARY KEY, b int, d text);\n"

# Each stands behind TABLE. Nothing here says what the outcome is: the server does.
STATEMENTS = """
CREATE FUNCTION f() RETURNS SETOF t LANGUAGE plpgsql AS 'BEGIN RETURN; END'; SELECT a FROM f(); SELECT b FROM f();
CREATE FUNCTION f() RETURNS SETOF t LANGUAGE plpgsql AS 'BEGIN RETURN; END'; CREATE POLICY p ON u USING (id IN (SELECT x.b FROM f() AS x));
CREATE FUNCTION f() RETURNS SETOF t LANGUAGE plpgsql AS 'BEGIN RETURN; END'; SELECT x.n FROM f() AS x (m, n);
CREATE FUNCTION f() RETURNS SETOF t LANGUAGE plpgsql AS 'BEGIN RETURN; END'; CREATE VIEW v AS SELECT * FROM f(); COMMENT ON COLUMN v.b IS 'x';
CREATE FUNCTION f() RETURNS SETOF t LANGUAGE plpgsql AS 'BEGIN RETURN; END'; SELECT 1 FROM u WHERE EXISTS (SELECT b FROM f());
CREATE FUNCTION f() RETURNS TABLE (b int) LANGUAGE plpgsql AS 'BEGIN RETURN; END'; SELECT t.a FROM t WHERE t.a IN (SELECT b FROM f());
COMMENT ON COLUMN t.b IS 'x';
COMMENT ON COLUMN public.t.b IS 'x'; COMMENT ON TABLE t IS 'x';
COMMENT ON COLUMN "t"."b" IS NULL;
INSERT INTO t VALUES (1, 2, 'x');
INSERT INTO t VALUES (1, 2);
INSERT INTO t AS x VALUES (1, DEFAULT, 'x'), (1, 2, 'y') ON CONFLICT DO NOTHING;
INSERT INTO t SELECT 1, 2, 'x'; COMMENT ON COLUMN t.b IS 'x';
INSERT INTO t SELECT * FROM t;
INSERT INTO t TABLE u;
INSERT INTO t DEFAULT VALUES;
INSERT INTO t VALUES (1, 2, 'x') RETURNING b;
WITH w AS (INSERT INTO t VALUES (1, 2, 'x') RETURNING a) SELECT a FROM w;
ALTER TABLE t ADD COLUMN d int; INSERT INTO t VALUES (1, 2, 'x', 4);
DO $$ BEGIN INSERT INTO t VALUES (1, 2, 'x'); END $$;
ALTER TABLE t ALTER COLUMN b SET NOT NULL;
ALTER TABLE t ALTER COLUMN b DROP NOT NULL;
ALTER TABLE t ALTER COLUMN b SET DEFAULT 1;
ALTER TABLE t ALTER COLUMN b DROP DEFAULT;
ALTER TABLE t ALTER COLUMN b TYPE bigint;
ALTER TABLE t ALTER COLUMN b TYPE text USING b::text || c;
ALTER TABLE t ALTER COLUMN b SET STATISTICS 100;
ALTER TABLE t ALTER COLUMN c SET STORAGE EXTERNAL;
ALTER TABLE t ALTER COLUMN c SET COMPRESSION pglz;
ALTER TABLE t ALTER COLUMN b SET (n_distinct = 5);
ALTER TABLE t ALTER COLUMN b SET NOT NULL, ALTER COLUMN b ADD GENERATED ALWAYS AS IDENTITY;
ALTER TABLE t DROP COLUMN b;
ALTER TABLE t DROP COLUMN IF EXISTS b;
ALTER TABLE t DROP COLUMN IF EXISTS b; COMMENT ON COLUMN t.c IS 'x';
ALTER TABLE t RENAME COLUMN b TO bb; COMMENT ON COLUMN t.bb IS 'x';
ALTER TABLE t RENAME b TO bb;
ALTER TABLE t ADD COLUMN IF NOT EXISTS b int; COMMENT ON COLUMN t.b IS 'x';
ALTER TABLE t ADD COLUMN d int, ALTER COLUMN b SET DEFAULT 1;
ALTER TABLE t ADD CONSTRAINT k CHECK (b > 0);
ALTER TABLE t ADD CONSTRAINT k CHECK (b > 0 AND c <> '');
ALTER TABLE t ADD CHECK (t.b > 0);
ALTER TABLE t ADD UNIQUE (b, c);
ALTER TABLE t ADD PRIMARY KEY (b);
ALTER TABLE t ADD CONSTRAINT x EXCLUDE USING btree (b WITH =);
ALTER TABLE t ADD FOREIGN KEY (b) REFERENCES u (id);
ALTER TABLE t ADD UNIQUE (b); ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES t (b);
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 't' AND column_name = 'b') THEN IF has_table_privilege('t', 'SELECT') THEN RETURN; END IF; DROP TABLE gone; END IF; END $$;
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 't' AND column_name = 'b') THEN IF NOT EXISTS (SELECT 1 FROM pg_indexes WHERE indexname = 'i') THEN RETURN; END IF; DROP TABLE gone; END IF; END $$;
DO $$ DECLARE n int; BEGIN SELECT count(*) INTO n FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 't' AND column_name IN ('a', 'b', 'c'); IF n <> 3 THEN RAISE EXCEPTION 'x'; END IF; END $$;
DO $$ DECLARE n int; BEGIN SELECT count(*) INTO n FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 't' AND column_name IN ('a', 'b', 'b'); IF n < 2 THEN RAISE EXCEPTION 'x'; END IF; END $$;
DO $$ DECLARE n int; BEGIN SELECT count(*) INTO n FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 't' AND column_name = ANY (ARRAY['a', 'b']); IF n = 2 THEN NULL; ELSE RAISE EXCEPTION 'x'; END IF; END $$;
DO $$ DECLARE ok bool; BEGIN SELECT count(*) = 2 INTO ok FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 't' AND column_name IN ('b', 'c'); IF NOT ok THEN RAISE EXCEPTION 'x'; END IF; END $$;
DO $$ DECLARE ok bool; BEGIN SELECT 2 > count(*) INTO ok FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 't' AND column_name IN ('b', 'c'); IF ok THEN RAISE EXCEPTION 'x'; END IF; END $$;
DO $$ BEGIN IF (SELECT count(*)  FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 't' AND column_name IN ('a', 'b')) < 2 THEN RAISE EXCEPTION 'x'; END IF; END $$;
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 't' AND column_name IN ('b', 'd')) THEN RAISE EXCEPTION 'x'; END IF; END $$;
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 't' AND column_name IN ('b', 'c')) THEN RAISE EXCEPTION 'x'; END IF; END $$;
ALTER TABLE t ADD d int, ADD e int, ADD f int, ADD g int; DO $$ DECLARE n int; BEGIN SELECT count(*) INTO n FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 't' AND column_name IN ('a', 'b', 'c', 'd', 'e', 'f', 'g'); IF n <> 7 THEN RAISE EXCEPTION 'x'; END IF; END $$;
ALTER TABLE t ADD d int, ADD e int, ADD f int, ADD g int; DO $$ DECLARE n int; BEGIN SELECT count(*) INTO n FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 't' AND column_name IN ('a', 'b', 'c', 'd', 'e', 'f', 'g'); IF n < 6 THEN RAISE EXCEPTION 'x'; END IF; END $$;
DO $$ DECLARE n int; BEGIN SELECT count(*) INTO n FROM pg_attribute WHERE attrelid = 't'::regclass AND attname IN ('a', 'b') AND NOT attisdropped; IF n <> 2 THEN RAISE EXCEPTION 'x'; END IF; END $$;
DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM u LOOP INSERT INTO t (a, b) VALUES (r.id, 1); END LOOP; END $$; COMMENT ON COLUMN t.b IS 'x';
DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM u LOOP UPDATE t SET b = 1; END LOOP; COMMENT ON COLUMN t.b IS 'x'; END $$; COMMENT ON COLUMN t.c IS 'x';
DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM u LOOP ALTER TABLE t ADD COLUMN IF NOT EXISTS b int; END LOOP; END $$; COMMENT ON COLUMN t.b IS 'x';
CREATE INDEX ON t (b);
CREATE INDEX IF NOT EXISTS i ON t (b);
CREATE INDEX i ON t (a); CREATE INDEX IF NOT EXISTS i ON t (b);
CREATE UNIQUE INDEX i ON t (lower(c));
CREATE INDEX i ON t ((b + 1), a DESC) WHERE c IS NOT NULL;
CREATE INDEX i ON t (a) INCLUDE (b);
CREATE INDEX i ON t USING hash (b);
CREATE STATISTICS s ON b, c FROM t;
CREATE POLICY p ON t USING (b = 1);
CREATE POLICY p ON t FOR INSERT WITH CHECK (t.b = 1);
CREATE POLICY p ON t USING (EXISTS (SELECT 1 FROM u WHERE u.id = t.b));
CREATE POLICY p ON t USING (EXISTS (SELECT 1 FROM u WHERE u.id = b));
CREATE POLICY p ON t USING (a IN (SELECT id FROM u WHERE d = c));
CREATE POLICY p ON t USING (a IN (SELECT id FROM u WHERE u.b = a));
CREATE POLICY p ON u USING (EXISTS (SELECT 1 FROM t WHERE t.b = u.id));
CREATE POLICY p ON u USING (EXISTS (SELECT 1 FROM t x WHERE x.b = id AND x.c = d));
CREATE POLICY p ON u USING (EXISTS (SELECT 1 FROM t WHERE b = id));
CREATE POLICY p ON t USING (true); ALTER POLICY p ON t USING (b > 0);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'; CREATE TRIGGER g BEFORE UPDATE OF b ON t EXECUTE FUNCTION f();
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'; CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW WHEN (old.b IS DISTINCT FROM new.b) EXECUTE FUNCTION f();
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.b = 1; RETURN new; END'; CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();
CREATE VIEW v AS SELECT a, b FROM t;
CREATE VIEW v AS SELECT * FROM t; COMMENT ON COLUMN v.b IS 'x';
CREATE VIEW v AS SELECT * FROM t; CREATE VIEW w AS SELECT v.b FROM v;
CREATE VIEW v (x, y) AS SELECT a, b FROM t; COMMENT ON COLUMN v.y IS 'x';
CREATE VIEW v AS SELECT t.b FROM t WHERE c = 'x' ORDER BY b;
CREATE VIEW v AS SELECT a AS b FROM t ORDER BY b;
CREATE VIEW v AS SELECT a AS b, count(*) FROM t GROUP BY a;
CREATE VIEW v AS SELECT c, sum(b) AS total FROM t GROUP BY c HAVING sum(b) > 1;
CREATE VIEW v AS SELECT x.b FROM t AS x JOIN u ON u.id = x.a;
CREATE VIEW v AS SELECT c, d FROM t JOIN u ON u.id = t.b;
CREATE VIEW v AS SELECT t.a FROM t JOIN u USING (b);
CREATE VIEW v AS SELECT q.b FROM (SELECT * FROM t) q;
CREATE VIEW v AS SELECT q.x FROM (SELECT b AS x FROM t) q;
CREATE VIEW v AS WITH q AS (SELECT a, b FROM t) SELECT q.b FROM q;
CREATE VIEW v AS WITH q (x) AS (SELECT b FROM t) SELECT x FROM q;
CREATE VIEW v AS WITH RECURSIVE q AS (SELECT a, b FROM t UNION ALL SELECT t.a, t.b FROM t JOIN q ON q.b = t.a) SELECT b FROM q;
CREATE VIEW v AS SELECT (SELECT max(b) FROM t) AS m;
CREATE VIEW v AS SELECT a, (SELECT d FROM u WHERE u.id = t.b) AS d FROM t;
CREATE VIEW v AS SELECT t.a, q.m FROM t CROSS JOIN LATERAL (SELECT max(u.id) AS m FROM u WHERE u.b = t.b) q;
CREATE VIEW v AS SELECT a FROM t UNION SELECT b FROM t;
CREATE VIEW v AS SELECT row_number() OVER (PARTITION BY c ORDER BY b) FROM t;
CREATE VIEW v AS SELECT count(*) FILTER (WHERE b > 1) FROM t;
CREATE VIEW v AS SELECT CASE WHEN b > 1 THEN c ELSE 'x' END AS k FROM t;
CREATE VIEW v AS SELECT t FROM t;
CREATE VIEW v AS SELECT to_jsonb(t) FROM t;
CREATE VIEW v AS SELECT (t.*)::text FROM t;
CREATE MATERIALIZED VIEW v AS SELECT b FROM t; CREATE UNIQUE INDEX ON v (b);
CREATE TABLE w AS SELECT a, b FROM t; COMMENT ON COLUMN w.b IS 'x';
CREATE TABLE w AS TABLE t; COMMENT ON COLUMN w.b IS 'x';
CREATE TABLE w (LIKE t); COMMENT ON COLUMN w.b IS 'x';
CREATE TABLE w (x int, CHECK (x > 0)) INHERITS (t); COMMENT ON COLUMN t.b IS 'x';
CREATE UNIQUE INDEX ON t (b); CREATE TABLE w (x int REFERENCES t (b));
CREATE TABLE w (x int, FOREIGN KEY (x) REFERENCES u (id));
INSERT INTO t (a, b) VALUES (1, 2);
INSERT INTO t VALUES (1);
INSERT INTO t (a, c) SELECT id, d FROM u;
INSERT INTO u (id, d) SELECT b, c FROM t WHERE a = 1;
INSERT INTO u (id) SELECT a FROM t WHERE t.c = 'x';
INSERT INTO t (a) VALUES (1) RETURNING b;
INSERT INTO t AS x (a) VALUES (1) RETURNING x.c;
INSERT INTO u (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET d = excluded.d;
CREATE UNIQUE INDEX ON t (a); INSERT INTO t (a, b) VALUES (1, 2) ON CONFLICT (a) DO UPDATE SET b = excluded.b, c = t.c;
CREATE UNIQUE INDEX ON t (a); INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = excluded.b;
CREATE UNIQUE INDEX ON t (a); INSERT INTO t (a) VALUES (1) ON CONFLICT (a) WHERE b > 1 DO NOTHING;
UPDATE t SET b = 1;
UPDATE t SET a = b;
UPDATE t SET a = 1 WHERE c = 'x';
UPDATE t x SET a = x.b FROM u WHERE u.id = x.a;
UPDATE t SET a = u.id FROM u WHERE u.b = t.b;
UPDATE t SET (a, b) = (SELECT 1, 2);
UPDATE u SET d = (SELECT c FROM t WHERE t.a = u.id);
DELETE FROM t WHERE b = 1;
DELETE FROM t USING u WHERE u.id = t.b;
DELETE FROM t WHERE a = 1 RETURNING c;
MERGE INTO t USING u ON t.a = u.id WHEN MATCHED THEN UPDATE SET b = u.b WHEN NOT MATCHED THEN INSERT (a, c) VALUES (u.id, u.d);
MERGE INTO u USING t ON t.b = u.id WHEN MATCHED THEN DELETE;
WITH q AS (UPDATE t SET b = 1 RETURNING a) SELECT a FROM q;
WITH q AS (DELETE FROM t RETURNING *) SELECT q.b FROM q;
SELECT b FROM t;
SELECT t.b FROM t, u WHERE u.id = 1;
SELECT a FROM t, u; SELECT c FROM u, t;
SELECT b FROM u WHERE EXISTS (SELECT 1 FROM t WHERE b = 1);
SELECT 1 FROM t WHERE a = ANY (ARRAY(SELECT id FROM u WHERE d = c));
SELECT c FROM t GROUP BY c ORDER BY count(b);
SELECT DISTINCT ON (b) a FROM t;
SELECT x.b FROM unnest(ARRAY[1]) AS x (b), t;
SELECT a FROM t WHERE b IN (1, 2) LIMIT (SELECT count(*) FROM u);
SELECT b INTO w FROM t; COMMENT ON COLUMN w.b IS 'x';
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT b FROM t';
CREATE FUNCTION f(b int) RETURNS int LANGUAGE sql AS 'SELECT a FROM t WHERE b = 1';
CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql AS 'SELECT a FROM t WHERE t.b = f.x';
CREATE FUNCTION f(x int) RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t WHERE c = x::text';
CREATE FUNCTION f(x t.b%TYPE) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION f() RETURNS t.c%TYPE LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT b FROM t); END';
CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT b FROM t; END;
CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = '' AS 'SELECT b FROM public.t';
CREATE SEQUENCE s OWNED BY t.b;
CREATE SEQUENCE s; ALTER SEQUENCE s OWNED BY t.b;
CREATE ROLE r; GRANT SELECT (a, b) ON t TO r;
CREATE ROLE r; GRANT SELECT ON t TO r; REVOKE UPDATE (b) ON t FROM r;
CREATE PUBLICATION pub FOR TABLE t (a, b);
ANALYZE t (b);
CREATE RULE k AS ON INSERT TO t DO NOTHING;
ALTER TABLE t RENAME TO tt; COMMENT ON COLUMN tt.b IS 'x';
CREATE SCHEMA k; ALTER TABLE t SET SCHEMA k; COMMENT ON COLUMN k.t.b IS 'x';
SET search_path = 'public'; COMMENT ON COLUMN t.b IS 'x';
CREATE SCHEMA k; SET search_path = k, public; COMMENT ON COLUMN t.b IS 'x';
CREATE SCHEMA k; CREATE TABLE k.t (b int); SET search_path = k, public; COMMENT ON COLUMN t.b IS 'x';
SELECT pg_catalog.set_config('search_path', '', false); COMMENT ON COLUMN public.t.b IS 'x';
CREATE TEMP TABLE t (b int); COMMENT ON COLUMN t.b IS 'x';
DROP TABLE t; CREATE TABLE t (b int); COMMENT ON COLUMN t.b IS 'x';
DROP TABLE IF EXISTS t CASCADE; CREATE TABLE IF NOT EXISTS t (a int, b int); COMMENT ON COLUMN t.a IS 'x';
CREATE TABLE IF NOT EXISTS t (a int, b int); CREATE INDEX ON t (b);
DO $$ BEGIN ALTER TABLE t ADD COLUMN b int; EXCEPTION WHEN duplicate_column THEN NULL; END $$; CREATE INDEX ON t (b);
DO $$ BEGIN ALTER TABLE t ADD COLUMN b int; EXCEPTION WHEN others THEN NULL; END $$; CREATE INDEX ON t (b);
DO $$ BEGIN ALTER TABLE t ADD COLUMN b int; EXCEPTION WHEN sqlstate '42701' THEN RAISE NOTICE 'there'; END $$; CREATE INDEX ON t (b);
DO $$ BEGIN CREATE INDEX i ON t (b); END $$;
DO $$ BEGIN CREATE INDEX i ON t (b); EXCEPTION WHEN undefined_column THEN NULL; END $$;
DO $$ BEGIN CREATE INDEX i ON t (b); EXCEPTION WHEN others THEN RAISE; END $$;
DO $$ BEGIN PERFORM 1 FROM t WHERE b = 1; END $$;
DO $$ DECLARE n int := 1; BEGIN PERFORM 1 FROM t WHERE a = n; END $$;
DO $$ DECLARE n int; BEGIN SELECT count(*) INTO n FROM t WHERE c = 'x'; IF n > 0 THEN RAISE NOTICE '%', n; END IF; END $$;
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 't' AND column_name = 'b') THEN ALTER TABLE t ADD COLUMN b int; END IF; END $$; CREATE INDEX ON t (b);
DO $$ BEGIN IF NOT EXISTS (SELECT FROM information_schema.columns WHERE table_name = 't' AND column_name = 'b') THEN ALTER TABLE t ADD COLUMN b int; END IF; END $$; CREATE INDEX ON t (b, c);
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = 'public.t'::regclass AND attname = 'b' AND NOT attisdropped) THEN ALTER TABLE t ADD b int; END IF; END $$; CREATE INDEX ON t (b);
DO $$ BEGIN IF EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 't' AND column_name = 'b') THEN CREATE INDEX ON t (b); END IF; END $$;
DO $$ BEGIN IF EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 't' AND column_name = 'b') THEN CREATE INDEX ON t (b, c); END IF; END $$;
DO $$ BEGIN IF EXISTS (SELECT 1 FROM information_schema.tables WHERE table_name = 't') THEN ALTER TABLE t ADD COLUMN IF NOT EXISTS b int; END IF; END $$; CREATE INDEX ON t (b);
DO $$ BEGIN IF to_regclass('public.t') IS NOT NULL THEN CREATE INDEX ON t (b); END IF; END $$;
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'k') THEN ALTER TABLE t ADD CONSTRAINT k CHECK (b > 0); END IF; END $$;
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_policies WHERE tablename = 't' AND policyname = 'p') THEN CREATE POLICY p ON t USING (b > 0); END IF; END $$;
DO $$ DECLARE n text; BEGIN FOREACH n IN ARRAY ARRAY['a', 'b'] LOOP EXECUTE format('COMMENT ON COLUMN t.%I IS %L', n, 'x'); END LOOP; END $$;
DO $$ DECLARE n text := 'b'; BEGIN EXECUTE 'ALTER TABLE t ALTER COLUMN ' || quote_ident(n) || ' SET DEFAULT 1'; END $$;
DO $$ BEGIN IF current_setting('server_version_num')::int < 1 THEN CREATE INDEX ON t (a); END IF; END $$; CREATE INDEX ON t (b);
DO $$ BEGIN RETURN; CREATE INDEX ON t (b); END $$;
DO $$ BEGIN IF EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 't' AND column_name = 'b') THEN RETURN; END IF; ALTER TABLE t ADD COLUMN b int; END $$; CREATE INDEX ON t (b);
BEGIN; COMMENT ON COLUMN t.b IS 'x'; COMMIT;
CREATE TABLE w () INHERITS (t); CREATE INDEX ON w (b); CREATE INDEX ON t (c);
TRUNCATE t; LOCK TABLE t; ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t OWNER TO CURRENT_USER;
ALTER TABLE t REPLICA IDENTITY FULL; REINDEX TABLE t;
SELECT "B" FROM (SELECT b AS "B" FROM t) q;
CREATE INDEX "Ünï" ON t ("b"); COMMENT ON COLUMN T.C IS 'x';
""".strip().splitlines()

# What a file asks for its own definitions, and what it makes of the errors that it has caught.
OWN_CHECKS = """
DO $$ DECLARE d text; BEGIN SELECT pg_get_constraintdef(c.oid) INTO d FROM pg_constraint c JOIN pg_class r ON c.conrelid = r.oid JOIN pg_namespace n ON r.relnamespace = n.oid WHERE n.nspname = 'public' AND r.relname = 't' AND c.contype = 'p'; IF d IS NULL OR d NOT LIKE '%a%' OR d NOT LIKE '%b%' THEN RAISE EXCEPTION 'no key: %', COALESCE(d, '<null>'); END IF; END $$;
DO $$ DECLARE d text; BEGIN SELECT pg_get_constraintdef(oid) INTO d FROM pg_constraint WHERE conname = 't_pkey' AND conrelid = 'public.t'::regclass; IF d IS NULL OR d NOT LIKE '%(a, b)%' THEN RAISE EXCEPTION 'no key'; END IF; END $$;
DO $$ DECLARE d text; BEGIN SELECT pg_get_constraintdef(oid) INTO d FROM pg_constraint WHERE conname = 't_pkey'; IF d LIKE 'PRIMARY KEY (a, b)' THEN NULL; ELSE RAISE EXCEPTION 'no key'; END IF; END $$;
DO $$ DECLARE d text; BEGIN SELECT pg_get_constraintdef(oid) INTO d FROM pg_constraint WHERE conname = 't_pkey'; IF d <> 'PRIMARY KEY (a, b)' THEN RAISE EXCEPTION 'another key'; END IF; END $$; COMMENT ON COLUMN t.c IS 'x';
DO $$ DECLARE d text; BEGIN SELECT pg_get_constraintdef(oid) INTO d FROM pg_constraint WHERE conname = 't_pkey'; IF NOT (d LIKE '%b%' AND d ILIKE 'primary_key%') THEN RAISE EXCEPTION 'another key'; END IF; END $$; COMMENT ON COLUMN t.c IS 'x';
DO $$ DECLARE d text; BEGIN SELECT pg_get_constraintdef(oid) INTO d FROM pg_constraint WHERE conname = 't_pkey'; IF (d = 'PRIMARY KEY (a, b)') IS NOT TRUE THEN RAISE EXCEPTION 'another key'; END IF; END $$; COMMENT ON COLUMN t.c IS 'x';
DO $$ DECLARE d text; BEGIN d := (SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 't'::regclass AND contype = 'p'); IF d IS NULL THEN RAISE EXCEPTION 'no key'; END IF; COMMENT ON COLUMN t.c IS 'x'; END $$;
DO $$ DECLARE d text; BEGIN SELECT pg_get_constraintdef(oid) INTO d FROM pg_constraint WHERE conrelid = 't'::regclass AND contype = 'p'; IF NOT FOUND THEN RAISE EXCEPTION 'no key'; END IF; END $$;
DO $$ DECLARE d text; BEGIN SELECT pg_get_constraintdef(oid) INTO d FROM pg_constraint WHERE conrelid = 't'::regclass AND contype = 'c'; IF d IS NULL OR d NOT LIKE '%c <> %' THEN RAISE EXCEPTION 'no check'; END IF; END $$;
DO $$ DECLARE d text; BEGIN SELECT pg_get_constraintdef(oid) INTO d FROM pg_constraint WHERE conname = 'filled'; IF d IS NULL OR d NOT LIKE '%c <> %' THEN RAISE EXCEPTION 'no check'; END IF; END $$;
DO $$ DECLARE d text; BEGIN SELECT indexdef INTO d FROM pg_indexes WHERE indexname = 't_pkey'; IF d IS NULL OR position('(a, b)' in d) = 0 THEN RAISE EXCEPTION 'no index'; END IF; END $$;
DO $$ DECLARE d text; BEGIN SELECT format_type(atttypid, atttypmod) INTO d FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'b'; IF d IS NULL OR d <> 'integer' THEN RAISE EXCEPTION 'another type'; END IF; END $$;
DO $$ DECLARE d text; BEGIN SELECT pg_get_indexdef(c.oid) INTO d FROM pg_class c WHERE c.relname = 't_pkey' AND c.relkind = 'i'; IF d IS NULL OR d NOT LIKE '%(a, b)%' THEN RAISE EXCEPTION 'no index'; END IF; END $$;
DO $$ DECLARE n int; d text; BEGIN SELECT count(*) INTO n FROM u; IF n > 5 THEN RAISE EXCEPTION 'rows'; END IF; SELECT data_type INTO d FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 't' AND column_name = 'b'; IF d IS NULL OR d <> 'integer' THEN RAISE EXCEPTION 'another type'; END IF; END $$;
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = 'public.t'::regclass AND contype = 'p') THEN ALTER TABLE t ADD PRIMARY KEY (a, b); END IF; END $$; COMMENT ON COLUMN t.a IS 'x'; COMMENT ON COLUMN t.c IS 'x';
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM information_schema.table_constraints WHERE table_name = 't' AND constraint_type = 'PRIMARY KEY') THEN ALTER TABLE t ADD PRIMARY KEY (a, b); END IF; END $$; COMMENT ON COLUMN t.a IS 'x'; COMMENT ON COLUMN t.c IS 'x';
DO $$ BEGIN INSERT INTO t (a, b, c) VALUES (1, 2, 'x'); EXCEPTION WHEN others THEN IF SQLERRM LIKE '%t.a must be the owner of u.b%' THEN NULL; ELSE RAISE; END IF; END $$;
DO $$ DECLARE ok bool := false; BEGIN BEGIN INSERT INTO t (a, b, c) VALUES (NULL, 2, 'x'); EXCEPTION WHEN others THEN IF SQLERRM NOT LIKE '%violates not-null constraint%' THEN RAISE; END IF; ok := true; END; IF NOT ok THEN RAISE EXCEPTION 'no'; END IF; END $$;
DO $$ BEGIN PERFORM a, b, c FROM t; EXCEPTION WHEN others THEN IF SQLSTATE = '42703' THEN NULL; ELSE RAISE; END IF; END $$; COMMENT ON COLUMN t.c IS 'x';
DO $$ BEGIN INSERT INTO t (a, b, c) VALUES (1, 2, 'x'); EXCEPTION WHEN others THEN IF SQLSTATE NOT IN ('23505', '23502') THEN RAISE; END IF; END $$; COMMENT ON COLUMN t.c IS 'x';
DO $$ BEGIN INSERT INTO t (a, b, c) VALUES (1, 2, 'x'); EXCEPTION WHEN others THEN IF SQLSTATE <> '23505' THEN RAISE EXCEPTION 'no: %', SQLERRM; END IF; END $$; COMMENT ON COLUMN t.c IS 'x';
DO $$ BEGIN BEGIN INSERT INTO t (a, b, c) VALUES (1, 2, 'x'); EXCEPTION WHEN others THEN RAISE NOTICE '%', SQLERRM; IF true THEN RAISE; END IF; END; EXCEPTION WHEN undefined_column THEN NULL; END $$; COMMENT ON COLUMN t.c IS 'x';
""".strip().splitlines()
KEYED = "CREATE TABLE IF NOT EXISTS t (a int, b int, c text, PRIMARY KEY (a, b), CONSTRAINT filled CHECK (c <> ''));\n"

# A sequence goes with the column that it was made for.
SEQUENCES = """
CREATE TABLE IF NOT EXISTS t (id serial, b int); GRANT USAGE ON SEQUENCE t_id_seq TO PUBLIC; COMMENT ON COLUMN t.id IS 'x';
CREATE TABLE IF NOT EXISTS t (id bigint GENERATED ALWAYS AS IDENTITY, b int); ALTER SEQUENCE public.t_id_seq RESTART; COMMENT ON COLUMN t.b IS 'x';
CREATE TABLE IF NOT EXISTS t (id serial PRIMARY KEY, b int); SELECT setval('t_id_seq', 5); GRANT USAGE ON SEQUENCE t_id_seq TO PUBLIC;
CREATE TABLE IF NOT EXISTS t (id serial, b int); CREATE TABLE u (a int DEFAULT nextval('t_id_seq'));
CREATE TABLE IF NOT EXISTS t (id serial, b int); COMMENT ON COLUMN t.id IS 'x'; GRANT USAGE ON SEQUENCE t_id_seq TO PUBLIC;
CREATE TABLE IF NOT EXISTS t (id serial, b int); GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO PUBLIC; COMMENT ON SEQUENCE t_id_seq IS 'x';
CREATE TABLE IF NOT EXISTS t (id serial, b int); DO $$ BEGIN GRANT USAGE ON SEQUENCE t_id_seq TO PUBLIC; EXCEPTION WHEN undefined_table THEN NULL; END $$; COMMENT ON COLUMN t.id IS 'x';
CREATE TABLE IF NOT EXISTS t (id serial, b int); ALTER TABLE t ALTER COLUMN b SET DEFAULT nextval('t_id_seq');
CREATE TABLE IF NOT EXISTS t (id serial, b int); ALTER SEQUENCE t_id_seq OWNED BY t.b; COMMENT ON SEQUENCE t_id_seq IS 'x';
CREATE TABLE IF NOT EXISTS t (id serial, b int); ALTER TABLE t RENAME COLUMN id TO z; COMMENT ON SEQUENCE t_id_seq IS 'x';
CREATE SEQUENCE s; CREATE TABLE IF NOT EXISTS t (id int DEFAULT nextval('s'), b int); ALTER SEQUENCE s OWNED BY t.id; COMMENT ON SEQUENCE s IS 'x';
""".strip().splitlines()

# A constraint goes with its columns, and a guard that asks for it then makes it without them.
CONSTRAINTS = """
CREATE TABLE IF NOT EXISTS t (a int, b int, CONSTRAINT k UNIQUE (b)); DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'k' AND conrelid = 'public.t'::regclass) THEN ALTER TABLE t ADD CONSTRAINT k UNIQUE (b); END IF; END $$; COMMENT ON COLUMN t.b IS 'x'; COMMENT ON COLUMN t.a IS 'x';
CREATE TABLE IF NOT EXISTS t (a int, b int, CONSTRAINT k CHECK (a > b)); DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'k') THEN ALTER TABLE t ADD CONSTRAINT k CHECK (a > b); END IF; END $$; CREATE INDEX ON t (b);
CREATE TABLE IF NOT EXISTS t (a int, b int, CONSTRAINT k UNIQUE (b)); DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'k') THEN ALTER TABLE t ADD CONSTRAINT k UNIQUE (a); END IF; END $$; COMMENT ON COLUMN t.b IS 'x';
CREATE TABLE IF NOT EXISTS t (a int, b int, CONSTRAINT k UNIQUE (b)); DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'k') THEN ALTER TABLE t ADD CONSTRAINT k UNIQUE (b); END IF; EXCEPTION WHEN undefined_column THEN NULL; END $$; COMMENT ON COLUMN t.b IS 'x';
CREATE TABLE IF NOT EXISTS t (a int, b int, CONSTRAINT k UNIQUE (b)); DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'k') THEN ALTER TABLE t ADD COLUMN IF NOT EXISTS b int; ALTER TABLE t ADD CONSTRAINT k UNIQUE (b); END IF; END $$; COMMENT ON COLUMN t.b IS 'x';
CREATE TABLE IF NOT EXISTS t (a int, b int, CONSTRAINT k UNIQUE (b)); DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'k') THEN IF random() > 2 THEN ALTER TABLE t ADD CONSTRAINT k UNIQUE (b); END IF; END IF; END $$; COMMENT ON COLUMN t.b IS 'x';
CREATE TABLE IF NOT EXISTS t (a int, b int, CONSTRAINT k UNIQUE (b), CONSTRAINT l CHECK (b > 0)); DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'l') THEN COMMENT ON COLUMN t.a IS 'x'; END IF; IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'k') THEN ALTER TABLE t ADD CONSTRAINT k UNIQUE (b); END IF; END $$;
CREATE TABLE IF NOT EXISTS t (a int, b int PRIMARY KEY); DO $$ BEGIN IF to_regclass('public.t_pkey') IS NULL THEN ALTER TABLE t ADD PRIMARY KEY (b); END IF; END $$; COMMENT ON COLUMN t.b IS 'x';
""".strip().splitlines()

# Here some statement fails in a fresh database already: it makes what is there.
MAKING_AGAIN = """
ALTER TABLE t ADD COLUMN b int; COMMENT ON COLUMN t.b IS 'x'; COMMENT ON COLUMN t.a IS 'x';
ALTER TABLE t ADD COLUMN b int, ADD COLUMN d int; COMMENT ON COLUMN t.b IS 'x';
ALTER TABLE t ADD COLUMN b int, ADD COLUMN a int; COMMENT ON COLUMN t.b IS 'x';
ALTER TABLE t ADD COLUMN b int, ALTER COLUMN c SET NOT NULL; COMMENT ON COLUMN t.b IS 'x'; COMMENT ON COLUMN t.c IS 'x';
ALTER TABLE t ADD COLUMN b int, ADD CONSTRAINT k CHECK (b > 0); COMMENT ON CONSTRAINT k ON t IS 'x'; COMMENT ON COLUMN t.b IS 'x';
DO $$ BEGIN ALTER TABLE t ADD COLUMN b int; ALTER TABLE t ADD COLUMN d int; END $$; COMMENT ON COLUMN t.b IS 'x';
DO $$ BEGIN ALTER TABLE t ADD COLUMN b int; ALTER TABLE t DROP COLUMN d; END $$; COMMENT ON COLUMN t.b IS 'x';
DO $$ BEGIN ALTER TABLE t ADD COLUMN b int; RAISE EXCEPTION 'x'; END $$; COMMENT ON COLUMN t.b IS 'x';
""".strip().splitlines()

# Here something fails in every state, if nothing before it does, of which it is not known: what stands behind it is
# never reached.
FAILING = """
DROP TABLE u; DO $$ BEGIN IF NOT has_table_privilege('t', 'SELECT') THEN RAISE EXCEPTION 'x'; END IF; COMMENT ON TABLE u IS 'x'; COMMENT ON COLUMN t.b IS 'x'; END $$;
DO $$ BEGIN IF NOT has_table_privilege('t', 'SELECT') THEN RAISE EXCEPTION 'x'; END IF; CREATE TABLE u (a int); COMMENT ON COLUMN t.b IS 'x'; END $$;
DO $$ BEGIN IF NOT has_table_privilege('t', 'SELECT') THEN RAISE EXCEPTION 'x'; END IF; COMMENT ON COLUMN t.b IS 'x'; CREATE TABLE u (a int); END $$;
""".strip().splitlines()


@pytest.mark.parametrize("statements", STATEMENTS)
def test_the_prediction_is_what_the_server_does(connection: Any, statements: str) -> None:
    script = OTHER + TABLE + statements
    fresh = {index for index, _ in run(connection, script)}
    assert fresh == set(), "a case runs in a fresh database"

    assert predicted(script) == observed(connection, script)


@pytest.mark.parametrize("statements", OWN_CHECKS)
def test_what_a_file_checks_itself_is_followed(connection: Any, statements: str) -> None:
    script = OTHER + KEYED + statements
    assert run(connection, script) == [], "a case runs in a fresh database"

    assert predicted(script) == observed(connection, script)


@pytest.mark.parametrize("script", SEQUENCES + CONSTRAINTS)
def test_what_a_column_takes_along_is_missing_with_it(connection: Any, script: str) -> None:
    assert run(connection, script) == [], "a case runs in a fresh database"

    assert predicted(script) == observed(connection, script)


@pytest.mark.parametrize("statements", MAKING_AGAIN)
def test_a_statement_that_fails_in_a_fresh_database_runs_in_another(connection: Any, statements: str) -> None:
    script = OTHER + TABLE + statements
    fresh = frozenset(run(connection, script))
    assert fresh, "a case fails in a fresh database"

    assert predicted(script) == observed(connection, script, beside=fresh)


@pytest.mark.parametrize("statements", FAILING)
def test_behind_what_fails_everywhere_nothing_is_reached(connection: Any, statements: str) -> None:
    script = OTHER + TABLE + statements
    fresh = frozenset(run(connection, script))
    assert fresh, "a case fails in a fresh database"

    assert predicted(script) == observed(connection, script, beside=fresh)


# A sequence is there with the column that it was made with.
WITH_SEQUENCES = [
    "CREATE TABLE IF NOT EXISTS s (id serial, n int); GRANT USAGE ON SEQUENCE s_id_seq TO postgres;",
    "CREATE TABLE IF NOT EXISTS s (id int GENERATED ALWAYS AS IDENTITY, n int); ALTER SEQUENCE s_id_seq RESTART;",
    "CREATE TABLE IF NOT EXISTS s (id serial, n int); COMMENT ON COLUMN s.id IS ''; SELECT nextval('s_id_seq');",
    "CREATE TABLE IF NOT EXISTS s (id serial, n int); ALTER TABLE s RENAME id TO no; SELECT last_value FROM s_id_seq;",
    "CREATE TABLE IF NOT EXISTS s (id serial, n int); SELECT last_value FROM s_id_seq; COMMENT ON COLUMN s.id IS '';",
]


@pytest.mark.parametrize("script", WITH_SEQUENCES)
def test_a_sequence_is_there_with_its_column(connection: Any, script: str) -> None:
    assert predicted(script) == observed(connection, script)
