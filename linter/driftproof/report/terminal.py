"""Writing to standard output and standard error: colour where a person looks on, bytes as they are meant elsewhere."""

import os
import sys
from collections.abc import Callable
from typing import TextIO

Paint = Callable[[str, str], str]
"""Gives a text a style: ``paint("error", RED)``."""

BOLD, DIM, RED, GREEN, YELLOW, BLUE, CYAN = "1", "2", "1;31", "32", "1;33", "1;34", "36"


def wants_colour(choice: str, stream: TextIO) -> bool:
    """Whether ``stream`` gets colours: ``--color`` decides, then NO_COLOR, FORCE_COLOR, then what it is."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def painter(colour: bool) -> Paint:
    """A function that styles, or leaves, a text."""
    return (lambda text, style: f"\x1b[{style}m{text}\x1b[0m") if colour else (lambda text, style: text)


def write(data: bytes, *, to_error: bool = False) -> None:
    """Put bytes on standard output or standard error, whatever its encoding."""
    stream = sys.stderr if to_error else sys.stdout
    stream.flush()
    stream.buffer.write(data)
    stream.buffer.flush()


def write_text(text: str, *, to_error: bool = False) -> None:
    """Put text on standard output or standard error; what its encoding can't show is written as an escape."""
    encoding = (sys.stderr if to_error else sys.stdout).encoding or "utf-8"
    write(text.encode(encoding, errors="backslashreplace"), to_error=to_error)
