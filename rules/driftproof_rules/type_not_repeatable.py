"""A second run makes a type or an enum label that the first run made.

## What it does

Finds CREATE TYPE, CREATE DOMAIN and ALTER TYPE ... ADD VALUE that fail when the file runs again over its own effects.
There is no IF NOT EXISTS for types.

Reported where a run mode keeps what was done before a failure (as information: it takes a run that stopped half-way),
and everywhere with `--rerun always`.

## Why it matters

The second run fails with `type "mood" already exists` or `enum label "good" already exists` (SQLSTATE 42710).

## Example

    CREATE TYPE mood AS ENUM ('good');
    ALTER TYPE mood ADD VALUE 'bad';

## Instead

A DO block that asks pg_type, or catches duplicate_object; `ALTER TYPE mood ADD VALUE IF NOT EXISTS 'bad';`

## Fix safety

Safe: the statement stays as it is, inside a block that asks for the type or label first. A fresh database ends in the
same schema, and a second run passes. With `fix-style = "native"` it is ADD VALUE IF NOT EXISTS, for labels.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, Severity, StatementContext, bad, good, repeatable, repeated


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    if (
        failure.certainty is not Certainty.RERUN
        or failure.companion
        or failure.missing
        or failure.object.kind not in ("type", "enum-label")
    ):
        return None
    return repeated(
        rule, context, failure, help="a DO block that catches duplicate_object makes it repeatable", fix=repeatable
    )


rule = Rule(
    code="DP207",
    name="type-not-repeatable",
    summary="A second run makes a type or an enum label that the first run made",
    severity=Severity.WARNING,
    sqlstates=("42710",),
    on_failure=_check,
    cases=(
        bad(
            """\
CREATE TYPE mood AS ENUM ('good');
CREATE TABLE IF NOT EXISTS days (day date, mood mood);
""",
            why="the type is there the second time",
            line=1,
            certainty=Certainty.RERUN,
            fixed="""\
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM pg_type
        WHERE typnamespace = 'public'::regnamespace
          AND typname = 'mood'
    ) THEN
CREATE TYPE mood AS ENUM ('good');
    END IF;
END $$;
CREATE TABLE IF NOT EXISTS days (day date, mood mood);
""",
        ),
        bad(
            """\
ALTER TYPE mood ADD VALUE 'bad';
COMMENT ON TYPE mood IS 'x';
""",
            why="so is the label",
            line=1,
            certainty=Certainty.RERUN,
            earlier=("CREATE TYPE mood AS ENUM ('good');\n",),
            fixed="""\
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM pg_enum
        WHERE enumtypid = 'public.mood'::regtype
          AND enumlabel = 'bad'
    ) THEN
ALTER TYPE mood ADD VALUE 'bad';
    END IF;
END $$;
COMMENT ON TYPE mood IS 'x';
""",
        ),
        good(
            "DO $$ BEGIN CREATE TYPE mood AS ENUM ('good'); EXCEPTION WHEN duplicate_object THEN NULL; END $$;\n",
            why="the error is caught",
        ),
    ),
)
