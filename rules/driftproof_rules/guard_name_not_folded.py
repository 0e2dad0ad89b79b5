"""A guard compares a name that is never written so in the catalog.

## What it does

Finds guards in DO blocks that compare with a name in upper or mixed case, while the statement that they guard writes
the name without quotes, so that PostgreSQL folds it to lower case.

## Why it matters

`table_name = 'Orders'` never matches the table that `CREATE TABLE Orders` makes: its name is `orders`. The guard always
says that it is not there, and the second run fails.

## Example

    IF NOT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = 'public' AND tablename = 'Orders') THEN
        CREATE TABLE Orders (id bigint);
    END IF;

## Instead

Write the name in the guard as the catalog holds it: `tablename = 'orders'`.

## Fix safety

Safe for `IF NOT EXISTS`: the constant is replaced by the folded name. Unsafe where the branch runs if the object is
there: it never ran before.
"""

from collections.abc import Iterator

from driftproof import (
    Diagnostic,
    Rule,
    Severity,
    StatementContext,
    amend,
    bad,
    constant,
    good,
    guards,
    mentioned,
    wrong,
)


def _check(rule: Rule, context: StatementContext) -> Iterator[Diagnostic]:
    for guard in guards(context):
        asked = guard.probe.asked
        if asked is None:
            continue
        texts = mentioned(guard.body)
        for name, at in ((guard.probe.name, asked.name), (guard.probe.relation, asked.relation)):
            if name is None or at < 0 or name == name.lower() or name in texts or name.lower() not in texts:
                continue
            token = constant(context, asked, name, at)
            fix = None
            if token is not None:
                title = f"compare with {name.lower()}"
                fix = amend(title, token.start, token.end, token.text.lower(), safe=not guard.there)
            message = f"this guard compares with {name}, but what it guards is called {name.lower()}: they never match"
            yield wrong(rule, context, guard, message, fix=fix)


rule = Rule(
    code="DP142",
    name="guard-name-not-folded",
    summary="A guard compares a name that is never written so in the catalog",
    severity=Severity.WARNING,
    commands=("DO",),
    on_statement=_check,
    cases=(
        bad(
            """\
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = 'public' AND tablename = 'Orders') THEN
        CREATE TABLE Orders (id bigint);
    END IF;
END $$;
""",
            why="the table is called orders",
            line=3,
            certainty=None,
            fixed="""\
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = 'public' AND tablename = 'orders') THEN
        CREATE TABLE Orders (id bigint);
    END IF;
END $$;
""",
        ),
        good(
            """\
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = 'public' AND tablename = 'Orders') THEN
        CREATE TABLE "Orders" (id bigint);
    END IF;
    IF to_regclass('public.Lines') IS NULL THEN
        CREATE TABLE Lines (id bigint);
    END IF;
END $$;
""",
            why="in quotes it is called so, and to_regclass folds by itself",
        ),
    ),
)
