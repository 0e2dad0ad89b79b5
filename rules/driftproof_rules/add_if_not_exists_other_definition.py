"""A column or an index is added IF NOT EXISTS though one of another definition is there already.

## What it does

Finds `ADD COLUMN IF NOT EXISTS` of a column that the history made with another type, and `CREATE INDEX IF NOT EXISTS`
of an index that the history made on another table or on other columns.

## Why it matters

The statement does nothing, on every database: the column keeps its old type, the index its old columns.

## Example

    CREATE TABLE orders (id bigint, total int);
    ALTER TABLE orders ADD COLUMN IF NOT EXISTS total numeric;

## Instead

`ALTER TABLE orders ALTER COLUMN total TYPE numeric;`, or another name for the index.

## Fix safety

There is no automatic fix.
"""

from collections.abc import Iterator

from driftproof import Diagnostic, Rule, Severity, StatementContext, bad, good, readded


def _check(rule: Rule, context: StatementContext) -> Iterator[Diagnostic]:
    for found in readded(context):
        yield rule.at(context.file, found.start, found.end, found.message)


rule = Rule(
    code="DP131",
    name="add-if-not-exists-other-definition",
    summary="A column or an index is added IF NOT EXISTS though one of another definition is there already",
    severity=Severity.WARNING,
    commands=("ALTER FOREIGN TABLE", "ALTER TABLE", "CREATE INDEX", "CREATE SCHEMA"),
    on_statement=_check,
    cases=(
        bad(
            "ALTER TABLE orders ADD COLUMN IF NOT EXISTS total numeric(10, 2);\n",
            why="the column has another type",
            line=1,
            certainty=None,
            earlier=("CREATE TABLE orders (id bigint, total int);\n",),
        ),
        bad(
            "CREATE INDEX IF NOT EXISTS by_total ON orders (total, id);\n",
            why="the index has other columns",
            line=1,
            certainty=None,
            earlier=("CREATE TABLE orders (id bigint, total int);\nCREATE INDEX by_total ON orders (total);\n",),
        ),
        good(
            "CREATE TABLE orders (id bigint, total int);\n"
            "ALTER TABLE orders ALTER COLUMN total TYPE numeric(10, 2);\n"
            "ALTER TABLE orders ADD COLUMN IF NOT EXISTS total decimal(10, 2);\n",
            why="the type was changed before, and decimal is numeric",
        ),
        good(
            "CREATE TABLE orders (id bigint, total int);\n"
            "CREATE INDEX by_total ON orders (total);\n"
            "CREATE INDEX IF NOT EXISTS by_total ON orders (total);\n",
            why="it is the same index",
        ),
    ),
)
