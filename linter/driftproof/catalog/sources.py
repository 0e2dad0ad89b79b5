"""FROM, resolved as PostgreSQL does it: what tables, functions, joins and queries offer to the rest of their level."""

from collections.abc import Sequence

from driftproof.catalog import builtins, routines
from driftproof.catalog.coercion import is_value
from driftproof.catalog.entries import Routine
from driftproof.catalog.expressions import Expressions
from driftproof.catalog.facts import PRESENT
from driftproof.catalog.grouping import nested
from driftproof.catalog.inference import is_operator, type_of, types_of
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.references import absent, may_be_function, need_field
from driftproof.catalog.scopes import Bound, Field, Result, Scope, beside, columns_of
from driftproof.objects import SYSTEM_SCHEMAS, Object
from driftproof.statements import query as q


class Sources(Expressions):
    """Binds what stands in the FROM lists of one statement. ``ctes`` are those that are seen from here; ``temporary``:
    a query has read a temporary relation."""

    def __init__(self, run: Interpreter) -> None:
        super().__init__(run)
        self.ctes: dict[str, Result] = {}
        self.temporary = False

    def _bind(self, source: q.Source, scope: Scope) -> list[Bound]:
        made: list[Bound]
        match source:
            case q.Table():
                made = [self._table(source)]
                made[0].named = source.alias is not None
            case q.Derived():
                inner = Scope(list(scope.bounds), scope.parent, scope.names) if source.lateral else scope.parent
                others = [bound.result for bound in scope.bounds if bound.result is not None and not bound.join]
                if others and not source.lateral:
                    inner = beside(others, scope.parent)
                made = [Bound(source.alias, result=self._renamed(self.query(source.query, inner), source.columns))]
            case q.Function():
                self.expression(source.expression, scope)
                made = [self._function(source, scope)]
            case q.Join():
                return self._join(source, scope)
        for bound in made:
            self._tell_apart(bound, scope)
        scope.bounds.extend(made)
        return made

    def _tell_apart(self, bound: Bound, scope: Scope) -> None:
        """No name stands twice at one level, but for tables of different schemas."""
        for other in scope.bounds:
            if other.alias != bound.alias or bound.alias is None or self.run.unsure:
                continue
            plain = not (bound.named or other.named) and bound.relation is not None and other.relation is not None
            if not plain or bound.schema == other.schema:
                self.run.raises("42712")

    def _function(self, source: q.Function, scope: Scope) -> Bound:
        """A function in FROM. Its columns are listed with their types, or what is known of the function itself."""
        if source.types:
            typed = zip(source.columns, source.types, strict=True)
            columns = [(name, Field(PRESENT, type_=type_of(self.run, type_, scope))) for name, type_ in typed]
            return Bound(source.alias, result=Result(columns))
        given, composite = self._given(source, scope)
        if source.ordinality:
            given = Result([*given.columns, ("ordinality", Field(PRESENT, type_="pg_catalog.int8"))], open=given.open)
        bound = Bound(source.alias, result=self._renamed(given, source.columns))
        bound.composite = composite or source.ordinality
        return bound

    def _given(self, source: q.Function, scope: Scope) -> tuple[Result, bool]:
        """The columns that the call of a function gives, and whether its rows have no type of their own."""
        if source.call is None:
            return Result(open=True), False
        called, alias = source.expression.calls[-1], source.alias or ""
        types = types_of(self.run, called, scope)
        if may_be_function(self.run, source.call.name):
            routine = routines.told(self.run, called, types)
            return self._returned(routine, alias) if routine is not None else (Result(open=True), False)
        own = source.call.schema in (None, "pg_catalog") and not source.rows
        known = builtins.result_columns(source.call.name) if own else None
        if known is None:
            return Result(open=True), False
        type_ = builtins.result_type(source.call.name, types)
        return Result([(name or alias, Field(PRESENT, type_=type_)) for name in known]), len(known) > 1

    def _returned(self, routine: Routine, alias: str) -> tuple[Result, bool]:
        """What a function of the history's own gives: a single value goes by the name of its OUT parameter, or by that
        of the item of FROM.

        Source: addRangeTableEntryForFunction, parse_relation.c; get_type_func_class, funcapi.c.
        """
        returns = routine.returns.removeprefix("setof ")
        if len(routine.columns) > 1:
            columns = enumerate(routine.columns, 1)
            return Result([(name or f"column{number}", _valued(type_)) for number, (name, type_) in columns]), True
        schema, _, name = returns.partition(".")
        if (relation := self.run.state.relations.get((schema, name))) is not None:
            return columns_of(relation), False
        type_ = self.run.state.types.get((schema, name))
        if not (is_value(returns) or (type_ is not None and type_.kind in ("enum", "range", "multirange"))):
            return Result(open=True), False
        named = routine.columns[0][0] if routine.columns else ""
        return Result([(named or alias, _valued(returns))]), False

    def _join(self, source: q.Join, scope: Scope) -> list[Bound]:
        left = self._bind(source.left, scope)
        right = self._bind(source.right, scope)
        made = [*left, *right]
        if source.condition is not q.NOTHING:
            aggregates = any(call.role == "aggregate" for call in source.condition.calls)
            outer = nested(scope.parent) and aggregates  # whose they may be
            self.run.unsure |= outer
            self._nests = None if outer else True
            self.expression(source.condition, Scope(made, scope.parent, scope.names))
            self._nests = None
        for bound in made:
            bound.joined = True
        if not (source.using or source.natural or source.alias is not None):
            return made
        sides = _side(left), _side(right)
        using: Sequence[str] | None = source.using
        if source.natural:
            known = sides[0].certain and sides[1].certain
            using = [name for name, _ in sides[0].columns if sides[1].fields(name)] if known else None
        result = Result(open=True)
        if using is not None:
            pairs = [self._pair(using, at, left, right) for at in range(len(using))]
            merged = [(name, self._merged(fields)) for name, fields in zip(using, pairs, strict=True)]
            rest = [column for side in sides for column in side.columns if column[0] not in using]
            result = Result([*merged, *rest], open=sides[0].open or sides[1].open)
            if source.merged is not None:
                made.append(Bound(source.merged, result=Result(merged)))
                made[-1].bare, made[-1].join = False, True
        for bound in (*left, *right):
            bound.bare = False
            if source.alias is not None:
                bound.alias = None
        joined = Bound(source.alias, result=self._renamed(result, source.columns))
        joined.join = True
        scope.bounds.extend([*made[len(left) + len(right) :], joined])
        return [*made, joined]

    def _pair(self, using: Sequence[str], at: int, left: list[Bound], right: list[Bound]) -> list[Field]:
        """A column of USING, named once, which both sides must have once."""
        if using[at] in using[:at] and not self.run.unsure:
            self.run.raises("42701")
        return [field for side in (left, right) if (field := self._using(using[at], side)) is not None]

    def _merged(self, fields: list[Field]) -> Field:
        """What two columns of USING become, whose types must compare."""
        types = {field.type for field in fields}
        known = [field.type for field in fields if field.type is not None]
        if len(types) == len(known) == 2 and not is_operator(self.run, "=", *known):
            made = self.run.state.has_any("operator")
            if not made and not self.run.unsure and all(field.fact == PRESENT for field in fields):
                self.run.raises("42883")
            self.run.unsure = True
        return Field(PRESENT, type_=types.pop() if len(types) == 1 else None)

    def _using(self, name: str, side: list[Bound]) -> Field | None:
        found = [(bound, field) for bound in side if bound.bare for field in bound.fields(name)]
        if len(found) > 1 and all(field.fact == PRESENT for _, field in found) and not self.run.unsure:
            self.run.raises("42702")
        if len(found) == 1:
            need_field(self.run, found[0][0], found[0][1], name, -1)
            return found[0][1]
        if found:
            self.run.unsure = True
        else:
            absent(self.run, name, -1, [bound for bound in side if bound.bare])
        return None

    def _table(self, source: q.Table) -> Bound:
        name, alias = source.name, source.alias or source.name.name
        if name.schema is None and name.name in self.ctes:
            if source.sampled and not self.run.unsure:
                self.run.raises("0A000")
            return Bound(alias, result=self._renamed(self.ctes[name.name], source.columns))
        if name.schema in SYSTEM_SCHEMAS:
            return Bound(alias, system=True)
        relation = self.run.relation(name, in_query=True)
        if relation is None:
            return Bound(alias, system=name.name.startswith("pg_"))
        if relation.kind in ("index", "composite type"):
            self.run.forbid(Object("relation", relation.key[0], None, relation.key[1]), relation.fact, sqlstate="42809")
        if source.sampled and relation.kind not in ("table", "materialized view", "relation") and not self.run.unsure:
            self.run.raises("0A000")
        self.run.read.setdefault(relation.key, set())
        self.temporary |= relation.key[0] == "pg_temp"
        bound = Bound(alias, relation=relation, schema=relation.key[0])
        if source.columns:
            bound.result = self._renamed(columns_of(relation), source.columns)
        return bound

    def _renamed(self, result: Result, names: tuple[str, ...]) -> Result:
        """A result under a list of column aliases, which has no more names than there are columns."""
        if result.certain and len(names) > len(result.columns) and not self.run.unsure:
            self.run.raises("42P10")
        if names and not result.certain:  # names that shift go to columns of other types
            self.run.obscure.add(None)
        return result.settled().renamed(names)


def _valued(type_: str) -> Field:
    return Field(PRESENT, type_=type_ if type_.startswith("pg_catalog.") else None)


def _side(bounds: list[Bound]) -> Result:
    """The columns that one side of a join gives by their bare names."""
    results = [bound.columns for bound in bounds if bound.bare]
    return Result([column for result in results for column in result.columns], open=any(r.open for r in results))
