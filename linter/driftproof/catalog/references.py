"""Columns and rows that an expression refers to, looked for from the innermost level of a query outwards: a claim only
where no other reading is left.

Source: parse_relation.c and parse_expr.c: a bare name is a column of the innermost level that has one, else a whole
row.
"""

from driftproof.catalog import routines
from driftproof.catalog.entries import SYSTEM_COLUMNS, Key, Relation
from driftproof.catalog.facts import ABSENT, GONE, PRESENT, Presence
from driftproof.catalog.interpreter import WITHOUT_ROWS, Interpreter
from driftproof.catalog.scopes import Bound, Field, Scope
from driftproof.objects import Object
from driftproof.statements import query as q

_ROWS = ("old", "new", "excluded")


def refer(run: Interpreter, reference: q.ColumnRef, scope: Scope | None) -> None:
    """What a reference means must be there."""
    parts = reference.parts
    if reference.fields:
        _fields(run, reference, scope)
    elif len(parts) == 1:
        _bare(run, parts[0], reference.at, scope)
    elif len(parts) in (2, 3):
        _qualified(run, parts, reference.at, scope)


def _fields(run: Interpreter, reference: q.ColumnRef, scope: Scope | None) -> None:
    """Fields of a column, which has been looked for already, or of a row."""
    parts, fields = reference.parts, reference.fields
    if len(parts) == 1 and _is_row(parts[0], scope):
        parts, fields = (parts[0], fields[0]), fields[1:]
        _qualified(run, parts, reference.at, scope)
    column = column_of(parts, scope)
    if column is not None and fields:
        need_attributes(run, column, fields, reference.at)


def need_attributes(run: Interpreter, of: Field, names: tuple[str, ...], at: int, *, assigned: bool = False) -> None:
    """A value has that attribute, and this that one. What is not ``assigned`` to may be a function's of that name."""
    for name in names:
        key = of.own_type
        row, own = (run.state.relations.get(key), run.state.types.get(key)) if key is not None else (None, None)
        called = not assigned and (may_be_function(run, name) or routines.brought(run, q.Name(None, name)))
        if row is None and not (called or run.unsure) and (_is_scalar(of.type) or (own and own.kind in _SCALARS)):
            run.raises("42804" if assigned else "42809")
        if row is None or row.kind in WITHOUT_ROWS or name in SYSTEM_COLUMNS:
            run.unsure = True
            return
        if called and row.member("column", name).presence is not Presence.PRESENT:
            run.unsure = True
            return
        of = Field(row.member("column", name), row, name)
        need_field(run, Bound(None, relation=row), of, name, at)


def attributes_in(run: Interpreter, expression: q.Expression, relation: Relation) -> dict[Key, frozenset[str]]:
    """The attributes that an expression over a relation takes of its columns, by their types."""
    found: dict[Key, frozenset[str]] = {}
    for reference in expression.columns:
        of = Field(PRESENT, relation, reference.parts[-1])
        for name in reference.fields:
            row = run.state.relations.get(of.own_type) if of.own_type is not None else None
            if row is None:
                break
            found[row.key] = found.get(row.key, frozenset()) | {name}
            of = Field(PRESENT, row, name)
    return found


_SCALARS = ("enum", "range", "multirange")


def _is_scalar(type_: str | None) -> bool:
    own = type_ is None or not type_.startswith("pg_catalog.")
    return not own and type_ not in ("pg_catalog.unknown", "pg_catalog.record")


def _is_row(name: str, scope: Scope | None) -> bool:
    """Whether a bare name certainly means a row: the innermost level that knows it has no column of that name."""
    level = scope
    while level is not None and name not in level.names:
        if any(bound.bare and bound.fields(name) for bound in level.bounds):
            return False
        if any(bound.alias == name for bound in level.bounds):
            return True
        level = level.parent
    return False


def _qualified(run: Interpreter, parts: tuple[str, ...], at: int, scope: Scope | None) -> None:
    *path, qualifier, name = parts
    level = scope
    while level is not None:
        for bound in level.bounds:
            if bound.alias == qualifier and (not path or bound.schema == path[0]):
                level.use(bound, name)
                _of(run, bound, name, at, scope)
                return
        level = level.parent
    unbound(run, qualifier, scope)


def _bare(run: Interpreter, name: str, at: int, scope: Scope | None) -> None:
    level = scope
    candidate: tuple[Bound, Field] | None = None
    seen: list[Bound] = []
    while level is not None:
        if name in level.names:
            return
        bounds = [bound for bound in level.bounds if bound.bare]
        hits = [(bound, field) for bound in bounds for field in bound.fields(name)]
        if name in SYSTEM_COLUMNS:
            hits = [hit for hit in hits if not hit[0].joined or hit[0].result is not None or hit[0].system]
        if any(field.fact.presence is Presence.PRESENT for _, field in hits) and candidate is None:
            told = all(field.fact == PRESENT and not bound.system for bound, field in hits)
            if len(hits) > 1 and told and not run.unsure:
                run.raises("42702")
            run.unsure |= len(hits) > 1 or not hits[0][1].fact.sure
            run.vague |= len(hits) > 1
            note_use(run, hits[0][1])
            level.use(hits[0][0], name)
            return
        if any(field.fact.presence is not Presence.MAYBE for _, field in hits) or len(hits) > 1:
            run.unsure = True
            return
        if hits and candidate is not None and not _same(hits[0][1], candidate[1]):
            note_use(run, candidate[1])
            return  # without the inner column, the outer one would answer
        candidate = candidate or (hits[0] if hits else None)
        row = next((bound for bound in level.bounds if bound.alias == name), None)
        if row is not None:
            level.use(row, "")
            return
        seen = seen or bounds
        level = level.parent
    if candidate is not None:
        need_field(run, candidate[0], candidate[1], name, at)
    elif seen:
        _suggest(run, name, scope)
        absent(run, name, at, seen)
    else:
        run.unsure = True


def _of(run: Interpreter, bound: Bound, name: str, at: int, scope: Scope | None) -> None:
    """A column of an item of FROM."""
    fields = bound.fields(name)
    if len(fields) > 1 and not run.unsure:
        run.raises("42702")
    if fields:
        need_field(run, bound, fields[0], name, at)
    elif may_be_function(run, name):
        run.unsure = True
    else:
        _suggest(run, name, scope)
        absent(run, name, at, [bound])


def _suggest(run: Interpreter, name: str, scope: Scope | None) -> None:
    """For its hint PostgreSQL looks for a column that is missing in all that the query reads but joins, seen from there
    or not, and stops where one of these has two of that name. Source: searchRangeTableForCol, parse_relation.c."""
    level = scope
    while level is not None:
        bounds = (bound.result for bound in level.bounds if bound.result is not None and not bound.join)
        for result in (*level.beside, *bounds):
            fields = result.fields(name)
            if len(fields) > 1 and all(field.fact == PRESENT for field in fields) and not run.unsure:
                run.raises("42702")
        level = level.parent


def absent(run: Interpreter, name: str, at: int, bounds: list[Bound]) -> None:
    """None of these has a column of that name."""
    if len(bounds) == 1 and bounds[0].relation is not None and bounds[0].result is None:
        bounds[0].relation = run.need_member(bounds[0].relation, "column", name, at=at)
        return
    sure = all(bound.relation is None or bound.relation.fact.sure for bound in bounds)
    alias = bounds[0].alias if len(bounds) == 1 else None
    run.need(Object("column", None, alias, name), ABSENT if sure else GONE, lambda _fact: None, at=at)


def unbound(run: Interpreter, qualifier: str, scope: Scope | None) -> None:
    """A missing FROM-clause entry, but for what variables, and the rows before and after a change, may answer."""
    level = scope
    while level is not None:
        if qualifier in _ROWS or (level.names and not level.bounds):
            run.unsure = True
            return
        level = level.parent
    if not run.unsure:
        run.raises("42P01")


def may_be_function(run: Interpreter, name: str) -> bool:
    """Whether ``t.name`` may be a call: a function of that name was made here, or nothing is known of it."""
    return any(made == name for _, made in run.state.routines)


def need_field(run: Interpreter, bound: Bound, field: Field, name: str, at: int) -> None:
    """The column that is meant must be there."""
    note_use(run, field)
    if field.relation is not None:
        known = run.state.relations.get(field.relation.key)
        if known is None or known.fact.presence is Presence.ABSENT:  # that one is being made
            known = field.relation
        relation = run.need_member(known, "column", field.name, at=at)
        if bound.relation is not None and bound.relation.key == relation.key:
            bound.relation = relation
    else:
        run.unsure |= not field.fact.sure


def note_use(run: Interpreter, field: Field) -> None:
    """A query has read that column."""
    if field.relation is not None:
        run.read.setdefault(field.relation.key, set()).add(field.name)


def _same(one: Field, other: Field) -> bool:
    """Whether two levels offer the same column, perhaps through a view: where the one is missing, so is the other."""
    if one.relation is None or other.relation is None or one.name != other.name:
        return False
    return one.relation.key == other.relation.key or one.fact.doubt is other.fact.doubt is not None


def column_of(parts: tuple[str, ...], scope: Scope | None) -> Field | None:
    """The column that a reference means, if that is a single one, or the row that a function gives."""
    name, alias = parts[-1], parts[-2] if len(parts) > 1 else None
    while scope is not None:
        if alias is None and name in scope.names:
            return None
        found: Field | None = None
        for bound in scope.bounds:
            if bound.bare if alias is None else bound.alias == alias:
                fields = bound.fields(name)
                if fields and (found is not None or len(fields) > 1):
                    return None
                found = fields[0] if fields else found
        if found is not None:
            return found
        if alias is None:
            for bound in scope.bounds:
                if bound.alias == name:
                    return Field(PRESENT, type_="pg_catalog.record") if _is_record(bound) else None
        scope = scope.parent
    return None


def _is_record(row: Bound) -> bool:
    return row.relation is None and row.composite
