"""Start states built on a real server, and what fails in them: what predictions are held against."""

from typing import Any

import psycopg

from driftproof.catalog import interpreter
from driftproof.diagnostic import Certainty
from driftproof.rerun import Rerun
from driftproof.statements.operations import CreateRelation
from driftproof.syntax import elements, parse, tokens
from tests.histories import check

Verdict = tuple[int, str] | None
"""The first statement that fails, by its index, and its SQLSTATE; None if none does."""


def run(connection: Any, script: str, before: tuple[str, ...] = ()) -> list[tuple[int, str]]:
    """Every statement of a script that fails, each by itself; nothing is kept. ``before`` stands for the script's
    first statements, up to one less than its own number."""
    connection.execute("BEGIN")
    try:
        for sql in before:
            connection.execute(sql)
        return _each(connection, script, max(len(before) - 1, 0))
    finally:
        connection.execute("ROLLBACK")


def run_twice(connection: Any, script: str) -> set[tuple[int, str]]:
    """The statements that fail only when the script runs over its own effects; nothing is kept."""
    connection.execute("BEGIN")
    try:
        first = {index for index, _ in _each(connection, script)}
        return {(index, sqlstate) for index, sqlstate in _each(connection, script) if index not in first}
    finally:
        connection.execute("ROLLBACK")


def _each(connection: Any, script: str, start: int = 0) -> list[tuple[int, str]]:
    data = script.encode()
    failed: list[tuple[int, str]] = []
    for statement in parse(script).statements[start:]:
        if statement.command == "BEGIN, COMMIT or ROLLBACK":
            continue
        connection.execute("SAVEPOINT s")
        try:
            connection.execute(data[statement.start : statement.end])
        except psycopg.Error as error:
            failed.append((statement.index, error.sqlstate or ""))
            connection.execute("ROLLBACK TO SAVEPOINT s")
    return failed


def always(script: str, platform: str | None = None) -> set[tuple[int, str]]:
    """The statements that are predicted to fail in a fresh database, each by itself, with their SQLSTATEs; on that
    platform, if there is one."""
    interpreting = interpreter(platform)
    interpreting.start_file(0, "0.sql", rolls_back="ROLLBACK" in script)
    return {
        (statement.index, failure.sqlstate)
        for statement in parse(script).statements
        for failure in interpreting.run(statement, lambda: 1)
        if failure.certainty is Certainty.ALWAYS
    }


def refused(script: str, platform: str | None = None) -> set[tuple[int, str]]:
    """The statements that are said to be refused in every database, each by itself, with their SQLSTATEs."""
    interpreting = interpreter(platform)
    interpreting.start_file(0, "0.sql", rolls_back="ROLLBACK" in script)
    said = set()
    for statement in parse(script).statements:
        interpreting.run(statement, lambda: 1)
        if interpreting.refusal is not None:
            said.add((statement.index, interpreting.refusal))
    return said


def again(script: str) -> set[tuple[int, str]]:
    """The statements that are predicted to fail when the script runs over its own effects, with their SQLSTATEs."""
    return {
        (item.statement.index, item.sqlstate or "")
        for item in check(script, rerun=Rerun.ALWAYS).diagnostics
        if item.certainty is Certainty.RERUN and item.statement is not None
    }


def without(script: str, column: str) -> tuple[str, ...]:
    """The statements that lead to the script's first CREATE TABLE IF NOT EXISTS, and that table without a column."""
    data = script.encode()
    prelude: list[str] = []
    for statement in parse(script).statements:
        made = next((step for step in statement.operations if isinstance(step, CreateRelation)), None)
        if made is not None and made.if_not_exists:
            break
        prelude.append(data[statement.start : statement.end].decode())
    kept = []
    tail = ")"
    for element in elements(data, statement.start, statement.end)[1]:
        behind = data[element.end : statement.end].decode().lstrip()
        tail = behind if "PARTITION BY" in behind else ")"  # it need not inherit from the same tables
        words = {token.folded for token in tokens(data, element.start, element.end)}
        if element.name != column and not (element.kind == "constraint" and column in words):
            kept.append(data[element.start : element.end].decode())
    assert made is not None
    name = f"{made.name.schema}.{made.name.name}" if made.name.schema else made.name.name
    return (*prelude, f"CREATE TABLE {name} ({', '.join(kept)}{tail}")


def columns(script: str) -> list[str]:
    """The columns of the script's first CREATE TABLE IF NOT EXISTS."""
    for statement in parse(script).statements:
        for step in statement.operations:
            if isinstance(step, CreateRelation) and step.if_not_exists:
                return [column.name for column in step.columns]
    raise AssertionError("no CREATE TABLE IF NOT EXISTS")


def predicted(script: str) -> dict[str, Verdict]:
    """For each column of that table, where its absence is predicted to fail."""
    table = columns(script)
    verdicts: dict[str, Verdict] = dict.fromkeys(table)
    for item in check(script).diagnostics:
        if item.certainty is Certainty.DRIFT and item.object and item.object.kind == "column" and item.statement:
            verdicts[item.object.name] = (item.statement.index, item.sqlstate or "")
    return verdicts


def observed(connection: Any, script: str, *, beside: frozenset[tuple[int, str]] = frozenset()) -> dict[str, Verdict]:
    """For each column of that table, the first statement that its absence makes fail on the server, ``beside`` those
    that fail anyway."""
    verdicts: dict[str, Verdict] = {}
    for column in columns(script):
        failed = run(connection, script, without(script, column))
        verdicts[column] = next((item for item in failed if item not in beside), None)
    return verdicts
