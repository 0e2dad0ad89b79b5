"""What ORDER BY, GROUP BY and DISTINCT ON mean by a bare name: a column of the result, or one of FROM.

Source: findTargetlistEntrySQL92, parse_clause.c.
"""

from driftproof.catalog.facts import PRESENT
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.references import note_use, refer
from driftproof.catalog.scopes import Bound, Field, Scope
from driftproof.statements import query as q

_Meant = tuple[Bound, str] | str | None
"""A column, an expression as it is written, or what can't be told."""


def check_label(run: Interpreter, label: q.ColumnRef, query: q.Query, scope: Scope) -> None:
    """The name must be one of a column of the result, and of no two different ones, or of a column of FROM, where GROUP
    BY looks first."""
    name = label.parts[0]
    grouped = query.grouping is not None and any(key.parts == label.parts for key in query.grouping.keys)
    if not grouped or not any(bound.fields(name) for bound in scope.bounds if bound.bare):
        _tell_apart(run, _meant(name, query, scope))
    elif len(_at(scope, name)) > 1:
        refer(run, label, scope)
        return
    named = any(output.name == name for output in query.outputs)
    if not (named or (not grouped and _is_starred(run, name, query, scope))):
        refer(run, label, scope)


def check_distinct(run: Interpreter, query: q.Query, scope: Scope) -> None:
    """A SELECT DISTINCT is ordered by columns of its result only."""
    names = {output.name for output in query.outputs}
    written = [output.type for output in query.outputs if isinstance(output.type, q.ColumnRef)]
    columns = [_column(reference, scope) for reference in written]
    qualified = any(len(reference.parts) > 1 for reference in written) and _joined(scope)
    cast = any(isinstance(output.type, q.Name) for output in query.outputs)  # perhaps to the type that it has
    for label in query.labels:
        if label.parts[0] in names:
            continue
        meant = _column(label, scope)
        starred = any(scope.starred(output.star) for output in query.outputs if output.star is not None)
        if meant is None or None in columns or qualified or cast or starred or query.grouping is not None:
            run.unsure = True
        elif meant not in columns and not run.unsure:
            run.raises("42P10")


def _joined(scope: Scope) -> bool:
    """Whether a join has merged columns: one may go by several names."""
    return any(bound.relation is None and bound.bare for bound in scope.bounds if len(scope.bounds) > 1)


def _tell_apart(run: Interpreter, meant: list[_Meant]) -> None:
    """A failure where two of these certainly differ."""
    known = [one for one in meant if one is not None]
    columns = {(id(one[0]), one[1]) for one in known if isinstance(one, tuple)}
    texts = {one for one in known if isinstance(one, str)}
    differ = len(columns) > 1 or bool(columns and texts) or len({text.partition(" ")[0] for text in texts}) > 1
    if differ and not run.unsure:
        run.raises("42702")
    run.unsure |= len(meant) > 1 and (len(known) < len(meant) or len(texts) > 1)


def _meant(name: str, query: q.Query, scope: Scope) -> list[_Meant]:
    """The columns of the result that have this name."""
    found: list[_Meant] = []
    joined = _joined(scope)
    for output in query.outputs:
        if output.name == name:
            column = _column(output.type, scope) if isinstance(output.type, q.ColumnRef) else None
            found.append(output.form or (None if joined else column))
        elif output.star is not None:
            for bound in scope.starred(output.star):
                for field in bound.columns.fields(name):
                    found.append((bound, name) if field.fact == PRESENT and not joined else None)
    return found


def _column(reference: q.ColumnRef, scope: Scope) -> tuple[Bound, str] | None:
    *path, name = reference.parts
    bounds = [bound for bound in scope.bounds if (bound.alias == path[-1] if path else bound.bare)]
    found = [bound for bound in bounds for field in bound.fields(name) if field.fact == PRESENT and not bound.system]
    return (found[0], name) if len(found) == 1 else None


def _at(scope: Scope, name: str) -> list[Field]:
    """The columns of one level that a bare name certainly may mean."""
    found = [field for bound in scope.bounds if bound.bare and not bound.system for field in bound.fields(name)]
    return [field for field in found if field.fact == PRESENT]


def _is_starred(run: Interpreter, name: str, query: q.Query, scope: Scope) -> bool:
    """Whether the name is that of a single column that the stars bring out: no other one is meant."""
    stars = {output.star for output in query.outputs if output.star is not None}
    bounds = {id(bound): bound for star in stars for bound in scope.starred(star)}
    found = [field for bound in bounds.values() for field in bound.columns.fields(name)]
    if len(found) != 1 or len([bound for bound in scope.bounds if bound.bare and bound.fields(name)]) == 1:
        return False
    run.unsure |= found[0].fact != PRESENT  # without it, the name means another one
    note_use(run, found[0])
    return True
