"""CREATE INDEX: what it needs, and what the index is."""

from driftproof.catalog import naming
from driftproof.catalog.effects.dependents import depends
from driftproof.catalog.effects.extensions import need_class, need_default_class
from driftproof.catalog.effects.keys import check_partitioned, shape_of, unique_key
from driftproof.catalog.effects.partitions import pass_on
from driftproof.catalog.effects.refusals import check_kind, fails
from driftproof.catalog.entries import Relation
from driftproof.catalog.facts import Presence
from driftproof.catalog.immutability import is_mutable
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.references import attributes_in
from driftproof.catalog.resolve import Resolver
from driftproof.catalog.typenames import named_in
from driftproof.objects import Object
from driftproof.statements import operations as op


def create_index(run: Interpreter, made: op.CreateIndex) -> None:
    """CREATE INDEX: the columns are looked at before IF NOT EXISTS is."""
    relation = run.relation(made.table)
    if relation is None:
        return
    for read in (made.condition, made.expression):
        Resolver(run).over(read, relation)
        relation = run.state.relations[relation.key]
    check_kind(run, relation, ("table", "materialized view"), at=made.table.at)
    if is_mutable(run, made.condition, relation):
        fails(run, "42P17")
    first = made.keys.index(None) if is_mutable(run, made.expression, relation) else None
    for column in made.columns[:first]:
        relation = run.need_member(relation, "column", column.parts[0], at=made.table.at)
    if first is not None:
        fails(run, "42P17")
        for column in made.columns[first:]:
            relation = run.need_member(relation, "column", column.parts[0], at=made.table.at)
    run.steps(tuple(op.Need("collation", name, holds=True) for name in made.collations))
    for name in made.classes:
        need_class(run, name, made.method)
    if not made.classes:
        need_default_class(run, relation.types, made.keys, made.method)
    if made.unique:
        check_partitioned(run, relation, made.keys)
    own = made.name or naming.index_name(run.state, relation, made.labels)
    key = (relation.key[0], own)
    taken = run.state.relations.get(key)
    if taken is not None:
        if made.if_not_exists:
            if taken.fact.presence is Presence.PRESENT:
                return
        else:
            run.forbid(Object("index", key[0], None, key[1]), taken.fact)
    index = run.state.put(Relation(key, "index", run.made(), open=False, of=relation.key))
    index.members = naming.labelled(made.labels)
    index.shape = shape_of(made)
    if made.unique:
        index.unique = unique_key(made.keys, partial=made.partial, adoptable=made.adoptable)
    seen = (name for expression in (made.condition, made.expression) for name in named_in(run, expression))
    if named := (*seen, *(name.name for name in made.classes)):
        index.calls[None] = named
    for expression in (made.condition, made.expression):
        for type_, attributes in attributes_in(run, expression, relation).items():
            depends(run, (key, None), type_, attributes)
    read_columns = (*made.condition.columns, *made.expression.columns)
    used = tuple(column.parts[0] for column in made.columns) + tuple(ref.parts[-1] for ref in read_columns)
    relation = run.state.writable(relation)
    relation.uses["index", own] = used
    if not made.only:
        pass_on(run, relation, index)
