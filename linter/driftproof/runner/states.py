"""Start states on a server: the database that a migration meets, with one object of an earlier attempt missing."""

from typing import TYPE_CHECKING

import msgspec

from driftproof.fix.edits import moved
from driftproof.history import History, Migration
from driftproof.objects import Object
from driftproof.runner.execute import Outcome, Piece, execute, pieces_of
from driftproof.runner.roles import Roles, remember, restore
from driftproof.source import Unreadable
from driftproof.statements.operations import CreateIndex, CreateRelation, Statement, Transaction
from driftproof.statements.walk import flat
from driftproof.syntax import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from driftproof.diagnostic import Edit, Place
    from driftproof.runner.platforms import Platform
    from driftproof.runner.server import Connection, Server

TIMEOUT = 30.0
"""Seconds after which a statement of a proof is given up."""


class NotBuilt(Exception):
    """Why a start state could not be built, in one line."""


class Ran(msgspec.Struct, frozen=True):
    """What came of a file in a start state: the statement that failed, by its index and as it is written."""

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
        where = "the end" if self.statement is None else f"statement {self.statement + 1}"
        return f"{where} fails: {self.outcome.sqlstate} {self.outcome.message}"


class States:
    """The states that a history goes through on a server: what came of each migration, and the wanted ones to copy.

    The history is replayed in a database that began with the platform alone, as far as it is asked about. ``ran`` says
    how each migration ran there; ``incomplete`` are the paths of those that did not run, of which the statements that
    do run were kept; ``stand_ins`` are the extensions there that are not the real ones.
    """

    def __init__(self, server: "Server", platform: "Platform", history: History, wanted: set[int]) -> None:
        self.server = server
        self.history = history
        self.ran: dict[int, Ran] = {}
        self.incomplete: list[str] = []
        self.stand_ins: tuple[str, ...] = ()
        self._platform = platform
        self._wanted = wanted
        self._reached = -1
        self._running: str | None = None
        self._running_roles: Roles | None = None
        self._bases: dict[int, str] = {}
        self._roles: dict[int, Roles] = {}

    def close(self) -> None:
        """Drop the databases."""
        self.release(range(len(self.history.migrations)))
        if self._running is not None:
            self.server.drop_database(self._running)
            self._running = None

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
            ran = self.run(running, migration)
        except Unreadable:
            return
        self.ran[migration.index] = ran
        if not ran.ok:
            self.incomplete.append(migration.path)
            self._whatever_runs(running, migration)

    def _whatever_runs(self, database: str, migration: Migration) -> None:
        """Run the statements one by one and keep those that succeed: a history that starts from what was made by hand
        does not run from scratch, but most of it does."""
        with self.server.connect(database, TIMEOUT) as connection:
            failures(connection, migration)

    def fresh(self, migration: Migration) -> str:
        """A new copy of the state before a wanted migration. Roles belong to the server: they are set back too."""
        self.reach(migration.index)
        if self.server.embedded:
            restore(self.server, self._roles[migration.index])
        return self.server.create_database(self._bases[migration.index])

    def drifted(
        self, migration: Migration, missing: Object, origin: "Place", edits: "Sequence[Edit]" = ()
    ) -> tuple[str, Migration]:
        """A new database in which the statement ``origin`` has run before, but without the object; and the migration to
        run there: itself, or, where the statement needs what stands before it, its text with that done in place.

        ``edits`` are those that made ``migration`` from that of the history. Raises NotBuilt.
        """
        self.reach(migration.index)
        doubted = self.history.migrations[origin.migration]
        statement = next(piece for piece in pieces_of(doubted) if piece.index == origin.statement)
        text = doubted.source.data[statement.start : statement.end].decode()
        take_away = _take_away(missing, statement)
        database = self.fresh(doubted)
        try:
            with self.server.connect(database, TIMEOUT) as connection:
                failed = _first_failure(connection, [text, take_away])
                if failed is None and _comes_back(connection, text, take_away):
                    raise NotBuilt("its guard tests another object, so the statement makes it again")
            if failed is None:
                self._catch_up(database, doubted, migration)
                return database, migration
            statement_failed, reason = failed
            if doubted.index != migration.index or statement_failed != text:
                raise NotBuilt(reason)
        except NotBuilt:
            self.server.drop_database(database)
            raise
        at = moved(statement.start, edits)
        written = f"{text};\n{take_away};\n".encode()
        data = migration.source.data[:at] + written + migration.source.data[at:]
        return database, msgspec.structs.replace(migration, source=migration.source.rewritten(data))

    def _catch_up(self, database: str, doubted: Migration, migration: Migration) -> None:
        """Run what lies between the migration that left the doubt and the one that meets it."""
        for between in self.history.migrations[doubted.index : migration.index]:
            ran = self.run(database, between)
            if not ran.ok and between.path not in self.incomplete:
                raise NotBuilt(f"{between.path} fails before it: {ran.says()}")
            if not ran.ok:
                self._whatever_runs(database, between)

    def run(self, database: str, migration: Migration) -> Ran:
        """Run a migration in a database, in its run mode."""
        with self.server.connect(database, TIMEOUT) as connection:
            outcome = execute(connection, migration)
        if outcome.statement is None:
            return Ran(outcome)
        piece = next(piece for piece in pieces_of(migration) if piece.index == outcome.statement)
        return Ran(outcome, outcome.statement, migration.source.data[piece.start : piece.end].decode())


def failures(connection: "Connection", migration: Migration) -> dict[int, str]:
    """Every statement of a migration that fails by itself, with its SQLSTATE; the others stay.

    Its own BEGIN, COMMIT and ROLLBACK are left out: behind a failure in a transaction everything would fail.
    """
    import psycopg

    found: dict[int, str] = {}
    data = migration.source.sql.encode()
    for piece in pieces_of(migration):
        if isinstance(piece, Statement) and any(isinstance(step, Transaction) for step in piece.operations):
            continue
        try:
            connection.execute(data[piece.start : piece.end])
        except psycopg.Error as error:
            found[piece.index] = error.sqlstate or ""
            if connection.closed:
                break
    return found


def _first_failure(connection: "Connection", statements: list[str]) -> tuple[str, str] | None:
    import psycopg

    for statement in statements:
        try:
            connection.execute(statement.encode())
        except psycopg.Error as error:
            return statement, f"the start state can't be made: {error.sqlstate} {str(error).splitlines()[0]}"
    return None


def _comes_back(connection: "Connection", statement: str, take_away: str) -> bool:
    """Whether the statement makes the object again, so that it can be taken away once more; nothing of it stays."""
    connection.execute("BEGIN")
    try:
        return _first_failure(connection, [statement, take_away]) is None
    finally:
        connection.execute("ROLLBACK")


def _take_away(missing: Object, statement: Piece) -> str:
    """The statement that takes away what the start state lacks. Raises NotBuilt for what can't be dropped alone."""
    name, schema = quote(missing.name), quote(missing.schema or "public")
    table = f"{schema}.{quote(missing.relation)}" if missing.relation is not None else ""
    match missing.kind:
        case "column":
            return f"ALTER TABLE {table} DROP COLUMN {name} CASCADE"
        case "constraint":
            return f"ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE"
        case "index" if missing.relation is not None and not _makes_index(missing, statement):
            return f"ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE"
        case "index":
            return f"DROP INDEX {schema}.{name} CASCADE"
        case "policy" | "trigger" | "rule":
            return f"DROP {missing.kind.upper()} {name} ON {table} CASCADE"
        case "relation" | "sequence":
            return f"DROP {_relation_kind(missing, statement)} {schema}.{name} CASCADE"
        case "type":
            return f"DROP TYPE {schema}.{name} CASCADE"
        case "function" if missing.arguments is not None:
            return f"DROP ROUTINE {schema}.{name}({', '.join(map(_type, missing.arguments))}) CASCADE"
        case "schema" | "extension":
            return f"DROP {missing.kind.upper()} {name} CASCADE"
        case "publication":
            return f"DROP PUBLICATION {name}"
        case _:
            raise NotBuilt(f"a {missing.kind} can't be taken away by itself")


def _type(written: str) -> str:
    name = written.removesuffix("[]")
    return ".".join(quote(part) for part in name.split(".", 1)) + written[len(name) :]


def _makes_index(missing: Object, statement: Piece) -> bool:
    """Whether the statement makes the index itself, and not a constraint that has one."""
    return isinstance(statement, Statement) and any(
        isinstance(step, CreateIndex) and step.name == missing.name for step in flat(statement.operations)
    )


def _relation_kind(missing: Object, statement: Piece) -> str:
    for step in getattr(statement, "operations", ()):
        if isinstance(step, CreateRelation) and step.name.name == missing.name:
            return step.kind.upper()
    return "TABLE"
