"""Every rule's own cases on a real server: what is said to fail fails, and a fix keeps what it promises there."""

from collections.abc import Iterator

import pytest

from driftproof.analysis import analyse
from driftproof.diagnostic import Applicability
from driftproof.fix.apply import fix_history
from driftproof.rule import Case, Rule
from driftproof.runner.platforms import prepare
from driftproof.runner.proofs import FileProof, Verdict
from driftproof.runner.prove import prove
from driftproof.runner.server import Server, open_server
from tests.histories import RULES, history_of_case, rerun_of

BAD = [
    pytest.param(rule, case, id=f"{rule.code}: {case.why}")
    for rule in RULES
    for case in rule.cases
    if case.bad and case.certainty is not None
]
GOOD = [
    pytest.param(rule, case, id=f"{rule.code}: {case.why}")
    for rule in RULES
    for case in rule.cases
    # What driftproof knows nothing of is not there on an empty server.
    if not case.bad and "made_by_hand" not in case.sql and "geography" not in case.sql and "\\" not in case.sql
]


@pytest.fixture(scope="module", params=["embedded", "older"])
def each(request: pytest.FixtureRequest, server: Server) -> Iterator[Server]:
    """The embedded server; then an older one, where this machine has it."""
    if request.param == "embedded":
        yield server
        return
    with open_server(bin=request.getfixturevalue("old_programs")) as older:
        yield older


def proven(server: Server, rule: Rule, case: Case) -> FileProof:
    history = history_of_case(case)
    rerun = rerun_of(rule)
    diagnostics = analyse(history, RULES, rerun=rerun).diagnostics
    _, fixed = fix_history(history, RULES, lambda items: items, unsafe=True, rerun=rerun)
    proof, *backs = prove(history, diagnostics, server, prepare(server, None), fixed=fixed)
    assert all(back.runs for back in backs)
    if server.version < 180000 and "42601" in proof.fresh:
        pytest.skip(f"{server.description} does not know the syntax")
    if server.version < 170000 and "55P04" in proof.fresh and not case.bad:
        pytest.skip(f"{server.description} is stricter with new labels")
    return proof


@pytest.mark.parametrize(("rule", "case"), BAD)
def test_a_bad_case_fails_as_predicted_and_runs_with_its_fix(each: Server, rule: Rule, case: Case) -> None:
    file = proven(each, rule, case)

    assert file.proofs
    for proof in file.proofs:
        assert (proof.verdict, proof.detail) == (Verdict.REPRODUCED, proof.detail)
        assert (proof.fixed, proof.fixed_detail) in ((None, ""), (True, "it runs"))
        fix = proof.diagnostic.fix
        assert (proof.fixed is None) == (fix is None or fix.applicability is Applicability.DISPLAY)
        assert not proof.lacks
    assert not file.again, "a second run of a fixed file changes nothing, where it is meant to run twice"
    assert not file.differences, "a fresh database ends in the same schema with the fix and without it"


@pytest.mark.parametrize(("rule", "case"), GOOD)
def test_a_good_case_runs(each: Server, rule: Rule, case: Case) -> None:
    file = proven(each, rule, case)

    assert file.runs, file.fresh
