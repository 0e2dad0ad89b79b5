"""A second run makes a schema, role, extension or the like that the first run made.

## What it does

Finds CREATE SCHEMA, ROLE, EXTENSION, PUBLICATION and the like, and tables added to a publication, that fail when the
file runs again over its own effects.

Reported where a run mode keeps what was done before a failure (as information: it takes a run that stopped half-way),
and everywhere with `--rerun always`.

## Why it matters

The second run fails with SQLSTATE 42710, or 42P06 for a schema.

## Example

    CREATE SCHEMA audit;

## Instead

`CREATE SCHEMA IF NOT EXISTS audit;`, `CREATE EXTENSION IF NOT EXISTS ...`; for roles and publications a DO block that
catches duplicate_object.

## Fix safety

There is no automatic fix.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, Severity, StatementContext, bad, good, repeated

# What the other rules of this family are about.
_OTHERS = {
    "relation",
    "sequence",
    "index",
    "column",
    "constraint",
    "policy",
    "trigger",
    "rule",
    "type",
    "enum-label",
    "function",
}


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    if (
        failure.certainty is not Certainty.RERUN
        or failure.companion
        or failure.missing
        or failure.object.kind in _OTHERS
    ):
        return None
    return repeated(
        rule, context, failure, help="IF NOT EXISTS, or a DO block that catches the error, makes it repeatable"
    )


rule = Rule(
    code="DP213",
    name="membership-not-repeatable",
    summary="A second run makes a schema, role, extension or the like that the first run made",
    severity=Severity.WARNING,
    sqlstates=("42710", "42P06", "42723", "23505", "42P04", "42P05"),
    on_failure=_check,
    cases=(
        bad(
            """\
CREATE SCHEMA audit;
CREATE TABLE IF NOT EXISTS audit.log (id bigint);
""",
            why="the schema is there the second time",
            line=1,
            certainty=Certainty.RERUN,
        ),
        good("CREATE SCHEMA IF NOT EXISTS audit;\n", why="IF NOT EXISTS passes"),
    ),
)
