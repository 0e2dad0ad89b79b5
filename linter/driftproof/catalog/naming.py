"""The names that PostgreSQL makes up for constraints and indexes.

Source: makeObjectName, ChooseIndexNameAddition (indexcmds.c), ChooseConstraintName (pg_constraint.c).
"""

from collections.abc import Sequence

from driftproof.catalog.entries import Member, Relation
from driftproof.catalog.facts import ABSENT, PRESENT, Fact, Presence
from driftproof.catalog.state import State
from driftproof.statements.operations import Constraint, ConstraintKind, CreateRelation

_LONGEST = 63  # NAMEDATALEN - 1, in bytes
SUFFIXES: dict[ConstraintKind, str] = {
    "primary key": "pkey",
    "unique": "key",
    "check": "check",
    "foreign key": "fkey",
    "exclude": "excl",
    "not null": "not_null",
}


def object_name(first: str, second: str, label: str) -> str:
    """``first_second_label``, the first two cut to equal lengths until it fits into 63 bytes."""
    one, two = first.encode(), second.encode()
    room = _LONGEST - len(label) - 1 - (1 if two else 0)
    while len(one) + len(two) > room:
        if len(one) > len(two):
            one = one[:-1]
        else:
            two = two[:-1]
    parts = [one.decode(errors="ignore"), *([two.decode(errors="ignore")] if second else ()), label]
    return "_".join(parts)


def constraint_name(state: State, relation: Relation, kind: ConstraintKind, columns: Sequence[str]) -> str:
    """The name of an unnamed constraint: a free one, with a number if it has to be."""
    middle = _middle(kind, columns)
    indexed = kind in ("primary key", "unique", "exclude")
    return _free(state, relation, middle, SUFFIXES[kind], constraint=True, index=indexed)


def passed_over(relation: Relation, kind: ConstraintKind, columns: Sequence[str]) -> str | None:
    """The name that an unnamed constraint gets where the constraint that has it is missing, which is in doubt."""
    name = object_name(relation.key[1], _middle(kind, columns), SUFFIXES[kind])
    doubtful = relation.members.get(("constraint", name), ABSENT).presence is Presence.MAYBE
    return name if doubtful else None


def _middle(kind: ConstraintKind, columns: Sequence[str]) -> str:
    if kind == "primary key":
        return ""
    if kind == "check":
        return columns[0] if len(columns) == 1 else ""
    return "_".join(labels(columns))


def all_constraints(made: CreateRelation) -> list[Constraint]:
    """The constraints of a CREATE TABLE, those of its columns first."""
    return [*(constraint for column in made.columns for constraint in column.constraints), *made.constraints]


def constraint_names(schema: str, made: CreateRelation) -> list[str]:
    """The names of `all_constraints` where no other object of the schema is in the way."""
    state = State(None)
    relation = Relation((schema, made.name.name), made.kind, PRESENT, open=False)
    names: list[str] = []
    for constraint in all_constraints(made):
        name = constraint.name or constraint_name(state, relation, constraint.kind, named_after(constraint))
        relation.members["constraint", name] = PRESENT
        names.append(name)
    return names


def constrained(constraint: Constraint) -> tuple[str, ...]:
    """The columns that a constraint needs; those of an expression each once."""
    columns = [column.parts[-1] for column in constraint.columns]
    if constraint.expression is not None:
        columns += dict.fromkeys(column.parts[-1] for column in constraint.expression.columns)
    return tuple(columns)


def named_after(constraint: Constraint) -> tuple[str, ...]:
    """The columns that an unnamed constraint is called after; what the WHERE of an exclusion reads is none of them."""
    if constraint.kind == "check":
        return constrained(constraint)
    return constraint.labels or tuple(column.parts[-1] for column in constraint.columns)


def index_name(state: State, relation: Relation, keys: Sequence[str | None]) -> str:
    """The name of an unnamed index."""
    return _free(state, relation, "_".join(labels(keys)), "idx", constraint=False, index=True)


def labelled(keys: Sequence[str | None]) -> dict[Member, Fact]:
    """The columns of an index as its members."""
    return {("column", label): PRESENT for label in labels(keys)}


def labels(keys: Sequence[str | None]) -> list[str]:
    """What an index calls its columns, whatever becomes of the table's; an expression is called ``expr``."""
    names: list[str] = []
    for key in keys:
        base = name = key or "expr"
        number = 1
        while name in names:
            name = f"{base}{number}"
            number += 1
        names.append(name)
    return names


def statistics_name(state: State, relation: Relation, keys: Sequence[str | None]) -> str:
    """The name of unnamed statistics. Source: ChooseExtendedStatisticName, statscmds.c."""
    number, suffix = 0, "stat"
    while True:
        name = object_name(relation.key[1], "_".join(key or "expr" for key in keys), suffix)
        if state.statistics((relation.key[0], name)).presence is Presence.ABSENT:
            return name
        number += 1
        suffix = f"stat{number}"


def _free(state: State, relation: Relation, middle: str, label: str, *, constraint: bool, index: bool) -> str:
    """A name that no other constraint, or no other relation, of the schema has."""
    number, suffix = 0, label
    while True:
        name = object_name(relation.key[1], middle, suffix)
        taken = state.relations.get((relation.key[0], name))
        free = not index or taken is None or taken.fact.presence is Presence.ABSENT
        if free and not (constraint and _constrains(state, relation, name)):
            return name
        number += 1
        suffix = f"{label}{number}"


def _constrains(state: State, relation: Relation, name: str) -> bool:
    if relation.members.get(("constraint", name), ABSENT).presence is not Presence.ABSENT:
        return True
    return any(owner.key[0] == relation.key[0] for owner in state.labelled("constraint", name))
