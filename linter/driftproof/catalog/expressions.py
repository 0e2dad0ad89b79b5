"""Expressions, resolved as PostgreSQL does it: which columns, functions, types and labels they name."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

import msgspec

from driftproof.catalog import routines
from driftproof.catalog.coercion import UNKNOWN, may_refuse, operated, rejects
from driftproof.catalog.entries import Relation, Routine
from driftproof.catalog.facts import ABSENT, Presence
from driftproof.catalog.inference import Labels, Lookup, judge, taken_as, type_of, types_of
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.lookups import look_up
from driftproof.catalog.outputs import check_label
from driftproof.catalog.references import refer
from driftproof.catalog.scopes import Bound, Result, Scope
from driftproof.catalog.typenames import named, need_type
from driftproof.catalog.ways import Fails
from driftproof.objects import SYSTEM_SCHEMAS, Object
from driftproof.statements import operations as op
from driftproof.statements import query as q


def _turn(item: q.Query | q.Name | q.Value, number: int) -> float:
    """Which of the parts that stand behind the same columns and calls comes first: an operator behind the sub-queries
    that it is read after."""
    return item.behind[2] - 0.5 if isinstance(item, q.Value) else number


def _waits(value: q.Value) -> bool:
    """Whether a value is made of what a sub-query gives, whose type is told when that is resolved."""
    return any(isinstance(side, q.Selected) for side in _sides(value))


def _sides(value: q.Value) -> tuple[q.Typed, ...]:
    """What a value is made of."""
    match value:
        case q.Operator():
            return value.left, value.right
        case q.Common():
            return value.items
        case _:
            return value.to, value.value


class Expressions(ABC):
    """Checks the expressions of one statement."""

    def __init__(self, run: Interpreter) -> None:
        self.run = run
        self._nests: bool | None = None
        self._vague: bool | None = None

    @abstractmethod
    def query(self, query: q.Query, parent: Scope | None) -> Result:
        """Resolve a query that stands in an expression; its output columns."""

    def expression(self, expression: q.Expression, scope: Scope | None) -> None:
        """Resolve every name in an expression."""
        if expression is q.NOTHING:
            return
        if any(self._lacks(type_, scope) for type_ in expression.types):
            self._untyped(expression, scope)
        else:
            self._typed(expression, scope)

    def _clauses(
        self, clauses: Sequence[tuple[q.Expression, bool | None]], scope: Scope, query: q.Query | None = None
    ) -> None:
        """Expressions of one query in order, in each of which aggregates may stand (None) or not, with what it is
        ordered and grouped by before the last one. What is not known of functions is held back until all columns are
        looked for."""
        self._vague = False
        for number, (expression, nests) in enumerate(clauses, 1):
            self._nests = nests
            if query is not None and number == len(clauses):
                for label in query.labels:
                    check_label(self.run, label, query, scope)
            self.expression(expression, scope)
        self.run.unsure |= self._vague
        self._vague, self._nests = None, None

    def _knows_type(self, type_: q.Name, scope: Scope | None) -> bool:
        """Whether a type is certainly there; the row of a table that is only being made is one as well."""
        if self.run.knows_type(type_, holds=False):
            return True
        rows = [
            bound.relation.key for bound in (scope.bounds if scope is not None else ()) if bound.relation is not None
        ]
        return any(name == type_.name and type_.schema in (None, schema) for schema, name in rows)

    def _lacks(self, type_: q.Name, scope: Scope | None) -> bool:
        self.run.called.update(named(self.run, type_))
        found = None if self._knows_type(type_, scope) else self.run.type(type_)
        return found is not None and found.fact.presence is Presence.ABSENT

    def _untyped(self, expression: q.Expression, scope: Scope | None) -> None:
        """A type is missing: where something else is as well, it is not known which of them PostgreSQL meets first."""
        before = len(self.run.failures)
        try:
            self._typed(msgspec.structs.replace(expression, types=()), scope)
        except Fails:
            del self.run.failures[before:]
            raise Fails from None
        for type_ in expression.types:
            need_type(self.run, type_)

    def _typed(self, expression: q.Expression, scope: Scope | None) -> None:
        for type_ in expression.types:
            self.run.unsure |= not self._knows_type(type_, scope)
        columns, calls, vague = 0, 0, False
        strange = [
            item
            for item in expression.values
            if judge(self.run, item, scope) is not None or (item.behind[2] and _waits(item))
        ]
        inside: list[tuple[tuple[int, int], q.Query | q.Name | q.Value]] = []
        if expression.queries:
            inside += zip(expression.behind, expression.queries, strict=True)
        if strange or expression.collations:
            inside += zip(expression.collated, expression.collations, strict=True)
            inside += ((item.behind[:2], item) for item in strange)
            order = {id(query): number for number, query in enumerate(expression.queries)}
            last = len(order)
            inside.sort(key=lambda place: (place[0], _turn(place[1], order.get(id(place[1]), last))))
        for (column, call), item in inside:
            vague |= self._part(expression, columns, column, calls, call, scope)
            columns, calls = column, call
            if isinstance(item, q.Name):
                self.run.steps((op.Need("collation", item, holds=True),))
                continue
            if isinstance(item, q.Value):
                verdict = None if vague else judge(self.run, item, scope)
                if isinstance(verdict, str):
                    doubted = bool(self._vague) or self._bad(expression, scope)
                    vague = self._refuses(item, verdict, scope, vague=doubted)
                else:
                    self._means(verdict)
                continue
            if self._nests is False and not self.run.unsure:
                self.run.raises("0A000")
            result = self.query(item, scope)
            if item.at >= 0 and scope is not None and not result.open:
                scope.given.update(
                    {(item.at, at): field.type for at, (_, field) in enumerate(result.settled().columns)}
                )
        vague |= self._part(expression, columns, len(expression.columns), calls, len(expression.calls), scope)
        if self._vague is None:
            self.run.unsure |= vague
        else:
            self._vague |= vague
        for name in expression.relations:
            if name.schema not in SYSTEM_SCHEMAS and (named := self.run.relation(name, in_query=True)) is not None:
                self.run.read.setdefault(named.key, set())

    def _part(
        self, expression: q.Expression, column: int, columns: int, call: int, calls: int, scope: Scope | None
    ) -> bool:
        """Columns and calls of an expression, in order; whether something is not known of a function."""
        vague = False
        for called in expression.calls[call:calls]:
            for reference in expression.columns[column : called.behind]:
                refer(self.run, reference, scope)
            column, unsure = max(column, called.behind), self.run.unsure
            self.run.called.add(called.name.name)
            routine = routines.call(self.run, called, types_of(self.run, called, scope))
            self._placed(called, routine)
            if routine is not None and routine.arguments is not None:
                self._arguments(called, routines.spread(routine, routine.arguments, called))
            vague |= self.run.unsure
            self.run.unsure = unsure  # a column that is missing is missing, whatever is not known of a function
        for reference in expression.columns[column:columns]:
            refer(self.run, reference, scope)
        return vague

    def _arguments(self, called: q.Call, wanted: tuple[str, ...]) -> None:
        """The texts that a function takes for labels."""
        for given, type_ in zip(called.types, wanted, strict=False):
            verdict = taken_as(self.run, type_, (given,)) if isinstance(given, q.Text) else None
            if not isinstance(verdict, str):
                self._means(verdict)
            elif not self.run.unsure:
                self.run.raises(verdict)

    def _means(self, verdict: Labels | Lookup | None) -> None:
        """What a text stands for has to be there."""
        if isinstance(verdict, Labels):
            for text in verdict.texts:
                self.run.uses_label(verdict.enum, text)
        elif verdict is not None:
            look_up(self.run, verdict.type, verdict.text)

    def _bad(self, expression: q.Expression, scope: Scope | None) -> bool:
        """Whether a constant of the expression may be none of its type: that is refused as well."""
        for value in expression.values:
            sides = _sides(value)
            texts = [side.text for side in sides if isinstance(side, q.Text)]
            types = [type_of(self.run, side, scope) for side in sides if not isinstance(side, q.Text)] if texts else []
            for type_ in types:
                taken = not isinstance(value, q.Operator) or operated(value.name, type_ or "", UNKNOWN) is not None
                if taken and any(may_refuse(type_, text) and not rejects(type_ or "", text) for text in texts):
                    return True
        return False

    def _refuses(self, value: q.Value, sqlstate: str, scope: Scope | None, *, vague: bool) -> bool:
        """A value that PostgreSQL does not make by itself; whether it is not known that nothing else makes it."""
        state = self.run.state
        if vague or state.has_any("operator") or state.has_any("cast") or routines.strangers(self.run):
            return True
        if sqlstate != "42883" or not isinstance(value, q.Operator):
            if not self.run.unsure:
                self.run.raises(sqlstate)
            return True
        types = tuple(type_of(self.run, side, scope) or "?" for side in (value.left, value.right))
        self.run.need(Object("operator", None, None, value.name, types), ABSENT, lambda _fact: None, at=value.at)
        return False

    def _placed(self, called: q.Call, routine: Routine | None) -> None:
        """An expression that is no query's has no aggregates, window functions or sets. Of an aggregate that was made
        here it is not known what it asks of a query."""
        aggregate = routine is not None and routine.kind == "aggregate"
        if self._nests is None:
            self.run.unsure |= aggregate
        elif not self.run.unsure:
            if called.role == "window":
                self.run.raises("42P20")
            if aggregate or called.role == "aggregate":
                self.run.raises("42803")
            if routines.returns_set(called, routine):
                self.run.raises("0A000")

    def over(
        self, expression: q.Expression, relation: Relation, aliases: Iterable[str] = (), *, nests: bool = False
    ) -> None:
        """Resolve an expression that sees one relation under its own name, or under other ones (OLD, NEW), and in which
        a query may stand (``nests``) or not."""
        names = tuple(aliases) or (relation.key[1],)
        bounds = [Bound(name, relation=relation, schema=relation.key[0]) for name in names]
        self._nests = nests
        self.expression(expression, Scope(bounds, None))
        self._nests = None
