"""A transaction is begun inside a transaction.

## What it does

Finds a BEGIN where one is in force already: the file's own, or that of the tool, which writes BEGIN before a file.

## Why it matters

PostgreSQL has no nested transactions: the second BEGIN does nothing but warn, and the first COMMIT ends all of it. In a
file that the tool runs in a transaction, it is the tool's that ends: a failure further down no longer undoes what
stands before, and neither does a failure of the tool's own bookkeeping.

## Example

    BEGIN;
    CREATE TABLE orders (id bigint);
    BEGIN;
    CREATE TABLE items (id bigint);
    COMMIT;

## Instead

One BEGIN and one COMMIT, or none where the tool writes them. SAVEPOINT marks a part that can be taken back.

## Fix safety

There is no automatic fix.
"""

from collections.abc import Iterator

from driftproof import Diagnostic, FileContext, Rule, Severity, bad, control, good


def _check(rule: Rule, file: FileContext) -> Iterator[Diagnostic]:
    own = False
    for statement, standing in zip(file.statements, file.standings, strict=True):
        command = control(statement)
        if command is None:
            continue
        if command.command == "begin" and standing.begun:
            who = "the file" if own else file.history.framework.title
            message = f"this does nothing: {who} has begun a transaction already, and the next COMMIT ends that"
            yield rule.at(file, statement.start, statement.end, message)
        own = own or command.command == "begin"


rule = Rule(
    code="DP405",
    name="nested-begin",
    summary="A transaction is begun inside a transaction",
    severity=Severity.WARNING,
    on_file=_check,
    cases=(
        bad(
            "BEGIN;\nCREATE TABLE orders (id bigint);\nBEGIN;\nCREATE TABLE items (id bigint);\nCOMMIT;\n",
            why="the file has begun one",
            line=3,
            certainty=None,
        ),
        bad(
            "BEGIN;\nCREATE TABLE orders (id bigint);\nCOMMIT;\n",
            why="the tool has begun one",
            line=1,
            certainty=None,
            mode="transaction",
        ),
        good(
            "BEGIN;\nCREATE TABLE orders (id bigint);\nCOMMIT;\nBEGIN;\nCREATE TABLE items (id bigint);\nCOMMIT;\n",
            why="one after the other",
        ),
        good(
            "CREATE TABLE orders (id bigint);\nSAVEPOINT made;\nCREATE TABLE items (id bigint);\n",
            why="a savepoint is what nests",
            mode="transaction",
        ),
    ),
)
