"""Columns that take no NULL: what a table requires, all that inherit from it require as well.

Source: AdjustNotNullInheritance, pg_constraint.c; ATExecSetNotNull, dropconstraint_internal and ATPrepAddPrimaryKey,
tablecmds.c.
"""

from collections.abc import Iterable

from driftproof.catalog.effects.inheritance import descendants
from driftproof.catalog.effects.refusals import fails
from driftproof.catalog.entries import Relation
from driftproof.catalog.facts import UNKNOWN, Presence
from driftproof.catalog.interpreter import Interpreter
from driftproof.statements import operations as op


def require(run: Interpreter, relation: Relation, names: Iterable[str], *, only: bool = False) -> None:
    """These columns take no NULL from now on, in the tables that inherit neither, unless it is for this one ``only``:
    then it is not passed on."""
    wanted = frozenset(names)
    if only and run.state.children(relation):
        relation = run.state.writable(run.state.relations[relation.key])
        relation.lax |= wanted
        return
    if not wanted <= relation.required or relation.lax:
        relation = run.state.writable(run.state.relations[relation.key])
        relation.required |= wanted
        relation.lax -= wanted
    for table in descendants(run, relation)[1:] if relation.children else ():
        table = run.state.writable(run.state.relations[table.key])
        table.required |= wanted
        table.lax -= wanted


def refuse_only(run: Interpreter, relation: Relation, name: str) -> None:
    """SET NOT NULL of ONLY a table with partitions, unless it stands already."""
    held = requires(relation, name)
    for child in run.state.children(relation) if not held else ():
        run.unsure |= held is None
        fails(run, "42P16", child.fact)


def named_anew(run: Interpreter, relation: Relation) -> None:
    """SET NOT NULL makes a constraint, whose name is not followed: one of such a name that has gone may be there."""
    gone = [
        (kind, name)
        for (kind, name), fact in relation.members.items()
        if kind == "constraint" and "_not_null" in name and fact.presence is Presence.ABSENT
    ]
    for member in gone:
        run.state.put_member(run.state.relations[relation.key], member, UNKNOWN)


def requires(relation: Relation, name: str) -> bool | None:
    """Whether a column takes no NULL; None where that is not known."""
    if name in relation.required:
        return True
    return None if relation.open or "column" in relation.vague or name in relation.lax else False


def allow(run: Interpreter, relation: Relation, names: Iterable[str]) -> None:
    """These columns may take NULL; those of the tables that inherit, if it is not their own."""
    gone = frozenset(names)
    for table in descendants(run, run.state.relations[relation.key]):
        if gone & table.required:
            table = run.state.writable(run.state.relations[table.key])
            table.lax |= gone & table.required if table.key != relation.key else frozenset()
            table.required -= gone


def lose_track(run: Interpreter, relation: Relation) -> None:
    """A constraint has gone of which it is not known what it was."""
    for table in descendants(run, run.state.relations[relation.key]):
        if table.required:
            table = run.state.writable(run.state.relations[table.key])
            table.lax, table.required = table.lax | table.required, frozenset()


def take_required(run: Interpreter, relation: Relation, source: Relation) -> None:
    """A table that inherits, or is made like another one, requires what that does."""
    if source.required or source.lax:
        relation = run.state.writable(run.state.relations[relation.key])
        relation.required |= source.required
        relation.lax = (relation.lax | source.lax) - relation.required


def refuse_nullable(run: Interpreter, parent: Relation, child: Relation) -> None:
    """A table that joins a parent takes NULL in no column in which that takes none."""
    for name in parent.required:
        held = requires(child, name)
        if held is None:
            run.unsure = True
        elif not held:
            fails(run, "42804", parent.member("column", name), child.fact)


def check_only(run: Interpreter, relation: Relation, add: op.AddConstraint) -> None:
    """A primary key of one table ONLY asks of those that inherit that they take no NULL there."""
    for child in run.state.children(relation):
        for column in add.constraint.columns:
            name = column.parts[0]
            held = requires(child, name)
            if held and relation.member("column", name).presence is Presence.MAYBE:  # the child has it from there
                relation = run.need_member(relation, "column", name, at=column.at, sqlstate="XX000")
            if held is None or child.fact.presence is not Presence.PRESENT:
                run.unsure = True
            elif not held:
                fails(run, "XX000", child.fact)
