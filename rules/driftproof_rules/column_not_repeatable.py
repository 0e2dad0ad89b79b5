"""A second run adds a column that the first run added.

## What it does

Finds ADD COLUMN, RENAME COLUMN and ADD ATTRIBUTE whose new name is taken when the file runs again over its own effects.

Reported where a run mode keeps what was done before a failure (as information: it takes a run that stopped half-way),
and everywhere with `--rerun always`.

## Why it matters

The second run fails with `column "total" of relation "orders" already exists` (SQLSTATE 42701).

## Example

    ALTER TABLE orders ADD COLUMN total int;

## Instead

`ALTER TABLE orders ADD COLUMN IF NOT EXISTS total int;`

## Fix safety

Safe: the statement stays as it is, inside a block that asks for the column first. A fresh database ends in the same
schema, and a second run passes. With `fix-style = "native"` it is ADD COLUMN IF NOT EXISTS.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, Severity, StatementContext, bad, good, repeatable, repeated


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    if (
        failure.certainty is not Certainty.RERUN
        or failure.companion
        or failure.missing
        or failure.object.kind != "column"
    ):
        return None
    return repeated(rule, context, failure, help="ADD COLUMN IF NOT EXISTS passes where it is there", fix=repeatable)


rule = Rule(
    code="DP203",
    name="column-not-repeatable",
    summary="A second run adds a column that the first run added",
    severity=Severity.WARNING,
    sqlstates=("42701",),
    on_failure=_check,
    cases=(
        bad(
            """\
ALTER TABLE orders ADD COLUMN total int;
UPDATE orders SET total = 0;
""",
            why="the column is there the second time",
            line=1,
            certainty=Certainty.RERUN,
            earlier=("CREATE TABLE orders (id bigint);\n",),
            fixed="""\
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = 'public'
          AND table_name = 'orders'
          AND column_name = 'total'
    ) THEN
ALTER TABLE orders ADD COLUMN total int;
    END IF;
END $$;
UPDATE orders SET total = 0;
""",
        ),
        good(
            """\
CREATE TABLE IF NOT EXISTS orders (id bigint);
ALTER TABLE orders ADD COLUMN IF NOT EXISTS total int;
""",
            why="IF NOT EXISTS passes",
        ),
    ),
)
