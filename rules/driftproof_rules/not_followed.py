"""The analysis can't follow this statement.

## What it does

Finds statements that may change what can't be told before they run: CALL of a procedure that was never made here,
EXECUTE of a text that is put together from variables, loops over what a catalog holds, commits in two phases. What they
may have touched is unknown from there on, and nothing is claimed of it.

## Why it matters

It changes nothing on the server. It says where driftproof stops knowing, so that its silence is not taken for a yes.

## Example

    DO $$
    DECLARE r record;
    BEGIN
        FOR r IN SELECT policyname FROM pg_policies WHERE tablename = 'orders' LOOP
            EXECUTE format('DROP POLICY %I ON orders', r.policyname);
        END LOOP;
    END $$;

## Instead

Name the objects, or take the silence as it is.

## Fix safety

There is no automatic fix.
"""

from collections.abc import Iterator

from driftproof import Diagnostic, Rule, Severity, StatementContext, bad, good


def _check(rule: Rule, context: StatementContext) -> Iterator[Diagnostic]:
    unknown = []
    for item in context.unfollowed:
        whose = f" of {item.table.name}" if item.table is not None and item.table.name.isidentifier() else ""
        unknown.append(f"every {item.kind}{whose}" if item.kind is not None else "everything" + whose)
    if unknown:
        start = context.statement.start
        end = start + len(context.statement.command.split()[0])
        what = ", ".join(dict.fromkeys(unknown))
        yield rule.at(context.file, start, end, f"this is not followed: {what} is unknown from here on")


rule = Rule(
    code="DP004",
    name="not-followed",
    summary="The analysis can't follow this statement",
    severity=Severity.INFO,
    default=False,
    on_statement=_check,
    cases=(
        bad(
            """\
CREATE TABLE orders (id bigint);
DO $$
DECLARE r record;
BEGIN
    FOR r IN SELECT policyname FROM pg_policies WHERE tablename = 'orders' LOOP
        EXECUTE format('DROP POLICY %I ON orders', r.policyname);
    END LOOP;
END $$;
""",
            why="which policies are dropped is known only when it runs",
            line=2,
            certainty=None,
        ),
        bad(
            "CALL made_by_hand();\n",
            why="a procedure that was never made here may do anything",
            line=1,
            certainty=None,
        ),
        good(
            "DO $$ BEGIN EXECUTE format('CREATE TABLE %I (id bigint)', 'orders'); END $$;\n",
            why="format() of constants is followed",
        ),
    ),
)
