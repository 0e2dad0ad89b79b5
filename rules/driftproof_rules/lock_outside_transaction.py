"""A command that only works in a transaction stands outside of one.

## What it does

Finds LOCK TABLE, SAVEPOINT, RELEASE, ROLLBACK TO, DECLARE CURSOR without WITH HOLD, and COMMIT AND CHAIN where the
server sees no transaction block, as the tool sends the file: statement by statement without a BEGIN, as the only
statement of a query, first in a pipeline. For SAVEPOINT and its kin several statements in one query are no block
either. Nothing is said of directories of which no tool is known.

## Why it matters

The migration fails with SQLSTATE 25P01: a lock would be gone with the end of its own statement.

## Example

    LOCK TABLE orders IN SHARE MODE;
    UPDATE orders SET total = 0 WHERE total IS NULL;

## Instead

    BEGIN;
    LOCK TABLE orders IN SHARE MODE;
    UPDATE orders SET total = 0 WHERE total IS NULL;
    COMMIT;

## Fix safety

There is no automatic fix: where the transaction is to end is for you to say.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, StatementContext, bad, good


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    message = f"{failure.object.name} works only in a transaction block, and there is none here: 25P01"
    return rule.failed(context, failure, message, help="write BEGIN before it, and COMMIT where it is to end")


_TABLE = "CREATE TABLE orders (id bigint, total int);\n"

rule = Rule(
    code="DP408",
    name="lock-outside-transaction",
    summary="A command that only works in a transaction stands outside of one",
    sqlstates=("25P01",),
    on_failure=_check,
    cases=(
        bad(
            "LOCK TABLE orders;\nUPDATE orders SET total = 0;\n",
            why="each statement commits alone",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=(_TABLE,),
            mode="autocommit",
        ),
        bad(
            "LOCK TABLE orders;\nUPDATE orders SET total = 0;\n",
            why="the first statement of a pipeline is in no transaction block yet",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=(_TABLE,),
            mode="pipeline",
        ),
        bad(
            "UPDATE orders SET total = 0;\nSAVEPOINT zeroed;\n",
            why="several statements in one query are not block enough for SAVEPOINT",
            line=2,
            certainty=Certainty.ALWAYS,
            earlier=(_TABLE,),
            mode="simple",
        ),
        good(
            "BEGIN;\nLOCK TABLE orders;\nUPDATE orders SET total = 0;\nCOMMIT;\n",
            why="the file has its own transaction",
            earlier=(_TABLE,),
            mode="autocommit",
        ),
        good(
            "LOCK TABLE orders;\nUPDATE orders SET total = 0;\n",
            why="the tool writes BEGIN before the file",
            earlier=(_TABLE,),
            mode="transaction",
        ),
        good(
            "LOCK TABLE orders;\nUPDATE orders SET total = 0;\n",
            why="several statements in one query are a transaction",
            earlier=(_TABLE,),
            mode="simple",
        ),
    ),
)
