"""A statement replaces or changes an object of another shape or kind than the one that stands.

## What it does

Finds `CREATE OR REPLACE VIEW` that leaves out, renames or reorders columns of the view that stands, and statements for
one kind of relation that meet another kind: `DROP TABLE` on a view, `CREATE POLICY` or `CREATE INDEX` on a view,
`ALTER TABLE ... ADD COLUMN` on a materialized view, a view that would replace a table.

## Why it matters

The migration fails with `cannot drop columns from view` or `cannot change name of view column` (SQLSTATE 42P16), or
with `"orders" is not a view` (42809). `IF EXISTS` does not help: the name is there, the kind is wrong.

## Example

    CREATE VIEW open_orders AS SELECT id, total FROM orders;
    CREATE OR REPLACE VIEW open_orders AS SELECT id FROM orders;

## Instead

`DROP VIEW IF EXISTS open_orders;` and then `CREATE VIEW`, new columns at the end, or the DROP of the right kind.

## Fix safety

There is no automatic fix.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, StatementContext, bad, good

_MESSAGES = {
    "42P16": "{} stands with other columns, which CREATE OR REPLACE VIEW must keep: 42P16",
    "42809": "{} is another kind of relation than this statement is for: 42809",
}


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    message = _MESSAGES.get(failure.sqlstate)
    if message is None or failure.object.kind != "relation" or failure.certainty is Certainty.RERUN:
        return None
    return rule.failed(context, failure, message.format(failure.object))


rule = Rule(
    code="DP123",
    name="replace-may-conflict",
    summary="A statement replaces or changes an object of another shape or kind than the one that stands",
    sqlstates=("42P16", "42809"),
    on_failure=_check,
    cases=(
        bad(
            "CREATE OR REPLACE VIEW open_orders AS SELECT id FROM orders;\n",
            why="the view would lose a column",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=(
                "CREATE TABLE orders (id bigint, total int);\nCREATE VIEW open_orders AS SELECT * FROM orders;\n",
            ),
        ),
        bad(
            "CREATE OR REPLACE VIEW open_orders AS SELECT id, total AS amount FROM orders;\n",
            why="a column would get another name",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=(
                "CREATE TABLE orders (id bigint, total int);\nCREATE VIEW open_orders AS SELECT * FROM orders;\n",
            ),
        ),
        bad(
            "DROP TABLE IF EXISTS open_orders;\n",
            why="a view is no table",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=("CREATE TABLE orders (id bigint);\nCREATE VIEW open_orders AS SELECT id FROM orders;\n",),
        ),
        good(
            """\
CREATE TABLE orders (id bigint, total int);
CREATE VIEW open_orders AS SELECT id FROM orders;
CREATE OR REPLACE VIEW open_orders AS SELECT id, total FROM orders;
ALTER TABLE open_orders RENAME TO all_orders;
""",
            why="new columns stand at the end, and ALTER TABLE renames views as well",
        ),
    ),
)
