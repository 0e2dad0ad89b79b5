"""Rows that a migration writes with constants, as far as their keys tell that they can't be written twice."""

from collections import Counter

from driftproof.catalog.effects.keys import indexes
from driftproof.catalog.entries import Relation, Row
from driftproof.catalog.facts import PRESENT, Presence
from driftproof.catalog.interpreter import Interpreter
from driftproof.statements import operations as op
from driftproof.statements.query import Modification

_MOVING = {"now", "today", "tomorrow", "yesterday"}  # constants that mean another value each time


def write_rows(run: Interpreter, modified: list[tuple[Relation, Modification]]) -> None:
    """INSERT of a key that is there already fails (23505); UPDATE, DELETE and functions of the history's own may do
    anything to any row, by foreign keys and triggers too."""
    if (run.state.rows or run.state.accounted) and (
        not all(modifies.inserts for _, modifies in modified) or any(key[1] in run.called for key in run.state.routines)
    ):
        forget_rows(run)
    for target, modifies in modified:
        run.pending.wrote(run, target, modifies)
        keys = _keys(run, target, modifies)
        for row in keys:
            if row in run.state.rows:
                wanted = target.object("key", f"({', '.join(column for column, _ in row[1])})")
                run.forbid(wanted, PRESENT, sqlstate="23505")
            elif not run.unsure:
                run.state.rows |= {row}
        if run.state.accounted:
            _account(run, target, modifies, keys)
    if run.in_function and any(modifies.inserts for _, modifies in modified):
        run.risks("23")  # a value that is missing, or there already


def _account(run: Interpreter, target: Relation, modifies: Modification, keys: list[Row]) -> None:
    """Which tables have no rows but those that are known; what is written to a view or fires a trigger may come to any
    table."""
    if target.kind != "table" or target.open or target.vague or _diverted(target):
        run.state.accounted = frozenset()
        return
    told = Counter(tuple(column for column, _ in values) for _, values in keys)
    if run.unsure or len(modifies.rows) not in told.values():  # no index holds all of them
        run.state.accounted -= {target.key}


def _diverted(target: Relation) -> bool:
    return any(
        kind in ("trigger", "rule") and fact.presence is not Presence.ABSENT
        for (kind, _), fact in target.members.items()
    )


def _keys(run: Interpreter, target: Relation, modifies: Modification) -> list[Row]:
    """The keys of the rows, one for each unique index that certainly holds them."""
    target = run.state.relations.get(target.key, target)
    if (
        not modifies.rows or modifies.forgives or _diverted(target) or run.state.children(target)
    ):  # partitions have triggers of their own
        return []
    names = [column.parts[0] for column in modifies.columns] or ([] if target.open else list(target.columns()))
    found = []
    keys = set()
    for index in indexes(run, target):
        unique = index.unique
        if unique is None or unique.expressions or unique.partial or not unique.columns or index.fact.nominal is False:
            continue
        if unique.deferrable or unique.columns in keys:
            continue
        keys.add(unique.columns)
        for values in modifies.rows:
            given = dict(zip(names, values, strict=False))
            key = tuple(sorted((column, given.get(column)) for column in unique.columns))
            if all(value is not None and value.lower() not in _MOVING for _, value in key):
                found.append((target.key, tuple((column, value or "") for column, value in key)))
    return found


def forget_values(run: Interpreter, relation: Relation) -> None:
    """A column of the table has gone, or has another name or type: its rows are not what they were."""
    if run.state.rows:
        run.state.rows = frozenset(row for row in run.state.rows if row[0] != relation.key)
    run.state.accounted -= {relation.key}


def forget_rows(run: Interpreter, _step: op.ForgetRows | None = None) -> None:
    """TRUNCATE: which rows are left is not known."""
    run.state.rows = frozenset()
    run.state.accounted = frozenset()
