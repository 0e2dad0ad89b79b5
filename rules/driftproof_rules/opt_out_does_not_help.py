"""A file that opts out of the tool's transaction runs in one nevertheless.

## What it does

Finds files that switch the transaction of their tool off and hold several statements, where the tool then sends them as
one query. PostgreSQL makes one transaction of that. A file with a BEGIN or COMMIT of its own is passed.

## Why it matters

What the switch is there for, such as CREATE INDEX CONCURRENTLY, fails with SQLSTATE 25001 all the same.

## Example

    -- no-transaction
    SET lock_timeout = '4s';
    CREATE INDEX CONCURRENTLY orders_by_total ON orders (total);

## Instead

One statement in such a file.

## Fix safety

There is no automatic fix: which file each statement goes to is for you to say.
"""

from collections.abc import Iterator

from driftproof import Diagnostic, FileContext, Rule, Severity, bad, control, good


def _check(rule: Rule, file: FileContext) -> Iterator[Diagnostic]:
    tool, statements = file.history.framework, file.statements
    if file.migration.run_mode != "simple" or tool.run_mode == "simple" or len(statements) < 2:
        return
    if not any(control(statement) for statement in statements):
        second = statements[1]
        message = f"{tool.title} sends this file as one query: with a second statement it is a transaction again"
        yield rule.at(file, second.start, second.end, message, help="give each statement a file of its own")


_TABLE = "CREATE TABLE orders (id bigint, total int);\n"

rule = Rule(
    code="DP406",
    name="opt-out-does-not-help",
    summary="A file that opts out of the tool's transaction runs in one nevertheless",
    severity=Severity.WARNING,
    on_file=_check,
    cases=(
        bad(
            "-- no-transaction\nCOMMENT ON TABLE orders IS 'x';\nVACUUM orders;\n",
            why="two statements in one query are a transaction",
            line=3,
            certainty=None,
            earlier=(_TABLE,),
            framework="sqlx",
        ),
        good("-- no-transaction\nVACUUM orders;\n", why="one statement is none", earlier=(_TABLE,), framework="sqlx"),
        good(
            "COMMENT ON TABLE orders IS 'x';\nANALYZE orders;\n",
            why="it does not opt out",
            earlier=(_TABLE,),
            framework="sqlx",
        ),
    ),
)
