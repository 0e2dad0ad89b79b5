"""A statement makes a constraint, policy, trigger, type or schema that is there already.

## What it does

Finds statements that make a constraint, policy, trigger, rule, type, enum label, schema, extension, role or publication
which the history made already, and a second primary key.

## Why it matters

The migration fails with SQLSTATE 42710, 42P06 (schema), 42P07 (the index of a constraint) or 42P16 (primary key).

## Example

    CREATE POLICY own ON orders USING (true);
    CREATE POLICY own ON orders USING (owner = current_user);

## Instead

`DROP POLICY IF EXISTS own ON orders;` before it, or another name.

## Fix safety

There is no automatic fix.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, StatementContext, bad, good, present


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    return present(
        rule,
        context,
        failure,
        (
            "constraint",
            "policy",
            "trigger",
            "rule",
            "type",
            "enum-label",
            "schema",
            "extension",
            "role",
            "publication",
            "object",
        ),
    )


rule = Rule(
    code="DP122",
    name="object-may-exist",
    summary="A statement makes a constraint, policy, trigger, type or schema that is there already",
    sqlstates=("42710", "42P06", "42P07", "42P16"),
    on_failure=_check,
    cases=(
        bad(
            "CREATE POLICY own ON orders USING (id > 1);\n",
            why="an earlier migration made it",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=("CREATE TABLE orders (id bigint);\nCREATE POLICY own ON orders USING (id > 0);\n",),
        ),
        bad(
            "ALTER TABLE orders ADD CONSTRAINT positive CHECK (id > 0);\n",
            why="the table has a constraint of that name",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=("CREATE TABLE orders (id bigint CONSTRAINT positive CHECK (id > 0));\n",),
        ),
        bad(
            "ALTER TABLE orders ADD PRIMARY KEY (total);\n",
            why="a table has one primary key",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=("CREATE TABLE orders (id bigint PRIMARY KEY, total int);\n",),
        ),
        bad(
            "CREATE TYPE mood AS ENUM ('good');\nCREATE TYPE mood AS ENUM ('bad');\n",
            why="two types of one name",
            line=2,
            certainty=Certainty.ALWAYS,
        ),
        good(
            "CREATE TABLE t (a int);\nDROP POLICY IF EXISTS p ON t;\nCREATE POLICY p ON t USING (true);\n",
            why="it is dropped before",
        ),
    ),
)
