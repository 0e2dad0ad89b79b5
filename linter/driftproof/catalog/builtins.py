"""Types and functions of pg_catalog, as PostgreSQL 18 has them: what always exists.

The lists beside this module come from ``SELECT typname FROM pg_type`` (with the serial types, which are none) and
``SELECT proname FROM pg_proc``; tests/catalog/test_builtins.py asks the server.
"""

from functools import cache
from pathlib import Path


@cache
def types() -> frozenset[str]:
    """The names of all base types, ranges and pseudo-types of pg_catalog."""
    return _words("builtin_types.txt")


@cache
def functions() -> frozenset[str]:
    """The names of all functions of pg_catalog."""
    return _words("builtin_functions.txt")


def _words(name: str) -> frozenset[str]:
    return frozenset(Path(__file__).with_name(name).read_text().split())
