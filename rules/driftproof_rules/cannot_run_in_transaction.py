"""A command that cannot run in a transaction stands in one.

## What it does

Finds CREATE and DROP INDEX CONCURRENTLY, REINDEX CONCURRENTLY, REINDEX SCHEMA or DATABASE, DETACH PARTITION
CONCURRENTLY, VACUUM, CLUSTER without a table, CREATE and DROP DATABASE or TABLESPACE, ALTER SYSTEM, CREATE SUBSCRIPTION
with a slot, DISCARD ALL and COMMIT PREPARED where the server sees a transaction block. That depends on how the tool
sends the file: between BEGIN and COMMIT (always), as one query (unless the command is the only statement), in a
pipeline (unless it is the first one), statement by statement (only between the file's own BEGIN and COMMIT). In a DO
block they never run.

## Why it matters

The migration fails with SQLSTATE 25001, each time and everywhere.

## Example

    BEGIN;
    CREATE INDEX CONCURRENTLY orders_by_total ON orders (total);
    COMMIT;

## Instead

Give the command a file of its own, and switch the tool's transaction off there if it makes one.

## Fix safety

There is no automatic fix.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, StatementContext, bad, good


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    if failure.object.kind != "transaction":
        return None
    command = failure.object.name
    if context.statement.command == "DO":
        return rule.failed(context, failure, f"{command} does not run in a DO block: 25001")
    message = f"{command} does not run in a transaction block: 25001"
    alone = "give it a file of its own"
    help = {
        "autocommit": "write it before the BEGIN, or behind the COMMIT",
        "simple": f"{alone}: several statements at once are a transaction",
        "pipeline": f"{alone}, or write it first: in a pipeline only the first statement is in no transaction",
    }.get(context.file.migration.run_mode, f"{alone}, which the tool runs without a transaction")
    return rule.failed(context, failure, message, help=help)


_TABLE = "CREATE TABLE orders (id bigint, total int);\n"
_BUILD = "CREATE INDEX CONCURRENTLY orders_by_total ON orders (total);\n"

rule = Rule(
    code="DP401",
    name="cannot-run-in-transaction",
    summary="A command that cannot run in a transaction stands in one",
    sqlstates=("25001",),
    on_failure=_check,
    cases=(
        bad(
            _BUILD,
            why="the tool writes BEGIN before the file",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=(_TABLE,),
            mode="transaction",
        ),
        bad(
            f"SELECT 1;\n{_BUILD}",
            why="one transaction around all files is around this one",
            line=2,
            certainty=Certainty.ALWAYS,
            earlier=(_TABLE,),
            mode="batch",
        ),
        bad(
            f"SET lock_timeout = '4s';\n{_BUILD}",
            why="two statements in one query are a transaction",
            line=2,
            certainty=Certainty.ALWAYS,
            earlier=(_TABLE,),
            mode="simple",
        ),
        bad(
            f"{_BUILD}COMMENT ON TABLE orders IS 'all of them';\n",
            why="in one query it does not help to be the first",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=(_TABLE,),
            mode="simple",
        ),
        bad(
            f"{_BUILD}DROP INDEX CONCURRENTLY orders_by_total;\n",
            why="in a pipeline the second one is in the transaction of what follows the first",
            line=2,
            certainty=Certainty.ALWAYS,
            earlier=(_TABLE,),
            mode="pipeline",
        ),
        bad(
            "BEGIN;\nVACUUM orders;\nCOMMIT;\n",
            why="the file has a transaction of its own",
            line=2,
            certainty=Certainty.ALWAYS,
            earlier=(_TABLE,),
            mode="autocommit",
        ),
        bad(
            "DO $$ BEGIN EXECUTE 'REINDEX TABLE CONCURRENTLY orders'; END $$;\n",
            why="a block runs in a transaction, however it is sent",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=(_TABLE,),
            mode="autocommit",
        ),
        good(_BUILD, why="the only statement of a query is in no transaction", earlier=(_TABLE,), mode="simple"),
        good(
            f"{_BUILD}COMMENT ON TABLE orders IS 'all of them';\n",
            why="a pipeline's first statement is in no transaction",
            earlier=(_TABLE,),
            mode="pipeline",
        ),
        good(
            f"BEGIN;\nCOMMENT ON TABLE orders IS 'all of them';\nCOMMIT;\n{_BUILD}",
            why="behind the file's own COMMIT there is none",
            earlier=(_TABLE,),
            mode="autocommit",
        ),
        good("REINDEX TABLE orders;\n", why="without CONCURRENTLY it may", earlier=(_TABLE,), mode="transaction"),
    ),
)
