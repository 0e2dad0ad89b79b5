"""Start states on a server: the databases that a migration may meet, and what came of it there."""

from collections import deque
from contextlib import contextmanager
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

import msgspec

from driftproof.history import History, Migration
from driftproof.runner import wire
from driftproof.runner.drift import ComesBack, NotBuilt, Recipe
from driftproof.runner.ends import End
from driftproof.runner.execute import Outcome, answers, copy_data, execute, execute_batch, pieces_of
from driftproof.runner.roles import Roles, remember, restore
from driftproof.runner.server import ServerError, first_line
from driftproof.source import Unreadable
from driftproof.statements.operations import Statement, Transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from driftproof.runner.platforms import Platform
    from driftproof.runner.server import Connection, Server

_DUMPS = 2  # that many pg_dumps run beside us
TIMEOUT = 30.0
"""Seconds after which a statement of a proof is given up."""


class Ran(msgspec.Struct, frozen=True):
    """What came of a file in a start state: the statement that failed, by its index and as it is written. Without an
    SQLSTATE it was not run, and the message says why."""

    outcome: Outcome
    statement: int | None = None
    text: str = ""

    @property
    def ok(self) -> bool:
        """Whether all of the file ran."""
        return self.outcome.ok

    def says(self) -> str:
        """What the server said, in one line."""
        if self.ok:
            return "it runs"
        if self.outcome.sqlstate is None:
            return self.outcome.message or ""
        where = "the end" if self.statement is None else f"statement {self.statement + 1}"
        return f"{where} fails: {self.outcome.sqlstate} {self.outcome.message}"


class States:
    """The states that a history goes through on a server: what came of each migration, and the wanted ones to copy.

    The history is replayed in a database that began with the platform alone, as far as it is asked about. ``ran`` says
    how each migration ran there; ``incomplete`` are the paths of those that did not run, of which the statements that
    do run were kept, and ``fail`` those that do not; ``stand_ins`` are the extensions there that are not the real ones.
    """

    def __init__(self, server: "Server", platform: "Platform", history: History, wanted: set[int]) -> None:
        self.server = server
        self.history = history
        self.ran: dict[int, Ran] = {}
        self.incomplete: list[str] = []
        self.fail: dict[int, dict[int, str]] = {}
        self.stand_ins: tuple[str, ...] = ()
        self._platform = platform
        self._wanted = wanted
        self._reached = -1
        self._running: str | None = None
        self._running_roles: Roles | None = None
        self._bases: dict[int, str] = {}
        self._roles: dict[int, Roles] = {}
        self._reading: list[End] = []
        self._first_roles = remember(server) if server.embedded else None
        self._ends: deque[tuple[str, End]] = deque()

    def close(self) -> None:
        """Drop the databases; the roles are those that were there first."""
        self._settle(leave=0)
        self.release(range(len(self.history.migrations)))
        if self._running is not None:
            self.server.drop_database(self._running)
            self._running = None
        if self._first_roles is not None:
            restore(self.server, self._first_roles)

    def reach(self, index: int) -> None:
        """Replay the history up to a migration, that one too."""
        if index <= self._reached:
            return
        if self._running is None:
            self._running = self.server.create_database(self._platform.template)
        elif self._running_roles is not None:
            restore(self.server, self._running_roles)
        for migration in self.history.migrations[self._reached + 1 : index + 1]:
            self._replay(self._running, migration)
        self._reached = index
        if self._platform.stand_ins:
            with self.server.connect(self._running) as connection:
                self.stand_ins = self._platform.stood_in(connection)
        if self.server.embedded:
            self._running_roles = remember(self.server)

    def release(self, indexes: "Iterable[int]") -> None:
        """Drop the copies of the states before these migrations: they are not asked for any more."""
        for index in self._bases.keys() & set(indexes):
            self.server.drop_database(self._bases.pop(index))

    def _replay(self, running: str, migration: Migration) -> None:
        if migration.index in self._wanted:
            self._bases[migration.index] = self.server.create_database(running)
            if self.server.embedded:
                self._roles[migration.index] = remember(self.server)
        try:
            unknown = self.history.framework.unknown(migration)
            if unknown is None:
                ran = self.run(running, migration)
            else:
                ran = Ran(Outcome(ok=False, seconds=0, message=unknown))
        except Unreadable:
            return
        self.ran[migration.index] = ran
        if not ran.ok:
            self.incomplete.append(migration.path)
            self.fail[migration.index] = self.run_alone(running, migration)

    @contextmanager
    def behind(self, migration: Migration) -> "Iterator[Migration]":
        """What the way back of a migration meets, which is reached: as if it came next. Nothing of it stays."""
        back = migration.back
        assert back is not None
        assert self._running is not None
        outer, reached, incomplete = self.history, self._reached, list(self.incomplete)
        if self._running_roles is not None:
            restore(self.server, self._running_roles)
        self.history = outer.way_back(migration)
        self._wanted.add(back.index)
        database = self.server.create_database(self._running)
        try:
            self._replay(database, back)
            self._reached = back.index
            yield back
        finally:
            self._settle(leave=0)
            self.release([back.index])
            self.server.drop_database(database)
            self.history, self._reached, self.incomplete = outer, reached, incomplete
            self._wanted.discard(back.index)
            self.ran.pop(back.index, None)
            self.fail.pop(back.index, None)

    def fresh(self, migration: Migration) -> str:
        """A new copy of the state before a wanted migration. Roles belong to the server: they are set back too."""
        self.reach(migration.index)
        if self.server.embedded and remember(self.server) != self._roles[migration.index]:
            for end in self._reading:
                end.settle()
            restore(self.server, self._roles[migration.index])
        return self.server.create_database(self._bases[migration.index])

    @contextmanager
    def copy(self, migration: Migration) -> "Iterator[str]":
        """A copy of the state before a wanted migration, for a while."""
        database = self.fresh(migration)
        try:
            yield database
        finally:
            self.server.drop_database(database)

    @contextmanager
    def empty(self) -> "Iterator[str]":
        """An empty database, for a while; the roles are those that the platform brings."""
        for end in self._reading:
            end.settle()
        if self._first_roles is not None:
            restore(self.server, self._first_roles)
        database = self.server.create_database()
        try:
            yield database
        finally:
            self.server.drop_database(database)

    @cached_property
    def settings(self) -> tuple[tuple[str, str], ...]:
        """What the platform sets in a new session of its databases; the values as SQL."""
        if self._platform.template is None:
            return ()
        with self.server.connect(self._platform.template) as connection:
            rows = connection.execute(
                "SELECT name, CASE WHEN name = 'search_path' THEN setting ELSE quote_literal(setting) END"
                " FROM pg_catalog.pg_settings WHERE source IN ('database', 'user', 'database user') ORDER BY name"
            ).fetchall()
        return tuple((name, value) for name, value in rows)

    def look(self, database: str) -> End:
        """The schema that a database holds now. Settle it before the database changes."""
        end = End(self.server, database)
        self._reading = [*(other for other in self._reading if not other.settled), end]
        return end

    def end(self, database: str) -> End:
        """The schema that a database ends in; it is dropped when nothing reads it any more."""
        end = self.look(database)
        self._ends.append((database, end))
        self._settle(leave=_DUMPS)
        return end

    def _settle(self, leave: int) -> None:
        while len(self._ends) > leave:
            database, end = self._ends.popleft()
            end.settle()
            self.server.drop_database(database)

    def build(self, recipe: Recipe) -> str:
        """A new database in that state, without the file that is to be run there. Raises NotBuilt."""
        self.reach(recipe.given.index)
        database = self.fresh(self.history.migrations[recipe.base])
        try:
            if recipe.statements:
                self._make(database, recipe)
            for migration in recipe.between:
                self._catch_up(database, migration, recipe)
        except NotBuilt:
            self.server.drop_database(database)
            raise
        return database

    def _make(self, database: str, recipe: Recipe) -> None:
        import psycopg

        with self.server.connect(database, TIMEOUT) as connection:
            for statement in recipe.statements:
                try:
                    connection.execute(statement.encode())
                except psycopg.Error as error:
                    raise NotBuilt(f"the start state can't be made: {error.sqlstate} {first_line(error)}") from None
            if recipe.away and len(recipe.statements) > 1 and _comes_back(connection, recipe.statements):
                raise ComesBack

    def _catch_up(self, database: str, migration: Migration, recipe: Recipe) -> None:
        """Run a migration that lies between the state and the file; one that makes the state must do that."""
        ran = self.run(database, migration)
        if ran.ok:
            return
        if migration.path not in self.incomplete:
            raise NotBuilt(f"{migration.path} fails before it: {ran.says()}")
        failed = self.run_alone(database, migration)
        if migration is not self.history.migrations[migration.index] and failed.keys() & range(
            recipe.at, recipe.at + recipe.earlier
        ):
            raise NotBuilt(f"the start state can't be made: {ran.says()}")

    def run_alone(self, database: str, migration: Migration) -> dict[int, str]:
        """Run the statements one by one and keep those that succeed, as `failures` does."""
        with self.server.connect(database, TIMEOUT) as connection:
            return failures(connection, migration)

    def mark(self) -> int:
        """A point in the server's time, for `untouched`."""
        [(xid,)] = self.server.maintenance.execute(
            "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
        ).fetchall()
        return int(xid)

    def untouched(self, since: int) -> bool:
        """Whether nothing at all was committed since: what failed has left the databases as they were."""
        [(committed,)] = self.server.maintenance.execute(
            "SELECT count(*) FROM generate_series(%s::bigint, %s::bigint - 1) x"
            " WHERE pg_xact_status(x::text::xid8) = 'committed'",
            (since, self.mark()),
        ).fetchall()
        return not committed

    def run_batch(self, database: str, migrations: "Sequence[Migration]") -> list[Outcome]:
        """Run migrations in one transaction: what came of those that were begun."""
        with self.server.connect(database, TIMEOUT) as connection:
            return execute_batch(connection, [(migration, None) for migration in migrations])

    def run(self, database: str, migration: Migration) -> Ran:
        """Run a migration in a database, in its run mode."""
        with self.server.connect(database, TIMEOUT) as connection:
            outcome = execute(connection, migration)
        if outcome.statement is None:
            return Ran(outcome)
        piece = next(piece for piece in pieces_of(migration) if piece.index == outcome.statement)
        return Ran(outcome, outcome.statement, migration.source.data[piece.start : piece.end].decode())


class Room:
    """A database in a start state, for one try after another: made anew where one of them has left something there.

    Raises NotBuilt.
    """

    def __init__(self, states: States, recipe: Recipe) -> None:
        self._states = states
        self._recipe = recipe
        self._database: str | None = states.build(recipe)
        self._used = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def run(self, migration: Migration) -> Ran:
        """Run a file there in its run mode."""
        database = self._ready()
        began = self._states.mark()
        ran = self._states.run(database, migration)
        self._used = ran.ok or not self._states.untouched(began)
        return ran

    def run_alone(self, migration: Migration) -> dict[int, str]:
        """Run the statements of a file there one by one; those that fail."""
        database = self._ready()
        self._used = True
        return self._states.run_alone(database, migration)

    def end(self) -> End:
        """The schema that it ends in; it is left then."""
        assert self._database is not None
        database, self._database = self._database, None
        return self._states.end(database)

    def _ready(self) -> str:
        if self._used:
            self._leave()
        if self._database is None:
            self._database, self._used = self._states.build(self._recipe), False
        return self._database

    def _leave(self) -> None:
        if self._database is not None:
            self._states.server.drop_database(self._database)
            self._database = None


def failures(connection: "Connection", migration: Migration) -> dict[int, str]:
    """Every statement of a migration that fails by itself, with its SQLSTATE; the others stay.

    Its own BEGIN, COMMIT and ROLLBACK are left out: behind a failure in a transaction everything would fail.
    """
    found: dict[int, str] = {}
    known = answers(connection, migration.source)
    for piece in pieces_of(migration):
        if isinstance(piece, Statement) and any(isinstance(step, Transaction) for step in piece.operations):
            continue
        text = migration.source.sent(piece.start, piece.end, known).text
        try:
            _, failed = wire.simple(connection, text, copy_data(migration, piece, text))
        except ServerError:
            found[piece.index] = ""
            break
        if failed is not None:
            found[piece.index] = failed.sqlstate
    return found


def _comes_back(connection: "Connection", statements: "Sequence[str]") -> bool:
    """Whether the statement makes the object again, so that it can be taken away once more; nothing of it stays."""
    import psycopg

    connection.execute("BEGIN")
    try:
        *made, away = statements
        for statement in made:
            connection.execute(statement.encode())
        return connection.execute(away.encode()).rowcount != 0  # a label is deleted, where it is there
    except psycopg.Error:
        return False
    finally:
        connection.execute("ROLLBACK")
