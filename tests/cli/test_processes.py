"""Histories are looked at by several processes: the answers are the same, whoever gives them."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from driftproof import processes
from driftproof.processes import crew, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cli.conftest import Project

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows can't fork: one process does it all")
ENOUGH = 10_000_000
HERE = os.getpid()


@pytest.fixture(autouse=True)
def three_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "processors", lambda: 3)


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

    monkeypatch.setattr(processes, "processors", lambda: 64)
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
        monkeypatch.setattr(processes, "processors", lambda count=count: count)
        result = project.run("check", *options)
        outcomes.append((result, [file.read_bytes() for file in files]))
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert outcomes[0][0].status == (0 if "--fix" in options else 1)


class Worker:
    """A worker of a crew that says what became of it."""

    def __init__(self, places: Path, fails: Callable[[int], object] = lambda item: None) -> None:
        self.places = places
        self.fails = fails

    @contextmanager
    def __call__(self, tell: Callable[[], None]) -> Iterator[Callable[[int], int]]:
        place = self.places / str(os.getpid())
        place.touch()

        def work(item: int) -> int:
            tell()
            self.fails(item)
            return item * 2

        try:
            yield work
        finally:
            place.unlink()


@pytest.mark.parametrize("count", [1, 2, 3, 64])
def test_a_crew_answers_in_the_order_of_the_work_and_is_heard(tmp_path: Path, count: int) -> None:
    heard: list[None] = []
    answers = crew(Worker(tmp_path), list(range(600)), count, int, lambda: heard.append(None))
    assert answers == [item * 2 for item in range(600)]
    assert len(heard) == 600
    assert list(tmp_path.iterdir()) == []


def test_each_of_a_crew_opens_what_it_needs_and_all_work_at_once(tmp_path: Path) -> None:
    def together(_item: int) -> None:
        patience = time.monotonic() + 30
        while len(list(tmp_path.iterdir())) < 3 and time.monotonic() < patience:
            time.sleep(0.01)
        assert str(HERE) not in {path.name for path in tmp_path.iterdir()}
        time.sleep(0.1)

    assert crew(Worker(tmp_path, together), [1, 2, 3], 3, int, lambda: None) == [2, 4, 6]


def test_what_a_killed_worker_did_not_answer_is_done_here(tmp_path: Path) -> None:
    def killed(_item: int) -> None:
        if os.getpid() != HERE:
            os.kill(os.getpid(), signal.SIGKILL)

    assert crew(Worker(tmp_path, killed), [1, 2, 3], 2, int, lambda: None) == [2, 4, 6]


def test_an_error_of_a_worker_is_raised_here_and_nothing_more_is_begun(tmp_path: Path) -> None:
    def fails(item: int) -> None:
        (tmp_path.parent / f"{tmp_path.name}-{item}").touch()
        if item == 0:
            raise ZeroDivisionError
        time.sleep(0.3)

    with pytest.raises(ZeroDivisionError):
        crew(Worker(tmp_path, fails), list(range(50)), 2, int, lambda: None)
    assert list(tmp_path.iterdir()) == []
    assert len(list(tmp_path.parent.glob(f"{tmp_path.name}-*"))) < 5


def test_an_interrupt_ends_the_crew(tmp_path: Path) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        crew(Worker(tmp_path, lambda _item: time.sleep(60)), [1, 2], 2, int, interrupted)
    assert time.monotonic() - started < 30
    assert list(tmp_path.iterdir()) == []
