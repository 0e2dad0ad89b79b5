"""A second run drops or changes what the first run has built on.

## What it does

Finds statements that another one further down the file stands in the way of when the file runs again over its own
effects: `DROP VIEW IF EXISTS` of a view that a later view reads, `DROP COLUMN` of a column that a later policy uses,
`ALTER COLUMN ... TYPE` of one that a later view shows.

Reported where a run mode keeps what was done before a failure (as information: it takes a run that stopped half-way),
and everywhere with `--rerun always`.

## Why it matters

The second run fails with `cannot drop view orders because other objects depend on it` (SQLSTATE 2BP01) or `cannot alter
type of a column used by a view or rule` (0A000). `IF EXISTS` does not help.

## Example

    DROP VIEW IF EXISTS open_orders;
    CREATE VIEW open_orders AS SELECT id FROM orders WHERE paid_at IS NULL;
    CREATE OR REPLACE VIEW late_orders AS SELECT id FROM open_orders;

## Instead

Drop what depends on it first, or say `CREATE OR REPLACE` without the `DROP`.

## Fix safety

There is no automatic fix.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, Severity, StatementContext, bad, described, good

_MESSAGES = {
    "2BP01": "a second run fails here: what this file makes depends on {}: 2BP01",
    "0A000": "a second run fails here: what this file makes depends on the type of {}: 0A000",
}


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    message = _MESSAGES.get(failure.sqlstate)
    if message is None or failure.certainty is not Certainty.RERUN:
        return None
    return rule.failed(context, failure, message.format(described(failure.object)))


rule = Rule(
    code="DP215",
    name="dependents-not-repeatable",
    summary="A second run drops or changes what the first run has built on",
    severity=Severity.WARNING,
    sqlstates=("2BP01", "0A000"),
    on_failure=_check,
    cases=(
        bad(
            """\
DROP VIEW IF EXISTS open_orders;
CREATE OR REPLACE VIEW open_orders AS SELECT id FROM orders;
CREATE OR REPLACE VIEW late_orders AS SELECT id FROM open_orders;
""",
            why="the second view stands in the way of the first",
            line=1,
            certainty=Certainty.RERUN,
            earlier=("CREATE TABLE orders (id bigint);\n",),
        ),
        bad(
            """\
ALTER TABLE orders ALTER COLUMN total TYPE numeric;
CREATE OR REPLACE VIEW totals AS SELECT total FROM orders;
""",
            why="the view shows the column",
            line=1,
            certainty=Certainty.RERUN,
            earlier=("CREATE TABLE orders (id bigint, total int);\n",),
        ),
        good(
            """\
DROP VIEW IF EXISTS late_orders;
DROP VIEW IF EXISTS open_orders;
CREATE OR REPLACE VIEW open_orders AS SELECT id FROM orders;
CREATE OR REPLACE VIEW late_orders AS SELECT id FROM open_orders;
""",
            why="the second view goes first",
            earlier=("CREATE TABLE orders (id bigint);\n",),
        ),
    ),
)
