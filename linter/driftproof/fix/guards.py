"""Guards for what a CREATE TABLE left in doubt: blocks that make sure of its columns and constraints, built from the
author's own text.

The blocks stand behind the statement with that CREATE TABLE, under one heading, or before the first statement that
needs the object when it lies in an earlier migration. They change nothing where the column is there. A block never
fails because of existing rows: what these may break is tried by itself, and where they break it, the block warns.
"""

import re
from functools import cached_property, lru_cache

import msgspec

from driftproof.catalog.failures import Failure
from driftproof.catalog.naming import all_constraints, constrained, constraint_names
from driftproof.diagnostic import Applicability, Certainty, Edit, Fix, Place
from driftproof.fix import blocks
from driftproof.fix.columns import (
    REFUSALS,
    VIOLATIONS,
    as_table_constraint,
    fills_every_row,
    may_break,
    of_domains,
    pairs,
    with_name,
    without,
)
from driftproof.fix.fitting import fitted
from driftproof.fix.inserts import listed
from driftproof.fix.places import LAST, before, behind
from driftproof.fix.repeat import repeatable
from driftproof.fixing import Scope, Style
from driftproof.objects import Object
from driftproof.rule import FileContext, StatementContext
from driftproof.source import Source
from driftproof.statements.operations import Column, Constraint, CreateRelation, Statement
from driftproof.statements.walk import flat
from driftproof.syntax import Element, body_tokens, elements, quote, tokens
from driftproof.syntax.clauses import Clause, clauses

HEADING = "-- Ensure columns exist (for existing tables)"
# The heading with the blocks under it.
_HEADED = re.compile(
    rb"\s*" + re.escape(HEADING.encode()) + rb"\r?\n(?:(?:\s*-- \+goose [^\n]*\n)?\s*(?:DO (\$\w*\$)\r?\nBEGIN\s+"
    rb"IF NOT EXISTS \(\s+SELECT 1 FROM (?:information_schema\.columns|pg_constraint)\b.*?\bEND \1;"
    rb"|ALTER TABLE [^;]* ADD COLUMN IF NOT EXISTS [^;]*;)\r?\n(?:-- \+goose [^\n]*\n)?)*",
    re.DOTALL,
)
# The order of the blocks at one place: columns in the order of the table, those that read others a level further on,
# then constraints as they are written, then what stands behind them all.
_LEVEL = 10_000
_CONSTRAINTS_FROM = 100 * _LEVEL


class _Table(msgspec.Struct, frozen=True, dict=True):
    """The CREATE TABLE that left a doubt: the statement that it is, or in whose body it stands; where it stands, and
    its elements; and what the table is called where the blocks stand, as a name and as it is written.

    Each of its columns asks the same of it, so the answers are kept.
    """

    source: Source
    statement: Statement
    start: int
    end: int
    made: CreateRelation
    elements: tuple[Element, ...]
    schema: str
    name: str
    written: str

    def text(self, element: Element) -> str:
        """An element as the author wrote it."""
        return self.source.data[element.start : element.end].decode()

    @cached_property
    def columns(self) -> dict[str, tuple[int, Element]]:
        """The elements that define columns, with their places among the elements."""
        found = [(at, element) for at, element in enumerate(self.elements) if element.kind == "column"]
        return {element.name: (at, element) for at, element in reversed(found) if element.name is not None}

    @cached_property
    def column_constraints(self) -> list[tuple[str, Clause, Constraint]]:
        """The constraints that stand in the definitions of columns, with these columns and their clauses."""
        return [
            (column.name, clause, constraint)
            for column in self.made.columns
            if column.name in self.columns
            for clause, constraint in pairs(clauses(self.columns[column.name][1]), column)
        ]

    @cached_property
    def table_constraints(self) -> list[tuple[Element, Constraint]]:
        """The constraints of the table itself, with the elements that write them."""
        written = [element for element in self.elements if element.kind == "constraint"]
        return list(zip(written, self.made.constraints, strict=True))

    @cached_property
    def constraints(self) -> list[Constraint]:
        """All of its constraints."""
        return all_constraints(self.made)

    @cached_property
    def names(self) -> list[str]:
        """The names of its constraints in the fresh state: where one has none, the one that PostgreSQL makes up."""
        return constraint_names(self.schema, self.made)


def guard(context: StatementContext, failure: Failure) -> Fix | None:
    """The fix that makes sure of a column or a constraint that a CREATE TABLE left in doubt, or lets a DROP pass
    where what it drops is missing; None if there is none."""
    if context.statement.command.startswith("DROP ") and failure.certainty is Certainty.DRIFT:
        return repeatable(context, failure)
    table = _doubted_table(context, failure)
    if table is None:
        return None
    wanted, fixing = failure.object, context.file.fixing
    made = _Blocks(table, fixing.style, of_domains(context.catalog, table.schema, table.name))
    if wanted.kind == "column":
        found = made.add_column(wanted.name)
        title = f"add the column {wanted.name} where it is missing"
    else:
        found = made.add_constraint(wanted.name)
        title = f"add the constraint {wanted.name} where it is missing"
    if not found:
        return None
    if fixing.scope is Scope.ALL:
        for column in table.made.columns:
            made.add_column(column.name)
        title = f"add the columns of {table.name} that are missing"
    edits = _place(context, failure, table, made.made)
    if not edits:
        return None
    kept = listed(context, table.made, -1 if _elsewhere(context, failure) else table.statement.index)
    if kept is None:
        return fitted(context.file, Fix(title, Applicability.UNSAFE, edits))
    return fitted(context.file, Fix(title, Applicability.SAFE, (*edits, *kept)))


def _doubted_table(context: StatementContext, failure: Failure) -> _Table | None:
    wanted = failure.object
    if failure.origin is None or failure.certainty is not Certainty.DRIFT:
        return None
    if wanted.kind not in ("column", "constraint") or wanted.relation is None:
        return None
    if context.catalog.kind(Object("relation", wanted.schema, None, wanted.relation)) not in ("table", "relation"):
        return None
    return _table(
        context.file, failure.origin, wanted.schema or "public", wanted.relation, _elsewhere(context, failure)
    )


def _elsewhere(context: StatementContext, failure: Failure) -> bool:
    """Whether the doubt lies in another file, or in another part of this one: what stands there was run before."""
    return failure.origin is not None and failure.origin.migration != context.file.migration.index


@lru_cache(maxsize=16)
def _table(file: FileContext, origin: Place, schema: str, name: str, inherited: bool) -> _Table | None:
    """The table of a doubt, as it is called where the blocks stand; kept, because each of its columns asks for it."""
    source = file.history.migrations[origin.migration].source
    statement = file.statement(origin)
    tables = [step for step in flat(statement.operations) if isinstance(step, CreateRelation) and step.kind == "table"]
    in_block = statement.command == "DO"
    made = next((step for step in tables if not in_block or step.name.name == name), None)
    place = (statement.start, statement.end) if made is None or not in_block else _inside(source, statement, made)
    if made is None or place is None:
        return None
    start, end = place
    opened, found = elements(source.data, start, end)
    if not found:
        return None
    if not inherited:
        written = _written(source, start, opened)
        return _Table(source, statement, start, end, made, found, made.name.schema or schema, made.name.name, written)
    # Since its CREATE the table may have been renamed or moved.
    written = quote(name) if made.name.schema is None and schema == "public" else f"{quote(schema)}.{quote(name)}"
    return _Table(source, statement, start, end, made, found, schema, name, written)


def _inside(source: Source, statement: Statement, made: CreateRelation) -> tuple[int, int] | None:
    """Where a CREATE TABLE stands in the body of a DO block: its first byte, and the semicolon behind it."""
    found = body_tokens(source.data, statement.start, statement.end)
    for at, token in enumerate(found):
        if token.name != "CREATE":
            continue
        end = next((later.start for later in found[at:] if later.name == "ASCII_59"), None)
        if end is None:
            break
        opened, listed = elements(source.data, token.start, end)
        last = [word for word in found[at:] if word.end <= opened][-1:]
        if listed and last and last[0].folded == made.name.name and found[at + 1].name in ("TABLE", "UNLOGGED"):
            return token.start, end
    return None


def _written(source: Source, start: int, opened: int) -> str:
    """The name of a table as its CREATE TABLE writes it, comments and all."""
    words = tokens(source.data, start, opened)
    at = next(at for at, word in enumerate(words) if word.name == "TABLE") + 1
    if words[at].name == "IF_P":
        at += len(("IF", "NOT", "EXISTS"))
    return source.data[words[at].start : opened].decode().strip()


class _Blocks:
    """The blocks of one fix, by their order; what one needs is added before it."""

    def __init__(self, table: _Table, style: Style, of_domains: set[str]) -> None:
        self.table = table
        self.style = style
        self.of_domains = of_domains
        self.made: dict[int, blocks.Block] = {}
        self.orders: dict[str, int] = {}

    def add_column(self, name: str) -> bool:
        """The block of a column, behind those of the columns that it reads, and of the table constraints with it."""
        found = self.table.columns.get(name)
        if found is None:
            return False
        if name in self.orders:
            return True
        place, element = found
        column = next(item for item in self.table.made.columns if item.name == name)
        self.orders[name] = place + 1
        for other in _reads(column):
            if self.add_column(other):
                self.orders[name] = max(self.orders[name], self.orders[other] // _LEVEL * _LEVEL + _LEVEL + place + 1)
        self.made[self.orders[name]] = self._column_block(element, column)
        for written, constraint in self.table.table_constraints:
            if name in constrained(constraint) or self._refers_to(constraint, name):
                self._constraint_block(constraint, self.table.text(written), written.start)
        for other, clause, constraint in self.table.column_constraints:
            # A CHECK of other columns alone may be there without this one; a foreign key that refers to it can't be.
            alone = other == name and name not in constrained(constraint)
            if alone or (other != name and self._refers_to(constraint, name)):
                self._constraint_block(constraint, as_table_constraint(self.table.source, clause, other), clause.start)
        for generated in self.table.made.columns:
            if generated.generated and name in _reads(generated):  # it went with what it is made of
                self.add_column(generated.name)
        return True

    def add_constraint(self, name: str) -> bool:
        """The block of a constraint, and of the columns that it needs."""
        for written, constraint in self.table.table_constraints:
            if self._name(constraint) == name:
                for needed in constrained(constraint):
                    self.add_column(needed)
                self._constraint_block(constraint, self.table.text(written), written.start)
                return True
        for column, clause, constraint in self.table.column_constraints:
            if self._name(constraint) == name:
                self.add_column(column)
                self._constraint_block(constraint, as_table_constraint(self.table.source, clause, column), clause.start)
                return True
        return False

    def _refers_to(self, constraint: Constraint, name: str) -> bool:
        """Whether a foreign key refers to a column of its own table."""
        made = self.table.made
        if constraint.references is None or constraint.references.name != made.name.name:
            return False
        if constraint.references.schema not in (None, made.name.schema, self.table.schema):
            return False
        if constraint.referenced:
            return any(column.parts[-1] == name for column in constraint.referenced)
        return any(name in other.keys for other in self.table.constraints if other.kind == "primary key")

    def _constraint_block(self, constraint: Constraint, text: str, place: int) -> None:
        name = self._name(constraint)
        wanted = Object("constraint", self.table.schema, self.table.name, name)
        asked = blocks.question(wanted)
        assert asked is not None
        added = f"ALTER TABLE {self.table.written} ADD {with_name(constraint, name, text)};"
        handlers = ["WHEN undefined_column THEN", f"{blocks.STEP}NULL; -- it comes with the last of its columns"]
        self.made[_CONSTRAINTS_FROM + place] = blocks.Block(
            tuple(blocks.guarded(asked, [added])), (*handlers, *self._handler(constraint, name))
        )

    def _handler(self, constraint: Constraint, name: str) -> list[str]:
        return [
            f"WHEN {VIOLATIONS[constraint.kind]} THEN",
            blocks.STEP + blocks.warning(f"{self.table.name}: existing rows break {name}, it was not added"),
        ]

    def _name(self, constraint: Constraint) -> str:
        return self.table.names[self.table.constraints.index(constraint)]

    def _column_block(self, element: Element, column: Column) -> blocks.Block:
        """The block of a column; what existing rows may break is left out of its definition, and tried by itself."""
        written = self.table.written
        defined = clauses(element)
        aside = [pair for pair in pairs(defined, column) if may_break(*pair, column)]
        cut = [clause for clause, _ in aside]
        not_null = next((clause for clause in defined if clause.kind == "not null"), None)
        if not_null is not None and not fills_every_row(defined, column):
            cut.append(not_null)
        else:
            not_null = None
        text = without(self.table.source, element, cut)
        # Rows that are there may have no value of a domain, or none that an expression can be computed from.
        refused = column.generated or column.name in self.of_domains
        if self.style is Style.NATIVE and not cut and not refused:
            return blocks.Block((), plain=f"ALTER TABLE {written} ADD COLUMN IF NOT EXISTS {text};")
        asked = blocks.question(Object("column", self.table.schema, self.table.name, column.name))
        assert asked is not None
        body = [f"ALTER TABLE {written} ADD COLUMN {text};"]
        if not_null is not None:
            body += self._set_not_null(column.name)
        for clause, constraint in aside:
            if column.name not in constrained(constraint):
                continue
            name = self._name(constraint)
            added = with_name(constraint, name, as_table_constraint(self.table.source, clause, column.name))
            tried = blocks.Block((f"ALTER TABLE {written} ADD {added};",), tuple(self._handler(constraint, name)))
            body += tried.step()
        if refused:
            broken = blocks.warning(f"{self.table.name}: existing rows break {column.name}, it was not added")
            body = blocks.Block(tuple(body), (f"WHEN {REFUSALS} THEN", blocks.STEP + broken)).step()
        return blocks.Block(tuple(blocks.guarded(asked, body)))

    def _set_not_null(self, name: str) -> list[str]:
        written = self.table.written
        return [
            f"IF EXISTS (SELECT 1 FROM {written} WHERE {quote(name)} IS NULL) THEN",
            blocks.STEP
            + blocks.warning(f"{self.table.name}.{name}: existing rows have no value, NOT NULL was not set"),
            "ELSE",
            f"{blocks.STEP}ALTER TABLE {written} ALTER COLUMN {quote(name)} SET NOT NULL;",
            "END IF;",
        ]


def _reads(column: Column) -> list[str]:
    """The other columns that a definition refers to."""
    found = [ref for constraint in column.constraints if constraint.expression for ref in constraint.expression.columns]
    if column.generated and column.default is not None:
        found += column.default.columns
    return [name for name in dict.fromkeys(ref.parts[-1] for ref in found) if name != column.name]


def _place(
    context: StatementContext, failure: Failure, table: _Table, made: dict[int, blocks.Block]
) -> tuple[Edit, ...]:
    """The edits that put the blocks where they belong, under one heading a table; none where all of them stand there.

    What an earlier round wrote is not written again: the new blocks, which may need it, go behind it.
    """
    source = context.file.migration.source
    newline = source.newline.decode()
    if table.statement is context.statement:
        # In a branch it would not run where the table is there already.
        return _inside_body(source, table, made) if table.made in table.statement.operations else ()
    ahead = source.data[: context.statement.start]
    written = {order: f"{block.statement()}\n".replace("\n", newline) for order, block in sorted(made.items())}
    new = {order: text for order, text in written.items() if text.encode() not in ahead}
    if not new:
        return ()
    elsewhere = _elsewhere(context, failure)
    if elsewhere:
        at, lead, after = before(source, context.statement), "", newline
    else:
        at, lead, after = behind(source, table.statement)
    # Not behind the statement itself: a block that stands under the heading may be one that needs the object.
    headed = None if elsewhere else _HEADED.match(source.data, at, context.statement.start)
    if headed is not None:
        at, heading, after = headed.end(), "", ""
    elif elsewhere and len(new) < len(written):
        heading = ""
    else:
        heading = f"{lead}{HEADING}"
    edits = [Edit(at, at, newline + text, order) for order, text in new.items()]
    if heading:
        edits.insert(0, Edit(at, at, heading.replace("\n", newline)))
    if after:
        edits.append(Edit(at, at, after.replace("\n", newline), LAST))
    return tuple(edits)


def _inside_body(source: Source, table: _Table, made: dict[int, blocks.Block]) -> tuple[Edit, ...]:
    """The edits that put the blocks right behind a CREATE TABLE in the body of a block that needs them itself."""
    at = table.end + 1
    line = source.data[source.line_start(table.start) : table.end].decode()
    indent = line[: len(line) - len(line.lstrip())]
    edits = []
    for order, block in sorted(made.items()):
        text = "".join(f"\n{indent}{step}" for step in block.step())
        if text.replace("\n", source.newline.decode()).encode() in source.data[at : table.statement.end]:
            continue
        edits.append(Edit(at, at, text.replace("\n", source.newline.decode()), order))
    return tuple(edits)
