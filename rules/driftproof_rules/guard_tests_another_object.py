"""A guard tests for one object, and what it guards makes another.

## What it does

Finds `IF NOT EXISTS (...)` in DO blocks where the object that is asked for is none of those that the branch makes, and
is not mentioned there at all, although the branch makes objects of the same kind.

## Why it matters

The guard is a slip of the pen: the block is not repeatable, because what it makes is not what it looks for. And where
the other object happens to be there, the branch never runs.

## Example

    IF NOT EXISTS (SELECT 1 FROM information_schema.columns
                   WHERE table_schema = 'public' AND table_name = 'orders' AND column_name = 'totl') THEN
        ALTER TABLE orders ADD COLUMN total int;
    END IF;

## Instead

Ask for the object that is made.

## Fix safety

There is no automatic fix: which of the two names is meant is not known.
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
    made,
    mentioned,
    wrong,
)


def _meant(asking: Guard, item: Made) -> bool:
    """Whether an object that is made may be the one that is asked for."""
    if item.name is None or "hole" in item.name:
        return True
    probe = asking.probe
    elsewhere = probe.relation is not None and item.table is not None and item.table.name != probe.relation
    return probe.name is not None and item.name.lower() == probe.name.lower() and not elsewhere


def _check(rule: Rule, context: StatementContext) -> Iterator[Diagnostic]:
    for asking in guards(context):
        probe = asking.probe
        if asking.there or not asking.alone or probe.name is None:
            continue
        items = [item for item in made(asking.body) if item.kind == probe.kind]
        if not items or any(_meant(asking, item) for item in items):
            continue
        texts = {text.lower() for text in mentioned(asking.body)}
        other = items[0]
        same_name = any(item.name == probe.name for item in items)
        if ((probe.relation if same_name else probe.name) or "").lower() in texts:
            continue
        asked = f"{probe.name} of {probe.relation}" if probe.relation else probe.name
        made_one = f"{other.name} of {other.table.name}" if other.table is not None else other.name
        message = f"this guard tests for the {probe.kind} {asked}, but what it guards makes {made_one}"
        yield wrong(rule, context, asking, message)


rule = Rule(
    code="DP140",
    name="guard-tests-another-object",
    summary="A guard tests for one object, and what it guards makes another",
    severity=Severity.WARNING,
    commands=("DO",),
    on_statement=_check,
    cases=(
        bad(
            """\
CREATE TABLE orders (id bigint);
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = 'orders' AND column_name = 'totl'
    ) THEN
        ALTER TABLE orders ADD COLUMN total int;
    END IF;
END $$;
""",
            why="the column's name is misspelt",
            line=6,
            certainty=None,
        ),
        bad(
            """\
CREATE TABLE orders (id bigint);
CREATE TABLE customers (id bigint);
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM pg_policies
        WHERE schemaname = 'public' AND tablename = 'customers' AND policyname = 'readable'
    ) THEN
        CREATE POLICY readable ON orders USING (true);
    END IF;
END $$;
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
""",
            why="the policy of another table",
            line=7,
            certainty=None,
        ),
        good(
            """\
CREATE TABLE orders (id bigint);
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = 'orders' AND column_name = 'total'
    ) THEN
        ALTER TABLE orders ADD COLUMN total int, ADD COLUMN paid int;
    END IF;
END $$;
""",
            why="one of the columns that are made stands for them all",
        ),
    ),
)
