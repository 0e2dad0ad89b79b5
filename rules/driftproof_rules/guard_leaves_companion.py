"""A table or type is guarded, what is built on it is not.

## What it does

Finds statements that fail when the file runs again, on a table or type that the same file makes only where it is not
there yet: with IF NOT EXISTS, in a block that tests for it, or before a handler. Whoever guards the table expects to
meet it, and then its index, policy, trigger, constraint or column is there too.

## Why it matters

Where the table is there from an earlier run, an earlier attempt or another branch, the statement fails with SQLSTATE
42P07, 42710, 42701 or 42P16, and the guard has helped nothing.

## Example

    CREATE TABLE IF NOT EXISTS orders (id bigint PRIMARY KEY, total int);
    CREATE INDEX orders_total ON orders (total);
    CREATE POLICY own ON orders USING (true);

## Instead

    CREATE TABLE IF NOT EXISTS orders (id bigint PRIMARY KEY, total int);
    CREATE INDEX IF NOT EXISTS orders_total ON orders (total);
    DROP POLICY IF EXISTS own ON orders;
    CREATE POLICY own ON orders USING (true);

## Fix safety

Safe: policies, triggers and rules are dropped, if they are there, before they are made; other statements stay as they
are, inside a block that asks for the object first (with `fix-style = "native"`: IF NOT EXISTS, where there is that). A
fresh database ends in the same schema, and a second run passes.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, Severity, StatementContext, bad, good, repeatable, repeated


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    if failure.certainty is not Certainty.RERUN or not failure.companion:
        return None
    kind = failure.object.kind
    cure = "a block that asks for it first"
    if kind in ("index", "column", "enum-label"):
        cure = "IF NOT EXISTS"
    elif kind in ("policy", "trigger", "rule"):
        cure = f"DROP {kind.upper()} IF EXISTS before it"
    help = f"what it is built on is guarded; {cure} guards this too"
    return repeated(rule, context, failure, help=help, fix=repeatable)


rule = Rule(
    code="DP214",
    name="guard-leaves-companion",
    summary="A table or type is guarded, what is built on it is not",
    severity=Severity.WARNING,
    sqlstates=("42P07", "42710", "42701", "42P16"),
    on_failure=_check,
    cases=(
        bad(
            "CREATE TABLE IF NOT EXISTS orders (id bigint);\nALTER TABLE orders ADD COLUMN total int;\n",
            why="where the table is there, so is its column",
            line=2,
            certainty=Certainty.RERUN,
            fixed="""\
CREATE TABLE IF NOT EXISTS orders (id bigint);
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
""",
        ),
        bad(
            "CREATE TABLE IF NOT EXISTS orders (id bigint);\nCREATE POLICY own ON orders USING (true);\n",
            why="and so is its policy",
            line=2,
            certainty=Certainty.RERUN,
            fixed="""\
CREATE TABLE IF NOT EXISTS orders (id bigint);
DROP POLICY IF EXISTS own ON orders;
CREATE POLICY own ON orders USING (true);
""",
        ),
        good(
            "CREATE TABLE IF NOT EXISTS orders (id bigint);\nALTER TABLE orders ADD COLUMN IF NOT EXISTS total int;\n",
            why="both are guarded",
        ),
        good(
            """\
CREATE TABLE IF NOT EXISTS orders (id bigint);
DROP POLICY IF EXISTS own ON orders;
CREATE POLICY own ON orders USING (true);
""",
            why="it is dropped before",
        ),
    ),
)
