"""``-- driftproof: ignore[DP101] reason`` and ``ignore-file[...]``: find such comments and apply them to diagnostics.

A comment on a line of its own covers the statement below it (further comments may stand between them) or around it; one
beside SQL covers the statements on its line. Comments in the body of a DO block or a function count for the whole
statement.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Container, Iterable, Iterator, Sequence

import msgspec

from driftproof.diagnostic import Diagnostic
from driftproof.source import Source, Unreadable
from driftproof.unusable import did_you_mean

_MARK = b"driftproof:"
# Patterns, compiled when the first such comment is seen: most files have none.
_COMMENT = r"(?s)(?:--|/\*)\s*driftproof:\s*(?P<said>.*?)\s*(?:\*/)?\Z"
_IGNORE = r"(?s)(?P<word>ignore-file|ignore)\s*\[(?P<codes>[^\]]*)\]\s*(?P<reason>.*)\Z"
_LINE_COMMENT = rb"(?:--|/\*)[ \t]*driftproof:.*"
_BODY = rb"\$(?:[a-zA-Z_\x80-\xff][\w\x80-\xff]*)?\$"


class Ignore(msgspec.Struct, frozen=True):
    """An ignore comment. ``start`` and ``end`` are its bytes, ``line`` its line, ``last`` the last line that it covers.

    ``problem`` says what is wrong with a comment that can't be understood; such a one suppresses nothing.
    """

    codes: tuple[str, ...]
    whole_file: bool
    line: int
    start: int
    end: int
    reason: str
    last: int
    problem: str | None = None

    @property
    def message(self) -> str:
        """Why the comment is reported, in one line."""
        return self.problem or f"{', '.join(self.codes)} is not reported here: this comment suppresses nothing"


class _Comment(msgspec.Struct, frozen=True):
    """A comment in the bytes ``start`` to ``end`` of the text; its last covered line."""

    start: int
    end: int
    last: int


def find_ignores(source: Source) -> list[Ignore]:
    """The ignore comments of a file, malformed ones too, in their order."""
    if _MARK not in source.data:
        return []
    try:
        data = source.sql.encode()
        comments = _comments(data)
    except Unreadable:
        return list(_by_lines(source))
    if comments is None:
        return list(_by_lines(source))
    found = []
    for comment in comments:
        written = data[comment.start : comment.end]
        line = source.position(comment.start).line
        ignore = _read(written.decode(), comment.start, len(written), line, comment.last)
        if ignore is not None:
            found.append(ignore)
    return found


def _comments(data: bytes) -> list[_Comment] | None:
    """The comments of a text that may be ours; None where it can't be cut into tokens."""
    from driftproof.syntax import ParseError

    starts = [0, *(match.end() for match in re.finditer(b"\n", data))]

    def line(at: int) -> int:
        return bisect_right(starts, at)

    comments: list[tuple[int, int]] = []
    code: set[int] = set()
    commented: set[int] = set()
    try:
        for start, end, is_comment in _tokens(data, 0):
            (commented if is_comment else code).update(range(line(start), line(end - 1) + 1))
            if is_comment:
                comments.append((start, end))
    except ParseError:
        return None
    commented -= code
    found = []
    for start, end in comments:
        if _MARK not in data[start:end]:
            continue
        last = line(end - 1)
        if code.isdisjoint(range(line(start), last + 1)):
            while last + 1 in commented:
                last += 1
            last += 1
        found.append(_Comment(start, end, last))
    return found


def _tokens(data: bytes, base: int) -> Iterator[tuple[int, int, bool]]:
    """Each token's first byte, the one behind it, and whether it is a comment; bodies of code token by token."""
    from driftproof.syntax.parser import scan

    earlier, before = "", ""
    for token in scan(data):
        start, end = token.start, token.end + 1
        if token.name in ("SQL_COMMENT", "C_COMMENT"):
            yield base + start, base + end, True
            continue
        if before in ("DO", "AS") or earlier == "LANGUAGE":
            yield from _body(data, start, end, base)
        else:
            yield base + start, base + end, False
        earlier, before = before, token.name


def _body(data: bytes, start: int, end: int, base: int) -> Iterator[tuple[int, int, bool]]:
    """The tokens in a dollar-quoted body; any other string is one token, and so is a body in another language."""
    from driftproof.syntax import ParseError

    quote = re.match(_BODY, data[start:end])
    if quote is not None and _MARK in data[start:end]:
        inside, after = start + len(quote[0]), end - len(quote[0])
        try:
            tokens = list(_tokens(data[inside:after], base + inside))
        except ParseError:
            tokens = []
        if tokens:
            yield base + start, base + inside, False
            yield from tokens
            yield base + after, base + end, False
            return
    yield base + start, base + end, False


def _by_lines(source: Source) -> Iterator[Ignore]:
    """The ignore comments of a text that has no tokens: whatever looks like one."""
    for match in re.finditer(_LINE_COMMENT, source.data):
        start, text = match.start(), match[0].rstrip().decode(errors="replace")
        line = source.position(start).line
        own = not source.data[source.line_start(start) : start].strip()
        ignore = _read(text, start, len(match[0].rstrip()), line, line + own)
        if ignore is not None:
            yield ignore


def _read(comment: str, start: int, size: int, line: int, last: int) -> Ignore | None:
    match = re.match(_COMMENT, comment)
    if match is None:
        return None
    codes: tuple[str, ...] = ()
    problem, whole_file, reason = None, False, ""
    said = re.match(_IGNORE, match["said"])
    if said is None:
        problem = _malformed(match["said"])
    else:
        codes = tuple(dict.fromkeys(code for part in said["codes"].split(",") if (code := part.strip())))
        whole_file, reason = said["word"] == "ignore-file", " ".join(said["reason"].split())
        problem = None if codes else f"{said['word']}[] names no rule; write {said['word']}[DP101]"
    return Ignore(codes, whole_file, line, start, start + size, reason, last, problem)


def _malformed(said: str) -> str:
    word = re.split(r"[\s\[]", said, maxsplit=1)[0]
    if word not in ("ignore", "ignore-file"):
        return f"driftproof has no comment {word!r}" + did_you_mean(word, ("ignore", "ignore-file"))
    if said[len(word) :].lstrip().startswith("["):
        return f"{word} has no closing bracket; write {word}[DP101]"
    return f"{word} names no rule; write {word}[DP101]"


def apply(
    ignores: Sequence[Ignore],
    diagnostics: Iterable[Diagnostic],
    statement_spans: Sequence[tuple[int, int]],
    source: Source,
    canonical: Callable[[str], str | None],
    active: Container[str] | None = None,
) -> tuple[list[Diagnostic], list[Ignore]]:
    """The diagnostics that no ignore covers, and the ignores that cover nothing.

    ``canonical`` turns a rule's code or name into its code, and any other word into None. An ignore of which only some
    codes are of no use comes back with just these. Where ``active`` are the codes of the rules that ran, ignores of
    other rules are not held to be unused.
    """
    if not ignores:
        return list(diagnostics), []
    lines = [
        (source.position(start).line, source.position(max(start, end - 1)).line, start, end)
        for start, end in statement_spans
    ]
    reach = [_Reach(ignore, lines, canonical) for ignore in ignores]
    kept = []
    for diagnostic in diagnostics:
        covering = [one for one in reach if one.covers(diagnostic)]
        for one in covering:
            one.used.add(diagnostic.code)
        if not covering:
            kept.append(diagnostic)
    return kept, [unused for one in reach if (unused := one.unused(active)) is not None]


class _Reach:
    """What one ignore comment covers, and which of its codes have been of use."""

    def __init__(
        self, ignore: Ignore, lines: Sequence[tuple[int, int, int, int]], canonical: Callable[[str], str | None]
    ) -> None:
        self.ignore = ignore
        self.codes = {word: canonical(word) for word in ignore.codes}
        self.used: set[str] = set()
        self.statements = [
            (start, end) for first, last, start, end in lines if first <= ignore.last and ignore.line <= last
        ]

    def covers(self, diagnostic: Diagnostic) -> bool:
        if diagnostic.code not in self.codes.values():
            return False
        if self.ignore.whole_file:
            return True
        if diagnostic.span.start.line <= self.ignore.last and self.ignore.line <= diagnostic.span.end.line:
            return True
        at = (diagnostic.statement or diagnostic.span).start.offset
        return any(start <= at < end for start, end in self.statements)

    def unused(self, active: Container[str] | None) -> Ignore | None:
        if self.ignore.problem is not None:
            return self.ignore
        useless = tuple(
            word
            for word, code in self.codes.items()
            if code is None or (code not in self.used and (active is None or code in active))
        )
        if not useless:
            return None
        unknown = next((word for word in useless if self.codes[word] is None), None)
        problem = None if unknown is None else f"no rule is called {unknown!r}: this comment suppresses nothing"
        return msgspec.structs.replace(self.ignore, codes=useless, problem=problem)
