"""Texts that are not all SQL: one broken statement does not hide the others, and no offset moves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftproof.syntax import parse
from driftproof.syntax.parser import mask


def commands(sql: str) -> list[str]:
    return [statement.command for statement in parse(sql).statements]


def test_a_broken_statement_is_one_failure_with_the_parsers_words() -> None:
    sql = "CREATE TABLE a (x int);\nCREATE TABEL b (x int);\nCREATE TABLE c (x int);\n"

    parsed = parse(sql)

    assert [statement.index for statement in parsed.statements] == [0, 2]
    [failure] = parsed.failures
    assert (failure.index, failure.message) == (1, 'syntax error at or near "TABEL"')
    assert sql[failure.at :].startswith("TABEL")
    assert sql[failure.start : failure.end] == "CREATE TABEL b (x int)"


def test_the_place_of_a_failure_counts_bytes() -> None:
    sql = "SELECT 'ü'; SELECT 'ä' FRM t; SELECT 1;"
    [failure] = parse(sql).failures
    assert sql.encode()[failure.at :].startswith(b"t")


def test_what_the_scanner_cannot_read_is_one_failure_to_the_end() -> None:
    parsed = parse("SELECT 1;\nSELECT 'abc;\nSELECT 2;\n")
    assert len(parsed.statements) == 1
    assert [failure.message.split(" at ")[0] for failure in parsed.failures] == ["unterminated quoted string"]


@pytest.mark.parametrize("sql", ["", ";", " \n", "-- nothing\n", "/* a /* b */ c */", ";;\n;"])
def test_nothing_is_no_statement(sql: str) -> None:
    parsed = parse(sql)
    assert not parsed.statements
    assert not parsed.failures


def test_bodies_keep_their_semicolons_where_another_statement_is_broken() -> None:
    sql = """
    SELEC 1;
    CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END;
    CREATE FUNCTION g() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
    CREATE RULE r AS ON INSERT TO t DO (DELETE FROM u; DELETE FROM v);
    SELECT 'a;b', "c;d" FROM (SELECT 1) x;
    """
    parsed = parse(sql)
    assert commands(sql) == ["CREATE FUNCTION", "CREATE FUNCTION", "CREATE RULE", "SELECT"]
    assert len(parsed.failures) == 1


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("\\set ON_ERROR_STOP on\nSELECT 1;", ["SELECT"]),
        ("\\restrict abc\nSELECT 1;\n\\unrestrict abc\n", ["SELECT"]),
        ("SELECT 1 \\gx\nSELECT 2;", ["SELECT", "SELECT"]),
        ("COPY t (a) FROM stdin;\n1\t'x;\n2\t$$\n\\.\nSELECT 1;", ["COPY", "SELECT"]),
        ("COPY t FROM stdin;\r\n1\r\n\\.\r\nSELECT 1;\r\n", ["COPY", "SELECT"]),
        ('COPY public."User" ("id", a) FROM stdin;\n1\n\\.\nSELECT 1;', ["COPY", "SELECT"]),
        ("COPY t FROM stdin WITH (DELIMITER ';');\n1;x\n\\.\nSELECT 1;", ["COPY", "SELECT"]),
        ("\\copy t FROM stdin with csv\n1;x\n\\.\nSELECT 1;", ["SELECT"]),
        ("\\COPY t FROM STDIN\r\n1\r\n\\.\r\nSELECT 1;\r\n", ["SELECT"]),
        ("SELECT '\\x41', E'\\n', $$ \\a $$; \\echo 'x'\nSELECT 2;", ["SELECT", "SELECT"]),
    ],
)
def test_psql_commands_and_copy_data_do_not_break_a_file(sql: str, expected: list[str]) -> None:
    assert commands(sql) == expected
    assert parse(sql).failures == ()


@given(st.text())
def test_masking_keeps_every_offset_and_line(text: str) -> None:
    data = text.encode()
    masked = mask(data)
    assert len(masked) == len(data)
    assert [at for at, byte in enumerate(masked) if byte == 10] == [at for at, byte in enumerate(data) if byte == 10]
    masked.decode()


@given(st.text())
def test_any_text_is_parsed_or_says_why_not(text: str) -> None:
    if "\0" in text:
        return
    parsed = parse(text)
    size = len(text.encode())
    for start, end in [(item.start, item.end) for item in parsed.statements] + [
        (item.start, item.end) for item in parsed.failures
    ]:
        assert 0 <= start <= end <= size
