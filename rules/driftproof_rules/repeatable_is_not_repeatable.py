"""A file that is run again and again leaves something more each time.

## What it does

Looks at files that their tool runs whenever they are edited (Flyway's `R__name.sql`, Liquibase's `runOnChange` and
`runAlways`, the current migration of graphile-migrate), and finds statements that succeed each time and add to what is
there: an index or a constraint without a name, for which PostgreSQL makes up a new one; INSERT ... VALUES into a table
where no key is among the columns that are written. What fails in a second run is the matter of DP201 to DP214.

## Why it matters

Nobody is told. After ten edits the rows are there ten times, and ten indexes are kept up to date.

## Example

    -- R__countries.sql
    INSERT INTO countries (name) VALUES ('Iceland');

## Instead

Say what is to be there afterwards: TRUNCATE or DELETE first, ON CONFLICT on a key, WHERE NOT EXISTS; give indexes and
constraints a name, and drop them IF EXISTS before they are made.

## Fix safety

There is no automatic fix.
"""

from collections.abc import Iterator

from driftproof import Diagnostic, Rule, Severity, StatementContext, bad, doubled, good


def _check(rule: Rule, context: StatementContext) -> Iterator[Diagnostic]:
    if context.file.migration.repeatable and (what := doubled(context)) is not None:
        start, end = context.statement.start, context.statement.end
        yield rule.at(
            context.file, start, end, f"each run of this file adds {what}, and it is run whenever it is edited"
        )


_TABLE = {"V1__make.sql": "CREATE TABLE countries (id serial PRIMARY KEY, name text);\n"}

rule = Rule(
    code="DP908",
    name="repeatable-is-not-repeatable",
    summary="A file that is run again and again leaves something more each time",
    severity=Severity.WARNING,
    commands=("INSERT", "CREATE INDEX", "ALTER TABLE"),
    on_statement=_check,
    cases=(
        bad(
            "INSERT INTO countries (name) VALUES ('Iceland');\n",
            name="R__countries.sql",
            beside=_TABLE,
            framework="flyway",
            why="the key is a number that is always new",
            line=1,
            certainty=None,
        ),
        bad(
            "CREATE INDEX ON countries (name);\n",
            name="R__countries.sql",
            beside=_TABLE,
            framework="flyway",
            why="the next one is called countries_name_idx1",
            line=1,
            certainty=None,
        ),
        bad(
            "ALTER TABLE countries ADD CHECK (name <> '');\n",
            name="current.sql",
            beside={"committed/000001.sql": _TABLE["V1__make.sql"]},
            framework="graphile-migrate",
            why="the current migration is run whenever it is saved",
            line=1,
            certainty=None,
        ),
        good(
            "INSERT INTO countries (id, name) VALUES (1, 'Iceland') ON CONFLICT DO NOTHING;\n",
            name="R__countries.sql",
            beside=_TABLE,
            framework="flyway",
            why="the key is there the second time",
        ),
        good(
            "DELETE FROM countries;\nINSERT INTO countries (name) VALUES ('Iceland');\n",
            name="R__countries.sql",
            beside=_TABLE,
            framework="flyway",
            why="the rows of the last run are gone",
        ),
        good(
            "INSERT INTO countries (name) VALUES ('Iceland');\n",
            name="V2__countries.sql",
            beside=_TABLE,
            framework="flyway",
            why="a versioned migration is run once",
        ),
    ),
)
