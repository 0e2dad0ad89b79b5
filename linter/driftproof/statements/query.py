"""Queries and expressions as name resolution needs them: what stands in FROM, which names are used, what comes out."""

from typing import Literal

import msgspec

_ASCII_LOWER = {letter: letter + 32 for letter in range(ord("A"), ord("Z") + 1)}


def folded(text: str) -> str:
    """An identifier as it is meant: what stands in double quotes, or the text in lower case, ASCII letters only.

    Source: downcase_identifier, scansup.c: in UTF-8 no other letter is folded.
    """
    if len(text) > 1 and text.startswith('"') and text.endswith('"'):
        return text[1:-1].replace('""', '"')
    return text.lower() if text.isascii() else text.translate(_ASCII_LOWER)


def array_items(text: str) -> list[str] | None:
    """The items of a constant array, if they are plainly written."""
    if not (text.startswith("{") and text.endswith("}")) or any(mark in text[1:-1] for mark in '"\\{}'):
        return None
    items = [item.strip() for item in text[1:-1].split(",") if item.strip()]
    return None if "null" in map(str.lower, items) else items


class Name(msgspec.Struct, frozen=True, gc=False):
    """A name as PostgreSQL folds it, with the schema if one is written; ``at`` is its byte offset, -1 if not known."""

    schema: str | None
    name: str
    at: int = -1


class ColumnRef(msgspec.Struct, frozen=True, gc=False):
    """A reference such as ``a``, ``t.a`` or ``s.t.a``; ``parts`` are folded. Of what it means ``fields`` are taken, one
    of the other: ``(t.a).x``, ``(t).a``."""

    parts: tuple[str, ...]
    at: int = -1
    fields: tuple[str, ...] = ()


Role = Literal["aggregate", "window"]


class Call(msgspec.Struct, frozen=True, gc=False):
    """A function call; ``arguments`` is their number, ``types`` are theirs where all stand in order. ``behind`` is how
    many columns of its expression are read before it is looked for; ``variadic``: the last one is VARIADIC. ``role``:
    it is one of an aggregate of PostgreSQL's, or has an OVER."""

    name: Name
    arguments: int
    types: "tuple[Typed, ...]" = ()
    behind: int = 0
    variadic: bool = False
    role: Role | None = None


class Operator(msgspec.Struct, frozen=True, gc=False):
    """An operator between two values whose types are told; ``behind`` is how many columns, calls and sub-queries of its
    expression are read before it is looked for. ``elements``: it compares with those of an array, its right side."""

    name: str
    left: "Typed"
    right: "Typed"
    at: int = -1
    behind: "Behind" = (0, 0, 0)
    elements: bool = False


class Common(msgspec.Struct, frozen=True, gc=False):
    """What becomes one of several values, such as COALESCE and CASE, or an ``array`` of them: they have one type in
    common. ``behind`` is that of an operator."""

    items: "tuple[Typed, ...]"
    array: bool = False
    behind: "Behind" = (0, 0, 0)


class Given(msgspec.Struct, frozen=True, gc=False):
    """A value that is given to a column, or is a default of one or of a parameter; a text that is cast. ``behind`` is
    that of an operator."""

    to: "Name | ColumnRef"
    value: "Typed"
    behind: "Behind" = (0, 0, 0)


class Text(msgspec.Struct, frozen=True, gc=False):
    """A text of any type: a constant that is only quoted."""

    text: str


class Selected(msgspec.Struct, frozen=True, gc=False):
    """What a sub-query of the same expression gives: a column of the query that stands at that offset."""

    at: int
    column: int = 0


Behind = tuple[int, int, int]
Value = Operator | Common | Given
SUBSCRIPT = "[]"
"""What an `Operator` is called that takes an element out of its left side."""
UNKNOWN = Name("pg_catalog", "unknown")
"""The type of NULL."""
Typed = Name | ColumnRef | Call | Operator | Common | Text | Selected | None
"""What tells the type of a value: its name (``int4[]`` for an array), a column, a call, an operator, a text, the column
of a sub-query; None: nothing that is read here."""


class Expression(msgspec.Struct, frozen=True, gc=False):
    """All that an expression refers to, at its own level: columns, sub-queries, functions (behind those in their
    arguments), types, and the relations whose names stand in texts: ``nextval('s')``, ``'s'::regclass``. ``behind``
    says of each sub-query how many columns and calls are read before it; ``collations`` are those of COLLATE, and
    ``collated`` says the same of these; ``values`` are what is made of others whose types are told."""

    columns: tuple[ColumnRef, ...] = ()
    queries: "tuple[Query, ...]" = ()
    calls: tuple[Call, ...] = ()
    types: tuple[Name, ...] = ()
    relations: tuple[Name, ...] = ()
    behind: tuple[tuple[int, int], ...] = ()
    collations: tuple[Name, ...] = ()
    collated: tuple[tuple[int, int], ...] = ()
    values: tuple[Value, ...] = ()


NOTHING = Expression()


class Table(msgspec.Struct, frozen=True, gc=False):
    """A relation in FROM, or a CTE of that name; ``sampled`` says TABLESAMPLE."""

    name: Name
    alias: str | None = None
    columns: tuple[str, ...] = ()
    sampled: bool = False


class Derived(msgspec.Struct, frozen=True, gc=False):
    """A sub-query in FROM."""

    query: "Query"
    alias: str | None = None
    columns: tuple[str, ...] = ()
    lateral: bool = False


class Function(msgspec.Struct, frozen=True, gc=False):
    """A function in FROM; ``types`` are those of its columns where they are listed with them. ``call`` is the name of
    the function if it is a single one, ``rows`` says that PostgreSQL's own one may give rows; ``ordinality`` adds a
    column."""

    expression: Expression
    alias: str | None = None
    columns: tuple[str, ...] = ()
    types: "tuple[Typed, ...]" = ()
    call: Name | None = None
    rows: bool = False
    ordinality: bool = False


class Join(msgspec.Struct, frozen=True, gc=False):
    """Two items of FROM; ``using`` are the columns of USING, ``merged`` the alias of these; ``alias`` with ``columns``
    is that of the whole join."""

    left: "Source"
    right: "Source"
    condition: Expression = NOTHING
    using: tuple[str, ...] = ()
    natural: bool = False
    alias: str | None = None
    columns: tuple[str, ...] = ()
    merged: str | None = None


Source = Table | Derived | Function | Join


class Output(msgspec.Struct, frozen=True, gc=False):
    """A column of a result: its name (None: not known) and type, or a star with its qualifier (``()`` for a bare
    one). ``form`` is how an expression that is certainly no column is written, where others may share its name."""

    name: str | None
    star: tuple[str, ...] | None = None
    type: Typed = None
    form: str = ""


class CTE(msgspec.Struct, frozen=True, gc=False):
    """A WITH query; ``flaw`` is the SQLSTATE of one that refers to itself where it may not, ``added`` are the columns
    that its SEARCH and CYCLE add, with their types, which a star of its recursive term passes over."""

    name: str
    query: "Query"
    columns: tuple[str, ...] = ()
    flaw: str | None = None
    added: tuple[tuple[str, str | None], ...] = ()


class Grouping(msgspec.Struct, frozen=True, gc=False):
    """What a query that groups asks of the columns that it uses outside of its aggregates.

    ``keys`` are the columns of GROUP BY; a bare one that no item of FROM has is an output of that name: ``labels`` has
    its column, if it is just one, and its expression. ``loose`` is all that stands outside of aggregates and of the
    expressions that are grouped by, ``stars`` are the qualifiers of its stars; ``vague`` columns stand in what is
    grouped by, so that another spelling of it may use them. ``arguments`` are those of the aggregates, ``sets`` says
    that there are grouping sets. ``refused`` are the outputs by which no query groups, with the SQLSTATE.
    """

    keys: tuple[ColumnRef, ...]
    labels: tuple[tuple[str, ColumnRef | None, Expression], ...]
    loose: Expression
    stars: tuple[tuple[str, ...], ...]
    vague: tuple[str, ...]
    arguments: tuple[Expression, ...]
    sets: bool
    refused: tuple[tuple[str, str], ...] = ()


class Query(msgspec.Struct, frozen=True, gc=False):
    """A SELECT, VALUES or set operation, or the reading half of INSERT, UPDATE, DELETE and MERGE.

    ``expression`` is what comes out of it, ``where`` its WHERE, ``behind`` all else that sees the FROM list; ``labels``
    are bare names of ORDER BY and GROUP BY, which an output column may answer as well. A set operation has ``arms``
    (their outputs are the first one's) and nothing else but ``labels``. ``modifies`` holds what INSERT, UPDATE, DELETE
    or MERGE ask of the target table. ``distinct`` is a DISTINCT without ON. ``misplaced`` is the SQLSTATE of what
    stands where it may not: an aggregate, a window function or the name of one, a lock. ``at`` is the offset of a
    sub-query whose columns are values of the expression around it.
    """

    outputs: tuple[Output, ...] = ()
    sources: tuple[Source, ...] = ()
    expression: Expression = NOTHING
    labels: tuple[ColumnRef, ...] = ()
    ctes: tuple[CTE, ...] = ()
    recursive: bool = False
    arms: "tuple[Query, ...]" = ()
    modifies: "Modification | None" = None
    grouping: Grouping | None = None
    misplaced: str | None = None
    where: Expression = NOTHING
    behind: Expression = NOTHING
    distinct: bool = False
    at: int = -1


class Arm(msgspec.Struct, frozen=True, gc=False):
    """WHEN ... THEN of MERGE, which ``sees`` the target, the source, or both; the fields are those of `Modification`,
    ``values`` are given to either."""

    sees: Literal["target", "source", "both"]
    condition: Expression = NOTHING
    columns: tuple[ColumnRef, ...] = ()
    repeated: int | None = None
    values: Expression = NOTHING
    assigned: tuple[ColumnRef, ...] = ()

    @property
    def sets_twice(self) -> bool:
        """Whether one column is set twice."""
        return bool(self.assigned) and self.repeated is not None


class Modification(msgspec.Struct, frozen=True, gc=False):
    """The target of an INSERT, UPDATE, DELETE or MERGE, and the columns that it must have.

    ``columns`` are those that INSERT lists, ``assigned`` the targets of SET, in ON CONFLICT as well; ``repeated`` is
    the place of the first one that INSERT or UPDATE names again, ``resets`` says that ON CONFLICT sets one twice;
    ``arms`` are those of MERGE. ``key`` is the ON CONFLICT column list (empty: none); ``inference``, the expressions
    beside it, sees the target, ``conflict``, the values that are set then, and its WHERE, ``condition``, also
    ``excluded``. The query's own scope (SET values, WHERE, RETURNING) sees the target as the first source. An INSERT's
    source query stands in ``source`` and does not see the target. ``arbiter`` is the constraint of ON CONFLICT ON
    CONSTRAINT; ``computed`` says that the inference has expressions, collations or operator classes, ``filtered`` that
    it has a WHERE. ``rows`` are those of an INSERT ... VALUES, constants as text (None: not a constant, or NULL),
    ``forgives`` says that a conflict is no error, ``inserts`` that no row is changed or deleted. ``changed`` are the
    names of the rows before and after in RETURNING. ``command`` is what it stands in, or TRUNCATE; ``whole`` says that
    UPDATE or DELETE is of all rows.
    """

    target: Name
    columns: tuple[ColumnRef, ...] = ()
    source: "Query | None" = None
    key: tuple[ColumnRef, ...] = ()
    inference: Expression = NOTHING
    conflict: Expression = NOTHING
    condition: Expression = NOTHING
    arbiter: str | None = None
    computed: bool = False
    filtered: bool = False
    repeated: int | None = None
    rows: tuple[tuple[str | None, ...], ...] = ()
    forgives: bool = False
    inserts: bool = False
    changed: tuple[str, str] = ("old", "new")
    assigned: tuple[ColumnRef, ...] = ()
    arms: tuple[Arm, ...] = ()
    resets: bool = False
    command: Literal["insert", "update", "delete", "merge", "truncate"] = "insert"
    whole: bool = False

    @property
    def sets_twice(self) -> bool:
        """Whether SET sets one column twice."""
        return self.resets or (bool(self.assigned) and self.source is None and self.repeated is not None)
