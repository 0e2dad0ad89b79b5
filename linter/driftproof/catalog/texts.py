"""Texts that conditions compare: the definition of a constraint, and what is known of an error that was caught."""

import re

from driftproof.catalog.entries import Relation
from driftproof.catalog.state import Error, State

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_WORD = re.compile(r"\w+")
# What PostgreSQL says of something that is missing, or there already, beside its name.
_SAID = (
    "already as column constraint cursor database does exist exists exclusion extension for foreign function in index"
    " is key language match matching named no not of on operator or policy procedure publication relation role schema"
    " sequence specification subscription table that the there trigger type unique value view with"
)


def like(text: str, pattern: str, *, folded: bool) -> bool:
    """Whether a text is LIKE a pattern, or ILIKE."""
    found = ""
    parts = iter(pattern)
    for part in parts:
        found += ".*" if part == "%" else "." if part == "_" else re.escape(next(parts, "") if part == "\\" else part)
    return re.fullmatch(found, text, re.DOTALL | (re.IGNORECASE if folded else 0)) is not None


def definitions(state: State, owner: Relation, name: str) -> tuple[str, ...]:
    """What pg_get_constraintdef may say of a key; nothing where that is not known."""
    index = state.relations.get((owner.key[0], name))
    kind = owner.constraints.get(name)
    if kind not in ("primary key", "unique") or index is None or index.of != owner.key or index.shape is None:
        return ()
    keys, included = ([column or "" for column in columns] for columns in (index.shape.keys, index.shape.included))
    if not index.shape.plain or not all(map(_PLAIN.fullmatch, keys + included)):
        return ()
    starts = ("PRIMARY KEY",) if kind == "primary key" else ("UNIQUE", "UNIQUE NULLS NOT DISTINCT")
    found = []
    for quote in ("", '"'):  # some words are quoted, though they need not be
        lists = [", ".join(f"{quote}{column}{quote}" for column in columns) for columns in (keys, included)]
        tail = f" INCLUDE ({lists[1]})" if included else ""
        found += [f"{start} ({lists[0]}){tail}" for start in starts]
    return tuple(found)


def says(error: Error, pattern: str) -> bool | None:
    """Whether the message of an error is like a pattern; None: that is not known. Beside the words that it is made of,
    and the names of what is missing, it holds one name at most: a query's for the table."""
    if error.wanted is None:
        return None
    wanted = error.wanted
    said = " ".join((_SAID, wanted.schema or "", wanted.relation or "", wanted.name)).lower()
    words = set(_WORD.findall(pattern.replace("\\", "").lower()))
    strange = [word for word in words if not re.search(word.replace("_", "."), said)]
    return False if len(strange) > 1 else None
