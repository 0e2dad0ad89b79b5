"""A statement needs a type or an enum label that may not exist.

## What it does

Finds statements that name a type which the history dropped, or which only one branch of a guarded block makes; and
ALTER TYPE ... ADD VALUE and RENAME VALUE that name a label which the type does not have.

## Why it matters

The migration fails with `type "mood" does not exist` (SQLSTATE 42704), or with 22023 for a label.

## Example

    DO $$
    BEGIN
        IF to_regtype('public.state') IS NULL THEN
            CREATE TYPE state AS ENUM ('new', 'done');
            CREATE TYPE mood AS ENUM ('good', 'bad');
        END IF;
    END $$;
    CREATE TABLE jobs (mood mood);

## Instead

Guard each type by itself.

## Fix safety

There is no automatic fix.
"""

from driftproof import Diagnostic, Failure, Rule, StatementContext, bad, good, missing


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    return missing(rule, context, failure, ("type", "enum-label"))


rule = Rule(
    code="DP107",
    name="type-not-guaranteed",
    summary="A statement needs a type or an enum label that may not exist",
    sqlstates=("42704", "22P02", "22023"),
    on_failure=_check,
    cases=(
        bad(
            """\
DO $$
BEGIN
    IF to_regtype('public.state') IS NULL THEN
        CREATE TYPE state AS ENUM ('new', 'done');
        CREATE TYPE mood AS ENUM ('good', 'bad');
    END IF;
END $$;
CREATE TABLE jobs (mood mood);
""",
            why="the guard tests for one type and makes two",
            line=8,
        ),
        good(
            """\
DO $$ BEGIN CREATE TYPE mood AS ENUM ('good'); EXCEPTION WHEN duplicate_object THEN NULL; END $$;
CREATE TABLE jobs (mood mood);
""",
            why="either the block makes the type or it is there",
        ),
        good("CREATE TABLE t (place geography);\n", why="the type may come with an extension"),
    ),
)
