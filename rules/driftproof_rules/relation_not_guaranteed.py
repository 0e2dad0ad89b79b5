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

There is no automatic fix.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, StatementContext, bad, good, missing


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    return missing(rule, context, failure, ("relation", "sequence"))


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
        good(
            "CREATE TABLE IF NOT EXISTS t (a int);\nCOMMENT ON TABLE t IS 'x';\n", why="the table itself is guaranteed"
        ),
        good(
            "ALTER TABLE made_by_hand ADD COLUMN a int;\n", why="nothing is known of a table that was never made here"
        ),
    ),
)
