"""A statement needs a row security policy that may not exist.

## What it does

Finds ALTER POLICY, DROP POLICY and COMMENT ON POLICY for a policy that no statement of the history makes (`always`), or
that only one branch of a guarded block makes (`drift`).

## Why it matters

The migration fails with `policy "own" for table "orders" does not exist` (SQLSTATE 42704).

## Example

    DO $$
    BEGIN
        IF to_regclass('public.orders') IS NULL THEN
            CREATE TABLE orders (id bigint PRIMARY KEY, total int);
            CREATE POLICY own ON orders USING (true);
        END IF;
    END $$;
    ALTER POLICY own ON orders USING (false);

## Instead

`DROP POLICY IF EXISTS own ON orders;` and `CREATE POLICY own ON orders ...`

## Fix safety

Safe for a DROP: it stands in a block that asks for the policy first, so that it passes where that is missing (with
`fix-style = "native"` it is DROP ... IF EXISTS). There is no automatic fix for other statements.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, StatementContext, bad, good, guard, missing


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    return missing(rule, context, failure, ("policy",), guard)


rule = Rule(
    code="DP105",
    name="policy-not-guaranteed",
    summary="A statement needs a row security policy that may not exist",
    sqlstates=("42704",),
    on_failure=_check,
    cases=(
        bad(
            """\
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema = 'public' AND table_name = 'orders') THEN
        CREATE TABLE orders (id bigint PRIMARY KEY, total int);
        CREATE POLICY own ON orders USING (true);
    END IF;
END $$;
ALTER POLICY own ON orders USING (false);
""",
            why="the policy is made only where the table was not there",
            line=8,
        ),
        bad(
            "DROP POLICY own ON orders;\n",
            why="no statement of the history makes it",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=("CREATE TABLE orders (id bigint);\n",),
        ),
        bad(
            """\
DO $$ BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = 'orders' AND column_name = 'total'
    ) THEN
        ALTER TABLE orders ADD COLUMN total int;
        CREATE POLICY own ON orders USING (true);
    END IF;
END $$;
DROP POLICY own ON orders;
""",
            why="where the column is there already, the block makes no policy",
            line=10,
            earlier=("CREATE TABLE orders (id bigint);\n",),
            fixed="""\
DO $$ BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = 'orders' AND column_name = 'total'
    ) THEN
        ALTER TABLE orders ADD COLUMN total int;
        CREATE POLICY own ON orders USING (true);
    END IF;
END $$;
DO $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM pg_policies
        WHERE schemaname = 'public'
          AND tablename = 'orders'
          AND policyname = 'own'
    ) THEN
DROP POLICY own ON orders;
    END IF;
END $$;
""",
        ),
        good(
            "CREATE TABLE t (a int);\nDROP POLICY IF EXISTS p ON t;\nCREATE POLICY p ON t USING (a > 0);\n",
            why="IF EXISTS passes",
        ),
    ),
)
