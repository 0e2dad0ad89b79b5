"""Small histories of migrations over a small pool of names, so that statements collide.

The files of ``productions/`` hold the productions: a heading in brackets, then one alternative a line, ``{name}`` standing for
another production; the simplest alternative comes first (hypothesis shrinks towards it). A heading ``[theme NAME]`` is of
statements that a history can be about. The columns ``a``, ``b`` and ``d`` are integers and ``c`` is a text wherever they
stand, so that what fails, fails for what is there and not for its type.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from hypothesis import strategies as st

Migrations = tuple[tuple[str, ...], ...]
"""A history: the statements of each file."""

_FILES = Path(__file__).with_name("productions")
_NOTHING = "(nothing)"
_HOLE = re.compile(r"\{([^{}]+)\}")


def _read() -> dict[str, list[str]]:
    """For each heading of the grammar's files, ``theme`` and all, the lines below it."""
    productions: dict[str, list[str]] = {}
    for path in sorted(_FILES.glob("*.txt")):
        for line in path.read_text().splitlines():
            if line.startswith("["):
                productions[line[1:-1]] = lines = []
            elif line and not line.startswith("#"):
                lines.append("" if line == _NOTHING else line)
    return productions


_PRODUCTIONS = _read()

THEMES = tuple(sorted(name.removeprefix("theme ") for name in _PRODUCTIONS if name.startswith("theme ")))
"""What histories are about."""

GRAMMAR: dict[str, list[list[str]]] = {
    name.removeprefix("theme "): [_HOLE.split(line) for line in lines] for name, lines in _PRODUCTIONS.items()
}
"""For each production its alternatives: text and the names of productions in turn."""

Pick = Callable[[int], int]
"""Chooses a number below the one that it is given."""


def expand(pick: Pick, name: str) -> str:
    """A text of one production."""
    alternatives = GRAMMAR[name]
    parts = alternatives[pick(len(alternatives))]
    return "".join(expand(pick, part) if at % 2 else part for at, part in enumerate(parts))


def history(pick: Pick, themes: Sequence[str] = THEMES) -> Migrations:
    """A file of what stands before, perhaps another, then the one that is duelled over, about up to three themes."""
    chosen = [themes[pick(len(themes))] for _ in range(1 + pick(3))]
    start = [expand(pick, "first t"), expand(pick, "first u"), *(expand(pick, "start") for _ in range(pick(6)))]
    statements = [expand(pick, chosen[pick(len(chosen))]) for _ in range(1 + pick(8))]
    cut = pick(len(statements))
    return tuple(file for file in (tuple(start), tuple(statements[:cut]), tuple(statements[cut:])) if file)


_BELOW = {size: st.integers(0, size - 1) for size in range(1, 1 + max(len(lines) for lines in GRAMMAR.values()))}


@st.composite
def histories(draw: st.DrawFn, themes: Sequence[str] = THEMES) -> Migrations:
    """Histories as hypothesis draws and shrinks them."""
    return history(lambda size: draw(_BELOW[size]), themes)
