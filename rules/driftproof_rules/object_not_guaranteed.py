"""A statement needs an extension, role or publication that may not exist.

## What it does

Finds statements that name an extension, a role or a publication which only one branch of a guarded block makes.

## Why it matters

The migration fails with SQLSTATE 42704.

## Example

    DO $$
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM pg_publication WHERE pubname = 'changes') THEN
            CREATE PUBLICATION changes;
            CREATE PUBLICATION audit;
        END IF;
    END $$;
    COMMENT ON PUBLICATION audit IS 'Who did what';

## Instead

Guard each object by itself.

## Fix safety

There is no automatic fix.
"""

from driftproof import Diagnostic, Failure, Rule, StatementContext, bad, good, missing


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    return missing(rule, context, failure, ("extension", "role", "publication", "object"))


rule = Rule(
    code="DP111",
    name="object-not-guaranteed",
    summary="A statement needs an extension, role or publication that may not exist",
    sqlstates=("42704",),
    on_failure=_check,
    cases=(
        bad(
            """\
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_publication WHERE pubname = 'changes') THEN
        CREATE PUBLICATION changes;
        CREATE PUBLICATION audit;
    END IF;
END $$;
COMMENT ON PUBLICATION audit IS 'Who did what';
""",
            why="the guard tests for one publication and makes two",
            line=8,
        ),
        good("COMMENT ON ROLE made_by_hand IS 'x';\n", why="nothing is known of a role that was never made here"),
    ),
)
