"""The same object is made by two files.

## What it does

Finds tables, sequences, views, indexes and columns that are made IF NOT EXISTS though an earlier migration makes them
and they are there. (Without IF NOT EXISTS that fails: DP120 to DP122. With another definition it is DP130 or DP131.)

## Why it matters

Only one of the two files ever takes effect, and whoever reads the other one is misled: what is changed there changes
nothing.

## Example

    -- 1_orders.sql
    CREATE TABLE IF NOT EXISTS orders (id bigint);
    -- 2_orders.sql
    CREATE TABLE IF NOT EXISTS orders (id bigint);

## Instead

Make it in one file, and change it in later ones.

## Fix safety

There is no automatic fix.
"""

from collections.abc import Iterator

from driftproof import Diagnostic, Rule, Severity, StatementContext, bad, good, made_before, name_of


def _check(rule: Rule, context: StatementContext) -> Iterator[Diagnostic]:
    for kind, name, migration in made_before(context):
        message = f"{kind} {name.name} is made in {name_of(migration)} already: here it is passed over"
        yield rule.at(context.file, context.statement.start, context.statement.end, message)


_TABLE = "CREATE TABLE orders (id bigint, total int);\nCREATE INDEX by_total ON orders (total);\n"

rule = Rule(
    code="DP909",
    name="object-made-twice",
    summary="The same object is made by two files",
    severity=Severity.INFO,
    default=False,
    on_statement=_check,
    cases=(
        bad(
            "CREATE TABLE IF NOT EXISTS orders (id bigint, total int);\n",
            why="the table is there from the first file on",
            line=1,
            certainty=None,
            earlier=(_TABLE,),
        ),
        bad(
            "CREATE INDEX IF NOT EXISTS by_total ON orders (total);\n",
            why="so is the index",
            line=1,
            certainty=None,
            earlier=(_TABLE,),
        ),
        bad(
            "ALTER TABLE orders ADD COLUMN IF NOT EXISTS total int;\n",
            why="and the column",
            line=1,
            certainty=None,
            earlier=(_TABLE,),
        ),
        good(
            "DROP TABLE orders;\nCREATE TABLE IF NOT EXISTS orders (id bigint);\n",
            why="it was dropped in between",
            earlier=(_TABLE,),
        ),
        good(
            "CREATE SCHEMA IF NOT EXISTS app;\nCREATE TABLE IF NOT EXISTS app.orders (id bigint);\n",
            why="in another schema it is another table",
            earlier=(_TABLE,),
        ),
    ),
)
