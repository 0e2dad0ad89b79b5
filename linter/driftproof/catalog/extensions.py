"""What well-known extensions bring, by name. Of any other one nothing is known.

The list beside this module has the types and the functions of each, and the operator classes of names that PostgreSQL
has none of; a dotted one stands in a schema of its own, the
others where the extension is put. Three dots say that there are more. What comes with PostgreSQL is held against the
server by tests/catalog/test_builtins.py; the others are from their own installation scripts.
"""

from functools import cache
from pathlib import Path

import msgspec

# What CREATE EXTENSION ... CASCADE installs as well.
REQUIRES = {"earthdistance": "cube", "index_advisor": "hypopg", "pgjwt": "pgcrypto"}


class Brought(msgspec.Struct):
    """The names of an extension's types, functions and operator classes; ``more`` says that there are others."""

    types: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    more: bool = False

    @property
    def at_large(self) -> bool:
        """Whether the others may have any name: they do not all stand in a schema of the extension's own."""
        return self.more and not (self.functions and all("." in name for name in self.functions))


UNLISTED = Brought(more=True)


@cache
def listed() -> dict[str, Brought]:
    """The extensions that are known here."""
    found: dict[str, Brought] = {}
    for line in Path(__file__).with_name("builtin_extensions.txt").read_text().splitlines():
        word, *names = line.split()
        if word.endswith(":"):
            brought = found[word[:-1]] = Brought()
        elif word == "types":
            brought.types = frozenset(names)
        elif word == "classes":
            brought.classes = frozenset(names)
        else:
            brought.functions = frozenset(names) - {"..."}
            brought.more = "..." in names
    return found
