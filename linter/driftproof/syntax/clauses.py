"""The clauses of a column definition, as they are written: which text is its NOT NULL, its CHECK, its key.

Source: columnDef, ColConstraint and ConstraintAttr in gram.y.
"""

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from driftproof.syntax.tokens import Element, Token

_OPENS, _CLOSES = {"ASCII_40", "ASCII_91", "CASE"}, {"ASCII_41", "ASCII_93", "END_P"}
_KINDS = {
    "NULL_P": "null",
    "DEFAULT": "default",
    "CHECK": "check",
    "UNIQUE": "unique",
    "PRIMARY": "primary key",
    "REFERENCES": "foreign key",
    "GENERATED": "generated",
    "COLLATE": "collate",
    "STORAGE": "storage",
    "COMPRESSION": "compression",
}


class Clause(msgspec.Struct, frozen=True):
    """A clause with the CONSTRAINT name before it, if it has one (``named``), and the attributes behind it.

    ``kind`` is that of a constraint, or the word that the clause begins with.
    """

    kind: str
    tokens: tuple[Token, ...]
    named: bool = False

    @property
    def start(self) -> int:
        """The offset of its first byte."""
        return self.tokens[0].start

    @property
    def end(self) -> int:
        """The offset behind its last byte."""
        return self.tokens[-1].end

    @property
    def own(self) -> tuple[Token, ...]:
        """Its tokens without CONSTRAINT name."""
        return self.tokens[2:] if self.named else self.tokens


@lru_cache(maxsize=1024)  # each column of a table asks for those of all of them
def clauses(column: Element) -> tuple[Clause, ...]:
    """The clauses behind a column's name and type, in their order."""
    written = column.tokens
    starts: list[tuple[int, str, bool]] = []
    depth, named = 0, False
    for at, token in enumerate(written):
        if depth == 0 and at > 0:
            kind = _begins(written, at)
            if kind == "constraint":
                starts.append((at, kind, True))
                named = True
            elif kind is not None and named:
                starts[-1] = (starts[-1][0], kind, True)
                named = False
            elif kind is not None:
                starts.append((at, kind, False))
        depth += (token.name in _OPENS) - (token.name in _CLOSES)
    ends = [*(start for start, _, _ in starts[1:]), len(written)]
    return tuple(Clause(kind, written[at:end], named) for (at, kind, named), end in zip(starts, ends, strict=False))


def _begins(written: Sequence[Token], at: int) -> str | None:
    """The kind of the clause that begins at a token; ``constraint`` for the word before a name; None: none begins."""
    name, before = written[at].name, written[at - 1].name
    after = written[at + 1].name if at + 1 < len(written) else ""
    if name == "CONSTRAINT":
        return "constraint"
    if name == "NOT":
        return "not null" if after == "NULL_P" else None
    if name == "NULL_P" and before in ("NOT", "DEFAULT", "SET"):
        return None
    if name == "DEFAULT" and before in ("BY", "SET", "STORAGE", "COMPRESSION"):
        return None
    return _KINDS.get(name)
