"""A bar on standard error for who looks on; it comes when something takes longer than a moment."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

_MOMENT = 0.5


@contextmanager
def progress(label: str, total: int) -> Iterator[Callable[[], None]]:
    """A function to call after each of ``total`` steps. Nothing is shown in a pipe, in CI or on a dumb terminal."""
    if not sys.stderr.isatty() or os.environ.get("CI") or os.environ.get("TERM") == "dumb":
        yield lambda: None
        return
    import click

    appears = time.monotonic() + _MOMENT
    waiting = 0
    with ExitStack() as stack:
        bars: list[ProgressBar[int]] = []

        def step() -> None:
            nonlocal waiting
            waiting += 1
            if not bars and time.monotonic() >= appears:
                made = click.progressbar(length=total, label=label, file=sys.stderr, show_pos=True)
                bars.append(stack.enter_context(made))
            for bar in bars:
                bar.update(waiting)
                waiting = 0

        yield step
