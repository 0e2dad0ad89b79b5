"""Fix the named files of a history, round by round, until nothing more can be fixed."""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from driftproof.analysis import analyse
from driftproof.diagnostic import Diagnostic, Edit
from driftproof.fix.edits import apply, merge, moved
from driftproof.fixing import AS_DESIGNED, Fixing
from driftproof.history import History
from driftproof.rerun import Rerun
from driftproof.rule import Rule
from driftproof.syntax import parse
from driftproof.unusable import Unusable

_MOST_ROUNDS = 20

Wanted = Callable[[Sequence[Diagnostic]], Iterable[Diagnostic]]
"""Which of the diagnostics are to be fixed."""


class FixedFile(msgspec.Struct, frozen=True):
    """A named file before and after its fixes; ``applied`` is the number of diagnostics that were fixed.

    ``rounds`` are the edits that made it, round by round; ``promised`` the diagnostics that they are for.
    """

    path: str
    before: bytes
    after: bytes
    applied: int
    rounds: tuple[tuple[Edit, ...], ...] = ()
    promised: tuple[Diagnostic, ...] = ()

    def moved(self, offset: int) -> int:
        """Where the byte at ``offset`` of the file before stands in the one after."""
        for edits in self.rounds:
            offset = moved(offset, edits)
        return offset


class FixError(Unusable):
    """A fix that would have broken a file: a bug of the rule, and nothing is written."""


def fix_history(
    history: History,
    rules: Sequence[Rule],
    wanted: Wanted,
    *,
    unsafe: bool,
    rerun: Rerun = Rerun.AUTO,
    fixing: Fixing = AS_DESIGNED,
) -> tuple[History, list[FixedFile]]:
    """The history with its named files fixed, and what became of each of them. Raises FixError.

    Only ``wanted`` diagnostics are fixed, and of their fixes the safe ones, or the unsafe ones too.
    """
    before = {index: history.migrations[index].source for index in history.named}
    applied = dict.fromkeys(history.named, 0)
    rounds: dict[int, list[tuple[Edit, ...]]] = {index: [] for index in history.named}
    promised: Sequence[Diagnostic] | None = None
    for _ in range(_MOST_ROUNDS):
        diagnostics = [
            diagnostic
            for diagnostic in wanted(analyse(history, rules, rerun=rerun, fixing=fixing, every=True).diagnostics)
            if diagnostic.fix is not None and diagnostic.fix.applicability.asked_for(unsafe)
        ]
        promised = diagnostics if promised is None else promised
        if not diagnostics:
            break
        migrations = list(history.migrations)
        for index in sorted(history.named):
            migration = migrations[index]
            fixes = [item.fix for item in diagnostics if item.path == migration.path and item.fix is not None]
            if not fixes:
                continue
            edits, made = merge(fixes)
            source = migration.source.rewritten(apply(migration.source.data, edits))
            if len(parse(source.sql).failures) > len(parse(migration.source.sql).failures):
                codes = ", ".join(sorted({item.code for item in diagnostics if item.path == migration.path}))
                raise FixError(f"{migration.path}: a fix of {codes} would break the file; please report this")
            migrations[index] = msgspec.structs.replace(migration, source=source)
            applied[index] += len(made)
            rounds[index].append(tuple(edits))
        history = msgspec.structs.replace(history, migrations=tuple(migrations))
    items: dict[str, list[Diagnostic]] = {}
    for item in promised or ():
        items.setdefault(item.path, []).append(item)
    files = [
        FixedFile(
            source.path,
            source.data,
            history.migrations[index].source.data,
            applied[index],
            tuple(rounds[index]),
            tuple(items.get(source.path, ())),
        )
        for index, source in sorted(before.items())
    ]
    return history, files
