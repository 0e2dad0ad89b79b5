"""A statement needs a function that may not exist.

## What it does

Finds calls, triggers, DROP, ALTER, COMMENT ON and GRANT ON FUNCTION of a function that the history does not have, or
not with these arguments (`always`), or that only one branch of a guarded block makes (`drift`). PostgreSQL tells
functions of one name apart by the types of their arguments, `integer` and `int4` being the same.

Of a function that was never made here nothing is known: it may have come with an extension.

## Why it matters

The migration fails with `function can_edit(uuid) does not exist` (SQLSTATE 42883), `function name "can_edit" is not
unique` (42725), `is not a procedure` (42809) or `function touch must return type trigger` (42P17).

## Example

    CREATE FUNCTION can_edit(item bigint) RETURNS boolean LANGUAGE sql AS 'SELECT true';
    ALTER FUNCTION can_edit(uuid) SET search_path = '';

## Instead

    ALTER FUNCTION can_edit(bigint) SET search_path = '';

## Fix safety

There is no automatic fix.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, StatementContext, bad, good, missing

_OTHERWISE = {
    "42725": "function name {} is not unique here: 42725",
    "42809": "{} is another kind of routine here: 42809",
    "42P17": "function {} does not return trigger: 42P17",
}


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    if failure.object.kind == "function" and failure.missing and failure.sqlstate in _OTHERWISE:
        if failure.certainty is Certainty.RERUN:
            return None
        return rule.failed(context, failure, _OTHERWISE[failure.sqlstate].format(failure.object))
    return missing(rule, context, failure, ("function",))


rule = Rule(
    code="DP108",
    name="function-not-guaranteed",
    summary="A statement needs a function that may not exist with these arguments",
    sqlstates=("42883", "42725", "42809", "42P17"),
    on_failure=_check,
    cases=(
        bad(
            "ALTER FUNCTION can_edit(uuid) SET search_path = '';\n",
            why="the function takes a bigint",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=("CREATE FUNCTION can_edit(item bigint) RETURNS boolean LANGUAGE sql AS 'SELECT true';\n",),
        ),
        bad(
            "CREATE TABLE orders (id bigint);\nCREATE POLICY own ON orders USING (can_edit(id, 'read'));\n",
            why="no function of that name takes two arguments",
            line=2,
            certainty=Certainty.ALWAYS,
            earlier=("CREATE FUNCTION can_edit(item bigint) RETURNS boolean LANGUAGE sql AS 'SELECT true';\n",),
        ),
        bad(
            """\
CREATE FUNCTION touch() RETURNS void LANGUAGE sql AS '';
CREATE TABLE orders (id bigint);
CREATE TRIGGER touch BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
""",
            why="a trigger's function returns trigger",
            line=3,
            certainty=Certainty.ALWAYS,
        ),
        bad(
            """\
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = 'public' AND tablename = 'orders') THEN
        CREATE TABLE orders (id bigint);
        CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
    END IF;
END $$;
CREATE TRIGGER touch BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
""",
            why="the function is made only where the table was not there",
            line=8,
        ),
        good(
            "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';\nDROP FUNCTION f(integer);\n",
            why="int and integer are one type",
        ),
        good(
            "CREATE FUNCTION f(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1';\nSELECT f(1);\n",
            why="the second argument has a default",
        ),
        good("DROP FUNCTION IF EXISTS f(int);\n", why="IF EXISTS passes"),
    ),
)
