"""Independent pieces of work on all processors: forked processes, whose answers come back in the order of the work."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
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
    count = min(_processors() - 1, len(items) - 1, (sum(sizes) - max(sizes, default=0)) // _WORTH)
    if count < 1 or not hasattr(os, "fork"):
        return [work(item) for item in items]
    largest_first = sorted(range(len(items)), key=lambda at: -sizes[at])
    pieces = [largest_first[at::_MOST_PIECES] for at in range(min(len(items), _MOST_PIECES))]
    # Whoever is free takes the next byte out of the pipe, until it is empty.
    queue, filling = os.pipe()
    os.write(filling, bytes(range(len(pieces))))
    os.close(filling)

    def share() -> Iterator[tuple[int, Answer]]:
        while piece := os.read(queue, 1):
            for at in pieces[piece[0]]:
                yield at, work(items[at])

    helpers = [_forked(lambda: msgspec.msgpack.encode(list(share()))) for _ in range(count)]
    try:
        answers = dict(share())
    finally:
        os.read(queue, _MOST_PIECES)  # behind an error nothing more is begun
        os.close(queue)
        told = [_told(process, pipe) for process, pipe in helpers]
    for data in filter(None, told):
        answers.update(msgspec.msgpack.decode(data, type=list[tuple[int, answer]]))  # type: ignore[valid-type]
    return [answers[at] if at in answers else work(item) for at, item in enumerate(items)]


def _processors() -> int:
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
