"""A statement needs a trigger that may not exist.

## What it does

Finds DROP TRIGGER, ALTER TRIGGER, ENABLE and DISABLE TRIGGER and COMMENT ON TRIGGER for a trigger that no statement of
the history makes (`always`), or that only one branch of a guarded block makes (`drift`).

## Why it matters

The migration fails with `trigger "touch" for table "orders" does not exist` (SQLSTATE 42704).

## Example

    CREATE TABLE orders (id bigint);
    DROP TRIGGER touch ON orders;

## Instead

`DROP TRIGGER IF EXISTS touch ON orders;`

## Fix safety

Safe for a DROP: it stands in a block that asks for the trigger first, so that it passes where that is missing (with
`fix-style = "native"` it is DROP ... IF EXISTS). There is no automatic fix for other statements.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, StatementContext, bad, good, guard, missing


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    return missing(rule, context, failure, ("trigger", "rule"), guard)


rule = Rule(
    code="DP106",
    name="trigger-not-guaranteed",
    summary="A statement needs a trigger that may not exist",
    sqlstates=("42704",),
    on_failure=_check,
    cases=(
        bad(
            """\
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema = 'public' AND table_name = 'orders') THEN
        CREATE TABLE orders (id bigint);
        CREATE TRIGGER touch BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
    END IF;
END $$;
ALTER TABLE orders DISABLE TRIGGER touch;
""",
            why="the trigger is made only where the table was not there",
            line=9,
        ),
        bad(
            "DROP TRIGGER touch ON orders;\n",
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
        CREATE RULE kept AS ON DELETE TO orders DO INSTEAD NOTHING;
    END IF;
END $$;
DROP RULE kept ON orders;
""",
            why="where the column is there already, the block makes no rule",
            line=10,
            earlier=("CREATE TABLE orders (id bigint);\n",),
            fixed="""\
DO $$ BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = 'orders' AND column_name = 'total'
    ) THEN
        ALTER TABLE orders ADD COLUMN total int;
        CREATE RULE kept AS ON DELETE TO orders DO INSTEAD NOTHING;
    END IF;
END $$;
DROP RULE IF EXISTS kept ON orders;
""",
        ),
        good("CREATE TABLE t (a int);\nDROP TRIGGER IF EXISTS x ON t;\n", why="IF EXISTS passes"),
    ),
)
