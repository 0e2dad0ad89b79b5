"""Printing: what was found, for people and for programs. The same report gives the same bytes."""

from collections.abc import Iterator, Mapping

import msgspec

from driftproof.diagnostic import Applicability, Diagnostic, Severity
from driftproof.source import Source


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a run found, ordered by path, offset and code.

    ``sources`` are the texts that the diagnostics point into, by path; ``fixed`` is how many fixes were made (None:
    none were asked for), or, in a ``dry`` run, would be; ``unsafe`` says that unsafe fixes are asked for too. ``least``
    is the rank of the least severity that fails the run, and is fixed, by path (none given: all are). ``notes`` are to
    be known of what the findings rest on.
    """

    diagnostics: tuple[Diagnostic, ...]
    files: int
    statements: int
    sources: Mapping[str, Source]
    fixed: int | None = None
    dry: bool = False
    unsafe: bool = False
    least: Mapping[str, int] = {}
    notes: tuple[str, ...] = ()

    def fixable(self, diagnostic: Diagnostic) -> bool:
        """Whether ``--fix`` would fix it, as this run was called."""
        if diagnostic.fix is None or not self._asked_for(diagnostic):
            return False
        return diagnostic.fix.applicability.asked_for(self.unsafe)

    def only_unsafe(self, diagnostic: Diagnostic) -> bool:
        """Whether it is ``--unsafe-fixes`` that would fix it."""
        fix = diagnostic.fix
        return fix is not None and fix.applicability is Applicability.UNSAFE and self._asked_for(diagnostic)

    def _asked_for(self, diagnostic: Diagnostic) -> bool:
        return diagnostic.severity.rank >= self.least.get(diagnostic.path, 0)

    def counts(self) -> Iterator[tuple[Severity, int]]:
        """How many diagnostics of each severity that occurs, the worst first."""
        for severity in (Severity.ERROR, Severity.WARNING, Severity.INFO):
            count = sum(diagnostic.severity is severity for diagnostic in self.diagnostics)
            if count:
                yield severity, count


def in_order(diagnostic: Diagnostic) -> tuple[str, int, str, int, str]:
    """The key by which diagnostics are sorted: path, offset, code."""
    span = diagnostic.span
    return diagnostic.path, span.start.offset, diagnostic.code, span.end.offset, diagnostic.message


def printable(path: str) -> str:
    """A path as UTF-8 can hold it: bytes that are no text become U+FFFD."""
    return path if path.isascii() else path.encode(errors="surrogateescape").decode(errors="replace")


def counted(number: int, word: str) -> str:
    """So many of them: ``1 file``, ``2 files``."""
    return f"{number} {word}" if number == 1 or word == "info" else f"{number} {word}s"
