"""A statement needs a schema that may not exist.

## What it does

Finds statements that name a schema which only one branch of a guarded block makes.

## Why it matters

The migration fails with `schema "audit" does not exist` (SQLSTATE 3F000).

## Example

    DO $$
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'app') THEN
            CREATE SCHEMA app;
            CREATE SCHEMA audit;
        END IF;
    END $$;
    COMMENT ON SCHEMA audit IS 'Who did what';

## Instead

`CREATE SCHEMA IF NOT EXISTS audit;`

## Fix safety

Safe for a DROP: it stands in a block that asks for the schema first, so that it passes where that is missing (with
`fix-style = "native"` it is DROP ... IF EXISTS). There is no automatic fix for other statements.
"""

from driftproof import Diagnostic, Failure, Rule, StatementContext, bad, good, guard, missing


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    return missing(rule, context, failure, ("schema",), guard)


rule = Rule(
    code="DP109",
    name="schema-not-guaranteed",
    summary="A statement needs a schema that may not exist",
    sqlstates=("3F000",),
    on_failure=_check,
    cases=(
        bad(
            """\
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'app') THEN
        CREATE SCHEMA app;
        CREATE SCHEMA audit;
    END IF;
END $$;
COMMENT ON SCHEMA audit IS 'Who did what';
""",
            why="the guard tests for one schema and makes two",
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
        CREATE SCHEMA audit;
    END IF;
END $$;
DROP SCHEMA audit;
""",
            why="where the column is there already, the block makes no schema",
            line=10,
            earlier=("CREATE TABLE orders (id bigint);\n",),
            fixed="""\
DO $$ BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = 'orders' AND column_name = 'total'
    ) THEN
        ALTER TABLE orders ADD COLUMN total int;
        CREATE SCHEMA audit;
    END IF;
END $$;
DO $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM pg_namespace
        WHERE nspname = 'audit'
    ) THEN
DROP SCHEMA audit;
    END IF;
END $$;
""",
        ),
        good("CREATE SCHEMA IF NOT EXISTS app;\nCOMMENT ON SCHEMA app IS 'x';\n", why="IF NOT EXISTS guarantees it"),
    ),
)
