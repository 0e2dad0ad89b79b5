"""A migration that does nothing.

## What it does

Finds migrations without a statement: an empty file, or nothing but comments. One that is run again whenever it is
edited is passed.

## Why it matters

The tool notes it as applied. What is written into it later is never run where that has happened.

## Example

    -- to do

## Instead

Write the migration before it is shared, or leave the file out.

## Fix safety

There is no automatic fix.
"""

from collections.abc import Iterator

from driftproof import Diagnostic, FileContext, Rule, Severity, bad, good


def _check(rule: Rule, file: FileContext) -> Iterator[Diagnostic]:
    empty = not (file.statements or file.syntax_failures or file.unreadable)
    if empty and not (file.history.alone or file.migration.repeatable):
        yield rule.at(file, 0, 0, "this migration does nothing, and is noted as applied all the same")


rule = Rule(
    code="DP907",
    name="empty-migration",
    summary="A migration that does nothing",
    severity=Severity.WARNING,
    on_file=_check,
    cases=(
        bad("-- to do\n", why="a comment is no statement", line=1, certainty=None),
        bad("", why="nothing is in it", line=1, certainty=None),
        good(
            "-- removed\n",
            name="R__view.sql",
            beside={"V1__make.sql": "CREATE TABLE orders (id bigint);\n"},
            framework="flyway",
            why="what is written into a repeatable file later is run",
        ),
        good("SELECT 1;\n", why="a statement that changes nothing says that this is meant"),
    ),
)
