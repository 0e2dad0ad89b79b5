"""The names that PostgreSQL makes up for constraints and indexes.

Source: makeObjectName, ChooseRelationName, ChooseIndexNameAddition (indexcmds.c), ChooseConstraintName (pg_constraint.c).
"""

from collections.abc import Sequence

from driftproof.catalog.state import Presence, Relation, State
from driftproof.statements.operations import ConstraintKind

_LONGEST = 63  # NAMEDATALEN - 1, in bytes
_SUFFIXES: dict[ConstraintKind, str] = {
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
    if kind == "primary key":
        middle = ""
    elif kind == "check":
        middle = columns[0] if len(columns) == 1 else ""
    else:
        middle = "_".join(columns)
    return _free(state, relation, relation.key[1], middle, _SUFFIXES[kind])


def index_name(state: State, relation: Relation, keys: Sequence[str | None]) -> str:
    """The name of an unnamed index; an expression is called ``expr``."""
    names: list[str] = []
    for key in keys:
        base = name = key or "expr"
        number = 1
        while name in names:
            name = f"{base}{number}"
            number += 1
        names.append(name)
    return _free(state, relation, relation.key[1], "_".join(names), "idx")


def _free(state: State, relation: Relation, first: str, second: str, label: str) -> str:
    number, suffix = 0, label
    while True:
        name = object_name(first, second, suffix)
        taken = state.relations.get((relation.key[0], name))
        if (taken is None or taken.fact.presence is Presence.ABSENT) and relation.members.get(
            ("constraint", name)
        ) is None:
            return name
        number += 1
        suffix = f"{label}{number}"
