"""A statement needs a table, view or sequence that may not exist.

## What it does

Finds statements that name a relation which the history itself dropped or renamed (`always`), or which only one branch
of a guarded block makes (`drift`): where the guard finds its own object already there, the companion is never made.

## Why it matters

The migration fails with `relation "order_log" does not exist` (SQLSTATE 42P01).

## Example

    DO $$
    BEGIN
        IF to_regclass('public.orders') IS NULL THEN
            CREATE TABLE orders (id bigint PRIMARY KEY, total int);
            CREATE TABLE order_log (entry text);
        END IF;
    END $$;
    COMMENT ON TABLE order_log IS 'Changes';

## Instead

Guard each object by itself: `CREATE TABLE IF NOT EXISTS order_log (entry text);`

## Fix safety

Safe for a DROP: it stands in a block that asks for the relation first, so that it passes where that is missing (with
`fix-style = "native"` it is DROP ... IF EXISTS). There is no automatic fix for other statements.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, StatementContext, bad, good, guard, missing


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    return missing(rule, context, failure, ("relation", "sequence"), guard)


rule = Rule(
    code="DP102",
    name="relation-not-guaranteed",
    summary="A statement needs a table, view or sequence that may not exist",
    sqlstates=("42P01",),
    on_failure=_check,
    cases=(
        bad(
            """\
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema = 'public' AND table_name = 'orders') THEN
        CREATE TABLE orders (id bigint PRIMARY KEY, total int);
        CREATE TABLE order_log (entry text);
    END IF;
END $$;
COMMENT ON TABLE order_log IS 'Changes';
""",
            why="the guard tests for one table and makes two",
            line=8,
        ),
        bad(
            "ALTER TABLE orders ADD COLUMN total int;\n",
            why="the history dropped the table",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=("CREATE TABLE orders (id bigint);\n", "DROP TABLE orders;\n"),
        ),
        bad(
            """\
DO $$ BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = 'orders' AND column_name = 'total'
    ) THEN
        ALTER TABLE orders ADD COLUMN total int;
        CREATE TABLE refunds (id bigint);
    END IF;
END $$;
DROP TABLE refunds;
""",
            why="where the column is there already, the block makes no table",
            line=10,
            earlier=("CREATE TABLE orders (id bigint);\n",),
            fixed="""\
DO $$ BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = 'orders' AND column_name = 'total'
    ) THEN
        ALTER TABLE orders ADD COLUMN total int;
        CREATE TABLE refunds (id bigint);
    END IF;
END $$;
DO $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM pg_class
        WHERE relnamespace = 'public'::regnamespace
          AND relname = 'refunds'
    ) THEN
DROP TABLE refunds;
    END IF;
END $$;
""",
        ),
        good(
            "CREATE TABLE IF NOT EXISTS t (a int);\nCOMMENT ON TABLE t IS 'x';\n", why="the table itself is guaranteed"
        ),
        good(
            "ALTER TABLE made_by_hand ADD COLUMN a int;\n", why="nothing is known of a table that was never made here"
        ),
    ),
)
