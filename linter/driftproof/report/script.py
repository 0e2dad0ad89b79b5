"""The questions to ask a database before and after its migrations, as a script for any console, with the answers to
expect as comments. It changes nothing."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from driftproof.catalog import State, interpreter
from driftproof.diagnostic import Certainty, Diagnostic
from driftproof.evidence.probes import there, written
from driftproof.evidence.questions import in_the_way, primary_key
from driftproof.evidence.settle import ahead, fact_of
from driftproof.history import History, Migration
from driftproof.objects import Object, described
from driftproof.reading import open_ends
from driftproof.reading import read as read_statements
from driftproof.report import printable
from driftproof.schema.read import read
from driftproof.statements.operations import CreateRelation, Statement
from driftproof.statements.walk import flat
from driftproof.syntax import literal
from driftproof.syntax.demands import SQLSTATES, demands

Table = tuple[str, str]

_CONSTANT = re.compile(r"(?:CAST\()?(?P<text>'(?:[^']|'')*')(?: AS (?P<cast>.+)\))?")
_VERBATIM = ("text", "character varying", "uuid")
"""The types whose constants are printed as they are written."""
_AS_WRITTEN = re.compile(
    r"\d+|(?:now|gen_random_uuid|random|(?:clock|transaction|statement)_timestamp)\(\)"
    r"|CURRENT_(?:DATE|TIME|TIMESTAMP|USER|ROLE)|LOCALTIME(?:STAMP)?"
)

_COLUMNS = """\
SELECT a.attname AS "column", format_type(a.atttypid, a.atttypmod) AS type,
       CASE WHEN a.attnotnull THEN 'not null' ELSE 'null' END AS nullability,
       coalesce(pg_get_expr(d.adbin, d.adrelid), '') AS "default"
FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = to_regclass({table}) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum;"""


def script(history: History, diagnostics: Sequence[Diagnostic]) -> str:
    """The script for the named migrations of a history; ``diagnostics`` are what is in doubt there."""
    # A name may hold a line end; a comment must not.
    lines = (_one_line(line) if line.startswith("--") else line for line in _Script(history, diagnostics).lines())
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())


class _Made(NamedTuple):
    """Where a table is made, and the names of the columns that are written there."""

    migration: Migration
    statement: Statement
    guarded: bool
    columns: frozenset[str]


class _Script:
    def __init__(self, history: History, diagnostics: Sequence[Diagnostic]) -> None:
        self.history = history
        self.doubts = [item for item in diagnostics if item.certainty is Certainty.DRIFT and item.object is not None]
        self.migrations = history.migrations[: max(history.named, default=-1) + 1]
        self.named = [migration for migration in self.migrations if migration.index in history.named]
        self.tables = {(item.schema, item.name): item for item in read(history).relations}
        self.made: dict[Table, _Made] = {}
        self.rows: list[str] = []
        self.state = self._end()

    def _end(self) -> State:
        """What the migrations leave on an empty platform; on the way, their tables and the questions about rows."""
        run = interpreter(self.history.framework.platform)
        framework = self.history.framework
        statements = {one.index: read_statements(framework, one).statements for one in self.migrations}
        for migration, statement in ahead(run, self.migrations, statements):
            named = migration.index in self.history.named
            run.run(statement, lambda: 1)
            if run.failed or not named:
                continue
            self.rows += self._rows_asked(run.state, migration, statement)
            for step in flat(statement.operations):
                if isinstance(step, CreateRelation) and step.kind == "table" and not step.temporary:
                    key, _ = run.state.look_up(step.name)
                    if key is not None and key not in self.made:
                        columns = frozenset(column.name for column in step.columns)
                        self.made[key] = _Made(migration, statement, step.if_not_exists, columns)
        return run.state

    def lines(self) -> Iterator[str]:
        """The script."""
        yield "-- Questions to a database, before and after its migrations. Nothing here changes anything."
        yield "-- The migrations, in the order in which they run:"
        for number, migration in enumerate(self.named, start=1):
            yield f"--   {number}. {_path(migration)}"
            yield from (f"--        {said}" for said in open_ends(self.history.framework, migration))
        yield from ("", "-- BEFORE", "")
        yield from self._bookkeeping()
        for table in self.made:
            yield from self._table_before(table)
        yield from self._others(after=False)
        yield from self._rows_before()
        yield from ("-- AFTER", "")
        for table in self.made:
            yield from self._table_after(table)
        yield from self._others(after=True)

    def _bookkeeping(self) -> Iterator[str]:
        kept = self.history.framework.bookkeeping
        if kept is None:
            return
        yield f"-- Does {kept.table} keep account of what has run?"
        yield f"SELECT to_regclass({literal(kept.table)}) IS NOT NULL AS there;"
        yield "-- expect: t where a migration has run before; then this tells which have:"
        yield f"--   {kept.versions};"
        yield ""

    def _table_before(self, table: Table) -> Iterator[str]:
        migration, statement, guarded, columns = self.made[table]
        place = f"{_path(migration)}, line {migration.source.line_number(statement.start)}"
        yield f"-- {_name(table)}: {place}"
        yield "-- Is the table there?"
        yield f"SELECT {there(Object('relation', table[0], None, table[1]))} AS there;"
        if not guarded:
            yield "-- expect: f, and it is made; t, and CREATE TABLE fails: 42P07"
            yield ""
            return
        yield "-- expect: f, and it is made as it is written; t, and it stays as it is: then what follows matters"
        yield "-- Its columns in order:"
        yield _COLUMNS.format(table=written(*table))
        yield "-- expect: no rows where it is not there; else these, in any order, and others as well:"
        yield from self._rows_of(table, columns)
        needed = self._needed(table)
        if needed:
            values = ", ".join(f"({at}, {literal(name)})" for at, name in enumerate(needed, start=1))
            exists = (
                "EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid ="
                f" to_regclass({written(*table)}) AND a.attname = needed.name AND NOT a.attisdropped)"
            )
            yield "-- Has it each column that a statement needs?"
            yield f"SELECT needed.name, {exists} AS there"
            yield f"FROM (VALUES {values}) AS needed (place, name)"
            yield f"WHERE to_regclass({written(*table)}) IS NOT NULL ORDER BY needed.place;"
            yield "-- expect: no rows where it is not there; else t for each, or it fails:"
            for name, doubt in needed.items():
                yield f"--   {name} | t | f: {self._fails(doubt)}"
        yield ""

    def _table_after(self, table: Table) -> Iterator[str]:
        yield f"-- {_name(table)}: its columns in order:"
        yield _COLUMNS.format(table=written(*table))
        yield "-- expect these rows; a table that was there before may have them in another order, and others as well:"
        yield from self._rows_of(table)
        yield ""

    def _rows_of(self, table: Table, written: frozenset[str] = frozenset()) -> Iterator[str]:
        """The columns of a table as the question about them answers; only those that are ``written``, if there are any.

        Dots stand for what is not known; a default in angle brackets is one that PostgreSQL may print otherwise.
        """
        found = self.tables.get(table)
        for column in found.columns if found is not None else ():
            if written and column.name not in written:
                continue
            fact = fact_of(self.state, Object("column", *table, column.name))
            if fact is None or not fact.sure:
                yield f"--   perhaps {column.name}"
                continue
            type_ = (column.type or "...").removeprefix("public.")
            null = "..." if column.nullable is None else "null" if column.nullable else "not null"
            default = f"<{column.generated}>" if column.generated else _printed(column.default, type_)
            yield f"--   {column.name} | {type_} | {null} | {default}".rstrip()

    def _needed(self, table: Table) -> dict[str, Diagnostic]:
        """The columns in doubt, each with the first statement that fails without it."""
        found: dict[str, Diagnostic] = {}
        for doubt in self.doubts:
            wanted = doubt.object
            if wanted is not None and wanted.kind == "column" and (wanted.schema, wanted.relation) == table:
                found.setdefault(wanted.name, doubt)
        return found

    def _others(self, *, after: bool) -> Iterator[str]:
        """What else is in doubt: constraints, types, functions..."""
        found: dict[str, tuple[Object, Diagnostic]] = {}
        for doubt in self.doubts:
            wanted = doubt.object
            if wanted is not None and not (wanted.kind == "column" and (wanted.schema, wanted.relation) in self.made):
                question = there(wanted)
                if question is not None:
                    found.setdefault(question, (wanted, doubt))
        for question, (wanted, doubt) in found.items():
            end = fact_of(self.state, wanted)
            if after and (end is None or not end.sure):
                continue
            yield f"-- {described(wanted)}:"
            yield f"SELECT {question} AS there;"
            if after:
                yield f"-- expect: {'t' if end and end.nominal else 'f'}"
            else:
                yield "-- expect: t, or f where what makes it has not run yet and finds nothing in its place"
                yield f"--   without it {self._fails(doubt)}"
            yield ""

    def _rows_before(self) -> Iterator[str]:
        """Questions about rows, which fail where the table or the column is not there: to be asked where it is."""
        if not self.rows:
            return
        yield "-- Rows that would stand in the way. To be asked only where the table and the columns are there already;"
        yield "-- expect 0, else the statement, or what would make an older table as it is written here, fails."
        yield from self.rows
        yield ""

    def _rows_asked(self, state: State, migration: Migration, statement: Statement) -> Iterator[str]:
        """The questions about rows that a statement leads to."""
        place = f"{Path(printable(migration.path)).name}, line {migration.source.line_number(statement.start)}"
        for demand in demands(migration.source.data, statement):
            table, _ = state.look_up(demand.table)
            references, other = state.look_up(demand.references) if demand.references is not None else (None, None)
            referenced = demand.referenced or primary_key(other)
            if table is None or (demand.references is not None and len(referenced) != len(demand.columns)):
                continue
            question = in_the_way(demand, table, references, referenced)
            yield f"--   {' '.join(question.split())}; -- {place}: {SQLSTATES[demand.kind]}"

    def _fails(self, doubt: Diagnostic) -> str:
        return f"{Path(printable(doubt.path)).name}, line {doubt.span.start.line} fails: {doubt.sqlstate}"


def _path(migration: Migration) -> str:
    return printable(migration.path)


def _name(table: Table) -> str:
    return ".".join(table).removeprefix("public.")


def _printed(default: str | None, type_: str) -> str:
    """A default as pg_get_expr prints it, in angle brackets where that is not certain."""
    if default is None or default == "NULL":
        return ""
    if type_ == "boolean" and default in ("TRUE", "FALSE"):
        return default.lower()
    constant = _CONSTANT.fullmatch(default)
    if constant is not None and constant["cast"] in (None, type_):
        bare = type_.partition("(")[0]
        if bare in _VERBATIM or (constant["text"], bare.removesuffix("[]") != bare) == ("'{}'", True):
            return f"{constant['text']}::{bare}"
        if bare in ("json", "jsonb") and constant["text"] in ("'{}'", "'[]'"):
            return f"{constant['text']}::{bare}"
    return default if _AS_WRITTEN.fullmatch(default) else f"<{default}>"
