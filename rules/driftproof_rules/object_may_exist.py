"""A statement makes a constraint, policy, trigger, type or schema that is there already.

## What it does

Finds statements that make a constraint, policy, trigger, rule, type, enum label, schema, extension, role, publication,
foreign server, user mapping, event trigger, subscription, text search object, operator, cast, collation, language,
statistics object or prepared statement which the history made already; that add a table to a publication twice; and
that make a second primary key. Types share their names with tables and views, whose rows are types too.

## Why it matters

The migration fails with SQLSTATE 42710, 42P06 (schema), 42P07 (the index of a constraint), 42P16 (primary key), 42723
(operator), 23505 (text search), 42P04 (database) or 42P05 (prepared statement).

## Example

    CREATE POLICY own ON orders USING (true);
    CREATE POLICY own ON orders USING (owner = current_user);

## Instead

`DROP POLICY IF EXISTS own ON orders;` before it, or another name.

## Fix safety

There is no automatic fix.
"""

from driftproof import OTHER_KINDS, Certainty, Diagnostic, Failure, Rule, StatementContext, bad, good, present


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    kinds = ("constraint", "policy", "trigger", "rule", "type", "enum-label", "schema", *OTHER_KINDS)
    return present(rule, context, failure, kinds)


rule = Rule(
    code="DP122",
    name="object-may-exist",
    summary="A statement makes a constraint, policy, trigger, type or schema that is there already",
    sqlstates=("42710", "42P06", "42P07", "42P16", "42723", "23505", "42P04", "42P05"),
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
        bad(
            "ALTER PUBLICATION changes ADD TABLE orders;\n",
            why="the table is in the publication",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=("CREATE TABLE orders (id bigint);\nCREATE PUBLICATION changes FOR TABLE orders;\n",),
        ),
        bad(
            "CREATE TEXT SEARCH CONFIGURATION words (COPY = simple);\n",
            why="PostgreSQL leaves this one to a unique index: 23505",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=("CREATE TEXT SEARCH CONFIGURATION words (COPY = simple);\n",),
        ),
        bad(
            "CREATE TYPE orders AS ENUM ('open', 'paid');\n",
            why="a table's rows have a type of its name",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=("CREATE TABLE orders (id bigint);\n",),
        ),
        good(
            "CREATE TABLE t (a int);\nDROP POLICY IF EXISTS p ON t;\nCREATE POLICY p ON t USING (true);\n",
            why="it is dropped before",
        ),
    ),
)
