"""Histories are looked at by several processes: the answers are the same, whoever gives them."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import pytest

from driftproof import processes
from driftproof.processes import spread

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Project

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows can't fork: one process does it all")
ENOUGH = 10_000_000
HERE = os.getpid()


@pytest.fixture(autouse=True)
def three_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_processors", lambda: 3)


def test_answers_come_in_the_order_of_the_work() -> None:
    items = list(range(700))
    assert spread(str, items, [ENOUGH] * 700, str) == [str(item) for item in items]


def test_several_processes_work_at_the_same_time(tmp_path: Path) -> None:
    def who(_item: int) -> int:
        (tmp_path / str(os.getpid())).touch()
        patience = time.monotonic() + 30
        while len(list(tmp_path.iterdir())) < 3 and time.monotonic() < patience:
            time.sleep(0.01)
        return os.getpid()

    assert len(set(spread(who, [1, 2, 3], [ENOUGH] * 3, int))) == 3


def test_what_takes_no_longer_than_a_process_is_done_here() -> None:
    assert spread(lambda _item: os.getpid(), [1, 2, 3], [ENOUGH, 10, 10], int) == [HERE] * 3


def test_no_process_is_made_that_finds_nothing_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    forked: list[int] = []

    def fork(fork: Callable[[], int] = os.fork) -> int:
        forked.append(fork())
        return forked[-1]

    monkeypatch.setattr(processes, "_processors", lambda: 64)
    monkeypatch.setattr(os, "fork", fork)
    assert spread(str, [1, 2], [ENOUGH, ENOUGH], str) == ["1", "2"]
    assert len(forked) == 1


def test_what_a_process_does_not_answer_is_done_here() -> None:
    def only_here(item: int) -> int:
        time.sleep(0.05)
        return item if os.getpid() == HERE else os._exit(7)

    assert spread(only_here, [1, 2, 3, 4], [ENOUGH] * 4, int) == [1, 2, 3, 4]


def test_an_error_is_raised_here() -> None:
    def fails(item: int) -> int:
        time.sleep(0.05)
        return 12 // item

    with pytest.raises(ZeroDivisionError):
        spread(fails, [0, 1, 2], [ENOUGH, 1, 2 * ENOUGH], int)


@pytest.mark.parametrize(
    "options", [("--format", "json"), ("--diff",), ("--fix", "-q")], ids=lambda options: options[0]
)
def test_the_bytes_are_the_same_on_any_number_of_processes(
    project: Project, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    monkeypatch.setattr(processes, "_WORTH", 1)
    files = [project.root / f"{name}/supabase/migrations/{project.name}" for name in ("one", "two", "three", "four")]
    outcomes = []
    for count in (1, 2, 3):
        for file in files:
            project.write(str(file), project.bad.replace("integrations", file.parents[2].name))
        monkeypatch.setattr(processes, "_processors", lambda count=count: count)
        result = project.run("check", *options)
        outcomes.append((result, [file.read_bytes() for file in files]))
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert outcomes[0][0].status == (0 if "--fix" in options else 1)
