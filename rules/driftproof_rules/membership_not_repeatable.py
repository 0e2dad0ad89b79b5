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

Safe: the statement stays as it is, inside a block that asks for the object first (with `fix-style = "native"` it is
CREATE ... IF NOT EXISTS, where there is that). A fresh database ends in the same schema, and a second run passes. Kinds
that no view of the catalogs names are left alone.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, Severity, StatementContext, bad, good, repeatable, repeated

# What the other rules of this family are about.
_OTHERS = {
    "relation",
    "sequence",
    "index",
    "column",
    "key",
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
        rule,
        context,
        failure,
        help="IF NOT EXISTS, or a DO block that catches the error, makes it repeatable",
        fix=repeatable,
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
            fixed="""\
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM pg_namespace
        WHERE nspname = 'audit'
    ) THEN
CREATE SCHEMA audit;
    END IF;
END $$;
CREATE TABLE IF NOT EXISTS audit.log (id bigint);
""",
        ),
        good("CREATE SCHEMA IF NOT EXISTS audit;\n", why="IF NOT EXISTS passes"),
    ),
)
