"""A new migration stands before one that the main branch has.

## What it does

Finds migrations that git's main branch does not have, and that come, in the order of their tool, before one that it
has, or has got since this branch left it. (Drizzle's order for this is `when` in its journal.) Repeatable migrations
are passed.

## Why it matters

Where the later one is applied already, it depends on the tool what becomes of the new one: some skip it without a word,
so that it is never applied; others refuse to go on. Of those that apply it all the same it is said as information: new
databases run the two in the other order.

## Example

    -- on main: 3_items.sql
    2_orders.sql

## Instead

A later version than all that the main branch has.

## Fix safety

There is no automatic fix: it takes another name.
"""

from collections.abc import Iterator

from driftproof import Diagnostic, History, Rule, Severity, bad, good, late

_SAYS = {
    "skipped without a word": "{tool} never runs it where that is applied",
    "refused": "{tool} refuses to go on where that is applied",
    "applied": "databases that have run that get it afterwards, new ones before",
}


def _check(rule: Rule, history: History) -> Iterator[Diagnostic]:
    for found in late(history):
        said = _SAYS[found.older].format(tool=history.framework.title)
        severity = Severity.INFO if found.older == "applied" else None
        message = f"new, but it comes before {found.last}, which {found.branch} has: {said}"
        yield rule.about(found.migration.source, message, severity=severity, help="give it a later version")


_SQL = "CREATE TABLE orders (id bigint);\n"
_LATER = "CREATE TABLE items (id bigint);\n"

rule = Rule(
    code="DP905",
    name="older-migration-added",
    summary="A new migration stands before one that the main branch has",
    severity=Severity.WARNING,
    on_history=_check,
    cases=(
        bad(
            _SQL,
            name="2_orders.up.sql",
            beside={"3_items.up.sql": _LATER},
            main={"3_items.up.sql": _LATER},
            framework="golang-migrate",
            why="it keeps the last version only, and goes on from there",
            line=1,
            certainty=None,
        ),
        bad(
            _SQL,
            name="20250101000000_orders.sql",
            beside={"20250102000000_items.sql": _LATER},
            main={"20250102000000_items.sql": _LATER},
            framework="supabase",
            why="the CLI refuses without --include-all",
            line=1,
            certainty=None,
        ),
        bad(
            _SQL,
            name="2_orders.sql",
            beside={"3_items.sql": _LATER},
            main={"3_items.sql": _LATER},
            framework="sqlx",
            why="it is applied, in another order than in a new database",
            line=1,
            certainty=None,
        ),
        good(
            _SQL,
            name="4_orders.up.sql",
            beside={"3_items.up.sql": _LATER},
            main={"3_items.up.sql": _LATER},
            framework="golang-migrate",
            why="it comes last",
        ),
        good(
            _SQL,
            name="2_orders.up.sql",
            beside={"3_items.up.sql": _LATER},
            main={},
            framework="golang-migrate",
            why="the later one is new as well",
        ),
    ),
)
