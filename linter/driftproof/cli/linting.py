"""The work of ``driftproof check``: each history is linted, and fixed, for itself."""

from collections.abc import Sequence
from functools import partial

import msgspec

from driftproof.analysis import analyse
from driftproof.cli.inputs import Job
from driftproof.config import Choice
from driftproof.diagnostic import Diagnostic
from driftproof.fix.apply import FixedFile, fix_history
from driftproof.processes import spread
from driftproof.rule import Rule, load_rules


class Linted(msgspec.Struct, frozen=True):
    """What came of a history. ``failing``: it makes the exit status 1, which takes a severity of rank ``least``."""

    diagnostics: tuple[Diagnostic, ...]
    files: int
    statements: int
    fixed: tuple[FixedFile, ...]
    failing: bool
    least: int


def lint(jobs: Sequence[Job], choice: Choice, fix: bool, unsafe: bool, fail_on: str | None) -> list[Linted]:
    """What came of each history, on as many processors as there are."""
    known = load_rules()
    # All rules are chosen before anything is looked at: a wrong name must not come up between two histories.
    chosen = [(job, job.config.rules(known, choice)) for job in jobs]
    sizes = [sum(len(migration.source.data) for migration in job.history.migrations) for job in jobs]
    return spread(partial(_lint, known, fix, unsafe, fail_on), chosen, sizes, Linted)


def _lint(
    known: Sequence[Rule], fix: bool, unsafe: bool, fail_on: str | None, item: tuple[Job, Sequence[Rule]]
) -> Linted:
    job, rules = item
    history = job.history
    fixed: list[FixedFile] = []
    failing = partial(job.config.failing, history=history, rules=known, fail_on=fail_on)
    if fix:
        # What fails no run is not rewritten: nobody asked for a guard on each old table that a new file touches.
        history, fixed = fix_history(
            history, rules, failing, unsafe=unsafe, rerun=job.config.rerun, fixing=job.config.fixing
        )
    analysis = analyse(history, rules, known, rerun=job.config.rerun, fixing=job.config.fixing)
    diagnostics = job.config.adjust(analysis.diagnostics, history, known)
    return Linted(
        diagnostics,
        analysis.files,
        analysis.statements,
        tuple(fixed),
        bool(failing(diagnostics)),
        job.config.least(fail_on),
    )
