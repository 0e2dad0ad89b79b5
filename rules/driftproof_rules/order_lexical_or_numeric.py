"""Migrations run in another order than their numbers say.

## What it does

Finds a migration that is run before one with a smaller number, because the tool compares names letter by letter: `10`
comes before `9`. And one whose date stands before that of an earlier day, because the two are written with a different
number of digits: `20240301` is less than `20230101120000` to a tool that counts.

Where no tool is known, it is said as information: a shell's `*.sql` has `10` before `9`, a natural order has not.

## Why it matters

A new database runs the files in an order that nobody has tried: what a migration needs is not there yet.

## Example

    9_orders.sql
    10_items.sql    -- refers to orders, and is run before it

## Instead

Numbers of the same width: `0009_orders.sql`, `0010_items.sql`; or stamps of 14 digits.

## Fix safety

There is no automatic fix: a new name is a new migration where the old one is applied.
"""

from collections.abc import Iterator

from driftproof import Diagnostic, History, Rule, Severity, bad, good, name_of, out_of_order


def _check(rule: Rule, history: History) -> Iterator[Diagnostic]:
    tool = history.framework
    for migration, other in out_of_order(history):
        if tool.guessed:
            message = f"read behind {name_of(other)}, by its number: a shell's *.sql has it before"
            yield rule.about(migration.source, message, severity=Severity.INFO)
            continue
        how = "counts" if tool.order == "number" else "compares letter by letter"
        yield rule.about(migration.source, f"it is run before {name_of(other)}: {tool.title} {how}")


_SQL = "CREATE TABLE items (id bigint);\n"
_OTHER = "CREATE TABLE orders (id bigint);\n"

rule = Rule(
    code="DP903",
    name="order-lexical-or-numeric",
    summary="Migrations run in another order than their numbers say",
    severity=Severity.WARNING,
    on_history=_check,
    cases=(
        bad(
            _SQL,
            name="10_items.sql",
            beside={"9_orders.sql": _OTHER},
            framework="supabase",
            why="as text, 1 comes before 9",
            line=1,
            certainty=None,
        ),
        bad(
            _SQL,
            name="20240301_items.sql",
            beside={"20230101120000_orders.sql": _OTHER},
            framework="goose",
            why="a date without its time is the smaller number",
            line=1,
            certainty=None,
        ),
        bad(
            _SQL,
            name="10_items.sql",
            beside={"9_orders.sql": _OTHER},
            why="it depends on who sorts",
            line=1,
            certainty=None,
        ),
        good(_SQL, name="10_items.sql", beside={"9_orders.sql": _OTHER}, framework="goose", why="goose counts"),
        good(
            _SQL,
            name="0010_items.sql",
            beside={"0009_orders.sql": _OTHER},
            framework="dbmate",
            why="of the same width, both orders are one",
        ),
        good(
            _SQL,
            name="20240301_items.sql",
            beside={"20230101120000_orders.sql": _OTHER},
            framework="atlas",
            why="letter by letter, the earlier day comes first",
        ),
    ),
)
