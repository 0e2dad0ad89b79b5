"""A second run needs what the first run dropped.

## What it does

Finds statements whose object is gone when the file runs again over its own effects: DROP without IF EXISTS, and what
stands before it and needs the object.

Reported where a run mode keeps what was done before a failure (as information: it takes a run that stopped half-way),
and everywhere with `--rerun always`.

## Why it matters

The second run fails with SQLSTATE 42P01 (relations), 42703 (columns), 42883 (functions), 3F000 (schemas) or 42704.

## Example

    ALTER TABLE orders DROP COLUMN total;

## Instead

`ALTER TABLE orders DROP COLUMN IF EXISTS total;`

## Fix safety

Safe: the statement stays as it is, inside a block that asks for the object first. A fresh database ends in the same
schema, and a second run passes. With `fix-style = "native"` it is DROP ... IF EXISTS, where there is that.
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
        or renamed(context.file.statements, failure.object)
    ):
        return None
    return repeated(rule, context, failure, help="IF EXISTS passes where it is gone", fix=repeatable)


rule = Rule(
    code="DP211",
    name="drop-not-repeatable",
    summary="A second run needs what the first run dropped",
    severity=Severity.WARNING,
    sqlstates=("42P01", "42703", "42704", "42883", "3F000", "22023", "3D000", "26000"),
    on_failure=_check,
    cases=(
        bad(
            """\
ALTER TABLE orders DROP COLUMN id;
COMMENT ON TABLE orders IS 'x';
""",
            why="the column is gone the second time",
            line=1,
            certainty=Certainty.RERUN,
            earlier=("CREATE TABLE orders (id bigint, total int);\n",),
            fixed="""\
DO $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = 'public'
          AND table_name = 'orders'
          AND column_name = 'id'
    ) THEN
ALTER TABLE orders DROP COLUMN id;
    END IF;
END $$;
COMMENT ON TABLE orders IS 'x';
""",
        ),
        bad(
            """\
DROP TABLE orders;
CREATE TABLE IF NOT EXISTS sales (id bigint);
""",
            why="so is the table",
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
DROP TABLE orders;
    END IF;
END $$;
CREATE TABLE IF NOT EXISTS sales (id bigint);
""",
        ),
        good(
            """\
CREATE TABLE IF NOT EXISTS orders (id bigint, total int);
ALTER TABLE orders DROP COLUMN IF EXISTS total;
""",
            why="IF EXISTS passes",
        ),
    ),
)
