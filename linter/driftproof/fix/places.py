"""Where the lines of a fix stand: behind a statement, before it, or around it. Lines are only ever added."""

import re

from driftproof.diagnostic import Edit
from driftproof.source import Source
from driftproof.statements.operations import Statement
from driftproof.syntax.parser import first_token

# The order of what is inserted at one place: what closes the block around the statement before it, the blocks that
# stand behind that statement, those that stand before the next one, and what opens the block around that.
CLOSES = -1
LAST = 10_000_000_000
OPENS = LAST + 1

# What a tool reads in a comment: where a part or a statement begins, or how the file is run.
_MARK = re.compile(
    rb"(?i)--[-> \t]*(?:\+goose|migrate:|statement-breakpoint|create above|tern:|!|liquibase|changeset|rollback|atlas:"
    rb"|(?:up|down)[ \t]+migration|no-transaction|hasura:|postgres-migrations|depends|transactional)"
)


def behind(source: Source, statement: Statement) -> tuple[int, str, str]:
    """The place behind a statement, with what parts it from what stands before and behind it: the next line, or right
    behind the semicolon if more stands on its line."""
    data = source.data
    at, rest = _end(source, statement)
    if rest:
        return at, "\n\n", "\n"
    start = _next_line(data, source.line_end(at))
    if start == len(data) and not data.endswith(b"\n"):
        return start, "\n\n", ""
    next_line = data[start : source.line_end(start)]
    return start, "\n", "\n" if next_line.strip() and start < len(data) else ""


def before(source: Source, statement: Statement) -> int:
    """The place before a statement and the comment lines right above it."""
    start = _line_start(source, statement)
    while start > 0 and start == source.line_start(start):
        above = source.line_start(start - 1)
        line = source.data[above:start].lstrip()
        if not line.startswith(b"--") or _MARK.match(line):
            break
        start = above
    return start


def lines_before(source: Source, statement: Statement, lines: list[str]) -> Edit:
    """The edit that puts lines right before a statement."""
    start = _line_start(source, statement)
    lead = "" if start == source.line_start(statement.start) else "\n"
    return Edit(start, start, _text(source, lead + "\n".join(lines) + "\n"), OPENS)


def around(source: Source, statement: Statement, ahead: list[str], after: list[str]) -> tuple[Edit, ...]:
    """The edits that put lines before a statement and behind its semicolon; one that it lacks is added."""
    data = source.data
    at, rest = _end(source, statement)
    text = "\n".join(after)
    edits = [lines_before(source, statement, ahead)]
    if data[statement.end : at].rstrip()[-1:] != b";":
        edits.append(Edit(statement.end, statement.end, ";", CLOSES - 1))
    if rest:
        edits.append(Edit(at, at, _text(source, f"\n{text}\n"), CLOSES))
        return tuple(edits)
    start = _next_line(data, source.line_end(at))
    unended = start == len(data) and not data.endswith(b"\n")
    edits.append(Edit(start, start, _text(source, f"\n{text}" if unended else f"{text}\n"), CLOSES))
    return tuple(edits)


def _end(source: Source, statement: Statement) -> tuple[int, bytes]:
    """The offset behind a statement's semicolon, and what stands on that line behind it, a comment left aside."""
    data = source.data
    semicolon = first_token(data, statement.end)
    at = semicolon + 1 if data[semicolon : semicolon + 1] == b";" else statement.end
    rest = data[at : source.line_end(at)].strip()
    return at, b"" if rest.startswith(b"--") else rest


def _next_line(data: bytes, end: int) -> int:
    return min(data.find(b"\n", end) + 1 or len(data), len(data))


def _line_start(source: Source, statement: Statement) -> int:
    """The start of a statement's line, if nothing but comments stands on it before the statement; else its own."""
    start = source.line_start(statement.start)
    if first_token(source.data, start) != statement.start and source.data[start : statement.start].strip():
        return statement.start
    return start


def _text(source: Source, text: str) -> str:
    return text.replace("\n", source.newline.decode())
