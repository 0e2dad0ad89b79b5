"""A table is made IF NOT EXISTS though the history made it already, with other columns.

## What it does

Finds `CREATE TABLE IF NOT EXISTS` of a table that the history has at that point, where a column that is written here
is missing from it or has another type there.

## Why it matters

The statement does nothing, on every database: `IF NOT EXISTS` leaves the table as it is. The columns that are written
here will never be there, and what needs them fails later.

## Example

    CREATE TABLE orders (id bigint);
    CREATE TABLE IF NOT EXISTS orders (id bigint, total int);

## Instead

`ALTER TABLE orders ADD COLUMN IF NOT EXISTS total int;`

## Fix safety

There is no automatic fix.
"""

from collections.abc import Iterator

from driftproof import Diagnostic, Rule, Severity, StatementContext, bad, good, remade


def _check(rule: Rule, context: StatementContext) -> Iterator[Diagnostic]:
    for found in remade(context):
        yield rule.at(context.file, found.start, found.end, found.message)


rule = Rule(
    code="DP130",
    name="create-if-not-exists-does-nothing",
    summary="A table is made IF NOT EXISTS though the history made it already, with other columns",
    severity=Severity.WARNING,
    commands=("CREATE SCHEMA", "CREATE TABLE"),
    on_statement=_check,
    cases=(
        bad(
            "CREATE TABLE IF NOT EXISTS orders (id bigint, total int);\n",
            why="the table lacks a column that is written here",
            line=1,
            certainty=None,
            earlier=("CREATE TABLE orders (id bigint);\n",),
        ),
        bad(
            "CREATE TABLE IF NOT EXISTS orders (id uuid);\n",
            why="the column has another type",
            line=1,
            certainty=None,
            earlier=("CREATE TABLE orders (id bigint);\n",),
        ),
        good(
            "CREATE TABLE orders (id integer);\n"
            "ALTER TABLE orders ADD COLUMN total int;\n"
            "CREATE TABLE IF NOT EXISTS orders (id int4);\n",
            why="the table has all that is written, and more",
        ),
        good(
            "CREATE TABLE orders (id int);\nDROP TABLE orders;\nCREATE TABLE IF NOT EXISTS orders (id uuid);\n",
            why="the table was dropped in between",
        ),
    ),
)
