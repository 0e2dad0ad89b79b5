"""A migration that the main branch has is gone, or has another name.

## What it does

Compares the directory with that of git's main branch (where this branch left it), and finds the migrations that are not
there any more. One whose text has another name now is said to be renamed; where the tool knows migrations by their
versions and that is the same, nothing is said.

## Why it matters

What is on the main branch is taken to be applied somewhere. Many tools refuse to go on where they find an applied
migration missing; to the others a renamed one is new, and they run it again, over its own effects.

## Example

    git mv V1__orders.sql V2__orders.sql

## Instead

Leave applied migrations as they are, and undo what they did in a new one.

## Fix safety

There is no automatic fix.
"""

from collections.abc import Iterator

from driftproof import Diagnostic, History, Rule, Severity, bad, gone, good, name_of


def _check(rule: Rule, history: History) -> Iterator[Diagnostic]:
    tool = history.framework
    for found in gone(history):
        had = f"{found.branch} has it as {name_of(found.source)}"
        if found.now is None:
            yield rule.about(found.source, f"{found.branch} has this migration, and it is gone: {tool.removed}")
        elif found.same_text and found.same_version:
            yield rule.about(found.now.source, f"{had}: {tool.renamed}")
        elif found.same_version:
            yield rule.about(found.now.source, f"{had}, with another text: {tool.renamed or tool.edited}")
        else:
            message = f"{had}: to {tool.title} this is a new migration, and of the old one: {tool.removed}"
            yield rule.about(found.now.source, message)


_SQL = "CREATE TABLE orders (id bigint);\n"
_OTHER = "CREATE TABLE items (id bigint);\n"

rule = Rule(
    code="DP906",
    name="applied-migration-removed",
    summary="A migration that the main branch has is gone, or has another name",
    severity=Severity.WARNING,
    on_history=_check,
    cases=(
        bad(
            _SQL,
            name="2_orders.sql",
            main={"1_items.sql": _OTHER, "2_orders.sql": _SQL},
            framework="sqlx",
            why="it is applied somewhere, and missed there",
            line=1,
            certainty=None,
        ),
        bad(
            _SQL,
            name="20250102000000_orders.sql",
            main={"20250101000000_orders.sql": _SQL},
            framework="supabase",
            why="another version is another migration",
            line=1,
            certainty=None,
        ),
        bad(
            _SQL,
            name="V1__all_orders.sql",
            main={"V1__orders.sql": _SQL},
            framework="flyway",
            why="Flyway compares names too",
            line=1,
            certainty=None,
        ),
        bad(
            _OTHER,
            name="20250101000000_items.sql",
            main={"20250101000000_orders.sql": _SQL},
            framework="supabase",
            why="its version is applied with another text",
            line=1,
            certainty=None,
        ),
        good(
            _SQL,
            name="20250101000000_all_orders.sql",
            main={"20250101000000_orders.sql": _SQL},
            framework="supabase",
            why="the CLI knows it by its version",
        ),
        good(
            _SQL,
            name="1_orders.sql",
            main={"1_orders.sql": _SQL, "notes.sql": "SELECT 1;\n"},
            framework="sqlx",
            why="what is gone was no migration",
        ),
    ),
)
