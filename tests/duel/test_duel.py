"""A duel between PostgreSQL and the catalog over histories that hypothesis makes up.

The law: replayed on an empty database, each statement under a savepoint so that one that fails has no effects,

- every statement that is claimed to fail always fails, with that SQLSTATE;
- every statement that fails with an SQLSTATE of `MODELLED` is known to fail, but for those of which the catalog says
  that it can't know.
"""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.duel.cases import CASES
from tests.duel.grammar import SETTLED, histories
from tests.duel.referee import Migrations, disagreements, replay, split


def _hold(connection: Any, history: Migrations) -> None:
    found = disagreements(history, replay(connection, history))
    assert not found, "\n".join(map(str, found))


@pytest.mark.parametrize("case", CASES)
def test_what_was_found_before(connection: Any, case: str) -> None:
    _hold(connection, split(case))


def test_no_disagreement(connection: Any, request: pytest.FixtureRequest) -> None:
    @seed(request.config.getoption("duel_seed"))
    @settings(
        max_examples=request.config.getoption("duel_examples"),
        database=None,
        derandomize=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
    )
    @given(histories(SETTLED))
    def duel(history: Migrations) -> None:
        _hold(connection, history)

    duel()
