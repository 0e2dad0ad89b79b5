"""A statement needs an index that may not exist.

## What it does

Finds statements that name an index which the history dropped (`always`), or which only one branch of a guarded block,
or a `CREATE TABLE IF NOT EXISTS` that may have done nothing, makes (`drift`).

## Why it matters

The migration fails with SQLSTATE 42704 (DROP INDEX) or 42P01 (ALTER INDEX, COMMENT ON INDEX).

## Example

    CREATE TABLE IF NOT EXISTS orders (id bigint, number text UNIQUE);
    ALTER INDEX orders_number_key RENAME TO orders_by_number;

## Instead

`ALTER INDEX IF EXISTS ...`, `DROP INDEX IF EXISTS ...`, or a block that makes sure of the index.

## Fix safety

Safe for a DROP: it stands in a block that asks for the index first, so that it passes where that is missing (with
`fix-style = "native"` it is DROP INDEX IF EXISTS). There is no automatic fix for other statements.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, StatementContext, bad, good, guard, missing


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    return missing(rule, context, failure, ("index",), guard)


rule = Rule(
    code="DP104",
    name="index-not-guaranteed",
    summary="A statement needs an index that may not exist",
    sqlstates=("42704", "42P01"),
    on_failure=_check,
    cases=(
        bad(
            """\
CREATE TABLE IF NOT EXISTS orders (id bigint, number text UNIQUE);
ALTER INDEX orders_number_key RENAME TO orders_by_number;
""",
            why="an old table may have no such unique constraint, and so no index",
            line=2,
        ),
        bad(
            "DROP INDEX orders_total;\n",
            why="the history dropped the index before",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=(
                "CREATE TABLE orders (id bigint, total int);\nCREATE INDEX orders_total ON orders (total);\n",
                "DROP INDEX orders_total;\n",
            ),
        ),
        bad(
            """\
DO $$ BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = 'orders' AND column_name = 'total'
    ) THEN
        ALTER TABLE orders ADD COLUMN total int;
        CREATE INDEX orders_total ON orders (total);
    END IF;
END $$;
DROP INDEX orders_total;
""",
            why="where the column is there already, the block makes no index",
            line=10,
            earlier=("CREATE TABLE orders (id bigint);\n",),
            fixed="""\
DO $$ BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = 'orders' AND column_name = 'total'
    ) THEN
        ALTER TABLE orders ADD COLUMN total int;
        CREATE INDEX orders_total ON orders (total);
    END IF;
END $$;
DO $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM pg_indexes
        WHERE schemaname = 'public'
          AND indexname = 'orders_total'
    ) THEN
DROP INDEX orders_total;
    END IF;
END $$;
""",
        ),
        good(
            """\
CREATE TABLE t (a int);
CREATE INDEX IF NOT EXISTS t_a ON t (a);
COMMENT ON INDEX t_a IS 'x';
""",
            why="CREATE INDEX IF NOT EXISTS guarantees the index",
        ),
        good("DROP INDEX made_by_hand;\n", why="nothing is known of an index that was never made here"),
    ),
)
