"""Guarded blocks: what makes a migration run where an object is missing, built from the author's own text.

The blocks stand behind the CREATE TABLE that they doubt, under one heading, or before the first statement that needs
the object when that CREATE lies in an earlier migration. Existing rows are taken care of: a block never fails because
of them, it warns.
"""

import re
from functools import lru_cache

import msgspec

from driftproof.catalog.failures import Failure
from driftproof.catalog.naming import all_constraints, constrained, constraint_names
from driftproof.diagnostic import Applicability, Certainty, Edit, Fix, Place
from driftproof.rule import FileContext, StatementContext
from driftproof.source import Source
from driftproof.statements.operations import Column, Constraint, CreateRelation, Statement
from driftproof.syntax import Element, Token, elements, literal, quote
from driftproof.syntax.parser import first_token

HEADING = "-- Ensure columns exist (for existing tables)"
_HEADED = re.compile(rb"\s*" + re.escape(HEADING.encode()))
# The order of the blocks at one place: columns in the order of the table, those that read others a level further on,
# then constraints, then what stands behind them all.
_LEVEL = 10_000
_CONSTRAINTS_FROM = 100 * _LEVEL
_LAST = 1000 * _LEVEL

_VIOLATIONS = {
    "check": "check_violation",
    "unique": "unique_violation",
    "foreign key": "foreign_key_violation",
    "exclude": "exclusion_violation",
    "not null": "not_null_violation",
    "primary key": "invalid_table_definition OR not_null_violation OR unique_violation",
}


class _Table(msgspec.Struct, frozen=True):
    """The CREATE TABLE that left a doubt: where it is and its elements; and what the table is called where the blocks
    stand, as a name and as it is written."""

    source: Source
    statement: Statement
    made: CreateRelation
    elements: tuple[Element, ...]
    schema: str
    name: str
    written: str

    def text(self, element: Element) -> str:
        """An element as the author wrote it."""
        return self.source.data[element.start : element.end].decode()

    def column(self, name: str) -> tuple[int, Element] | None:
        """The element that defines a column, and its place among the elements."""
        for at, element in enumerate(self.elements):
            if element.kind == "column" and element.name == name:
                return at, element
        return None


def guard(context: StatementContext, failure: Failure) -> Fix | None:
    """The fix that makes sure of a column or a constraint that a CREATE TABLE left in doubt; None if there is none."""
    table = _doubted_table(context, failure)
    if table is None or failure.object.relation is None:
        return None
    blocks = _Blocks(table)
    if failure.object.kind == "column":
        found = blocks.add_column(failure.object.name)
        title = f"add the column {failure.object.name} where it is missing"
    else:
        found = blocks.add_constraint(failure.object.name)
        title = f"add the constraint {failure.object.name} where it is missing"
    if not found:
        return None
    edits = _place(context, failure, table, blocks.texts)
    return Fix(title, Applicability.SAFE if blocks.safe else Applicability.UNSAFE, edits)


def _doubted_table(context: StatementContext, failure: Failure) -> _Table | None:
    if failure.origin is None or failure.certainty is not Certainty.DRIFT:
        return None
    wanted = failure.object
    return _table(context.file, failure.origin, wanted.schema or "public", wanted.relation or "", failure.inherited)


@lru_cache(maxsize=16)
def _table(file: FileContext, origin: Place, schema: str, name: str, inherited: bool) -> _Table | None:
    """The table of a doubt, as it is called where the blocks stand; kept, because each of its columns asks for it."""
    source = file.history.migrations[origin.migration].source
    statement = file.statement(origin)
    made = next((step for step in statement.operations if isinstance(step, CreateRelation)), None)
    if made is None or made.kind != "table":
        return None
    opened, found = elements(source.data, statement.start, statement.end)
    if not found:
        return None
    named = made.name
    if not inherited:
        written = source.data[named.at : opened].decode().strip()
        return _Table(source, statement, made, found, named.schema or schema, named.name, written)
    # Since its CREATE the table may have been renamed or moved.
    written = quote(name) if named.schema is None and schema == "public" else f"{quote(schema)}.{quote(name)}"
    return _Table(source, statement, made, found, schema, name, written)


class _Blocks:
    """The blocks of one fix, by their order; what one needs is added before it."""

    def __init__(self, table: _Table) -> None:
        self.table = table
        self.texts: dict[int, str] = {}
        self.orders: dict[str, int] = {}
        self.safe = True

    def add_column(self, name: str) -> bool:
        """The block of a column, behind those of the columns that it reads, and of the table constraints with it."""
        found = self.table.column(name)
        if found is None:
            return False
        if name in self.orders:
            return True
        place, element = found
        column = next(item for item in self.table.made.columns if item.name == name)
        kinds = {constraint.kind for constraint in column.constraints}
        self.orders[name] = place + 1
        for other in _reads(column):
            if self.add_column(other):
                self.orders[name] = max(self.orders[name], self.orders[other] // _LEVEL * _LEVEL + _LEVEL + place + 1)
        self.texts[self.orders[name]] = self._column_block(name, element, column)
        if kinds & {"primary key", "unique"} or ("foreign key" in kinds and _fills(column)):
            self.safe = False
        for written, constraint in self._table_constraints():
            if name in constrained(constraint):
                self._constraint(written, constraint)
        return True

    def add_constraint(self, name: str) -> bool:
        """The block of a table constraint, and of the columns that it needs."""
        for written, constraint in self._table_constraints():
            if self._name(constraint) == name:
                for column in constrained(constraint):
                    self.add_column(column)
                self._constraint(written, constraint)
                return True
        return False

    def _table_constraints(self) -> list[tuple[Element, Constraint]]:
        written = [element for element in self.table.elements if element.kind == "constraint"]
        return list(zip(written, self.table.made.constraints, strict=True))

    def _constraint(self, element: Element, constraint: Constraint) -> None:
        order = _CONSTRAINTS_FROM + self.table.elements.index(element)
        if order in self.texts:
            return
        if constraint.kind == "primary key":
            self.safe = False
        name = self._name(constraint)
        text = self.table.text(element)
        if constraint.name is None:
            text = f"CONSTRAINT {quote(name)} {text}"
        regclass = literal(f"{quote(self.table.schema)}.{quote(self.table.name)}")
        warning = _message(f"{self.table.name}: existing rows break {name}, it was not added")
        self.texts[order] = "\n".join(
            [
                "DO $$",
                "BEGIN",
                "    IF NOT EXISTS (",
                "        SELECT 1 FROM pg_constraint",
                f"        WHERE conrelid = {regclass}::regclass",
                f"          AND conname = {literal(name)}",
                "    ) THEN",
                f"        ALTER TABLE {self.table.written} ADD {text};",
                "    END IF;",
                "EXCEPTION",
                "    WHEN undefined_column THEN",
                "        NULL; -- it comes with the last of its columns",
                f"    WHEN {_VIOLATIONS[constraint.kind]} THEN",
                f"        RAISE WARNING {warning};",
                "END $$;",
            ]
        )

    def _name(self, constraint: Constraint) -> str:
        """The constraint's name in the fresh state: where it has none, the one that PostgreSQL makes up."""
        names = constraint_names(self.table.schema, self.table.made)
        return names[all_constraints(self.table.made).index(constraint)]

    def _column_block(self, name: str, element: Element, column: Column) -> str:
        table = self.table.name
        text = self.table.text(element)
        lines: list[str] = []
        data = self.table.source.data
        keyed = any(constraint.kind == "primary key" for constraint in column.constraints)
        not_null = None if keyed or _fills(column) else _not_null(element.tokens)
        if not_null is not None:
            start, end = not_null
            text = (data[element.start : start].rstrip(b" \t") + data[end : element.end]).decode().rstrip()
            warning = _message(f"{table}.{name}: existing rows have no value, NOT NULL was not set")
            lines = [
                f"        IF EXISTS (SELECT 1 FROM {self.table.written} WHERE {quote(name)} IS NULL) THEN",
                f"            RAISE WARNING {warning};",
                "        ELSE",
                f"            ALTER TABLE {self.table.written} ALTER COLUMN {quote(name)} SET NOT NULL;",
                "        END IF;",
            ]
        return "\n".join(
            [
                "DO $$",
                "BEGIN",
                "    IF NOT EXISTS (",
                "        SELECT 1 FROM information_schema.columns",
                f"        WHERE table_schema = {literal(self.table.schema)}",
                f"          AND table_name = {literal(table)}",
                f"          AND column_name = {literal(name)}",
                "    ) THEN",
                f"        ALTER TABLE {self.table.written} ADD COLUMN {text};",
                *lines,
                "    END IF;",
                "END $$;",
            ]
        )


def _fills(column: Column) -> bool:
    """Whether existing rows get a value: a default, an identity, a serial, a generated column."""
    return column.default is not None or column.sequence


def _reads(column: Column) -> list[str]:
    """The other columns that a definition refers to."""
    found = [ref for constraint in column.constraints if constraint.expression for ref in constraint.expression.columns]
    if column.generated and column.default is not None:
        found += column.default.columns
    return [name for name in dict.fromkeys(ref.parts[-1] for ref in found) if name != column.name]


def _not_null(found: tuple[Token, ...]) -> tuple[int, int] | None:
    """Where a column's NOT NULL begins and ends in the file, with the name of that constraint if it has one."""
    depth = 0
    for at, token in enumerate(found[:-1]):
        depth += (token.text in "([") - (token.text in ")]")
        if depth == 0 and token.name == "NOT" and found[at + 1].name == "NULL_P":
            named = at >= 2 and found[at - 2].name == "CONSTRAINT"
            return (found[at - 2] if named else token).start, found[at + 1].end
    return None


def _place(context: StatementContext, failure: Failure, table: _Table, texts: dict[int, str]) -> tuple[Edit, ...]:
    """The edits that put the blocks where they belong, under one heading a table."""
    source = context.file.migration.source
    newline = source.newline.decode()
    if failure.inherited:
        at, before, after = _before(source, context.statement), "", "\n"
    else:
        at, before, after = _behind(source, table.statement)
    tagged = {order: _dollar_quoted(text) for order, text in texts.items()}
    edits = [Edit(at, at, f"\n{text}\n".replace("\n", newline), order) for order, text in sorted(tagged.items())]
    heading = _HEADED.match(source.data, at)
    if heading is not None and not failure.inherited:
        at = source.line_end(heading.end()) + len(source.newline)
        edits = [msgspec.structs.replace(edit, start=at, end=at, text=edit.text[len(newline) :]) for edit in edits]
    else:
        edits.insert(0, Edit(at, at, f"{before}{HEADING}".replace("\n", newline)))
    if after:
        edits.append(Edit(at, at, after.replace("\n", newline), _LAST))
    return tuple(edits)


def _behind(source: Source, statement: Statement) -> tuple[int, str, str]:
    """The place behind a statement: the next line, or right behind the semicolon if more stands on its line."""
    data = source.data
    semicolon = data.find(b";", statement.end)
    at = semicolon + 1 if semicolon >= 0 else statement.end
    end = source.line_end(at)
    rest = data[at:end].strip()
    if rest and not rest.startswith(b"--"):
        return at, "\n\n", "\n"
    start = min(data.find(b"\n", end) + 1 or len(data), len(data))
    if start == len(data) and not data.endswith(b"\n"):
        return start, "\n\n", ""
    next_line = data[start : source.line_end(start)]
    return start, "\n", "\n" if next_line.strip() and start < len(data) else ""


def _before(source: Source, statement: Statement) -> int:
    """The place before a statement and the comment lines right above it."""
    data = source.data
    start = source.line_start(statement.start)
    if first_token(data, start) != statement.start and data[start : statement.start].strip():
        return statement.start
    while start > 0:
        above = source.line_start(start - 1)
        if not data[above:start].lstrip().startswith(b"--"):
            break
        start = above
    return start


def _dollar_quoted(block: str) -> str:
    """The block with a dollar quote that its body does not hold."""
    body = block.removeprefix("DO $$").removesuffix("$$;")
    tag = "$$"
    while tag in body:
        tag = "$guard$" if tag == "$$" else f"${tag[1:-1]}_$"
    return f"DO {tag}{body}{tag};"


def _message(text: str) -> str:
    """A format string of RAISE that says the text."""
    return literal(text.replace("%", "%%"))
