"""What a well-known extension brings is known to be there once it is installed, and only then."""

from typing import Any

import pytest

from tests.catalog.worlds import always, run

SCRIPTS = """
CREATE EXTENSION citext; CREATE EXTENSION citext; CREATE EXTENSION IF NOT EXISTS citext; CREATE TABLE t (a citext); COMMENT ON COLUMN t.b IS 'x'; CREATE TABLE t (a citext);
CREATE TABLE t (c text); CREATE EXTENSION pg_trgm; CREATE VIEW v AS SELECT similarity(c, 'x') AS a FROM t; CREATE INDEX i ON t USING gin (c gin_trgm_ops); DROP EXTENSION pg_trgm; DROP EXTENSION pg_trgm CASCADE; CREATE VIEW v AS SELECT c FROM t; CREATE INDEX i ON t (c); CREATE INDEX i ON t (c);
CREATE EXTENSION cube; CREATE EXTENSION earthdistance; DROP EXTENSION cube; DROP EXTENSION cube CASCADE; DROP EXTENSION earthdistance;
CREATE SCHEMA k; CREATE EXTENSION pg_trgm SCHEMA k; CREATE TABLE t (a text); SELECT k.similarity(a, a), b FROM t; SET search_path = public, k; SELECT similarity(a, a), b FROM t;
CREATE EXTENSION IF NOT EXISTS hstore; CREATE FUNCTION f(a hstore) RETURNS hstore LANGUAGE sql AS 'SELECT a'; CREATE FUNCTION f(b public.hstore) RETURNS text LANGUAGE sql AS 'SELECT b::text'; DROP FUNCTION f(hstore); DROP FUNCTION f(hstore);
CREATE EXTENSION moddatetime; CREATE TABLE t (a timestamptz); CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION moddatetime(a); CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION moddatetime(a);
CREATE EXTENSION earthdistance CASCADE; SELECT ll_to_earth(1, 2), cube_dim(cube(1)); CREATE TABLE t (a earth, b cube); ALTER TABLE t ADD COLUMN a int;
""".strip().splitlines()


@pytest.mark.parametrize("script", SCRIPTS)
def test_what_is_said_to_fail_fails_and_nothing_else(connection: Any, script: str) -> None:
    assert always(script) == set(run(connection, script))
