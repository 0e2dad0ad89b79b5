"""OPTIONS of what belongs to foreign data: each has a name, once.

Source: transformGenericOptions, foreigncmds.c.
"""

from driftproof.catalog.facts import ABSENT, UNKNOWN, Fact
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.state import ObjectKey
from driftproof.objects import Kind, Object
from driftproof.statements import operations as op
from driftproof.statements.query import Name


def alter_options(run: Interpreter, step: op.AlterOptions) -> None:
    """They are added, set and dropped in order."""
    if step.table is not None:
        _of_table(run, step, step.table)
        return
    label = f"{step.kind} {step.name}"
    if step.made:
        for key in _all(run, label):
            run.state.put_object(key, ABSENT)
        run.state.put_object(_key(label), ABSENT)  # what is known of all others
    others = run.state.objects.get(_key(label), UNKNOWN)
    for action, name in step.changes:
        fact = run.state.objects.get(_key(label, name), others)
        changed = _changed(run, action, Object("option", None, step.name, name), fact)
        run.state.put_object(_key(label, name), changed)


def move_options(run: Interpreter, kind: Kind, old: str, new: str) -> None:
    """What has them has another name."""
    for key in _all(run, f"{kind} {old}"):
        run.state.put_object(_key(f"{kind} {new}", key[2]), run.state.objects[key])


def _key(label: str, name: str = "") -> ObjectKey:
    return "option", label, name


def _all(run: Interpreter, label: str) -> list[ObjectKey]:
    return [key for key in run.state.objects if key[:2] == ("option", label)]


def _of_table(run: Interpreter, step: op.AlterOptions, table: Name) -> None:
    relation = run.state.look_up(table)[1]
    if relation is None:
        return
    for action, name in step.changes:
        fact = _changed(run, action, relation.object("option", name), relation.member("option", name))
        relation = run.state.put_member(relation, ("option", name), fact)


def _changed(run: Interpreter, action: str, wanted: Object, fact: Fact) -> Fact:
    if action == "add":
        run.forbid(wanted, fact)
        return run.made()
    run.need(wanted, fact, lambda _fact: None)
    return run.away() if action == "drop" else fact
