"""LIKE and INHERITS: what a new table gets from another one besides its columns.

Source: expandTableLikeClause and generateClonedIndexStmt, parse_utilcmd.c; MergeAttributes, tablecmds.c.
"""

from collections.abc import Collection, Iterator

from driftproof.catalog import naming
from driftproof.catalog.effects.dependents import depends
from driftproof.catalog.entries import Key, Member, Relation
from driftproof.catalog.facts import Fact, Presence
from driftproof.catalog.interpreter import Interpreter
from driftproof.statements import operations as op
from driftproof.statements.query import ColumnRef, Expression


def copied_constraints(
    run: Interpreter, relation: Relation, source: Relation, including: Collection[str]
) -> Iterator[tuple[op.Constraint, Fact]]:
    """The CHECKs keep their names, the keys get new ones; foreign keys are never copied."""
    for (kind, name), columns in source.uses.items():
        fact = source.member("constraint", name)
        if kind != "constraint" or fact.presence is Presence.ABSENT:
            continue
        index = run.state.relations.get((source.key[0], name))
        refs = tuple(ColumnRef((column,)) for column in columns)
        if source.constraints.get(name) == "check":
            if "constraints" in including:
                yield op.Constraint("check", name, refs), fact
        elif "indexes" in including and index is not None and index.of == source.key:
            made = source.constraints.get(name, "unique")
            keys = tuple(key for key in index.shape.keys if key is not None) if index.shape is not None else ()
            deferrable = index.unique is not None and index.unique.deferrable
            labels = tuple(index.columns()) if tuple(index.columns()) != columns else ()
            read = (
                source.dependents.get((source.key, (kind, name))) or frozenset() if made == "exclude" else frozenset()
            )
            refs = tuple(ref for ref in refs if ref.parts[0] not in read)
            others = Expression(columns=tuple(ColumnRef((column,)) for column in sorted(read))) if read else None
            yield (
                op.Constraint(made, None, refs, expression=others, labels=labels, keys=keys, deferrable=deferrable),
                fact,
            )


def copied_identities(source: Relation, including: Collection[str]) -> Iterator[op.Column]:
    """The identity columns, which get sequences of their own."""
    if "identity" in including:
        for (kind, name), fact in source.members.items():
            if kind == "identity" and fact.presence is not Presence.ABSENT:
                yield op.Column(name, sequence=True, identity=True)


def copy_values(run: Interpreter, table: Key, source: Relation, including: Collection[str]) -> None:
    """Defaults, which go on needing what they need there, and what columns are generated from."""
    for (kind, column), fact in source.members.items():
        wanted = {"default": "defaults", "generated": "generated", "virtual": "generated"}.get(kind)
        if wanted not in including or fact.presence is Presence.ABSENT:
            continue
        relation = run.state.writable(run.state.relations[table])
        relation.members[kind, column] = fact
        dependent: Member = ("column" if kind == "generated" else kind, column)
        if dependent in source.calls:
            relation.calls[dependent] = source.calls[dependent]
        for key in source.sources.get(dependent, ()):
            columns = run.state.relations[key].dependents.get((source.key, dependent), frozenset())
            depends(run, (table, dependent), table if key == source.key else key, columns)


def copy_indexes(run: Interpreter, table: Key, source: Relation, including: Collection[str]) -> None:
    """Indexes that serve no constraint, and statistics, under new names."""
    for member, columns in list(source.uses.items()):
        kind, name = member
        relation = run.state.writable(run.state.relations[table])
        index = run.state.relations.get((source.key[0], name))
        if kind == "index" and "indexes" in including and index is not None:
            shape = index.shape
            if index.fact.presence is Presence.ABSENT or shape is None:
                continue
            key = (table[0], naming.index_name(run.state, relation, tuple(index.columns())))
            copy = run.state.put(Relation(key, "index", index.fact, open=False, of=table))
            copy.unique, copy.shape, copy.calls = index.unique, shape, dict(index.calls)
            copy.members = naming.labelled(tuple(index.columns()))
            relation.uses["index", key[1]] = columns
        elif kind == "statistics" and "statistics" in including:
            fact = source.member("statistics", name)
            if fact.presence is not Presence.ABSENT:
                label = f"{table[0]}.{naming.statistics_name(run.state, relation, columns)}"
                run.state.put_member(relation, ("statistics", label), fact).uses["statistics", label] = columns
