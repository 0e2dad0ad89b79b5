"""ADD COLUMN and ADD CONSTRAINT: what they need, and what of them is guaranteed afterwards."""

import msgspec

from driftproof.catalog.effects.dependents import lose_member
from driftproof.catalog.effects.extensions import check_period, need_default_class
from driftproof.catalog.effects.heritage import may_merge, spread
from driftproof.catalog.effects.inheritance import check_added, descendants, refuse_partition, refuse_typed
from driftproof.catalog.effects.keys import check_adopted, check_columns, check_partitioned, key_columns
from driftproof.catalog.effects.parts import (
    INDEXED,
    check_persistence,
    check_reference,
    forbid_name,
    forbid_relation,
    put_constraint,
)
from driftproof.catalog.effects.refusals import check_kind, fails
from driftproof.catalog.effects.required import check_only, require
from driftproof.catalog.effects.values import NOTHING, Value, put_value, read_value, sequence_keys
from driftproof.catalog.entries import Key, Member, Relation
from driftproof.catalog.facts import ABSENT, ASSUMED, UNKNOWN, Doubt, Fact, Presence
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.resolve import Resolver
from driftproof.catalog.typenames import need_column_type, refuse_itself, spelled
from driftproof.catalog.ways import Fails
from driftproof.statements import operations as op


def add_column(run: Interpreter, add: op.AddColumn) -> None:
    """ADD COLUMN: with IF NOT EXISTS the column is guaranteed, but not what hangs on it."""
    relation = run.relation(add.table, missing_ok=add.table_missing_ok)
    if relation is None:
        return
    refuse_typed(run, relation, only=add.only)
    refuse_partition(run, relation)
    column = add.column
    fact = relation.member("column", column.name)
    if add.if_not_exists:
        run.found.setdefault((relation.key, column.name), fact)
    if fact.presence is Presence.PRESENT and add.if_not_exists:
        return
    if fact.presence is Presence.MAYBE and add.if_not_exists:
        _pass_by(run, relation, add, fact)
        return
    if fact.presence is Presence.UNKNOWN and add.if_not_exists:
        run.unsure = True  # whether it is added, and fails then
        relation = run.set_member(relation, "column", column.name, run.made())
        for key in sequence_keys(run, relation.key, (column,)).values():
            run.state.put(Relation(key, "sequence", UNKNOWN, open=True, of=relation.key))
        for constraint in column.constraints:
            put_constraint(run, relation, constraint, _left_as_it_is(run))
        return
    sure = not run.unsure
    if not add.if_not_exists:
        run.forbid(relation.object("column", column.name), fact, at=column.at)
    # Whether an unknown column was there before or not, it is there now; what hangs on it may not be.
    perhaps_there = sure and run.unsure
    run.unsure = not sure
    run.called.clear()
    fresh = not add.if_not_exists or fact.presence is Presence.ABSENT
    claimed = len(run.failures)
    try:
        value, sequence = _check_added(run, relation, add, fresh=fresh)
    except Fails:
        if perhaps_there:  # it fails for one or the other
            del run.failures[claimed:]
            raise Fails from None
        raise
    relation = run.set_member(run.state.relations[relation.key], "column", column.name, run.made())
    relation.local |= {column.name}
    run.unsure |= perhaps_there
    if fresh:
        for heir in descendants(run, relation):
            run.state.writable(heir).types[column.name] = spelled(run, column)
        put_value(run, relation.key, column, run.made(), value, sequence)
        relation = run.state.writable(run.state.relations[relation.key])
    if column.required:
        require(run, relation, (column.name,))
        relation = run.state.relations[relation.key]
    for constraint in column.constraints:
        put_constraint(run, relation, constraint, _left_as_it_is(run) if add.if_not_exists else None)


def _left_as_it_is(run: Interpreter) -> Doubt:
    return run.doubt("ADD COLUMN IF NOT EXISTS leaves a column that already exists as it is")


def _pass_by(run: Interpreter, relation: Relation, add: op.AddColumn, fact: Fact) -> None:
    """The column is there in the fresh state; where it is not, the statement adds it, with all that hangs on it."""
    name, wanted = add.column.name, relation.object("column", add.column.name)
    proven = run.made() if fact.sure else ASSUMED
    if add.column.type is not None:
        run.knows_type(add.column.type)  # which may not be dropped then

    def missing() -> None:
        lose_member(run, run.state.relations[relation.key], ("column", name), ABSENT)
        add_column(run, msgspec.structs.replace(add, if_not_exists=False))

    run.where_missing(wanted, fact, missing)
    run.set_member(run.state.relations[relation.key], "column", name, proven)


def _check_added(run: Interpreter, relation: Relation, add: op.AddColumn, *, fresh: bool) -> tuple[Value, Key | None]:
    """What a new column needs, in PostgreSQL's order; its value, and where its sequence is made. ``fresh``: it was
    certainly not there."""
    column = add.column
    need_column_type(run, column)
    refuse_itself(run, relation, column)
    check_added(run, run.state.relations[relation.key], add)
    value, sequence = NOTHING, None
    if fresh:
        sequence = sequence_keys(run, relation.key, (column,)).get(column.name)
        relation = run.set_member(run.state.relations[relation.key], "column", column.name, run.made())
        value = read_value(run, relation, column, () if sequence is None else (sequence,))
        if any(constraint.kind == "primary key" for constraint in column.constraints):  # keys are made first
            _forbid_primary_key(run, relation)
        for constraint in column.constraints:
            if constraint.expression is not None:
                Resolver(run).over(constraint.expression, run.state.relations[relation.key])
        for constraint in column.constraints:
            forbid_name(run, run.state.relations[relation.key], constraint)
            if constraint.kind in INDEXED:
                need_default_class(run, {column.name: column.spelled}, (column.name,), constraint.method)
    for constraint in column.constraints:
        check_reference(run, constraint, relation.key, {column.name: column.spelled})
    return value, sequence


def add_constraint(run: Interpreter, add: op.AddConstraint) -> None:
    """ADD CONSTRAINT."""
    relation = run.relation(add.table, missing_ok=add.table_missing_ok)
    if relation is None:
        return
    if add.of_new is None:
        _add_constraint(run, relation, add, None)
        return
    found = run.found[relation.key, add.of_new]
    if found.presence is Presence.ABSENT:
        _add_constraint(run, relation, add, _left_as_it_is(run))
    elif found.presence is Presence.UNKNOWN:
        run.unsure = True
        put_constraint(run, relation, add.constraint, _left_as_it_is(run))
    elif found.presence is Presence.MAYBE:
        _add_where_missing(run, relation, add, found)


def _add_where_missing(run: Interpreter, relation: Relation, add: op.AddConstraint, found: Fact) -> None:
    """A constraint that is written with a column which is there in the fresh state."""

    def missing() -> None:
        lost = [found.doubt and found.doubt.origin, run.place]
        own = run.state.relations[relation.key]
        for member, columns in list(own.uses.items()):
            fact = own.member(*member)
            if add.of_new in columns and fact.presence is Presence.MAYBE and fact.doubt and fact.doubt.origin in lost:
                lose_member(run, run.state.relations[relation.key], member, ABSENT)
        _add_constraint(run, run.state.relations[relation.key], add, None)

    run.where_missing(relation.object("column", add.of_new or ""), found, missing)


def _add_constraint(run: Interpreter, relation: Relation, add: op.AddConstraint, doubt: Doubt | None) -> None:
    constraint = add.constraint
    if add.only and constraint.kind == "primary key" and constraint.using_index is None:
        check_only(run, relation, add)
    if constraint.references is not None:  # PostgreSQL opens the other table before it looks at the columns
        forbid_name(run, relation, constraint)
        other = run.relation(constraint.references)
        if other is not None:
            check_kind(run, other, ("table",), at=constraint.references.at)
            if add.only and relation.partitioned:
                fails(run, "42809", relation.fact)
            check_persistence(run, relation.key, other)
        relation = run.state.relations[relation.key]
    if constraint.kind == "exclude" and constraint.expression is not None:  # its WHERE, before its columns
        Resolver(run).over(constraint.expression, relation)
        relation = run.state.relations[relation.key]
    indexed = constraint.kind in INDEXED and constraint.using_index is None
    if indexed:
        check_columns(run, relation, constraint)
        check_period(run, relation.types, constraint)
    for column in constraint.columns:
        relation = run.need_member(relation, "column", column.parts[0], at=column.at)
        if indexed:
            need_default_class(run, relation.types, column.parts[:1], constraint.method)
    if constraint.kind == "not null":
        member: Member = ("constraint", constraint.name or "")
        same = relation.constraints.get(member[1]) == "not null" and relation.uses.get(member) == constraint.keys
        if same and relation.member(*member).presence is Presence.PRESENT:
            return
        run.unsure = True  # 55000, if the column has one of another name
    if constraint.kind != "exclude" and constraint.expression is not None:
        Resolver(run).over(constraint.expression, relation)
        relation = run.state.relations[relation.key]
    check_reference(run, constraint, relation.key, relation.types)
    relation = run.state.relations[relation.key]
    if constraint.using_index is not None:
        if relation.partitioned:
            fails(run, "0A000", relation.fact)
        check_adopted(run, relation, constraint.using_index)
        relation = run.state.relations[relation.key]
        if constraint.name is not None and constraint.name != constraint.using_index:
            forbid_relation(run, (relation.key[0], constraint.name))
    if constraint.kind == "primary key":
        _forbid_primary_key(run, relation)
    if indexed:
        check_partitioned(run, relation, key_columns(constraint))
    if constraint.using_index is not None:
        fails(run, "23505", relation.member("constraint", constraint.name or constraint.using_index))
    elif constraint.references is None and not may_merge(run, relation, constraint):
        forbid_name(run, relation, constraint)
    read = constraint.expression.columns if constraint.expression is not None and constraint.kind == "check" else ()
    if not (add.only or constraint.no_inherit) and any(len(reference.parts) > 1 for reference in read):
        for child in descendants(run, relation)[1:]:  # where it is read under that table's name
            if child.key[1] != relation.key[1]:
                fails(run, "42P01", child.fact)
    if add.only and constraint.kind in ("check", "not null") and not constraint.no_inherit:
        for child in run.state.children(relation):  # which must have it as well
            fails(run, "42P16", child.fact)
    if constraint.no_inherit and relation.partitioned:
        fails(run, "42P16", relation.fact)
    before = relation.heritage.get(constraint.name or "")
    name = put_constraint(run, run.state.writable(relation), constraint, doubt, only=add.only)
    if before is not None:
        run.state.writable(run.state.relations[relation.key]).heritage[name] = msgspec.structs.replace(before, own=True)
    if not add.only:
        spread(run, run.state.relations[relation.key], name)


def _forbid_primary_key(run: Interpreter, relation: Relation) -> None:
    """There is one at most."""
    for name, kind in relation.constraints.items():
        if kind == "primary key":
            run.forbid(relation.object("constraint", name), relation.member("constraint", name), sqlstate="42P16")
