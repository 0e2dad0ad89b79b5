"""A statement drops or changes what other objects depend on.

## What it does

Finds `DROP TABLE`, `DROP VIEW`, `DROP INDEX`, `DROP COLUMN` and `DROP CONSTRAINT` without `CASCADE` where a view, a
policy, a trigger, a foreign key or a child table that the history made needs what is dropped, and `ALTER COLUMN ...
TYPE` on a column that a view, a policy or a trigger uses.

## Why it matters

The migration fails with `cannot drop table orders because other objects depend on it` (SQLSTATE 2BP01) or
`cannot alter type of a column used by a view or rule` (0A000). `IF EXISTS` does not help.

## Example

    CREATE VIEW totals AS SELECT sum(total) FROM orders;
    ALTER TABLE orders DROP COLUMN total;

## Instead

Drop what depends on it first and make it again afterwards, or `CASCADE` where it may go for good.

## Fix safety

There is no automatic fix.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, StatementContext, bad, good

_MESSAGES = {
    "2BP01": "{} can't be dropped: other objects depend on it: 2BP01",
    "0A000": "the type of {} can't be changed: other objects depend on it: 0A000",
}


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    message = _MESSAGES.get(failure.sqlstate)
    if message is None or failure.certainty is Certainty.RERUN:
        return None
    return rule.failed(context, failure, message.format(failure.object))


rule = Rule(
    code="DP124",
    name="drop-has-dependents",
    summary="A statement drops or changes what other objects depend on",
    sqlstates=("2BP01", "0A000"),
    on_failure=_check,
    cases=(
        bad(
            "DROP TABLE IF EXISTS orders;\n",
            why="a view reads the table",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=("CREATE TABLE orders (id bigint);\nCREATE VIEW open_orders AS SELECT id FROM orders;\n",),
        ),
        bad(
            "ALTER TABLE orders DROP COLUMN owner;\n",
            why="a policy of the table uses the column",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=(
                "CREATE TABLE orders (id bigint, owner text);\n"
                "CREATE POLICY own ON orders USING (owner = current_user);\n",
            ),
        ),
        bad(
            "ALTER TABLE orders DROP CONSTRAINT orders_pkey;\n",
            why="a foreign key needs the primary key",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=(
                "CREATE TABLE orders (id bigint PRIMARY KEY);\nCREATE TABLE lines (its bigint REFERENCES orders);\n",
            ),
        ),
        bad(
            "ALTER TABLE orders ALTER COLUMN total TYPE numeric;\n",
            why="a view uses the column",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=(
                "CREATE TABLE orders (id bigint, total int);\nCREATE VIEW totals AS SELECT sum(total) FROM orders;\n",
            ),
        ),
        good(
            """\
CREATE TABLE orders (id bigint, total int);
CREATE VIEW open_orders AS SELECT id FROM orders;
ALTER TABLE orders DROP COLUMN total;
DROP VIEW open_orders;
DROP TABLE orders;
""",
            why="the view uses another column, and goes first",
        ),
    ),
)
