"""The reference runner: a history, the rows that say what a database has of it, and the way from one to the other."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from driftproof.history import Framework, History, Migration, RunMode, Session
from driftproof.reading import Piece
from driftproof.runner import progress
from driftproof.runner.execute import Outcome, execute, execute_batch, pieces_of, steps_of
from driftproof.runner.progress import Progress, Resume, Stop
from driftproof.runner.server import ServerError, first_line
from driftproof.runner.wire import Command
from driftproof.source import BOM, Source, Unreadable
from driftproof.unusable import Unusable

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


class Refused(Unusable):
    """A history that can't be applied to this database as it is, and why, in one line."""


class State(StrEnum):
    """What became of a migration."""

    APPLIED = "applied"
    EDITED = "edited"
    MISSING = "missing"
    LATE = "out of order"
    STOPPED = "stopped"
    PENDING = "pending"


class Applied(msgspec.Struct, frozen=True):
    """A row of the bookkeeping."""

    version: str
    name: str
    checksum: str
    run_mode: str
    applied_at: datetime


class Entry(msgspec.Struct, frozen=True):
    """A migration of the history or of the database, or of both; ``start`` is the statement to begin with, where an
    earlier run stopped at ``stop``."""

    state: State
    name: str
    migration: Migration | None = None
    applied: Applied | None = None
    problem: str | None = None
    start: int = 0
    stop: Stop | None = None


class Plan(msgspec.Struct, frozen=True):
    """The migrations in the order of the history, those that are missing from it first."""

    entries: tuple[Entry, ...]

    @property
    def pending(self) -> tuple[Migration, ...]:
        """What is to be applied."""
        return tuple(
            entry.migration
            for entry in self.entries
            if entry.state in (State.PENDING, State.STOPPED) and entry.migration is not None
        )

    @property
    def starts(self) -> dict[int, int]:
        """The statement to begin with, by the index of the migration, where an earlier run stopped."""
        return {entry.migration.index: entry.start for entry in self.entries if entry.stop and entry.migration}

    @property
    def problems(self) -> tuple[str, ...]:
        """Why nothing may be applied."""
        return tuple(entry.problem for entry in self.entries if entry.problem is not None)

    def check(self) -> None:
        """Raises Refused with the first problem, where there is one."""
        if self.problems:
            more = f" (and {len(self.problems) - 1} more: driftproof migrate status)" if self.problems[1:] else ""
            raise Refused(self.problems[0] + more)


class Step(NamedTuple):
    """A migration that was run, and what came of it; ``undone``: another of its batch failed, so it did not stay."""

    migration: Migration
    outcome: Outcome
    undone: bool = False

    @property
    def failed(self) -> bool:
        """Whether it is this migration that stopped the run."""
        return not self.outcome.ok or self.outcome.left_open


def checksum(source: Source) -> str:
    """SHA-256 of a file's text; a byte order mark and the kind of line ends, which tools change, make no difference."""
    return hashlib.sha256(source.data.removeprefix(BOM).replace(b"\r\n", b"\n")).hexdigest()


def name_of(migration: Migration) -> str:
    """The file's name; with the version it tells a migration from all others, wherever its directory moves."""
    return PurePath(migration.path).name


def plan(
    history: History,
    applied: Sequence[Applied],
    upto: int | None = None,
    stopped: Sequence[Stop] = (),
    resume: Resume | None = None,
) -> Plan:
    """Hold a history against what a database has; what comes after the index ``upto`` is left out of it. ``resume``
    says how to go on with a migration that ``stopped`` halfway, where that is not certain.

    Raises Refused for a history in which two migrations are the same by version and name.
    """
    rows = {(row.version, row.name): row for row in applied}
    halfway = {(stop.version, stop.name): stop for stop in stopped if (stop.version, stop.name) not in rows}
    known: dict[tuple[str, str], Migration] = {}
    for migration in history.migrations:
        key = (migration.version, name_of(migration))
        if key in known:
            raise Refused(f"{known[key].path} and {migration.path} have the same version and name")
        known[key] = migration
    # One that is run whenever it is edited stands behind all others, and keeps none of them from being added.
    once = (migration.index for key, migration in known.items() if key in rows and not migration.repeatable)
    last = max(once, default=-1)
    entries = [_missing(row, history) for key, row in rows.items() if key not in known]
    for key, migration in known.items():
        if upto is None or migration.index <= upto:
            entry = _entry(migration, rows.get(key), history.migrations[last] if last >= 0 else None)
            entries.append(_halfway(entry, migration, halfway[key], resume) if key in halfway else entry)
    entries = [_filled(history.framework, entry) for entry in entries]
    entries[:0] = [_lost(stop) for key, stop in halfway.items() if key not in known]
    return Plan(tuple(entries))


def _entry(migration: Migration, row: Applied | None, last: Migration | None) -> Entry:
    name = name_of(migration)
    if row is None:
        if last is None or migration.index > last.index:
            return Entry(State.PENDING, name, migration)
        problem = (
            f"{migration.path} is new, but stands before {name_of(last)}, which is applied: give it a later version"
        )
        return Entry(State.LATE, name, migration, problem=problem)
    now = checksum(migration.source)
    if now == row.checksum:
        return Entry(State.APPLIED, name, migration, row)
    if migration.repeatable:
        return Entry(State.PENDING, name, migration, row)
    problem = (
        f"{migration.path} was edited after it was applied on {row.applied_at:%Y-%m-%d}"
        f" (checksum {now[:12]}, then {row.checksum[:12]}): put it back, and change the schema in a new migration"
    )
    return Entry(State.EDITED, name, migration, row, problem)


def _filled(framework: Framework, entry: Entry) -> Entry:
    """A migration is not run without what its tool puts into it."""
    if entry.problem is not None or entry.migration is None or entry.state is State.APPLIED:
        return entry
    return msgspec.structs.replace(entry, problem=framework.unknown(entry.migration))


def _halfway(entry: Entry, migration: Migration, stop: Stop, resume: Resume | None) -> Entry:
    """A migration that stopped halfway: where to go on, or why that is not certain."""
    steps = steps_of(migration, _pieces(migration))
    texts = [text for _, text in steps]
    start, problem = stop.done, entry.problem
    if resume is Resume.RESTART:
        start = 0
    elif stop.edited(texts):
        problem = problem or (
            f"{migration.path}: of the {stop.done} statements that were run until {stop.stopped_at:%Y-%m-%d %H:%M}, one"
            " was edited: put it back, or run the whole file again with --resume restart"
        )
    elif stop.uncertain(texts):
        running = stop.running or 0
        line = migration.source.line_number(steps[running][0])
        part = "part" if migration.cuts else "statement"
        what = "the file" if migration.run_mode is RunMode.SIMPLE else f"{part} {running + 1}"
        if resume is None:
            problem = problem or (
                f"{migration.path}:{line}: the last run was killed in {what}, which may have happened or not: look,"
                " then say --resume repeat or --resume skip"
            )
        start = running + 1 if resume is Resume.SKIP else stop.done
    return msgspec.structs.replace(entry, state=State.STOPPED, problem=problem, start=start, stop=stop)


def _lost(stop: Stop) -> Entry:
    problem = (
        f"{stop.name} stopped halfway on {stop.stopped_at:%Y-%m-%d}, after {stop.done} of its statements, and is"
        " missing from the history: put it back"
    )
    return Entry(State.MISSING, stop.name, problem=problem, stop=stop)


def _missing(row: Applied, history: History) -> Entry:
    problem = f"{row.name} was applied on {row.applied_at:%Y-%m-%d}, and is missing from the history"
    twin = next((other for other in history.migrations if checksum(other.source) == row.checksum), None)
    if twin is not None:
        problem += f": was it renamed to {name_of(twin)}?"
    return Entry(State.MISSING, row.name, applied=row, problem=problem)


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
        pieces = {migration.index: _pieces(migration) for migration in made.pending}
        planned(made)
        if made.pending:
            _make_table(keeper)
        for group, connection in _in_sessions(connect, history.framework.session, _groups(made.pending)):
            if group[0].run_mode is RunMode.BATCH:
                ran = _batch(connection, group)
            else:
                one = group[0]
                account = _account(keeper, one, made.starts.get(one.index, 0))
                ran = [Step(one, execute(connection, one, pieces[one.index], _row(one), account))]
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


def _pieces(migration: Migration) -> tuple[Piece, ...]:
    try:
        return pieces_of(migration)
    except Unreadable as error:
        raise Refused(f"{migration.path}: {error.message}") from None


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
