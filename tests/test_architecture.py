"""Arrows point one way: which room may know which."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "linter" / "driftproof"
# For each room (a package or a module), those whose names it must not import, not even inside a function.
FORBIDDEN = {
    "gaps.py": ["driftproof"],
    "source.py": ["driftproof.history", "driftproof.syntax", "driftproof.catalog", "driftproof.statements"],
    "objects.py": ["driftproof"],
    "diagnostic.py": ["driftproof.syntax", "driftproof.catalog", "driftproof.rule"],
    "statements": ["driftproof.syntax", "driftproof.catalog", "driftproof.rule", "pglast"],
    "history": ["driftproof.syntax", "driftproof.catalog", "driftproof.rule", "pglast"],
    "syntax": ["driftproof.catalog", "driftproof.rule", "driftproof.fix", "driftproof.report", "driftproof.runner"],
    "catalog": [
        "driftproof.syntax",
        "driftproof.rule",
        "driftproof.fix",
        "driftproof.report",
        "driftproof.runner",
        "pglast",
    ],
    "evidence": ["driftproof.rule", "driftproof.report", "driftproof.runner", "driftproof.cli", "pglast"],
    "schema": ["driftproof.rule", "driftproof.report", "driftproof.runner", "driftproof.cli", "pglast"],
    "edits.py": ["driftproof.syntax", "driftproof.catalog", "driftproof.rule", "pglast"],
    "rule.py": ["driftproof.fix", "driftproof.report", "driftproof.runner", "driftproof.cli"],
    "analysis.py": ["driftproof.fix", "driftproof.report", "driftproof.runner", "driftproof.cli"],
    "report": ["driftproof.cli", "pglast"],
    "runner": ["driftproof.cli", "driftproof.rule"],
    ".": ["driftproof_rules"],
}


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports when it runs; what only type checkers read is left aside."""
    tree = ast.parse(path.read_text())
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("room", FORBIDDEN)
def test_a_room_knows_only_what_lies_below_it(room: str) -> None:
    place = ROOT / room
    files = [place] if place.is_file() else sorted(place.rglob("*.py"))
    assert files
    for path in files:
        for module in imports(path):
            for forbidden in FORBIDDEN[room]:
                assert not (module + ".").startswith(forbidden + "."), f"{path.relative_to(ROOT)} imports {module}"
