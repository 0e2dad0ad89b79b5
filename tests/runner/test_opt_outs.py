"""Transactions as each tool makes them, with its switch and without: what the runner meets on the server in the tool's
own mode, and what is said of it."""

from pathlib import Path

import msgspec
import pytest

from driftproof.analysis import analyse
from driftproof.history import History, Migration, named, names_of_frameworks
from driftproof.runner.migrate import Step, up
from driftproof.runner.server import Server
from tests.histories import RULES, write

TABLE = "CREATE TABLE t (a int);\n"
BUILD = "CREATE INDEX CONCURRENTLY i ON t (a);\n"
# What switches the transaction off, in front of the text (or in a file beside it).
SWITCHES = {
    "atlas": "-- atlas:txmode none\n\n",
    "dbmate": "-- migrate:up transaction:false\n",
    "diesel": "",
    "flyway": "",
    "goose": "-- +goose NO TRANSACTION\n-- +goose Up\n",
    "graphile-migrate": "--! no-transaction\n",
    "hasura": "-- hasura:no-transaction\n",
    "liquibase": "--liquibase formatted sql\n--changeset a:1 runInTransaction:false\n",
    "postgres-migrations": "-- postgres-migrations disable-transaction\n",
    "sqlx": "-- no-transaction\n",
    "tern": "---- tern: disable-tx ----\n",
    "yoyo": "-- transactional: false\n",
}
# In which of them a file of two statements runs then; in the others it is one query.
STATEMENT_BY_STATEMENT = {"atlas", "flyway", "goose", "liquibase", "tern", "yoyo"}
# Where the run mode is a guess, nothing is said to stand outside of a transaction.
ALL = [name for name in names_of_frameworks() if not named(name).guessed]


def history_of_files(name: str, root: Path, *texts: str, switched: bool = False) -> History:
    """A history of a tool; the last file is asked about, and ``switched`` to no transaction."""
    framework = named(name)
    migrations: list[Migration] = []
    for at, text in enumerate(texts):
        last = switched and at == len(texts) - 1
        path = root / f"{at}" / "up.sql"
        write(root, {f"{at}/up.sql": (SWITCHES[name] if last else "") + text})
        if last:
            write(
                root,
                {
                    f"{at}/metadata.toml": "run_in_transaction = false\n",
                    f"{at}/up.sql.conf": "executeInTransaction=false\n",
                },
            )
        migration = framework.migration(at, path, path.read_bytes())
        migrations.append(msgspec.structs.replace(migration, version=str(at)))
    return History(framework, tuple(migrations), frozenset({len(texts) - 1}))


def run(server: Server, history: History) -> list[Step]:
    database = server.create_database()
    try:
        return up(lambda: server.connect(database), history)
    finally:
        server.drop_database(database)


def said(history: History, *codes: str) -> list[str | None]:
    return [item.sqlstate for item in analyse(history, RULES).diagnostics if item.code in codes]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("sql", [BUILD, f"SET lock_timeout = '9s';\n{BUILD}", f"{BUILD}SELECT 1;\n"])
def test_what_needs_no_transaction_runs_or_not_as_is_said(server: Server, tmp_path: Path, name: str, sql: str) -> None:
    history = history_of_files(name, tmp_path, TABLE, sql)
    last = run(server, history)[-1].outcome
    assert said(history, "DP401") == ([last.sqlstate] if last.sqlstate else [])
    assert last.sqlstate in (None, "25001")


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_helps_a_file_of_one_statement(server: Server, tmp_path: Path, name: str) -> None:
    history = history_of_files(name, tmp_path, TABLE, BUILD, switched=True)
    assert run(server, history)[-1].outcome.ok
    assert said(history, "DP401", "DP406") == []


@pytest.mark.parametrize("name", SWITCHES)
def test_with_a_second_statement_it_is_one_query_again_in_some_tools(server: Server, tmp_path: Path, name: str) -> None:
    history = history_of_files(name, tmp_path, TABLE, f"SET lock_timeout = '9s';\n{BUILD}", switched=True)
    loose = name in STATEMENT_BY_STATEMENT
    assert run(server, history)[-1].outcome.sqlstate == (None if loose else "25001")
    assert said(history, "DP401") == ([] if loose else ["25001"])
    assert (said(history, "DP406") == []) == loose


ENUM = "CREATE TYPE e AS ENUM ('a');\n"
ADD = "ALTER TYPE e ADD VALUE 'b';\n"
USE = "CREATE TABLE u (v e DEFAULT 'b');\n"


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("texts", [(ENUM, ADD + USE), (ENUM + "COMMIT;BEGIN;", ADD, USE), (ENUM + ADD + USE,)])
def test_a_new_label_is_used_in_its_transaction_or_not(
    server: Server, tmp_path: Path, name: str, texts: tuple[str, ...]
) -> None:
    """In a database that had run the first file the others are in a transaction of their own: there it is `drift`."""
    history = history_of_files(name, tmp_path, *texts)
    last = run(server, history)[-1].outcome
    codes = [item.certainty for item in analyse(history, RULES).diagnostics if item.code == "DP402"]
    if last.sqlstate is not None:
        assert (last.sqlstate, codes) == ("55P04", ["always"])
    else:
        batch = history.migrations[0].run_mode == "batch" and len(texts) == 2
        assert codes == (["drift"] if batch else [])


FAIL = "SELECT 1/0;\n"


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK"])
def test_what_ends_the_transaction_of_the_tool_is_said(server: Server, tmp_path: Path, name: str, end: str) -> None:
    """Where a tool has begun one, what stands before the COMMIT stays though the file fails."""
    history = history_of_files(name, tmp_path, "SELECT 1;\n", f"{TABLE}{end};\n{FAIL}")
    database = server.create_database()
    try:
        assert up(lambda: server.connect(database), history)[-1].outcome.sqlstate == "22012"
        with server.connect(database) as connection:
            stays = connection.execute("SELECT to_regclass('t') IS NOT NULL").fetchone() == (True,)
    finally:
        server.drop_database(database)
    autocommit = history.migrations[1].run_mode == "autocommit"
    assert stays == (end == "COMMIT" or autocommit)
    [item] = [item for item in analyse(history, RULES).diagnostics if item.code == "DP403"]
    assert item.message.startswith(f"{end} ends {'no transaction' if autocommit else 'the transaction'}")


@pytest.mark.parametrize("name", ALL)
def test_what_is_begun_and_not_ended_is_lost_where_that_is_said(server: Server, tmp_path: Path, name: str) -> None:
    history = history_of_files(name, tmp_path, "SELECT 1;\n", f"BEGIN;\n{TABLE}")
    database = server.create_database()
    try:
        up(lambda: server.connect(database), history)
        with server.connect(database) as connection:
            lost = connection.execute("SELECT to_regclass('t') IS NULL").fetchone() == (True,)
    finally:
        server.drop_database(database)
    codes = {item.code for item in analyse(history, RULES).diagnostics}
    assert ("DP404" in codes) == lost
    assert ("DP405" in codes) == (not lost)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("sql", [f"LOCK TABLE t;\n{TABLE.replace('t ', 'u ')}", "SELECT 1;\nSAVEPOINT s;\n"])
def test_what_needs_a_transaction_finds_one_or_not_as_is_said(
    server: Server, tmp_path: Path, name: str, sql: str
) -> None:
    history = history_of_files(name, tmp_path, TABLE, sql)
    last = run(server, history)[-1].outcome
    assert said(history, "DP408") == ([last.sqlstate] if last.sqlstate else [])
    assert last.sqlstate in (None, "25P01")
