"""A failed migration for people: its place in the file, the line, the server's words."""

import re
from typing import TYPE_CHECKING

from driftproof.report import printable
from driftproof.report.frame import frame, visible
from driftproof.report.terminal import BLUE, BOLD, RED, Paint

if TYPE_CHECKING:
    from driftproof.history import Migration
    from driftproof.runner.execute import Outcome

_WORD = re.compile(r'"(?:[^"]|"")*"|[\w$.]+|.')


def failure(migration: "Migration", outcome: "Outcome", paint: Paint) -> list[str]:
    """The lines that tell a failure: where, SQLSTATE and message, the source with a mark, and what the server adds."""
    path = visible(printable(migration.path))
    said = f"{paint(outcome.sqlstate or 'error', RED)} {visible(outcome.message or 'the server gave no reason')}"
    margin = " "
    if outcome.at is None:
        lines = [f"{paint(path, BOLD)}: {said} (not in a statement: at the commit, or where the migration is recorded)"]
    else:
        at = migration.source.position(outcome.at)
        line = migration.source.line(at.offset)
        word = _WORD.match(line, at.column - 1)
        shown, mark = frame(line, at.column - 1, word.end() if word else at.column)
        margin = " " * (len(str(at.line)) + 1)
        bar = margin + paint("|", BLUE)
        lines = [
            f"{paint(f'{path}:{at.line}:{at.column}', BOLD)}: {said}",
            bar,
            f"{paint(str(at.line), BLUE)} {paint('|', BLUE)} {shown}".rstrip(),
            f"{bar} {paint(mark, RED)}",
        ]
    for label, text in (("detail", outcome.detail), ("hint", outcome.hint), ("context", outcome.context)):
        if text:
            first, *more = text.splitlines()
            lines.append(f"{margin}{paint('=', BLUE)} {paint(f'{label}:', BOLD)} {visible(first)}")
            lines += [f"{margin}  {visible(line)}" for line in more]
    return lines
