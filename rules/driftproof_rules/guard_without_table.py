"""A guard asks for a constraint, trigger, policy or column of any table.

## What it does

Finds guards in DO blocks that look for a constraint, a trigger, a policy or a column by its name alone, without its
table. Names of unique constraints, primary keys and exclusion constraints are passed: they are unique in their schema.

## Why it matters

These names are unique for their table only. Where another table has one of that name, the guard is satisfied, and the
object is not made.

It is a warning where another table is known to have one, and for columns, whose names often come again; else an info.

## Example

    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'positive') THEN
        ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0);
    END IF;

## Instead

Add the table: `AND conrelid = 'public.orders'::regclass`.

## Fix safety

Safe where the table is known to be there: the condition is added. Otherwise unsafe, because a look-up as regclass fails
for a table that is missing.
"""

from collections.abc import Iterator

from driftproof import (
    Diagnostic,
    Guard,
    Made,
    Rule,
    Severity,
    StatementContext,
    bad,
    good,
    guards,
    literal,
    made,
    narrowed,
    quote,
    schema_of,
    wrong,
)

_OWN_INDEX = ("primary key", "unique", "exclude")
_BY_NAME = {
    "pg_constraint": "conrelid = {regclass}",
    "pg_trigger": "tgrelid = {regclass}",
    "pg_policy": "polrelid = {regclass}",
    "pg_policies": "schemaname = {schema} AND tablename = {table}",
    "information_schema.columns": "table_schema = {schema} AND table_name = {table}",
    "information_schema.table_constraints": "table_schema = {schema} AND table_name = {table}",
    "information_schema.triggers": "event_object_schema = {schema} AND event_object_table = {table}",
}


def _target(guard: Guard) -> Made | None:
    """What the branch makes under the name that is asked for."""
    for item in made(guard.body):
        if item.kind == guard.probe.kind and item.name == guard.probe.name and item.table is not None:
            constraint = getattr(item.step, "constraint", None)
            return None if constraint is not None and constraint.kind in _OWN_INDEX else item
    return None


def _check(rule: Rule, context: StatementContext) -> Iterator[Diagnostic]:
    for guard in guards(context):
        probe = guard.probe
        if probe.asked is None or probe.relation is not None or guard.there or probe.asked.catalog not in _BY_NAME:
            continue
        item = _target(guard)
        if item is None or item.table is None:
            continue
        schema = schema_of(context, item.table)
        fix = None
        if schema is not None and probe.schema is None:
            name = item.table.name
            regclass = literal(f"{quote(schema)}.{quote(name)}") + "::regclass"
            text = _BY_NAME[probe.asked.catalog].format(regclass=regclass, schema=literal(schema), table=literal(name))
            known = context.catalog.relations.get((schema, name))
            there = known is not None and bool(known.fact.nominal)
            fix = narrowed(context, guard, text.split(" AND "), safe=there or "regclass" not in text)
        message = (
            f"this guard asks for the {probe.kind} {probe.name} of any table, what it guards is on {item.table.name}"
        )
        others = [
            owner for owner in context.catalog.labelled(item.kind, probe.name or "") if owner.key[1] != item.table.name
        ]
        severity = Severity.WARNING if others or item.kind == "column" else Severity.INFO
        yield wrong(rule, context, guard, message, fix=fix, severity=severity)


rule = Rule(
    code="DP143",
    name="guard-without-table",
    summary="A guard asks for a constraint, trigger, policy or column of any table",
    severity=Severity.WARNING,
    commands=("DO",),
    on_statement=_check,
    cases=(
        bad(
            """\
CREATE TABLE orders (id bigint, total int);
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'positive') THEN
        ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0);
    END IF;
END $$;
""",
            why="a check of another table may have the name",
            line=4,
            certainty=None,
            fixed="""\
CREATE TABLE orders (id bigint, total int);
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'positive' AND conrelid = 'public.orders'::regclass) THEN
        ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0);
    END IF;
END $$;
""",
        ),
        bad(
            """\
CREATE TABLE orders (id bigint);
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM pg_policies WHERE policyname = 'readable'
    ) THEN
        CREATE POLICY readable ON orders USING (true);
    END IF;
END $$;
""",
            why="many tables have a policy of that name",
            line=6,
            certainty=None,
            fixed="""\
CREATE TABLE orders (id bigint);
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM pg_policies WHERE policyname = 'readable' AND schemaname = 'public' AND tablename = 'orders'
    ) THEN
        CREATE POLICY readable ON orders USING (true);
    END IF;
END $$;
""",
        ),
        good(
            """\
CREATE TABLE orders (id bigint, number text);
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'orders_number_key') THEN
        ALTER TABLE orders ADD CONSTRAINT orders_number_key UNIQUE (number);
    END IF;
END $$;
""",
            why="a unique constraint has an index, and its name is unique in the schema",
        ),
    ),
)
