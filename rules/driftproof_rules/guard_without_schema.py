"""A guard asks for an object in any schema.

## What it does

Finds guards in DO blocks that look an object up by its name without its schema: in `information_schema.columns`,
`pg_class`, `pg_indexes`, `pg_type` and their kin.

## Why it matters

A namesake in another schema satisfies the guard, and what it guards is not made. On Supabase `auth.users` and
`storage.objects` are there from the start.

It is a warning where such a namesake is known, and an info where it is not: then the guard works as long as nobody
makes one.

## Example

    IF NOT EXISTS (SELECT 1 FROM information_schema.tables WHERE table_name = 'orders') THEN
        CREATE TABLE orders (id bigint);
    END IF;

## Instead

Add `AND table_schema = 'public'`, or ask `to_regclass('public.orders') IS NULL`.

## Fix safety

Safe: the condition for the schema that the guarded statement's name leads to is added. Where no namesake is there, the
guard answers as before.
"""

from collections.abc import Iterator

from driftproof import (
    Diagnostic,
    Guard,
    Rule,
    Severity,
    StatementContext,
    bad,
    good,
    guards,
    in_schema,
    made,
    narrowed,
    schema_of,
    wrong,
)


def _schema(context: StatementContext, guard: Guard) -> str | None:
    """The schema of what the branch makes under the name that is asked for."""
    probe = guard.probe
    for item in made(guard.body):
        table = item.table.name if item.table is not None else None
        if item.kind == probe.kind and item.name == probe.name and probe.relation in (None, table):
            return schema_of(context, item.schema) if item.schema is not None else None
    return None


def _check(rule: Rule, context: StatementContext) -> Iterator[Diagnostic]:
    for guard in guards(context):
        probe = guard.probe
        name = probe.name if probe.kind in ("relation", "index", "type") else probe.relation
        if probe.reach != "any" or probe.schema is not None or probe.asked is None or name is None or guard.there:
            continue
        schema = _schema(context, guard)
        condition = in_schema(probe.asked.catalog, schema) if schema is not None else None
        if schema is None or condition is None:
            continue
        known = context.catalog.types if probe.kind == "type" else context.catalog.relations
        others = sorted(
            key[0] for key, found in known.items() if key[1] == name and key[0] != schema and found.fact.nominal
        )
        word = "type" if probe.kind == "type" else "index" if probe.kind == "index" else "table"
        also = f"; {others[0]}.{name} is there" if others else ""
        yield wrong(
            rule,
            context,
            guard,
            f"this guard asks for any schema's {word} {name}, what it guards is in {schema}{also}",
            fix=narrowed(context, guard, [condition], safe=True),
            severity=Severity.WARNING if others else Severity.INFO,
        )


rule = Rule(
    code="DP141",
    name="guard-without-schema",
    summary="A guard asks for an object in any schema",
    severity=Severity.INFO,
    commands=("DO",),
    on_statement=_check,
    cases=(
        bad(
            """\
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM information_schema.tables WHERE table_name = 'orders') THEN
        CREATE TABLE orders (id bigint);
    END IF;
END $$;
""",
            why="a table of that name in another schema satisfies it",
            line=3,
            certainty=None,
            fixed="""\
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM information_schema.tables WHERE table_name = 'orders' AND table_schema = 'public') THEN
        CREATE TABLE orders (id bigint);
    END IF;
END $$;
""",
        ),
        bad(
            """\
CREATE SCHEMA old;
CREATE TABLE old.orders (id bigint, total int);
CREATE TABLE orders (id bigint);
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.columns c
        WHERE c.table_name = 'orders' AND c.column_name = 'total'
    ) THEN
        ALTER TABLE public.orders ADD COLUMN total int;
    END IF;
END $$;
""",
            why="the column is in a namesake of the table",
            line=8,
            certainty=None,
            fixed="""\
CREATE SCHEMA old;
CREATE TABLE old.orders (id bigint, total int);
CREATE TABLE orders (id bigint);
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.columns c
        WHERE c.table_name = 'orders' AND c.table_schema = 'public' AND c.column_name = 'total'
    ) THEN
        ALTER TABLE public.orders ADD COLUMN total int;
    END IF;
END $$;
""",
        ),
        good(
            """\
DO $$
BEGIN
    IF to_regclass('orders') IS NULL THEN
        CREATE TABLE orders (id bigint);
    END IF;
END $$;
""",
            why="it is looked up along the search_path, as the CREATE is",
        ),
    ),
)
