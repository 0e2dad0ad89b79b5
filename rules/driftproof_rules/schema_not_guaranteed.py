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

There is no automatic fix.
"""

from driftproof import Diagnostic, Failure, Rule, StatementContext, bad, good, missing


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    return missing(rule, context, failure, ("schema",))


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
        good("CREATE SCHEMA IF NOT EXISTS app;\nCOMMENT ON SCHEMA app IS 'x';\n", why="IF NOT EXISTS guarantees it"),
    ),
)
