"""Snapshots as evidence: what a database has is not reported, what it lacks is, and the server agrees."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from driftproof.analysis import analyse
from driftproof.diagnostic import Certainty, Diagnostic, Severity
from driftproof.evidence.settle import notes
from driftproof.history import History, named, read_directory
from driftproof.history.evidence import Evidence, check_name, read, written
from driftproof.rerun import Rerun
from driftproof.runner.drift import recipes
from driftproof.runner.evidence import evidence
from driftproof.runner.platforms import Platform, prepare
from driftproof.runner.server import Server
from driftproof.runner.snapshot import read_only
from driftproof.runner.states import States, failures
from driftproof.unusable import Unusable
from tests.histories import RULES, history_of

EXAMPLE = Path(__file__).parents[2] / "examples" / "integrations" / "supabase" / "migrations"
PLAIN = named("plain")
DOUBT = "CREATE TABLE IF NOT EXISTS t (a int, b int, c int);\n"
USES = "COMMENT ON COLUMN t.b IS 'x';\nCREATE INDEX ON t (c);\n"


def seen(server: Server, database: str, name: str = "production", foreign: frozenset[str] = frozenset()) -> Evidence:
    """What a database has, as its file says it."""
    with server.connect(database) as connection, read_only(connection):
        found = evidence(connection, PLAIN, foreign)
    return msgspec.structs.replace(found, path=f"{name}.snapshot.json")


def made(server: Server, script: str, name: str = "production") -> Evidence:
    """What a database has in which a script has run."""
    database = server.create_database()
    try:
        with server.connect(database) as connection:
            connection.execute(script.encode())
        return seen(server, database, name)
    finally:
        server.drop_database(database)


def doubts(history: History, *snapshots: Evidence) -> list[Diagnostic]:
    """The doubts that are left."""
    found = analyse(msgspec.structs.replace(history, snapshots=snapshots), RULES, rerun=Rerun.NEVER).diagnostics
    return [item for item in found if item.certainty is Certainty.DRIFT]


def names(found: list[Diagnostic]) -> list[str]:
    return [f"{item.object} {' '.join(item.confirmed)}".strip() for item in found]


def test_what_a_database_has_is_not_in_doubt(server: Server) -> None:
    history = history_of(DOUBT + USES)
    assert names(doubts(history)) == ["t.b", "t.c"]
    assert doubts(history, made(server, "CREATE TABLE t (a int, b int, c int)")) == []
    assert doubts(history, made(server, "")) == [], "the table is made there, as it is written"


def test_what_a_database_lacks_is_real_and_says_where(server: Server) -> None:
    history = history_of(DOUBT + USES)
    production = made(server, "CREATE TABLE t (a int, c int)")
    staging = made(server, "CREATE TABLE t (a int, b int, c int)", "staging")

    [only] = doubts(history, production, staging)

    assert (str(only.object), only.confirmed) == ("t.b", ("production",))
    assert only.because[-1].path == "production.snapshot.json"
    assert written(production).decode().splitlines()[only.because[-1].line - 1].startswith('"table public.t"')


def test_every_database_must_have_it(server: Server) -> None:
    history = history_of(DOUBT + USES)
    production = made(server, "CREATE TABLE t (a int, b int)")
    staging = made(server, "CREATE TABLE t (a int, c int)", "staging")

    assert names(doubts(history, production, staging)) == ["t.b staging", "t.c production"]


def test_what_an_earlier_migration_left_in_doubt_is_an_error_where_it_is_real(server: Server) -> None:
    history = history_of(DOUBT, USES)
    assert {item.severity for item in doubts(history)} == {Severity.INFO}

    [only] = doubts(history, made(server, "CREATE TABLE t (a int, b int)"))

    assert (str(only.object), only.severity) == ("t.c", Severity.ERROR)


def test_a_migration_that_has_run_there_is_past(server: Server) -> None:
    history = history_of(DOUBT + USES)
    production = made(server, "CREATE TABLE t (a int)")

    assert doubts(history, msgspec.structs.replace(production, applied=("0",))) == []
    assert names(doubts(history, msgspec.structs.replace(production, applied=()))) == [
        "t.b production",
        "t.c production",
    ]


def test_a_row_for_a_version_that_two_migrations_have_is_the_first_one_s(server: Server) -> None:
    history = history_of(DOUBT, USES)
    twins = msgspec.structs.replace(
        history, migrations=tuple(msgspec.structs.replace(item, version="1") for item in history.migrations)
    )
    production = made(server, "CREATE TABLE t (a int, b int)")

    assert names(doubts(twins, msgspec.structs.replace(production, applied=("1",)))) == ["t.c production"]
    assert names(doubts(twins, msgspec.structs.replace(production, applied=("1", "1")))) == []


def test_pending_migrations_between_are_run_on_what_the_database_has(server: Server) -> None:
    history = history_of(DOUBT, "ALTER TABLE t ADD COLUMN IF NOT EXISTS b int;\n", USES)
    production = msgspec.structs.replace(made(server, "CREATE TABLE t (a int)"), applied=("0",))

    assert names(doubts(history, production)) == ["t.c production"]


def test_what_can_not_be_followed_settles_nothing(server: Server) -> None:
    forgets = "DO $$ DECLARE r record; BEGIN FOR r IN SELECT tablename FROM pg_tables LOOP EXECUTE 'ALTER TABLE ' || r.tablename || ' ADD b int'; END LOOP; END $$;\n"
    history = history_of(forgets + DOUBT + USES)
    before = names(doubts(history))

    assert names(doubts(history, made(server, "CREATE TABLE t (a int)"))) == before


def test_notes_say_how_old_a_snapshot_is() -> None:
    history = history_of(DOUBT, USES)
    empty = Evidence(
        format=1,
        taken="2026-01-01 10:00",
        server="18.6",
        search_path=(),
        roles=(),
        applied=None,
        objects={},
        path="p.snapshot.json",
    )

    def said(*applied: str) -> list[str]:
        one = msgspec.structs.replace(empty, applied=applied)
        return list(notes(msgspec.structs.replace(history, snapshots=(one,))))

    assert said("0", "1") == []
    assert said("0") == [
        "p.snapshot.json (taken 2026-01-01 10:00) is older than 1 of 2 migrations, from 1.sql on: take it anew when they have run"
    ]
    assert said("0", "1", "9") == ["p.snapshot.json has run 9, which is not among these migrations"]
    assert "does not say" in next(notes(msgspec.structs.replace(history, snapshots=(empty,))))


def test_the_file_holds_all_and_one_object_a_line(server: Server, tmp_path: Path) -> None:
    found = made(server, 'CREATE TABLE "Ünter" ("a""b" int); CREATE TYPE mood AS ENUM (\'it\'\'s\')')
    file = tmp_path / "production.snapshot.json"
    file.write_bytes(written(found))

    assert read(file) == msgspec.structs.replace(found, path=str(file))
    lines = file.read_text().splitlines()
    assert sum(line.startswith('"table public.\\"Ünter\\""') for line in lines) == 1
    assert all(len(line) < 200 for line in lines)
    assert read(file).database == "production"


@pytest.mark.parametrize("name", ["1_x.up.snapshot.json", "snapshot.json", "x.sql", ".snapshot.json"])
def test_a_name_that_a_tool_could_run_is_refused(name: str) -> None:
    with pytest.raises(Unusable, match=r"NAME\.snapshot\.json"):
        check_name(Path(name))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}'])
def test_a_file_that_is_no_snapshot_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.snapshot.json"
    file.write_text(text)
    with pytest.raises(Unusable) as error:
        read(file)
    assert "\n" not in str(error.value)


@pytest.fixture(scope="module")
def platform(server: Server) -> Platform:
    return prepare(server, "supabase")


@pytest.fixture(scope="module")
def example() -> History:
    return next(read_directory(EXAMPLE, None, None))


@pytest.fixture(scope="module")
def states(server: Server, platform: Platform, example: History) -> Iterator[States]:
    made = States(server, platform, example, set(range(len(example.migrations))))
    yield made
    made.close()


def test_on_the_example_what_is_left_is_what_fails_on_the_server(
    server: Server, platform: Platform, example: History, states: States
) -> None:
    """Each drift state of the example: the snapshot of that database confirms what fails there, and settles the rest."""
    from driftproof.catalog.supabase import SCHEMAS

    everything = doubts(example)
    assert len(everything) == 15
    for doubt in everything:
        assert doubt.object is not None
        assert doubt.origin is not None
        assert doubt.statement is not None
        migration = example.by_path[doubt.path]
        recipe = next(recipes(example, migration, doubt.object, doubt.origin))
        assert recipe.given is migration
        database = states.build(recipe)
        try:
            found = seen(server, database, foreign=SCHEMAS)
            before = [item.version for item in example.migrations[: migration.index]]
            found = msgspec.structs.replace(found, applied=tuple(before))
            with server.connect(database) as connection:
                real = failures(connection, migration)
        finally:
            server.drop_database(database)
        left = doubts(example, found)
        assert [item.object for item in left] == [doubt.object]
        assert left[0].confirmed == ("production",)
        assert real[doubt.statement.index] == doubt.sqlstate
