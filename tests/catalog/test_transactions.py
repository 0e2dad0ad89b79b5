"""Statements sent one by one: what a ROLLBACK takes back, and what it finds nothing to take back of."""

from typing import Any

import psycopg
import pytest

from driftproof.syntax import parse
from tests.catalog.worlds import always

SCRIPTS = """
CREATE TABLE r (a int); BEGIN; DROP TABLE r; ROLLBACK; CREATE TABLE r (a int); DROP TABLE r;
BEGIN; CREATE TABLE r (a int); COMMIT; DROP TABLE r; ROLLBACK; CREATE TABLE r (a int); DROP TABLE r;
CREATE TABLE r (a int); BEGIN; DROP TABLE r; BEGIN; CREATE TABLE s (a int); ROLLBACK; SELECT a FROM r; DROP TABLE r;
BEGIN; CREATE TABLE r (a int); ROLLBACK; CREATE TABLE r (a int); ROLLBACK; DROP TABLE r; CREATE TABLE r (a int); DROP TABLE r;
BEGIN; CREATE TABLE r (a int); COMMIT; BEGIN; DROP TABLE r; ROLLBACK; DROP TABLE r;
""".strip().splitlines()


@pytest.mark.parametrize("script", SCRIPTS)
def test_what_is_said_to_fail_fails_and_nothing_else(connection: Any, script: str) -> None:
    data = script.encode()
    failed = set()
    for statement in parse(script).statements:
        try:
            connection.execute(data[statement.start : statement.end])
        except psycopg.Error as error:
            failed.add((statement.index, error.sqlstate))
    assert always(script) == failed
