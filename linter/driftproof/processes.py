"""Independent pieces of work on all processors: forked processes, whose answers come back in the order of the work."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import BinaryIO, TypeVar

import msgspec

Item = TypeVar("Item")
Answer = TypeVar("Answer")

_WORTH = 60_000  # bytes of SQL that take longer than a process does
_MOST_PIECES = 256  # a piece is named by one byte


def spread(
    work: Callable[[Item], Answer], items: Sequence[Item], sizes: Sequence[int], answer: type[Answer]
) -> list[Answer]:
    """``work`` of each item. ``sizes`` are bytes of SQL, ``answer`` the type that msgspec reads the answers back as.

    What a process does not answer is done here, so that an error is raised here. Other threads must not be running.
    """
    count = min(processors() - 1, len(items) - 1, (sum(sizes) - max(sizes, default=0)) // _WORTH)
    if count < 1 or not hasattr(os, "fork"):
        return [work(item) for item in items]
    queue = _Queue(sorted(range(len(items)), key=lambda at: -sizes[at]))

    def share() -> Iterator[tuple[int, Answer]]:
        for at in queue:
            yield at, work(items[at])

    helpers = [_forked(lambda: msgspec.msgpack.encode(list(share()))) for _ in range(count)]
    try:
        answers = dict(share())
    finally:
        queue.close()
        told = [_told(process, pipe) for process, pipe in helpers]
    answers.update(_decoded(told, answer))
    return [answers[at] if at in answers else work(item) for at, item in enumerate(items)]


def crew(
    worker: Callable[[Callable[[], None]], AbstractContextManager[Callable[[Item], Answer]]],
    items: Sequence[Item],
    count: int,
    answer: type[Answer],
    told: Callable[[], None],
) -> list[Answer]:
    """What workers answer to the items: up to ``count`` processes, each with a ``worker`` that it opens and closes.

    A worker is given a function; ``told`` is called here as often as the workers call that. What one that died or met
    an error did not answer is done here, so that an error is raised here. Other threads must not be running.
    """
    count = min(count, len(items))
    if count < 2 or not hasattr(os, "fork"):
        with worker(told) as work:
            return [work(item) for item in items]
    queue = _Queue(range(len(items)))
    hearing, telling = os.pipe()

    def share() -> bytes:
        os.close(hearing)  # when the main process is gone, nobody hears, and telling fails
        try:
            with worker(lambda: _tell(telling)) as work:
                answers = [(at, work(items[at])) for at in queue]
        finally:
            queue.close()
            os.close(telling)
        return msgspec.msgpack.encode(answers)

    helpers = [_forked(share) for _ in range(count)]
    os.close(telling)
    try:
        while heard := os.read(hearing, 4096):
            for _ in heard:
                told()
    except BaseException:
        for process, _ in helpers:
            os.kill(process, signal.SIGINT)
        raise
    finally:
        queue.close()
        os.close(hearing)
        answered = [_told(process, pipe) for process, pipe in helpers]
    answers = dict(_decoded(answered, answer))
    left = [at for at in range(len(items)) if at not in answers]
    if left:
        with worker(told) as work:
            answers.update((at, work(items[at])) for at in left)
    return [answers[at] for at in range(len(items))]


class _Queue:
    """Numbers in a pipe: whoever is free takes the next, until it is empty. A piece of them is named by one byte."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self._pieces = [numbers[at::_MOST_PIECES] for at in range(min(len(numbers), _MOST_PIECES))]
        self._pipe, filling = os.pipe()
        os.write(filling, bytes(range(len(self._pieces))))
        os.close(filling)

    def __iter__(self) -> Iterator[int]:
        while piece := os.read(self._pipe, 1):
            yield from self._pieces[piece[0]]

    def close(self) -> None:
        """Take all that is left: behind an error nothing more is begun."""
        os.read(self._pipe, _MOST_PIECES)
        os.close(self._pipe)


def _tell(pipe: int) -> None:
    os.write(pipe, b".")


def _decoded(told: Sequence[bytes | None], answer: type[Answer]) -> Iterator[tuple[int, Answer]]:
    for data in filter(None, told):
        yield from msgspec.msgpack.decode(data, type=list[tuple[int, answer]])  # type: ignore[valid-type]


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _forked(work: Callable[[], bytes]) -> tuple[int, BinaryIO]:
    """A process that does the work and ends, and where its bytes come out; it ends badly if the work raises."""
    reading, writing = os.pipe()
    if process := os.fork():
        os.close(writing)
        return process, open(reading, "rb")  # noqa: PTH123
    status = 1
    try:
        with open(writing, "wb") as pipe:  # noqa: PTH123
            pipe.write(work())
        status = 0
    finally:
        os._exit(status)  # nothing of the parent is cleaned up or flushed twice


def _told(process: int, pipe: BinaryIO) -> bytes | None:
    """What the process has answered when it has ended; None if it ended badly."""
    with pipe:
        data = pipe.read()
    return data if os.waitpid(process, 0)[1] == 0 else None
