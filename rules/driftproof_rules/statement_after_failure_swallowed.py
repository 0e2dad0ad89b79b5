"""What stands behind a statement whose failure is swallowed is left out without a word.

## What it does

Finds blocks with a handler that says nothing, where one of several statements fails with an error that it takes if its
object is there already.

## Why it matters

When a statement of the block fails, PostgreSQL takes back what the block has done and leaves out the rest of it. Where
the first object is there already, the second one is never made, and the migration passes.

## Example

    DO $$ BEGIN
        ALTER TABLE orders ADD COLUMN total int;
        ALTER TABLE orders ADD COLUMN paid int;
    EXCEPTION WHEN duplicate_column THEN NULL;
    END $$;

## Instead

`ADD COLUMN IF NOT EXISTS` for each, or one block each.

## Fix safety

There is no automatic fix.
"""

from collections.abc import Iterator

from driftproof import Diagnostic, Rule, Severity, StatementContext, bad, blocks, good, handler_place, swallowed


def _check(rule: Rule, context: StatementContext) -> Iterator[Diagnostic]:
    for block in blocks(context):
        for number in range(len(block.handlers)):
            found = swallowed(block, number)
            if found is None:
                continue
            token = handler_place(context, block, number)
            start = token.start if token is not None else context.statement.start
            end = token.end if token is not None else start + len(b"DO")
            first, second = (one.name or f"the {one.kind}" for one in found)
            message = f"where {first} is there already, {second} is not made, and nobody is told"
            yield rule.at(context.file, start, end, message, help="one block each, or IF NOT EXISTS")


_TABLE = "CREATE TABLE orders (id bigint);\n"

rule = Rule(
    code="DP410",
    name="statement-after-failure-swallowed",
    summary="What stands behind a statement whose failure is swallowed is left out without a word",
    severity=Severity.WARNING,
    default=False,
    commands=("DO",),
    on_statement=_check,
    cases=(
        bad(
            f"""\
{_TABLE}DO $$ BEGIN
    ALTER TABLE orders ADD COLUMN total int;
    ALTER TABLE orders ADD COLUMN paid int;
EXCEPTION
    WHEN duplicate_column THEN NULL;
END $$;
""",
            why="where total is there, paid is never added",
            line=6,
            certainty=None,
        ),
        good(
            f"""\
{_TABLE}DO $$ BEGIN
    ALTER TABLE orders ADD COLUMN total int;
EXCEPTION
    WHEN duplicate_column THEN NULL;
END $$;
DO $$ BEGIN
    ALTER TABLE orders ADD COLUMN paid int;
EXCEPTION
    WHEN duplicate_column THEN NULL;
END $$;
""",
            why="each stands for itself",
        ),
        good(
            f"""\
{_TABLE}DO $$ BEGIN
    ALTER TABLE orders ADD COLUMN IF NOT EXISTS total int;
    ALTER TABLE orders ADD COLUMN paid int;
EXCEPTION
    WHEN duplicate_column THEN NULL;
END $$;
""",
            why="nothing stands behind the one that may fail",
        ),
    ),
)
