"""Histories made of texts, for tests."""

from pathlib import Path

import msgspec

from driftproof.analysis import Analysis, analyse
from driftproof.diagnostic import Certainty
from driftproof.history import History, RunMode, named
from driftproof.rerun import Rerun
from driftproof.rule import Case, Rule, load_rules

RULES = load_rules()


def history_of(*texts: str | bytes, framework: str = "plain", mode: str | None = None) -> History:
    """A history of these migrations in this order; the last one is named. ``mode`` is that of a tool that is sure to
    run them so."""
    chosen = named(framework)
    if mode is not None:
        chosen = msgspec.structs.replace(chosen, run_mode=RunMode(mode), mode=None, guessed=False)
    migrations = tuple(
        chosen.migration(index, Path(f"{index}.sql"), text.encode() if isinstance(text, str) else text)
        for index, text in enumerate(texts)
    )
    return History(chosen, migrations, frozenset({len(texts) - 1}))


def check(*texts: str | bytes, framework: str = "plain", rerun: Rerun = Rerun.NEVER) -> Analysis:
    """What all rules find in the last of these migrations."""
    return analyse(history_of(*texts, framework=framework), RULES, rerun=rerun)


def found(*texts: str | bytes, framework: str = "plain", rerun: Rerun = Rerun.NEVER) -> list[str]:
    """The findings in the last of these migrations, one line each: ``line certainty sqlstate kind object``."""
    return [
        f"{item.span.start.line} {item.certainty} {item.sqlstate} {item.object.kind} {item.object}"
        for item in check(*texts, framework=framework, rerun=rerun).diagnostics
        if item.object is not None
    ]


def history_of_case(case: Case) -> History:
    """The history that a rule's case is about."""
    return history_of(*case.earlier, case.sql, mode=case.mode, framework=case.framework)


def rerun_of(rule: Rule) -> Rerun:
    """When a second run is looked at in the cases of a rule: in those of the rules that are about it."""
    return Rerun.ALWAYS if any(case.certainty is Certainty.RERUN for case in rule.cases) else Rerun.NEVER
