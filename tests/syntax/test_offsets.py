"""Places stay right, whatever stands before them: multi-byte characters, CRLF, a BOM, comments."""

from hypothesis import given
from hypothesis import strategies as st
from pglast import parser
from pytest import raises

from driftproof.source import BOM, Source
from driftproof.syntax import parse
from driftproof.syntax.parser import scan
from tests.histories import check

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="*/\u2028\u2029"), max_size=20)
NEWLINE = st.sampled_from(["\n", "\r\n"])
FILLING = st.lists(
    st.one_of(
        TEXT.map(lambda text: f"-- {text}\n"),
        TEXT.map(lambda text: f"/* {text} /* {text} */ */ "),
        TEXT.map(lambda text: "SELECT '" + text.replace("'", "''") + "';\n"),
        st.just("\n"),
        st.just(" \t"),
    ),
    max_size=6,
).map("".join)


@given(before=FILLING, between=FILLING, newline=NEWLINE, bom=st.booleans())
def test_a_finding_stands_where_its_name_is_written(before: str, between: str, newline: str, bom: bool) -> None:
    create, name = "CREATE TABLE IF NOT EXISTS größe (id int, wértÄ int);\n", "größe.wértÄ"
    text = f"{before}\n{create}{between}\nCOMMENT ON COLUMN {name} IS 'x';\n".replace("\n", newline)
    data = (BOM if bom else b"") + text.encode()

    [item] = check(data).diagnostics

    start, end = item.span.start, item.span.end
    assert data[start.offset : end.offset].decode() == name
    lines = text.split("\n")
    assert lines[start.line - 1][start.column - 1 :].startswith(name)
    assert (end.line, end.column) == (start.line, start.column + len(name))
    assert item.statement is not None
    assert data[item.statement.start.offset :].startswith(b"COMMENT")
    assert data[: item.statement.end.offset].endswith(b"'x'")


@given(filling=st.lists(FILLING, min_size=2, max_size=5), newline=NEWLINE)
def test_statements_are_cut_at_their_first_and_last_byte(filling: list[str], newline: str) -> None:
    text = "".join(f"{part}\nCREATE TABLE t{at} (a int);" for at, part in enumerate(filling)).replace("\n", newline)

    made = [item for item in parse(text).statements if item.command == "CREATE TABLE"]

    data = text.encode()
    assert [data[item.start : item.end].decode() for item in made] == [
        f"CREATE TABLE t{at} (a int)" for at in range(len(filling))
    ]


@given(st.binary(max_size=60))
def test_positions_of_any_bytes_are_lines_and_columns(data: bytes) -> None:
    source = Source("x.sql", data)
    for offset in range(len(data) + 1):
        position = source.position(offset)
        assert position.line == data[:offset].count(b"\n") + 1
        assert position.column >= 1
        assert source.line_start(offset) <= offset <= max(source.line_end(offset), offset)


PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            ["é", "0é", "1é", "$1", "$é$", "_é", "e", "x'1'", "U&'é'", "E'é'", "'", '"', "--", "\n", " ", ";"]
        ),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5),
    ),
    max_size=8,
).map("".join)


@given(PIECES)
def test_the_scanner_is_shown_letters_that_it_takes_for_those_that_are_there(text: str) -> None:
    try:
        expected = parser.scan(text)
    except parser.ParseError:
        with raises(parser.ParseError):
            scan(text.encode())
        return

    found = scan(text.encode())

    assert [(token.name, token.kind) for token in found] == [(token.name, token.kind) for token in expected]
    whole = text.encode()
    assert [len(whole[: token.start].decode()) for token in found] == [token.start for token in expected]
    assert [len(whole[: token.end + 1].decode()) for token in found] == [token.end + 1 for token in expected]
