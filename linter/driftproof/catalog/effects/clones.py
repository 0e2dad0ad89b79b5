"""Row triggers of partitioned tables: each partition has one like every one of its parent, which comes and goes with
that.

Source: CreateTriggerFiringOn and renametrig, trigger.c; CloneRowTriggersToPartition and
DropClonedTriggersFromPartition, tablecmds.c.
"""

import msgspec

from driftproof.catalog.effects.dependents import lose_member
from driftproof.catalog.effects.refusals import fails
from driftproof.catalog.entries import Relation
from driftproof.catalog.facts import PRESENT, Fact, Presence
from driftproof.catalog.interpreter import Interpreter


def is_clone(relation: Relation, name: str) -> bool:
    """Whether a trigger was made with that of the parent."""
    trigger = relation.triggers.get(name)
    return trigger is not None and trigger.of in relation.parents


def clone_all(run: Interpreter, parent: Relation, child: Relation, fact: Fact = PRESENT) -> None:
    """A table that becomes a partition gets the row triggers of its parent; it has no others of these names."""
    if _is_vague(parent):
        run.state.writable(child).vague |= {"trigger"}
        return
    for name in sorted(parent.triggers):
        _clone(run, parent, run.state.relations[child.key], name, fact)


def _is_vague(parent: Relation) -> bool:
    if parent.open or "trigger" in parent.vague:
        return True
    return any(
        kind == "trigger" and name not in parent.triggers and fact.presence is not Presence.ABSENT
        for (kind, name), fact in parent.members.items()
    )


def forbid_below(run: Interpreter, relation: Relation, name: str) -> None:
    """No partition has a trigger of the name that a partitioned table gives to one."""
    for child in _partitions(run, relation):
        run.forbid(child.object("trigger", name), child.member("trigger", name))
        forbid_below(run, child, name)


def spread(run: Interpreter, relation: Relation, name: str) -> None:
    """A trigger that a partitioned table gets is made in its partitions."""
    for child in _partitions(run, relation):
        _put(run, relation, child, name, PRESENT)


def _partitions(run: Interpreter, relation: Relation) -> list[Relation]:
    return [child for child in run.state.children(relation) if child.partition]


def _clone(run: Interpreter, parent: Relation, child: Relation, name: str, fact: Fact) -> None:
    if parent.triggers[name].firing.row and parent.member("trigger", name).presence is not Presence.ABSENT:
        run.forbid(child.object("trigger", name), child.member("trigger", name))
        forbid_below(run, child, name)
        _put(run, parent, run.state.relations[child.key], name, fact)


def _put(run: Interpreter, parent: Relation, child: Relation, name: str, fact: Fact) -> None:
    above = parent.member("trigger", name)
    child = run.state.put_member(child, ("trigger", name), fact if above == PRESENT else above)
    child.triggers[name] = msgspec.structs.replace(parent.triggers[name], of=parent.key)
    spread(run, child, name)


def refuse_joining_with(run: Interpreter, child: Relation) -> None:
    """No table with a row trigger that has transition tables becomes a partition."""
    for name, trigger in child.triggers.items():
        if trigger.firing.row and trigger.firing.tables:
            fails(run, "0A000", child.member("trigger", name))


def drop_clones(run: Interpreter, parent: Relation, child: Relation) -> None:
    """A table that is no partition any more has lost the triggers of its parent."""
    for name, trigger in list(child.triggers.items()):
        if trigger.of == parent.key:
            lose_member(run, run.state.relations[child.key], ("trigger", name), run.away())


def clones(run: Interpreter, relation: Relation, name: str) -> list[Relation]:
    """The partitions that have a trigger from that table."""
    found = []
    for child in run.state.children(relation):
        if name in child.triggers and child.triggers[name].of == relation.key:
            found += [child, *clones(run, child, name)]
    return found
