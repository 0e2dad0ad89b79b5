"""What a way back leaves of its migration: two states of a catalog beside each other, as far as they are sure."""

from collections.abc import Iterator, Mapping

from driftproof.catalog.entries import Key, Relation
from driftproof.catalog.facts import ABSENT, Fact, Presence
from driftproof.catalog.state import State
from driftproof.objects import Kind, Object

_MEMBERS = ("column", "constraint", "policy", "trigger")
_OBJECTS = ("schema", "type")


def left(before: State, after: State) -> Iterator[Object]:
    """What is in ``after`` for certain, and for certain was not in ``before``. Of what goes with a table, or belongs to
    one that is named itself, nothing is said."""
    tables = {key for key in after.relations if _new(before.relations, after.relations, key)}
    for key in after.relations:
        relation = after.relations[key]
        if relation.kind == "function":  # it only stands for one
            continue
        if key in tables:
            if relation.of not in tables and not _owned(relation, tables) and not _of_constraint(after, relation):
                yield Object("index" if relation.kind == "index" else "relation", key[0], None, key[1])
        elif (
            (earlier := before.relations.get(key)) is not None and earlier is not relation and relation.kind != "index"
        ):
            for kind, name in relation.members:
                if kind in _MEMBERS and _there(relation.member(kind, name)) and _away(earlier.member(kind, name)):
                    yield relation.object(kind, name)
    yield from _types(before, after)
    for kind, schema, name in after.objects:
        fact = before.objects.get((kind, schema, name), ABSENT)
        if kind in _OBJECTS and _there(after.objects[kind, schema, name]) and _away(fact):
            yield Object(kind, schema, None, name)


def _types(before: State, after: State) -> Iterator[Object]:
    kind: Kind = "type"
    for key in after.types:
        if key not in after.relations and _new(before.types, after.types, key):
            yield Object(kind, key[0], None, key[1])


def _new(
    before: Mapping[tuple[str, str], Relation], after: Mapping[tuple[str, str], Relation], key: tuple[str, str]
) -> bool:
    was = before.get(key)
    return key[0] != "pg_temp" and _there(after[key].fact) and (was is None or _away(was.fact))


def _of_constraint(state: State, index: Relation) -> bool:
    """Whether an index is that of a constraint, which is named itself."""
    table = state.relations.get(index.of) if index.of is not None else None
    return table is not None and ("constraint", index.key[1]) in table.members


def _owned(relation: Relation, tables: set[Key]) -> bool:
    """Whether it is the sequence of a column of one of the tables, by its name."""
    schema, name = relation.key
    return relation.kind == "sequence" and any(schema == of and name.startswith(f"{table}_") for of, table in tables)


def _there(fact: Fact) -> bool:
    return fact.presence is Presence.PRESENT and fact.sure


def _away(fact: Fact) -> bool:
    return fact.presence is Presence.ABSENT and fact.sure
