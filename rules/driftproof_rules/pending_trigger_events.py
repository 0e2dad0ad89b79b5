"""A table is altered in the transaction that wrote rows into it, while their foreign keys are still to be checked.

## What it does

Finds ALTER TABLE, TRUNCATE and CREATE INDEX of a table into which INSERT ... VALUES has written rows in the same
transaction, where a foreign key of the table is DEFERRABLE INITIALLY DEFERRED: its check waits for the end of the
transaction. Renaming is passed, and so is all behind a SET CONSTRAINTS. Of UPDATE and DELETE nothing is claimed: it
depends on the rows that are there.

## Why it matters

The migration fails with SQLSTATE 55006: `cannot ALTER TABLE "items" because it has pending trigger events`.

## Example

    INSERT INTO items (id, order_id) VALUES (1, 1);
    ALTER TABLE items ADD COLUMN total int;

## Instead

    INSERT INTO items (id, order_id) VALUES (1, 1);
    SET CONSTRAINTS ALL IMMEDIATE;
    ALTER TABLE items ADD COLUMN total int;

Or alter the table first, or write the rows in a migration of their own.

## Fix safety

There is no automatic fix.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, StatementContext, bad, good


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    message = f"{failure.object.name} has rows whose foreign keys are still to be checked in this transaction: 55006"
    return rule.failed(context, failure, message, help="SET CONSTRAINTS ALL IMMEDIATE before it")


_TABLES = """\
CREATE TABLE orders (id int PRIMARY KEY);
INSERT INTO orders VALUES (1);
CREATE TABLE items (id int, order_id int REFERENCES orders DEFERRABLE INITIALLY DEFERRED);
"""
_ROW = "INSERT INTO items VALUES (1, 1);\n"
_ALTER = "ALTER TABLE items ADD COLUMN total int;\n"

rule = Rule(
    code="DP411",
    name="pending-trigger-events",
    summary="A table is altered in the transaction that wrote rows into it",
    sqlstates=("55006",),
    on_failure=_check,
    cases=(
        bad(
            f"{_ROW}{_ALTER}",
            why="the tool has begun a transaction around both",
            line=2,
            certainty=Certainty.ALWAYS,
            earlier=(_TABLES,),
            mode="transaction",
        ),
        bad(
            f"BEGIN;\n{_ROW}CREATE INDEX by_order ON items (order_id);\nCOMMIT;\n",
            why="an index can't be built either",
            line=3,
            certainty=Certainty.ALWAYS,
            earlier=(_TABLES,),
            mode="autocommit",
        ),
        good(
            f"{_ROW}SET CONSTRAINTS ALL IMMEDIATE;\n{_ALTER}",
            why="they have been checked",
            earlier=(_TABLES,),
            mode="transaction",
        ),
        good(f"{_ROW}{_ALTER}", why="each statement commits", earlier=(_TABLES,), mode="autocommit"),
        good(
            f"{_ALTER}INSERT INTO items VALUES (1, 1, 2);\n", why="first the table, then the rows", earlier=(_TABLES,)
        ),
        good(
            f"{_ROW}ALTER TABLE items RENAME COLUMN id TO number;\n",
            why="a name may change",
            earlier=(_TABLES,),
            mode="transaction",
        ),
    ),
)
