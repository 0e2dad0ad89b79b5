"""What a fix promises, held over histories that hypothesis makes up: every statement of the fixed file runs where the
file ran before, a second run fails nowhere that nothing is said of, and a second fix changes nothing."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from driftproof.analysis import analyse
from driftproof.diagnostic import Certainty
from driftproof.fix.apply import fix_history
from driftproof.fixing import Fixing, Style
from driftproof.history import History
from driftproof.rerun import Rerun
from tests.duel.grammar import THEMES, histories
from tests.duel.referee import Migrations, replay, smooth, statements_of
from tests.histories import RULES, history_of


def _written(file: Sequence[str]) -> str:
    return "".join(f"{sql};\n" for sql in file)


def _fixed(history: History, style: Style) -> History:
    after, _ = fix_history(history, RULES, lambda items: items, unsafe=False, rerun=Rerun.ALWAYS, fixing=Fixing(style))
    return after


def _surprises(history: History, second: list[str | None]) -> bool:
    """Whether nothing is said of the first statement that fails in a second run; of later ones it may be said before."""
    said = {
        item.statement.index
        for item in analyse(history, RULES, rerun=Rerun.ALWAYS).diagnostics
        if item.statement is not None and item.certainty is Certainty.RERUN
    }
    return next((index not in said for index, code in enumerate(second) if code), False)


@pytest.mark.parametrize("style", Style)
def test_a_fixed_file_runs_and_runs_again(connection: Any, request: pytest.FixtureRequest, style: Style) -> None:
    named = request.config.getoption("duel_themes")

    @seed(request.config.getoption("duel_seed"))
    @settings(
        max_examples=request.config.getoption("duel_examples") // 3,
        database=None,
        derandomize=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
    )
    @given(histories(tuple(named.split(",")) if named else THEMES))
    def holds(made: Migrations) -> None:
        through = smooth(made, replay(connection, made))
        if not through:
            return
        *earlier, last = [_written(file) for file in through]
        after = _fixed(history_of(*earlier, last), style)
        text = after.migrations[-1].source.data.decode()

        again = _fixed(after, style)
        assert again.migrations[-1].source.data.decode() == text, text

        file = statements_of(text)
        *_, first, second = replay(connection, [*through[:-1], file, file])
        assert not any(first), (first, text)
        *_, unfixed = replay(connection, [*through, through[-1]])
        before = _surprises(history_of(*earlier, last), unfixed)
        assert _surprises(after, second) <= before, (second, text)

    holds()
