"""A duel between PostgreSQL and the catalog over histories that hypothesis makes up.

The law: replayed on an empty database, each statement under a savepoint so that one that fails has no effects,

- every statement that is claimed to fail always fails, with that SQLSTATE;
- every statement that fails with an SQLSTATE of `MODELLED` is known to fail, but for those of which the catalog says
  that it can't know.

Without the statements that fail, the history runs through. Then

- the same holds of a second run of its last file over its own effects;
- where a table that is made IF NOT EXISTS stands already without one of its columns, the first statement that fails is
  claimed to, with that SQLSTATE, and no statement before it is claimed to need the column.
"""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.duel.grammar import THEMES, histories
from tests.duel.referee import Migrations, disagreements, drifted, repeated, replay, smooth, split

CASES = [
    pytest.param(line, id=f"{path.stem}-{number}")
    for path in sorted(Path(__file__).with_name("cases").glob("*.txt"))
    for number, line in enumerate(path.read_text().splitlines(), 1)
]
"""Disagreements that the duel once found, made small: a history a line, ``||`` between its files."""


def _hold(connection: Any, history: Migrations) -> None:
    codes = replay(connection, history)
    found = disagreements(history, codes)
    assert not found, "\n".join(map(str, found))
    through = smooth(history, codes)
    found = [*repeated(connection, through), *drifted(connection, through)]
    assert not found, "\n".join([*map(str, found), *map("; ".join, through)])


@pytest.mark.parametrize("case", CASES)
def test_what_was_found_before(connection: Any, case: str) -> None:
    _hold(connection, split(case))


def test_no_disagreement(connection: Any, request: pytest.FixtureRequest) -> None:
    named = request.config.getoption("duel_themes")
    themes = tuple(named.split(",")) if named else THEMES

    @seed(request.config.getoption("duel_seed"))
    @settings(
        max_examples=request.config.getoption("duel_examples"),
        database=None,
        derandomize=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
    )
    @given(histories(themes))
    def duel(history: Migrations) -> None:
        _hold(connection, history)

    duel()
