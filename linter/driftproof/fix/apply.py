"""Fix the named files of a history, round by round, until nothing more can be fixed."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from driftproof.analysis import analyse
from driftproof.diagnostic import Diagnostic, Edit
from driftproof.edits import apply, merge, moved
from driftproof.fixing import AS_DESIGNED, Fixing
from driftproof.history import History, Migration
from driftproof.rerun import Rerun
from driftproof.rule import Rule
from driftproof.source import Source
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
    before = _asked(history)
    applied = dict.fromkeys(before, 0)
    rounds: dict[str, list[tuple[Edit, ...]]] = {path: [] for path in before}
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
        texts: dict[str, bytes] = {}
        now = _asked(history)
        for path, items in _by_path(diagnostics).items():
            edits, made = merge([item.fix for item in items if item.fix is not None])
            texts[path] = apply(now[path].data, edits)
            applied[path] += len(made)
            rounds[path].append(tuple(edits))
        migrations = tuple(_rewritten(migration, texts) for migration in history.migrations)
        for old, new in zip(history.migrations, migrations, strict=True):
            for path in _broken(old, new) if new is not old else ():
                codes = ", ".join(sorted({item.code for item in diagnostics if item.path == path}))
                raise FixError(f"{path}: a fix of {codes} would break the file; please report this")
        history = msgspec.structs.replace(history, migrations=migrations)
    after, of = _asked(history), _by_path(promised or ())
    files = [
        FixedFile(path, source.data, after[path].data, applied[path], tuple(rounds[path]), tuple(of.get(path, ())))
        for path, source in before.items()
    ]
    return history, files


def _asked(history: History) -> dict[str, Source]:
    """The files that are asked about, by their paths."""
    sources: dict[str, Source] = {}
    for index in sorted(history.named | history.backs):
        migration = history.migrations[index]
        if index in history.named:
            sources[migration.path] = migration.source
        if index in history.backs and migration.back is not None:
            sources.setdefault(migration.back.path, migration.back.source)
    return sources


def _by_path(diagnostics: Iterable[Diagnostic]) -> dict[str, list[Diagnostic]]:
    found: dict[str, list[Diagnostic]] = {}
    for item in diagnostics:
        found.setdefault(item.path, []).append(item)
    return found


def _rewritten(migration: Migration, texts: dict[str, bytes]) -> Migration:
    """A migration whose file, and whose way back, have these texts."""
    back = migration.back
    if back is not None and back.path in texts:
        back = msgspec.structs.replace(back, source=back.source.rewritten(texts[back.path]))
        migration = msgspec.structs.replace(migration, back=back)
    if migration.path in texts:
        source = migration.source.rewritten(texts[migration.path])
        migration = msgspec.structs.replace(migration, source=source)
    return migration


def _broken(old: Migration, new: Migration) -> Iterator[str]:
    """The paths of files that do not parse as they did."""
    for was, now in ((old, new), (old.back, new.back)):
        if was is None or now is None or was.source is now.source:
            continue
        if len(parse(now.source.sql).failures) > len(parse(was.source.sql).failures):
            yield now.path
