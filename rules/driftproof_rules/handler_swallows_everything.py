"""A handler for every error around DDL, which says nothing.

## What it does

Finds blocks that change the schema and end in `EXCEPTION WHEN others THEN NULL`. A handler that raises again, or that
says what happened with RAISE NOTICE or WARNING, is passed.

## Why it matters

`others` is not only "it is there already": it is also a misspelt column, a missing permission, a lock timeout, rows
that break the constraint. The migration passes, the object is missing, and nobody is told.

## Example

    BEGIN
        ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0);
    EXCEPTION
        WHEN others THEN NULL;
    END;

## Instead

Name the condition that is meant: `WHEN duplicate_object THEN NULL;`

## Fix safety

There is no automatic fix: which errors are to be passed is for you to say.
"""

from collections.abc import Iterator

from driftproof import Diagnostic, Rule, Severity, StatementContext, bad, blocks, good, handler_place, made


def _check(rule: Rule, context: StatementContext) -> Iterator[Diagnostic]:
    for block in blocks(context):
        items = made(block.body)
        for number, handler in enumerate(block.handlers):
            if handler.sqlstates or handler.speaks or handler.body or not items:
                continue
            token = handler_place(context, block, number)
            start = token.start if token is not None else context.statement.start
            end = token.end if token is not None else start + len(b"DO")
            name = items[0].name or "what is made"
            message = f"every error is swallowed here: {name} may be missing afterwards, and nobody is told"
            yield rule.at(context.file, start, end, message, help="catch the condition that is meant")


rule = Rule(
    code="DP145",
    name="handler-swallows-everything",
    summary="A handler for every error around DDL, which says nothing",
    severity=Severity.WARNING,
    commands=("DO",),
    on_statement=_check,
    cases=(
        bad(
            """\
CREATE TABLE orders (id bigint, total int);
DO $$ BEGIN
    ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0);
EXCEPTION
    WHEN others THEN NULL;
END $$;
""",
            why="rows that break the check go unseen",
            line=5,
            certainty=None,
        ),
        good(
            """\
CREATE TABLE orders (id bigint, total int);
DO $$ BEGIN
    ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0);
EXCEPTION
    WHEN duplicate_object THEN NULL;
    WHEN others THEN RAISE WARNING 'not added: %', SQLERRM;
END $$;
""",
            why="it says what happened",
        ),
    ),
)
