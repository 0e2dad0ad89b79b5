"""Every rule's own cases: what is bad is found at its line, what is good passes, and a fix keeps its promises."""

import pytest

from driftproof.analysis import analyse
from driftproof.diagnostic import Applicability
from driftproof.fix.apply import fix_history
from driftproof.rule import Case, Rule
from driftproof.syntax import parse
from tests.histories import RULES, history_of_case, rerun_of

CASES = [pytest.param(rule, case, id=f"{rule.code}: {case.why}") for rule in RULES for case in rule.cases]
FIXED = [
    pytest.param(rule, case, id=f"{rule.code}: {case.why}")
    for rule in RULES
    for case in rule.cases
    if case.bad and case.name is None
]


@pytest.mark.parametrize(("rule", "case"), CASES)
def test_the_rule_says_what_its_case_says(rule: Rule, case: Case) -> None:
    diagnostics = [
        (item.span.start.line, item.certainty)
        for item in analyse(history_of_case(case), RULES, rerun=rerun_of(rule)).diagnostics
        if item.code == rule.code
    ]

    assert diagnostics[:1] == ([(case.line, case.certainty)] if case.bad else [])


@pytest.mark.parametrize(("rule", "case"), CASES)
def test_a_good_case_is_good_for_all_rules(rule: Rule, case: Case) -> None:
    if not case.bad:
        assert analyse(history_of_case(case), RULES, rerun=rerun_of(rule)).diagnostics == ()


@pytest.mark.parametrize(("rule", "case"), FIXED)
def test_a_fix_parses_cures_and_converges(rule: Rule, case: Case) -> None:
    before = history_of_case(case)
    offered = [
        item.fix is not None
        and (
            item.fix.applicability is Applicability.SAFE
            or (case.unsafe and item.fix.applicability is Applicability.UNSAFE)
        )
        for item in analyse(before, RULES, rerun=rerun_of(rule)).diagnostics
        if item.code == rule.code
    ]

    after, [file] = fix_history(before, RULES, lambda items: items, unsafe=case.unsafe, rerun=rerun_of(rule))
    again, _ = fix_history(after, RULES, lambda items: items, unsafe=case.unsafe, rerun=rerun_of(rule))

    assert again.migrations == after.migrations, "a second run changes nothing"
    assert (file.after != file.before) == any(offered)
    if case.fixed is not None:
        assert file.after.decode() == case.fixed
    if any(offered):
        assert not parse(file.after.decode()).failures
        left = {(item.code, item.object) for item in analyse(after, RULES, rerun=rerun_of(rule)).diagnostics}
        assert left <= {
            (item.code, item.object) for item in analyse(before, RULES, rerun=rerun_of(rule)).diagnostics
        }, "nothing new"
        if all(offered):
            assert rule.code not in {code for code, _ in left}
