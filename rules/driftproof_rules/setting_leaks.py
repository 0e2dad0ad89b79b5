"""A setting stays in force for the files that come after this one.

## What it does

Finds SET, set_config(..., false), SET ROLE and SET SESSION AUTHORIZATION without a RESET behind them, where the tool
runs all pending files in one session; and SET LOCAL where it runs them in one transaction. Where the tool says RESET
ALL between files, only the role is left. Values that PostgreSQL has anyway are passed.

## Why it matters

A new database runs this file and the next ones in one go, with the setting in force; a database that has this file
already runs the next ones without it. With search_path, tables end up in another schema; with a role, they get another
owner; a timeout makes one of them fail.

## Example

    SET search_path = app;
    CREATE TABLE orders (id bigint);

## Instead

    SET LOCAL search_path = app;
    CREATE TABLE orders (id bigint);

SET LOCAL ends with the transaction. Where there is none, RESET it at the end; better still, write `app.orders`.

## Fix safety

There is no automatic fix: whether later files rest on it is for you to say.
"""

from collections.abc import Iterator

from driftproof import Diagnostic, FileContext, Rule, Severity, bad, good, leaking


def _check(rule: Rule, file: FileContext) -> Iterator[Diagnostic]:
    tool = file.history.framework
    for found in leaking(file):
        where = "one transaction" if file.migration.run_mode == "batch" else "one session"
        message = f"{found.name} stays set for the files behind this one: {tool.title} runs them in {where}"
        help = "SET LOCAL, or RESET it at the end" if where == "one session" else "RESET it at the end"
        yield rule.at(file, found.statement.start, found.statement.end, message, help=help)


_TABLE = "CREATE TABLE orders (id bigint);\n"

rule = Rule(
    code="DP407",
    name="setting-leaks",
    summary="A setting stays in force for the files that come after this one",
    severity=Severity.WARNING,
    on_file=_check,
    cases=(
        bad(
            f"CREATE SCHEMA app;\nSET search_path = app;\n{_TABLE}",
            why="the next file makes its tables in app too",
            line=2,
            certainty=None,
            framework="golang-migrate",
        ),
        bad(
            f"{_TABLE}SELECT set_config('lock_timeout', '4s', false);\n",
            why="this is SET as a function",
            line=2,
            certainty=None,
            framework="goose",
        ),
        bad(
            f"SET LOCAL lock_timeout = '4s';\n{_TABLE}",
            why="the transaction goes on with the next file",
            line=1,
            certainty=None,
            framework="drizzle",
        ),
        bad(
            f"{_TABLE}SET ROLE pg_monitor;\n",
            why="RESET ALL, which the CLI says between files, leaves the role",
            line=2,
            certainty=None,
            framework="supabase",
        ),
        good(f"SET LOCAL lock_timeout = '4s';\n{_TABLE}", why="it ends with the file's transaction", framework="goose"),
        good(
            f"SET lock_timeout = '4s';\n{_TABLE}RESET lock_timeout;\n",
            why="it is put back",
            framework="golang-migrate",
        ),
        good(f"SET lock_timeout = '4s';\n{_TABLE}", why="RESET ALL comes between the files", framework="supabase"),
        good(f"SET lock_timeout = 0;\n{_TABLE}", why="so it is anyway", framework="golang-migrate"),
        good(f"SET lock_timeout = '4s';\n{_TABLE}", why="of plain files nobody knows who shares a session"),
    ),
)
