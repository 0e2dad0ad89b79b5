"""A second run makes a table or sequence that the first run made.

## What it does

Finds CREATE TABLE, CREATE SEQUENCE and their kin that fail when the file runs again over its own effects.

Reported where a run mode keeps what was done before a failure (as information: it takes a run that stopped half-way),
and everywhere with `--rerun always`.

## Why it matters

The second run fails with `relation "orders" already exists` (SQLSTATE 42P07) and never gets to what the first run
left undone.

## Example

    CREATE TABLE orders (id bigint PRIMARY KEY);
    INSERT INTO orders DEFAULT VALUES;

## Instead

`CREATE TABLE IF NOT EXISTS orders ...`, with guards for what is built on it.

## Fix safety

Safe: the statement stays as it is, inside a block that asks for the relation first. A fresh database ends in the same
schema, and a second run passes. With `fix-style = "native"` it is CREATE ... IF NOT EXISTS. Columns that
later statements need are then made sure of too (DP101).
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, Severity, StatementContext, bad, good, repeatable, repeated


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    if (
        failure.certainty is not Certainty.RERUN
        or failure.companion
        or failure.missing
        or failure.object.kind not in ("relation", "sequence")
    ):
        return None
    if context.catalog.kind(failure.object) in ("view", "materialized view"):
        return None
    return repeated(
        rule,
        context,
        failure,
        help=f"{context.statement.command} IF NOT EXISTS passes where it is there",
        fix=repeatable,
    )


rule = Rule(
    code="DP201",
    name="table-not-repeatable",
    summary="A second run makes a table or sequence that the first run made",
    severity=Severity.WARNING,
    sqlstates=("42P07",),
    on_failure=_check,
    cases=(
        bad(
            """\
CREATE TABLE orders (id bigint);
INSERT INTO orders DEFAULT VALUES;
""",
            why="the table is there the second time",
            line=1,
            certainty=Certainty.RERUN,
            fixed="""\
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM pg_class
        WHERE relnamespace = 'public'::regnamespace
          AND relname = 'orders'
    ) THEN
CREATE TABLE orders (id bigint);
    END IF;
END $$;
INSERT INTO orders DEFAULT VALUES;
""",
        ),
        good("CREATE TABLE IF NOT EXISTS orders (id bigint);\n", why="IF NOT EXISTS passes"),
        good(
            """\
DROP TABLE IF EXISTS orders;
CREATE TABLE orders (id bigint);
""",
            why="it is dropped before",
        ),
    ),
)
