"""A second run writes a row whose key the first run wrote.

## What it does

Finds INSERT ... VALUES without ON CONFLICT that writes constants into all columns of a primary key or unique index, and
so the same key again when the file runs over its own effects. Where a statement of the file changes or deletes rows, or
the table has triggers or rules, nothing is claimed.

Reported where a run mode keeps what was done before a failure (as information: it takes a run that stopped half-way),
and everywhere with `--rerun always`.

## Why it matters

The second run fails with `duplicate key value violates unique constraint "roles_pkey"` (SQLSTATE 23505).

## Example

    INSERT INTO roles (name, title) VALUES ('admin', 'Administrator');

## Instead

`INSERT INTO roles (name, title) VALUES ('admin', 'Administrator') ON CONFLICT (name) DO NOTHING;`

## Fix safety

Unsafe: ON CONFLICT DO NOTHING is added, which also passes over rows that others wrote with that key.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, Severity, StatementContext, appended, bad, good, repeated


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    if failure.certainty is not Certainty.RERUN:
        return None
    return repeated(rule, context, failure, help="ON CONFLICT DO NOTHING passes where the key is there", fix=appended)


rule = Rule(
    code="DP212",
    name="insert-not-repeatable",
    summary="A second run writes a row whose key the first run wrote",
    severity=Severity.WARNING,
    sqlstates=("23505",),
    on_failure=_check,
    cases=(
        bad(
            "INSERT INTO roles (name) VALUES ('admin'), ('member');\nCOMMENT ON TABLE roles IS 'x';\n",
            why="the key is there the second time",
            line=1,
            certainty=Certainty.RERUN,
            earlier=("CREATE TABLE roles (name text PRIMARY KEY);\n",),
            fixed="""\
INSERT INTO roles (name) VALUES ('admin'), ('member')
ON CONFLICT DO NOTHING;
COMMENT ON TABLE roles IS 'x';
""",
            unsafe=True,
        ),
        good(
            "INSERT INTO roles (name) VALUES ('admin') ON CONFLICT DO NOTHING;\n",
            why="a conflict is forgiven",
            earlier=("CREATE TABLE roles (name text PRIMARY KEY);\n",),
        ),
        good(
            "INSERT INTO roles (title) VALUES ('Administrator');\n",
            why="the key is made up by the server",
            earlier=("CREATE TABLE roles (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text);\n",),
        ),
        good(
            "DELETE FROM roles WHERE name = 'admin';\nINSERT INTO roles (name) VALUES ('admin');\n",
            why="it is deleted before",
            earlier=("CREATE TABLE roles (name text PRIMARY KEY);\n",),
        ),
    ),
)
