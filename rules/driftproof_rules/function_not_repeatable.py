"""A second run makes a function that the first run made.

## What it does

Finds CREATE FUNCTION, PROCEDURE and AGGREGATE that fail when the file runs again over its own effects.

Reported where a run mode keeps what was done before a failure (as information: it takes a run that stopped half-way),
and everywhere with `--rerun always`.

## Why it matters

The second run fails with `function "total" already exists with same argument types` (SQLSTATE 42723), or, where a
later statement of the file gave the function another form, with 42P13 or 42809.

## Example

    CREATE FUNCTION total(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';

## Instead

`CREATE OR REPLACE FUNCTION`

## Fix safety

Safe: the function is made OR REPLACE.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, Severity, StatementContext, bad, good, repeatable, repeated


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    if (
        failure.certainty is not Certainty.RERUN
        or failure.missing
        or failure.object.kind != "function"
        or failure.sqlstate not in rule.sqlstates
    ):
        return None
    return repeated(rule, context, failure, help="OR REPLACE makes it repeatable", fix=repeatable)


rule = Rule(
    code="DP208",
    name="function-not-repeatable",
    summary="A second run makes a function that the first run made",
    severity=Severity.WARNING,
    sqlstates=("42723", "42P13", "42809"),
    on_failure=_check,
    cases=(
        bad(
            """\
CREATE FUNCTION total(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';
COMMENT ON FUNCTION total(int) IS 'x';
""",
            why="the function is there the second time",
            line=1,
            certainty=Certainty.RERUN,
            fixed="""\
CREATE OR REPLACE FUNCTION total(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';
COMMENT ON FUNCTION total(int) IS 'x';
""",
        ),
        good(
            """\
CREATE OR REPLACE FUNCTION total(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';
COMMENT ON FUNCTION total(int) IS 'x';
""",
            why="OR REPLACE passes",
        ),
    ),
)
