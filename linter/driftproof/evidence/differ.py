"""Which objects a database has otherwise than the migrations that it has run say."""

from collections.abc import Iterator

from driftproof.catalog import State
from driftproof.catalog.entries import Relation, Routine
from driftproof.catalog.facts import Fact
from driftproof.objects import Kind, Object, described

_SHOWN: frozenset[Kind] = frozenset(["column", "constraint", "policy", "trigger", "rule", "enum-label"])


def differences(history: State, database: State) -> list[str]:
    """One line an object: ``-`` only the history makes it, ``+`` only the database has it, ``~`` both, unlike."""
    return sorted(set(_lines(history, database)), key=lambda line: (line[2:], line))


def _lines(history: State, database: State) -> Iterator[str]:
    for ours, theirs, kind in (
        (history.relations, database.relations, "relation"),
        (history.types, database.types, "type"),
    ):
        for key, relation in ours.items():
            if not _certain(relation.fact) or not history.knows_all(key[0]) or key[0] == "pg_temp":
                continue
            other = theirs.get(key)
            if other is None or not other.fact.nominal:
                if relation.of not in ours or relation.of in theirs or relation.kind == "index":
                    yield f"- {_kind(relation, kind)} {'.'.join(key)}"
            elif relation.kind != "index":
                yield from _members(relation, other)
        for key, other in theirs.items():
            known = ours.get(key)
            made = known is not None and known.fact.nominal is not False
            if other.fact.nominal and not made and history.knows_all(key[0]) and _schema(history, key[0]):
                yield f"+ {_kind(other, kind)} {'.'.join(key)}"
    yield from _functions(history, database)


def _members(ours: Relation, theirs: Relation) -> Iterator[str]:
    for (kind, name), fact in ours.members.items():
        if kind in _SHOWN and _certain(fact) and not theirs.open and not theirs.member(kind, name).nominal:
            yield f"- {described(ours.object(kind, name))}"
    for (kind, name), fact in theirs.members.items():
        unknown = ours.open or kind in ours.vague or kind not in _SHOWN
        if fact.nominal and not unknown and ours.member(kind, name).nominal is False:
            yield f"+ {described(theirs.object(kind, name))}"
    for name, type_ in ours.types.items():
        other = theirs.types.get(name)
        if other and type_ and _bare(other) != _bare(type_) and theirs.member("column", name).nominal:
            yield f"~ {described(ours.object('column', name))}: type {_bare(type_)} -> {_bare(other)}"


def _functions(history: State, database: State) -> Iterator[str]:
    for ours, theirs, mark in ((history, database, "-"), (database, history, "+")):
        for (schema, name), routines in ours.routines.items():
            if not history.knows_all(schema) or not _schema(history, schema):
                continue
            others = theirs.routines.get((schema, name), ())
            for routine in routines:
                if _plain(routine) and not any(_may_be(routine, other) for other in others):
                    yield f"{mark} {described(Object('function', schema, None, name, routine.arguments))}"


def _plain(routine: Routine) -> bool:
    """Whether it is certain which function it is."""
    return (
        _certain(routine.fact)
        and routine.arguments is not None
        and not any("?" in type_ for type_ in routine.arguments)
    )


def _may_be(routine: Routine, other: Routine) -> bool:
    if not other.nominal:
        return False
    return other.arguments in (None, routine.arguments) or any("?" in type_ for type_ in other.arguments or ())


def _certain(fact: Fact) -> bool:
    return fact.sure and bool(fact.nominal)


def _schema(history: State, schema: str) -> bool:
    """Whether the history has to do with a schema."""
    return schema == "public" or ("schema", None, schema) in history.objects


def _kind(relation: Relation, otherwise: str) -> str:
    return relation.kind if otherwise == "relation" else otherwise


def _bare(type_: str) -> str:
    """A type without its schema."""
    return type_.rpartition(".")[2]
