"""The reference runner from the command line, on a database that it is pointed to and on its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import pytest

from driftproof.cli import main
from driftproof.history import RunMode, read_directory
from driftproof.runner.migrate import applied, up
from driftproof.runner.plan import Refused, checksum
from driftproof.source import Source

if TYPE_CHECKING:
    from driftproof.runner.server import Connection, Server

FIRST = "20250101000000_first.sql"
SECOND = "20250102000000_second.sql"
THIRD = "20250103000000_third.sql"


class Result(NamedTuple):
    """A run's exit status and output."""

    status: int
    out: str
    err: str


class Project:
    """A folder of migrations, and the database that they are for."""

    def __init__(self, root: Path, url: str, run: Callable[..., Result]) -> None:
        self.root, self.url, self._run = root, url, run
        self.directory = root / "supabase" / "migrations"

    def write(self, name: str, text: str | bytes) -> Path:
        """A migration with this text."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def plain(self) -> None:
        """Let psql be what runs the migrations."""
        self.directory = self.root / "sql"

    def run(self, command: str, *args: str) -> Result:
        """``driftproof migrate`` on the database."""
        return self._run("migrate", command, *args, "--database-url", self.url)

    def embedded(self, command: str, *args: str) -> Result:
        """``driftproof migrate`` on a server of its own."""
        return self._run("migrate", command, *args)

    def start(self, *args: str) -> subprocess.Popen[str]:
        """``driftproof migrate up`` in another process."""
        return subprocess.Popen(
            [sys.executable, "-m", "driftproof", "migrate", "up", "--database-url", self.url, *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.root,
        )


@pytest.fixture
def project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], server: "Server", database: str
) -> Project:
    """A folder, which is the current one, and an empty database."""

    def run(*args: str) -> Result:
        capsys.readouterr()
        return Result(main(args), *capsys.readouterr())

    monkeypatch.chdir(tmp_path)
    return Project(tmp_path, f"postgresql://postgres@/{database}?host={server.maintenance.info.host}", run)


def rows(connection: "Connection", sql: str) -> list[Any]:
    return connection.execute(sql.encode()).fetchall()


def until(connection: "Connection", sql: str) -> None:
    """Wait until a query gives a row."""
    end = time.monotonic() + 20
    while not rows(connection, sql):
        assert time.monotonic() < end, sql
        time.sleep(0.01)


def test_what_is_lacking_is_applied_and_recorded(project: Project, connection: "Connection") -> None:
    first = project.write(FIRST, "CREATE TABLE a ();\n")
    project.write(SECOND, "CREATE TABLE b ();\n")
    result = project.run("up")
    assert (result.status, result.err) == (0, "")
    assert "2 migrations to apply (Supabase CLI)" in result.out
    assert f"applied  {FIRST}" in result.out
    recorded = applied(connection)
    assert [(row.version, row.name, row.run_mode) for row in recorded] == [
        ("20250101000000", FIRST, "pipeline"),
        ("20250102000000", SECOND, "pipeline"),
    ]
    assert recorded[0].checksum == checksum(Source.read(first))
    again = project.run("up")
    assert (again.status, again.err) == (0, "")
    assert "0 migrations to apply" in again.out
    project.write(THIRD, "CREATE TABLE c ();\n")
    assert "1 migration to apply" in project.run("up").out
    assert len(applied(connection)) == 3


def test_status_tells_each_state(project: Project) -> None:
    project.write(FIRST, "CREATE TABLE a ();\n")
    project.write(SECOND, "CREATE TABLE b ();\n")
    result = project.run("status")
    assert (result.status, result.err) == (0, "")
    assert result.out.endswith("2 pending\n")
    assert project.run("up", "supabase/migrations").status == 0
    project.write(THIRD, "CREATE TABLE c ();\n")
    result = project.run("status")
    assert result.status == 0
    assert "2 applied, 1 pending" in result.out
    (project.directory / FIRST).unlink()
    project.write(SECOND, "CREATE TABLE b (edited int);\n")
    project.write("20250101500000_late.sql", "CREATE TABLE late ();\n")
    result = project.run("status")
    assert (result.status, result.err) == (1, "")
    assert "1 edited, 1 missing, 1 out of order, 1 pending" in result.out


def test_status_and_a_dry_run_change_nothing(project: Project, connection: "Connection") -> None:
    project.write(FIRST, "CREATE TABLE a ();\n")
    assert project.run("status").status == 0
    result = project.run("up", "--dry-run")
    assert (result.status, result.err) == (0, "")
    assert f"1 migration to apply (Supabase CLI)\n  {FIRST}  pipeline\n" in result.out
    assert rows(connection, "SELECT nspname FROM pg_namespace WHERE nspname = 'driftproof'") == []
    assert rows(connection, "SELECT FROM pg_class WHERE relname = 'a'") == []


def test_a_failing_statement_is_shown_in_its_file(project: Project, connection: "Connection") -> None:
    project.write(FIRST, "CREATE TABLE a ();\n")
    project.write(SECOND, "CREATE TABLE b ();\n\nCOMMENT ON COLUMN b.gone\n  IS 'x';\n")
    project.write(THIRD, "CREATE TABLE c ();\n")
    result = project.run("up")
    assert (result.status, result.err) == (1, "")
    assert (
        f'supabase/migrations/{SECOND}:3:21: 42703 column "gone" of relation "b" does not exist\n'
        "  |\n3 | COMMENT ON COLUMN b.gone\n  |                     ^^^^\n"
    ) in result.out
    assert result.out.endswith("1 applied, 1 failed, 1 not tried\n")
    assert [row.name for row in applied(connection)] == [FIRST]
    assert rows(connection, "SELECT FROM pg_class WHERE relname IN ('b', 'c')") == []


def test_what_the_server_adds_is_shown(project: Project) -> None:
    project.write(FIRST, "DO $$\nBEGIN\n  RAISE EXCEPTION 'no' USING DETAIL = 'more', HINT = 'try';\nEND $$;\n")
    out = project.run("up").out
    assert "1:1: P0001 no\n" in out
    assert "  = detail: more\n  = hint: try\n  = context: PL/pgSQL function inline_code_block line 3 at RAISE\n" in out


def test_a_failure_of_the_commit_is_no_statements(project: Project, connection: "Connection") -> None:
    project.write(
        FIRST, "CREATE TABLE t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO t VALUES (1), (1);\n"
    )
    result = project.run("up")
    assert result.status == 1
    assert "23505" in result.out
    assert "not in a statement" in result.out
    assert applied(connection) == ()


def test_files_share_a_session_as_their_tool_has_it(project: Project) -> None:
    project.write(FIRST, "SET search_path = ''; CREATE TABLE public.a (); CREATE TEMP TABLE temporary ();\n")
    project.write(SECOND, "CREATE TABLE b (); SELECT FROM temporary;\n")
    assert project.run("up").status == 0, "RESET ALL comes between them, but what is temporary stays"


def test_where_no_tool_is_known_each_file_has_a_session_of_its_own(project: Project) -> None:
    project.plain()
    project.write("1_a.sql", "SET search_path = ''; CREATE TABLE public.a (); CREATE TEMP TABLE temporary ();\n")
    project.write("2_b.sql", "CREATE TABLE b (); CREATE TEMP TABLE temporary ();\n")
    assert project.run("up", "sql").status == 0


def test_without_a_transaction_what_came_before_the_failure_stays(project: Project, connection: "Connection") -> None:
    project.plain()
    project.write("1_a.sql", "CREATE TABLE a ();\n\\echo hello\nCREATE INDEX CONCURRENTLY ON a ((1));\nSELECT 1/0;\n")
    result = project.run("up", "sql")
    assert result.status == 1
    assert "line 2: psql's \\echo hello was left out" in result.out
    assert "What the 2 statements before did may stay" in result.out
    assert applied(connection) == ()
    assert len(rows(connection, "SELECT FROM pg_class WHERE relname = 'a'")) == 1


def test_a_transaction_that_is_never_ended_is_a_failure(project: Project, connection: "Connection") -> None:
    project.write(FIRST, "CREATE TABLE a ();\nBEGIN;\n")
    result = project.run("up")
    assert result.status == 1
    assert "is never ended: nothing of it stays" in result.out
    assert applied(connection) == ()


# Refusals


def refused(result: Result, *words: str) -> None:
    assert result.status == 2
    assert result.out == ""
    assert result.err.startswith("driftproof: ")
    assert result.err.count("\n") == 1
    for word in words:
        assert word in result.err


@pytest.fixture
def two(project: Project) -> Project:
    """Two migrations, which are applied."""
    project.write(FIRST, "CREATE TABLE a ();\n")
    project.write(SECOND, "CREATE TABLE b ();\n")
    assert project.run("up").status == 0
    return project


def test_an_edited_migration_is_refused(two: Project) -> None:
    two.write(FIRST, "CREATE TABLE a (b int);\n")
    two.write(THIRD, "CREATE TABLE c ();\n")
    for args in ((), ("--dry-run",)):
        refused(two.run("up", *args), f"{FIRST} was edited after it was applied on 20")


def test_line_ends_and_a_byte_order_mark_are_no_edit(two: Project) -> None:
    two.write(FIRST, b"\xef\xbb\xbfCREATE TABLE a ();\r\n")
    assert two.run("up").status == 0


def test_a_missing_migration_is_refused(two: Project) -> None:
    (two.directory / FIRST).unlink()
    refused(two.run("up"), f"{FIRST} was applied on 20", "is missing from the history\n")


def test_a_renamed_migration_is_recognised(two: Project) -> None:
    (two.directory / SECOND).rename(two.directory / THIRD)
    refused(two.run("up"), f"{SECOND} was applied", f"was it renamed to {THIRD}?")


def test_a_migration_that_comes_late_is_refused(two: Project) -> None:
    two.write("20250101500000_late.sql", "CREATE TABLE late ();\n")
    refused(two.run("up"), f"late.sql is new, but stands before {SECOND}, which is applied")


def test_several_problems_are_counted(two: Project) -> None:
    two.write(FIRST, "-- other\n")
    two.write(SECOND, "-- other\n")
    refused(two.run("up"), f"{FIRST} was edited", "(and 1 more: driftproof migrate status)")


def test_a_repeatable_migration_that_was_edited_is_run_again(project: Project, connection: "Connection") -> None:
    project.directory = project.root / "db" / "migration"
    project.write("V1__a.sql", "CREATE TABLE a (n int);\n")
    project.write("R__one.sql", "CREATE OR REPLACE VIEW one AS SELECT 1 AS n;\n")
    assert project.run("up").status == 0
    project.write("R__one.sql", "CREATE OR REPLACE VIEW one AS SELECT 2 AS n;\n")
    project.write("V2__b.sql", "CREATE TABLE b (n int);\n")  # stands before R__one.sql, and may
    assert "1 applied, 2 pending" in project.run("status").out
    result = project.run("up")
    assert (result.status, result.err) == (0, "")
    assert rows(connection, "SELECT n FROM one") == [(2,)]
    assert "3 applied\n" in project.run("status").out


def test_each_changeset_has_a_transaction_of_its_own(project: Project, connection: "Connection") -> None:
    project.directory = project.root / "changes"
    begin = "--liquibase formatted sql\n--changeset a:1\nCREATE TYPE mood AS ENUM ('ok');\n--changeset a:2\n"
    begin += "ALTER TYPE mood ADD VALUE 'sad';\n--changeset a:3\nCREATE TABLE a (m mood DEFAULT 'sad');\n"
    project.write("a.sql", f"{begin}--changeset a:4\nCREATE TABLE b (n int);\nSELECT 1 / 0;\n")
    result = project.run("up")
    assert result.status == 1
    assert "a.sql:10" in result.out
    assert rows(connection, "SELECT relname FROM pg_class WHERE relname IN ('a', 'b')") == [("a",)]
    project.write("a.sql", f"{begin}--changeset a:4\nCREATE TABLE b (n int);\nSELECT 1;\n")
    assert "after 3" in project.run("status").out
    assert project.run("up").status == 0
    assert rows(connection, "SELECT relname FROM pg_class WHERE relname = 'b'") == [("b",)]


def test_a_folder_that_moves_is_the_same_history(two: Project) -> None:
    elsewhere = two.root / "elsewhere" / "supabase"
    elsewhere.parent.mkdir()
    two.directory.parent.rename(elsewhere)
    result = two.run("up", "elsewhere")
    assert (result.status, result.err) == (0, "")
    assert "0 migrations to apply" in result.out


def test_an_unreadable_migration_is_refused_before_any_is_applied(project: Project, connection: "Connection") -> None:
    project.write(FIRST, "CREATE TABLE a ();\n")
    project.write(SECOND, b"SELECT '\xff';\n")
    refused(project.run("up"), f"{SECOND}: not UTF-8")
    assert rows(connection, "SELECT FROM pg_class WHERE relname = 'a'") == []


def test_calls_that_cannot_be_used(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(project.run("up"), "no migration directory")
    refused(project.run("up", "nowhere"), "no such file or directory: nowhere")
    project.write(FIRST, "CREATE TABLE a ();\n")
    refused(project.run("up", "--framework", "flywheel"), "flywheel")
    (project.root / "db" / "migrations").mkdir(parents=True)
    (project.root / "db" / "migrations" / "1.sql").write_text("SELECT 1;\n")
    refused(project.run("up"), "there are several histories; name one: ", "supabase/migrations", "db/migrations")
    project.url = "postgresql://user:secret@db.example.com/app"
    refused(project.run("up", "supabase"), "db.example.com is not this machine: say --allow-remote")
    refused(project.run("status", "supabase"), "db.example.com is not this machine: say --allow-remote")
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "psycopg", None)
        refused(project.run("up", "supabase"), "pip install 'driftproof[postgres]'")
        refused(project.embedded("up", "supabase"), "pip install 'driftproof[postgres]'")


def test_a_database_that_forbids_the_bookkeeping_is_one_line(
    project: Project, server: "Server", connection: "Connection"
) -> None:
    project.write(FIRST, "CREATE TABLE a ();\n")
    connection.execute("CREATE ROLE reader LOGIN")
    project.url = project.url.replace("postgres@", "reader@")
    try:
        refused_after_plan = project.run("up")
    finally:
        connection.execute("DROP ROLE reader")
    assert refused_after_plan.status == 2
    assert refused_after_plan.err.startswith("driftproof: the bookkeeping in driftproof.migrations can't be made: ")
    assert refused_after_plan.err.count("\n") == 1


# A second runner


def test_a_second_runner_is_refused_while_the_first_works(project: Project, connection: "Connection") -> None:
    project.write(FIRST, "SELECT pg_advisory_lock(7);\nCREATE TABLE a ();\n")
    connection.execute("SELECT pg_advisory_lock(7)")
    with project.start() as one:
        until(
            connection,
            "SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT pg_advisory_lock(7)%' AND wait_event_type = 'Lock'",
        )
        with project.start() as other:
            out, err = other.communicate()
        assert (other.returncode, out) == (2, "")
        assert err.startswith("driftproof: another driftproof migrate is at work on this database (process ")
        assert "of postgres, since 20" in err
        connection.execute("SELECT pg_advisory_unlock(7)")
        one.communicate()
    assert one.returncode == 0
    assert [row.name for row in applied(connection)] == [FIRST]
    assert project.run("up").status == 0


def test_two_runners_at_once_apply_each_migration_once(project: Project, connection: "Connection") -> None:
    for number in range(10):
        project.write(f"2025010100000{number}_t.sql", f"CREATE TABLE t{number} (); SELECT pg_sleep(0.02);\n")
    processes = [project.start() for _ in range(2)]
    statuses = []
    for process in processes:
        process.communicate()
        statuses.append(process.returncode)
    assert 0 in statuses
    assert set(statuses) <= {0, 2}
    assert len(applied(connection)) == 10


def test_ctrl_c_cancels_the_statement_and_keeps_what_was_applied(project: Project, connection: "Connection") -> None:
    project.write(FIRST, "CREATE TABLE a ();\n")
    project.write(SECOND, "CREATE TABLE b ();\nSELECT pg_sleep(60);\n")
    with project.start() as process:
        until(connection, "SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND wait_event = 'PgSleep'")
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == 130
    until(connection, "SELECT WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep')")
    assert [row.name for row in applied(connection)] == [FIRST]
    assert rows(connection, "SELECT FROM pg_class WHERE relname = 'b'") == []


def test_a_killed_runner_leaves_whole_migrations_and_no_lock(project: Project, connection: "Connection") -> None:
    project.write(FIRST, "CREATE TABLE a ();\n")
    project.write(SECOND, "CREATE TABLE b ();\nSELECT pg_sleep(0.5);\n")
    with project.start() as process:
        until(connection, "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
        process.kill()
    # What the killed run had sent may still be committed: only when its sessions are gone, nothing moves any more.
    others = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    until(connection, f"SELECT WHERE NOT EXISTS ({others})")
    there = {name for (name,) in rows(connection, "SELECT relname FROM pg_class WHERE relname IN ('a', 'b')")}
    assert len(there) == len(applied(connection))
    end = time.monotonic() + 10
    while (result := project.run("up")).status == 2 and time.monotonic() < end:
        time.sleep(0.05)
    assert result.status == 0
    assert len(applied(connection)) == 2


# The embedded server


def test_a_history_is_replayed_on_a_server_of_its_own(project: Project) -> None:
    project.write(FIRST, "CREATE TABLE a (id uuid REFERENCES auth.users);\nCREATE EXTENSION pg_cron;\n")
    project.write(SECOND, "CREATE POLICY p ON a USING (auth.uid() = id);\n")
    result = project.embedded("up")
    assert (result.status, result.err) == (0, "")
    assert "(embedded), platform supabase: 2 migrations to apply" in result.out
    assert "stand-ins, not the real extensions: pg_cron, " in result.out
    result = project.embedded("up", f"supabase/migrations/{FIRST}")
    assert "1 migration to apply" in result.out
    project.write(SECOND, "CREATE POLICY p ON nowhere USING (true);\n")
    result = project.embedded("up")
    assert (result.status, result.err) == (1, "")
    assert f'{SECOND}:1:20: 42P01 relation "nowhere" does not exist' in result.out


def test_without_a_url_the_plan_needs_no_server(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write(FIRST, "CREATE TABLE a ();\n")
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "psycopg", None)
        assert "1 migration to apply" in project.embedded("up", "--dry-run").out
        result = project.embedded("status")
    assert (result.status, result.err) == (0, "")
    assert "1 pending" in result.out


def test_the_embedded_server_leaves_nothing(project: Project) -> None:
    project.write(FIRST, "SELECT 1;\n")
    environment = os.environ | {"TMPDIR": str(project.root)}
    memory = Path("/dev/shm")
    before = set(memory.glob("driftproof-*")) if memory.is_dir() else set()
    process = subprocess.run(
        [sys.executable, "-m", "driftproof", "migrate", "up"],
        cwd=project.root,
        env=environment,
        capture_output=True,
        check=False,
    )
    assert (process.returncode, process.stderr) == (0, b"")
    assert (set(memory.glob("driftproof-*")) if memory.is_dir() else set()) <= before
    assert [path.name for path in project.root.iterdir()] == ["supabase"]


# Run modes that no framework of the command line has yet


def test_a_batch_is_recorded_as_a_whole_or_not_at_all(
    project: Project, server: "Server", database: str, connection: "Connection"
) -> None:
    project.write(FIRST, "CREATE TABLE a ();\n")
    project.write(SECOND, "SELECT 1/0;\n")
    (history,) = read_directory(project.directory, None, None)
    history = msgspec.structs.replace(
        history,
        migrations=tuple(msgspec.structs.replace(each, run_mode=RunMode.BATCH) for each in history.migrations),
    )
    steps = up(lambda: server.connect(database), history)
    assert [(step.failed, step.undone) for step in steps] == [(False, True), (True, True)]
    assert applied(connection) == ()
    history = msgspec.structs.replace(history, migrations=history.migrations[:1])
    steps = up(lambda: server.connect(database), history)
    assert [(step.failed, step.undone) for step in steps] == [(False, False)]
    assert [row.run_mode for row in applied(connection)] == ["batch"]


def test_the_same_version_and_name_twice_is_refused(project: Project, server: "Server", database: str) -> None:
    project.write(FIRST, "CREATE TABLE a ();\n")
    (history,) = read_directory(project.directory, None, None)
    twice = msgspec.structs.replace(history, migrations=(*history.migrations, *history.migrations))
    with pytest.raises(Refused, match="have the same version and name"):
        up(lambda: server.connect(database), twice)


# A run that stops halfway, where each statement commits on its own

PROGRESS = "SELECT done, running FROM driftproof.progress"


def killed(project: Project, connection: "Connection", *, before: str = "", text: str, event: str = "PgSleep") -> None:
    """Kill a run in the middle of a statement, and wait until the server is done with it."""
    project.plain()
    project.write("1_a.sql", text)
    with project.start("sql") as process:
        until(connection, f"SELECT FROM pg_stat_activity WHERE wait_event = '{event}'")
        process.kill()
    until(connection, f"SELECT WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = '{event}')")


def test_after_a_failure_the_next_run_goes_on_there(project: Project, connection: "Connection") -> None:
    project.plain()
    text = "CREATE TABLE a (n int);\n-- a remark\nINSERT INTO a VALUES (1);\nINSERT INTO b VALUES (1);\nSELECT 1;\n"
    path = project.write("1_a.sql", text)
    assert project.run("up", "sql").status == 1
    assert rows(connection, PROGRESS) == [(2, None)]
    status = project.run("status", "sql")
    assert status.status == 0
    assert "stopped" in status.out
    assert 'after 2 statements (42P01: relation "b" does not exist): it goes on with statement 3, line 4' in status.out
    path.write_text(text.replace("INTO b", "INTO a").replace("a remark", "another remark"))
    dry = project.run("up", "sql", "--dry-run")
    assert "it goes on with statement 3, line 4" in dry.out
    assert rows(connection, "SELECT n FROM a") == [(1,)]
    assert project.run("up", "sql").status == 0
    assert rows(connection, "SELECT n FROM a") == [(1,), (1,)]
    assert rows(connection, PROGRESS) == []
    assert [row.name for row in applied(connection)] == ["1_a.sql"]


def test_what_was_run_already_may_not_be_edited(project: Project, connection: "Connection") -> None:
    project.plain()
    path = project.write("1_a.sql", "CREATE TABLE a (n int);\nSELECT 1/0;\n")
    assert project.run("up", "sql").status == 1
    path.write_text("CREATE TABLE a (n bigint);\nSELECT 1;\n")
    refused(project.run("up", "sql"), "1_a.sql", "one was edited", "--resume restart")
    assert project.run("status", "sql").status == 1
    assert rows(connection, PROGRESS) == [(1, None)]
    connection.execute("DROP TABLE a")
    assert project.run("up", "sql", "--resume", "restart").status == 0
    assert rows(connection, "SELECT format_type(atttypid, -1) FROM pg_attribute WHERE attname = 'n'") == [("bigint",)]


def test_a_first_statement_that_fails_leaves_nothing_to_resume(project: Project, connection: "Connection") -> None:
    project.plain()
    path = project.write("1_a.sql", "SELECT 1/0;\n")
    assert project.run("up", "sql").status == 1
    assert rows(connection, PROGRESS) == []
    path.write_text("SELECT 1;\n")
    assert project.run("up", "sql").status == 0


@pytest.mark.parametrize(("resume", "count"), [("repeat", 2), ("skip", 1)])
def test_a_killed_run_says_which_statement_may_have_happened(
    project: Project, connection: "Connection", resume: str, count: int
) -> None:
    text = "CREATE TABLE a (n int);\nINSERT INTO a SELECT 1 FROM pg_sleep(1);\nCREATE TABLE b ();\n"
    killed(project, connection, text=text)
    until(connection, "SELECT FROM a")  # the server ends what it began
    assert rows(connection, PROGRESS) == [(1, 1)]
    refused(project.run("up", "sql"), "1_a.sql:2: the last run was killed in statement 2", "--resume repeat")
    assert "the last run was killed in statement 2" in project.run("status", "sql").out
    assert project.run("up", "sql", "--resume", resume).status == 0
    assert len(rows(connection, "SELECT FROM a")) == count
    assert len(rows(connection, "SELECT FROM pg_class WHERE relname = 'b'")) == 1
    assert rows(connection, PROGRESS) == []


def test_a_run_that_is_killed_in_a_transaction_of_the_file_goes_on_at_its_begin(
    project: Project, connection: "Connection"
) -> None:
    text = "CREATE TABLE a (n int);\nBEGIN;\nINSERT INTO a VALUES (1);\nSELECT pg_sleep(1);\nCOMMIT;\n"
    killed(project, connection, text=text)
    assert rows(connection, PROGRESS) == [(1, 3)]
    until(
        connection,
        "SELECT WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(1)%'"
        " AND pid <> pg_backend_pid())",
    )
    assert rows(connection, "SELECT FROM a") == []
    assert "it goes on with statement 2, line 2" in project.run("status", "sql").out
    assert project.run("up", "sql").status == 0
    assert rows(connection, "SELECT n FROM a") == [(1,)]


def test_the_session_is_set_again_where_a_run_goes_on(project: Project, connection: "Connection") -> None:
    project.plain()
    text = "CREATE SCHEMA app;\nSET search_path = app;\nCREATE TABLE a ();\nSELECT 1/0;\nCREATE TABLE b ();\n"
    path = project.write("1_a.sql", text)
    assert project.run("up", "sql").status == 1
    path.write_text(text.replace("1/0", "1"))
    assert project.run("up", "sql").status == 0
    assert rows(connection, "SELECT relname FROM pg_class WHERE relnamespace = 'app'::regnamespace ORDER BY 1") == [
        ("a",),
        ("b",),
    ]


def test_no_second_run_begins_while_a_statement_of_a_killed_one_is_at_work(
    project: Project, connection: "Connection"
) -> None:
    project.plain()
    project.write("1_a.sql", "SELECT pg_sleep(2);\nCREATE TABLE a ();\n")
    with project.start("sql") as process:
        until(connection, "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
        process.kill()
    until(
        connection, "SELECT WHERE NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 1919510132)"
    )
    refused(project.run("up", "sql", "--resume", "repeat"), "a statement of a run that was killed is still at work")


@pytest.mark.parametrize("mode", [mode for mode in RunMode if mode.clean_after_failure])
def test_a_killed_run_leaves_nothing_half(
    project: Project, server: "Server", database: str, connection: "Connection", mode: RunMode
) -> None:
    project.write(FIRST, "CREATE TABLE a ();\nSELECT pg_sleep(1);\nCREATE TABLE b ();\n")
    script = (
        "import sys, msgspec\n"
        "from pathlib import Path\n"
        "from driftproof.history import RunMode, read_directory\n"
        "from driftproof.runner.migrate import up\n"
        "from driftproof.runner.progress import Resume\n"
        "from driftproof.runner.server import connect_to\n"
        "(history,) = read_directory(Path(sys.argv[1]), None, None)\n"
        "made = tuple(msgspec.structs.replace(m, run_mode=RunMode(sys.argv[3])) for m in history.migrations)\n"
        "history = msgspec.structs.replace(history, migrations=made)\n"
        "resume = Resume(sys.argv[4]) if sys.argv[4] else None\n"
        "steps = up(lambda: connect_to(sys.argv[2], False), history, resume=resume)\n"
        "raise SystemExit(any(step.failed for step in steps))\n"
    )
    command = [sys.executable, "-c", script, str(project.directory), project.url, mode.value]
    with subprocess.Popen([*command, ""]) as process:
        until(connection, "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
        process.kill()
    until(connection, "SELECT WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep')")
    until(connection, "SELECT WHERE NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory')")
    there = {name for (name,) in rows(connection, "SELECT relname FROM pg_class WHERE relname IN ('a', 'b')")}
    assert there in (set(), {"a", "b"})
    if mode is RunMode.SIMPLE:  # which notes it in a transaction of its own, as its tools do
        assert subprocess.run([*command, ""], check=False, capture_output=True).returncode == 1
        assert subprocess.run([*command, "skip" if there else "repeat"], check=False).returncode == 0
    else:
        assert len(applied(connection)) == bool(there)
        assert subprocess.run([*command, ""], check=False).returncode == 0
    assert [row.run_mode for row in applied(connection)] == [mode.value]
    assert rows(connection, PROGRESS) == []
    there = {name for (name,) in rows(connection, "SELECT relname FROM pg_class WHERE relname IN ('a', 'b')")}
    assert there == {"a", "b"}
