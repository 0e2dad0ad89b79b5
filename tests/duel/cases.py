"""Disagreements that the duel once found, made small: a history a line, ``||`` between its files."""

CASES = """
CREATE TABLE k.t (a int); CREATE TABLE k.t (a int); CREATE SCHEMA k; CREATE TABLE k.t (a int); CREATE TABLE k.t (a int);
CREATE TABLE t (a int); ALTER TABLE t SET SCHEMA k; ALTER TABLE t SET SCHEMA public; CREATE SCHEMA k; ALTER TABLE t SET SCHEMA k; SELECT a FROM t; SELECT a FROM k.t;
CREATE SCHEMA k; CREATE TABLE k.t (a int); DROP SCHEMA k CASCADE; SELECT a FROM k.t; COMMENT ON TABLE k.t IS 'x'; ALTER TABLE k.t ADD COLUMN b int; DROP TABLE k.t; DROP TABLE IF EXISTS k.t; CREATE TABLE k.t (a int);
CREATE SCHEMA public; ALTER SCHEMA k RENAME TO l; CREATE SCHEMA l; ALTER SCHEMA l RENAME TO l; ALTER SCHEMA l RENAME TO public; ALTER SCHEMA l RENAME TO k; CREATE SCHEMA l; COMMENT ON SCHEMA m IS 'x';
CREATE TABLE t (a int); ALTER SCHEMA public RENAME TO k; SELECT a FROM t; SELECT a FROM k.t; CREATE TABLE k.t (b int);
CREATE SCHEMA k; CREATE TABLE k.t (a int); SET search_path = k; DROP SCHEMA k CASCADE; CREATE SCHEMA k; CREATE TABLE t (b int); SELECT b FROM k.t;
CREATE SCHEMA k; SET search_path = l, k; CREATE TABLE t (a int); SELECT a FROM k.t; SELECT a FROM l.t;
CREATE TABLE t (a int, a int); CREATE TABLE t (a int, a int, UNIQUE (b)); CREATE TABLE t (a int PRIMARY KEY, a int PRIMARY KEY); CREATE TABLE t (a int); CREATE TABLE t (a int, a int); CREATE TABLE u (LIKE t, a int); CREATE TABLE u (a int) INHERITS (t);
CREATE TABLE t (a int, CHECK (b > 0)); CREATE TABLE t (a int, b int GENERATED ALWAYS AS (c) STORED); CREATE TABLE t (a int); CREATE TABLE t (b int, CHECK (c > 0));
CREATE TABLE t (a int); CREATE TABLE t AS SELECT b FROM t; CREATE TABLE IF NOT EXISTS t AS SELECT b FROM t; CREATE TABLE t AS TABLE u; CREATE TABLE t (LIKE u); SELECT a INTO t FROM t;
CREATE TABLE t (a int, b int REFERENCES t (c)); CREATE TABLE t (a int, FOREIGN KEY (b) REFERENCES u); CREATE TABLE t (a int, FOREIGN KEY (b) REFERENCES t (a));
CREATE TABLE t (a int, b int); CREATE TABLE u (a int, b int); UPDATE t SET c = 1 WHERE x.b = 1; SELECT x.* FROM t WHERE c = 1; MERGE INTO t USING u ON t.a = u.a WHEN MATCHED AND a > 0 THEN UPDATE SET c = 1;
CREATE TABLE t (a int); SET search_path = ''; CREATE TABLE u (a int); COMMENT ON COLUMN public.u.a IS 'x'; DROP TABLE IF EXISTS public.u; CREATE TABLE public.u (a int);
CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t; CREATE POLICY p ON t USING (a > 0); ALTER POLICY q ON t USING (b > 0); ALTER POLICY q ON v USING (a > 0); ALTER POLICY q ON t RENAME TO p; ALTER POLICY q ON v RENAME TO p; CREATE TABLE u (a int, a int, EXCLUDE USING btree (b WITH =));
""".strip().splitlines()
