"""What tables and columns bring along: doubts, types, constraints and their indexes, dependents."""

import msgspec

from driftproof.catalog import naming
from driftproof.catalog.effects.dependents import depends
from driftproof.catalog.effects.keys import check_key, check_number, check_types, key_columns, lack_of_key, unique_key
from driftproof.catalog.effects.partitions import pass_on
from driftproof.catalog.effects.refusals import check_kind, fails
from driftproof.catalog.effects.required import require
from driftproof.catalog.entries import OWN, Dependent, Key, Relation, Shape
from driftproof.catalog.facts import Doubt, Fact, Presence
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.references import attributes_in
from driftproof.catalog.typenames import named_in
from driftproof.objects import Object
from driftproof.statements import operations as op
from driftproof.statements.query import Name

INDEXED = {"primary key", "unique", "exclude"}


def table_doubt(run: Interpreter) -> Doubt:
    """The doubt that CREATE TABLE IF NOT EXISTS leaves of all that is written in it."""
    return run.doubt("CREATE TABLE IF NOT EXISTS leaves a table that already exists as it is")


def doubted(run: Interpreter, doubt: Doubt | None) -> Fact:
    """The presence of what the statement at hand makes, if nothing but that doubt stands against it."""
    return run.made() if doubt is None else Fact(Presence.MAYBE, not run.unsure, doubt)


def check_persistence(run: Interpreter, own: Key, other: Relation) -> None:
    """Foreign keys go from temporary tables to temporary ones only, and from others to others."""
    if other.kind == "table" and (own[0] == "pg_temp") != (other.key[0] == "pg_temp"):
        fails(run, "42P16", other.fact)


def forbid_type(run: Interpreter, key: Key, *, sqlstate: str | None = None) -> None:
    """Types and the rows of tables and views share one name space."""
    found = run.state.types.get(key)
    if found is not None and found.fact.presence is not Presence.ABSENT:
        run.forbid(Object("type", key[0], None, key[1]), found.fact, sqlstate=sqlstate)


def refers_to(run: Interpreter, name: Name, own: Key) -> bool:
    """Whether the name means the relation that is being made; a temporary one is found before all others."""
    return run.state.look_up(name)[0] == own or (name.schema is None and own == ("pg_temp", name.name))


def forbid_relation(run: Interpreter, key: Key) -> None:
    """An index takes a name that another relation may have."""
    taken = run.state.relations.get(key)
    if taken is not None:
        run.forbid(Object("relation", key[0], None, key[1]), taken.fact, sqlstate="42P07")


def forbid_name(run: Interpreter, relation: Relation, constraint: op.Constraint) -> None:
    """The name that is written for a constraint may be another one's, that of its index another relation's."""
    name = constraint.name
    if name is None:
        return
    if constraint.kind in INDEXED and constraint.using_index != name:
        forbid_relation(run, (relation.key[0], name))
    run.forbid(relation.object("constraint", name), relation.member("constraint", name))


def check_reference(
    run: Interpreter, constraint: op.Constraint, own: Key, types: dict[str, str], *, made: bool = False
) -> None:
    """A foreign key needs the other table, its columns and a key on them, or the primary key if none are named; other
    constraints need nothing. ``types`` are those of its own columns; ``made``: its own table is made with it."""
    if constraint.references is None:
        return
    if made and refers_to(run, constraint.references, own):
        return
    other = run.relation(constraint.references)
    if other is None:
        run.unsure = True
        return
    check_kind(run, other, ("table",), at=constraint.references.at)
    check_persistence(run, own, other)
    doubted = False
    for column in constraint.referenced:
        doubted = doubted or other.member("column", column.parts[0]).presence is Presence.MAYBE
        other = run.need_member(other, "column", column.parts[0], at=column.at)
    if constraint.referenced:
        check_key(run, constraint, other, doubted)
    elif other.primary_key is not None:
        other = run.need_member(other, "constraint", other.primary_key, sqlstate="42704")
        check_number(run, constraint, other)
    elif other.kind != "table" or other.open or "constraint" in other.vague:
        run.unsure = True
    else:
        lack_of_key(run, other, constraint)
    check_types(run, types, constraint, run.state.relations[other.key])


def put_constraint(
    run: Interpreter,
    relation: Relation,
    constraint: op.Constraint,
    doubt: Doubt | None,
    *,
    only_new: bool = False,
    only: bool = False,
) -> str:
    """Enter a constraint under the name that PostgreSQL gives it, with its index if it has one; that name."""
    columns = naming.constrained(constraint)
    unique = unique_key(constraint.keys, deferrable=constraint.deferrable)
    adopted = run.state.relations.get((relation.key[0], constraint.using_index or ""))
    if adopted is not None and adopted.of == relation.key:
        columns = relation.uses.pop(("index", adopted.key[1]), columns)
        unique = adopted.unique or unique
    name, fact = constraint.name or constraint.using_index, doubted(run, doubt)
    if name is None:
        labels = naming.named_after(constraint)
        name = naming.constraint_name(run.state, relation, constraint.kind, labels)
        passed = naming.passed_over(relation, constraint.kind, labels)
        if passed is not None and fact.presence is Presence.PRESENT:  # one of the two names is there in any state
            fact = Fact(Presence.MAYBE, fact.sure, relation.member("constraint", passed).doubt)
            relation = run.state.put_member(relation, ("constraint", passed), run.made())
    if only_new and ("constraint", name) in relation.members:
        return name
    relation = run.state.put_member(relation, ("constraint", name), fact)
    relation.uses["constraint", name] = columns
    relation.constraints[name] = constraint.kind
    if constraint.kind == "foreign key" and constraint.deferred:
        relation.deferred |= {name}
    if constraint.no_inherit:
        relation.heritage[name] = msgspec.structs.replace(OWN, passed=False)
    if constraint.expression is not None and (named := named_in(run, constraint.expression)):
        relation.calls["constraint", name] = named
    dependent: Dependent = (relation.key, ("constraint", name))
    if constraint.expression is not None:
        for type_, attributes in attributes_in(run, constraint.expression, relation).items():
            depends(run, dependent, type_, attributes)
    if constraint.references is not None:
        _depends_on_key(run, dependent, constraint)
    elif constraint.kind == "exclude" and constraint.expression is not None:
        # It goes with its keys; what else its index reads only keeps that from going. Source: index_create, index.c.
        read = {column.parts[-1] for column in constraint.expression.columns}
        read -= {column.parts[-1] for column in constraint.columns}
        depends(run, dependent, relation.key, frozenset(read))
    relation = run.state.relations[relation.key]
    if constraint.kind == "primary key":
        relation.primary_key = name
        require(run, relation, columns if adopted is not None else constraint.keys)
        relation = run.state.writable(run.state.relations[relation.key])
    elif constraint.kind == "not null":
        require(run, relation, constraint.keys, only=only or constraint.no_inherit)
        relation = run.state.writable(run.state.relations[relation.key])
    if constraint.kind in INDEXED:
        key = (relation.key[0], name)
        if adopted is not None:
            run.gone(adopted.key, "index", certain=fact.sure)
        index = run.state.put(Relation(key, "index", fact, open=False, of=relation.key))
        index.members = dict(adopted.members) if adopted is not None else naming.labelled(constraint.labels or columns)
        if not constraint.temporal:
            unique_one = constraint.kind != "exclude"  # what else its columns have is that of a WHERE
            included = columns[len(constraint.keys) :] if unique_one else ()
            shape = Shape(key_columns(constraint), included, plain=unique_one and not constraint.deferrable)
            index.shape = adopted.shape if adopted is not None else shape
            index.unique = unique if unique_one else None
            if not only:
                pass_on(run, run.state.relations[relation.key], index)
    return name


def _depends_on_key(run: Interpreter, dependent: Dependent, constraint: op.Constraint) -> None:
    assert constraint.references is not None
    key, other = run.state.look_up(constraint.references)
    if key is None or other is None:
        return
    columns: frozenset[str] | None = frozenset(column.parts[0] for column in constraint.referenced)
    if not columns:
        index = run.state.relations.get((other.key[0], other.primary_key or ""))
        columns = index.unique.columns if index is not None and index.unique is not None else None
    depends(run, dependent, other.key, columns)
