"""A statement needs an extension, role or publication that may not exist.

## What it does

Finds statements that name an extension, a role, a publication, a foreign server, a user mapping, an event trigger, a
subscription, a text search object, an operator, a cast, a collation, a language, a statistics object or a prepared
statement which the history dropped, or which only one branch of a guarded block makes; and tables that are taken from a
publication they are not in.

## Why it matters

The migration fails with SQLSTATE 42704, 42883 (operator), 22023 (SET ROLE), 26000 (prepared statement) or 3D000
(database).

## Example

    DO $$
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM pg_publication WHERE pubname = 'changes') THEN
            CREATE PUBLICATION changes;
            CREATE PUBLICATION audit;
        END IF;
    END $$;
    COMMENT ON PUBLICATION audit IS 'Who did what';

## Instead

Guard each object by itself.

## Fix safety

Safe for a DROP: it stands in a block that asks for the object first, so that it passes where that is missing (with
`fix-style = "native"` it is DROP ... IF EXISTS). There is no automatic fix for other statements.
"""

from driftproof import OTHER_KINDS, Certainty, Diagnostic, Failure, Rule, StatementContext, bad, good, guard, missing


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    return missing(rule, context, failure, OTHER_KINDS, guard)


rule = Rule(
    code="DP111",
    name="object-not-guaranteed",
    summary="A statement needs an extension, role or publication that may not exist",
    sqlstates=("42704", "42883", "22023", "26000", "3D000"),
    on_failure=_check,
    cases=(
        bad(
            """\
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_publication WHERE pubname = 'changes') THEN
        CREATE PUBLICATION changes;
        CREATE PUBLICATION audit;
    END IF;
END $$;
COMMENT ON PUBLICATION audit IS 'Who did what';
""",
            why="the guard tests for one publication and makes two",
            line=8,
        ),
        bad(
            "ALTER PUBLICATION changes DROP TABLE orders;\n",
            why="the table is not in the publication",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=("CREATE TABLE orders (id bigint);\nCREATE PUBLICATION changes;\n",),
        ),
        bad(
            "CREATE USER MAPPING FOR PUBLIC SERVER films;\n",
            why="an earlier migration dropped the server",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=(
                "CREATE FOREIGN DATA WRAPPER dummy;\nCREATE SERVER films FOREIGN DATA WRAPPER dummy;\n",
                "DROP SERVER films;\n",
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
        CREATE PUBLICATION changes;
    END IF;
END $$;
DROP PUBLICATION changes;
""",
            why="where the column is there already, the block makes no publication",
            line=10,
            earlier=("CREATE TABLE orders (id bigint);\n",),
            fixed="""\
DO $$ BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = 'orders' AND column_name = 'total'
    ) THEN
        ALTER TABLE orders ADD COLUMN total int;
        CREATE PUBLICATION changes;
    END IF;
END $$;
DO $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM pg_publication
        WHERE pubname = 'changes'
    ) THEN
DROP PUBLICATION changes;
    END IF;
END $$;
""",
        ),
        good("COMMENT ON ROLE made_by_hand IS 'x';\n", why="nothing is known of a role that was never made here"),
    ),
)
