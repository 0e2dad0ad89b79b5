"""Blank out what is not SQL, or is not run on the way up: every offset and every line stays where it is."""

import re
from collections.abc import Callable

_NOT_NEWLINE = re.compile(rb"[^\r\n]")
_NOT_A_LETTER = re.compile(rb"\W+")
_QUOTED = rb"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n\r]*|/\*.*?\*/"
_DOLLARS = rb"|(?<![\w$])\$(?P<tag>\w*)\$.*?\$(?P=tag)\$"
_LITERAL = re.compile(_QUOTED + _DOLLARS, re.DOTALL)


def blank(data: bytes) -> bytes:
    """Spaces of the same length; line ends stay."""
    return _NOT_NEWLINE.sub(b" ", data)


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


def placeholders(data: bytes, pattern: "re.Pattern[bytes]") -> bytes:
    """The text with an identifier in the place of each placeholder, the same one for each of the same name. One that
    stands where a statement or a whole line may stand is blanked out: it is no name."""

    def stand_in(found: "re.Match[bytes]") -> bytes:
        start, end = found.span()
        text = found[0]
        if _is_a_statement(data, start, end):
            return blank(text)
        name = _NOT_A_LETTER.sub(b"_", text).strip(b"_").lower()
        if name[:1].isdigit():
            name = b"_" + name
        return name[: len(text)].ljust(len(text), b"_")

    return pattern.sub(stand_in, data)


def outside_quotes(data: bytes, pattern: bytes, stand_in: "Callable[[re.Match[bytes]], bytes]") -> bytes:
    """The text with what ``pattern`` (whose whole is the group ``hit``) finds outside of comments, strings, quoted
    names and bodies replaced."""
    both = re.compile(_QUOTED + _DOLLARS + rb"|" + pattern, re.DOTALL)
    return both.sub(lambda found: found[0] if found["hit"] is None else stand_in(found), data)


def psql_variables(data: bytes) -> bytes:
    """The text with psql's ``:name``, ``:'name'`` and ``:"name"`` as an identifier, a string and a quoted name; as a
    number where only that may stand, and as nothing where it is a statement."""
    if _VARIABLE.search(data) is None:
        return data
    return outside_quotes(data, _VARIABLE.pattern, _psql_stand_in)


# Neither a cast nor a slice: what stands before it is no name (unless it is a part of that), number or bracket.
_VARIABLE = re.compile(rb"(?:(?<![\w:\]\[)])|(?<=_)|(?<=(?i:array)\[))(?P<hit>:(?:'\w+'|\"\w+\"|[A-Za-z_]\w*))")
_A_NUMBER = re.compile(
    rb"(?i)\b(?:restart|start|increment|minvalue|maxvalue|cache|limit|offset)(?:\s+(?:with|by))?\s*\Z"
)
_OPTIONS = re.compile(rb"(?i)\bexplain\s*\Z")
_LONGEST = 40


def _psql_stand_in(found: "re.Match[bytes]") -> bytes:
    text = found["hit"]
    if text[1:2] in (b"'", b'"'):
        return text[1:2] + text[2:-1] + b"_" + text[-1:]
    data, start, end = found.string, *found.span("hit")
    if _A_NUMBER.search(data, max(start - _LONGEST, 0), start):
        return b"1".rjust(len(text), b"0")
    if _is_a_statement(data, start, end) or _OPTIONS.search(data, max(start - _LONGEST, 0), start):
        return blank(text)
    return text[1:] + b"_"


def _is_a_statement(data: bytes, start: int, end: int) -> bool:
    """Whether what stands there is all of a statement: behind another one's end, with nothing but an end behind it."""
    return data[end : end + 200].partition(b"\n")[0].strip() in (b"", b";") and _begins_a_statement(data, start)


def _begins_a_statement(data: bytes, at: int) -> bool:
    while True:
        begin = data.rfind(b"\n", 0, at) + 1
        line = data[begin:at].partition(b"--")[0].strip()
        if line and not line.startswith(b"#"):
            # psql's own commands end a statement, or stand between two.
            return line.endswith((b";", b"*/")) or line.startswith(b"\\") or b"\\g" in line
        if begin == 0:
            return True
        at = begin - 1
