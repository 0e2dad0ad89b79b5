"""The orders in which tools run files."""

import re

_DIGITS = re.compile(r"(\d+)")
_UNICODE_PUNCTUATION = "_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"


def natural(name: str) -> list[tuple[int, int, str]]:
    """``9_x`` before ``10_x``."""
    parts = _DIGITS.split(name)
    return [(0, int(part), "") if at % 2 else (1, 0, part) for at, part in enumerate(parts)]


def dotted(version: str) -> tuple[int, ...]:
    """``1.9`` before ``1.10``; a zero at the end makes no difference."""
    parts = [int(part) for part in version.split(".")]
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def milliseconds(stamp: str) -> int:
    """The milliseconds since 1970 of a time that is written as 14 digits, in UTC; -1 if it is none."""
    from datetime import UTC, datetime

    try:
        return int(datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp()) * 1000
    except ValueError:
        return -1


def locale(name: str) -> tuple[list[tuple[int, int]], str]:
    """As localeCompare does for plain names: punctuation before digits before letters, whose case comes last."""
    return [_rank(letter) for letter in name], name.swapcase()


def _rank(letter: str) -> tuple[int, int]:
    at = _UNICODE_PUNCTUATION.find(letter)
    if at >= 0:
        return 0, at
    return (1, ord(letter)) if letter.isdigit() else (2, ord(letter.lower()[0]))
