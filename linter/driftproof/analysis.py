"""Fold a history into diagnostics: parse each migration, hold each statement against the catalog, ask the rules."""

from collections.abc import Sequence

import msgspec

from driftproof.diagnostic import Diagnostic
from driftproof.history import History
from driftproof.rule import Rule


class Analysis(msgspec.Struct, frozen=True):
    """What was found in the named migrations of a history, ordered by path, offset and code."""

    diagnostics: tuple[Diagnostic, ...]
    files: int
    statements: int


def analyse(history: History, rules: Sequence[Rule]) -> Analysis:
    """The diagnostics of the named migrations, suppression comments honoured."""
    raise NotImplementedError
