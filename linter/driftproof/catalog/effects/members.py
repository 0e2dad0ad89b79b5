"""What belongs to a relation: policies, triggers and rules are made; they, columns and constraints are needed, changed
and dropped."""

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
from driftproof.catalog.effects.heritage import refuse_inherited_constraint
from driftproof.catalog.effects.inheritance import (
    descendants,
    refuse_inherited,
    refuse_partitioned,
    refuse_shared,
    refuse_typed,
)
from driftproof.catalog.effects.partitions import refuse_part
from driftproof.catalog.effects.refusals import check_kind, fails
from driftproof.catalog.effects.rows import forget_values
from driftproof.catalog.entries import Member, Relation
from driftproof.catalog.facts import ABSENT, ASSUMED, PRESENT, UNKNOWN, Fact, Presence
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.resolve import Resolver
from driftproof.catalog.typenames import need_column_type, refuse_itself, spelled
from driftproof.statements import operations as op


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
    for place, column in enumerate(made.columns):
        relation = run.need_member(relation, "column", column.parts[0], at=made.table.at)
        if column in made.columns[:place]:
            run.raises("42701")
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
    return (text or other) and not run.state.has_any("cast")


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

    run.where_missing(wanted, fact, missing, there)
