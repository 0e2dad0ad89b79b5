"""``driftproof explain``: the page of a rule."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from driftproof.report.terminal import Paint
    from driftproof.rule import Case, Rule


@click.command()
@click.argument("rule", metavar="CODE|NAME")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
def explain(rule: str, color: str) -> int:
    """Show what a rule finds, why that matters, and examples."""
    from driftproof.config import unknown_rule
    from driftproof.report.terminal import painter, wants_colour, write_text
    from driftproof.rule import load_rules
    from driftproof.unusable import Unusable

    known = load_rules()
    found = next((one for one in known if rule in (one.code, one.name)), None)
    if found is None:
        raise Unusable(unknown_rule(rule, known))
    write_text("\n".join(_page(found, painter(wants_colour(color, sys.stdout)))) + "\n")
    return 0


def _page(rule: "Rule", paint: "Paint") -> Iterator[str]:
    from driftproof.report.terminal import BOLD

    facts = [f"severity: {rule.severity.value}"]
    if rule.sqlstates:
        facts.append(f"SQLSTATE: {', '.join(rule.sqlstates)}")
    facts.append(f"fix: {_fix(rule)}")
    facts.append("on by default" if rule.default else f"off by default; --select {rule.code} turns it on")
    yield paint(f"{rule.code} {rule.name}", BOLD)
    yield rule.summary
    yield ""
    yield from facts
    yield ""
    yield rule.page
    for title, kind in (("Reported", True), ("Not reported", False)):
        cases = [case for case in rule.cases if case.bad is kind]
        if cases:
            yield ""
            yield paint(title, BOLD)
        for case in cases:
            yield ""
            yield from _case(case)


def _fix(rule: "Rule") -> str:
    shown = [case for case in rule.cases if case.fixed is not None]
    if not shown:
        return "none"
    return "--fix" if any(not case.unsafe for case in shown) else "--fix --unsafe-fixes"


def _case(case: "Case") -> Iterator[str]:
    yield f"- {case.why}"
    for earlier in case.earlier:
        yield from _sql("an earlier migration", earlier)
    yield from _sql("this migration" if case.earlier else None, case.sql)
    if case.fixed is not None:
        yield from _sql("after --fix --unsafe-fixes" if case.unsafe else "after --fix", case.fixed)


def _sql(title: str | None, sql: str) -> Iterator[str]:
    yield ""
    if title is not None:
        yield f"    -- {title}"
    for line in sql.strip("\n").split("\n"):
        yield f"    {line}".rstrip()
