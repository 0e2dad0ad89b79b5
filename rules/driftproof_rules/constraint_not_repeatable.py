"""A second run adds a constraint that the first run added.

## What it does

Finds ADD CONSTRAINT with a name, and ADD PRIMARY KEY, that fail when the file runs again over its own effects. There
is no IF NOT EXISTS for constraints.

Reported where a run mode keeps what was done before a failure (as information: it takes a run that stopped half-way),
and everywhere with `--rerun always`.

## Why it matters

The second run fails with SQLSTATE 42710 (check and foreign key), 42P07 (unique and exclusion constraints, by their
index) or 42P16 (a second primary key).

## Example

    ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0);

## Instead

`ALTER TABLE orders DROP CONSTRAINT IF EXISTS positive;` before it, or a DO block that asks pg_constraint.

## Fix safety

Safe: the statement stays as it is, inside a block that asks for the constraint first. A fresh database ends in the same
schema, and a second run passes.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, Severity, StatementContext, bad, good, repeatable, repeated


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    if (
        failure.certainty is not Certainty.RERUN
        or failure.companion
        or failure.missing
        or failure.object.kind != "constraint"
    ):
        return None
    return repeated(
        rule,
        context,
        failure,
        help="a DO block that asks pg_constraint makes it repeatable",
        fix=repeatable,
    )


rule = Rule(
    code="DP204",
    name="constraint-not-repeatable",
    summary="A second run adds a constraint that the first run added",
    severity=Severity.WARNING,
    sqlstates=("42710", "42P07", "42P16"),
    on_failure=_check,
    cases=(
        bad(
            """\
ALTER TABLE orders ADD CONSTRAINT positive CHECK (id > 0);
COMMENT ON TABLE orders IS 'x';
""",
            why="the constraint is there the second time",
            line=1,
            certainty=Certainty.RERUN,
            earlier=("CREATE TABLE orders (id bigint);\n",),
            fixed="""\
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM pg_constraint
        WHERE conrelid = 'public.orders'::regclass
          AND conname = 'positive'
    ) THEN
ALTER TABLE orders ADD CONSTRAINT positive CHECK (id > 0);
    END IF;
END $$;
COMMENT ON TABLE orders IS 'x';
""",
        ),
        bad(
            """\
ALTER TABLE orders ADD PRIMARY KEY (id);
COMMENT ON TABLE orders IS 'x';
""",
            why="a table has one primary key",
            line=1,
            certainty=Certainty.RERUN,
            earlier=("CREATE TABLE orders (id bigint);\n",),
            fixed="""\
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM pg_constraint
        WHERE conrelid = 'public.orders'::regclass
          AND conname = 'orders_pkey'
    ) THEN
ALTER TABLE orders ADD PRIMARY KEY (id);
    END IF;
END $$;
COMMENT ON TABLE orders IS 'x';
""",
        ),
        good(
            """\
ALTER TABLE orders DROP CONSTRAINT IF EXISTS positive;
ALTER TABLE orders ADD CONSTRAINT positive CHECK (id > 0);
""",
            why="it is dropped before",
            earlier=("CREATE TABLE orders (id bigint);\n",),
        ),
    ),
)
