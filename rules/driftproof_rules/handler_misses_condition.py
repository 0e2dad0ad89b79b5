"""A handler catches another condition than the one that the guarded statement raises.

## What it does

Finds blocks whose EXCEPTION handlers catch an "already exists" condition, but none that a statement of the block
raises.

## Why it matters

Each kind of object has its own SQLSTATE: a column raises `duplicate_column`, a table or an index `duplicate_table`, a
type, a constraint or a policy `duplicate_object`, a second primary key `invalid_table_definition`. A handler for
another one catches nothing, and the second run fails.

## Example

    BEGIN
        ALTER TABLE orders ADD COLUMN total int;
    EXCEPTION
        WHEN duplicate_object THEN NULL;
    END;

## Instead

`WHEN duplicate_column THEN NULL;`

## Fix safety

Safe: a handler for the condition is added, which does the same. States that ran before run as before.
"""

from collections.abc import Iterator

from driftproof import (
    Diagnostic,
    Rule,
    Severity,
    StatementContext,
    bad,
    blocks,
    caught_too,
    escaping,
    good,
    handler_place,
)

_NAMES = {
    "42701": "duplicate_column",
    "42710": "duplicate_object",
    "42723": "duplicate_function",
    "42P06": "duplicate_schema",
    "42P07": "duplicate_table",
    "42P16": "invalid_table_definition",
}


def _check(rule: Rule, context: StatementContext) -> Iterator[Diagnostic]:
    for block in blocks(context):
        caught = [state for handler in block.handlers for state in handler.sqlstates]
        # A handler that does more than pass may be meant for this error alone.
        passing = [at for at, handler in enumerate(block.handlers) if not handler.body]
        number = next((at for at in passing if _NAMES.keys() & set(block.handlers[at].sqlstates)), None)
        if number is None or any(not handler.sqlstates for handler in block.handlers):
            continue
        items = [item for item in escaping(block.body) if item.sqlstate in _NAMES]
        if not items or any(item.sqlstate in caught or "42000" in caught for item in items):
            continue
        item = items[0]
        raised = _NAMES[str(item.sqlstate)]
        has = _NAMES[next(state for state in block.handlers[number].sqlstates if state in _NAMES)]
        token = handler_place(context, block, number)
        if token is not None and token.folded != has:
            token = None  # another block on the same line
        start = token.start if token is not None else context.statement.start
        end = token.end if token is not None else start + len(b"DO")
        fix = None
        if token is not None:
            fix = caught_too(context, block, token, raised)
        message = (
            f"{has} is caught here, but the {item.kind} {item.name or ''} raises {raised} where it is there already"
        )
        yield rule.at(context.file, start, end, message.replace("  ", " "), fix=fix)


rule = Rule(
    code="DP144",
    name="handler-misses-condition",
    summary="A handler catches another condition than the one that the guarded statement raises",
    severity=Severity.WARNING,
    commands=("DO",),
    on_statement=_check,
    cases=(
        bad(
            """\
CREATE TABLE orders (id bigint);
DO $$
BEGIN
    ALTER TABLE orders ADD COLUMN total int;
EXCEPTION
    WHEN duplicate_object THEN NULL;
END $$;
""",
            why="a column raises duplicate_column",
            line=6,
            certainty=None,
            fixed="""\
CREATE TABLE orders (id bigint);
DO $$
BEGIN
    ALTER TABLE orders ADD COLUMN total int;
EXCEPTION
    WHEN duplicate_object THEN NULL;
    WHEN duplicate_column THEN NULL;
END $$;
""",
        ),
        bad(
            """\
CREATE TABLE orders (id bigint, number text);
DO $$ BEGIN
    ALTER TABLE orders ADD CONSTRAINT one_number UNIQUE (number);
EXCEPTION WHEN duplicate_object THEN
    RAISE NOTICE 'it is there';
END $$;
""",
            why="a unique constraint is an index: it raises duplicate_table",
            line=4,
            certainty=None,
            fixed="""\
CREATE TABLE orders (id bigint, number text);
DO $$ BEGIN
    ALTER TABLE orders ADD CONSTRAINT one_number UNIQUE (number);
EXCEPTION WHEN duplicate_object THEN
    RAISE NOTICE 'it is there';
    WHEN duplicate_table THEN
    RAISE NOTICE 'it is there';
END $$;
""",
        ),
        bad(
            """\
CREATE TABLE orders (id bigint, number text);
DO $$ BEGIN
    ALTER TABLE orders ADD CONSTRAINT one_number UNIQUE (number);
EXCEPTION WHEN duplicate_object THEN null; END $$;
""",
            why="where the block ends in the same line, that line stays as it is",
            line=4,
            certainty=None,
            fixed="""\
CREATE TABLE orders (id bigint, number text);
DO $$ BEGIN
    BEGIN
    ALTER TABLE orders ADD CONSTRAINT one_number UNIQUE (number);
    EXCEPTION
        WHEN duplicate_table THEN null;
    END;
EXCEPTION WHEN duplicate_object THEN null; END $$;
""",
        ),
        bad(
            """\
CREATE TABLE orders (id int);
DO $$ BEGIN ALTER TABLE orders ADD COLUMN n int; EXCEPTION WHEN duplicate_object THEN null; END $$;
""",
            why="in a block of one line there is no line to add",
            line=2,
            certainty=None,
            fixed="""\
CREATE TABLE orders (id int);
DO $$ BEGIN ALTER TABLE orders ADD COLUMN n int; EXCEPTION WHEN duplicate_object OR duplicate_column THEN null; END $$;
""",
        ),
        good(
            """\
CREATE TABLE orders (id bigint);
DO $$ BEGIN
    ALTER TABLE orders ADD COLUMN total int;
EXCEPTION
    WHEN duplicate_object THEN RAISE EXCEPTION 'this can not be';
END $$;
""",
            why="nothing is passed over: the handler raises an error itself",
        ),
        good(
            """\
DO $$ BEGIN
    CREATE TYPE mood AS ENUM ('good', 'bad');
EXCEPTION
    WHEN duplicate_object THEN NULL;
END $$;
""",
            why="a type raises duplicate_object",
        ),
    ),
)
