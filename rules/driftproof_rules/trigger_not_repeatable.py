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

Safe: the trigger or rule is dropped, if it is there, before it is made, so that it always is as the file says.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, Severity, StatementContext, bad, good, repeatable, repeated


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    if (
        failure.certainty is not Certainty.RERUN
        or failure.companion
        or failure.missing
        or failure.object.kind not in ("trigger", "rule")
    ):
        return None
    return repeated(rule, context, failure, help="CREATE OR REPLACE makes it repeatable", fix=repeatable)


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
            fixed="""\
DROP RULE IF EXISTS quiet ON orders;
CREATE RULE quiet AS ON DELETE TO orders DO INSTEAD NOTHING;
COMMENT ON TABLE orders IS 'x';
""",
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
            fixed="""\
DROP TRIGGER IF EXISTS same ON orders;
CREATE TRIGGER same BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
COMMENT ON TABLE orders IS 'x';
""",
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
