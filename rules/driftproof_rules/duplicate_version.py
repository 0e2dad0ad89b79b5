"""Two migrations have the same version.

## What it does

Finds migrations whose versions the tool holds for the same as that of another one: `1` and `01` where it counts, `1`
and `1.0` for Flyway.

## Why it matters

Tools know by its version whether a migration was applied. Most refuse to start; some run only one of the two, or fail
at the second one, halfway through.

## Example

    0002_orders.sql
    0002_items.sql

## Instead

Give the one that is not yet applied anywhere a version of its own.

## Fix safety

There is no automatic fix: it takes another name.
"""

from collections.abc import Iterator

from driftproof import Diagnostic, History, Rule, bad, good, name_of, twins


def _check(rule: Rule, history: History) -> Iterator[Diagnostic]:
    for migration, other in twins(history):
        message = f"{name_of(other)} has the same version: {history.framework.twice}"
        yield rule.about(migration.source, message)


_SQL = "CREATE TABLE items (id bigint);\n"
_OTHER = "CREATE TABLE orders (id bigint);\n"

rule = Rule(
    code="DP902",
    name="duplicate-version",
    summary="Two migrations have the same version",
    on_history=_check,
    cases=(
        bad(
            _SQL,
            name="20250101000000_two.sql",
            beside={"20250101000000_one.sql": _OTHER},
            framework="supabase",
            why="the version is what stands before the name",
            line=1,
            certainty=None,
        ),
        bad(
            _SQL,
            name="2_two.up.sql",
            beside={"02_one.up.sql": _OTHER},
            framework="golang-migrate",
            why="02 and 2 are one number",
            line=1,
            certainty=None,
        ),
        bad(
            _SQL,
            name="V1_0__two.sql",
            beside={"V1__one.sql": _OTHER},
            framework="flyway",
            why="to Flyway, 1.0 is 1",
            line=1,
            certainty=None,
        ),
        good(
            _SQL,
            name="02_two.sql",
            beside={"01_one.sql": _OTHER},
            framework="goose",
            why="each has its own",
        ),
        good(
            _SQL,
            name="1700000000000_two.sql",
            beside={"1700000000000_one.sql": _OTHER},
            framework="node-pg-migrate",
            why="this tool knows a migration by its whole name",
        ),
    ),
)
