"""The questions as SQL: run on a real server before and after, its answers are those of the comments."""

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from driftproof.analysis import analyse
from driftproof.history import History, read_directory
from driftproof.report.script import script
from driftproof.rerun import Rerun
from driftproof.rule import Rule
from driftproof.runner.execute import execute
from driftproof.runner.platforms import Platform, prepare
from driftproof.runner.server import Server
from driftproof.runner.snapshot import read_only
from driftproof.runner.states import failures
from driftproof.unusable import Unusable
from tests.histories import RULES, history_of

EXAMPLE = Path(__file__).parents[2] / "examples" / "integrations" / "supabase" / "migrations"


class Question(NamedTuple):
    after: bool
    title: str
    sql: str
    expect: str
    rows: tuple[str, ...]


def questions(text: str) -> Iterator[Question]:
    """The questions of a script, each with the comments that belong to it."""
    title = sql = expect = ""
    rows: list[str] = []
    before, _, behind = text.partition("-- AFTER\n")
    for after, lines in ((False, before), (True, behind)):
        for line in [*lines.splitlines(), "-- the end"]:
            if line.startswith("--   "):
                rows.append(line.removeprefix("--   "))
            elif line.startswith("-- expect"):
                expect = line
            elif line.startswith("--"):
                if sql:
                    yield Question(after, title, sql, expect, tuple(rows))
                title, sql, expect, rows = line, "", "", []
            elif line:
                sql += line + "\n"


def answer(connection: Any, sql: str) -> list[str]:
    """The rows as a console shows them."""
    return [" | ".join(map(_shown, row)).rstrip() for row in connection.execute(sql.encode())]


def _shown(value: object) -> str:
    return str(value)[0].lower() if isinstance(value, bool) else str(value)


def told(row: str, expected: str) -> bool:
    """Whether a row is the expected one; what is in angle brackets is as its author wrote it, dots stand for anything."""
    cells = [[cell.strip() for cell in line.split(" |")] for line in (row, expected)]
    return all(other in ("...", one) or other.startswith("<") for one, other in zip_longest(*cells, fillvalue=""))


def printed(history: History) -> str:
    return script(history, analyse(history, RULES, rerun=Rerun.NEVER).diagnostics)


@pytest.fixture(scope="module")
def platform(server: Server) -> Platform:
    return prepare(server, "supabase")


@pytest.fixture(scope="module")
def example() -> History:
    return next(read_directory(EXAMPLE, None, None))


@pytest.fixture
def database(server: Server, platform: Platform) -> Iterator[str]:
    name = server.create_database(platform.template)
    yield name
    server.drop_database(name)


def test_a_fresh_database_has_nothing_yet(server: Server, database: str, example: History) -> None:
    asked = [question for question in questions(printed(example)) if not question.after]
    assert len(asked) == 1 + 3 * 3
    with server.connect(database) as connection, read_only(connection):
        for question in asked[1:]:
            found = answer(connection, question.sql)
            assert found == (["f"] if question.expect.startswith("-- expect: f, and it is made") else []), question


def test_a_drifted_one_lacks_what_is_said_to_fail(server: Server, database: str, example: History) -> None:
    with server.connect(database) as connection:
        connection.execute(
            "CREATE TABLE integrations (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), organization_id uuid NOT NULL, status text NOT NULL DEFAULT 'inactive', hand int)"
        )
        asked = [
            question
            for question in questions(printed(example))
            if not question.after and "integrations'" in question.sql
        ]
        there, columns, needed = asked[:3]
        assert answer(connection, there.sql) == ["t"]
        found = answer(connection, columns.sql)
        assert found == [
            *(row for row in columns.rows if row.split(" | ")[0] in ("id", "organization_id")),
            "status | text | not null | 'inactive'::text",
            "hand | integer | null |",
        ]
        lacking = {row.split(" | ")[0] for row in answer(connection, needed.sql) if row.endswith("f")}
        assert lacking == {
            "integration_type",
            "is_active",
            "configuration",
            "credentials",
            "last_sync_at",
            "last_error",
        }
        real = failures(connection, example.migrations[0])
        lines = {
            example.migrations[0].source.line_number(piece.start)
            for piece in _statements(example)
            if piece.index in real
        }
        said = {row.partition(" | f: ")[2].split(" ")[2] for row in needed.rows if row.split(" | ")[0] in lacking}
        assert said <= {str(line) for line in lines}


def test_a_name_with_a_line_end_stays_in_its_comment(server: Server) -> None:
    text = 'CREATE TABLE IF NOT EXISTS "a\n; DROP TABLE b; --" ("c\n; DROP TABLE d; --" int NOT NULL);\nCREATE INDEX ON "a\n; DROP TABLE b; --" ("c\n; DROP TABLE d; --");\n'
    database = server.create_database()
    try:
        with server.connect(database) as connection:
            connection.execute("CREATE TABLE b (); CREATE TABLE d ()")
            connection.execute(printed(history_of(text)).encode())
            assert answer(connection, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == ["2"]
    finally:
        server.drop_database(database)


def test_a_file_that_holds_no_text_is_told() -> None:
    with pytest.raises(Unusable, match="NUL"):
        printed(history_of(b"SELECT 1;\0\n"))


def test_its_questions_about_rows_count_what_stands_in_the_way(server: Server) -> None:
    text = "CREATE TABLE IF NOT EXISTS t (a int UNIQUE, b int NOT NULL CHECK (b > 0), c text);\nALTER TABLE t ALTER c SET NOT NULL;\n"
    asked = [
        line.removeprefix("--   ").split("; -- ")
        for line in printed(history_of(text)).splitlines()
        if line.startswith("--   SELECT count")
    ]
    database = server.create_database()
    try:
        with server.connect(database) as connection:
            connection.execute(
                "CREATE TABLE t (a int, b int, c text); INSERT INTO t VALUES (1, -1, 'x'), (1, NULL, NULL), (1, NULL, NULL)"
            )
            found = {(said, *answer(connection, question)) for question, said in asked}
    finally:
        server.drop_database(database)
    assert found == {
        ("0.sql, line 1: 23505", "1"),
        ("0.sql, line 1: 23502", "2"),
        ("0.sql, line 1: 23514", "1"),
        ("0.sql, line 2: 23502", "2"),
    }


def _statements(history: History) -> Any:
    from driftproof.runner.execute import pieces_of

    return pieces_of(history.migrations[0])


def test_a_migrated_one_has_the_rows_that_are_expected(server: Server, database: str, example: History) -> None:
    for migration in example.migrations:
        with server.connect(database) as connection:
            assert execute(connection, migration).ok
    asked = [question for question in questions(printed(example)) if question.after]
    assert len(asked) == 3
    with server.connect(database) as connection, read_only(connection):
        for question in asked:
            assert answer(connection, question.sql) == list(question.rows)
            assert all("<" not in row and "..." not in row for row in question.rows)


TYPES = """
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE IF NOT EXISTS "Odd ones" (
  id bigserial PRIMARY KEY, a varchar(20) DEFAULT 'it''s', b char(3), c numeric(10, 2) DEFAULT 0.5, d timestamp(3), e time with time zone,
  f mood DEFAULT 'good', g text[] DEFAULT '{}', h int4 DEFAULT 7 CHECK (h > 0), i bool NOT NULL DEFAULT false, j jsonb DEFAULT '{}'::jsonb,
  k timestamptz DEFAULT (now() + interval '1 day'), l int GENERATED ALWAYS AS (h * 2) STORED, m date DEFAULT CURRENT_DATE, n text DEFAULT NULL,
  o int GENERATED BY DEFAULT AS IDENTITY, p bit varying(3), q float8, r int DEFAULT -1, s interval, "T" "char"
);
ALTER TABLE "Odd ones" ADD COLUMN later uuid NOT NULL DEFAULT gen_random_uuid(), ALTER a SET NOT NULL, ALTER i DROP NOT NULL, ALTER q TYPE real, ALTER b SET DEFAULT 'abc', ALTER h DROP DEFAULT;
ALTER TABLE "Odd ones" RENAME COLUMN m TO day;
ALTER TABLE "Odd ones" DROP COLUMN s;
"""


def test_types_and_defaults_are_written_as_postgresql_prints_them(server: Server) -> None:
    database = server.create_database()
    try:
        with server.connect(database) as connection:
            connection.execute(TYPES.encode())
            [asked] = [question for question in questions(printed(history_of(TYPES))) if question.after]
            found = answer(connection, asked.sql)
    finally:
        server.drop_database(database)
    assert [row.split(" | ")[0] for row in found] == [row.split(" | ")[0] for row in asked.rows]
    assert [(row, said) for row, said in zip(found, asked.rows, strict=True) if not told(row, said)] == []
    assert sum("<" in said or "..." in said for said in asked.rows) == 7


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.code != "DP002"], ids=lambda rule: rule.code)
def test_in_the_cases_of_the_rules_too(server: Server, rule: Rule) -> None:
    """Every question is one that the server takes; where all of the migrations run, what is expected is what it has."""
    for case in rule.cases:
        history = history_of(*case.earlier, case.sql)
        asked = list(questions(printed(history)))
        database = server.create_database()
        try:
            with server.connect(database) as connection:
                for question in asked:
                    connection.execute(question.sql.encode())
                failed = any(failures(connection, migration) for migration in history.migrations)
                for question in asked if not failed else ():
                    found = answer(connection, question.sql)
                    if question.after and question.expect in ("-- expect: t", "-- expect: f"):
                        assert found == [question.expect[-1]], (case.sql, question)
                    elif question.after and not any(row.startswith("perhaps ") for row in question.rows):
                        assert len(found) == len(question.rows), (case.sql, question, found)
                        assert all(map(told, found, question.rows)), (case.sql, question, found)
        finally:
            server.drop_database(database)
