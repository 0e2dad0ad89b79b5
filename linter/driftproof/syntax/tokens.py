"""Places inside a statement, by the scanner's tokens: the text that names an object, the elements of a CREATE TABLE."""

import re
from functools import lru_cache
from typing import Literal

import msgspec

from driftproof.objects import Object
from driftproof.source import Source
from driftproof.statements.operations import Statement
from driftproof.statements.query import Name, folded
from driftproof.syntax.light import ParseError
from driftproof.syntax.parser import scan


class Token(msgspec.Struct, frozen=True, gc=False):
    """A token of the scanner; offsets are bytes of the file, ``end`` exclusive; ``text`` as written."""

    name: str
    start: int
    end: int
    text: str

    @property
    def folded(self) -> str:
        """The identifier that the token means."""
        return folded(self.text)


class Element(msgspec.Struct, frozen=True, gc=False, eq=False):
    """A column, a table constraint or a LIKE clause of a CREATE TABLE: its own text, without the commas around it.
    Equal is only one and the same, which is quickly told.

    ``name`` is the column's or the constraint's; None for an unnamed constraint.
    """

    kind: Literal["column", "constraint", "like"]
    name: str | None
    tokens: tuple[Token, ...]

    @property
    def start(self) -> int:
        """The offset of its first byte."""
        return self.tokens[0].start

    @property
    def end(self) -> int:
        """The offset behind its last byte."""
        return self.tokens[-1].end


_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*\Z")
# A name with dots in it; the group is its last part.
_DOTTED = re.compile(rb"""(?:(?:"(?:[^"]|"")*"|[\w$\x80-\xff]+)[ \t]*\.[ \t]*)*("(?:[^"]|"")*"|[\w$\x80-\xff]+)""")
_COMMENT_ON = re.compile(rb"COMMENT\s+ON\s+[A-Z]+\s+", re.IGNORECASE)
_NOT_PLAIN = re.compile(rb"'|--|/\*|\$")
_OPENING, _CLOSING = {"ASCII_40", "ASCII_91"}, {"ASCII_41", "ASCII_93"}
_NO_LIST = {"AS", "OF", "PARTITION"}
_COMMENTS = {"SQL_COMMENT", "C_COMMENT"}
_CONSTRAINT_WORDS = {"CONSTRAINT", "NOT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "EXCLUDE"}


@lru_cache(maxsize=4)
def tokens(data: bytes, start: int, end: int) -> tuple[Token, ...]:
    """The tokens of a stretch of a file, comments left out. Raises ParseError where the scanner can't read it."""
    return tuple(
        [
            Token(name, start + first, start + last + 1, data[start + first : start + last + 1].decode())
            for first, last, name, _ in scan(data[start:end])
            if name not in _COMMENTS
        ]
    )


@lru_cache(maxsize=1024)
def quote(name: str) -> str:
    """An identifier as it must be written: in double quotes where it is not folded, or a keyword of the grammar's."""
    if _PLAIN.match(name) and scan(name.encode())[0].kind in ("NO_KEYWORD", "UNRESERVED_KEYWORD"):
        return name
    return '"' + name.replace('"', '""') + '"'


def quote_name(name: Name) -> str:
    """A name as it must be written, with its schema if it has one."""
    return quote(name.name) if name.schema is None else f"{quote(name.schema)}.{quote(name.name)}"


def literal(text: str) -> str:
    """A string constant."""
    return "'" + text.replace("'", "''") + "'"


def locate(source: Source, statement: Statement, wanted: Object, at: int = -1) -> tuple[int, int]:
    """The text of a statement that names an object, as start and end: with the relation before it, if it is written so.

    ``at`` is an offset at or before the name; a name inside a DO block's string is found there. The statement's first
    word where the name is not written at all.
    """
    data = source.data
    if (place := _plainly(data, statement, wanted, at)) is not None:
        return place
    found = tokens(data, statement.start, statement.end)
    body = next((token for token in found if _mentions(token, wanted)), None)
    start = next((token for token in found if token.start >= at and token.folded == wanted.name), None)
    if start is None and at >= 0:
        start = next((token for token in found if token.folded == wanted.name), None)
    if start is None and body is not None:
        start, found = _in_string(data, body, wanted)
    if start is None:
        return found[0].start, found[0].end
    here = found.index(start)
    if wanted.relation is None or wanted.kind in ("policy", "trigger", "rule", "constraint"):
        return start.start, start.end
    # COMMENT ON COLUMN names its column as relation.column: prefer the place where both stand together.
    for spot in range(2, len(found)):
        if (
            found[spot].folded == wanted.name
            and found[spot - 1].text == "."
            and found[spot - 2].folded == wanted.relation
            and (at < 0 or found[spot].start >= at)
        ):
            begin = found[spot - 2]
            if spot >= 4 and found[spot - 3].text == "." and found[spot - 4].folded == wanted.schema:
                begin = found[spot - 4]
            return (begin.start, found[spot].end) if at < 0 or begin.start <= start.start else (start.start, start.end)
    return found[here].start, found[here].end


def _plainly(data: bytes, statement: Statement, wanted: Object, at: int) -> tuple[int, int] | None:
    """The place of a name where it can be told without the scanner: right at ``at``, right behind COMMENT ON, or
    anywhere behind ``at`` and before the first string or comment."""
    if at < 0 and statement.command == "COMMENT" and (ahead := _COMMENT_ON.match(data, statement.start)):
        at = ahead.end()
    if at >= 0 and (written := _DOTTED.match(data, at)) and (place := _named(written, wanted)):
        return place
    begin = max(at, statement.start)
    special = _NOT_PLAIN.search(data, begin, statement.end)
    end = special.start() if special else statement.end
    return next(filter(None, (_named(word, wanted) for word in _DOTTED.finditer(data, begin, end))), None)


def _named(written: re.Match[bytes], wanted: Object) -> tuple[int, int] | None:
    if folded(written[1].decode(errors="replace")) != wanted.name:
        return None
    return (written.start() if wanted.kind == "column" else written.start(1)), written.end()


def _mentions(token: Token, wanted: Object) -> bool:
    """Whether a token is a string that mentions the object: the body of a DO block or a function."""
    return token.name == "SCONST" and folded(wanted.name) in folded(token.text)


def _in_string(data: bytes, body: Token, wanted: Object) -> tuple[Token | None, tuple[Token, ...]]:
    opening = body.text.index("$", 1) + 1 if body.text.startswith("$") else 1
    try:
        inner = tokens(data, body.start + opening, body.end - opening)
    except ParseError:
        return None, (body,)
    hit = None
    for token in inner:
        if token.name != "SCONST" and token.folded == wanted.name:
            hit = token
            break
    if hit is None:
        return None, (body,)
    return hit, inner


@lru_cache(maxsize=4)
def body_tokens(data: bytes, start: int, end: int) -> tuple[Token, ...]:
    """The tokens inside the body of a DO statement, at their places in the file; none if the body is not written as it
    is meant, in a string with escapes, or the scanner can't read it."""
    begin, stop = body_of(data, start, end)
    try:
        return tokens(data, begin, stop)
    except ParseError:
        return ()


def body_of(data: bytes, start: int, end: int) -> tuple[int, int]:
    """Where the body of a DO statement begins and ends; an empty stretch if it is not written as it is meant."""
    whole = next((item for item in tokens(data, start, end) if item.name == "SCONST"), None)
    if whole is None:
        return start, start
    if whole.text.startswith("$"):
        edge = whole.text.index("$", 1) + 1
    elif whole.text.startswith("'") and "''" not in whole.text:
        edge = 1
    else:
        return start, start
    return whole.start + edge, whole.end - edge


@lru_cache(maxsize=64)  # later files of a history doubt the same tables
def elements(data: bytes, start: int, end: int) -> tuple[int, tuple[Element, ...]]:
    """Where the list of a CREATE TABLE opens, and its elements as they are written; none if it has no list of them."""
    found = tokens(data, start, end)
    names = [token.name for token in found]
    if "ASCII_40" not in names:
        return end, ()
    opened = names.index("ASCII_40")
    if _NO_LIST & set(names[:opened]):
        return end, ()
    result: list[Element] = []
    depth, first = 1, opened + 1
    for at in range(first, len(found)):
        depth += (names[at] in _OPENING) - (names[at] in _CLOSING)
        if depth == 0 or (depth == 1 and names[at] == "ASCII_44"):
            if at > first:
                result.append(_element(found[first:at]))
            first = at + 1
            if depth == 0:
                break
    return found[opened].start, tuple(result)


def _element(written: tuple[Token, ...]) -> Element:
    """The element that these tokens write."""
    first = written[0]
    name: str | None = first.folded
    kind: Literal["column", "constraint", "like"] = "column"
    if first.name == "LIKE":
        kind, name = "like", None
    elif first.name in _CONSTRAINT_WORDS and not first.text.startswith('"'):
        kind = "constraint"
        name = written[1].folded if first.name == "CONSTRAINT" else None
    return Element(kind, name, written)
