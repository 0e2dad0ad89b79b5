"""A statement makes a table, index, view or sequence whose name is taken.

## What it does

Finds CREATE TABLE, INDEX, VIEW and SEQUENCE, and renames, whose name another relation of the schema has: tables,
indexes, views and sequences share one name space.

## Why it matters

The migration fails with `relation "orders" already exists` (SQLSTATE 42P07).

## Example

    CREATE TABLE orders (id bigint);
    CREATE VIEW orders AS SELECT 1 AS id;

## Instead

Another name, `DROP ... IF EXISTS` before it, or `IF NOT EXISTS` where the same object is meant.

## Fix safety

There is no automatic fix.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, StatementContext, bad, good, present


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    return present(rule, context, failure, ("relation", "index", "sequence"))


rule = Rule(
    code="DP121",
    name="relation-may-exist",
    summary="A statement makes a table, index, view or sequence whose name is taken",
    sqlstates=("42P07",),
    on_failure=_check,
    cases=(
        bad(
            "CREATE TABLE orders (id bigint, total int);\n",
            why="an earlier migration made it",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=("CREATE TABLE orders (id bigint);\n",),
        ),
        bad(
            "CREATE TABLE t (a int);\nCREATE INDEX i ON t (a);\nCREATE INDEX i ON t (a);\n",
            why="two indexes of one name",
            line=3,
            certainty=Certainty.ALWAYS,
        ),
        good("CREATE TABLE t (a int);\nCREATE TABLE IF NOT EXISTS t (a int);\n", why="IF NOT EXISTS passes"),
        good("CREATE TABLE t (a int);\nDROP TABLE t;\nCREATE TABLE t (a int);\n", why="it was dropped in between"),
    ),
)
