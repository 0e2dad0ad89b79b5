"""Disagreements that the duel once found, made small: a history a line, ``||`` between its files."""

CASES = """
CREATE TABLE k.t (a int); CREATE TABLE k.t (a int); CREATE SCHEMA k; CREATE TABLE k.t (a int); CREATE TABLE k.t (a int);
CREATE TABLE t (a int); ALTER TABLE t SET SCHEMA k; ALTER TABLE t SET SCHEMA public; CREATE SCHEMA k; ALTER TABLE t SET SCHEMA k; SELECT a FROM t; SELECT a FROM k.t;
CREATE SCHEMA k; CREATE TABLE k.t (a int); DROP SCHEMA k CASCADE; SELECT a FROM k.t; COMMENT ON TABLE k.t IS 'x'; ALTER TABLE k.t ADD COLUMN b int; DROP TABLE k.t; DROP TABLE IF EXISTS k.t; CREATE TABLE k.t (a int);
CREATE SCHEMA public; ALTER SCHEMA k RENAME TO l; CREATE SCHEMA l; ALTER SCHEMA l RENAME TO l; ALTER SCHEMA l RENAME TO public; ALTER SCHEMA l RENAME TO k; CREATE SCHEMA l; COMMENT ON SCHEMA m IS 'x';
CREATE TABLE t (a int); ALTER SCHEMA public RENAME TO k; SELECT a FROM t; SELECT a FROM k.t; CREATE TABLE k.t (b int);
CREATE SCHEMA k; CREATE TABLE k.t (a int); SET search_path = k; DROP SCHEMA k CASCADE; CREATE SCHEMA k; CREATE TABLE t (b int); SELECT b FROM k.t;
CREATE SCHEMA k; SET search_path = l, k; CREATE TABLE t (a int); SELECT a FROM k.t; SELECT a FROM l.t;
""".strip().splitlines()
