"""What belongs to a relation gets another name: columns, constraints, policies, triggers and rules."""

import msgspec

from driftproof.catalog.effects.clones import clones, is_clone
from driftproof.catalog.effects.dependents import rename_dependent
from driftproof.catalog.effects.heritage import check_renamed_constraint, refuse_inherited_constraint
from driftproof.catalog.effects.inheritance import (
    check_renamed,
    check_typed,
    descendants,
    refuse_inherited,
    refuse_typed,
)
from driftproof.catalog.effects.keys import rename_keys
from driftproof.catalog.effects.parts import forbid_relation
from driftproof.catalog.effects.refusals import check_kind, fails
from driftproof.catalog.effects.relations import put_under
from driftproof.catalog.effects.rows import forget_values
from driftproof.catalog.effects.values import rename_value
from driftproof.catalog.entries import Member, Relation
from driftproof.catalog.interpreter import Interpreter
from driftproof.objects import Kind
from driftproof.statements import operations as op

_OF: dict[Kind, tuple[op.RelationKind, ...]] = {
    "policy": ("table",),
    "trigger": ("table", "view", "foreign table"),
    "rule": ("table", "view"),
}
"""The relations that have members of a kind."""


def rename_member(run: Interpreter, rename: op.RenameMember) -> None:
    """RENAME COLUMN, CONSTRAINT; ALTER POLICY, TRIGGER, RULE ... RENAME."""
    relation = run.relation(rename.table, missing_ok=rename.table_missing_ok)
    if relation is None or (rename.kind == "column" and relation.kind == "index"):
        return
    refuse_typed(run, relation, only=not rename.cascade)
    if rename.kind == "column":
        _rename_column(run, relation, rename)
    elif rename.kind == "constraint":
        _rename_constraint(run, relation, rename)
    else:
        _rename_other(run, relation, rename)


def _rename_column(run: Interpreter, relation: Relation, rename: op.RenameMember) -> None:
    """It is renamed in all that inherit from the table."""
    check_typed(run, relation, False)
    taken = relation.object("column", rename.to), relation.member("column", rename.to)
    check_renamed(run, relation, rename)
    relation = run.need_member(run.state.relations[relation.key], "column", rename.name)
    refuse_inherited(run, relation, rename.name)
    run.forbid(*taken)
    if rename.to != rename.name:  # else it is taken, by itself
        for key in [member.key for member in descendants(run, relation)]:
            _call_column(run, run.state.relations[key], rename.name, rename.to)


def _call_column(run: Interpreter, relation: Relation, name: str, to: str) -> None:
    """A column has another name, in what belongs to it as well."""
    relation = _moved(run, relation, "column", name, to)
    forget_values(run, relation)
    relation.local = frozenset(to if column == name else column for column in relation.local)
    relation.required = frozenset(to if column == name else column for column in relation.required)
    relation.lax = frozenset(to if column == name else column for column in relation.lax)
    if name in (relation.partitioned or ()):
        relation.partitioned = (relation.partitioned or frozenset()) - {name} | {to}
    _keep_place(relation, name, to)
    relation.uses = {
        member: tuple(to if column == name else column for column in columns)
        for member, columns in relation.uses.items()
    }
    rename_keys(run, relation, name, to)
    for trigger, does in relation.triggers.items():
        if name in does.columns:
            relation.triggers[trigger] = msgspec.structs.replace(does, columns=does.columns - {name} | {to})
    rename_value(run, relation, name, to)


def _keep_place(relation: Relation, name: str, to: str) -> None:
    """A renamed column stays where it is among the others."""
    old: Member = ("column", name)
    new: Member = ("column", to)
    fact, gone = relation.members.pop(new), relation.members[old]
    relation.members = {
        (new if member == old else member): fact if member == old else other
        for member, other in relation.members.items()
    }
    relation.members[old] = gone


def _rename_constraint(run: Interpreter, relation: Relation, rename: op.RenameMember) -> None:
    """Its index takes the name along, and what the children have from it."""
    taken = relation.object("constraint", rename.to), relation.member("constraint", rename.to)
    relation = run.need_member(relation, "constraint", rename.name)
    index = run.state.relations.get((relation.key[0], rename.name))
    indexed = index is not None and index.of == relation.key
    if indexed:
        forbid_relation(run, (relation.key[0], rename.to))
    children = check_renamed_constraint(run, relation, rename)
    refuse_inherited_constraint(run, relation, rename.name, kinds=("check",))
    run.forbid(*taken)
    if rename.to == rename.name:
        return
    for member in (relation, *children):
        _call_constraint(run, run.state.relations[member.key], rename.name, rename.to)
    if index is not None and indexed:
        put_under(run, index, (relation.key[0], rename.to), check=False)


def _call_constraint(run: Interpreter, relation: Relation, name: str, to: str) -> None:
    relation = _moved(run, relation, "constraint", name, to)
    if ("constraint", name) in relation.uses:
        relation.uses["constraint", to] = relation.uses.pop(("constraint", name))
    if name in relation.constraints:
        relation.constraints[to] = relation.constraints.pop(name)
    if name in relation.heritage:
        relation.heritage[to] = relation.heritage.pop(name)
    if relation.primary_key == name:
        relation.primary_key = to


def _rename_other(run: Interpreter, relation: Relation, rename: op.RenameMember) -> None:
    """A policy, for which the new name is looked at first, a trigger or a rule."""
    kind, name, to = rename.kind, rename.name, rename.to
    taken = relation.object(kind, to), relation.member(kind, to)
    check_kind(run, relation, _OF[kind], at=rename.table.at)
    if kind == "policy":
        run.forbid(*taken)
    relation = run.need_member(relation, kind, name)
    if kind == "trigger" and is_clone(relation, name):
        fails(run, "0A000", relation.member(kind, name))
    if kind == "trigger" and to == name:
        return
    run.forbid(*taken)
    if to == name:
        return
    below = clones(run, relation, name) if kind == "trigger" else []
    for child in below:
        run.forbid(child.object(kind, to), child.member(kind, to))
    for child in below:
        child = _moved(run, run.state.relations[child.key], kind, name, to)
        child.triggers[to] = child.triggers.pop(name)
    relation = _moved(run, run.state.relations[relation.key], kind, name, to)
    if kind == "trigger" and name in relation.triggers:
        relation.triggers[to] = relation.triggers.pop(name)
    if kind == "trigger" and relation.constraints.get(name) == "trigger":
        relation.constraints[to] = relation.constraints.pop(name)


def _moved(run: Interpreter, relation: Relation, kind: Kind, name: str, to: str) -> Relation:
    """The relation with a member, with the functions that this calls and what it depends on, under another name."""
    relation = run.state.put_member(relation, (kind, to), run.made())
    relation = run.state.put_member(relation, (kind, name), run.away())
    if (calls := relation.calls.pop((kind, name), None)) is not None:
        relation.calls[kind, to] = calls
    rename_dependent(run, relation, (kind, name), (kind, to))
    return relation
