"""The one place that calls pglast: text to syntax trees (plain dicts), statement by statement.

``parse_sql_json`` and msgspec are about five times as fast as pglast's own Python objects. Offsets in the trees are
bytes of the UTF-8 text.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec

from driftproof.syntax.light import ParseError, parser

Node = dict[str, Any]
"""A node of the syntax tree: its fields by PostgreSQL's names. Fields that are unset or zero are left out."""

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_decode_functions = msgspec.json.Decoder(list[dict[str, Any]]).decode

_ASCII = bytes(range(0x80)) + b"_" * 0x80
_BLANK = re.compile(rb"(?:\s+|--[^\n\r]*)+")
_COMMENT_EDGE = re.compile(rb"/\*|\*/")


class RawStatement(msgspec.Struct, frozen=True, gc=False):
    """A statement as the parser cut it. ``start`` is its first token; ``node`` its tree, None where it does not parse,
    and then ``message`` and ``at`` say why. ``shift`` is to be added to the tree's own offsets."""

    start: int
    end: int
    tag: str
    node: Node
    shift: int = 0
    message: str | None = None
    at: int = 0


def raw_statements(sql: str) -> list[RawStatement]:
    """The statements of a text, one broken statement not hiding the others; offsets are bytes of its UTF-8 form."""
    data = sql.encode()
    try:
        return list(_whole(sql, data, 0))
    except ParseError:
        pass
    masked = mask(data)
    if masked != data:
        sql, data = masked.decode(), masked
        try:
            return list(_whole(sql, data, 0))
        except ParseError:
            pass
    return list(_one_by_one(data))


@lru_cache(maxsize=4)  # a body asks more than one question about each of its texts
def parse_fragment(sql: str) -> list[tuple[str, Node]]:
    """The tags and trees of a text from inside a body. Raises ParseError."""
    return [next(iter(raw["stmt"].items())) for raw in _decode(parser.parse_sql_json(sql)).get("stmts", ())]


def parse_plpgsql(sql: str) -> list[Node]:
    """The PL/pgSQL functions of a DO or CREATE FUNCTION statement. Raises ParseError."""
    return _decode_functions(parser.parse_plpgsql_json(sql))


def refused(sql: str) -> str | None:
    """What PL/pgSQL has against a CREATE FUNCTION statement; None if it takes it."""
    try:
        parser.parse_plpgsql_json(sql)
    except ParseError as error:
        message: str = error.args[0]
        return message
    return None


def scan(data: bytes) -> list[parser.Token]:
    """The tokens of a text in UTF-8, comments too: the offsets of their first and their last byte, their names, and
    what kind of keyword they are. Raises ParseError where the scanner can't read the text.

    A letter outside of ASCII is shown to it as underscores, which may stand wherever such a letter may: pglast counts
    characters from the start of the text for each token, and with plain ASCII a character is a byte.
    """
    return parser.scan(data.translate(_ASCII).decode("ascii"))


def first_token(data: bytes, at: int) -> int:
    """The offset of the first byte from ``at`` that is neither white space nor comment. Block comments nest."""
    while True:
        if blank := _BLANK.match(data, at):
            at = blank.end()
        elif data.startswith(b"/*", at):
            depth = 0
            while edge := _COMMENT_EDGE.search(data, at):
                depth += 1 if edge[0] == b"/*" else -1
                at = edge.end()
                if depth == 0:
                    break
            else:
                return len(data)
        else:
            return at


def _whole(sql: str, data: bytes, shift: int) -> Iterator[RawStatement]:
    for raw in _decode(parser.parse_sql_json(sql)).get("stmts", ()):
        begin = raw.get("stmt_location", 0)
        length = raw.get("stmt_len", 0)
        end = begin + length if length else len(data)
        start = first_token(data, begin)
        tag, node = next(iter(raw["stmt"].items()))
        body = data[start:end].rstrip()
        yield RawStatement(start + shift, start + len(body) + shift, tag, node, shift)


def _one_by_one(data: bytes) -> Iterator[RawStatement]:
    for begin, end in _cut(data):
        text = data[begin:end]
        start = first_token(text, 0)
        if start == len(text):
            continue
        try:
            yield from _whole(text.decode(), text, begin)
        except ParseError as error:
            message, place = error.args[0], error.args[1]
            end = len(text.rstrip())
            at = end if place is None else min(len(text.decode()[:place].encode()), end)
            yield RawStatement(begin + start, begin + end, "", {}, begin, message, begin + at)


def _cut(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the statements of a text that does not parse begin and end, by its tokens: at each semicolon outside
    parentheses and BEGIN ATOMIC bodies. What the scanner can't read is one statement to the end."""
    begin = depth = atomic = 0
    last = ""
    for name, start in _tokens(data):
        if name == "ASCII_59" and depth <= 0 and not atomic:
            yield begin, start
            begin, depth = start + 1, 0
        elif name == "ASCII_40":
            depth += 1
        elif name == "ASCII_41":
            depth -= 1
        elif name == "ATOMIC" and last == "BEGIN_P":
            atomic = 1
        elif atomic and name == "CASE":
            atomic += 1
        elif atomic and name == "END_P":
            atomic -= 1
        last = name
    yield begin, len(data)


def _tokens(data: bytes) -> Iterator[tuple[str, int]]:
    """Token names with byte offsets, up to the first place that the scanner can't read."""
    try:
        tokens = scan(data)
    except ParseError:
        yield from _readable_tokens(data)
        return
    for token in tokens:
        yield token.name, token.start


def _readable_tokens(data: bytes) -> Iterator[tuple[str, int]]:
    """The tokens before the scanner's error, found by halving the lines that it can read."""
    lines = data.splitlines(keepends=True)
    low, high = 0, len(lines)
    while low < high:
        middle = (low + high + 1) // 2
        try:
            scan(b"".join(lines[:middle]))
        except ParseError:
            high = middle - 1
        else:
            low = middle
    if low:
        yield from _tokens(b"".join(lines[:low]))


_STRING = rb"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|(?<![\w$])\$(\w*)\$.*?\$\1\$|--[^\n\r]*|/\*.*?\*/"
_NAMES, _OPTIONS = rb"(?:[^;'\"]|\"(?:[^\"]|\"\")*\")*?", rb"(?:[^;']|'(?:[^']|'')*')*"
_COPY = rb"(?P<copy>(?i:\bcopy\b" + _NAMES + rb"\bfrom\s+stdin\b" + _OPTIONS + rb";[^\n]*\n))"
_MASKED = re.compile(_STRING + rb"|" + _COPY + rb"|(?P<meta>\\[^\n\r]*)", re.DOTALL)
_COPY_END = re.compile(rb"^\\\.[ \t]*\r?$", re.MULTILINE)
_CLIENT_COPY = re.compile(rb"(?i)\\copy\b.*\bfrom\s+stdin\b")
_ENDS_STATEMENT = re.compile(rb"\\(?:;|g(?:x|exec|set|desc)?\b|crosstabview\b|watch\b)")
_NOT_NEWLINE = re.compile(rb"[^\n\r]")


def mask(data: bytes) -> bytes:
    """The text with psql's meta-commands and the data lines of COPY FROM STDIN blanked out, every offset kept.

    A meta-command that ends a statement (``\\g`` and its family) leaves a semicolon in its place.
    Source: PostgreSQL documentation, psql.
    """
    out = bytearray(data)
    at = 0
    while found := _MASKED.search(data, at):
        at = found.end()
        if found["copy"] is not None:
            stop = _COPY_END.search(data, at)
            end = stop.end() if stop else len(data)
            out[at:end] = _NOT_NEWLINE.sub(b" ", data[at:end])
            at = end
        elif found["meta"] is not None:
            out[found.start() : at] = _NOT_NEWLINE.sub(b" ", data[found.start() : at])
            if _ENDS_STATEMENT.match(data, found.start()):
                out[found.start()] = ord(";")
            elif _CLIENT_COPY.match(found["meta"]) and (stop := _COPY_END.search(data, at)):
                out[at : stop.end()] = _NOT_NEWLINE.sub(b" ", data[at : stop.end()])
                at = stop.end()
    return bytes(out)
