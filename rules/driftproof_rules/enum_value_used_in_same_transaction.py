"""A new label of an enum is used in the transaction that adds it.

## What it does

Finds texts that are cast to the enum, compared with one of its columns, written into one, or its default, where the
transaction that added the label has not ended. That is so across files too, if the tool runs all of them in one
transaction. A label of an enum that the same transaction makes is passed: PostgreSQL 17 and later allow it. Where an
earlier file makes the enum, it depends on what a database has run before (`drift`).

## Why it matters

The migration fails with SQLSTATE 55P04: "unsafe use of new value". Adding the label is allowed
in a transaction, but nothing may use it before the COMMIT.

## Example

    BEGIN;
    ALTER TYPE status ADD VALUE 'paused';
    UPDATE orders SET status = 'paused' WHERE held;
    COMMIT;

## Instead

Add the label in a migration of its own, before the one that uses it; where the tool runs all of them in one
transaction, make the column a text with a CHECK, or give it a new type.

## Fix safety

There is no automatic fix.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, StatementContext, bad, good


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    label, enum = failure.object.name, failure.object.relation
    other = failure.origin is not None and failure.origin.migration != context.file.migration.index
    since = "an earlier migration adds it in the same transaction" if other else "the same transaction adds it"
    message = f"label {label} of {enum} can't be used yet, {since}: 55P04"
    return rule.failed(context, failure, message, help="add the label in a transaction of its own, before this one")


_TABLE = "CREATE TYPE status AS ENUM ('new');\nCREATE TABLE orders (id bigint, status status);\n"
_ADD = "ALTER TYPE status ADD VALUE 'paused';\n"

rule = Rule(
    code="DP402",
    name="enum-value-used-in-same-transaction",
    summary="A new label of an enum is used in the transaction that adds it",
    sqlstates=("55P04",),
    on_failure=_check,
    cases=(
        bad(
            f"{_ADD}ALTER TABLE orders ALTER COLUMN status SET DEFAULT 'paused';\n",
            why="a default is looked up at once",
            line=2,
            certainty=Certainty.ALWAYS,
            earlier=(_TABLE,),
            mode="transaction",
        ),
        bad(
            f"{_ADD}UPDATE orders SET status = 'paused';\n",
            why="SET gives it to a column of the enum",
            line=2,
            certainty=Certainty.ALWAYS,
            earlier=(_TABLE,),
            mode="pipeline",
        ),
        bad(
            f"{_ADD}INSERT INTO orders VALUES (1, 'new'), (2, 'paused') ON CONFLICT DO NOTHING;\n",
            why="VALUES does so too",
            line=2,
            certainty=Certainty.ALWAYS,
            earlier=(_TABLE,),
            mode="simple",
        ),
        bad(
            f"BEGIN;\n{_ADD}CREATE INDEX ON orders (id) WHERE status IN ('new', 'paused');\nCOMMIT;\n",
            why="it is compared with such a column",
            line=3,
            certainty=Certainty.ALWAYS,
            earlier=(_TABLE,),
        ),
        bad(
            "CREATE VIEW paused AS SELECT id FROM orders WHERE status = 'paused'::status;\n",
            why="all files that are new to a database are in one transaction",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=(f"{_TABLE}COMMIT;\nBEGIN;\n", _ADD),
            mode="batch",
        ),
        bad(
            f"{_ADD}UPDATE orders SET status = 'paused';\n",
            why="a database that has run the first file runs this one in a transaction of its own",
            line=2,
            certainty=Certainty.DRIFT,
            earlier=(_TABLE,),
            mode="batch",
        ),
        good(
            f"BEGIN;\n{_ADD}COMMIT;\nUPDATE orders SET status = 'paused';\n",
            why="the transaction has ended",
            earlier=(_TABLE,),
        ),
        good(
            "UPDATE orders SET status = 'paused';\n",
            why="each file has its own transaction",
            earlier=(_TABLE, _ADD),
            mode="transaction",
        ),
        good(
            f"{_TABLE}{_ADD}UPDATE orders SET status = 'paused';\n",
            why="the transaction made the enum itself",
            mode="transaction",
        ),
        good(
            f"{_ADD}CREATE TABLE notes (body text DEFAULT 'paused', status status);\n",
            why="a text of the same letters is no label",
            earlier=(_TABLE,),
            mode="transaction",
        ),
    ),
)
