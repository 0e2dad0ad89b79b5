"""Conditions on rows that the history itself writes, as scripts that keep account of what they have run ask them: what is
said to fail, the first and the second time, is what PostgreSQL rejects then."""

from typing import Any

import pytest

from driftproof.rerun import Rerun
from tests.catalog.worlds import again, always, run, run_twice
from tests.histories import found

H = "CREATE TABLE IF NOT EXISTS h (id varchar(150) NOT NULL PRIMARY KEY, v text);"
ONE = "IF NOT EXISTS (SELECT 1 FROM h WHERE id = 'one') THEN"
DONE = "INSERT INTO h (id, v) VALUES ('one', '8');"
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
    assert found(H, block, rerun=Rerun.ALWAYS) == ["1 rerun 42P07 relation t"]
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
