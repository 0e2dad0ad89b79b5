"""The indexes of partitions: each partition has one like every index of its parent, which comes and goes with that.

Source: DefineIndex, indexcmds.c; AttachPartitionEnsureIndexes and DetachPartitionFinalize, tablecmds.c.
"""

from driftproof.catalog import naming
from driftproof.catalog.effects.keys import indexes
from driftproof.catalog.effects.refusals import fails
from driftproof.catalog.entries import Relation
from driftproof.catalog.facts import UNKNOWN
from driftproof.catalog.interpreter import Interpreter
from driftproof.statements import operations as op
from driftproof.statements.query import ColumnRef


def inherited_keys(run: Interpreter, parent: Relation) -> list[tuple[Relation, op.Constraint]]:
    """The keys of a partitioned table, each with its index, as the constraints that a new partition gets."""
    found: list[tuple[Relation, op.Constraint]] = []
    for index in indexes(run, parent):
        kind = parent.constraints.get(index.key[1])
        if kind in ("primary key", "unique", "exclude") and index.shape is not None:
            columns = tuple(ColumnRef((name,)) for name in (*index.shape.keys, *index.shape.included) if name)
            keys = tuple(name for name in index.shape.keys if name) if kind != "exclude" else ()
            deferrable = index.unique is not None and index.unique.deferrable
            found.append((index, op.Constraint(kind, None, columns, keys=keys, deferrable=deferrable)))
    return found


def pass_on(run: Interpreter, relation: Relation, index: Relation) -> None:
    """An index of a partitioned table is made on its partitions as well."""
    for child in run.state.children(relation):
        if child.partition:
            _ensure(run, index, child)


def ensure_all(run: Interpreter, parent: Relation, child: Relation) -> None:
    """A table that becomes a partition has, or gets, an index like each one of its parent."""
    if child.parents and not _keys(parent) <= _keys(child):
        run.unsure = True  # 42804, if these columns may be NULL
    has = {key for own in indexes(run, child) for key in own.parents}
    for index in list(indexes(run, parent)):
        if index.key not in has:
            _ensure(run, index, run.state.relations[child.key])


def _keys(relation: Relation) -> set[str]:
    return set(relation.uses.get(("constraint", relation.primary_key or ""), ()))


def _ensure(run: Interpreter, index: Relation, child: Relation) -> None:
    kind = run.state.relations[index.of].constraints.get(index.key[1]) if index.of is not None else None
    fact = index.fact
    for own in indexes(run, child):
        alike = _alike(index, own)
        if own.parents or alike is False or (kind is not None and child.constraints.get(own.key[1]) != kind):
            continue
        if alike:
            link(run, index, own)
            return
        fact = UNKNOWN
    shape = index.shape
    if shape is None:
        return
    if kind == "primary key" and child.primary_key is not None:
        primary = child.member("constraint", child.primary_key)
        run.forbid(child.object("constraint", child.primary_key), primary, sqlstate="42P16")
    columns = (*shape.keys, *shape.included)
    if kind is None:
        name = naming.index_name(run.state, child, columns)
    else:
        name = naming.constraint_name(run.state, child, kind, [column or "" for column in columns])
    child = run.state.writable(run.state.relations[child.key])
    if kind is not None:
        child = run.state.put_member(child, ("constraint", name), fact)
        child.constraints[name] = kind
        child.primary_key = name if kind == "primary key" else child.primary_key
    child.uses["index" if kind is None else "constraint", name] = tuple(column for column in columns if column)
    made = run.state.put(Relation((child.key[0], name), "index", fact, open=False, of=child.key))
    made.unique, made.shape, made.members = index.unique, shape, naming.labelled(columns)
    link(run, run.state.relations[index.key], made)
    pass_on(run, child, made)


def _alike(one: Relation, other: Relation) -> bool | None:
    """Whether two indexes cover the same in the same way; None if that is not known."""
    if one.shape is None or other.shape is None:
        return None
    if (one.shape.keys, one.shape.included) != (other.shape.keys, other.shape.included):
        return False
    if (one.unique is None) != (other.unique is None):
        return False
    return True if one.shape.plain and other.shape.plain else None


def link(run: Interpreter, index: Relation, own: Relation) -> None:
    """An index of a partition is from now on part of its parent's."""
    index, own = run.state.writable(index), run.state.writable(own)
    index.children = (*index.children, own.key)
    own.parents, own.partition = (index.key,), True


def unlink_all(run: Interpreter, parent: Relation, child: Relation) -> None:
    """The indexes of a table that is no partition any more are its own."""
    ours = {index.key for index in indexes(run, parent)}
    for own in list(indexes(run, child)):
        if not ours.isdisjoint(own.parents):
            own = run.state.writable(own)
            own.parents, own.partition = (), False


def refuse_part(run: Interpreter, relation: Relation, name: str) -> None:
    """A constraint whose index is part of the parent's is dropped with that only."""
    index = run.state.relations.get((relation.key[0], name))
    if index is None or index.of != relation.key or not index.partition:
        return
    for key in index.parents:
        if (parent := run.state.relations.get(key)) is not None:
            fails(run, "42P16", parent.fact, relation.member("constraint", name))
