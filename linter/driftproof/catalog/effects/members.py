"""What belongs to a relation: policies, triggers and rules are made; they, columns and constraints are needed, changed
and dropped."""

from driftproof.catalog import routines
from driftproof.catalog.effects.clones import forbid_below, is_clone, spread
from driftproof.catalog.effects.dependents import (
    Holder,
    depends_on_read,
    holders,
    key_holders,
    loosen,
    lose_member,
    refuse,
    released,
    sequence_holders,
    take_along,
)
from driftproof.catalog.effects.heritage import refuse_inherited_constraint
from driftproof.catalog.effects.inheritance import (
    losing_column,
    refuse_inherited,
    refuse_partitioned,
    refuse_typed,
)
from driftproof.catalog.effects.partitions import refuse_part
from driftproof.catalog.effects.refusals import check_kind, check_opened, fails
from driftproof.catalog.effects.required import allow, lose_track
from driftproof.catalog.entries import Member, Relation, Trigger
from driftproof.catalog.facts import ABSENT, ASSUMED, PRESENT, UNKNOWN, Fact, Presence
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.resolve import Resolver
from driftproof.statements import operations as op
from driftproof.statements.query import NOTHING


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
    function = None
    if made.calls is not None:
        run.called.add(made.calls.name)
        function = routines.need_trigger(run, made.calls)
    fact = run.made()  # whether it was there before or not, it is there now
    of_constraint = made.kind == "trigger" and relation.constraints.get(made.name) == "trigger"
    if not made.replace or of_constraint or (made.kind == "trigger" and is_clone(relation, made.name)):
        run.forbid(relation.object(made.kind, made.name), relation.member(made.kind, made.name))
    for place, column in enumerate(made.columns):
        relation = run.need_member(relation, "column", column.parts[0], at=made.table.at)
        if column in made.columns[:place]:
            run.raises("42701")
    key = relation.key
    if made.fires is not None and made.fires.row and not made.replace:
        forbid_below(run, relation, made.name)
    relation = run.set_member(relation, made.kind, made.name, fact)
    if made.fires is not None:
        columns = frozenset(column.parts[0] for column in made.columns)
        relation.triggers[made.name] = Trigger(made.fires, function, columns)
    if made.constrains:  # whether it stays under that name is not followed
        relation = run.set_member(relation, "constraint", made.name, UNKNOWN)
        relation.constraints[made.name] = "trigger"
    relation.calls[made.kind, made.name] = tuple(run.called)
    released(run, run.state.relations[key], (made.kind, made.name))
    depends_on_read(run, (key, (made.kind, made.name)))
    if made.fires is not None and made.fires.row:
        spread(run, run.state.relations[key], made.name)


def need_member(run: Interpreter, need: op.NeedMember) -> None:
    """Whatever only needs something of a relation."""
    relation = run.relation(need.table, missing_ok=need.table_missing_ok)
    if relation is None or (need.kinds and relation.kind not in (*need.kinds, "relation")):
        return
    if need.kind in ("policy", "trigger", "rule", "constraint"):
        check_opened(run, relation)
    if need.kind == "policy" and need.sees is not None:  # ALTER POLICY reads its expressions first
        check_kind(run, relation, ("table",), at=need.table.at)
        Resolver(run).over(need.sees, relation, nests=True)
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
        member: Member = (need.kind, need.name)
        relation.calls[member] = (*relation.calls.get(member, ()), *run.called)
        if need.kind == "policy":
            if need.sees is not NOTHING:
                loosen(run, relation, member)
            depends_on_read(run, (relation.key, member))


def drop_member(run: Interpreter, drop: op.DropMember) -> None:
    """DROP COLUMN takes along the constraints and indexes that use it; what may depend on it makes that uncertain."""
    relation = run.relation(drop.table, missing_ok=drop.table_missing_ok)
    if relation is None:
        return
    refuse_typed(run, relation, only=drop.only)
    if drop.kind in ("policy", "trigger", "rule"):
        check_opened(run, relation)
    if not drop.missing_ok:
        relation = run.need_member(relation, drop.kind, drop.name)
    found: list[Holder] = []
    if drop.kind == "trigger" and is_clone(relation, drop.name):
        run.forbid(relation.object("trigger", drop.name), relation.member("trigger", drop.name), sqlstate="2BP01")
    if drop.kind == "column":
        refuse_inherited(run, relation, drop.name)
        refuse_partitioned(run, relation, drop.name)
        for loser in [relation] if drop.only else losing_column(run, relation, drop.name):
            found += holders(loser, drop.name) + sequence_holders(run, loser, drop.name)
            found += [
                ((loser.key, user), True)
                for user, columns in loser.uses.items()
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
    if drop.kind == "constraint":
        kind = relation.constraints.get(drop.name)
        if kind is None:
            lose_track(run, relation)
        elif kind == "not null":
            allow(run, relation, relation.uses.get(("constraint", drop.name), ()))
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
