"""Conditions on rows that the history itself writes, as scripts that keep account of what they have run ask them: what is
said to fail, the first and the second time, is what PostgreSQL rejects then."""

from typing import Any

import msgspec
import pytest

from driftproof.analysis import analyse
from driftproof.diagnostic import Certainty
from driftproof.rerun import Rerun
from tests.catalog.worlds import again, always, run, run_twice
from tests.histories import RULES, found, history_of

H = "CREATE TABLE IF NOT EXISTS h (id varchar(150) NOT NULL PRIMARY KEY, v text);"
ONE = "IF NOT EXISTS (SELECT 1 FROM h WHERE id = 'one') THEN"
DONE = "INSERT INTO h (id, v) VALUES ('one', '8');"
S = (
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.v := 1; RETURN new; END';"
    " CREATE TABLE IF NOT EXISTS h (a int, v text); DROP TABLE IF EXISTS s; CREATE TABLE s (id serial PRIMARY KEY, k text UNIQUE NOT NULL, v int);"
    " CREATE TRIGGER g BEFORE UPDATE ON s FOR EACH ROW EXECUTE FUNCTION f();"
    " INSERT INTO s (k, v) VALUES ('one', 1), ('two', 2) ON CONFLICT (k) DO NOTHING;"
)
FAILS = "ALTER TABLE h DROP COLUMN b;"
TOLD = f"""
{H} DO $$ BEGIN {ONE} CREATE TABLE t (a int); END IF; END $$; CREATE TABLE t (a int);
{H} DO $$ BEGIN {ONE} CREATE TABLE t (a int); END IF; END $$; ALTER TABLE t DROP COLUMN b;
{H} DO $$ BEGIN {ONE} CREATE TABLE t (a int); END IF; END $$; DO $$ BEGIN {ONE} {DONE} END IF; END $$; DO $$ BEGIN {ONE} CREATE TABLE t (a int); END IF; END $$; ALTER TABLE t ADD COLUMN a int;
{H} DO $$ BEGIN {ONE} CREATE TABLE t (a int); {DONE} END IF; END $$; DO $$ BEGIN IF EXISTS (SELECT FROM h x WHERE 'one' = x.id LIMIT 1) THEN ALTER TABLE t DROP COLUMN b; END IF; END $$;
{H} {DONE} DO $$ BEGIN {ONE} CREATE TABLE t (a int); END IF; END $$; CREATE TABLE t (a int); ALTER TABLE t ADD COLUMN a int;
{H} INSERT INTO h VALUES ('two'), ('three'); DO $$ BEGIN {ONE} CREATE TABLE t (a int); {DONE} ELSE CREATE TABLE u (a int); END IF; END $$; ALTER TABLE t ADD COLUMN a int; ALTER TABLE t DROP COLUMN b;
{H} DO $$ BEGIN IF NOT EXISTS (SELECT FROM h) THEN CREATE TABLE t (a int); END IF; END $$; {DONE} DO $$ BEGIN IF NOT EXISTS (SELECT FROM h) THEN CREATE TABLE t (a int); END IF; END $$; ALTER TABLE t ADD COLUMN a int;
CREATE TABLE h (id int PRIMARY KEY); INSERT INTO h VALUES (1); DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM h WHERE id = 2) THEN CREATE TABLE t (a int); END IF; IF NOT EXISTS (SELECT 1 FROM h WHERE id = '01') THEN CREATE TABLE t (a int); END IF; END $$; ALTER TABLE t ADD COLUMN a int;
{H} DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM h WHERE id = 'one' AND v = '8') THEN CREATE TABLE t (a int); END IF; END $$; ALTER TABLE t ADD COLUMN a int;
{H} DROP TABLE h; CREATE TABLE h (id text PRIMARY KEY); DO $$ BEGIN {ONE} CREATE TABLE t (a int); END IF; END $$; ALTER TABLE t ADD COLUMN a int;
{S} DO $$ DECLARE n int; BEGIN SELECT id INTO n FROM s WHERE k = 'one'; IF n IS NULL THEN RETURN; END IF; {FAILS} END $$;
{S} DO $$ DECLARE n int; BEGIN SELECT id INTO n FROM s WHERE k = 'one' LIMIT 1; IF n IS NOT NULL THEN {FAILS} END IF; END $$;
{S} DO $$ DECLARE n int := (SELECT id FROM s WHERE k = 'one'); BEGIN IF n IS NOT NULL THEN {FAILS} END IF; END $$;
{S} DO $$ DECLARE n int; BEGIN SELECT id INTO n FROM s WHERE k = 'one'; IF NOT FOUND THEN RETURN; END IF; {FAILS} END $$;
{S} DO $$ BEGIN IF EXISTS (SELECT 1 FROM s WHERE k = 'one') THEN {FAILS} END IF; END $$; INSERT INTO s (k) VALUES ('one');
{S} UPDATE h SET v = '1'; DELETE FROM h; DO $$ BEGIN IF EXISTS (SELECT 1 FROM s WHERE k = 'two') THEN {FAILS} END IF; END $$;
{S} DROP TRIGGER g ON s; UPDATE s SET v = 7; INSERT INTO s (k) VALUES ('two'), ('six') ON CONFLICT (k) DO UPDATE SET v = excluded.v; DO $$ DECLARE n int; BEGIN SELECT id INTO n FROM s WHERE k = 'six'; IF n IS NULL THEN RETURN; END IF; {FAILS} END $$; DO $$ BEGIN IF EXISTS (SELECT 1 FROM s WHERE k = 'one') THEN {FAILS} END IF; END $$;
""".strip().splitlines()


@pytest.mark.parametrize("script", TOLD)
def test_what_fails_behind_a_condition_on_rows(script: str, connection: Any) -> None:
    assert always(script) == set(run(connection, script))
    assert again(script) == run_twice(connection, script)


# Rows that come, or may be, otherwise: nothing is claimed of them but what the server says too.
GUARDED = f"DO $$ BEGIN {ONE} CREATE TABLE t (a int); END IF; END $$; CREATE TABLE t (a int); DROP TABLE t, u;"
BODY = "LANGUAGE plpgsql AS 'BEGIN INSERT INTO h VALUES (''one''); RETURN NULL; END'"
UNTOLD = f"""
{H} INSERT INTO h SELECT 'one'; {GUARDED}
{H} INSERT INTO h VALUES ('o' || 'ne'); {GUARDED}
{H} COPY h FROM PROGRAM 'echo one'; {GUARDED}
{H} INSERT INTO h VALUES ('one') ON CONFLICT DO NOTHING; {GUARDED}
{H} INSERT INTO h VALUES ('two'); UPDATE h SET id = 'one'; {GUARDED}
{H} {DONE} DELETE FROM h; {GUARDED}
{H} {DONE} TRUNCATE h; {GUARDED}
{H} CREATE VIEW w AS SELECT * FROM h; INSERT INTO w VALUES ('one'); {GUARDED}
{H} CREATE TABLE k (a int); CREATE FUNCTION f() RETURNS trigger {BODY}; CREATE TRIGGER g AFTER INSERT ON k FOR EACH ROW EXECUTE FUNCTION f(); INSERT INTO k VALUES (1); {GUARDED}
{H} CREATE TABLE k (a int); CREATE RULE r AS ON INSERT TO k DO INSTEAD INSERT INTO h VALUES ('one'); INSERT INTO k VALUES (1); {GUARDED}
{H} CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ INSERT INTO h VALUES ('one') RETURNING 1 $$; SELECT f(); {GUARDED}
{H} CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ INSERT INTO h VALUES ('one') RETURNING 1 $$; CREATE TABLE k AS SELECT f(); {GUARDED}
{H} CREATE PROCEDURE f() LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'INSERT INTO h VALUES (''one'')'; END $$; CALL f(); {GUARDED}
{H} DO $$ DECLARE n text := 'insert into h values (''o''||''ne'')'; BEGIN EXECUTE n; END $$; {GUARDED}
{H} CREATE TABLE k () INHERITS (h); INSERT INTO k VALUES ('one'); {GUARDED}
CREATE TABLE h (id text, v text); INSERT INTO h VALUES ('one'); {GUARDED}
CREATE TABLE p (id text) PARTITION BY LIST (id); CREATE TABLE h PARTITION OF p FOR VALUES IN ('one'); INSERT INTO p VALUES ('one'); {GUARDED}
CREATE TABLE h (id char(3) PRIMARY KEY); INSERT INTO h VALUES ('one   '); {GUARDED}
CREATE TABLE h AS SELECT text 'one' AS id; {GUARDED}
{H} DO $$ DECLARE b bool := EXISTS (SELECT 1 FROM h WHERE id = 'one'); BEGIN {DONE} IF b THEN CREATE TABLE t (a int); END IF; END $$; {GUARDED}
{H} ALTER TABLE h RENAME TO g; DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM g WHERE id = 'one') THEN CREATE TABLE t (a int); END IF; END $$; CREATE TABLE t (a int); DROP TABLE u;
{H} DO $$ BEGIN IF random() > 2 THEN {DONE} END IF; END $$; {GUARDED}
{H} DO $$ BEGIN IF (SELECT v FROM h WHERE id = 'one') IS NULL THEN {DONE} END IF; END $$; {GUARDED}
{H} DO $$ BEGIN IF EXISTS (SELECT count(*) FROM h WHERE id = 'one') THEN {DONE} END IF; END $$; {GUARDED}
{S} DO $$ DECLARE n int; BEGIN SELECT v INTO n FROM s WHERE k = 'one'; IF n IS NULL THEN {FAILS} END IF; END $$;
{S} UPDATE s SET v = NULL; DO $$ DECLARE n int; BEGIN SELECT v INTO n FROM s WHERE k = 'one'; IF n IS NOT NULL THEN {FAILS} END IF; END $$;
{S} DO $$ DECLARE n int; BEGIN SELECT id INTO n FROM s WHERE k = 'six'; INSERT INTO s (k) VALUES ('six'); IF n IS NOT NULL THEN {FAILS} END IF; END $$;
{S} DO $$ DECLARE n int; BEGIN SELECT id INTO n FROM s WHERE k = 'six'; IF v IS NULL THEN INSERT INTO s (k) VALUES ('six'); END IF; IF n IS NOT NULL THEN {FAILS} END IF; END $$;
{S} DO $$ DECLARE n int; BEGIN SELECT id INTO n FROM s WHERE k = 'six'; FOR i IN 1..2 LOOP IF n IS NOT NULL THEN {FAILS} END IF; INSERT INTO s (k) VALUES ('six') ON CONFLICT (k) DO NOTHING; END LOOP; END $$;
{S} DO $$ BEGIN PERFORM 1 FROM s WHERE k = 'six'; EXECUTE 'INSERT INTO s (k) VALUES (''six'')'; IF FOUND THEN {FAILS} END IF; END $$;
{S} CREATE TRIGGER j BEFORE INSERT ON s FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger(); INSERT INTO s (k) VALUES ('six') ON CONFLICT (k) DO NOTHING; DO $$ BEGIN IF EXISTS (SELECT 1 FROM s WHERE k = 'six') THEN {FAILS} END IF; END $$;
{S} INSERT INTO s (id, k) VALUES (1, 'six') ON CONFLICT (id) DO NOTHING; DO $$ BEGIN IF EXISTS (SELECT 1 FROM s WHERE k = 'six') THEN {FAILS} END IF; END $$;
{S} INSERT INTO s (id, k) VALUES (1, 'six') ON CONFLICT DO NOTHING; DO $$ BEGIN IF EXISTS (SELECT 1 FROM s WHERE k = 'six') THEN {FAILS} END IF; END $$;
{S} INSERT INTO s (k) VALUES ('one') ON CONFLICT (k) DO UPDATE SET k = 'six'; DO $$ BEGIN IF EXISTS (SELECT 1 FROM s WHERE k = 'one') THEN {FAILS} END IF; END $$;
{S} CREATE TABLE c (k text PRIMARY KEY REFERENCES s (k) ON DELETE CASCADE ON UPDATE CASCADE); INSERT INTO c VALUES ('one'); DROP TRIGGER g ON s; DELETE FROM s; DO $$ BEGIN IF EXISTS (SELECT 1 FROM c WHERE k = 'one') THEN {FAILS} END IF; END $$;
{S} CREATE TABLE c (k text PRIMARY KEY REFERENCES s (k) ON DELETE CASCADE ON UPDATE CASCADE); INSERT INTO c VALUES ('one'); DROP TRIGGER g ON s; UPDATE s SET k = k || 's'; DO $$ BEGIN IF EXISTS (SELECT 1 FROM c WHERE k = 'one') THEN {FAILS} END IF; END $$;
{S} CREATE FUNCTION e() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM s; RETURN new; END'; INSERT INTO h VALUES (1); CREATE TRIGGER e AFTER UPDATE ON h FOR EACH ROW EXECUTE FUNCTION e(); UPDATE h SET v = '1'; DO $$ BEGIN IF EXISTS (SELECT 1 FROM s WHERE k = 'one') THEN {FAILS} END IF; END $$;
{S} CREATE VIEW w AS SELECT * FROM s; DELETE FROM w; DO $$ BEGIN IF EXISTS (SELECT 1 FROM s WHERE k = 'one') THEN {FAILS} END IF; END $$;
{S} MERGE INTO s USING s AS o ON s.id = o.id WHEN MATCHED THEN DELETE; DO $$ BEGIN IF EXISTS (SELECT 1 FROM s WHERE k = 'one') THEN {FAILS} END IF; END $$;
{S} WITH x AS (DELETE FROM s RETURNING k) SELECT FROM x; DO $$ BEGIN IF EXISTS (SELECT 1 FROM s WHERE k = 'one') THEN {FAILS} END IF; END $$;
{S} DELETE FROM s; DO $$ BEGIN IF EXISTS (SELECT 1 FROM s WHERE k = 'one') THEN {FAILS} END IF; END $$;
""".strip().splitlines()


@pytest.mark.parametrize("script", UNTOLD)
def test_rows_that_are_not_accounted_for(script: str, connection: Any) -> None:
    assert always(script) <= set(run(connection, script))


def test_what_a_row_stands_for_is_no_doubt() -> None:
    """A database that has the row has run the block."""
    block = f"DO $$ BEGIN {ONE} CREATE TABLE t (a int); {DONE} END IF; END $$;"
    assert found(H, block, "COMMENT ON COLUMN t.a IS 'x';", rerun=Rerun.ALWAYS) == []


def test_a_second_run_asks_again() -> None:
    """Where nothing writes the row, the branch is taken again."""
    block = f"DO $$ BEGIN {ONE} CREATE TABLE t (a int); END IF; END $$;"
    assert found(H, block, rerun=Rerun.ALWAYS) == ["1 drift 42703 column h.id", "1 rerun 42P07 relation t"]
    assert found(H.replace(" IF NOT EXISTS", ""), block.replace("END IF", f"{DONE} END IF"), rerun=Rerun.ALWAYS) == []


def test_the_account_that_a_tool_keeps_is_in_no_doubt() -> None:
    """EF Core's scripts make it where it is missing: nobody else does."""
    account = H.replace(" h ", ' "__EFMigrationsHistory" ')
    block = f"DO $$ BEGIN {ONE} CREATE TABLE IF NOT EXISTS t (a int); {DONE} END IF; END $$;".replace(
        " h ", ' "__EFMigrationsHistory" '
    )
    asked = "COMMENT ON COLUMN t.a IS 'x'; ALTER TABLE t ADD COLUMN a int;"
    expected = ["1 drift 42703 column t.a", "1 always 42701 column t.a"]
    assert found(account, block + asked, framework="efcore", rerun=Rerun.ALWAYS) == expected


def test_a_second_run_takes_nothing_from_what_later_files_know() -> None:
    """It writes rows that nobody knows; the history goes on from the first one."""
    made = "CREATE TABLE h (id varchar(150) PRIMARY KEY, v text); CREATE TABLE u (a int); UPDATE u SET a = 1;"
    twice = "DO $$ BEGIN IF EXISTS (SELECT 1 FROM h WHERE id = 'one') THEN INSERT INTO h SELECT 'two'; END IF; END $$;"
    asked = "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM h WHERE id = 'two') THEN CREATE TABLE t (a int); END IF; END $$;"
    history = history_of(made, twice + DONE, asked, "CREATE TABLE t (a int);")
    history = msgspec.structs.replace(history, named=frozenset(range(4)))
    diagnostics = analyse(history, RULES, rerun=Rerun.ALWAYS).diagnostics
    assert [item.path for item in diagnostics if item.certainty is Certainty.ALWAYS] == ["3.sql"]
