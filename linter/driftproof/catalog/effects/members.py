"""Columns, constraints, policies, triggers and rules: what ALTER TABLE and its kin need and change."""

import msgspec

from driftproof.catalog import routines
from driftproof.catalog.coercion import spelled_type
from driftproof.catalog.effects.dependents import (
    Holder,
    depends_on_read,
    holders,
    key_holders,
    lose_member,
    refuse,
    released,
    sequence_holders,
    take_along,
)
from driftproof.catalog.effects.extensions import check_period, need_default_class
from driftproof.catalog.effects.heritage import check_renamed_constraint, may_merge, refuse_inherited_constraint, spread
from driftproof.catalog.effects.inheritance import (
    check_added,
    check_renamed,
    check_typed,
    descendants,
    refuse_inherited,
    refuse_partitioned,
    refuse_shared,
    refuse_typed,
)
from driftproof.catalog.effects.keys import check_adopted, check_columns, check_partitioned, key_columns, rename_keys
from driftproof.catalog.effects.partitions import refuse_part
from driftproof.catalog.effects.parts import (
    INDEXED,
    check_persistence,
    check_reference,
    forbid_name,
    forbid_relation,
    put_constraint,
)
from driftproof.catalog.effects.refusals import check_kind, fails
from driftproof.catalog.effects.relations import put_under
from driftproof.catalog.effects.rows import forget_values
from driftproof.catalog.effects.values import NOTHING, Value, put_value, read_value, rename_value, sequence_keys
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.resolve import Resolver
from driftproof.catalog.state import (
    ABSENT,
    ASSUMED,
    PRESENT,
    UNKNOWN,
    Doubt,
    Fact,
    Key,
    Member,
    Presence,
    Relation,
)
from driftproof.catalog.typenames import need_column_type, refuse_itself, spelled
from driftproof.catalog.ways import Fails, Way
from driftproof.statements import operations as op


def add_column(run: Interpreter, add: op.AddColumn) -> None:
    """ADD COLUMN: with IF NOT EXISTS the column is guaranteed, but not what hangs on it."""
    relation = run.relation(add.table, missing_ok=add.table_missing_ok)
    if relation is None:
        return
    refuse_typed(run, relation, only=add.only)
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
        relation = run.state.writable(relation)
        relation.types[column.name] = spelled(run, column)
        put_value(run, relation.key, column, run.made(), value, sequence)
        relation = run.state.writable(run.state.relations[relation.key])
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

    doubtful = False

    def missing() -> None:
        nonlocal doubtful
        lose_member(run, run.state.relations[relation.key], ("column", name), ABSENT)
        add_column(run, msgspec.structs.replace(add, if_not_exists=False))
        doubtful = run.unsure

    run.branch(lambda: None, [Way(missing, lambda: ((wanted, fact),))], known=True, sure=fact.sure, leaves=True)
    run.set_member(run.state.relations[relation.key], "column", name, proven)
    run.unsure |= doubtful


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
    doubtful = False

    def missing() -> None:
        nonlocal doubtful
        lost = [found.doubt and found.doubt.origin, run.place]
        own = run.state.relations[relation.key]
        for member, columns in list(own.uses.items()):
            fact = own.member(*member)
            if add.of_new in columns and fact.presence is Presence.MAYBE and fact.doubt and fact.doubt.origin in lost:
                lose_member(run, run.state.relations[relation.key], member, ABSENT)
        _add_constraint(run, run.state.relations[relation.key], add, None)
        doubtful = run.unsure

    wanted = relation.object("column", add.of_new or "")
    run.branch(lambda: None, [Way(missing, lambda: ((wanted, found),))], known=True, sure=found.sure, leaves=True)
    run.unsure |= doubtful


def _add_constraint(run: Interpreter, relation: Relation, add: op.AddConstraint, doubt: Doubt | None) -> None:
    constraint = add.constraint
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


def create_member(run: Interpreter, made: op.CreateMember) -> None:
    """CREATE POLICY, TRIGGER, RULE."""
    relation = run.relation(made.table)
    if relation is None:
        return
    check_kind(run, relation, made.kinds, at=made.table.at)
    run.read, run.vague = {relation.key: {column.parts[0] for column in made.columns}}, made.kind == "rule"
    run.called.clear()
    if made.kind == "rule" and relation.kind == "materialized view":
        fails(run, "0A000", relation.fact)
    if made.flaw is not None:
        run.raises(made.flaw)
    if made.expression is not None:
        Resolver(run).over(made.expression, relation, made.aliases, nests=made.kind != "trigger")
        relation = run.state.relations[relation.key]
    for action in made.actions:
        Resolver(run).action(action, relation)
        relation = run.state.relations[relation.key]
    if made.misreads is not None:
        run.raises(made.misreads)
    if made.calls is not None:
        run.called.add(made.calls.name)
        routines.need_trigger(run, made.calls)
    fact = run.made()  # whether it was there before or not, it is there now
    of_constraint = made.kind == "trigger" and relation.constraints.get(made.name) == "trigger"
    if not made.replace or of_constraint:
        run.forbid(relation.object(made.kind, made.name), relation.member(made.kind, made.name))
    for column in made.columns:
        relation = run.need_member(relation, "column", column.parts[0], at=made.table.at)
    key = relation.key
    relation = run.set_member(relation, made.kind, made.name, fact)
    if made.constrains:  # whether it stays under that name is not followed
        relation = run.set_member(relation, "constraint", made.name, UNKNOWN)
        relation.constraints[made.name] = "trigger"
    relation.calls[made.kind, made.name] = tuple(run.called)
    released(run, run.state.relations[key], (made.kind, made.name))
    depends_on_read(run, (key, (made.kind, made.name)))


def need_member(run: Interpreter, need: op.NeedMember) -> None:
    """Whatever only needs something of a relation."""
    relation = run.relation(need.table, missing_ok=need.table_missing_ok)
    if relation is None or (need.kinds and relation.kind not in (*need.kinds, "relation")):
        return
    if need.kind == "policy" and need.sees is not None:  # ALTER POLICY reads its expressions first
        check_kind(run, relation, ("table",), at=need.table.at)
        Resolver(run).over(need.sees, relation, nests=True)
        relation = run.state.relations[relation.key]
    if need.kind == "column" and need.sees is not None:  # USING is read before the column is looked for
        Resolver(run).over(need.sees, relation)
        if not need.only and any(len(column.parts) > 1 for column in need.sees.columns):
            for child in descendants(run, relation)[1:]:  # where it is read under that table's name
                if child.key[1] != relation.key[1]:
                    fails(run, "42P01", child.fact)
        relation = run.state.relations[relation.key]
    relation = run.need_member(relation, need.kind, need.name, at=need.at)
    if need.copied:
        fails(run, "42P10", relation.member("generated", need.name))
    if need.constraints:
        kind = relation.constraints.get(need.name)
        if kind is None:
            run.unsure = True
        elif kind not in need.constraints:
            fails(run, "42809", relation.member("constraint", need.name))
    if need.sees is not None:
        if need.kind == "policy":  # what ALTER POLICY leaves out stays as it was
            run.read, run.vague = {}, True
        run.called.clear()
        Resolver(run).over(need.sees, relation, nests=need.kind == "policy")
        relation = run.state.writable(run.state.relations[relation.key])
        if need.kind != "column":  # USING is done with
            member: Member = (need.kind, need.name)
            relation.calls[member] = (*relation.calls.get(member, ()), *run.called)
        if need.kind == "policy":
            depends_on_read(run, (relation.key, (need.kind, need.name)))
    if need.retyped is not None and need.only:
        for child in run.state.children(relation):
            fails(run, "42P16", child.fact)
    if need.retyped is not None:
        retype(run, run.state.relations[relation.key], need.retyped)


def retype(run: Interpreter, relation: Relation, to: op.Column) -> None:
    """ALTER COLUMN ... TYPE needs the type, to which the old one is cast by itself if there is no USING; refused where
    a view, a rule, a policy or a trigger uses the column."""
    need_column_type(run, to)
    refuse_itself(run, relation, to)
    column = to.name
    found = [
        (dependent, needs)
        for dependent, needs in holders(relation, column)
        if dependent[1] is None or dependent[1][0] in ("policy", "trigger", "rule", "column")
    ]
    refuse_inherited(run, relation, column)
    refuse_shared(run, relation, column)
    refuse_partitioned(run, relation, column)
    old, new = spelled_type(relation.types.get(column, "")), spelled_type(spelled(run, to))
    if to.default is None and relation.kind == "table" and routines.refuses(run, old, new, assigned=True):
        fails(run, "42804", relation.member("column", column))
    if _no_label(run, relation.types.get(column, ""), to):
        fails(run, "42804", relation.member("default", column))
    refuse(run, relation.object("column", column), found, "0A000")
    run.state.writable(relation).types[column] = spelled(run, to)
    forget_values(run, relation)


def _no_label(run: Interpreter, old: str, to: op.Column) -> bool:
    """Whether a default of the old type is certainly none of the new one, which is an enum: USING is not for defaults,
    and no text is cast to a label by itself."""
    new = run.type(to.type) if to.type is not None else None
    if new is None or new.kind != "enum" or new.fact != PRESENT or to.spelled.endswith("]") is not old.endswith("]"):
        return False
    old = old.removesuffix("[]")
    text = spelled_type(old) in ("pg_catalog.text", "pg_catalog.varchar", "pg_catalog.bpchar")
    schema, _, name = old.partition(".")
    known = run.state.types.get((schema, name))
    other = known is not None and known.kind == "enum" and known.key != new.key
    return (text or other) and not any(kind == "cast" for kind, _, _ in run.state.objects)


def drop_member(run: Interpreter, drop: op.DropMember) -> None:
    """DROP COLUMN takes along the constraints and indexes that use it; what may depend on it makes that uncertain."""
    relation = run.relation(drop.table, missing_ok=drop.table_missing_ok)
    if relation is None:
        return
    refuse_typed(run, relation, only=drop.only)
    if not drop.missing_ok:
        relation = run.need_member(relation, drop.kind, drop.name)
    found: list[Holder] = []
    if drop.kind == "column":
        refuse_inherited(run, relation, drop.name)
        refuse_partitioned(run, relation, drop.name)
        found = holders(relation, drop.name) + sequence_holders(run, relation, drop.name)
        found += [
            ((relation.key, user), True)
            for user, columns in relation.uses.items()
            if user[0] == "publication-table" and drop.name in columns
        ]
    elif drop.kind == "constraint":
        refuse_part(run, relation, drop.name)
        refuse_inherited_constraint(run, relation, drop.name, kinds=("check", "foreign key"))
        found = key_holders(run, relation, drop.name)
    free = True
    fact = relation.member(drop.kind, drop.name)
    if fact == ABSENT and drop.missing_ok:
        return
    if drop.cascade and found and fact.presence is Presence.MAYBE:  # where IF EXISTS finds nothing, all this stays
        _drop_if_there(run, relation, drop, fact)
        return
    if drop.cascade:
        take_along(run, found)
    elif fact.presence is not Presence.ABSENT:
        free = refuse(run, relation.object(drop.kind, drop.name), found)
    fact = run.away(free)
    released(run, run.state.relations[relation.key], (drop.kind, drop.name))
    if drop.kind == "trigger" and relation.constraints.get(drop.name) == "trigger":
        del run.state.writable(run.state.relations[relation.key]).constraints[drop.name]
    lose_member(run, run.state.relations[relation.key], (drop.kind, drop.name), fact, only=drop.only)


def _drop_if_there(run: Interpreter, relation: Relation, drop: op.DropMember, fact: Fact) -> None:
    """IF EXISTS, of what the fresh state has, with what goes by CASCADE."""
    wanted = relation.object(drop.kind, drop.name)

    def settled(presence: Fact) -> None:
        run.state.writable(run.state.relations[relation.key]).members[drop.kind, drop.name] = presence

    def there() -> None:
        settled(PRESENT if fact.sure else ASSUMED)
        drop_member(run, drop)

    def missing() -> None:
        lose_member(run, run.state.relations[relation.key], (drop.kind, drop.name), ABSENT)

    run.branch(there, [Way(missing, lambda: ((wanted, fact),))], known=True, sure=fact.sure, leaves=True)


def rename_member(run: Interpreter, rename: op.RenameMember) -> None:
    """RENAME COLUMN, CONSTRAINT, POLICY, TRIGGER."""
    relation = run.relation(rename.table, missing_ok=rename.table_missing_ok)
    if relation is None:
        return
    if rename.kind == "column" and relation.kind == "index":
        return
    refuse_typed(run, relation, only=not rename.cascade)
    if rename.kind == "column":
        check_typed(run, relation, False)
    taken = relation.object(rename.kind, rename.to), relation.member(rename.kind, rename.to)
    if rename.kind == "policy":  # the new name is looked at first
        check_kind(run, relation, ("table",), at=rename.table.at)
        run.forbid(*taken)
    if rename.kind == "trigger":
        check_kind(run, relation, ("table", "view", "foreign table"), at=rename.table.at)
    if rename.kind == "rule":
        check_kind(run, relation, ("table", "view"), at=rename.table.at)
    if rename.kind == "column":
        check_renamed(run, relation, rename)
        relation = run.state.relations[relation.key]
    relation = run.need_member(relation, rename.kind, rename.name)
    if rename.kind == "trigger" and rename.to == rename.name:
        return
    if rename.kind == "trigger" and relation.constraints.get(rename.name) == "trigger":
        relation = run.state.writable(relation)
        relation.constraints[rename.to] = relation.constraints.pop(rename.name)
    index = run.state.relations.get((relation.key[0], rename.name)) if rename.kind == "constraint" else None
    if index is not None and index.of == relation.key:
        forbid_relation(run, (relation.key[0], rename.to))
    children: list[Relation] = []
    if rename.kind == "constraint":
        children = check_renamed_constraint(run, relation, rename)
        refuse_inherited_constraint(run, relation, rename.name, kinds=("check",))
    if rename.kind == "column":
        refuse_inherited(run, relation, rename.name)
    run.forbid(*taken)
    if rename.to == rename.name:  # it is taken, by itself
        return
    made = run.made()
    relation = run.set_member(relation, rename.kind, rename.to, made)
    relation = run.set_member(relation, rename.kind, rename.name, run.away())
    if (calls := relation.calls.pop((rename.kind, rename.name), None)) is not None:
        relation.calls[rename.kind, rename.to] = calls
    if rename.kind == "column":
        forget_values(run, relation)
        relation.local = frozenset(rename.to if name == rename.name else name for name in relation.local)
        if rename.name in (relation.partitioned or ()):
            relation.partitioned = (relation.partitioned or frozenset()) - {rename.name} | {rename.to}
        _keep_place(run, relation, rename.name, rename.to)
        relation.uses = {
            member: tuple(rename.to if column == rename.name else column for column in columns)
            for member, columns in relation.uses.items()
        }
        rename_keys(run, relation, rename.name, rename.to)
        rename_value(run, relation, rename.name, rename.to)
    if rename.kind == "constraint":
        if ("constraint", rename.name) in relation.uses:
            relation.uses["constraint", rename.to] = relation.uses.pop(("constraint", rename.name))
        if index is not None and index.of == relation.key:
            put_under(run, index, (relation.key[0], rename.to), check=False)
        _keep_kind(relation, rename)
        if relation.primary_key == rename.name:
            relation.primary_key = rename.to
    for child in children:
        below = run.set_member(run.state.relations[child.key], "constraint", rename.to, made)
        below = run.set_member(below, "constraint", rename.name, run.away())
        below.uses["constraint", rename.to] = below.uses.pop(("constraint", rename.name), ())
        _keep_kind(below, rename)


def _keep_kind(relation: Relation, rename: op.RenameMember) -> None:
    if rename.name in relation.constraints:
        relation.constraints[rename.to] = relation.constraints.pop(rename.name)
    if rename.name in relation.heritage:
        relation.heritage[rename.to] = relation.heritage.pop(rename.name)


def _keep_place(run: Interpreter, relation: Relation, name: str, to: str) -> None:
    """A renamed column stays where it is among the others, in the children as well."""
    old: Member = ("column", name)
    new: Member = ("column", to)
    fact, gone = relation.members.pop(new), relation.members[old]
    relation.members = {
        (new if member == old else member): fact if member == old else other
        for member, other in relation.members.items()
    }
    relation.members[old] = gone
    for key in relation.children:
        child = run.state.relations.get(key)
        if child is not None and new in child.members:
            _keep_place(run, run.state.writable(child), name, to)
