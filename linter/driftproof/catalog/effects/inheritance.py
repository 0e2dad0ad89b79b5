"""Partitions and tables that inherit: what joins a parent, leaves it, and loses its columns with it.

Source: ATExecDropColumn, MergeAttributesIntoExisting and RemoveInheritance, tablecmds.c.
"""

from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.state import UNKNOWN, Presence, Relation
from driftproof.objects import Kind
from driftproof.statements import operations as op

_COPIED = frozenset(("constraint", "trigger"))


def inherit(run: Interpreter, step: op.Inherit) -> None:
    """ATTACH and DETACH PARTITION, INHERIT and NO INHERIT; constraints and triggers come and go with the parent."""
    parent, child = (run.state.look_up(name)[1] for name in (step.parent, step.child))
    if parent is None or child is None:
        return
    parent, child = run.state.writable(parent), run.state.writable(child)
    parent.children = tuple(key for key in parent.children if key != child.key)
    child.parents = tuple(key for key in child.parents if key != parent.key)
    child.vague |= _COPIED
    child.partition = step.partition and not step.ends
    if not step.ends:
        parent.children = (*parent.children, child.key)
        child.parents = (*child.parents, parent.key)
        child.local = frozenset() if step.partition else frozenset(child.columns())


def inheritors(run: Interpreter, relation: Relation, kind: Kind, name: str, *, only: bool) -> list[Relation]:
    """The children that lose a column together with their parent; with ONLY, or where it is theirs as well, they keep
    it. Of constraints and triggers that a child has it is not known whether they were the parent's."""
    found: list[Relation] = []
    for child in run.state.children(relation):
        if kind != "column":
            if (kind, name) in child.members and kind in _COPIED:
                run.state.put_member(child, (kind, name), UNKNOWN)
        elif only:
            run.state.writable(child).local |= {name}
        elif name not in child.local and not _others_have(run, child, relation, name):
            found.append(child)
    return found


def _others_have(run: Interpreter, child: Relation, but: Relation, name: str) -> bool:
    parents = (run.state.relations.get(key) for key in child.parents if key != but.key)
    return any(other is not None and other.member("column", name).presence is not Presence.ABSENT for other in parents)
