"""Preflight: what pending migrations meet in a database, asked without a write, and right by what then happens there."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import psycopg
import pytest

from driftproof.analysis import analyse
from driftproof.cli import main
from driftproof.diagnostic import Certainty, Diagnostic
from driftproof.history import History, read_directory
from driftproof.history.evidence import read
from driftproof.objects import Object
from driftproof.rerun import Rerun
from driftproof.rule import Rule
from driftproof.runner.cluster import Cluster
from driftproof.runner.drift import NotBuilt, recipes
from driftproof.runner.execute import execute
from driftproof.runner.platforms import Platform, prepare
from driftproof.runner.preflight import Preflight, preflight
from driftproof.runner.server import Server
from driftproof.runner.snapshot import read_only, snapshot
from driftproof.runner.states import States, failures
from driftproof.source import Unreadable
from tests.histories import RULES, history_of

if TYPE_CHECKING:
    from driftproof.runner.server import Connection

EXAMPLE = Path(__file__).parents[2] / "examples" / "integrations"
BOOKKEEPING = """
CREATE SCHEMA IF NOT EXISTS supabase_migrations;
CREATE TABLE IF NOT EXISTS supabase_migrations.schema_migrations (version text PRIMARY KEY, statements text[], name text);
"""


def asked(connection: "Connection", *texts: str, framework: str = "plain") -> Preflight:
    """What a database says of these migrations, the last of which is about to run."""
    return preflight(connection, history_of(*texts, framework=framework))


def failing(found: Preflight) -> list[str]:
    """What will fail: the statement (from 1), its SQLSTATE and why, rows too."""
    lines = [
        f"{item.statement.index + 1} {item.sqlstate} {item.message}" for file in found.pending for item in file.failures
    ]
    rows = [
        f"{item.statement.index + 1} {item.sqlstate} {item.message}"
        for file in found.pending
        for item in file.rows
        if item.fails
    ]
    return lines + rows


# -- nothing is written -------------------------------------------------------------------------------------------------


def test_nothing_is_written(server: Server, connection: "Connection") -> None:
    """No transaction of it got an id, which whatever writes must have, and all is as it was."""
    connection.execute("CREATE TABLE t (a int, b int); INSERT INTO t VALUES (1, NULL); CREATE SEQUENCE s")
    connection.execute(BOOKKEEPING.encode())
    before = snapshot(connection)
    counted = (
        "SELECT pg_snapshot_xmax(pg_current_snapshot()), (SELECT last_value FROM s), array(SELECT xmin::text FROM t)"
    )
    start = connection.execute(counted.encode()).fetchone()

    found = asked(
        connection,
        "ALTER TABLE t ALTER b SET NOT NULL, ADD CHECK (nextval('s') > 0);\nCREATE UNIQUE INDEX ON t (a);\nDROP TABLE s;\n",
        framework="supabase",
    )

    assert len(found.pending) == 1
    assert connection.execute(counted.encode()).fetchone() == start
    assert snapshot(connection) == before


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE x ()",
        "INSERT INTO t VALUES (1)",
        "SELECT nextval('s')",
        "DROP TABLE t",
        "CREATE ROLE x",
        "CREATE TEMP TABLE x (a int)",
    ],
)
def test_its_transaction_can_not_write(connection: "Connection", sql: str) -> None:
    connection.execute("CREATE TABLE t (a int); CREATE SEQUENCE s")
    with read_only(connection), pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        connection.execute(sql.encode())


def test_it_needs_no_right_but_to_connect_for_what_the_catalogs_say(server: Server, database: str) -> None:
    with server.connect(database) as owner:
        owner.execute("CREATE TABLE t (a int, b int); INSERT INTO t VALUES (1, NULL)")
        owner.execute("DROP ROLE IF EXISTS looker; CREATE ROLE looker")
    try:
        with server.connect(database) as connection:
            connection.execute("SET ROLE looker")
            found = asked(connection, "CREATE INDEX ON t (c);\nALTER TABLE t ALTER b SET NOT NULL;\n")
            connection.execute("RESET ROLE")
    finally:
        with server.connect(database) as owner:
            owner.execute("DROP ROLE looker")
    assert failing(found) == ["1 42703 column t.c does not exist"]
    [rows] = found.pending[0].rows
    assert (rows.count, rows.message) == (None, "the rows could not be asked: permission denied for table t")


# -- which migrations are pending ---------------------------------------------------------------------------------------


def test_the_bookkeeping_of_the_tool_says_what_is_pending(connection: "Connection") -> None:
    connection.execute(BOOKKEEPING.encode())
    connection.execute("INSERT INTO supabase_migrations.schema_migrations VALUES ('0'), ('7'); CREATE TABLE t (a int)")
    texts = ("CREATE TABLE t (a int);\n", "CREATE INDEX ON t (a);\n", "CREATE INDEX ON t (b);\n")

    found = asked(connection, *texts, framework="supabase")

    assert (found.counted, found.applied, found.unknown) == (True, 1, ("7",))
    assert [(file.migration.path, file.fails) for file in found.pending] == [("1.sql", False), ("2.sql", True)]


def test_our_own_bookkeeping_counts_too(server: Server, database: str, connection: "Connection") -> None:
    from driftproof.runner.migrate import up

    up(lambda: server.connect(database), history_of("CREATE TABLE t (a int);\n"))
    found = asked(connection, "CREATE TABLE t (a int);\n", "CREATE INDEX ON t (b);\n")
    assert (found.counted, found.applied, len(found.pending)) == (True, 1, 1)
    assert failing(found) == ["1 42703 column t.b does not exist"]


def test_without_bookkeeping_it_is_what_was_named(connection: "Connection") -> None:
    connection.execute("CREATE TABLE t (a int)")
    found = asked(connection, "CREATE TABLE t (a int);\n", "CREATE INDEX ON t (b);\n")
    assert (found.counted, found.applied, len(found.pending)) == (False, 1, 1)


def test_what_a_pending_migration_makes_is_there_for_the_next_one(connection: "Connection") -> None:
    connection.execute(BOOKKEEPING.encode())
    texts = ("CREATE TABLE t (a int);\n", "CREATE INDEX ON t (a);\nCREATE INDEX ON t (b);\n")
    assert failing(asked(connection, *texts, framework="supabase")) == ["2 42703 column t.b does not exist"]


# -- what will fail, and what differs -----------------------------------------------------------------------------------


def test_what_is_there_already_and_what_nobody_made(connection: "Connection") -> None:
    connection.execute("CREATE TABLE t (a int); CREATE POLICY p ON t USING (true); CREATE TYPE mood AS ENUM ('good')")
    found = asked(
        connection,
        "CREATE TABLE t (a int);\nCREATE POLICY p ON t USING (true);\nCREATE TYPE mood AS ENUM ('bad');\n"
        "COMMENT ON TABLE made_by_hand IS 'x';\nCREATE TABLE other.u (a int);\nDO $$ BEGIN PERFORM 1 FRO t; END $$;\n",
    )
    assert failing(found) == [
        "1 42P07 t exists already",
        "2 42710 policy p on t exists already",
        "3 42710 type mood exists already",
        "4 42P01 made_by_hand does not exist",
        "5 3F000 schema other does not exist",
        '6 42601 syntax error at or near "t"',
    ]


def test_an_extension_s_relations_are_there(connection: "Connection") -> None:
    connection.execute("CREATE EXTENSION pg_buffercache")
    assert failing(asked(connection, "CREATE VIEW v AS SELECT bufferid FROM pg_buffercache;\n")) == []


def test_what_differs_from_the_history_is_said(connection: "Connection") -> None:
    history = (
        "CREATE TYPE mood AS ENUM ('good', 'bad');\n"
        "CREATE TABLE t (a int PRIMARY KEY, b varchar(20), c timestamptz, d mood[], e serial, f numeric(10, 2), g text);\n"
        "CREATE TABLE u (a int);\nCREATE INDEX i ON t (b);\nCREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';\n"
    )
    connection.execute(history.encode())
    assert asked(connection, history, "SELECT 1;\n").differences == ()
    connection.execute(
        "DROP TABLE u; DROP INDEX i; ALTER TABLE t DROP COLUMN g, ADD COLUMN x int, ALTER b TYPE text; CREATE TABLE hand (a int);"
        "ALTER TYPE mood ADD VALUE 'so so'; CREATE POLICY p ON t USING (true); DROP FUNCTION f; CREATE FUNCTION f(a text) RETURNS int LANGUAGE sql AS 'SELECT 1'"
    )
    assert asked(connection, history, "SELECT 1;\n").differences == (
        "~ column t.b: type varchar(20) -> text",
        "- column t.g",
        "+ column t.x",
        "- function f(integer)",
        "+ function f(text)",
        "- index public.i",
        "+ label mood.so so",
        "+ policy p on t",
        "+ table public.hand",
        "- table public.u",
    )


def test_a_renamed_column_is_no_difference(connection: "Connection") -> None:
    history = "CREATE TABLE t (a int);\nCREATE INDEX i ON t (a);\nALTER TABLE t RENAME a TO b;\n"
    connection.execute(history.encode())
    assert asked(connection, history, "SELECT 1;\n").differences == ()


def test_what_a_platform_has_by_itself_may_have_changed_there(server: Server) -> None:
    """Its publication has tables, an extension was dropped: a database is what it is."""
    database = server.create_database(prepare(server, "supabase").template)
    text = "ALTER PUBLICATION supabase_realtime DROP TABLE t;\nDROP EXTENSION pg_stat_statements;\n"
    try:
        with server.connect(database) as connection:
            connection.execute(
                "CREATE TABLE t (a int); ALTER PUBLICATION supabase_realtime ADD TABLE t; DROP EXTENSION pg_stat_statements"
            )
            found = asked(connection, text, framework="supabase")
            assert predicted(found) == failures(connection, history_of(text).migrations[0]) == {1: "42704"}
    finally:
        server.drop_database(database)


def test_an_older_server_is_asked_in_its_own_words(old_programs: Path) -> None:
    with Cluster(old_programs) as old, old.connect(old.create_database()) as connection:
        connection.execute(ROWS.encode())
        connection.execute(
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END; CREATE PUBLICATION p FOR TABLE t"
        )
        found = asked(
            connection,
            "CREATE UNIQUE INDEX ON t (a);\nCREATE INDEX ON t (x);\nCREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';\n",
        )
        assert failing(found) == [
            "2 42703 column t.x does not exist",
            "3 42723 function f() exists already",
            "1 23505 1 value stands more than once in t (a)",
        ]


def test_an_insert_names_as_many_columns_as_it_has_values(connection: "Connection") -> None:
    """The table has one column less than the history gives it."""
    connection.execute("CREATE TABLE t (a int, b int)")
    texts = ("CREATE TABLE IF NOT EXISTS t (a int, b int, c int);\n", "INSERT INTO t VALUES (1, 2, 3);\n")
    found = asked(connection, *texts)
    assert predicted(found) == failures(connection, history_of(*texts).migrations[1]) == {0: "42601"}
    [said] = found.pending[0].failures
    assert said.message == "what is there does not let it run: syntax error"


CHANGESETS = """\
--liquibase formatted sql
--changeset me:1 context:test
CREATE INDEX ON t (nope);
ALTER TABLE t ALTER a SET NOT NULL;
SELEC 1;
--changeset me:2
CREATE INDEX ON t (a);
"""


def test_of_what_a_tool_may_leave_out_nothing_is_claimed(connection: "Connection") -> None:
    connection.execute("CREATE TABLE t (a int); INSERT INTO t VALUES (NULL)")
    found = asked(connection, CHANGESETS, framework="liquibase")
    [file] = found.pending
    assert (failing(found), file.fails) == ([], False)
    assert file.open == ("line 2: its tool may leave this out",)
    [rows] = file.rows
    assert (rows.message, rows.perhaps, rows.fails) == ("1 row of t has NULL in a", True, False)


def test_behind_what_a_tool_puts_in_nothing_is_claimed(connection: "Connection") -> None:
    connection.execute("CREATE TABLE t (a int)")
    text = 'CREATE INDEX ON t (b);\n{{ template "more.sql" . }}\nCREATE INDEX ON t (c);\n'
    found = asked(connection, text, framework="tern")
    assert failing(found) == ["1 42703 column t.b does not exist"]
    assert found.pending[0].open == ("line 2: what its tool puts in here is not known",)


# -- rows ---------------------------------------------------------------------------------------------------------------

ROWS = """
CREATE TABLE o (id int PRIMARY KEY);
CREATE TABLE t (a int, b int, c text, d int);
INSERT INTO o VALUES (1);
INSERT INTO t VALUES (1, 1, 'x', 1), (1, 2, NULL, -1), (3, 1, '', NULL);
"""


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("ALTER TABLE t ALTER c SET NOT NULL", ["1 23502 1 row of t has NULL in c"]),
        ("ALTER TABLE t ALTER a SET NOT NULL", []),
        ("ALTER TABLE t ADD e int NOT NULL", ["1 23502 t has 3 rows, which would have no value in the new column e"]),
        ("ALTER TABLE t ADD e int NOT NULL DEFAULT 1", []),
        ("ALTER TABLE t ADD e int GENERATED ALWAYS AS IDENTITY", []),
        ("ALTER TABLE t ADD UNIQUE (a)", ["1 23505 1 value stands more than once in t (a)"]),
        ("ALTER TABLE t ADD UNIQUE (a, b)", []),
        ("ALTER TABLE t ADD UNIQUE (d)", []),
        ("CREATE UNIQUE INDEX ON t (b)", ["1 23505 1 value stands more than once in t (b)"]),
        ("CREATE UNIQUE INDEX ON t (b) WHERE a > 1", []),
        ("CREATE UNIQUE INDEX ON t (b) WHERE (a < 9)", ["1 23505 1 value stands more than once in t (b)"]),
        ("ALTER TABLE t ADD PRIMARY KEY (a)", ["1 23505 1 value stands more than once in t (a)"]),
        ("ALTER TABLE t ADD CHECK (d > 0)", ["1 23514 1 row of t does not meet CHECK (d > 0)"]),
        ("ALTER TABLE t ADD CONSTRAINT n CHECK (d > 0) NOT VALID", []),
        ("ALTER TABLE t ADD CHECK (a > 0)", []),
        (
            "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES o",
            ["1 23503 1 row of t has a value in a that o does not have"],
        ),
        (
            "ALTER TABLE t ADD CONSTRAINT n FOREIGN KEY (d) REFERENCES o (id)",
            ["1 23503 1 row of t has a value in d that o does not have"],
        ),
        ("ALTER TABLE o ADD FOREIGN KEY (id) REFERENCES o", []),
    ],
)
def test_rows_that_stand_in_the_way_are_counted(connection: "Connection", sql: str, said: list[str]) -> None:
    connection.execute(ROWS.encode())

    assert failing(asked(connection, sql + ";\n")) == said

    if said:
        with pytest.raises(psycopg.Error) as error:
            connection.execute(sql.encode())
        assert error.value.sqlstate == said[0].split()[1]
    else:
        connection.execute(sql.encode())


def test_a_statement_before_it_may_change_the_rows(connection: "Connection") -> None:
    connection.execute(ROWS.encode())
    found = asked(connection, "UPDATE t SET c = '' WHERE c IS NULL;\nALTER TABLE t ALTER c SET NOT NULL;\n")
    assert failing(found) == []
    [rows] = found.pending[0].rows
    assert (rows.count, rows.changed) == (1, True)


def test_rows_that_a_fix_would_meet_are_told_apart(connection: "Connection") -> None:
    connection.execute(ROWS.encode())
    found = asked(
        connection, "CREATE TABLE IF NOT EXISTS t (a int UNIQUE, b int, c text, d int CHECK (d > 0), e int NOT NULL);\n"
    )
    assert found.status == 0
    assert [(rows.fix, rows.sqlstate, rows.count) for rows in found.pending[0].rows] == [
        (True, "23505", 1),
        (True, "23514", 1),
        (True, "23502", 3),
    ]


# -- held against what then happens -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def platform(server: Server) -> Platform:
    return prepare(server, None)


def predicted(found: Preflight) -> dict[int, str]:
    return {item.statement.index: item.sqlstate for file in found.pending for item in file.failures}


# What is known of values and types in no snapshot, so that nothing is said; a wrong SQLSTATE of the catalog's; and
# what fails only because the statements are run one by one here, each in a transaction of its own.
_NOT_SAID = {"42704", "42601", "25P01"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_cases_of_the_rules_fail_as_they_were_said_to(server: Server, platform: Platform, rule: Rule) -> None:
    """On a database that has run the migrations before, and on one that an earlier attempt left without an object; what
    was seen there confirms the doubt of that object, and no other one."""
    for case in rule.cases:
        history = history_of(*case.earlier, case.sql)
        everything = doubts(history)
        for database, lacking in _databases(server, platform, history, everything):
            try:
                with server.connect(database) as connection:
                    asked = preflight(connection, history)
                    found = predicted(asked)
                    try:
                        real = failures(connection, history.migrations[-1])
                    except Unreadable:
                        continue
            finally:
                server.drop_database(database)
            unlike = {index for index in real if found.get(index) != real[index]} | (found.keys() - real.keys())
            assert all(real.get(index) in _NOT_SAID for index in unlike), (case.sql, found, real)
            applied = tuple(migration.version for migration in history.migrations[:-1])
            evidence = msgspec.structs.replace(asked.seen, applied=applied, path="production.snapshot.json")
            left = doubts(msgspec.structs.replace(history, snapshots=(evidence,)))
            for item in everything:
                assert item.statement is not None
                if item.statement.index not in real:
                    assert item.object not in [other.object for other in left if other.confirmed], case.sql
                elif item.object == lacking and real[item.statement.index] == item.sqlstate:
                    assert item.object in [other.object for other in left], case.sql


def doubts(history: History) -> list[Diagnostic]:
    found = analyse(history, RULES, rerun=Rerun.NEVER).diagnostics
    return [item for item in found if item.certainty is Certainty.DRIFT and item.origin is not None]


def _databases(
    server: Server, platform: Platform, history: History, drifting: list[Diagnostic]
) -> Iterator[tuple[str, Object | None]]:
    """Databases before the last migration, each with the object that it lacks."""
    fresh = server.create_database(platform.template)
    with server.connect(fresh) as connection:
        for migration in history.migrations[:-1]:
            failures(connection, migration)
    yield fresh, None
    if not drifting:
        return
    wanted = {item.origin.migration for item in drifting if item.origin} | {history.migrations[-1].index}
    states = States(server, platform, history, wanted)
    for item in drifting:
        assert item.object is not None
        assert item.origin is not None
        try:
            database = states.build(next(recipes(history, history.migrations[-1], item.object, item.origin)))
        except NotBuilt:
            continue
        yield database, item.object
    states.close()


class TestCommand:
    """`driftproof preflight --database-url` on the example."""

    @pytest.fixture
    def example(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)
        monkeypatch.chdir(tmp_path)
        return tmp_path

    @pytest.fixture
    def drifted(self, server: Server) -> Iterator[str]:
        """A project that has run the first migration of five, and has the fourth one's table, but not all of its columns."""
        template = prepare(server, "supabase").template
        name = server.create_database(template)
        history = next(read_directory(EXAMPLE / "supabase" / "migrations", None, None))
        with server.connect(name) as connection:
            connection.execute(BOOKKEEPING.encode())
            assert execute(connection, history.migrations[0]).ok
            connection.execute("INSERT INTO supabase_migrations.schema_migrations VALUES ('20250122000000')")
            connection.execute(
                "CREATE TABLE system_health_checks (id bigint PRIMARY KEY, organization_id uuid, component text)"
            )
        yield name
        server.drop_database(name)

    def url(self, server: Server, database: str) -> str:
        with server.connect(database) as connection:
            info = connection.info
            return f"postgresql://{info.user}@/{database}?host={info.host}&port={info.port}"

    def test_it_says_what_fails_then(
        self, server: Server, drifted: str, example: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        status = main(["preflight", "--format", "json", "--database-url", self.url(server, drifted)])

        document = json.loads(capfd.readouterr().out)
        assert status == 1
        assert (document["counted"], document["applied"], len(document["pending"])) == (True, 1, 4)
        history = next(read_directory(EXAMPLE / "supabase" / "migrations", None, None))
        for migration, file in zip(history.migrations[1:], document["pending"], strict=True):
            with server.connect(drifted) as connection:
                outcome = execute(connection, migration)
            assert file["fails"] is not outcome.ok
            if not outcome.ok:
                first = file["failures"][0]
                assert (first["statement"]["index"], first["sqlstate"]) == (outcome.statement, outcome.sqlstate)
                break
        assert migration.path.endswith("20250123000001_phase3_system_health_monitoring.sql")
        assert "+ table public.system_health_checks" in document["differences"]

    def test_the_snapshot_that_it_writes_is_evidence(
        self, server: Server, drifted: str, example: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        main(
            [
                "preflight",
                "--database-url",
                self.url(server, drifted),
                "--snapshot",
                "supabase/production.snapshot.json",
            ]
        )
        said = capfd.readouterr().out
        assert "will fail" in said.splitlines()[-1]

        assert main(["check", "--format", "json"]) == 1
        found = [item for item in json.loads(capfd.readouterr().out)["diagnostics"] if item["severity"] == "error"]

        assert {item["path"].rpartition("_")[0] for item in found} == {
            "supabase/migrations/20250123000001_phase3_system_health"
        }
        assert all(item["because"][-1]["path"] == "supabase/production.snapshot.json" for item in found)
        first = read(example / "supabase" / "production.snapshot.json")
        main(
            [
                "preflight",
                "--database-url",
                self.url(server, drifted),
                "--snapshot",
                "supabase/production.snapshot.json",
            ]
        )
        again = read(example / "supabase" / "production.snapshot.json")
        assert msgspec.structs.replace(again, taken=first.taken) == first
        assert not any(key.startswith(("table auth.", "function storage.", "schema auth")) for key in first.objects)

    def test_it_can_be_another_host(self, example: Path, capfd: pytest.CaptureFixture[str]) -> None:
        """It only reads; that the host must be there is all that is asked."""
        assert main(["preflight", "--database-url", "postgresql://db.invalid/x?connect_timeout=2"]) == 2
        captured = capfd.readouterr()
        assert captured.err.count("\n") == 1
        assert "--allow-remote" not in captured.err
