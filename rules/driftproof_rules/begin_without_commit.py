"""A transaction is begun and not ended.

## What it does

Finds a BEGIN without COMMIT or ROLLBACK behind it, where the tool does not end the transaction itself.

## Why it matters

When the connection closes, PostgreSQL takes back all that was done since the BEGIN. Nobody is told: the tool reports
success, and notes the migration as applied, or loses that note too.

## Example

    BEGIN;
    CREATE TABLE orders (id bigint);

## Instead

    BEGIN;
    CREATE TABLE orders (id bigint);
    COMMIT;

## Fix safety

There is no automatic fix: where the transaction is to end is for you to say.
"""

from collections.abc import Iterator

from driftproof import Diagnostic, FileContext, Rule, bad, brackets, good


def _check(rule: Rule, file: FileContext) -> Iterator[Diagnostic]:
    if file.syntax_failures or file.migration.run_mode in ("transaction", "batch"):
        return
    begun = brackets(file.statements)[1]
    if begun is not None:
        message = "this transaction is not ended: all that is done in it is lost, without an error"
        yield rule.at(file, begun.start, begun.end, message, help="write COMMIT at its end")


rule = Rule(
    code="DP404",
    name="begin-without-commit",
    summary="A transaction is begun and not ended",
    on_file=_check,
    cases=(
        bad(
            "BEGIN;\nCREATE TABLE orders (id bigint);\n",
            why="the table is gone when the connection closes",
            line=1,
            certainty=None,
        ),
        bad(
            "CREATE TABLE orders (id bigint);\nBEGIN;\nCREATE TABLE items (id bigint);\n",
            why="in a pipeline even what stands before it is lost",
            line=2,
            certainty=None,
            mode="pipeline",
        ),
        good("START TRANSACTION;\nCREATE TABLE orders (id bigint);\nEND;\n", why="END is COMMIT"),
    ),
)
