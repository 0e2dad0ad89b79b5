"""A statement needs a type or an enum label that may not exist.

## What it does

Finds statements that name a type which the history dropped, or which only one branch of a guarded block makes; and
labels that an enum does not have: in ALTER TYPE ... ADD VALUE and RENAME VALUE, in defaults, casts and comparisons, and
in what INSERT and UPDATE write.

## Why it matters

The migration fails with `type "mood" does not exist` (SQLSTATE 42704), or with 22P02 for a label (22023 in ALTER
TYPE).

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

Safe for a DROP: it stands in a block that asks for the type first, so that it passes where that is missing (with
`fix-style = "native"` it is DROP ... IF EXISTS). There is no automatic fix for other statements.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, StatementContext, bad, good, guard, missing


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    return missing(rule, context, failure, ("type", "enum-label"), guard)


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
        bad(
            """\
DO $$ BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = 'orders' AND column_name = 'total'
    ) THEN
        ALTER TABLE orders ADD COLUMN total int;
        CREATE TYPE mood AS ENUM ('good');
    END IF;
END $$;
DROP TYPE mood;
""",
            why="where the column is there already, the block makes no type",
            line=10,
            earlier=("CREATE TABLE orders (id bigint);\n",),
            fixed="""\
DO $$ BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = 'orders' AND column_name = 'total'
    ) THEN
        ALTER TABLE orders ADD COLUMN total int;
        CREATE TYPE mood AS ENUM ('good');
    END IF;
END $$;
DO $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM pg_type
        WHERE typnamespace = 'public'::regnamespace
          AND typname = 'mood'
    ) THEN
DROP TYPE mood;
    END IF;
END $$;
""",
        ),
        bad(
            """\
CREATE TABLE jobs (id bigint, mood mood DEFAULT 'god');
""",
            why="the enum has no such label",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=("CREATE TYPE mood AS ENUM ('good', 'bad');\n",),
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
