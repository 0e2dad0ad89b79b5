"""A second run makes a view that the first run made.

## What it does

Finds CREATE VIEW and CREATE MATERIALIZED VIEW that fail when the file runs again over its own effects.

Reported where a run mode keeps what was done before a failure (as information: it takes a run that stopped half-way),
and everywhere with `--rerun always`.

## Why it matters

The second run fails with `relation "totals" already exists` (SQLSTATE 42P07); OR REPLACE of what a later statement
replaced by other columns fails with 42P16.

## Example

    CREATE VIEW totals AS SELECT sum(total) AS total FROM orders;

## Instead

`CREATE OR REPLACE VIEW totals ...`, `CREATE MATERIALIZED VIEW IF NOT EXISTS totals ...`

## Fix safety

Safe: a view is made OR REPLACE. A materialized view stands in a block that asks for it first (with
`fix-style = "native"` it is made IF NOT EXISTS).
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, Severity, StatementContext, bad, good, repeatable, repeated


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    if (
        failure.certainty is not Certainty.RERUN
        or failure.companion
        or failure.missing
        or failure.object.kind != "relation"
    ):
        return None
    if context.catalog.kind(failure.object) not in ("view", "materialized view"):
        return None
    return repeated(
        rule,
        context,
        failure,
        help="CREATE OR REPLACE VIEW, or DROP ... IF EXISTS before it, makes it repeatable",
        fix=repeatable,
    )


rule = Rule(
    code="DP209",
    name="view-not-repeatable",
    summary="A second run makes a view that the first run made",
    severity=Severity.WARNING,
    sqlstates=("42P07", "42P16"),
    on_failure=_check,
    cases=(
        bad(
            """\
CREATE VIEW numbers AS SELECT 1 AS one;
COMMENT ON VIEW numbers IS 'x';
""",
            why="the view is there the second time",
            line=1,
            certainty=Certainty.RERUN,
            fixed="""\
CREATE OR REPLACE VIEW numbers AS SELECT 1 AS one;
COMMENT ON VIEW numbers IS 'x';
""",
        ),
        good("CREATE OR REPLACE VIEW numbers AS SELECT 1 AS one;\n", why="OR REPLACE passes"),
    ),
)
