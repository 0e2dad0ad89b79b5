"""What rows that are there already may break in the definition of a column that is new to them, and its text without
that."""

from collections.abc import Sequence

from driftproof.catalog import Catalog
from driftproof.source import Source
from driftproof.statements.operations import Column, Constraint
from driftproof.syntax import Element, Token, quote
from driftproof.syntax.clauses import Clause

VIOLATIONS = {
    "check": "check_violation",
    "unique": "unique_violation",
    "foreign key": "foreign_key_violation",
    "exclude": "exclusion_violation",
    "not null": "not_null_violation",
    "primary key": "invalid_table_definition OR not_null_violation OR unique_violation",
}
REFUSALS = "data_exception OR not_null_violation OR check_violation"
"""What adding a column raises whose values the rows that are there can't have."""
# Functions that never give NULL, so that a default of theirs fills every row.
_FILLING = {"now", "gen_random_uuid", "uuid_generate_v4", "clock_timestamp", "timezone", "nextval", "random", "uuidv7"}
# What a CHECK may hold and still pass where its column is NULL: operators on it and constants, whose result is NULL.
_NOT_STRICT = {"IS", "ISNULL", "NOTNULL", "NULL_P", "CASE", "COALESCE", "DISTINCT", "EXISTS", "SELECT", "ROW"}


def pairs(defined: Sequence[Clause], column: Column) -> list[tuple[Clause, Constraint]]:
    """The constraints of a column with the clauses that write them; NOT NULL is none of them."""
    rest = [clause for clause in defined if clause.kind in VIOLATIONS and clause.kind != "not null"]
    found = []
    for constraint in column.constraints:
        clause = next((item for item in rest if item.kind == constraint.kind), None)
        if clause is not None:
            rest.remove(clause)
            found.append((clause, constraint))
    return found


def may_break(clause: Clause, constraint: Constraint, column: Column) -> bool:
    """Whether rows that are there already may break a constraint of a new column."""
    filled = column.default is not None or column.sequence
    match constraint.kind:
        case "primary key":
            return True
        case "unique":
            return filled or any(token.name == "NULLS_P" for token in clause.tokens)
        case "foreign key":
            return filled
        case _:
            return filled or not _passes_null(clause, column.name)


def _passes_null(clause: Clause, name: str) -> bool:
    """Whether a CHECK certainly passes where its column is NULL: it compares that column with constants."""
    own = clause.own
    for token, after in zip(own[1:], (*own[2:], None), strict=True):
        called = after is not None and after.name == "ASCII_40"
        if token.name in _NOT_STRICT or (token.name == "IDENT" and (called or token.folded != name)):
            return False
    return True


def fills_every_row(defined: Sequence[Clause], column: Column) -> bool:
    """Whether no row can be without a value: a sequence, a constant, a function that never gives NULL."""
    if column.sequence:
        return True
    if column.default is None or column.generated:
        return False
    default = next((clause for clause in defined if clause.kind == "default"), None)
    if default is None or any(token.name == "NULL_P" for token in default.tokens):
        return False
    return not column.default.queries and all(call.name.name in _FILLING for call in column.default.calls)


def of_domains(catalog: Catalog, schema: str, table: str) -> set[str]:
    """The columns of a table whose type is a domain, which may refuse NULL, or the default."""
    relation = catalog.relations.get((schema, table))
    found = set()
    for column, type_ in relation.types.items() if relation is not None else ():
        made_in, _, name = type_.removesuffix("[]").partition(".")
        made = catalog.types.get((made_in, name))
        if made is not None and made.kind == "domain":
            found.add(column)
    return found


def without(source: Source, element: Element, cut: list[Clause]) -> str:
    """The text of a column definition without some of its clauses; a comment at its end goes with the last of them."""
    gone = {token.start for clause in cut for token in clause.tokens}
    end = next(token.end for token in reversed(element.tokens) if token.start not in gone)
    parts, at = [], element.start
    for clause in sorted(cut, key=lambda clause: clause.start):
        if clause.start < end:
            parts.append(source.data[at : clause.start].rstrip(b" \t"))
            at = clause.end
    return b"".join([*parts, source.data[at:end]]).decode()


def with_name(constraint: Constraint, name: str, text: str) -> str:
    """A constraint's text with the name that the fresh state has for it."""
    return text if constraint.name is not None else f"CONSTRAINT {quote(name)} {text}"


def as_table_constraint(source: Source, clause: Clause, column: str) -> str:
    """A column's constraint as ALTER TABLE ... ADD takes it: with the column that it is about."""
    text = source.data[clause.start : clause.end].decode()
    if clause.kind == "check":
        return text
    if clause.kind == "foreign key":
        at = clause.own[0].start
        return f"{_cut(source, clause.start, at)}FOREIGN KEY ({quote(column)}) {_cut(source, at, clause.end)}"
    end = _key_ends(clause.own)
    return f"{_cut(source, clause.start, end)} ({quote(column)}){_cut(source, end, clause.end)}"


def _key_ends(own: tuple[Token, ...]) -> int:
    """Where the words UNIQUE, UNIQUE NULLS NOT DISTINCT or PRIMARY KEY end."""
    words = 1
    if own[0].name == "PRIMARY":
        words = 2
    elif len(own) > 1 and own[1].name == "NULLS_P":
        words = 4 if own[2].name == "NOT" else 3
    return own[words - 1].end


def _cut(source: Source, start: int, end: int) -> str:
    return source.data[start:end].decode()
