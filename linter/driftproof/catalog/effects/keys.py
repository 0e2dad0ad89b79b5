"""Unique indexes: which columns they cover, and the statements that need one: foreign keys and ON CONFLICT."""

from collections.abc import Collection, Iterator

import msgspec

from driftproof.catalog.effects.refusals import fails
from driftproof.catalog.entries import Relation, Shape, Unique
from driftproof.catalog.facts import ABSENT, GONE, PRESENT, Fact, Presence
from driftproof.catalog.interpreter import Interpreter
from driftproof.objects import Object
from driftproof.statements import operations as op
from driftproof.statements.query import Modification, Name

# Types of which no value of one group can be compared with one of another, nor is cast there by itself.
_GROUPS = {
    **dict.fromkeys(("int2", "int4", "int8"), "integer"),
    **dict.fromkeys(("text", "varchar", "bpchar"), "string"),
    **dict.fromkeys(("date", "timestamp", "timestamptz"), "time"),
    "uuid": "uuid",
    "bool": "bool",
}


def check_key(run: Interpreter, constraint: op.Constraint, other: Relation, doubted: bool) -> None:
    """A foreign key needs a unique index on exactly the columns that it references, as many as its own.

    ``doubted`` says that one of these columns is in doubt itself: where it is missing so is its key, and that is said.
    """
    named = [column.parts[0] for column in constraint.referenced]
    if constraint.temporal or other.kind != "table":
        run.unsure = True
        return
    index = need_unique(run, other, frozenset(named), "42830", quiet=doubted, at=constraint.referenced[0].at)
    if index is not None and index.unique is not None and index.unique.deferrable:
        run.unsure = True
    if len(named) != len(constraint.keys):
        lack_of_key(run, other, constraint)


def check_number(run: Interpreter, constraint: op.Constraint, other: Relation) -> None:
    """A foreign key that names no columns has as many as the primary key."""
    index = run.state.relations.get((other.key[0], other.primary_key or ""))
    if index is None or index.unique is None:
        run.unsure = True
    elif len(index.unique.columns) != len(constraint.keys):
        run.need(_key(other, sorted(index.unique.columns)), _lacking(other), lambda _fact: None, sqlstate="42830")


def check_types(run: Interpreter, own: dict[str, str], constraint: op.Constraint, other: Relation) -> None:
    """A foreign key between types that can't be compared fails: nothing that the statement says happens."""
    referenced = [column.parts[0] for column in constraint.referenced] or _primary(run, other)
    for mine, theirs in zip(constraint.keys, referenced, strict=False):
        groups = {_GROUPS.get(own.get(mine, "").split("(")[0]), _GROUPS.get(other.types.get(theirs, "").split("(")[0])}
        if len(groups) > 1 and None not in groups and not run.unsure:
            run.raises("42804")


def _primary(run: Interpreter, other: Relation) -> list[str]:
    index = run.state.relations.get((other.key[0], other.primary_key or ""))
    return list(index.unique.columns) if index is not None and index.unique and len(index.unique.columns) == 1 else []


def check_arbiter(run: Interpreter, target: Relation, modifies: Modification) -> None:
    """ON CONFLICT (columns) needs a unique index on exactly these; one with a WHERE serves only where that is given."""
    target = run.state.relations.get(target.key, target)
    if target.kind != "table" or any(kind == "rule" for kind, _ in target.members):
        run.unsure = True
        return
    if modifies.arbiter is not None:
        if target.constraints.get(modifies.arbiter, "unique") not in ("primary key", "unique", "exclude"):
            fails(run, "42809", target.member("constraint", modifies.arbiter))
        return
    columns = frozenset(column.parts[0] for column in modifies.key)
    need_unique(
        run,
        target,
        columns,
        "42P10",
        at=modifies.key[0].at if modifies.key else -1,
        computed=modifies.computed,
        filtered=modifies.filtered,
    )


def need_unique(
    run: Interpreter,
    relation: Relation,
    columns: frozenset[str],
    sqlstate: str,
    *,
    at: int = -1,
    quiet: bool = False,
    computed: bool = False,
    filtered: bool = False,
) -> Relation | None:
    """The unique index on these columns that a statement needs, the surest one; ``quiet`` takes a doubted one as it is.

    ``computed`` and ``filtered``: the statement names expressions or a WHERE as well, so that an index which has some
    may serve it.
    """
    found: list[Relation] = []
    perhaps = relation.open or "constraint" in relation.vague
    for index in indexes(run, relation):
        unique = index.unique
        if unique is None:
            perhaps = perhaps or index.open  # one that was lost sight of
            continue
        if computed:
            perhaps = perhaps or columns <= unique.columns
        elif unique.columns == columns and not unique.expressions and (filtered or not unique.partial):
            if unique.partial:
                perhaps = True
            else:
                found.append(index)
    order = [Presence.PRESENT, Presence.MAYBE, Presence.UNKNOWN, Presence.ABSENT]
    facts = {index.key: _guarantee(relation, index) for index in found}
    found.sort(key=lambda index: (order.index(facts[index.key].presence), not facts[index.key].sure))
    if perhaps and not (found and facts[found[0].key].presence is Presence.PRESENT):
        run.unsure = True
        return None
    if not found:
        run.need(_key(relation, sorted(columns)), _lacking(relation), lambda _fact: None, at=at, sqlstate=sqlstate)
        return None
    index = found[0]
    _need_index(run, relation, index, sqlstate, at, quiet)
    return index


def _guarantee(relation: Relation, index: Relation) -> Fact:
    """What is known of an index; one that serves a constraint is there with it."""
    return relation.members.get(("constraint", index.key[1]), index.fact)


def _need_index(run: Interpreter, relation: Relation, index: Relation, sqlstate: str, at: int, quiet: bool) -> None:
    name = index.key[1]
    constrains = ("constraint", name) in relation.members
    wanted = relation.object("constraint", name) if constrains else Object("index", *relation.key, name)

    def prove(fact: Fact) -> None:
        owner, proven = run.state.writable(run.state.relations[relation.key]), run.state.writable(index)
        proven.fact = fact
        if constrains:
            owner.members["constraint", name] = fact

    fact = _guarantee(relation, index)
    if fact.presence is Presence.MAYBE and quiet:
        prove(Fact(Presence.PRESENT, fact.sure))
        return
    run.need(wanted, fact, prove, at=at, sqlstate=sqlstate)


def indexes(run: Interpreter, relation: Relation) -> Iterator[Relation]:
    """The indexes of a table, those of its constraints as well, that are or may be there."""
    for _, name in relation.uses:
        index = run.state.relations.get((relation.key[0], name))
        if index is not None and index.of == relation.key and index.fact != ABSENT:
            yield index


def covers_own(made: list[op.Constraint], constraint: op.Constraint) -> bool:
    """Whether a foreign key of a table to itself finds its key among the constraints that are made with it."""
    named = {column.parts[0] for column in constraint.referenced}
    keys = [set(other.keys) for other in made if other.kind in ("primary key", "unique")]
    primary = any(other.kind == "primary key" for other in made)
    return named in keys if named else primary


def lack_of_key(run: Interpreter, relation: Relation, constraint: op.Constraint) -> None:
    """A foreign key to a table that has no such key."""
    named = [column.parts[0] for column in constraint.referenced]
    sqlstate = "42830" if named else "42704"
    run.need(_key(relation, named), _lacking(relation), lambda _fact: None, sqlstate=sqlstate)


def check_columns(run: Interpreter, relation: Relation, constraint: op.Constraint) -> None:
    """No column stands twice in a key."""
    for at, name in enumerate(constraint.keys):
        if constraint.kind != "exclude" and name in constraint.keys[:at]:
            run.forbid(relation.object("column", name), PRESENT)


def key_columns(constraint: op.Constraint) -> tuple[str, ...]:
    """The columns of a key or an exclusion."""
    return constraint.keys or tuple(column.parts[0] for column in constraint.columns)


def check_partitioned(run: Interpreter, relation: Relation, keys: Collection[str | None]) -> None:
    """What is unique in a partitioned table has all the columns by which it is partitioned."""
    if relation.partitioned is None:
        run.unsure = True
    elif not relation.partitioned <= set(keys):
        fails(run, "0A000", relation.fact, *(relation.member("column", name) for name in relation.partitioned))


def shape_of(made: op.CreateIndex) -> Shape:
    """What an index is of."""
    plain = bool(made.adoptable) and not made.partial and None not in made.keys
    return Shape(made.keys, made.included, plain)


def unique_key(
    keys: tuple[str | None, ...],
    *,
    partial: bool = False,
    deferrable: bool = False,
    adoptable: bool | None = True,
) -> Unique:
    """What a unique index on these keys covers; None stands for an expression."""
    plain = frozenset(key for key in keys if key is not None)
    return Unique(plain, expressions=None in keys, partial=partial, deferrable=deferrable, adoptable=adoptable)


def check_adopted(run: Interpreter, relation: Relation, name: str) -> None:
    """USING INDEX takes over a plain unique index of that table. Source: transformIndexConstraint, parse_utilcmd.c."""
    index = run.relation(Name(relation.key[0], name), kind="index", sqlstate="42704")
    if index is None or index.kind == "relation":
        run.unsure = True
        return
    if index.kind != "index":
        fails(run, "42809", index.fact)
    owner = run.state.relations.get(index.of) if index.of is not None else None
    if owner is not None:
        fails(run, "55000", owner.member("constraint", name))
    if owner is None or owner.key != relation.key:
        fails(run, "55000", index.fact)
    elif index.unique is None or index.unique.expressions or index.unique.partial or index.unique.adoptable is False:
        fails(run, "42809", index.fact)
    else:
        run.unsure |= index.unique.adoptable is None


def need_index(run: Interpreter, need: op.NeedIndex) -> None:
    """CLUSTER and REPLICA IDENTITY USING INDEX. Source: cluster.c; ATExecReplicaIdentity, tablecmds.c."""
    key, relation = run.state.look_up(need.table)
    if relation is None or key is None:
        return
    index = run.relation(Name(key[0], need.index), kind="index", sqlstate="42704")
    if index is None or index.kind == "relation":
        run.unsure = True
        return
    if index.kind != "index" or index.of != relation.key:
        run.forbid(Object("index", index.key[0], None, index.key[1]), index.fact, at=need.table.at, sqlstate="42809")
    unique = index.unique
    if need.identifies and unique is None:
        fails(run, "42809", index.fact)
    elif need.identifies and unique is not None and (unique.expressions or unique.partial or unique.deferrable):
        fails(run, "0A000", index.fact)
    run.unsure |= need.identifies and relation.primary_key != need.index  # its columns may be NULL


def _key(relation: Relation, columns: list[str]) -> Object:
    return relation.object("key", f"({', '.join(columns)})" if columns else "primary key")


def _lacking(relation: Relation) -> Fact:
    return ABSENT if relation.fact.sure and not relation.open else GONE


def rename_keys(run: Interpreter, relation: Relation, name: str, to: str) -> None:
    """A renamed column keeps its keys, its type and its dependents."""
    for index in list(indexes(run, relation)):
        if index.unique is not None and name in index.unique.columns:
            columns = index.unique.columns - {name} | {to}
            unique = msgspec.structs.replace(index.unique, columns=columns)
            index = run.state.writable(index)
            index.unique = unique
        if index.shape is not None:
            keys, included = (
                tuple(to if key == name else key for key in part) for part in (index.shape.keys, index.shape.included)
            )
            run.state.writable(index).shape = Shape(keys, included, index.shape.plain)
    if name in relation.types:
        relation.types[to] = relation.types.pop(name)
    relation.dependents = {
        dependent: columns - {name} | {to} if columns is not None and name in columns else columns
        for dependent, columns in relation.dependents.items()
    }


def rename_index(run: Interpreter, owner: Relation, name: str, to: str) -> None:
    """A renamed index takes the name of its constraint along."""
    owner = run.state.writable(owner)
    for kind in ("index", "constraint"):
        if (kind, name) in owner.uses:
            owner.uses[kind, to] = owner.uses.pop((kind, name))
    if owner.members.get(("constraint", name), ABSENT).presence is not Presence.ABSENT:
        run.state.put_member(owner, ("constraint", to), owner.members.pop(("constraint", name)))
    if name in owner.constraints:
        owner.constraints[to] = owner.constraints.pop(name)
    if owner.primary_key == name:
        owner.primary_key = to
