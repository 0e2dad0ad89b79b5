"""One line of source with a mark under a part of it, true to the cell on a terminal."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

_WIDEST = 110  # cells of source in a line; longer lines are cut
_BEFORE = 40  # cells that are shown before the mark in a line that had to be cut
_TAB = 4
_CUT = "..."
_FAR = 2 * _WIDEST  # characters on either side that are looked at
# Characters that change the direction of the text around them: source must not be able to hide behind them.
_BIDI = frozenset(map(chr, (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))))


def visible(text: str) -> str:
    """``text`` in one line, with a symbol for each control character, so that it cannot command the terminal."""
    return text if text.isascii() and text.isprintable() else "".join(map(_symbol, text))


def _symbol(char: str) -> str:
    if char < " ":
        return chr(0x2400 + ord(char))
    if char == "\x7f":
        return "\u2421"
    if "\x80" <= char < "\xa0" or char in _BIDI or char in "\u2028\u2029":
        return "\ufffd"
    return char


def _cells(char: str) -> int:
    """How many cells of a terminal a character takes."""
    if char.isascii():
        return 1
    from unicodedata import category, east_asian_width

    if category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


def _drawn(line: str) -> tuple[Sequence[str], Sequence[int]]:
    """What is shown of each character, and the cell at which it begins; at last, the cell behind them all."""
    if line.isascii() and line.isprintable():  # nearly every line
        return line, range(len(line) + 1)
    shown: list[str] = []
    at = [0]
    for char in line:
        if char == "\t":
            shown.append(" " * (_TAB - at[-1] % _TAB))
            at.append(at[-1] + len(shown[-1]))
        else:
            shown.append(_symbol(char))
            at.append(at[-1] + _cells(shown[-1]))
    return shown, at


def frame(line: str, start: int, end: int) -> tuple[str, str]:
    """The line as it is shown, and the line to put below it, which underlines the characters ``start`` to ``end``."""
    start, end = min(start, len(line)), min(end, len(line))
    if len(line) > 2 * _FAR:  # a minified dump: what is far away can't be shown anyway
        far = max(0, start - _FAR)
        return frame(line[far : start + _FAR], start - far, min(end - far, start - far + _FAR))
    shown, at = _drawn(line)
    first, last = 0, len(line)
    if at[-1] > _WIDEST:
        if at[end] > _WIDEST:
            first = bisect_left(at, at[start] - _BEFORE)
        last = bisect_right(at, at[first] + _WIDEST) - 1
    left = _CUT if first else ""
    right = _CUT if last < len(line) else ""
    stop = max(start, min(end, last))
    indent = " " * (len(left) + at[start] - at[first])
    return left + "".join(shown[first:last]) + right, indent + "^" * max(1, at[stop] - at[start])
