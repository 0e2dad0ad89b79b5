"""A file that its tool never runs, because of its name.

## What it does

Finds .sql files among the migrations whose names are none that the tool runs, or that its plan or journal does not
list. Ways down, callbacks and the like are passed, and so are directories of which no tool is known.

## Why it matters

Most tools pass by such a file without a word; some refuse to start. What it was to change is missing from every
database, and what later migrations build on it fails.

## Example

    supabase/migrations/add_orders.sql

## Instead

A name that the tool runs: `supabase/migrations/20250101000000_add_orders.sql`. A file that is no migration is better
kept in another folder.

## Fix safety

There is no automatic fix: which version it is to have is for you to say.
"""

from collections.abc import Iterator

from driftproof import Diagnostic, History, Rule, Severity, bad, good, never_run


def _check(rule: Rule, history: History) -> Iterator[Diagnostic]:
    for source, why in never_run(history):
        yield rule.about(source, f"this file is never run: {why}")


_FIRST = {"20250101000000_orders.sql": "CREATE TABLE orders (id bigint);\n"}
_ADD = "ALTER TABLE orders ADD COLUMN total int;\n"

rule = Rule(
    code="DP901",
    name="name-is-ignored",
    summary="A file that its tool never runs, because of its name",
    severity=Severity.WARNING,
    on_history=_check,
    cases=(
        bad(
            _ADD,
            name="add_total.sql",
            beside={"1_orders.sql": "CREATE TABLE orders (id bigint);\n"},
            framework="goose",
            why="goose runs files whose names begin with a number",
            line=1,
            certainty=None,
        ),
        bad(
            _ADD,
            name="20250102000000a_total.sql",
            beside=_FIRST,
            framework="supabase",
            why="the CLI passes by what has a letter behind the number",
            line=1,
            certainty=None,
        ),
        bad(
            _ADD,
            name="V2_total.sql",
            beside={"V1__orders.sql": "CREATE TABLE orders (id bigint);\n"},
            framework="flyway",
            why="Flyway wants two underscores",
            line=1,
            certainty=None,
        ),
        good(_ADD, name="20250102000000_total.sql", beside=_FIRST, framework="supabase", why="the name has its form"),
        good(
            _ADD,
            name="2_total.up.sql",
            beside={
                "1_orders.up.sql": "CREATE TABLE orders (id bigint);\n",
                "2_total.down.sql": "ALTER TABLE orders DROP COLUMN total;\n",
            },
            framework="golang-migrate",
            why="the way down is run when it is asked for",
        ),
        good(
            _ADD,
            name="1_total.sql",
            beside={"notes.sql": "SELECT 1;\n", "0_orders.sql": "CREATE TABLE orders (id bigint);\n"},
            why="where no tool is known, nobody knows what it passes by",
        ),
    ),
)
