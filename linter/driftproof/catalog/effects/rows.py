"""Rows that a migration writes with constants, as far as their keys tell that they can't be written twice."""

from collections import Counter
from collections.abc import Collection

from driftproof.catalog.effects.keys import indexes
from driftproof.catalog.entries import Key, Relation, Row, Trigger
from driftproof.catalog.facts import PRESENT, Presence
from driftproof.catalog.interpreter import Interpreter
from driftproof.statements.query import Modification

_MOVING = {"now", "today", "tomorrow", "yesterday"}  # constants that mean another value each time


def write_rows(run: Interpreter, modified: list[tuple[Relation, Modification]]) -> None:
    """INSERT of a key that is there already fails (23505); functions of the history's own may do anything to any
    row."""
    if (run.state.rows or run.state.accounted or run.state.filled) and any(
        key[1] in run.called for key in run.state.routines
    ):
        forget_rows(run)
    for target, modifies in modified:
        if not modifies.inserts:
            _change(run, target, {column.parts[0] for column in modifies.assigned})
        run.pending.wrote(run, target, modifies)
        keys = _keys(run, target, modifies)
        for row in keys:
            if row in run.state.rows and not modifies.forgives:
                wanted = target.object("key", f"({', '.join(column for column, _ in row[1])})")
                run.forbid(wanted, PRESENT, sqlstate="23505")
            elif not run.unsure:
                run.state.rows |= {row}
        if run.state.accounted:
            _account(run, target, modifies, keys)
        if modifies.command == "insert" and not (run.unsure or _diverted(target)):
            fill(run, target, modifies)
    if run.in_function and any(modifies.inserts for _, modifies in modified):
        run.risks("23")  # a value that is missing, or there already
        run.blind |= any(not modifies.forgives and _is_keyed(run, target) for target, modifies in modified)


def _is_keyed(run: Interpreter, target: Relation) -> bool:
    """Whether there may be a row of the same key: what is written in a first run is there in a second one."""
    target = run.state.relations.get(target.key, target)
    return target.open or any(index.unique is not None for index in indexes(run, target))


def _change(run: Interpreter, target: Relation, assigned: set[str]) -> None:
    """UPDATE of these columns, or DELETE (none): by foreign keys other tables change too, by triggers any."""
    if not (run.state.rows or run.state.accounted or run.state.filled):
        return
    changed: dict[Key, Relation] = {}
    behind = [target.key]
    while behind:
        table = run.state.relations.get(behind.pop())
        if table is None or table.key in changed:
            continue
        if table.kind != "table" or table.open or table.vague or _diverted(table, ("update", "delete")):
            filled = run.state.filled  # no UPDATE takes rows away, and what triggers do is followed
            forget_rows(run)
            if assigned and not any(kind == "rule" for kind, _ in table.members):
                run.state.filled = filled
            return
        changed[table.key] = table
        behind += [*table.children, *table.parents]
        keyed = {column for index in indexes(run, table) if index.unique for column in index.unique.columns}
        if not assigned or assigned & keyed or table.key != target.key:
            behind += [key for key, member in table.dependents if member is not None and member[0] == "constraint"]
    run.state.rows = frozenset(
        row
        for row in run.state.rows
        if row[0] not in changed
        or (assigned and row[0] == target.key and assigned.isdisjoint(column for column, _ in row[1]))
    )
    run.state.accounted -= frozenset(changed)
    if not assigned:
        run.state.filled -= frozenset(changed)


def _account(run: Interpreter, target: Relation, modifies: Modification, keys: list[Row]) -> None:
    """Which tables have no rows but those that are known; what is written to a view or fires a trigger may come to any
    table."""
    if target.kind != "table" or target.open or target.vague or _diverted(target):
        run.state.accounted = frozenset()
        return
    told = Counter(tuple(column for column, _ in values) for _, values in keys)
    if run.unsure or len(modifies.rows) not in told.values():  # no index holds all of them
        run.state.accounted -= {target.key}


def fill(run: Interpreter, target: Relation, modifies: Modification) -> None:
    """A row of VALUES is there afterwards, or was before; of a partitioned table, or one with rules, it stands
    elsewhere."""
    target = run.state.relations.get(target.key, target)
    if (modifies.rows or modifies.source is None) and target.kind == "table" and not target.partitioned:
        run.state.filled |= {target.key}


def _diverted(target: Relation, events: Collection[str] = ("insert",)) -> bool:
    """Whether a rule or a trigger may do something else at one of these events."""
    return any(
        fact.presence is not Presence.ABSENT
        for (kind, name), fact in target.members.items()
        if kind == "rule" or (kind == "trigger" and _fires(target.triggers.get(name), events))
    )


def _fires(trigger: Trigger | None, events: Collection[str]) -> bool:
    return trigger is None or not trigger.firing.events.isdisjoint(events)


def _keys(run: Interpreter, target: Relation, modifies: Modification) -> list[Row]:
    """The keys of the rows, one for each unique index that certainly holds them."""
    target = run.state.relations.get(target.key, target)
    if (
        not modifies.rows
        or not _keeps(modifies)
        or _diverted(target, ("insert",) if modifies.inserts else ("insert", "update"))
        or run.state.children(target)
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
        if modifies.forgives and unique.columns != {column.parts[0] for column in modifies.key}:
            continue  # where that is what conflicts, this row need not be there
        keys.add(unique.columns)
        for values in modifies.rows:
            given = dict(zip(names, values, strict=False))
            key = tuple(sorted((column, given.get(column)) for column in unique.columns))
            if all(value is not None and value.lower() not in _MOVING for _, value in key):
                found.append((target.key, tuple((column, value or "") for column, value in key)))
    return found


def _keeps(modifies: Modification) -> bool:
    """Whether rows with these keys are there afterwards: ON CONFLICT says so of its own key, unless it sets that."""
    key = {column.parts[0] for column in modifies.key}
    plain = bool(key) and not (modifies.computed or modifies.filtered)
    return not modifies.forgives or (plain and key.isdisjoint(column.parts[0] for column in modifies.assigned))


def forget_values(run: Interpreter, relation: Relation) -> None:
    """A column of the table has gone, or has another name or type: its rows are not what they were."""
    if run.state.rows:
        run.state.rows = frozenset(row for row in run.state.rows if row[0] != relation.key)
    run.state.accounted -= {relation.key}


def forget_rows(run: Interpreter) -> None:
    """Which rows are left is not known."""
    run.state.rows = frozenset()
    run.state.accounted = run.state.filled = frozenset()
