"""A second run needs the old name of what the first run renamed.

## What it does

Finds statements whose object has another name or schema when the file runs again over its own effects: ALTER ...
RENAME and SET SCHEMA themselves, and what stands before them.

Reported where a run mode keeps what was done before a failure (as information: it takes a run that stopped half-way),
and everywhere with `--rerun always`.

## Why it matters

The second run fails with SQLSTATE 42P01 (tables), 42703 (columns), 42704 (constraints, types, policies...) or
22P02 (labels of enums).

## Example

    ALTER TABLE orders RENAME COLUMN total TO amount;

## Instead

A DO block that renames where the old name is there:

    DO $$
    BEGIN
        IF EXISTS (
            SELECT 1 FROM information_schema.columns
            WHERE table_schema = 'public' AND table_name = 'orders' AND column_name = 'total'
        ) THEN
            ALTER TABLE orders RENAME COLUMN total TO amount;
        END IF;
    END $$;

## Fix safety

Safe: the statement stays as it is, inside a block that asks for the old name first. A fresh database ends in the same
schema, and a second run passes.
"""

from driftproof import (
    Certainty,
    Diagnostic,
    Failure,
    Rule,
    Severity,
    StatementContext,
    bad,
    good,
    renamed,
    repeatable,
    repeated,
)


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    if (
        failure.certainty is not Certainty.RERUN
        or failure.companion
        or not failure.missing
        or not renamed(context.file.statements, failure.object)
    ):
        return None
    return repeated(
        rule, context, failure, help="a DO block that tests for the old name makes it repeatable", fix=repeatable
    )


rule = Rule(
    code="DP210",
    name="rename-not-repeatable",
    summary="A second run needs the old name of what the first run renamed",
    severity=Severity.WARNING,
    sqlstates=("42P01", "42703", "42704", "42883", "3F000", "22023", "22P02"),
    on_failure=_check,
    cases=(
        bad(
            """\
ALTER TABLE orders RENAME TO sales;
COMMENT ON TABLE sales IS 'x';
""",
            why="the old name is gone the second time",
            line=1,
            certainty=Certainty.RERUN,
            earlier=("CREATE TABLE orders (id bigint);\n",),
            fixed="""\
DO $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM pg_class
        WHERE relnamespace = 'public'::regnamespace
          AND relname = 'orders'
    ) THEN
ALTER TABLE orders RENAME TO sales;
    END IF;
END $$;
COMMENT ON TABLE sales IS 'x';
""",
        ),
        bad(
            """\
ALTER TABLE orders RENAME COLUMN id TO number;
COMMENT ON TABLE orders IS 'x';
""",
            why="so is the old column",
            line=1,
            certainty=Certainty.RERUN,
            earlier=("CREATE TABLE orders (id bigint);\n",),
            fixed="""\
DO $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = 'public'
          AND table_name = 'orders'
          AND column_name = 'id'
    ) THEN
ALTER TABLE orders RENAME COLUMN id TO number;
    END IF;
END $$;
COMMENT ON TABLE orders IS 'x';
""",
        ),
        bad(
            """\
INSERT INTO orders VALUES (1, 'new');
DO $$ BEGIN
    ALTER TYPE status RENAME VALUE 'new' TO 'open';
EXCEPTION WHEN invalid_parameter_value THEN NULL;
END $$;
""",
            why="the label is gone where it is written",
            line=1,
            certainty=Certainty.RERUN,
            earlier=("CREATE TYPE status AS ENUM ('new'); CREATE TABLE orders (id bigint, status status);\n",),
        ),
        good(
            """\
CREATE TABLE IF NOT EXISTS orders (id bigint);
ALTER TABLE IF EXISTS old_orders RENAME TO older_orders;
""",
            why="IF EXISTS passes",
        ),
    ),
)
