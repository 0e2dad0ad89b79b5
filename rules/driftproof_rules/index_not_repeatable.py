"""A second run makes an index that the first run made.

## What it does

Finds CREATE INDEX that fails when the file runs again over its own effects.

Reported where a run mode keeps what was done before a failure (as information: it takes a run that stopped half-way),
and everywhere with `--rerun always`.

## Why it matters

The second run fails with `relation "orders_total" already exists` (SQLSTATE 42P07). An index without a name never
fails: PostgreSQL makes up another one, and a second index.

## Example

    CREATE INDEX orders_total ON orders (total);

## Instead

`CREATE INDEX IF NOT EXISTS orders_total ON orders (total);`

## Fix safety

Safe: the statement stays as it is, inside a block that asks for the index first. A fresh database ends in the same
schema, and a second run passes. With `fix-style = "native"` it is CREATE INDEX IF NOT EXISTS. CREATE INDEX
CONCURRENTLY can stand in no block, and always gets IF NOT EXISTS.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, Severity, StatementContext, bad, good, repeatable, repeated


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    if (
        failure.certainty is not Certainty.RERUN
        or failure.companion
        or failure.missing
        or failure.object.kind != "index"
    ):
        return None
    return repeated(rule, context, failure, help="CREATE INDEX IF NOT EXISTS passes where it is there", fix=repeatable)


rule = Rule(
    code="DP202",
    name="index-not-repeatable",
    summary="A second run makes an index that the first run made",
    severity=Severity.WARNING,
    sqlstates=("42P07",),
    on_failure=_check,
    cases=(
        bad(
            """\
CREATE INDEX orders_id ON orders (id);
COMMENT ON TABLE orders IS 'x';
""",
            why="the index is there the second time",
            line=1,
            certainty=Certainty.RERUN,
            earlier=("CREATE TABLE orders (id bigint);\n",),
            fixed="""\
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM pg_indexes
        WHERE schemaname = 'public'
          AND indexname = 'orders_id'
    ) THEN
CREATE INDEX orders_id ON orders (id);
    END IF;
END $$;
COMMENT ON TABLE orders IS 'x';
""",
        ),
        good(
            "CREATE INDEX IF NOT EXISTS orders_id ON orders (id);\n",
            why="IF NOT EXISTS passes",
            earlier=("CREATE TABLE orders (id bigint);\n",),
        ),
    ),
)
