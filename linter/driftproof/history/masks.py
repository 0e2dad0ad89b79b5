"""Blank out what is not run: every offset and every line stays where it is."""

import re
from collections.abc import Iterator

from driftproof.gaps import blank as blank  # one of them

_QUOTED = rb"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n\r]*|/\*.*?\*/"
_DOLLARS = rb"|(?<![\w$])\$(?P<tag>\w*)\$.*?\$(?P=tag)\$"
_LITERAL = re.compile(_QUOTED + _DOLLARS, re.DOTALL)


def bare(data: bytes) -> bytes:
    """The text without its comments, strings, quoted names and bodies."""
    return _LITERAL.sub(lambda found: blank(found[0]), data)


def up_parts(data: bytes, marks: "re.Pattern[bytes]") -> bytes:
    """The text without its ways back: all from a mark whose group ``down`` is set to the next one that is none."""
    return _parts(data, marks, down=False)


def down_parts(data: bytes, marks: "re.Pattern[bytes]") -> bytes:
    """Nothing but the ways back of a text."""
    return _parts(data, marks, down=True)


def _parts(data: bytes, marks: "re.Pattern[bytes]", *, down: bool) -> bytes:
    parts = []
    at, inside_down = 0, False
    for mark in marks.finditer(data):
        parts.append(data[at : mark.start()] if inside_down is down else blank(data[at : mark.start()]))
        at, inside_down = mark.start(), mark["down"] is not None
    if not parts and inside_down is down:
        return data
    parts.append(data[at:] if inside_down is down else blank(data[at:]))
    return b"".join(parts)


def only(data: bytes, pattern: "re.Pattern[bytes]") -> bytes:
    """Nothing but what the pattern finds."""
    out = bytearray(blank(data))
    for found in pattern.finditer(data):
        out[found.start() : found.end()] = found[0]
    return bytes(out)


def outside_quotes(data: bytes, pattern: bytes) -> "Iterator[re.Match[bytes]]":
    """What ``pattern``, which has a group ``hit``, finds outside of comments, strings, quoted names and bodies."""
    both = re.compile(_QUOTED + _DOLLARS + rb"|" + pattern, re.DOTALL)
    return (found for found in both.finditer(data) if found["hit"] is not None)
