"""A second run makes a trigger that the first run made.

## What it does

Finds CREATE TRIGGER and CREATE RULE that fail when the file runs again over its own effects.

Reported where a run mode keeps what was done before a failure (as information: it takes a run that stopped half-way),
and everywhere with `--rerun always`.

## Why it matters

The second run fails with `trigger "touch" for relation "orders" already exists` (SQLSTATE 42710).

## Example

    CREATE TRIGGER touch BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();

## Instead

`CREATE OR REPLACE TRIGGER touch ...` (PostgreSQL 14), or `DROP TRIGGER IF EXISTS touch ON orders;` before it.

## Fix safety

There is no automatic fix.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, Severity, StatementContext, bad, good, repeated


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    if (
        failure.certainty is not Certainty.RERUN
        or failure.companion
        or failure.missing
        or failure.object.kind not in ("trigger", "rule")
    ):
        return None
    return repeated(rule, context, failure, help="CREATE OR REPLACE makes it repeatable")


rule = Rule(
    code="DP206",
    name="trigger-not-repeatable",
    summary="A second run makes a trigger that the first run made",
    severity=Severity.WARNING,
    sqlstates=("42710",),
    on_failure=_check,
    cases=(
        bad(
            """\
CREATE RULE quiet AS ON DELETE TO orders DO INSTEAD NOTHING;
COMMENT ON TABLE orders IS 'x';
""",
            why="the rule is there the second time",
            line=1,
            certainty=Certainty.RERUN,
            earlier=("CREATE TABLE orders (id bigint);\n",),
        ),
        bad(
            """\
CREATE TRIGGER same BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
COMMENT ON TABLE orders IS 'x';
""",
            why="so is the trigger",
            line=1,
            certainty=Certainty.RERUN,
            earlier=("CREATE TABLE orders (id bigint);\n",),
        ),
        good(
            """\
CREATE TABLE IF NOT EXISTS orders (id bigint);
CREATE OR REPLACE TRIGGER same BEFORE UPDATE ON orders
FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
""",
            why="OR REPLACE passes",
        ),
    ),
)
