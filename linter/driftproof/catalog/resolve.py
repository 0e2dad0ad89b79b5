"""Names in queries, resolved as PostgreSQL resolves them: scopes from the inside out, and a claim only where no other
reading is left.

Source: parse_relation.c and parse_expr.c: a bare name is a column of the innermost level that has one, else a whole
row.
"""

from collections.abc import Iterable

import msgspec

from driftproof.catalog import routines
from driftproof.catalog.coercion import spelled_type
from driftproof.catalog.interpreter import SYSTEM_SCHEMAS, Fails, Interpreter
from driftproof.catalog.state import PRESENT, UNKNOWN, Fact, Presence, Relation
from driftproof.catalog.typenames import named, need_type
from driftproof.objects import Object
from driftproof.statements import query as q
from driftproof.statements.operations import TypeRef

Outputs = dict[str, "Field"] | None
"""The columns of a result by name; None where a star over something unknown hides them."""


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
        """Its type, if that is one of pg_catalog's; None if it is not known."""
        if self._type is None and self.relation is not None:
            return spelled_type(self.relation.types.get(self.name, ""))
        return self._type


UNKNOWN_FIELD = Field(UNKNOWN)
_ROWS = ("old", "new", "excluded")
_SYSTEM_FIELD = Field(PRESENT)


class Bound:
    """An item of FROM under the name by which columns are qualified. ``system``: a system catalog, which has every
    column that it is asked for; ``named`` says that the alias is not the relation's own name."""

    __slots__ = ("alias", "columns", "named", "relation", "schema", "system")

    def __init__(
        self,
        alias: str | None,
        *,
        relation: Relation | None = None,
        columns: Outputs = None,
        schema: str | None = None,
        system: bool = False,
    ) -> None:
        self.alias = alias
        self.relation = relation
        self.columns = columns
        self.schema = schema
        self.system = system
        self.named = True

    def field(self, name: str) -> Field | None:
        """The column of that name; None if there is certainly none."""
        if self.relation is not None:
            fact = self.relation.member("column", name)
            return None if fact.presence is Presence.ABSENT else Field(fact, self.relation, name)
        if self.columns is None:
            return _SYSTEM_FIELD if self.system else UNKNOWN_FIELD
        return self.columns.get(name)


class Scope:
    """One level of a query; ``names`` are those that a bare name may mean as well (parameters, merged columns);
    ``merged`` says that a join merges columns."""

    __slots__ = ("bounds", "merged", "names", "parent")

    def __init__(self, bounds: list[Bound], parent: "Scope | None", names: Iterable[str] = ()) -> None:
        self.bounds = bounds
        self.parent = parent
        self.names = set(names)
        self.merged = False


class Resolver:
    """Checks queries and expressions for one statement; proves what the statement needs as it goes.

    ``ordered`` says whether the order of the columns that came out is known; ``repeated`` is the name that two columns
    of the last query have.
    """

    def __init__(self, run: Interpreter) -> None:
        self.run = run
        self.ctes: dict[str, Outputs] = {}
        self.ordered = True
        self.repeated: str | None = None
        self.row: list[Field] | None = None
        self.arbiters: list[tuple[Relation, q.Modification]] = []
        self.modified: list[tuple[Relation, q.Modification]] = []

    # -- queries ----------------------------------------------------------------------------------------------------

    def query(self, query: q.Query, parent: Scope | None) -> Outputs:
        """Resolve a query; its output columns."""
        outer = self.ctes
        if query.ctes:
            self.ctes = dict(outer)
            for cte in query.ctes:
                self._cte(cte, query.recursive, parent)
        try:
            if query.arms:
                outputs = self.query(query.arms[0], parent)
                repeated = self.repeated
                for arm in query.arms[1:]:
                    self.query(arm, parent)
                self.repeated = repeated
                self._ordered_by(query, outputs)
                self.row = None
                return outputs
            return self._select(query, parent)
        finally:
            self.ctes = outer

    def _ordered_by(self, query: q.Query, outputs: Outputs) -> None:
        """ORDER BY of a set operation sees nothing but the columns of its first arm."""
        first = query
        while first.arms:
            first = first.arms[0]
        if outputs is None or any(output.name is None and output.star is None for output in first.outputs):
            self.run.unsure |= bool(query.labels)
            return
        for label in query.labels:
            field = outputs.get(label.parts[0])
            if field is not None:
                self._need(Bound(None), field, label.parts[0], label.at)
            elif not self.run.unsure:
                self.run.raises("42703")

    def _cte(self, cte: q.CTE, recursive: bool, parent: Scope | None) -> None:
        if recursive and cte.query.arms and not cte.query.ctes:
            first, *others = cte.query.arms
            self.ctes[cte.name] = _renamed(self.query(first, parent), cte.columns)
            for other in others:  # the recursive term sees the columns of the first one
                self.query(other, parent)
        else:
            self.ctes[cte.name] = _renamed(self.query(cte.query, parent), cte.columns)

    def _select(self, query: q.Query, parent: Scope | None) -> Outputs:
        scope = Scope([], parent)
        modifies = query.modifies
        for source in query.sources:
            self._bind(source, scope)
        if modifies is not None and modifies.source is not None:
            self.query(modifies.source, parent)
        for output in query.outputs:
            if output.star:
                self._starred(output.star[-1], scope)
        if modifies is not None and modifies.source is None and modifies.repeated is not None:
            self.run.raises("42701")
        # UPDATE and MERGE look at the columns of their target after all else.
        if modifies is not None and modifies.source is not None:
            self._modification(modifies, scope)
        self.expression(query.expression, scope)
        if modifies is not None and modifies.source is None:
            self._modification(modifies, scope)
        labels = {output.name for output in query.outputs}
        for label in query.labels:
            if label.parts[0] not in labels:
                self._reference(label, scope)
        return self._outputs(query, scope)

    def _starred(self, qualifier: str, scope: Scope) -> None:
        level: Scope | None = scope
        while level is not None:
            if any(bound.alias == qualifier for bound in level.bounds):
                return
            level = level.parent
        self._unbound(qualifier, scope)

    def _unbound(self, qualifier: str, scope: Scope | None) -> None:
        """A missing FROM-clause entry, but for what variables, and the rows before and after a change, may answer."""
        level = scope
        while level is not None:
            if qualifier in _ROWS or (level.names and not level.bounds):
                self.run.unsure = True
                return
            level = level.parent
        if not self.run.unsure:
            self.run.raises("42P01")

    def _modification(self, modifies: q.Modification, scope: Scope) -> None:
        target = scope.bounds[0].relation if scope.bounds else None
        if target is None:
            return
        for place, column in enumerate((*modifies.columns, *modifies.key)):
            if place == modifies.repeated:
                self.run.raises("42701")
            target = self.run.need_member(target, "column", column.parts[0], at=column.at)
        if modifies.arbiter is not None and target.kind != "relation":
            target = self.run.need_member(target, "constraint", modifies.arbiter)
        scope.bounds[0].relation = target
        self.modified.append((target, modifies))
        if modifies.key or modifies.computed or modifies.arbiter is not None:
            self.arbiters.append((target, modifies))
        self.expression(modifies.inference, Scope([scope.bounds[0]], None))
        self.expression(modifies.conflict, Scope([scope.bounds[0], Bound("excluded", relation=target)], None))

    def _outputs(self, query: q.Query, scope: Scope) -> Outputs:
        found: dict[str, Field] = {}
        self.repeated = None
        self.row = row = []
        for output in query.outputs:
            if output.star is None:
                field = Field(PRESENT, type_=self._type(output.type, scope))
                row.append(field)
                if output.name is not None:
                    self._comes_out(found, output.name, field)
                continue
            qualifier = output.star[-1] if output.star else None
            # Columns that JOIN ... USING merges stand first: their order is not followed.
            self.ordered = self.ordered and not (scope.merged and qualifier is None)
            for bound in scope.bounds:
                if qualifier is not None and bound.alias != qualifier:
                    continue
                columns = self._all_columns(bound)
                if columns is None:
                    self.run.vague, self.repeated, self.row = True, None, None
                    return None
                for name, field in columns.items():
                    self._used(field)
                    row.append(field)
                    self._comes_out(found, name, field)
        if scope.merged:
            self.repeated = None
        if not self.ordered:
            self.row = None
        return found

    def _comes_out(self, found: dict[str, Field], name: str, field: Field) -> None:
        if name in found and PRESENT == field.fact == found[name].fact:
            self.repeated = self.repeated or name
        found.setdefault(name, field)

    def _type(self, typed: q.Typed, scope: Scope | None) -> str | None:
        """The type of a value, if that is one of pg_catalog's."""
        if isinstance(typed, q.Name):
            type_ = routines.type_of(self.run, TypeRef(typed)) if typed.name != "unknown" else "pg_catalog.unknown"
            return type_ if type_.startswith("pg_catalog.") else None
        if typed is None:
            return None
        *path, name = typed.parts
        while scope is not None:
            if not path and name in scope.names:
                return None
            bounds = [bound for bound in scope.bounds if not path or bound.alias == path[-1]]
            fields = [field for bound in bounds if (field := bound.field(name)) is not None]
            if fields:
                return fields[0].type if len(fields) == 1 else None
            scope = scope.parent
        return None

    def _all_columns(self, bound: Bound) -> Outputs:
        if bound.relation is None:
            return bound.columns
        if bound.relation.open:
            return None
        relation = bound.relation
        return {name: Field(relation.member("column", name), relation, name) for name in relation.columns()}

    # -- FROM ---------------------------------------------------------------------------------------------------------

    def _bind(self, source: q.Source, scope: Scope) -> list[Bound]:
        made: list[Bound]
        match source:
            case q.Table():
                made = [self._table(source)]
                made[0].named = source.alias is not None
            case q.Derived():
                inner = Scope(list(scope.bounds), scope.parent, scope.names) if source.lateral else scope.parent
                made = [Bound(source.alias, columns=_renamed(self.query(source.query, inner), source.columns))]
            case q.Function():
                self.expression(source.expression, scope)
                columns = {name: Field(PRESENT) for name in source.columns} if source.defined else None
                made = [Bound(source.alias, columns=columns)]
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

    def _join(self, source: q.Join, scope: Scope) -> list[Bound]:
        left = self._bind(source.left, scope)
        right = self._bind(source.right, scope)
        for name in source.using:
            self._using(name, left)
            self._using(name, right)
            scope.names.add(name)
            scope.merged = True
        if source.condition is not q.NOTHING:
            self.expression(source.condition, Scope([*left, *right], scope.parent, scope.names))
        if source.natural:
            scope.merged = True
            unknown = Bound(None, columns=None)
            scope.bounds.append(unknown)
        if source.alias is not None:
            for bound in (*left, *right):
                bound.alias = None
            scope.bounds.append(Bound(source.alias, columns=None))
        return [*left, *right]

    def _using(self, name: str, side: list[Bound]) -> None:
        fields = [(bound, field) for bound in side if (field := bound.field(name)) is not None]
        if len(fields) == 1:
            self._need(fields[0][0], fields[0][1], name, -1)
        elif not fields and len(side) == 1 and side[0].relation is not None:
            self.run.need_member(side[0].relation, "column", name)

    def _table(self, source: q.Table) -> Bound:
        name, alias = source.name, source.alias or source.name.name
        if name.schema is None and name.name in self.ctes:
            return Bound(alias, columns=_renamed(self.ctes[name.name], source.columns))
        if name.schema in SYSTEM_SCHEMAS:
            return Bound(alias, system=not source.columns)
        relation = self.run.relation(name, in_query=True)
        if relation is None or source.columns:
            return Bound(alias, system=name.name.startswith("pg_") and not source.columns)
        if relation.kind in ("index", "composite type"):
            self.run.forbid(Object("relation", relation.key[0], None, relation.key[1]), relation.fact, sqlstate="42809")
        self.run.read.setdefault(relation.key, set())
        return Bound(alias, relation=relation, schema=relation.key[0])

    # -- expressions ------------------------------------------------------------------------------------------------

    def expression(self, expression: q.Expression, scope: Scope | None) -> None:
        """Resolve every name in an expression."""
        if expression is q.NOTHING:
            return
        if any(self._lacks(type_) for type_ in expression.types):
            self._untyped(expression, scope)
        else:
            self._typed(expression, scope)

    def _lacks(self, type_: q.Name) -> bool:
        self.run.called.update(named(self.run, type_))
        found = None if self.run.knows_type(type_, holds=False) else self.run.type(type_)
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
            self.run.unsure |= not self.run.knows_type(type_, holds=False)
        # Sub-queries first: what is not known in them must keep a claim about a column beside them from being certain.
        for query in expression.queries:
            self.query(query, scope)
        for reference in expression.columns:
            self._reference(reference, scope)
        for name in expression.relations:
            if name.schema not in SYSTEM_SCHEMAS and (named := self.run.relation(name, in_query=True)) is not None:
                self.run.read.setdefault(named.key, set())
        for call in expression.calls:
            self.run.called.add(call.name.name)
            routines.call(self.run, call, self.types_of(call, scope))

    def types_of(self, call: q.Call, scope: Scope | None) -> tuple[str | None, ...]:
        """The types of a call's arguments, as far as they are known."""
        return tuple(self._type(typed, scope) for typed in call.types)

    def over(self, expression: q.Expression, relation: Relation, aliases: Iterable[str] = ()) -> None:
        """Resolve an expression that sees one relation under its own name, or under other ones (OLD, NEW)."""
        names = tuple(aliases) or (relation.key[1],)
        bounds = [Bound(name, relation=relation, schema=relation.key[0]) for name in names]
        self.expression(expression, Scope(bounds, None))

    def _reference(self, reference: q.ColumnRef, scope: Scope | None) -> None:
        parts = reference.parts
        if reference.row and not self._is_row(parts[0], scope):
            return
        if len(parts) == 1:
            self._bare(parts[0], reference.at, scope)
        elif len(parts) in (2, 3):
            self._qualified(parts, reference.at, scope)

    def _is_row(self, name: str, scope: Scope | None) -> bool:
        """Whether a bare name certainly means a row: the innermost level that knows it has no column of that name."""
        level = scope
        while level is not None and name not in level.names:
            if any(bound.field(name) is not None for bound in level.bounds):
                return False
            if any(bound.alias == name for bound in level.bounds):
                return True
            level = level.parent
        return False

    def _qualified(self, parts: tuple[str, ...], at: int, scope: Scope | None) -> None:
        *path, qualifier, name = parts
        level = scope
        while level is not None:
            for bound in level.bounds:
                if bound.alias == qualifier and (not path or bound.schema == path[0]):
                    field = bound.field(name)
                    if field is not None:
                        self._need(bound, field, name, at)
                    elif bound.relation is not None and not self._may_be_function(name):
                        bound.relation = self.run.need_member(bound.relation, "column", name, at=at)
                    else:
                        self.run.unsure = True
                    return
            level = level.parent
        self._unbound(qualifier, scope)

    def _may_be_function(self, name: str) -> bool:
        """Whether ``t.name`` may be a call: a function of that name was made here, or nothing is known of it."""
        return any(made == name for _, made in self.run.state.routines)

    def _bare(self, name: str, at: int, scope: Scope | None) -> None:
        level = scope
        candidate: tuple[Bound, Field] | None = None
        only: Bound | None = None
        while level is not None:
            if name in level.names:
                return
            hits = [(bound, field) for bound in level.bounds if (field := bound.field(name)) is not None]
            if any(field.fact.presence is Presence.PRESENT for _, field in hits) and candidate is None:
                if len(hits) > 1 and all(field.fact == PRESENT for _, field in hits) and not self.run.unsure:
                    self.run.raises("42702")
                self.run.unsure |= len(hits) > 1 or not hits[0][1].fact.sure
                self.run.vague |= len(hits) > 1
                self._used(hits[0][1])
                return
            if any(field.fact.presence is not Presence.MAYBE for _, field in hits) or len(hits) > 1:
                self.run.unsure = True
                return
            if hits and candidate is not None and not _same(hits[0][1], candidate[1]):
                self._used(candidate[1])
                return  # without the inner column, the outer one would answer
            candidate = candidate or (hits[0] if hits else None)
            if any(bound.alias == name for bound in level.bounds):
                return  # a whole row
            if level.bounds and only is None:
                only = level.bounds[0] if len(level.bounds) == 1 else Bound(None)
            level = level.parent
        if candidate is not None:
            self._need(candidate[0], candidate[1], name, at)
        elif only is not None and only.relation is not None:
            only.relation = self.run.need_member(only.relation, "column", name, at=at)
        else:
            self.run.unsure = True

    def _used(self, field: Field) -> None:
        if field.relation is not None:
            self.run.read.setdefault(field.relation.key, set()).add(field.name)

    def _need(self, bound: Bound, field: Field, name: str, at: int) -> None:
        self._used(field)
        if field.relation is not None:
            relation = self.run.need_member(field.relation, "column", field.name, at=at)
            if bound.relation is not None:
                bound.relation = relation
        else:
            self.run.unsure |= not field.fact.sure


def _same(one: Field, other: Field) -> bool:
    """Whether two levels offer the same column of the same relation: where the one is missing, so is the other."""
    if one.relation is None or other.relation is None:
        return False
    return one.relation.key == other.relation.key and one.name == other.name


def _renamed(outputs: Outputs, columns: tuple[str, ...]) -> Outputs:
    """A result under a list of column aliases, which may be shorter than it."""
    if not columns:
        return outputs
    if outputs is None:
        return None
    fields = list(outputs.items())
    if len(columns) > len(fields):
        return None
    renamed = dict(zip(columns, (Field(PRESENT) for _ in columns), strict=True))
    for name, field in fields[len(columns) :]:
        renamed.setdefault(name, field)
    return renamed
