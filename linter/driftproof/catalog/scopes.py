"""What a name in a query may mean: the columns of results, the items of FROM, and the levels of a query.

Source: parse_relation.c and addRangeTableEntryFor..., whose namespace items these are.
"""

from collections.abc import Iterable, Sequence

from driftproof.catalog.coercion import spelled_type
from driftproof.catalog.entries import SYSTEM_COLUMNS, Key, Relation
from driftproof.catalog.facts import PRESENT, UNKNOWN, Fact, Presence


class Field:
    """A column as a scope offers it: of a relation (``relation`` and ``name``), or of a sub-query."""

    __slots__ = ("_type", "fact", "name", "relation")

    def __init__(self, fact: Fact, relation: Relation | None = None, name: str = "", type_: str | None = None) -> None:
        self.fact = fact
        self.relation = relation
        self.name = name
        self._type = type_

    @property
    def type(self) -> str | None:
        """Its type with its schema; None if it is not known."""
        if self._type is None and self.relation is not None:
            spelled = self.relation.types.get(self.name, "")
            return spelled if "." in spelled else spelled_type(spelled)
        return None if self._type == _UNTOLD else self._type

    @property
    def own_type(self) -> Key | None:
        """Its type, if that is none of PostgreSQL's own, of a column of a relation."""
        if self._type is not None or self.relation is None:
            return None
        schema, dot, name = self.relation.types.get(self.name, "").partition(".")
        return (schema, name) if dot else None

    def untyped(self) -> "Field":
        """The same column where its type may be another one."""
        return Field(self.fact, self.relation, self.name, _UNTOLD)


_UNTOLD = "?"
UNKNOWN_FIELD = Field(UNKNOWN)
SYSTEM_FIELD = Field(PRESENT)
Column = tuple[str, Field]


class Result:
    """The columns that a query gives, in order; ``open``: there may be others, anywhere among them."""

    __slots__ = ("columns", "open")

    def __init__(self, columns: Sequence[Column] = (), *, open: bool = False) -> None:
        self.columns = columns
        self.open = open

    @property
    def repeated(self) -> str | None:
        """The first name that two columns certainly have."""
        seen: set[str] = set()
        for name, field in self.columns:
            if field.fact == PRESENT:
                if name in seen:
                    return name
                seen.add(name)
        return None

    @property
    def row(self) -> list[Field] | None:
        """The columns without their names; None if there may be others."""
        return None if self.open else [field for _, field in self.columns]

    @property
    def certain(self) -> bool:
        """Whether these columns and no others are there."""
        return not self.open and all(field.fact == PRESENT for _, field in self.columns)

    def fields(self, name: str) -> list[Field]:
        """The columns of that name: none if there is certainly none."""
        found = [field for known, field in self.columns if known == name]
        return found or ([UNKNOWN_FIELD] if self.open else [])

    def settled(self) -> "Result":
        """The result as another query reads it: what is only written as a text is one."""
        columns = [
            (name, Field(field.fact, type_="pg_catalog.text") if field.type == "pg_catalog.unknown" else field)
            for name, field in self.columns
        ]
        return Result(columns, open=self.open)

    def renamed(self, names: Sequence[str]) -> "Result":
        """The result under a list of column aliases, which may be shorter than it. Where a column is in doubt, others
        may take its place."""
        if not names:
            return self
        if not self.certain or len(names) > len(self.columns):
            return Result([(name, Field(PRESENT)) for name in names], open=True)
        fields = [(name, field) for name, (_, field) in zip(names, self.columns, strict=False)]
        return Result([*fields, *self.columns[len(names) :]])


def columns_of(relation: Relation) -> Result:
    """All columns of a relation, in order."""
    if relation.open:
        return Result(open=True)
    return Result([(name, Field(relation.member("column", name), relation, name)) for name in relation.columns()])


class Bound:
    """An item of FROM under the name by which columns are qualified. ``result`` are its columns where they are not just
    those of ``relation``. ``system``: a system catalog, which has every column that it is asked for; ``named`` says
    that the alias is not the relation's own name, ``bare`` that its columns go by their bare names: a join that merges
    columns hides those of its sides; ``joined`` that it stands in a join, which gives no system columns by their bare
    names, ``join`` that it is one; ``composite`` that its name by itself means a row."""

    __slots__ = ("alias", "bare", "composite", "join", "joined", "named", "relation", "result", "schema", "system")

    def __init__(
        self,
        alias: str | None,
        *,
        relation: Relation | None = None,
        result: Result | None = None,
        schema: str | None = None,
        system: bool = False,
    ) -> None:
        self.alias = alias
        self.relation = relation
        self.result = result
        self.schema = schema
        self.system = system
        self.named = True
        self.bare = True
        self.joined = False
        self.join = False
        self.composite = True

    def fields(self, name: str) -> list[Field]:
        """The columns of that name: none if there is certainly none."""
        if self.system:
            return [SYSTEM_FIELD]
        if self.result is not None:
            found = self.result.fields(name)
            if found or self.relation is None or name not in SYSTEM_COLUMNS:
                return found
        if self.relation is None:
            return [UNKNOWN_FIELD]
        fact = self.relation.member("column", name)
        return [] if fact.presence is Presence.ABSENT else [Field(fact, self.relation, name)]

    @property
    def columns(self) -> Result:
        """All its columns, in order."""
        if self.result is not None:
            return self.result
        return columns_of(self.relation) if self.relation is not None else Result(open=True)


class Scope:
    """One level of a query; ``names`` are those that a bare name may mean as well: variables and parameters. ``seen``
    takes, while it is a list, the columns that are used, a row by an empty name. ``beside`` are results that stand next
    to a query without being seen from it, ``given`` the types of the columns of its sub-queries, by their offsets."""

    __slots__ = ("beside", "bounds", "given", "names", "parent", "seen")

    def __init__(self, bounds: list[Bound], parent: "Scope | None", names: Iterable[str] = ()) -> None:
        self.bounds = bounds
        self.parent = parent
        self.names = set(names)
        self.seen: list[tuple[Bound, str]] | None = None
        self.beside: tuple[Result, ...] = ()
        self.given: dict[tuple[int, int], str | None] = {}

    def starred(self, star: Sequence[str]) -> list[Bound]:
        """The items of FROM whose columns a star brings out; a qualifier is that of the nearest level that has it."""
        if not star:
            return [bound for bound in self.bounds if bound.bare]
        level: Scope | None = self
        while level is not None:
            if found := [bound for bound in level.bounds if bound.alias == star[-1]]:
                return found
            level = level.parent
        return []

    def use(self, bound: Bound, name: str) -> None:
        """A column of an item of FROM is used, or its row."""
        if self.seen is not None:
            self.seen.append((bound, name))


def beside(results: list[Result], parent: Scope | None) -> Scope:
    """The level around a query that does not see what stands next to it."""
    scope = Scope([], parent)
    scope.beside = tuple(results)
    return scope
