"""A statement adds a column that is there already.

## What it does

Finds ADD COLUMN and RENAME COLUMN for a name that the table has already, as the history made it.

## Why it matters

The migration fails with `column "total" of relation "orders" already exists` (SQLSTATE 42701).

## Example

    CREATE TABLE orders (id bigint, total int);
    ALTER TABLE orders ADD COLUMN total int;

## Instead

`ADD COLUMN IF NOT EXISTS`, or leave it out.

## Fix safety

There is no automatic fix.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, StatementContext, bad, good, present


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    return present(rule, context, failure, ("column",))


rule = Rule(
    code="DP120",
    name="column-may-exist",
    summary="A statement adds a column that is there already",
    sqlstates=("42701",),
    on_failure=_check,
    cases=(
        bad(
            "ALTER TABLE orders ADD COLUMN total int;\n",
            why="the table has it",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=("CREATE TABLE orders (id bigint, total int);\n",),
        ),
        bad(
            "CREATE TABLE IF NOT EXISTS t (a int, b int);\nALTER TABLE t ADD COLUMN b int;\n",
            why="a fresh database has it from the line above",
            line=2,
            certainty=Certainty.ALWAYS,
        ),
        good("CREATE TABLE t (a int);\nALTER TABLE t ADD COLUMN b int;\n", why="it is not there yet"),
        good("CREATE TABLE t (a int);\nALTER TABLE t ADD COLUMN IF NOT EXISTS a int;\n", why="IF NOT EXISTS passes"),
    ),
)
