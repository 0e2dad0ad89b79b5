"""What each run mode leaves behind: each line was tried on PostgreSQL 18, whose documentation has most of them.

"Multiple Statements in a Simple Query" and "Pipelining" in the chapter on the message flow.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from driftproof.history import Migration, RunMode
from driftproof.runner.execute import Outcome, execute, execute_batch
from driftproof.runner.wire import Command

if TYPE_CHECKING:
    from driftproof.runner.server import Connection, Server

Make = Callable[..., Migration]

CIC = "CREATE INDEX CONCURRENTLY i ON base (a);\n"
VERSION = Command("INSERT INTO versions VALUES ($1)", ("1",))
FAIL = "SELECT 1/0;\n"


@pytest.fixture(autouse=True)
def before(connection: "Connection") -> None:
    """A table that stands, one with bookkeeping."""
    connection.execute("CREATE TABLE base (a int); CREATE TABLE versions (v text)")


def there(connection: "Connection", *names: str) -> list[str]:
    """Those of the names that are relations."""
    return [
        name
        for name in names
        if (row := connection.execute("SELECT to_regclass(%s)", (name,)).fetchone()) and row[0] is not None
    ]


def recorded(connection: "Connection") -> bool:
    row = connection.execute("SELECT count(*) FROM versions").fetchone()
    return row == (1,)


def run(connection: "Connection", migration: Migration) -> Outcome:
    return execute(connection, migration, bookkeeping=VERSION)


PIPELINE = [
    # (text, failing statement, SQLSTATE, relations that are there afterwards, whether the version is recorded)
    ("CREATE TABLE t ();\nCREATE TABLE u ();\n", None, None, ["t", "u"], True),
    ("CREATE TABLE t ();\n" + FAIL, 1, "22012", [], False),
    ("CREATE TABLE t ();\n" + CIC, 1, "25001", [], False),
    ("SET lock_timeout = '4s';\n" + CIC, 1, "25001", [], False),
    (CIC, None, None, ["i"], True),
    ("-- a comment\n;" + CIC, None, None, ["i"], True),
    (CIC + "CREATE TABLE t ();\n" + FAIL, 2, "22012", ["i"], False),
    (CIC + "CREATE INDEX CONCURRENTLY j ON base (a);\n", 1, "25001", ["i"], False),
    ("BEGIN;\nCREATE TABLE t ();\nCOMMIT;\nCREATE TABLE u ();\n" + FAIL, 4, "22012", ["t"], False),
    ("CREATE TABLE t ();\nCOMMIT;\nCREATE TABLE u ();\n" + FAIL, 3, "22012", ["t"], False),
    ("CREATE TABLE t (a int);\nCOPY t FROM stdin;\n", 1, "08P01", [], False),
    ("CREATE TABLE t ();\nCREATE TABL u ();\n", 1, "42601", [], False),
]


@pytest.mark.parametrize(("sql", "statement", "sqlstate", "left", "version"), PIPELINE)
def test_pipeline(
    connection: "Connection",
    migration: Make,
    sql: str,
    statement: int | None,
    sqlstate: str | None,
    left: list[str],
    version: bool,
) -> None:
    outcome = run(connection, migration(sql, RunMode.PIPELINE))
    assert (outcome.ok, outcome.statement, outcome.sqlstate) == (sqlstate is None, statement, sqlstate)
    assert there(connection, "t", "u", "i", "j") == left
    assert recorded(connection) is version
    assert not outcome.left_open


def test_pipeline_that_begins_and_does_not_commit_loses_everything_without_an_error(
    connection: "Connection", migration: Make
) -> None:
    outcome = run(connection, migration("CREATE TABLE t ();\nBEGIN;\nCREATE TABLE u ();\n", RunMode.PIPELINE))
    assert outcome.ok
    assert outcome.left_open
    assert there(connection, "t", "u") == []
    assert not recorded(connection)


def test_pipeline_whose_commit_fails_blames_no_statement(connection: "Connection", migration: Make) -> None:
    sql = "CREATE TABLE t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO t VALUES (1), (1);\n"
    outcome = run(connection, migration(sql, RunMode.PIPELINE))
    assert (outcome.ok, outcome.statement, outcome.sqlstate) == (False, None, "23505")
    assert there(connection, "t") == []


SIMPLE = [
    ("CREATE TABLE t ();\nCREATE TABLE u ();\n", None, None, ["t", "u"]),
    ("CREATE TABLE t ();\n" + FAIL, 1, "22012", []),
    ("CREATE TABLE t ();\nSELECT nothing FROM base;\nSELECT 1;\n", 1, "42703", []),
    (CIC, None, None, ["i"]),
    ("/* a comment */ ;;\n" + CIC + ";;", None, None, ["i"]),
    ("CREATE TABLE t ();\n" + CIC, 1, "25001", []),
    (CIC + "CREATE TABLE t ();\n", 0, "25001", []),
    ("SET lock_timeout = '4s';\n" + CIC, 1, "25001", []),
    ("COMMIT;\n" + CIC, 1, "25001", []),
    ("BEGIN;\nCREATE TABLE t ();\nCOMMIT;\nCREATE TABLE u ();\n" + FAIL, 4, "22012", ["t"]),
    ("CREATE TABLE t ();\nCREATE TABL u ();\n", 1, "42601", []),
    ("SELECT 'é', '\U0001f40d';\nSELECT nothing;\n", 1, "42703", []),
    ("CREATE TABLE t (a int);\nCOPY t FROM stdin;\n", 1, "57014", []),
    ("CREATE TABLE t (a int);\nCOPY base TO stdout;\nSELECT 1/0;\n", 2, "22012", []),
    ("", None, None, []),
]


@pytest.mark.parametrize(("sql", "statement", "sqlstate", "left"), SIMPLE)
def test_simple(
    connection: "Connection", migration: Make, sql: str, statement: int | None, sqlstate: str | None, left: list[str]
) -> None:
    outcome = run(connection, migration(sql, RunMode.SIMPLE))
    assert (outcome.ok, outcome.statement, outcome.sqlstate) == (sqlstate is None, statement, sqlstate)
    assert there(connection, "t", "u", "i", "j") == left
    assert recorded(connection) is (sqlstate is None)


def test_simple_that_begins_and_does_not_commit_loses_everything(connection: "Connection", migration: Make) -> None:
    outcome = run(connection, migration("BEGIN;\nCREATE TABLE t ();\n", RunMode.SIMPLE))
    assert outcome.ok
    assert outcome.left_open
    assert there(connection, "t") == []
    assert not recorded(connection)


TRANSACTION = [
    ("CREATE TABLE t ();\nCREATE TABLE u ();\n", None, None, ["t", "u"]),
    ("CREATE TABLE t ();\n" + FAIL, 1, "22012", []),
    (CIC, 0, "25001", []),
    # The inner COMMIT ends the runner's transaction; what follows it is a transaction of its own.
    ("BEGIN;\nCREATE TABLE t ();\nCOMMIT;\nCREATE TABLE u ();\n" + FAIL, 4, "22012", ["t"]),
    ("CREATE TABLE t ();\nROLLBACK;\nCREATE TABLE u ();\n", None, None, ["u"]),
]


@pytest.mark.parametrize("mode", [RunMode.TRANSACTION, RunMode.BATCH])
@pytest.mark.parametrize(("sql", "statement", "sqlstate", "left"), TRANSACTION)
def test_transaction(
    connection: "Connection",
    migration: Make,
    mode: RunMode,
    sql: str,
    statement: int | None,
    sqlstate: str | None,
    left: list[str],
) -> None:
    outcome = run(connection, migration(sql, mode))
    assert (outcome.ok, outcome.statement, outcome.sqlstate) == (sqlstate is None, statement, sqlstate)
    assert there(connection, "t", "u", "i", "j") == left
    assert recorded(connection) is (sqlstate is None)
    assert not outcome.left_open


def test_transaction_whose_commit_fails_blames_no_statement(connection: "Connection", migration: Make) -> None:
    sql = "CREATE TABLE t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO t VALUES (1), (1);\n"
    outcome = run(connection, migration(sql, RunMode.TRANSACTION))
    assert (outcome.ok, outcome.statement, outcome.sqlstate) == (False, None, "23505")
    assert there(connection, "t") == []


def test_transaction_that_begins_again_is_warned(connection: "Connection", migration: Make) -> None:
    outcome = run(connection, migration("BEGIN;\nCREATE TABLE t ();\nCOMMIT;\n", RunMode.TRANSACTION))
    assert outcome.ok
    assert outcome.notes == (
        "WARNING: there is already a transaction in progress",
        "WARNING: there is no transaction in progress",
    )


ENUM = "ALTER TYPE e ADD VALUE 'b';\nCREATE TABLE t (v e DEFAULT 'b');\n"


def test_an_enum_label_can_be_used_only_in_the_transaction_that_made_its_type(
    connection: "Connection", migration: Make
) -> None:
    connection.execute("CREATE TYPE e AS ENUM ('a')")
    outcome = run(connection, migration(ENUM, RunMode.SIMPLE))
    assert (outcome.statement, outcome.sqlstate) == (1, "55P04")
    connection.execute("DROP TYPE e")
    assert run(connection, migration("CREATE TYPE e AS ENUM ('a');\n" + ENUM, RunMode.SIMPLE)).ok


AUTOCOMMIT = [
    ("CREATE TABLE t ();\n" + FAIL + "CREATE TABLE u ();\n", 1, "22012", ["t"]),
    ("CREATE TABLE t ();\n" + CIC, None, None, ["t", "i"]),
    ("BEGIN;\nCREATE TABLE t ();\n" + FAIL + "COMMIT;\n", 2, "22012", []),
    ("CREATE TABLE t ();\nCREATE TABL u ();\nCREATE TABLE u ();\n", 1, "42601", ["t"]),
]


@pytest.mark.parametrize(("sql", "statement", "sqlstate", "left"), AUTOCOMMIT)
def test_autocommit(
    connection: "Connection", migration: Make, sql: str, statement: int | None, sqlstate: str | None, left: list[str]
) -> None:
    outcome = run(connection, migration(sql, RunMode.AUTOCOMMIT))
    assert (outcome.ok, outcome.statement, outcome.sqlstate) == (sqlstate is None, statement, sqlstate)
    assert there(connection, "t", "u", "i", "j") == left
    assert recorded(connection) is (sqlstate is None)


DUMP = """\\restrict abc
-- \\not a command
CREATE TABLE t (a int, b text);
COPY t (a, b) FROM stdin;
1\tone; it's
2\t\\N
\\.

CREATE TABLE u (); \\echo done
\\unrestrict abc
"""


def test_autocommit_feeds_copy_and_leaves_out_psqls_own_commands(connection: "Connection", migration: Make) -> None:
    outcome = run(connection, migration(DUMP, RunMode.AUTOCOMMIT))
    assert outcome.ok, outcome
    assert connection.execute("SELECT a, b FROM t ORDER BY a").fetchall() == [(1, "one; it's"), (2, None)]
    assert there(connection, "u") == ["u"]
    assert outcome.notes == (
        "line 1: psql's \\restrict abc was left out",
        "line 9: psql's \\echo done was left out",
        "line 10: psql's \\unrestrict abc was left out",
    )


def test_copy_without_an_end_mark_ends_with_the_file(connection: "Connection", migration: Make) -> None:
    outcome = run(connection, migration("COPY base FROM stdin;\r\n1\r\n2", RunMode.AUTOCOMMIT))
    assert outcome.ok, outcome
    assert connection.execute("SELECT a FROM base").fetchall() == [(1,), (2,)]


@pytest.mark.parametrize("mode", list(RunMode))
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_failure_points_to_its_place_in_the_file(
    connection: "Connection", migration: Make, mode: RunMode, mark: str
) -> None:
    sql = (
        f"{mark}-- ünï \U0001f40d\r\nSELECT 'ä';\r\n  COMMENT ON TABLE base IS 'ö';\r\nSELECT 'ß', none FROM base;\r\n"
    )
    outcome = run(connection, migration(sql, mode))
    assert (outcome.statement, outcome.sqlstate) == (2, "42703")
    assert outcome.message == 'column "none" does not exist'
    assert outcome.at == sql.encode().index(b"none")


@pytest.mark.parametrize("mode", list(RunMode))
@pytest.mark.parametrize(
    ("statement", "sqlstate", "place"),
    [
        ("COMMENT ON COLUMN base.b IS 'gone'", "42703", "b IS"),
        ("COMMENT ON COLUMN base.\"B\" IS 'gone'", "42703", "B"),
        ("ALTER TABLE base ADD COLUMN a int", "42701", "a int"),
        ("DO $$ BEGIN PERFORM 1; ALTER TABLE Nowhere ADD x int; END $$", "42P01", "Nowhere"),
        ("SELECT 1/0", "22012", "SELECT"),
    ],
)
def test_a_failure_without_a_place_points_to_the_name_or_the_statement(
    connection: "Connection", migration: Make, mode: RunMode, statement: str, sqlstate: str, place: str
) -> None:
    before = "SELECT 1;\n\n/* why: ä */ "
    outcome = run(connection, migration(f"{before}{statement};\nSELECT 2;\n", mode))
    assert (outcome.statement, outcome.sqlstate) == (1, sqlstate)
    assert outcome.at == len(before.encode()) + statement.index(place)


@pytest.mark.parametrize("mode", list(RunMode))
def test_a_failing_block_says_where(connection: "Connection", migration: Make, mode: RunMode) -> None:
    sql = "DO $$\nBEGIN\n  RAISE EXCEPTION 'no' USING HINT = 'try', DETAIL = 'more', ERRCODE = 'P0042';\nEND $$;\n"
    outcome = run(connection, migration(sql, mode))
    assert (outcome.statement, outcome.sqlstate, outcome.message) == (0, "P0042", "no")
    assert (outcome.hint, outcome.detail) == ("try", "more")
    assert outcome.context is not None
    assert "line 3" in outcome.context


@pytest.mark.parametrize("mode", list(RunMode))
def test_bookkeeping_that_fails_blames_no_statement(connection: "Connection", migration: Make, mode: RunMode) -> None:
    outcome = run(connection, migration("DROP TABLE versions;\n", mode))
    assert (outcome.ok, outcome.statement, outcome.sqlstate) == (False, None, "42P01")


@pytest.mark.parametrize("mode", list(RunMode))
def test_the_connection_is_idle_afterwards_and_can_be_used_again(
    connection: "Connection", migration: Make, mode: RunMode
) -> None:
    for _ in range(2):
        assert not run(connection, migration("BEGIN;\n" + FAIL, mode)).ok
        assert connection.info.transaction_status == 0
    assert run(connection, migration("CREATE TABLE t ();\n", mode)).ok


def test_a_batch_stays_as_a_whole_or_not_at_all(connection: "Connection", migration: Make) -> None:
    first = migration("CREATE TABLE t ();\n", RunMode.BATCH)
    second = migration("CREATE TABLE u ();\n" + FAIL, RunMode.BATCH)
    third = migration("CREATE TABLE v ();\n", RunMode.BATCH)
    outcomes = execute_batch(connection, [(first, VERSION), (second, VERSION), (third, VERSION)])
    assert [(outcome.ok, outcome.statement) for outcome in outcomes] == [(True, None), (False, 1)]
    assert there(connection, "t", "u", "v") == []
    outcomes = execute_batch(connection, [(first, VERSION), (third, None)])
    assert [outcome.ok for outcome in outcomes] == [True, True]
    assert there(connection, "t", "u", "v") == ["t", "v"]
    assert recorded(connection)


def test_a_large_file_does_not_block_the_pipeline(connection: "Connection", migration: Make) -> None:
    """Both sides' buffers would fill if the answers were read only at the end."""
    sql = "".join(f"SELECT repeat('x', 2000), '{'y' * 2000}' -- {number}\n;" for number in range(2000))
    outcome = run(connection, migration(sql + FAIL, RunMode.PIPELINE))
    assert (outcome.statement, outcome.sqlstate) == (2000, "22012")


def test_a_statement_timeout_is_the_servers_error(server: "Server", database: str, migration: Make) -> None:
    with server.connect(database, statement_timeout=0.05) as limited:
        outcome = execute(limited, migration("SELECT 1;\nSELECT pg_sleep(10);\n", RunMode.TRANSACTION))
    assert (outcome.statement, outcome.sqlstate) == (1, "57014")
    assert outcome.seconds < 5
