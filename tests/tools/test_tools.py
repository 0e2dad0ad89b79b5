"""The tools themselves, each on a copy of its example: they run what we say they run, in that order and in those
transactions, and note it, fail, and take edits as their modules say.

Outside of the default run: ``python -m pytest tests/tools --real-tools FOLDER``; ``tools.py`` says what to install.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import pytest

from driftproof.cli.inputs import Settings, read
from driftproof.history import History, Older, Session
from driftproof.runner.evidence import applied_versions
from driftproof.runner.migrate import Step, up
from driftproof.runner.platforms import prepare
from driftproof.runner.server import Server
from driftproof.runner.snapshot import Snapshot, difference, snapshot
from tests.tools.door import door
from tests.tools.tools import TOOLS, Place, Tool

EXAMPLES = Path(__file__).parents[1] / "history" / "examples"

# Notes each DDL command with the transaction that it ran in.
_LOG = r"""
CREATE SCHEMA driftproof;
CREATE TABLE driftproof.log (id bigserial, tag text, identity text, transaction text);
CREATE FUNCTION driftproof.log() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO driftproof.log (tag, identity, transaction)
    SELECT command_tag, object_identity, pg_current_xact_id() FROM pg_event_trigger_ddl_commands()
    WHERE object_identity !~ '^driftproof\M';
END;
$$;
CREATE EVENT TRIGGER driftproof ON ddl_command_end EXECUTE FUNCTION driftproof.log();
"""
_STOPS = "CREATE TABLE half_of_it (a int);\nSELECT 1 / 0;\nCREATE TABLE the_rest (a int);"
_RUNS = "CREATE TABLE half_of_it (a int);\nCREATE TABLE the_rest (a int);"


class Seen(NamedTuple):
    """What is in a database after a run: its schema, the DDL that made it, with the number of its transaction, the
    accounts, and the versions that the tool has noted."""

    schema: Snapshot
    commands: list[tuple[int, str, str]]
    rows: list[tuple[object, ...]]
    versions: tuple[str, ...] | None


class Side:
    """A copy of an example, and a database for it."""

    def __init__(self, tool: Tool, place: Place, server: Server) -> None:
        self.tool, self.place, self.server = tool, place, server

    @property
    def history(self) -> History:
        return [job.history for job in read([str(self.place.directory)], Settings(isolated=True))][-1]

    def write(self, version: str, sql: str, loose: bool = False) -> None:
        self.tool.write(self.place.directory, version, sql, loose)

    def seen(self) -> Seen:
        own = re.compile(self.tool.own)
        with self.server.connect(self.place.database) as connection:
            objects = snapshot(connection).objects
            log = connection.execute("SELECT transaction, tag, identity FROM driftproof.log ORDER BY id").fetchall()
            rows = connection.execute("SELECT id, email, twice(21) FROM accounts").fetchall()
            noted = applied_versions(connection, self.history.framework, self.history.migrations)
        commands = [row for row in log if not own.search(row[2] or "")]
        transactions = list(dict.fromkeys(transaction for transaction, _, _ in commands))
        return Seen(
            Snapshot({key: value for key, value in objects.items() if not own.search(key)}),
            [(transactions.index(transaction), tag, identity) for transaction, tag, identity in commands],
            rows,
            noted,
        )


class Theirs(Side):
    """The tool's side."""

    def run(self) -> subprocess.CompletedProcess[str]:
        program = self.tool.find(self.place.tools)
        assert program is not None
        self.tool.prepare(self.place)
        for command in self.tool.commands(self.place):
            done = subprocess.run(
                command if command[0] == "node" else [program, *command],
                cwd=self.place.directory,
                env={
                    **os.environ,
                    "NODE_PATH": str(self.place.tools / "node_modules"),
                    **self.tool.environment(self.place),
                },
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        return done

    def succeed(self) -> None:
        done = self.run()
        assert done.returncode == 0, done.stdout + done.stderr


class Ours(Side):
    """Our own side."""

    def run(self) -> list[Step]:
        with patch.dict(os.environ, self.tool.environment(self.place)):
            return up(lambda: self.server.connect(self.place.database), self.history)

    def succeed(self) -> None:
        assert [step.outcome for step in self.run() if step.failed] == []


@pytest.fixture(scope="module")
def port(server: Server) -> Iterator[int]:
    """A way to the server for those who know TCP only."""
    with door(f"{server.conninfo['host']}/.s.PGSQL.5432") as port:
        yield port


@pytest.fixture(params=TOOLS, ids=lambda tool: tool.framework)
def tool(request: pytest.FixtureRequest) -> Tool:
    folder = request.config.getoption("--real-tools")
    found: Tool = request.param
    if found.find(Path(folder).resolve()) is None:
        pytest.skip(f"no {found.program} on the PATH or in {folder}")
    return found


@pytest.fixture
def sides(
    tool: Tool, request: pytest.FixtureRequest, tmp_path: Path, server: Server, port: int
) -> Iterator[tuple[Theirs, Ours]]:
    """Both sides, each with a copy of the example and a database of its own, and neither has run anything."""
    made = []
    for kind in (Theirs, Ours):
        directory = tmp_path / kind.__name__.lower() / tool.framework
        shutil.copytree(EXAMPLES / tool.framework, directory)
        [*_, history] = [job.history for job in read([str(directory)], Settings(isolated=True))]
        database = server.create_database(prepare(server, history.framework.platform).template)
        with server.connect(database) as connection:
            connection.execute(_LOG)
        tools = Path(request.config.getoption("--real-tools")).resolve()
        made.append(kind(tool, Place(directory, database, port, tools), server))
    theirs, ours = made
    assert isinstance(theirs, Theirs)
    assert isinstance(ours, Ours)
    yield theirs, ours
    for side in made:
        server.drop_database(side.place.database)


@pytest.fixture
def applied(sides: tuple[Theirs, Ours]) -> tuple[Theirs, Ours]:
    """Both sides, with the example applied."""
    for side in sides:
        side.succeed()
    return sides


def agree(theirs: Theirs, ours: Ours) -> Seen:
    """Both databases are the same, and came to be so in the same way; what the tool's holds."""
    real, made = theirs.seen(), ours.seen()
    assert difference(real.schema, made.schema) == []
    assert real.commands == made.commands
    assert real.rows == made.rows
    return real


def test_the_example_runs_in_our_order_and_transactions(applied: tuple[Theirs, Ours]) -> None:
    theirs, ours = applied
    real = agree(theirs, ours)
    versions = [one.version for one in ours.history.migrations if not one.repeatable]
    if ours.history.framework.bookkeeping:
        assert real.versions is not None
        again = {one.version for one in ours.history.migrations if one.repeatable}  # not every tool notes these
        assert tuple(version for version in real.versions if version not in again) == tuple(sorted(versions))
        theirs.write(theirs.tool.newer, _RUNS)
        assert theirs.seen().versions == real.versions


@pytest.mark.parametrize("loose", [False, True], ids=["usual", "loose"])
def test_a_failure_leaves_what_we_say(applied: tuple[Theirs, Ours], tool: Tool, loose: bool) -> None:
    if loose and tool.loose is None:
        pytest.skip("it always uses a transaction, or never")
    theirs, ours = applied
    for side in applied:
        side.write(tool.newer, _STOPS, loose)
    assert theirs.run().returncode != 0
    assert ours.run()[-1].failed
    before = agree(theirs, ours)
    if loose and any(identity == "public.half_of_it" for _, _, identity in before.commands):
        return  # what a second run makes of its own rest is not the same for any two of them
    for side in applied:
        side.write(tool.newer, _RUNS, loose)
    blocked = theirs.run().returncode != 0
    assert blocked is tool.blocked
    assert blocked is ("nothing more is applied" in (ours.history.framework.failed or ""))
    if not blocked:
        ours.succeed()
        agree(theirs, ours)


def _refuses(what: str | None) -> bool:
    return what is not None and ("refuse" in what or "fails" in what)


def test_an_edit_is_taken_as_we_say(applied: tuple[Theirs, Ours], tool: Tool) -> None:
    theirs, ours = applied
    path = theirs.place.directory / tool.file.format(tool.first)
    path.write_text(path.read_text() + "\n-- edited\nSELECT 1;\n")
    refused = theirs.run().returncode != 0
    assert refused is ("refuses to" in ours.history.framework.edited)


def test_a_migration_that_is_gone_is_taken_as_we_say(applied: tuple[Theirs, Ours], tool: Tool) -> None:
    theirs, ours = applied
    tool.remove(theirs.place.directory)
    refused = theirs.run().returncode != 0
    assert refused is _refuses(ours.history.framework.removed)


def test_another_name_is_taken_as_we_say(applied: tuple[Theirs, Ours], tool: Tool) -> None:
    if not tool.twin:
        pytest.skip("the name is the version")
    theirs, ours = applied
    path = theirs.place.directory / tool.file.format(tool.first)
    path.rename(theirs.place.directory / tool.file.format(tool.twin))
    refused = theirs.run().returncode != 0
    assert refused is _refuses(ours.history.framework.renamed)


def test_two_of_one_version_are_taken_as_we_say(sides: tuple[Theirs, Ours], tool: Tool) -> None:
    if not tool.twin:
        pytest.skip("the name is the version")
    theirs, ours = sides
    theirs.write(tool.twin, "CREATE TABLE twin (a int);")
    refused = theirs.run().returncode != 0
    with theirs.server.connect(theirs.place.database) as connection:
        there = connection.execute("SELECT to_regclass('twin'), to_regclass('accounts')").fetchone()
    both = there is not None and all(there) and not refused
    assert both is (ours.history.framework.twice is None)


def test_an_older_migration_is_taken_as_we_say(applied: tuple[Theirs, Ours], tool: Tool) -> None:
    if not tool.older:
        pytest.skip("there is nothing between, or before, its versions")
    theirs, ours = applied
    theirs.write(tool.older, "CREATE TABLE older (a int);")
    refused = theirs.run().returncode != 0
    made = any(identity == "public.older" for _, _, identity in theirs.seen().commands)
    became = Older.REFUSED if refused else Older.APPLIED if made else Older.SKIPPED
    assert became is ours.history.framework.older


def test_settings_stay_as_we_say(applied: tuple[Theirs, Ours], tool: Tool) -> None:
    if not tool.newest:
        pytest.skip("no two new migrations")
    settings = {"lock_timeout": "4321ms", "search_path": "public, pg_catalog"}
    sets = "\n".join(f"SET {name} = {value if ',' in value else repr(value)};" for name, value in settings.items())
    looks = ", ".join(f"current_setting('{name}') AS {name}" for name in settings)
    theirs, _ = applied
    for side in applied:
        side.write(tool.newer, f"{sets}\nCREATE TABLE public.newer (a int);")
        side.write(tool.newest, f"CREATE TABLE public.seen AS SELECT {looks};")
        side.succeed()
        framework = side.history.framework
        with side.server.connect(side.place.database) as connection:
            seen = connection.execute(f"SELECT {', '.join(settings)} FROM seen".encode()).fetchone()
        assert seen is not None
        stay = {name for (name, value), now in zip(settings.items(), seen, strict=True) if value == now}
        shared = set(settings) if framework.session is Session.SHARED else set()
        unclaimed = set(framework.restores) if side is theirs else set()
        assert stay - unclaimed == shared - unclaimed
