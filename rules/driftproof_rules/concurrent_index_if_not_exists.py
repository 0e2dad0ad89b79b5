"""CREATE INDEX CONCURRENTLY IF NOT EXISTS is content with an index that does not work.

## What it does

Finds CREATE INDEX CONCURRENTLY IF NOT EXISTS, unless the file drops an index of that name before.

## Why it matters

A build that fails (a deadlock, a duplicate, a cancelled statement) leaves the index behind, marked as invalid: no query
uses it, every write maintains it. The next run finds the name taken and says that all is well.

## Example

    CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_by_total ON orders (total);

## Instead

    DROP INDEX CONCURRENTLY IF EXISTS orders_by_total;
    CREATE INDEX CONCURRENTLY orders_by_total ON orders (total);

## Fix safety

There is no automatic fix: dropping an index that works is not for a tool to choose.
"""

from collections.abc import Iterator

from driftproof import Diagnostic, Rule, Severity, StatementContext, bad, builds_concurrently, drops_index, good


def _check(rule: Rule, context: StatementContext) -> Iterator[Diagnostic]:
    index = builds_concurrently(context.statement)
    if index is None or index.name is None or not index.if_not_exists:
        return
    before = context.file.statements[: context.file.statements.index(context.statement)]
    if not any(drops_index(statement, index.name) for statement in before):
        message = f"where a build has failed, index {index.name} is there and does not work: this is content with it"
        yield rule.at(
            context.file,
            context.statement.start,
            context.statement.end,
            message,
            help=f"DROP INDEX CONCURRENTLY IF EXISTS {index.name} first, and leave out IF NOT EXISTS",
        )


_TABLE = "CREATE TABLE orders (id bigint, total int);\n"

rule = Rule(
    code="DP409",
    name="concurrent-index-if-not-exists",
    summary="CREATE INDEX CONCURRENTLY IF NOT EXISTS is content with an index that does not work",
    severity=Severity.WARNING,
    commands=("CREATE INDEX",),
    on_statement=_check,
    cases=(
        bad(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_by_total ON orders (total);\n",
            why="an index that a failed build left is there",
            line=1,
            certainty=None,
            earlier=(_TABLE,),
        ),
        good(
            """\
DROP INDEX CONCURRENTLY IF EXISTS orders_by_total;
CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_by_total ON orders (total);
""",
            why="what a failed build left is dropped before",
            earlier=(_TABLE,),
        ),
        good(
            "CREATE INDEX IF NOT EXISTS orders_by_total ON orders (total);\n",
            why="without CONCURRENTLY a failed build leaves nothing",
            earlier=(_TABLE,),
        ),
    ),
)
