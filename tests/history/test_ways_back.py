"""Ways back: where each tool has them, what is checked of them and in which state, and that the server agrees."""

from pathlib import Path

import msgspec
import pytest

from driftproof.analysis import analyse
from driftproof.cli.inputs import Settings, read
from driftproof.diagnostic import Diagnostic
from driftproof.edits import apply
from driftproof.history import History
from driftproof.runner.execute import execute
from driftproof.runner.server import Server
from driftproof.syntax import parse
from tests.histories import RULES, write

MAKE, DROP = "CREATE TABLE t (a int);\n", "DROP TABLE t;\n"
ADD, TAKE = "ALTER TABLE t ADD COLUMN b int;\n", "ALTER TABLE t DROP COLUMN b;\n"
# By tool: the files, and the ways back in the order of the migrations, each with the letter of its run mode.
TOOLS = {
    "goose": (
        {
            "1_a.sql": f"-- +goose Up\n{MAKE}-- +goose Down\n{DROP}",
            "2_b.sql": f"-- +goose NO TRANSACTION\n-- +goose Up\n{ADD}-- +goose Down\n{TAKE}",
        },
        "1_a.sql t, 2_b.sql a",
    ),
    "dbmate": (
        {
            "1_a.sql": f"-- migrate:up\n{MAKE}-- migrate:down transaction:false\n{DROP}",
            "2_b.sql": f"-- migrate:up transaction:false\n{ADD}-- migrate:down\n{TAKE}",
        },
        "1_a.sql s, 2_b.sql t",
    ),
    "node-pg-migrate": (
        {"1_a.sql": f"-- Down Migration\n{DROP}-- Up Migration\n{MAKE}", "2_b.up.sql": ADD, "2_b.down.sql": TAKE},
        "1_a.sql b, 2_b.down.sql b",
    ),
    "tern": (
        {
            "1_a.sql": f"{MAKE}---- create above / drop below ----\n{DROP}",
            "2_b.sql": f"---- tern: disable-tx ----\n{ADD}---- create above / drop below ----\n{TAKE}",
        },
        "1_a.sql t, 2_b.sql a",
    ),
    "play": (
        {"1.sql": f"# --- !Ups\n{MAKE}# --- !Downs\n{DROP}", "2.sql": f"-- !Ups\n{ADD}-- !Downs\n# remark\n{TAKE}"},
        "1.sql a, 2.sql a",
    ),
    "liquibase": (
        {
            "1.sql": f"--liquibase formatted sql\n--changeset a:1\n{MAKE}--rollback {DROP}",
            "2.sql": f"--liquibase formatted sql\n--changeset a:2\n{ADD}/* liquibase rollback\n{TAKE}*/\n",
            "3.sql": "--liquibase formatted sql\n--changeset a:3\nSELECT 1;\n--rollback not required\n",
        },
        "1.sql t, 2.sql t",
    ),
    "plain": (
        {"1_a.sql": MAKE, "1_a.down.sql": DROP, "2_b.sql": f"-- migrate:up\n{ADD}-- migrate:down\n{TAKE}"},
        "1_a.down.sql a, 2_b.sql a",
    ),
    "golang-migrate": (
        {"1_a.up.sql": MAKE, "1_a.down.sql": DROP, "2_b.up.sql": ADD, "2_b.down.sql": TAKE},
        "1_a.down.sql s, 2_b.down.sql s",
    ),
    "sqlx": (
        {
            "1_a.up.sql": MAKE,
            "1_a.down.sql": DROP,
            "2_b.up.sql": ADD,
            "2_b.down.sql": f"-- no-transaction\n{TAKE}",
            "3_c.sql": "SELECT 1;\n",
        },
        "1_a.down.sql t, 2_b.down.sql s",
    ),
    "diesel": (
        {
            "1_a/up.sql": MAKE,
            "1_a/down.sql": DROP,
            "2_b/up.sql": ADD,
            "2_b/down.sql": TAKE,
            "2_b/metadata.toml": "run_in_transaction = false\n",
        },
        "1_a/down.sql t, 2_b/down.sql s",
    ),
    "hasura": (
        {"1_a/up.sql": MAKE, "1_a/down.sql": DROP, "2_b/up.sql": ADD, "2_b/down.sql": TAKE},
        "1_a/down.sql t, 2_b/down.sql t",
    ),
    "prisma": (
        {"1_a/migration.sql": MAKE, "1_a/down.sql": DROP, "2_b/migration.sql": ADD, "2_b/down.sql": TAKE},
        "1_a/down.sql s, 2_b/down.sql s",
    ),
    "sqitch": (
        {
            "sqitch.plan": "%project=p\n\na 2024-01-01T00:00:00Z A <a@b>\nx/b 2024-01-02T00:00:00Z A <a@b>\n",
            "deploy/a.sql": MAKE,
            "revert/a.sql": DROP,
            "deploy/x/b.sql": ADD,
            "revert/x/b.sql": TAKE,
        },
        "revert/a.sql a, revert/x/b.sql a",
    ),
    "flyway": (
        {"V1__a.sql": MAKE, "U1.0__undo_a.sql": DROP, "V1.10__b.sql": ADD, "U1_10__b.sql": TAKE, "U1_1__x.sql": DROP},
        "U1.0__undo_a.sql t, U1_10__b.sql t",
    ),
    "yoyo": (
        {"a.sql": MAKE, "a.rollback.sql": DROP, "b.sql": ADD, "b.rollback.sql": TAKE},
        "a.rollback.sql t, b.rollback.sql t",
    ),
}


def history(root: Path, name: str, direction: str = "both") -> History:
    """The history of a tool's files."""
    settings = Settings(isolated=True, framework=name, direction=direction, ways_back=True)
    *_, job = read([str(root)], settings)
    return job.history


def down(found: History) -> list[Diagnostic]:
    diagnostics = analyse(found, RULES).diagnostics
    return [item for item in diagnostics if item.direction == "down" and item.certainty is not None]


@pytest.mark.parametrize("name", TOOLS)
def test_each_way_back_is_found_and_runs_in_its_mode(server: Server, tmp_path: Path, name: str) -> None:
    files, expected = TOOLS[name]
    write(tmp_path, files)
    found = history(tmp_path, name)
    backs = [back for one in found.migrations if (back := one.back) is not None]

    said = (f"{Path(back.path).relative_to(tmp_path).as_posix()} {back.run_mode[0]}" for back in backs)
    assert ", ".join(said) == expected
    assert down(found) == []
    for back in backs:
        assert len(back.source.sql.encode()) == len(back.source.data)
        assert back.source.sql.split()[-3:] in (["DROP", "TABLE", "t;"], ["DROP", "COLUMN", "b;"])
    database = server.create_database()
    try:
        with server.connect(database) as connection:
            for migration in (*found.migrations, *reversed(backs)):
                outcome = execute(connection, migration)
                assert (outcome.message, outcome.left_open) == (None, False)
            assert connection.execute("SELECT to_regclass('t')").fetchone() == (None,)
    finally:
        server.drop_database(database)


@pytest.mark.parametrize("name", TOOLS)
def test_what_fails_on_the_way_back_is_found_where_it_stands(server: Server, tmp_path: Path, name: str) -> None:
    files, expected = TOOLS[name]
    wrong = "ALTER TABLE t DROP COLUMN b, DROP COLUMN gone;\n"
    write(tmp_path, {file: text.replace(TAKE, wrong) for file, text in files.items()})
    found = history(tmp_path, name, "down")

    [item] = down(found)
    path = tmp_path / expected.split(", ")[-1][:-2]
    assert (item.code, item.certainty, item.path, item.direction) == ("DP101", "always", str(path), "down")
    assert path.read_bytes()[item.span.start.offset : item.span.end.offset] == b"gone"
    assert item.statement is not None
    assert item.statement.index == 0
    last = found.migrations[max(found.backs)]
    database = server.create_database()
    try:
        with server.connect(database) as connection:
            for migration in found.migrations[: last.index + 1]:
                assert execute(connection, migration).ok
            assert last.back is not None
            assert execute(connection, last.back).sqlstate == item.sqlstate
    finally:
        server.drop_database(database)


def test_a_way_back_runs_after_its_migration_and_leaves_the_history_as_it_is(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "1_a.sql": f"-- +goose Up\n{MAKE}-- +goose Down\nALTER TABLE t DROP COLUMN b;\nDROP TABLE t;\n",
            "2_b.sql": f"-- +goose Up\n{ADD}-- +goose Down\n{TAKE}",
            "3_c.sql": "-- +goose Up\nALTER TABLE t DROP COLUMN b;\n-- +goose Down\nALTER TABLE t DROP COLUMN b;\n",
        },
    )
    found = analyse(history(tmp_path, "goose"), RULES).diagnostics
    assert [(Path(item.path).name, item.span.start.line, item.direction) for item in found] == [
        ("1_a.sql", 4, "down"),
        ("3_c.sql", 4, "down"),
    ]


CHANGESETS = f"""--liquibase formatted sql
--changeset a:1
{MAKE}--rollback DROP TABLE t
--changeset a:2 dbms:oracle
CREATE TABLE t (a number);
--rollback DROP TABLE t CASCADE CONSTRAINTS;
--changeset a:3
{ADD}--rollback ALTER TABLE t ADD COLUMN c int;
--rollback {TAKE}--changeset a:4
CREATE VIEW v AS SELECT b FROM t;
/* liquibase rollback
DROP VIEW v
*/
"""


@pytest.mark.parametrize("mode", ["", " runInTransaction:false"])
def test_changesets_are_taken_back_from_the_last_to_the_first(server: Server, tmp_path: Path, mode: str) -> None:
    write(tmp_path, {"1.sql": CHANGESETS.replace("a:1", f"a:1{mode}")})
    found = history(tmp_path, "liquibase")
    assert down(found) == []
    database = server.create_database()
    try:
        with server.connect(database) as connection:
            [migration] = found.migrations
            assert migration.back is not None
            assert len(migration.back.source.sql.encode()) == len(migration.source.data)
            for one in (migration, migration.back):
                assert execute(connection, one).message is None
            assert connection.execute("SELECT to_regclass('t'), to_regclass('v')").fetchone() == (None, None)
    finally:
        server.drop_database(database)


@pytest.mark.parametrize(("mode", "column"), [("", False), (" runInTransaction:false", True)])
@pytest.mark.parametrize("gone", ["DROP COLUMN gone", "DROP COLUMN b, DROP COLUMN gone"])
def test_what_fails_among_changesets_that_are_taken_back_keeps_its_place(
    server: Server, tmp_path: Path, mode: str, column: bool, gone: str
) -> None:
    text = CHANGESETS.replace("DROP COLUMN b", gone).replace("a:1", f"a:1{mode}")
    write(tmp_path, {"1.sql": text})
    found = history(tmp_path, "liquibase")
    [item] = down(found)
    assert (item.code, item.certainty, text[item.span.start.offset : item.span.end.offset]) == (
        "DP101",
        "always",
        "gone",
    )
    assert item.statement is not None
    database = server.create_database()
    try:
        with server.connect(database) as connection:
            [migration] = found.migrations
            assert migration.back is not None
            assert execute(connection, migration).ok
            outcome = execute(connection, migration.back)
            assert (outcome.sqlstate, outcome.statement, outcome.at) == (
                item.sqlstate,
                item.statement.index,
                item.span.start.offset,
            )
            # What was taken back before stays so; of the one that fails only what commits by itself.
            left = connection.execute(
                "SELECT to_regclass('v') IS NULL, to_regclass('t') IS NULL,"
                " EXISTS (SELECT FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'c')"
            )
            assert left.fetchone() == (True, False, column)
    finally:
        server.drop_database(database)


@pytest.mark.parametrize("way", ["", "--rollback changeSetId:1 changeSetAuthor:a\n"])
def test_what_stands_before_a_changeset_that_cannot_be_taken_back_is_never_reached(tmp_path: Path, way: str) -> None:
    gone = "--rollback ALTER TABLE t DROP COLUMN gone;\n"
    begin = f"--liquibase formatted sql\n--changeset a:1\n{MAKE}{gone}--changeset a:2\n{ADD}"
    write(tmp_path, {"1.sql": f"{begin}{way}--changeset a:3\nSELECT 1;\n--rollback ALTER TABLE t DROP COLUMN lost;\n"})
    assert [item.object and item.object.name for item in down(history(tmp_path, "liquibase"))] == ["lost"]
    write(tmp_path, {"1.sql": f"{begin}--rollback not required\n"})
    assert [item.object and item.object.name for item in down(history(tmp_path, "liquibase"))] == ["gone"]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("way", ["--rollback {}\n", "/* liquibase rollback\n{}\n*/\n", "/*liquibase rollback {} */\n"])
def test_a_fix_of_a_way_back_stays_in_its_comment(server: Server, tmp_path: Path, way: str, newline: str) -> None:
    make = "CREATE TABLE IF NOT EXISTS t (a int, b int);\n"
    text = f"--liquibase formatted sql\n--changeset a:1\n{make}{way.format('ALTER TABLE t DROP COLUMN b;')}"
    (tmp_path / "1.sql").write_bytes(text.replace("\n", newline).encode())
    found = history(tmp_path, "liquibase", "down")
    [item] = down(found)
    assert item.fix is not None
    [migration] = found.migrations
    fixed = migration.source.rewritten(apply(migration.source.data, item.fix.edits))
    assert [statement.command for statement in parse(fixed.sql).statements] == ["CREATE TABLE"]
    (tmp_path / "1.sql").write_bytes(fixed.data)
    again = history(tmp_path, "liquibase", "down")
    assert down(again) == []
    database = server.create_database()
    try:
        with server.connect(database) as connection:
            connection.execute("CREATE TABLE t (a int)")
            assert again.migrations[0].back is not None
            assert execute(connection, again.migrations[0].back).message is None
    finally:
        server.drop_database(database)


def test_a_doubt_that_the_migration_itself_leaves_is_an_error_an_older_one_an_info(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "1_a.up.sql": "CREATE TABLE IF NOT EXISTS t (a int, b int, c int);\n",
            "1_a.down.sql": "ALTER TABLE t DROP COLUMN b;\n",
            "2_b.up.sql": "SELECT 1;\n",
            "2_b.down.sql": "ALTER TABLE t DROP COLUMN c;\n",
        },
    )
    found = history(tmp_path, "golang-migrate")
    assert [(item.severity, item.certainty, item.object and item.object.name) for item in down(found)] == [
        ("error", "drift", "b"),
        ("info", "drift", "c"),
    ]


def test_without_a_way_back_there_is_nothing_to_say(tmp_path: Path) -> None:
    write(tmp_path, {"1_a.sql": f"-- +goose Up\n{MAKE}-- +goose Down\n-- nothing\n"})
    found = history(tmp_path, "goose", "down")
    assert analyse(found, RULES) == msgspec.structs.replace(analyse(found, []), diagnostics=())
