"""Tables that join a parent or leave it, and the constraints that they have from there: CHECKs, and the foreign keys of
partitioned tables.

Source: MergeConstraintsIntoExisting, RemoveInheritance, ATAddCheckNNConstraint and CloneFkReferencing, tablecmds.c;
MergeWithExistingConstraint, heap.c.
"""

from collections.abc import Iterator

import msgspec

from driftproof.catalog import naming
from driftproof.catalog.effects.clones import clone_all, drop_clones, refuse_joining_with
from driftproof.catalog.effects.dependents import depends
from driftproof.catalog.effects.inheritance import doubted_heir, parents_of, refuse_joining
from driftproof.catalog.effects.partitions import ensure_all, link, unlink_all
from driftproof.catalog.effects.refusals import check_kind, check_opened, fails
from driftproof.catalog.effects.required import refuse_nullable
from driftproof.catalog.entries import OWN, Heritage, Key, Member, Relation
from driftproof.catalog.facts import ABSENT, UNKNOWN, Fact, Presence
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.typenames import need_type
from driftproof.statements import operations as op


def take_over(run: Interpreter, relation: Relation) -> None:
    """What a new table has from its parents, before what is written for itself."""
    for parent in (run.state.relations[key] for key in relation.parents):
        for name in _bequeathed(parent, partition=relation.partition):
            if parent.constraints[name] == "foreign key":
                _enter(relation, _own_name(run, relation, parent, name), parent, name)
            elif ("constraint", name) in relation.members:
                _meet(run, relation, name, own=False)
            else:
                _enter(relation, name, parent, name)


def note_taken(run: Interpreter, key: Key, fact: Fact | None) -> None:
    """The new table is there: what it has taken over is found by its names now, and depends on what it needs."""
    for name in run.state.relations[key].heritage:
        relation = run.state.relations[key]
        member: Member = ("constraint", name)
        run.state.put_member(relation, member, relation.member(*member) if fact is None else fact)
        for parent in parents_of(run, relation):
            _copy_needs(run, key, name, parent)


def spread(run: Interpreter, relation: Relation, name: str) -> None:
    """A constraint that a table gets is made in all that inherit from it."""
    for child in run.state.children(relation):
        if name in _bequeathed(relation, partition=child.partition):
            _receive(run, run.state.writable(child), relation, name, own=False)


def _bequeathed(parent: Relation, *, partition: bool) -> Iterator[str]:
    """The constraints that a table which inherits has as well."""
    for kind, name in parent.uses:
        if kind == "constraint" and parent.member(kind, name).presence is not Presence.ABSENT:
            what = parent.constraints.get(name)
            if (what == "check" and parent.heritage.get(name, OWN).passed) or (what == "foreign key" and partition):
                yield name


def _receive(run: Interpreter, child: Relation, parent: Relation, name: str, *, own: bool) -> None:
    if parent.constraints[name] == "check":
        there = child.member("constraint", name)
        if there.presence is not Presence.ABSENT:
            if child.constraints.get(name) not in ("check", None):
                run.forbid(child.object("constraint", name), there)
            _meet(run, child, name, own=True)
            return
        _enter(child, name, parent, name, own=own)
    else:
        columns = parent.uses["constraint", name]
        alike = [
            other
            for (kind, other), used in child.uses.items()
            if kind == "constraint" and child.constraints.get(other) == "foreign key" and used == columns
            if child.member(kind, other).presence is not Presence.ABSENT
        ]
        for other in alike:  # that one may be it
            run.unsure = True
            child.heritage[other] = Heritage(None, of=name)
        if alike:
            run.state.put_member(child, ("constraint", _own_name(run, child, parent, name)), UNKNOWN)
            return
        name, above = _own_name(run, child, parent, name), name
        _enter(child, name, parent, above)
        _copy_needs(run, child.key, name, parent)
    child = run.state.put_member(run.state.relations[child.key], ("constraint", name), child.member("constraint", name))
    spread(run, child, name)


def _own_name(run: Interpreter, relation: Relation, parent: Relation, name: str) -> str:
    """What a foreign key is called in a partition: as in the parent, if that is free."""
    if relation.members.get(("constraint", name), ABSENT).presence is Presence.ABSENT:
        return name
    return naming.constraint_name(run.state, relation, "foreign key", parent.uses["constraint", name])


def _enter(relation: Relation, name: str, parent: Relation, above: str, *, own: bool = False) -> None:
    relation.members["constraint", name] = parent.member("constraint", above)
    relation.uses["constraint", name] = parent.uses["constraint", above]
    relation.constraints[name] = kind = parent.constraints[above]
    if ("constraint", above) in parent.calls:
        relation.calls["constraint", name] = parent.calls["constraint", above]
    relation.heritage[name] = Heritage(1, own=own, of=above if kind == "foreign key" else None)


def _meet(run: Interpreter, relation: Relation, name: str, *, own: bool) -> None:
    """A table has a CHECK of that name already, which must be the same."""
    run.unsure = True
    before = relation.heritage.get(name, msgspec.structs.replace(OWN, own=own))
    count = None if before.count is None else before.count + 1
    relation.heritage[name] = msgspec.structs.replace(before, count=count)


def _copy_needs(run: Interpreter, key: Key, name: str, parent: Relation) -> None:
    """A foreign key of a partition needs what that of its parent needs."""
    above: Member = ("constraint", run.state.relations[key].heritage[name].of or "")
    for other in parent.sources.get(above, ()):
        columns = run.state.relations[other].dependents.get((parent.key, above))
        depends(run, (key, ("constraint", name)), other, columns)


def check_renamed_constraint(run: Interpreter, relation: Relation, rename: op.RenameMember) -> list[Relation]:
    """A CHECK is renamed where it comes from, in all tables that have it from there; these tables. Foreign keys are
    renamed in each by itself."""
    heritage = relation.heritage.get(rename.name, OWN)
    children: list[Relation] = []
    if relation.constraints.get(rename.name) == "foreign key":
        for child in run.state.children(relation):
            for name, below in list(child.heritage.items()):
                if below.of == rename.name:
                    run.state.writable(child).heritage[name] = msgspec.structs.replace(below, of=rename.to)
    elif relation.constraints.get(rename.name) == "check" and heritage.passed:
        for child in run.state.children(relation):
            if rename.only:
                fails(run, "42P16", child.fact)
            if rename.name in child.heritage:
                children += [*check_renamed_constraint(run, child, msgspec.structs.replace(rename, only=False)), child]
                run.forbid(child.object("constraint", rename.to), child.member("constraint", rename.to))
    return children


def may_merge(run: Interpreter, relation: Relation, constraint: op.Constraint) -> bool:
    """Whether a CHECK may be added to a table that has it from its parents, and is its own from then on."""
    heritage = relation.heritage.get(constraint.name or "", OWN)
    if constraint.kind != "check" or relation.constraints.get(constraint.name or "") != "check":
        return False
    if heritage.own and heritage.count is not None:
        return False
    run.unsure = True  # 42710, if it is another one
    return True


def refuse_inherited_constraint(run: Interpreter, relation: Relation, name: str, *, kinds: tuple[str, ...]) -> None:
    """What a table has from a parent is dropped there only, and renamed if it is a CHECK."""
    heritage = relation.heritage.get(name, OWN)
    if relation.constraints.get(name) not in kinds:
        return
    if heritage.count is None:
        run.unsure = True
    elif heritage.count:
        fails(run, "42P16", relation.member("constraint", name))


def inherit(run: Interpreter, step: op.Inherit) -> None:
    """ATTACH and DETACH PARTITION, INHERIT and NO INHERIT; the triggers of a partition come and go with its parent."""
    parent, child = (run.state.look_up(name)[1] for name in (step.parent, step.child))
    if parent is None or child is None:
        return
    if parent.kind == child.kind == "index":
        if not child.parents:
            link(run, parent, child)
        return
    if step.ends:
        for relation in (parent, child):
            check_opened(run, relation)
    else:
        check_kind(run, child, ("table", "foreign table"), at=step.child.at)
        refuse_joining(run, parent, child, partition=step.partition)
        refuse_nullable(run, parent, child)
        if step.partition:
            refuse_joining_with(run, child)
    if step.ends and not step.partition and child.partition and child.parents:
        fails(run, "42809", child.fact)
    elif step.ends and not (parent.open or child.open) and parent.key not in child.parents:
        fails(run, "42P01", parent.fact, child.fact)
    elif step.ends and (doubted := doubted_heir(parent, child)) is not None:
        _need_heir(run, parent, child, *doubted)
        child = run.state.relations[child.key]
    parent, child = run.state.writable(parent), run.state.writable(child)
    parent.children = tuple(key for key in parent.children if key != child.key)
    child.parents = tuple(key for key in child.parents if key != parent.key)
    child.partition = step.partition and not step.ends
    if not step.ends:
        parent.children = (*parent.children, child.key)
        child.parents = (*child.parents, parent.key)
        child.local = frozenset() if step.partition else frozenset(child.columns())
        _join(run, parent, child)
        if step.partition:
            ensure_all(run, run.state.relations[parent.key], run.state.relations[child.key])
            clone_all(run, run.state.relations[parent.key], run.state.relations[child.key])
    else:
        _part(parent, child)
        if step.partition:
            unlink_all(run, parent, child)
            drop_clones(run, parent, run.state.relations[child.key])


def _need_heir(run: Interpreter, parent: Relation, child: Relation, column: str, fact: Fact) -> None:
    """A table leaves its parent: where it stood already it has none. If it has, it was made as it is written."""

    def prove(proven: Fact) -> None:
        proved = run.state.writable(child)
        for (kind, name), known in proved.members.items():
            if known.doubt == fact.doubt:
                inherited = kind == "column" and name not in proved.local
                proved.members[kind, name] = parent.member("column", name) if inherited else proven

    run.need(child.object("column", column), fact, prove, sqlstate="42P01")


def set_type(run: Interpreter, step: op.SetType) -> None:
    """OF and NOT OF: the table is made as one of that type, or goes on by itself. Source: ATExecAddOf, tablecmds.c."""
    relation = run.state.look_up(step.table)[1]
    if relation is None:
        return
    old = next((parent for parent in parents_of(run, relation) if parent.kind == "composite type"), None)
    if step.type is not None:
        need_type(run, step.type, forms=("composite type",))
        type_ = run.type(step.type)
        row = run.state.relations.get(type_.key) if type_ is not None else None
        if row is None or row.open or relation.open:
            run.unsure = True
            return
        check_kind(run, row, ("composite type",), at=step.type.at)
        if list(row.columns()) != list(relation.columns()):
            fails(run, "42804", row.fact, relation.fact)
        run.unsure |= any(row.types.get(name) != relation.types.get(name) for name in row.columns())
        if old is None and relation.parents:
            fails(run, "42809", relation.fact)
    if old is not None:
        old = run.state.writable(old)
        old.children = tuple(key for key in old.children if key != relation.key)
    relation = run.state.writable(run.state.relations[relation.key])
    relation.parents = tuple(key for key in relation.parents if old is None or key != old.key)
    relation.local = frozenset(relation.columns())
    if step.type is not None and row is not None:
        row = run.state.writable(run.state.relations[row.key])
        row.children, relation.parents = (*row.children, relation.key), (row.key,)
        relation.local = frozenset()


def _join(run: Interpreter, parent: Relation, child: Relation) -> None:
    """The CHECKs of the parent must be there; a partition gets its foreign keys."""
    for name in list(_bequeathed(parent, partition=child.partition)):
        if parent.constraints[name] == "check":
            fact = child.member("constraint", name)
            if fact.presence is Presence.ABSENT:
                fails(run, "42804", parent.member("constraint", name), child.fact)
            _meet(run, child, name, own=not child.partition)
        else:
            _receive(run, child, parent, name, own=False)
            child = run.state.writable(run.state.relations[child.key])


def _part(parent: Relation, child: Relation) -> None:
    """What a table has from a parent that it leaves stays with it."""
    names = set(_bequeathed(parent, partition=True))
    for name, heritage in list(child.heritage.items()):
        if heritage.of is not None and heritage.of in names:
            del child.heritage[name]
        elif heritage.of is None and name in names and heritage.count is not None:
            count = max(heritage.count - 1, 0)
            child.heritage[name] = msgspec.structs.replace(heritage, count=count, own=heritage.own or not count)
