"""A COMMIT or ROLLBACK that ends no transaction of the file's own.

## What it does

Finds COMMIT and ROLLBACK where the file has written no BEGIN before them.

## Why it matters

Where the tool runs the file in a transaction, that one ends here: what stands before is committed, or gone, and what
comes after is outside of it. A failure further down then leaves half of the file behind, and the next run starts the
whole file again. Where there is no transaction, PostgreSQL only warns.

## Example

    ALTER TABLE orders ADD COLUMN total int;
    COMMIT;
    UPDATE orders SET total = 0;

## Instead

Leave transactions to the tool, or write two migrations.

## Fix safety

There is no automatic fix: what is to be committed together is for you to say.
"""

from collections.abc import Iterator

from driftproof import Diagnostic, FileContext, Rule, Severity, bad, brackets, control, good

_ENDS = {
    "transaction": "the transaction that {tool} runs the file in",
    "batch": "the transaction that {tool} runs all files in",
    "simple": "the transaction that the statements before it are in",
    "pipeline": "the transaction that the statements before it are in",
}


def _check(rule: Rule, file: FileContext) -> Iterator[Diagnostic]:
    if file.syntax_failures:
        return
    for statement in brackets(file.statements)[0]:
        command = control(statement)
        word = "ROLLBACK" if command is not None and command.command == "rollback" else "COMMIT"
        ended = _ENDS.get(file.migration.run_mode, "no transaction: the file has begun none")
        message = f"{word} ends {ended.format(tool=file.history.framework.title)}"
        yield rule.at(file, statement.start, statement.end, message)


_TABLE = "CREATE TABLE orders (id bigint, total int);\n"

rule = Rule(
    code="DP403",
    name="stray-commit",
    summary="A COMMIT or ROLLBACK that ends no transaction of the file's own",
    severity=Severity.WARNING,
    on_file=_check,
    cases=(
        bad(
            f"{_TABLE}COMMIT;\nUPDATE orders SET total = 0;\n",
            why="it ends the transaction that the tool has begun",
            line=2,
            certainty=None,
            mode="transaction",
        ),
        bad(
            f"{_TABLE}COMMIT;\nUPDATE orders SET total = 0;\n",
            why="what was sent before it in the pipeline stays, whatever comes",
            line=2,
            certainty=None,
            mode="pipeline",
        ),
        bad(
            f"BEGIN;\n{_TABLE}COMMIT;\nCOMMENT ON TABLE orders IS 'x';\nROLLBACK;\n",
            why="the file's own transaction has ended already",
            line=5,
            certainty=None,
        ),
        good(f"BEGIN;\n{_TABLE}COMMIT;\n", why="it ends what the file has begun"),
        good(
            f"{_TABLE}DO $$ BEGIN COMMENT ON TABLE orders IS 'x'; END $$;\n",
            why="the BEGIN and END of a block are none",
            mode="transaction",
        ),
    ),
)
