"""A statement replaces or changes an object of another shape or kind than the one that stands.

## What it does

Finds `CREATE OR REPLACE VIEW` that leaves out, renames or reorders columns of the view that stands, and statements for
one kind of relation that meet another kind: `DROP TABLE` on a view, `CREATE POLICY` or `CREATE INDEX` on a view,
`ALTER TABLE ... ADD COLUMN` on a materialized view, a view that would replace a table.

Finds `CREATE FUNCTION` for a function that the history has with the same argument types, and `CREATE OR REPLACE` that
PostgreSQL refuses: the result has another type or other columns, a parameter has another name or has lost its default,
or a procedure would take a function's place. Finds `LANGUAGE sql` bodies whose last query gives other columns than the
function returns.

## Why it matters

The migration fails with `cannot drop columns from view` or `cannot change name of view column` (SQLSTATE 42P16), or
with `"orders" is not a view` (42809). `IF EXISTS` does not help: the name is there, the kind is wrong. Functions fail
with 42723, 42P13 (`cannot change return type of existing function`) or 42809.

## Example

    CREATE VIEW open_orders AS SELECT id, total FROM orders;
    CREATE OR REPLACE VIEW open_orders AS SELECT id FROM orders;

## Instead

`DROP VIEW IF EXISTS open_orders;` and then `CREATE VIEW`, new columns at the end, or the DROP of the right kind.
Of a function, DROP FUNCTION and then CREATE FUNCTION; what depends on it is dropped before and made again after it.

## Fix safety

There is no automatic fix.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, StatementContext, bad, good

_MESSAGES = {
    ("relation", "42P16"): "{} stands with other columns, which CREATE OR REPLACE VIEW must keep: 42P16",
    ("relation", "42809"): "{} is another kind of relation than this statement is for: 42809",
    ("function", "42723"): "function {} exists already: 42723",
    ("function", "42P13"): "function {} stands with another result, parameter name or default: 42P13",
    ("function", "42809"): "{} stands as another kind of function: 42809",
}

_RESULT = "what the last query of {} gives is not what the function returns: 42P13"


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    message = _MESSAGES.get((failure.object.kind, failure.sqlstate))
    if failure.missing and failure.object.kind == "function":
        message = _RESULT if failure.sqlstate == "42P13" else None
    if message is None or failure.certainty is Certainty.RERUN:
        return None
    return rule.failed(context, failure, message.format(failure.object))


_TOTAL = ("CREATE FUNCTION total(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';\n",)

rule = Rule(
    code="DP123",
    name="replace-may-conflict",
    summary="A statement replaces or changes an object of another shape or kind than the one that stands",
    sqlstates=("42P16", "42809", "42723", "42P13"),
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
        bad(
            "CREATE FUNCTION total(b integer) RETURNS text LANGUAGE sql AS 'SELECT null::text';\n",
            why="a function with an int is there, whatever its parameter is called",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=_TOTAL,
        ),
        bad(
            "CREATE OR REPLACE FUNCTION total(a int) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';\n",
            why="the result has another type",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=_TOTAL,
        ),
        bad(
            "CREATE OR REPLACE FUNCTION total(b int) RETURNS int LANGUAGE sql AS 'SELECT 1';\n",
            why="the parameter has another name",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=_TOTAL,
        ),
        bad(
            "CREATE OR REPLACE PROCEDURE total(a int) LANGUAGE sql AS '';\n",
            why="a procedure is no function",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=_TOTAL,
        ),
        bad(
            "CREATE FUNCTION totals() RETURNS TABLE (a int, b int) LANGUAGE sql AS 'SELECT 1';\n",
            why="one column is given, two are returned",
            line=1,
            certainty=Certainty.ALWAYS,
        ),
        good(
            "CREATE FUNCTION total(a text) RETURNS int LANGUAGE sql AS 'SELECT 1';\n",
            why="other argument types make another function",
            earlier=_TOTAL,
        ),
        good(
            "CREATE OR REPLACE FUNCTION total(a int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 2';\n",
            why="a default may be added",
            earlier=_TOTAL,
        ),
    ),
)
