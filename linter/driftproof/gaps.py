"""Where a tool puts other text into a file: placeholders, variables, templates, what it includes."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import groupby

import msgspec

_LITERAL = re.compile(rb"(?P<text>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|--[^\n\r]*|/\*.*?\*/", re.DOTALL)
_NOT_A_LETTER = re.compile(rb"\W+")
_WORD = re.compile(rb"[\w$\x80-\xff]*")
_LONGEST_NAME = 100
_NOT_NEWLINE = re.compile(rb"[^\r\n]")


class Asked(StrEnum):
    """A text that only the database knows, as the query that asks it."""

    DATABASE = "SELECT current_database()"
    USER = "SELECT current_user"


NO_ANSWERS: Mapping[Asked, bytes] = {}

Value = bytes | Asked | None
"""What a tool puts in; None: nobody here knows it."""


class Gap(msgspec.Struct, frozen=True):
    """A stretch of a file in whose place the tool sends other text; one that stands in a string or a quoted name is all
    of that.

    ``shown`` is what is read in its place, as long as it: that text where it fits, else an identifier that stands in
    for it. ``parts`` are the text in full, ``unknown`` what is written where that is not known. ``whole``: it stands
    where statements may, and what they are is not read.
    """

    start: int
    end: int
    shown: bytes
    parts: tuple[bytes | Asked, ...]
    unknown: str | None = None
    whole: bool = False


def show(data: bytes, gaps: Sequence[Gap]) -> bytes:
    """A text with what is shown in its gaps."""
    out = bytearray(data)
    for gap in gaps:
        out[gap.start : gap.end] = gap.shown
    return bytes(out)


def find(
    data: bytes,
    pattern: "re.Pattern[bytes]",
    value: "Callable[[re.Match[bytes]], Value]" = lambda _found: None,
    *,
    fits: bool = True,
    keeps: bool = False,
    more: "Callable[[re.Match[bytes]], bool]" = lambda _found: False,
) -> tuple[Gap, ...]:
    """The gaps that ``pattern`` finds, with what is put into them. The stand-in is an identifier, the same one for each
    of the same name; one that stands where a statement or a whole line may stand is blanked out: it is no name.
    ``fits``: the text itself is shown, where it is no longer than its name; ``keeps``: the tool leaves what it is not
    told as it is, so that it may stand in a string or a comment; ``more`` says what may be more than a
    name wherever it stands."""
    found = list(pattern.finditer(data))
    if not found:
        return ()
    literals = [(*literal.span(), literal["text"] is None) for literal in _LITERAL.finditer(data)]
    spans: list[tuple[int, int, bool]] = []
    for one in found:
        start, end = one.span()
        at = bisect_right(literals, (end,)) - 1
        if at >= 0 and literals[at][1] >= end:
            text_start, text_end, is_comment = literals[at]
            spans.append((start, end, True) if is_comment else (text_start, text_end, False))
            continue
        end += len(_WORD.match(data, end)[0])  # type: ignore[index]
        if spans and spans[-1][1] >= start:  # what touches is one name
            joined = (spans[-1][0], end, False)
            spans = [joined if span == spans[-1] else span for span in spans]
            start = joined[0]
        else:
            start -= len(_WORD.match(data[max(start - _LONGEST_NAME, 0) : start][::-1])[0])  # type: ignore[index]
        spans.append((start, end, False))
    pairs = groupby(zip(spans, found, strict=True), lambda pair: pair[0])
    return tuple(
        _gap(data, span, [one for _, one in ones], value, fits=fits, keeps=keeps, more=more) for span, ones in pairs
    )


def _gap(
    data: bytes,
    span: tuple[int, int, bool],
    found: "Iterable[re.Match[bytes]]",
    value: "Callable[[re.Match[bytes]], Value]",
    *,
    fits: bool,
    keeps: bool,
    more: "Callable[[re.Match[bytes]], bool]",
) -> Gap:
    start, end, is_comment = span
    shown: list[bytes] = []
    parts: list[bytes | Asked] = []
    unknown = None
    at = start
    whole = False
    for one in found:
        text, known = one[0], value(one)
        if known is None and keeps and (is_comment or data[start : start + 1] in (b"'", b'"')):
            known = text
        alone = not is_comment and one.span() == (start, end) and is_a_statement(data, start, end)
        whole |= (alone or more(one)) and known != b""
        between = data[at : one.start()]
        short = known if fits and isinstance(known, bytes) and len(known) <= len(text) else None
        instead = blank(text) if alone else stand_in(text)
        shown += between, instead if alone or short is None else short
        parts += between, instead if known is None else known
        if known is None and unknown is None:
            unknown = text.decode(errors="replace")
        at = one.end()
    shown.append(data[at:end])
    parts.append(data[at:end])
    return Gap(start, end, b"".join(shown).ljust(end - start), tuple(parts), unknown, whole)


def stand_in(text: bytes) -> bytes:
    """An identifier of the same length."""
    name = _NOT_A_LETTER.sub(b"_", text).strip(b"_").lower()
    if name[:1].isdigit():
        name = b"_" + name
    return name[: len(text)].ljust(len(text), b"_")


def blank(data: bytes) -> bytes:
    """Spaces of the same length; line ends stay."""
    return _NOT_NEWLINE.sub(b" ", data)


def is_a_statement(data: bytes, start: int, end: int) -> bool:
    """Whether what stands there is all of a statement: behind another one's end, with nothing but an end behind it."""
    return data[end : end + 200].partition(b"\n")[0].strip() in (b"", b";") and begins_a_statement(data, start)


def begins_a_statement(data: bytes, at: int) -> bool:
    """Whether a statement may begin there."""
    while True:
        begin = data.rfind(b"\n", 0, at) + 1
        line = data[begin:at].partition(b"--")[0].strip()
        if line and not line.startswith(b"#"):
            # psql's own commands end a statement, or stand between two.
            return line.endswith((b";", b"*/")) or line.startswith(b"\\") or b"\\g" in line
        if begin == 0:
            return True
        at = begin - 1


class Sent:
    """What a tool sends of a stretch of a text: ``text``, and where in the file each byte of it stands. ``answers``
    are those of the database."""

    def __init__(
        self, data: bytes, gaps: Sequence[Gap], start: int, end: int, answers: Mapping[Asked, bytes] = NO_ANSWERS
    ) -> None:
        pieces: list[bytes] = []
        self._places: list[tuple[int, int, int]] = []  # how much of the text ends here, where it began, and begins
        length, at = 0, start
        for gap in gaps:
            if not start <= gap.start < end:
                continue
            for text, place in ((data[at : gap.start], at), (_answered(gap, answers), -gap.start - 1)):
                pieces.append(text)
                self._places.append((length + len(text), length, place))
                length += len(text)
            at = gap.end
        pieces.append(data[at:end])
        self._places.append((length + len(pieces[-1]), length, at))
        self.text = b"".join(pieces).decode()

    def offset(self, characters: int) -> int:
        """The byte of the file at which so many characters of the text end; that of the gap in whose text they do."""
        at = len(self.text[:characters].encode())
        begin, place = next(((begin, place) for end, begin, place in self._places if at < end), self._places[-1][1:])
        return -place - 1 if place < 0 else place + at - begin


def _answered(gap: Gap, answers: Mapping[Asked, bytes]) -> bytes:
    return b"".join(answers.get(part, b"") if isinstance(part, Asked) else part for part in gap.parts)
