"""The reference runner: the rows that say what a database has of a history, and the way from one to the other."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from driftproof.history import History, Migration, RunMode, Session
from driftproof.runner import progress
from driftproof.runner.execute import Outcome, execute, execute_batch
from driftproof.runner.plan import Applied, Plan, Refused, checksum, name_of, pieces, plan
from driftproof.runner.progress import Progress, Resume, Stop
from driftproof.runner.server import ServerError, first_line
from driftproof.runner.wire import Command

if TYPE_CHECKING:
    from driftproof.runner.server import Connection

TABLE = "driftproof.migrations"

_CREATE = """
CREATE SCHEMA IF NOT EXISTS driftproof;
CREATE TABLE IF NOT EXISTS driftproof.migrations (
  version text NOT NULL,
  name text NOT NULL,
  checksum text NOT NULL,
  run_mode text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (version, name)
);
COMMENT ON TABLE driftproof.migrations IS 'Migrations that driftproof applied; checksum is SHA-256 with LF line ends';
"""
_INSERT = (
    f"WITH done AS (DELETE FROM {progress.TABLE} WHERE version = $1 AND name = $2)"
    f" INSERT INTO {TABLE} (version, name, checksum, run_mode) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (version, name) DO UPDATE"
    " SET checksum = excluded.checksum, run_mode = excluded.run_mode, applied_at = excluded.applied_at"
)
_LOCK = 0x6472696674  # any number that no one else uses for an advisory lock: "drift"
_WORK = _LOCK + 1
"""The lock of the session that runs the migrations: a statement goes on when its runner was killed."""


class Step(NamedTuple):
    """A migration that was run, and what came of it; ``undone``: another of its batch failed, so it did not stay."""

    migration: Migration
    outcome: Outcome
    undone: bool = False

    @property
    def failed(self) -> bool:
        """Whether it is this migration that stopped the run."""
        return not self.outcome.ok or self.outcome.left_open


def applied(connection: "Connection") -> tuple[Applied, ...]:
    """The bookkeeping of a database in the order of its rows' times; empty where there is none yet. Changes nothing."""
    import psycopg

    try:
        if connection.execute("SELECT to_regclass(%s)", (TABLE,)).fetchone() == (None,):
            return ()
        rows = connection.execute(
            f"SELECT version, name, checksum, run_mode, applied_at FROM {TABLE} ORDER BY applied_at, version".encode()
        ).fetchall()
    except psycopg.Error as error:
        raise ServerError(f"the bookkeeping in {TABLE} can't be read: {first_line(error)}") from None
    return tuple(Applied(*row) for row in rows)


def stopped(connection: "Connection") -> tuple[Stop, ...]:
    """The migrations that stopped halfway. Changes nothing."""
    import psycopg

    try:
        return progress.stops(connection)
    except psycopg.Error as error:
        raise ServerError(f"the bookkeeping in {progress.TABLE} can't be read: {first_line(error)}") from None


def up(
    connect: "Callable[[], Connection]",
    history: History,
    planned: Callable[[Plan], None] = lambda _: None,
    done: Callable[[Step], None] = lambda _: None,
    upto: int | None = None,
    resume: Resume | None = None,
) -> list[Step]:
    """Apply what a database lacks, each migration in its run mode and in a session as its tool has it, up to a failure.

    ``planned`` hears what will be done, ``done`` each migration that was run. The row in the bookkeeping is part of the
    migration's transaction where its run mode has one. Raises Refused, also when someone else is applying migrations
    there, and ServerError; nothing was begun then, unless the connection was lost.
    """
    steps: list[Step] = []
    with _locked(connect) as keeper:
        made = plan(history, applied(keeper), upto, stopped(keeper), resume)
        made.check()
        texts = {migration.index: pieces(migration) for migration in made.pending}
        planned(made)
        if made.pending:
            _make_table(keeper)
        for group, connection in _in_sessions(connect, history.framework.session, _groups(made.pending)):
            if group[0].run_mode is RunMode.BATCH:
                ran = _batch(connection, group)
            else:
                one = group[0]
                account = _account(keeper, one, made.starts.get(one.index, 0))
                ran = [Step(one, execute(connection, one, texts[one.index], _row(one), account))]
            for step in ran:
                done(step)
            steps += ran
            if ran[-1].failed:
                break
    return steps


def _in_sessions(
    connect: "Callable[[], Connection]", session: Session, groups: Iterable[Sequence[Migration]]
) -> "Iterator[tuple[Sequence[Migration], Connection]]":
    """What is run together, with the connection to run it on: the same one where the tool keeps its session."""
    with ExitStack() as stack:
        connection = None
        for group in groups:
            if connection is None or session not in (Session.SHARED, Session.RESET):
                stack.close()
                connection = stack.enter_context(connect())
                connection.execute("SELECT pg_advisory_lock_shared(%s)", (_WORK,))
            elif session is Session.RESET:
                connection.execute("RESET ALL")
            yield group, connection


def _account(keeper: "Connection", migration: Migration, start: int) -> Progress | None:
    """Keeps account of what commits before the bookkeeping does."""
    if migration.run_mode not in (RunMode.SIMPLE, RunMode.AUTOCOMMIT) and not migration.cuts:
        return None
    return Progress(keeper, migration.version, name_of(migration), start)


def _groups(pending: Sequence[Migration]) -> Iterator[Sequence[Migration]]:
    """Each migration alone, but those of a batch together."""
    for in_batch, group in groupby(pending, key=lambda migration: migration.run_mode is RunMode.BATCH):
        if in_batch:
            yield list(group)
        else:
            yield from ([migration] for migration in group)


def _batch(connection: "Connection", group: Sequence[Migration]) -> list[Step]:
    outcomes = execute_batch(connection, [(migration, _row(migration)) for migration in group])
    undone = not outcomes[-1].ok
    return [Step(migration, outcome, undone) for migration, outcome in zip(group, outcomes, strict=False)]


def _row(migration: Migration) -> Command:
    values = (migration.version, name_of(migration), checksum(migration.source), migration.run_mode.value)
    return Command(_INSERT, values)


def _make_table(connection: "Connection") -> None:
    import psycopg

    try:
        # Without the notices that both are there already.
        with connection.transaction():
            connection.execute("SET LOCAL client_min_messages = warning")
            connection.execute(_CREATE + progress.CREATE)
    except psycopg.Error as error:
        raise ServerError(f"the bookkeeping in {TABLE} can't be made: {first_line(error)}") from None


@contextmanager
def _locked(connect: "Callable[[], Connection]") -> "Iterator[Connection]":
    """A connection that holds the runner's lock on the database. Raises Refused where another one holds it."""
    with connect() as connection:
        _take(connection, _LOCK, "another driftproof migrate is at work on this database")
        _wait_for_work(connection)
        if connection.info.server_version >= 140000:
            # It only waits while the migrations run.
            connection.execute("SET idle_session_timeout = 0")
        yield connection


def _take(connection: "Connection", lock: int, otherwise: str) -> None:
    if connection.execute("SELECT pg_try_advisory_lock(%s)", (lock,)).fetchone() == (False,):
        raise Refused(f"{otherwise}{_holder(connection, lock)}: wait for it")


def _wait_for_work(connection: "Connection") -> None:
    """Wait a moment for the sessions of a run that has ended; one that is at work longer was left by a killed run."""
    end = time.monotonic() + 1
    while True:
        try:
            _take(connection, _WORK, "a statement of a run that was killed is still at work on this database")
        except Refused:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            connection.execute("SELECT pg_advisory_unlock(%s)", (_WORK,))
            return


def _holder(connection: "Connection", lock: int) -> str:
    row = connection.execute(
        "SELECT a.pid, a.usename, a.backend_start FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE l.locktype = 'advisory' AND l.granted AND l.database = a.datid AND a.datname = current_database()"
        " AND l.classid = %s AND l.objid = %s",
        (lock >> 32, lock & 0xFFFFFFFF),
    ).fetchone()
    return "" if row is None else f" (process {row[0]} of {row[1]}, since {row[2]:%Y-%m-%d %H:%M:%S})"
