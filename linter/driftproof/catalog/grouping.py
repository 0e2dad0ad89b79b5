"""Columns of a query that groups: those that stand outside of its aggregates must be grouped by.

Source: check_ungrouped_columns_walker, parse_agg.c; check_functional_grouping, pg_constraint.c.
"""

from driftproof.catalog.entries import Relation
from driftproof.catalog.expressions import Expressions
from driftproof.catalog.facts import PRESENT
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.scopes import Bound, Field, Scope
from driftproof.statements import query as q

Uses = list[tuple[Bound, str]]


def check_grouping(resolver: Expressions, grouping: q.Grouping, scope: Scope) -> None:
    """A failure (42803) where a column is used that is certainly not grouped by; its names have been resolved."""
    run = resolver.run
    if run.unsure:
        return
    if nested(scope.parent):
        for arguments in grouping.arguments:
            if arguments.columns and not _uses(resolver, arguments, scope):
                run.unsure = True  # the aggregate of an outer query
                return
    known = _keys(resolver, grouping, scope)
    if known is None:
        run.unsure = True
        return
    for key in grouping.keys:
        for name, sqlstate in grouping.refused:
            if key.parts == (name,) and not _fields(scope, name):
                run.raises(sqlstate)
    keys, loose = known
    loose += _uses(resolver, grouping.loose, scope)
    for star in grouping.stars:
        for bound in scope.bounds:
            if bound.alias == star[-1] if star else bound.bare:
                loose += [(bound, name) for name, _ in bound.columns.columns]
    joined = any(bound.relation is None and bound.bare for bound in scope.bounds if len(scope.bounds) > 1)
    names = {name for _, name in keys} if joined else set()  # a merged column may be that of one side
    doubted = False
    for bound, name in loose:
        if (bound, name) in keys:
            continue
        there = not name or all(field.fact == PRESENT for field in bound.fields(name))
        depends = _depends(run, bound, [key for table, key in keys if table is bound], grouping)
        if name in names or name in grouping.vague or not there or depends is None:
            doubted = True
        elif not depends:
            run.raises("42803")
    run.unsure |= doubted


def nested(scope: Scope | None) -> bool:
    """Whether a query stands in another one."""
    while scope is not None:
        if scope.bounds:
            return True
        scope = scope.parent
    return False


def _keys(resolver: Expressions, grouping: q.Grouping, scope: Scope) -> tuple[Uses, Uses] | None:
    """The columns that are grouped by; those of the outputs that have the name of one but are not meant.
    None: it is in doubt which of the two is meant."""
    keys: Uses = []
    loose: Uses = []
    for key in grouping.keys:
        name = key.parts[0]
        outputs = [(column, expression) for known, column, expression in grouping.labels if known == name]
        if len(key.parts) > 1 or _fields(scope, name):
            if outputs and any(field.fact != PRESENT for field in _fields(scope, name)):
                return None  # without it, the output is meant
            keys += _uses(resolver, q.Expression((key,)), scope)
            for _, expression in outputs:
                loose += _uses(resolver, expression, scope)
        else:
            for column, _ in outputs:
                keys += _uses(resolver, q.Expression((column,)), scope) if column is not None else []
    return keys, loose


def _fields(scope: Scope, name: str) -> list[Field]:
    return [field for bound in scope.bounds if bound.bare for field in bound.fields(name)]


def _uses(resolver: Expressions, expression: q.Expression, scope: Scope) -> Uses:
    """The columns of this level that an expression uses, also from inside of its sub-queries."""
    seen: Uses = []
    scope.seen = seen
    resolver.expression(expression, scope)
    scope.seen = None
    return seen


def _depends(run: Interpreter, bound: Bound, keys: list[str], grouping: q.Grouping) -> bool | None:
    """Whether the columns of a table depend on those that are grouped by, as these are its primary key; None where that
    is not known."""
    relation = bound.relation
    if relation is None or relation.kind == "view":
        return False
    if relation.open or relation.kind == "relation":
        return None
    if relation.primary_key is None:
        return None if "constraint" in relation.vague else False
    columns = _primary_key(run, relation)
    if columns is None or bound.result is not None or grouping.sets:
        return None
    return columns <= set(keys)


def _primary_key(run: Interpreter, relation: Relation) -> frozenset[str] | None:
    index = run.state.relations.get((relation.key[0], relation.primary_key or ""))
    fact = relation.members.get(("constraint", relation.primary_key or ""))
    if index is None or index.unique is None or fact != PRESENT or index.unique.deferrable:
        return None
    return frozenset(index.unique.columns)
