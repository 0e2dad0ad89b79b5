"""Queries, resolved as PostgreSQL does it: which levels there are, what each offers and uses, and in which order."""

from collections.abc import Iterable, Sequence

import msgspec

from driftproof.catalog import routines
from driftproof.catalog.entries import Key, Relation
from driftproof.catalog.facts import ABSENT, PRESENT
from driftproof.catalog.grouping import check_grouping, nested
from driftproof.catalog.inference import refused, refuses_given, type_of
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.outputs import check_distinct
from driftproof.catalog.references import need_attributes, need_field, note_use, unbound
from driftproof.catalog.scopes import Bound, Column, Field, Result, Scope, beside, columns_of
from driftproof.catalog.sources import Sources
from driftproof.catalog.ways import Fails
from driftproof.objects import Object
from driftproof.statements import query as q


class Resolver(Sources):
    """Checks queries and expressions for one statement; proves what the statement needs as it goes."""

    def __init__(self, run: Interpreter) -> None:
        super().__init__(run)
        self._depth = 0
        self.arbiters: list[tuple[Relation, q.Modification]] = []
        self.modified: list[tuple[Relation, q.Modification]] = []

    def query(self, query: q.Query, parent: Scope | None) -> Result:
        """Resolve a query; its output columns."""
        outer, nests, vague = self.ctes, self._nests, self._vague
        self._depth += 1
        self._nests, self._vague = None, None
        if query.ctes:
            self._check_ctes(query.ctes)
            self.ctes = dict(outer)
            for cte in query.ctes:
                self._cte(cte, query.recursive, parent)
        try:
            return self._arms(query, parent) if query.arms else self._select(query, parent)
        finally:
            self.ctes, self._nests, self._vague = outer, nests, vague
            self._depth -= 1

    def transition(self, key: Key, tables: tuple[str, ...]) -> None:
        """What a query of a trigger's function sees by the names of its transition tables: rows of that relation."""
        for table in tables:
            self.ctes[table] = columns_of(self.run.state.relations[key])

    def action(self, query: q.Query, relation: Relation) -> None:
        """Resolve a query of a rule, which sees the rows OLD and NEW of its relation."""
        rows = [Bound(name, relation=relation, schema=relation.key[0]) for name in ("old", "new")]
        for row in rows:
            row.bare = False
        self.query(query, Scope(rows, None))

    def _check_ctes(self, ctes: tuple[q.CTE, ...]) -> None:
        """No two of them have one name."""
        if self.run.unsure:
            return
        names: set[str] = set()
        for cte in ctes:
            if cte.name in names:
                self.run.raises("42712")
            names.add(cte.name)
        for cte in ctes:
            if cte.flaw is not None:
                self.run.raises(cte.flaw)

    def _arms(self, query: q.Query, parent: Scope | None) -> Result:
        """A set operation: its columns are the first arm's; ORDER BY sees nothing else."""
        arms: list[Result] = []
        for arm in query.arms:
            arms.append(self.query(arm, beside(arms, parent) if arms else parent))
        result, *others = arms
        for other in others:
            result = self._combined(result, other)
        for label in query.labels:
            self._output(result, label, parent)
        return result

    def _combined(self, result: Result, other: Result) -> Result:
        """The columns of a set operation: as many on each side, of types that one of them takes."""
        if not self.run.unsure and result.certain and other.certain:
            if len(result.columns) != len(other.columns):
                self.run.raises("42601")
            for (_, one), (_, two) in zip(result.columns, other.columns, strict=True):
                sqlstate = refused(self.run, [one.type, two.type])
                if sqlstate is not None and not self.run.state.has_any("cast"):
                    self.run.raises(sqlstate)
        self.run.unsure |= result.open or other.open  # whether there are as many is not known
        types = [field.type for _, field in other.columns] if not (result.open or other.open) else []
        same = [at < len(types) and field.type == types[at] for at, (_, field) in enumerate(result.columns)]
        columns = [
            (name, field if kept else field.untyped()) for (name, field), kept in zip(result.columns, same, strict=True)
        ]
        return Result(columns, open=result.open)

    def _output(self, result: Result, label: q.ColumnRef, parent: Scope | None) -> None:
        """A column that must be among those of a result: an outer query's is refused with another SQLSTATE."""
        name = label.parts[0]
        fields = result.fields(name)
        if len(fields) > 1 and all(field.fact == PRESENT for field in fields) and not self.run.unsure:
            self.run.raises("42702")
        if fields:
            need_field(self.run, Bound(None), fields[0], name, label.at)
        elif nested(parent):
            self.run.unsure = True
        else:
            self.run.need(Object("column", None, None, name), ABSENT, lambda _fact: None, at=label.at)

    def _cte(self, cte: q.CTE, recursive: bool, parent: Scope | None) -> None:
        if recursive and cte.query.arms and not cte.query.ctes:
            first, *others = cte.query.arms
            made = self._renamed(self.query(first, parent), cte.columns)
            self.ctes[cte.name] = Result(made.columns, open=made.open or bool(cte.added))
            for other in others:  # the recursive term sees the columns of the first one, and gives the same types
                given = self.query(other, parent)
                for (_, one), (_, two) in zip(made.columns, given.columns, strict=False):
                    if given.certain and not self.run.unsure and routines.refuses(self.run, two.type, one.type):
                        self.run.raises("42804")
        else:
            given = self.query(cte.query, parent)
            if self._depth > 1 and cte.query.modifies is not None and not self.run.unsure:
                self.run.raises("0A000")  # only those of the outermost query modify anything
            made = self._renamed(given, cte.columns)
        added = [(name, Field(PRESENT, type_=type_)) for name, type_ in cte.added]
        self.ctes[cte.name] = Result([*made.columns, *added], open=made.open)

    def _select(self, query: q.Query, parent: Scope | None) -> Result:
        if query.misplaced is not None:
            return self._misplaced(query, parent, query.misplaced)
        scope = Scope([], parent)
        modifies = query.modifies
        for source in query.sources:
            self._bind(source, scope)
            if modifies is not None and modifies.arms and len(scope.bounds) == 1:
                self._merges(scope.bounds[0].relation)
        items = list(scope.bounds)
        if modifies is not None:
            self._inserted(modifies, scope, parent)
            self._changed(modifies, scope)
        for output in query.outputs:
            if output.star and not scope.starred(output.star):
                unbound(self.run, output.star[-1], scope)
        lone = None if nested(parent) else True
        if modifies is not None:
            self._clauses([(query.where, lone), (query.expression, lone)], scope)
        else:
            self._clauses([(query.expression, None), (query.where, lone), (query.behind, None)], scope, query)
        if modifies is not None:
            self._assigned(modifies, Scope(items, parent, scope.names))
        if query.distinct and query.labels:
            check_distinct(self.run, query, scope)
        result = self._outputs(query, scope)
        if query.grouping is not None:
            check_grouping(self, query.grouping, scope)
        return result

    def _merges(self, target: Relation | None) -> None:
        """MERGE is for tables and views."""
        if target is not None and target.kind not in ("table", "view", "relation") and not self.run.unsure:
            self.run.raises("0A000")

    def _misplaced(self, query: q.Query, parent: Scope | None, sqlstate: str) -> Result:
        """Where something else fails as well, it is not known what PostgreSQL meets first."""
        before = len(self.run.failures)
        try:
            result = self._select(msgspec.structs.replace(query, misplaced=None), parent)
        except Fails:
            del self.run.failures[before:]
            raise Fails from None
        if not (self.run.unsure or nested(parent)):
            self.run.raises(sqlstate)
        self.run.unsure = True  # it may be an outer query's
        return result

    def _changed(self, modifies: q.Modification, scope: Scope) -> None:
        """RETURNING sees the rows before and after the change, unless variables or the rows of a rule are called so."""
        level = scope.parent
        while level is not None:
            if any(alias in level.names for alias in modifies.changed):
                return
            if any(bound.alias in modifies.changed and not bound.bare for bound in level.bounds):
                return
            level = level.parent
        for alias in modifies.changed:
            if scope.bounds and all(bound.alias != alias for bound in scope.bounds):
                scope.bounds.append(Bound(alias, relation=scope.bounds[0].relation))
                scope.bounds[-1].bare = False

    def _inserted(self, modifies: q.Modification, scope: Scope, parent: Scope | None) -> None:
        """INSERT looks at its columns before its source, and at the key of ON CONFLICT before what is set there."""
        bound = scope.bounds[0]
        self._targets(bound, modifies.columns, modifies.repeated)
        if modifies.source is None:
            return
        self._fits(bound, modifies, self.query(modifies.source, parent))
        if modifies.rows and bound.relation is not None:
            self.expression(q.Expression(values=tuple(_texts_given(bound.relation, modifies))), scope)
        self._targets(bound, modifies.key)
        self._clauses([(modifies.inference, False)], Scope([bound], None))
        if modifies.arbiter is not None and bound.relation is not None and bound.relation.kind != "relation":
            bound.relation = self.run.need_member(bound.relation, "constraint", modifies.arbiter)
        both = Scope([bound, Bound("excluded", relation=bound.relation)], None)
        self._clauses([(modifies.conflict, True)], both)
        self._targets(bound, modifies.assigned)
        self._clauses([(modifies.condition, True)], both)

    def _fits(self, bound: Bound, modifies: q.Modification, given: Result) -> None:
        """INSERT has a value for each column that it lists; where it lists none, no more values than there are columns:
        where it has as many, it needs them all."""
        if bound.relation is None or not given.certain:
            return
        count = len(given.columns)
        if modifies.columns:
            if count != len(modifies.columns) and not self.run.unsure:
                self.run.raises("42601")
            self._assignable(bound.relation, [column.parts[0] for column in modifies.columns], given, modifies)
            return
        names = list(bound.relation.columns())
        facts = [bound.relation.member("column", name) for name in names]
        if bound.relation.kind != "table" or bound.relation.open or not all(fact.nominal for fact in facts):
            return
        if count > len(names) and not self.run.unsure:
            self.run.raises("42601")
        for name in names if count == len(names) else ():
            at = modifies.target.at
            bound.relation = self.run.need_member(bound.relation, "column", name, at=at, sqlstate="42601")
        if all(fact == PRESENT for fact in facts):
            self._assignable(bound.relation, names, given, modifies)

    def _assignable(self, target: Relation, names: Sequence[str], given: Result, modifies: q.Modification) -> None:
        """The values that INSERT gives to columns are of types that these take. A text that is no value of its column's
        type may be met before that."""
        for name, (_, field) in zip(names, given.columns, strict=False):
            type_ = field.type
            if type_ is None or type_ == "pg_catalog.unknown":
                continue
            wanted = Field(PRESENT, target, name).type
            refused = wanted is not None and refuses_given(self.run, type_, wanted)
            if refused and not all(self._is_label(target, given) for given in _texts_given(target, modifies)):
                self.run.unsure = True
            if refused and not self.run.unsure:
                self.run.raises("42804")

    def _is_label(self, target: Relation, given: q.Given) -> bool:
        own = Field(PRESENT, target, given.to.parts[-1]).own_type if isinstance(given.to, q.ColumnRef) else None
        type_ = self.run.state.types.get(own) if own is not None else None
        text = given.value.text if isinstance(given.value, q.Text) else ""
        return type_ is not None and type_.member("enum-label", text) == PRESENT

    def _assigned(self, modifies: q.Modification, scope: Scope) -> None:
        """UPDATE and MERGE look at the columns of their target after all else."""
        bound, *others = scope.bounds
        for arm in modifies.arms:
            seen = {"target": [bound], "source": others, "both": scope.bounds}[arm.sees]
            inner = Scope(seen, scope.parent, scope.names)
            self._clauses([(arm.condition, True)], inner)
            self._targets(bound, arm.columns, arm.repeated)
            self._clauses([(arm.values, True)], inner)
            self._targets(bound, arm.assigned)
        if modifies.source is None:
            self._targets(bound, modifies.assigned)
        if bound.relation is not None:
            self.modified.append((bound.relation, modifies))
            if modifies.key or modifies.computed or modifies.arbiter is not None:
                self.arbiters.append((bound.relation, modifies))

    def _targets(self, bound: Bound, columns: tuple[q.ColumnRef, ...], repeated: int | None = None) -> None:
        """The columns that are written to; no INSERT lists one twice."""
        for place, column in enumerate(columns if bound.relation is not None else ()):
            if place == repeated:
                self.run.raises("42701")
            if bound.relation is not None:
                bound.relation = self.run.need_member(bound.relation, "column", column.parts[0], at=column.at)
                if column.fields:
                    field = Field(PRESENT, bound.relation, column.parts[0])
                    need_attributes(self.run, field, column.fields, column.at, assigned=True)

    def _outputs(self, query: q.Query, scope: Scope) -> Result:
        found: list[Column] = []
        open_ = False
        for output in query.outputs:
            if output.star is None:
                open_ = open_ or output.name is None
                if output.name is not None:
                    found.append((output.name, Field(PRESENT, type_=type_of(self.run, output.type, scope))))
                continue
            for bound in scope.starred(output.star):
                columns = bound.columns
                open_ = open_ or columns.open
                self.run.vague |= columns.open
                found.extend(columns.columns)
                for _, field in columns.columns:
                    note_use(self.run, field)
        return Result(found, open=open_)


def _texts_given(target: Relation, modifies: q.Modification) -> Iterable[q.Given]:
    """The bare texts that VALUES gives to columns of the target that are of types of the history's own."""
    own_types = {name for name, type_ in target.types.items() if "." in type_}
    if not own_types or modifies.source is None:
        return
    names = [column.parts[0] for column in modifies.columns] or ([] if target.open else list(target.columns()))
    for place, (name, output) in enumerate(zip(names, modifies.source.outputs, strict=False)):
        if name in own_types and isinstance(output.type, q.Text):
            for values in modifies.rows:
                if place < len(values) and (text := values[place]) is not None:
                    yield q.Given(q.ColumnRef((target.key[1], name)), q.Text(text))
