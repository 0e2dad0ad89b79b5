"""What the last query of a LANGUAGE sql body gives, and what its function must return.

Source: check_sql_stmt_retval, functions.c.
"""

from collections import Counter

from driftproof.catalog.coercion import UNKNOWN
from driftproof.catalog.entries import Relation
from driftproof.catalog.facts import ABSENT, Presence
from driftproof.catalog.inference import refuses_given
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.routines import object_of, type_of
from driftproof.catalog.scopes import Field
from driftproof.statements import operations as op


def check_result(run: Interpreter, row: list[Field] | None, result: op.Result) -> None:
    """The columns must be as many as those of the result, and each be assignable to its type."""
    if len(result.types) == 1 and not result.columns:
        composite = _composite(run, result.types[0])
        if composite is not None:
            _check_composite(run, row, composite, result)
            return
    wanted = [type_of(run, ref) for ref in result.types]
    if row is None or (wanted == ["pg_catalog.record"] and row):
        return
    if len(result.types) == 1 and len(row) != 1 and wanted[0].startswith("?"):
        return
    _compare(run, row, [None if type_.startswith("?") else type_ for type_ in wanted], result)
    _check_number(run, row, [])


def _composite(run: Interpreter, ref: op.TypeRef) -> Relation | None:
    if ref.name is None or ref.array:
        return None
    found = run.type(ref.name)
    return found if found is not None and found.key in run.state.relations else None


def _check_composite(run: Interpreter, row: list[Field] | None, composite: Relation, result: op.Result) -> None:
    if row is None or composite.open or (len(row) == 1 and _may_be_row(row[0].type)):
        return
    columns = [Field(composite.member("column", name), composite, name) for name in composite.columns()]
    _compare(run, row, [field.type for field in columns], result)
    _check_number(run, row, columns)


def _may_be_row(type_: str | None) -> bool:
    """Whether a single value may be all columns of the result."""
    return type_ is None or not type_.startswith("pg_catalog.")


def _check_number(run: Interpreter, row: list[Field], columns: list[Field]) -> None:
    """Without a column that only one side has the numbers differ."""
    doubts = Counter(field.fact.doubt for field in row)
    doubts.subtract(field.fact.doubt for field in columns)
    for field in (*row, *columns):
        if field.relation is not None and field.fact.presence is Presence.MAYBE and doubts[field.fact.doubt]:
            run.need_member(run.state.relations[field.relation.key], "column", field.name, sqlstate="42P13")


def _compare(run: Interpreter, row: list[Field], wanted: list[str | None], result: op.Result) -> None:
    given = ["pg_catalog.text" if field.type == UNKNOWN else field.type for field in row]
    if given in ([None], ["pg_catalog.record"]) and len(wanted) != 1:
        run.unsure = True  # it may be a row
        return
    fits = len(given) == len(wanted) and not any(
        target is not None and refuses_given(run, source, target) for source, target in zip(given, wanted, strict=True)
    )
    key = run.state.creation_key(result.function)
    run.unsure |= fits and None in given  # the types of calls and operators are not followed
    if not fits and key is not None:
        run.need(object_of(key, None), ABSENT, lambda _fact: None, sqlstate="42P13")
