"""What is to be done: a history held against the rows that say what a database has of it."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import PurePath

import msgspec

from driftproof.history import Framework, History, Migration, RunMode
from driftproof.reading import Piece
from driftproof.runner.execute import pieces_of, steps_of
from driftproof.runner.progress import Resume, Stop
from driftproof.source import BOM, Source, Unreadable
from driftproof.unusable import Unusable


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
    steps = steps_of(migration, pieces(migration))
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


def pieces(migration: Migration) -> tuple[Piece, ...]:
    """What is sent to the server. Raises Refused for a file that can't be read."""
    try:
        return pieces_of(migration)
    except Unreadable as error:
        raise Refused(f"{migration.path}: {error.message}") from None
