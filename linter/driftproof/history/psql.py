"""psql's variables: ``:name``, ``:'name'`` and ``:"name"``, outside of comments, strings, quoted names and bodies.

Source: PostgreSQL documentation, psql, SQL Interpolation.
"""

import re
from collections.abc import Mapping

from driftproof.gaps import Asked, Gap, Value, begins_a_statement, blank
from driftproof.history import masks

# Neither a cast nor a slice: what stands before it is no name (unless it is a part of that), number or bracket.
_VARIABLE = re.compile(rb"(?:(?<![\w:\]\[)])|(?<=_)|(?<=(?i:array)\[))(?P<hit>:(?:'\w+'|\"\w+\"|[A-Za-z_]\w*))")
_SET = re.compile(rb"(?m)^[ \t]*\\set[ \t]+(?P<name>\w+)(?P<value>[^\r\n]*)")
_WORD = re.compile(rb"'((?:[^'\\]|'')*)'|([^\s'\\:`\"]+)|\s+")
# What may stand behind these words only.
_A_NUMBER = re.compile(
    rb"(?i)\b(?:restart|start|increment|minvalue|maxvalue|cache|limit|offset|large\s+object)(?:\s+(?:with|by))?\s*\Z"
)
_A_STRING = re.compile(rb"(?i)\b(?:location|connection|password|is)\s*\Z")
_A_LIBRARY = re.compile(rb"(?i)\bas\s*\Z")
_OF_A_LIBRARY = re.compile(rb"(?i)\s*(?:,\s*'[^'\n]*'[\w\s]*?)?\blanguage\b")
_A_QUERY = re.compile(rb"(?i)\b(?:from|join)\s*\(\s*\Z")
_ITS_END = re.compile(rb"\s*\)")
_OPTIONS = re.compile(rb"(?i)\bexplain\s*\Z")
_LONGEST = 40


NONE: Mapping[bytes, bytes] = {}


def gaps(data: bytes, variables: Mapping[bytes, bytes] = NONE) -> tuple[Gap, ...]:
    """The places of variables: with what the script sets them to before, or what ``variables`` says."""
    if _VARIABLE.search(data) is None:
        return ()
    known = _Variables(data, variables)
    return tuple(_gap(found, known.value(found)) for found in masks.outside_quotes(data, _VARIABLE.pattern))


class _Variables:
    """What is known of the variables of a script."""

    def __init__(self, data: bytes, variables: Mapping[bytes, bytes]) -> None:
        self._given: dict[bytes, bytes | Asked] = {b"DBNAME": Asked.DATABASE, b"USER": Asked.USER, **variables}
        self._sets: list[tuple[int, bytes, Value]] = [
            (found.start(), found["name"], _words(found["value"])) for found in _SET.finditer(data)
        ]

    def value(self, found: "re.Match[bytes]") -> Value:
        """The text that psql puts in."""
        text = found["hit"]
        quote = text[1:2] if text[1:2] in (b"'", b'"') else b""
        name = text[1:].strip(quote or b" ")
        sets = [value for at, set_, value in self._sets if set_ == name and at < found.start()]
        value = sets[-1] if sets else self._given.get(name)
        if not quote or not isinstance(value, bytes):
            return value
        return quote + value.replace(quote, quote * 2) + quote


def _words(text: bytes) -> bytes | None:
    """What psql joins its arguments to; None where they hold variables, commands or escapes."""
    words, at = [], 0
    text = text.strip()
    while at < len(text):
        word = _WORD.match(text, at)
        if word is None:
            return None
        words.append((word[1] or b"").replace(b"''", b"'") + (word[2] or b""))
        at = word.end()
    return b"".join(words)


def _gap(found: "re.Match[bytes]", value: Value) -> Gap:
    text, data, (start, end) = found["hit"], found.string, found.span("hit")
    whole = begins_a_statement(data, start)
    if whole:
        shown = blank(text)
    elif isinstance(value, bytes) and len(value) <= len(text) and b"\n" not in value:
        shown = value.ljust(len(text))
    else:
        shown = _stand_in(text, data, start, end)
    unknown = text.decode() if value is None else None
    return Gap(start, end, shown, (shown if value is None else value,), unknown, whole)


def _stand_in(text: bytes, data: bytes, start: int, end: int) -> bytes:
    if text[1:2] in (b"'", b'"'):
        return text[1:2] + text[2:-1] + b"_" + text[-1:]
    before = data[max(start - _LONGEST, 0) : start]
    if _A_NUMBER.search(before):
        return b"1".rjust(len(text), b"0")
    if _A_STRING.search(before) or (_A_LIBRARY.search(before) and _OF_A_LIBRARY.match(data, end)):
        return b"'" + text[2:] + b"'"
    if len(text) >= len(b"SELECT") and _A_QUERY.search(before) and _ITS_END.match(data, end):
        return b"SELECT".ljust(len(text))
    return blank(text) if _OPTIONS.search(before) else text[1:] + b"_"
