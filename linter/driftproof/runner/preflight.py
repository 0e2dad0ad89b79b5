"""What pending migrations will meet in the database that is about to run them. Reads, and never writes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from driftproof.catalog import Interpreter, State, interpreter
from driftproof.diagnostic import Certainty, StatementSpan
from driftproof.evidence.differ import differences
from driftproof.evidence.enter import UNSEEN, enter
from driftproof.evidence.questions import in_the_way, primary_key, said
from driftproof.evidence.settle import ahead, pending
from driftproof.history import Framework, History, Migration
from driftproof.history.evidence import Evidence
from driftproof.objects import Object, described
from driftproof.reading import left_out, open_ends
from driftproof.reading import read as read_statements
from driftproof.runner.evidence import evidence
from driftproof.runner.server import describe, first_line
from driftproof.runner.snapshot import read_only
from driftproof.source import Span, Unreadable
from driftproof.statements.operations import Statement, SyntaxFailure
from driftproof.statements.query import Name
from driftproof.syntax import Parsed, locate
from driftproof.syntax.conditions import SQLSTATES as CONDITIONS
from driftproof.syntax.demands import SQLSTATES, Demand, demands

if TYPE_CHECKING:
    from driftproof.catalog.failures import Failure
    from driftproof.runner.server import Connection

_SECONDS = 30
"""After which a question about rows is given up."""
_WRITES = ("INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "DO", "CALL", "COPY", "SELECT")


class Coming(msgspec.Struct, frozen=True):
    """A statement that will fail, and why."""

    statement: StatementSpan
    span: Span
    sqlstate: str
    object: Object | None
    message: str


class Rows(msgspec.Struct, frozen=True):
    """Rows that stand in the way of a statement, or (``fix``) only of the guard that a fix would put behind it.

    ``count`` is None where the ``question`` could not be answered; ``message`` says why. ``changed``: a statement
    before it may change the rows; ``perhaps``: the tool may leave the statement out.
    """

    statement: StatementSpan
    sqlstate: str
    message: str
    question: str
    count: int | None
    fix: bool = False
    changed: bool = False
    perhaps: bool = False

    @property
    def fails(self) -> bool:
        """Whether the statement fails because of them."""
        return bool(self.count) and not (self.fix or self.changed or self.perhaps)


class Ahead(msgspec.Struct, frozen=True):
    """A pending migration, and what will become of it; ``open`` is what is not certain of the file itself."""

    migration: Migration
    failures: tuple[Coming, ...]
    rows: tuple[Rows, ...]
    open: tuple[str, ...] = ()

    @property
    def fails(self) -> bool:
        """Whether it will fail."""
        return bool(self.failures) or any(rows.fails for rows in self.rows)


class Preflight(msgspec.Struct, frozen=True):
    """What a database says of a history. ``counted``: its bookkeeping says what is applied; else the migrations that
    were asked about are held to be pending. ``unknown`` are the versions that it has run and the history lacks."""

    server: str
    database: str
    counted: bool
    applied: int
    unknown: tuple[str, ...]
    pending: tuple[Ahead, ...]
    differences: tuple[str, ...]
    seen: Evidence

    @property
    def status(self) -> int:
        """The exit status: 1 where a pending migration will fail."""
        return int(any(file.fails for file in self.pending))


def preflight(connection: "Connection", history: History) -> Preflight:
    """Ask a database, in one transaction that can only read. The connection must be idle. Raises ServerError."""
    platform = history.framework.platform
    foreign = interpreter(platform).state.foreign or frozenset()
    with read_only(connection):
        seen = evidence(connection, history.framework, foreign, history.migrations)
        migrations = history.migrations[: max(history.named, default=-1) + 1]
        if seen.applied is None:
            new = tuple(migration for migration in migrations if migration.index in history.named)
        else:
            new = pending(migrations, seen)
        old = tuple(migration for migration in migrations if migration not in new)
        parsed = {migration.index: _parse(history.framework, migration) for migration in migrations}
        database = enter(seen, platform)
        unlike = differences(_after(old, parsed, platform), database.state) if old else []
        files = tuple(_Ahead(connection, history.framework, database).look(new, parsed))
    versions = {migration.version for migration in history.migrations}
    return Preflight(
        server=describe(connection),
        database=connection.info.dbname,
        counted=seen.applied is not None,
        applied=len(old),
        unknown=tuple(version for version in seen.applied or () if version not in versions),
        pending=files,
        differences=tuple(unlike),
        seen=seen,
    )


def _parse(framework: Framework, migration: Migration) -> Parsed:
    try:
        return read_statements(framework, migration)
    except Unreadable as error:
        return Parsed((), (SyntaxFailure(0, error.message, error.offset, error.offset, error.offset),))


def _after(migrations: Sequence[Migration], parsed: Mapping[int, Parsed], platform: str | None) -> State:
    """What migrations leave on an empty platform."""
    run = interpreter(platform)
    read = {migration.index: parsed[migration.index].statements for migration in migrations}
    for _, statement in ahead(run, migrations, read):
        run.run(statement, lambda: 1)
    return run.state


class _Ahead:
    """The pending migrations on a database, one after the other."""

    def __init__(self, connection: "Connection", framework: Framework, run: Interpreter) -> None:
        self.connection = connection
        self.framework = framework
        self.run = run
        self.start = run.state.fork()
        self.written: list[str] = []

    def look(self, migrations: Sequence[Migration], parsed: Mapping[int, Parsed]) -> Iterator[Ahead]:
        """What will become of each."""
        for migration in migrations:
            failures = [
                _syntax(migration, failure)
                for failure in parsed[migration.index].failures
                if not left_out(self.framework, migration, failure.start)
            ]
            rows: list[Rows] = []
            read = {migration.index: parsed[migration.index].statements}
            for _, statement in ahead(self.run, (migration,), read):
                rows += self._rows(migration, statement)
                coming = list(_coming(migration, statement, self.run.run(statement, lambda: 1)))
                failures += coming or _refused(migration, statement, self.run)
            failures.sort(key=lambda failure: failure.statement.index)
            yield Ahead(migration, tuple(failures), tuple(rows), tuple(open_ends(self.framework, migration)))

    def _rows(self, migration: Migration, statement: Statement) -> Iterator[Rows]:
        data = migration.source.data
        for demand in demands(data, statement):
            question = self._question(demand)
            if question is None:
                continue
            table, sql = question
            count, problem = self._ask(sql)
            if count or problem:
                yield Rows(
                    statement=_span(migration, statement),
                    sqlstate=SQLSTATES[demand.kind],
                    message=problem or said(demand, table, count or 0),
                    question=sql,
                    count=count,
                    fix=demand.skipped,
                    changed=any(table[1] in text for text in self.written),
                    perhaps=left_out(self.framework, migration, statement.start),
                )
        if statement.command.split()[0] in _WRITES:
            self.written.append(data[statement.start : statement.end].decode())

    def _question(self, demand: Demand) -> tuple[tuple[str, str], str] | None:
        """The question that a demand leads to; None for a table that is not there yet, or meets it already."""
        table = self._table(demand.table)
        if table is None:
            return None
        relation = self.start.relations[table]
        there = [relation.member("column", column).nominal for column in demand.columns]
        if demand.kind == "not null" and not all(there):
            return table, in_the_way(msgspec.structs.replace(demand, added=True), table)
        if not all(there) or (demand.skipped and demand.kind == "not null") or self._held(table, demand):
            return None
        if demand.references is None:
            return table, in_the_way(demand, table)
        references = self._table(demand.references)
        if references is None:
            return None
        referenced = demand.referenced or primary_key(self.start.relations[references])
        if len(referenced) != len(demand.columns):
            return None
        return table, in_the_way(demand, table, references, referenced)

    def _table(self, name: Name) -> tuple[str, str] | None:
        """The table that a name means now, if the database has it already."""
        key, found = self.run.state.look_up(name)
        known = self.start.relations.get(key) if key is not None else None
        if key is None or found is None or known is None or known.kind != "table" or not known.fact.nominal:
            return None
        return key

    def _held(self, table: tuple[str, str], demand: Demand) -> bool:
        """Whether a key of the database's own keeps duplicates out."""
        wanted = frozenset(demand.columns)
        return demand.kind in ("unique", "primary key") and any(
            relation.of == table
            and relation.unique is not None
            and relation.unique.columns == wanted
            and not (relation.unique.partial or relation.unique.expressions)
            for relation in self.start.relations.values()
        )

    def _ask(self, question: str) -> tuple[int | None, str]:
        """The answer, or why there is none."""
        import psycopg

        self.connection.execute("SAVEPOINT rows")
        try:
            # Without the right to see all rows there is an error, not a smaller number.
            self.connection.execute(f"SET LOCAL row_security = off; SET LOCAL statement_timeout = {_SECONDS * 1000}")
            answer = self.connection.execute(question.encode()).fetchone()
            return (answer[0] if answer else None), ""
        except psycopg.errors.UndefinedColumn:
            return 0, ""  # a CHECK of a column that is not there yet
        except psycopg.Error as error:
            return None, f"the rows could not be asked: {first_line(error)}"
        finally:
            self.connection.execute("ROLLBACK TO SAVEPOINT rows")


def _syntax(migration: Migration, failure: SyntaxFailure) -> Coming:
    source = migration.source
    span = StatementSpan(failure.index, source.position(failure.start), source.position(failure.end))
    return Coming(span, source.span(failure.at, failure.at), "42601", None, failure.message)


def _coming(migration: Migration, statement: Statement, failures: "Sequence[Failure]") -> Iterator[Coming]:
    """What makes a statement fail for certain."""
    source = migration.source
    certain = [failure for failure in failures if failure.certainty is Certainty.ALWAYS]
    for failure in certain:
        if failure.object.kind in UNSEEN:
            return
        end = "does not exist" if failure.missing else "exists already"
        at = source.span(*locate(source, statement, failure.object, failure.at))
        message = f"{described(failure.object)} {end}"
        yield Coming(_span(migration, statement), at, failure.sqlstate, failure.object, message)


def _refused(migration: Migration, statement: Statement, run: Interpreter) -> Iterator[Coming]:
    """What makes a statement fail but for an object; what a file raises itself is its own."""
    if run.refusal is not None:
        name = next((name for name, code in CONDITIONS.items() if code == run.refusal), "error")
        message = f"what is there does not let it run: {name.replace('_', ' ')}"
        source = migration.source
        at = source.span(statement.start, statement.end)
        yield Coming(_span(migration, statement), at, run.refusal, None, message)


def _span(migration: Migration, statement: Statement) -> StatementSpan:
    source = migration.source
    return StatementSpan(statement.index, source.position(statement.start), source.position(statement.end))
