"""A statement needs a constraint that the table may lack.

## What it does

Finds statements that name a constraint (by its own name, or by the one that PostgreSQL made up) which an old table may
lack: `CREATE TABLE IF NOT EXISTS` leaves a table that already exists as it is.

## Why it matters

The migration fails with `constraint "orders_total_check" of relation "orders" does not exist` (SQLSTATE 42704).

## Example

    CREATE TABLE IF NOT EXISTS orders (id bigint, total int CHECK (total > 0));
    ALTER TABLE orders DROP CONSTRAINT orders_total_check;

## Instead

`ALTER TABLE orders DROP CONSTRAINT IF EXISTS orders_total_check;`, or make sure of the constraint first.

## Fix safety

Safe: a fresh database ends in the same schema. The constraint is added where it is missing; where existing rows break
it, the block warns and leaves it out. A DROP is not fixed: it wants IF EXISTS.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, StatementContext, bad, good, guard, missing


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    return missing(rule, context, failure, ("constraint",), guard)


rule = Rule(
    code="DP103",
    name="constraint-not-guaranteed",
    summary="A statement needs a constraint that the table may lack",
    sqlstates=("42704",),
    on_failure=_check,
    cases=(
        bad(
            """\
CREATE TABLE IF NOT EXISTS orders (id bigint, total int CHECK (total > 0));
ALTER TABLE orders DROP CONSTRAINT orders_total_check;
""",
            why="an old table may have no such check",
            line=2,
            fixed="""\
CREATE TABLE IF NOT EXISTS orders (id bigint, total int CHECK (total > 0));

-- Ensure columns exist (for existing tables)
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = 'public'
          AND table_name = 'orders'
          AND column_name = 'total'
    ) THEN
        ALTER TABLE orders ADD COLUMN total int CHECK (total > 0);
    END IF;
END $$;

DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM pg_constraint
        WHERE conrelid = 'public.orders'::regclass
          AND conname = 'orders_total_check'
    ) THEN
        ALTER TABLE orders ADD CONSTRAINT orders_total_check CHECK (total > 0);
    END IF;
EXCEPTION
    WHEN undefined_column THEN
        NULL; -- it comes with the last of its columns
    WHEN check_violation THEN
        RAISE WARNING 'orders: existing rows break orders_total_check, it was not added';
END $$;

ALTER TABLE orders DROP CONSTRAINT orders_total_check;
""",
        ),
        bad(
            """\
CREATE TABLE IF NOT EXISTS spans (starts date, ends date, CONSTRAINT in_order CHECK (starts < ends));
COMMENT ON CONSTRAINT in_order ON spans IS 'Spans have a length';
""",
            why="a table constraint can be added where it is missing",
            line=2,
            fixed="""\
CREATE TABLE IF NOT EXISTS spans (starts date, ends date, CONSTRAINT in_order CHECK (starts < ends));

-- Ensure columns exist (for existing tables)
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = 'public'
          AND table_name = 'spans'
          AND column_name = 'starts'
    ) THEN
        ALTER TABLE spans ADD COLUMN starts date;
    END IF;
END $$;

DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = 'public'
          AND table_name = 'spans'
          AND column_name = 'ends'
    ) THEN
        ALTER TABLE spans ADD COLUMN ends date;
    END IF;
END $$;

DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM pg_constraint
        WHERE conrelid = 'public.spans'::regclass
          AND conname = 'in_order'
    ) THEN
        ALTER TABLE spans ADD CONSTRAINT in_order CHECK (starts < ends);
    END IF;
EXCEPTION
    WHEN undefined_column THEN
        NULL; -- it comes with the last of its columns
    WHEN check_violation THEN
        RAISE WARNING 'spans: existing rows break in_order, it was not added';
END $$;

COMMENT ON CONSTRAINT in_order ON spans IS 'Spans have a length';
""",
        ),
        bad(
            "ALTER TABLE orders VALIDATE CONSTRAINT positive;\n",
            why="no statement of the history makes it",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=("CREATE TABLE orders (id bigint, total int);\n",),
        ),
        good(
            """\
CREATE TABLE IF NOT EXISTS orders (id bigint, total int CHECK (total > 0));
ALTER TABLE orders DROP CONSTRAINT IF EXISTS orders_total_check;
""",
            why="IF EXISTS passes",
        ),
    ),
)
