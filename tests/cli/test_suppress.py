"""Ignore comments: which ones are read, what they cover, and which are of no use."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from driftproof.diagnostic import Diagnostic, Severity, StatementSpan
from driftproof.source import Source
from driftproof.suppress import Ignore, apply, find_ignores

if TYPE_CHECKING:
    from tests.cli.conftest import Project

CANONICAL = {
    word: code
    for code, name in (
        ("DP101", "column-not-guaranteed"),
        ("DP102", "relation-not-guaranteed"),
        ("DP201", "table-not-repeatable"),
    )
    for word in (code, name)
}.get


def _source(text: str | bytes) -> Source:
    return Source("a.sql", text.encode() if isinstance(text, str) else text)


def _only(text: str) -> Ignore:
    (ignore,) = find_ignores(_source(text))
    return ignore


class TestFind:
    @pytest.mark.parametrize(
        ("comment", "codes", "reason"),
        [
            ("-- driftproof: ignore[DP101]", ("DP101",), ""),
            ("-- driftproof: ignore[DP101] it is there", ("DP101",), "it is there"),
            ("--driftproof:ignore[DP101,column-not-guaranteed]", ("DP101", "column-not-guaranteed"), ""),
            ("--   driftproof:  ignore [ DP101 ,  DP201, ]   why ", ("DP101", "DP201"), "why"),
            ("/* driftproof: ignore[DP101] grüße */", ("DP101",), "grüße"),
            ("/*driftproof: ignore[DP101]*/", ("DP101",), ""),
            ("/*\n   driftproof: ignore[DP101]\n   two\n   lines */", ("DP101",), "two lines"),
            ("-- driftproof: ignore[DP101, DP101]", ("DP101",), ""),
        ],
    )
    def test_codes_and_reason(self, comment: str, codes: tuple[str, ...], reason: str) -> None:
        ignore = _only(f"{comment}\nSELECT 1;\n")
        assert (ignore.codes, ignore.reason, ignore.whole_file, ignore.problem) == (codes, reason, False, None)

    def test_a_whole_file(self) -> None:
        ignore = _only("SELECT 1;\n-- driftproof: ignore-file[DP101] old\n")
        assert (ignore.whole_file, ignore.codes, ignore.reason) == (True, ("DP101",), "old")

    @pytest.mark.parametrize("before", ["", "\ufeff", "SELECT 'ü', '😀'; /* é */ ", "-- é\r\n\r\n"])
    def test_its_place_is_in_bytes(self, before: str) -> None:
        comment = "-- driftproof: ignore[DP101] für die alte"
        source = _source(f"{before}{comment}\r\nSELECT 1;\n")
        (ignore,) = find_ignores(source)
        assert source.data[ignore.start : ignore.end].decode() == comment
        assert ignore.line == source.data[: ignore.start].count(b"\n") + 1

    @pytest.mark.parametrize(
        "text",
        [
            "SELECT '-- driftproof: ignore[DP101]';",
            "SELECT '\n-- driftproof: ignore[DP101]\n';",
            'SELECT "-- driftproof: ignore[DP101]";',
            "SELECT $q$\n-- driftproof: ignore[DP101]\n$q$;",
            "DO $$ BEGIN EXECUTE $q$\n-- driftproof: ignore[DP101]\n$q$; END $$;",
            "-- see driftproof: ignore[DP101]",
            "-- -- driftproof: ignore[DP101]",
            "/* a\n-- driftproof: ignore[DP101]\n*/",
            "-- driftproof is a linter",
        ],
    )
    def test_text_that_is_no_such_comment(self, text: str) -> None:
        assert find_ignores(_source(text)) == []

    @pytest.mark.parametrize(
        "text",
        [
            "DO $$\nBEGIN\n  -- driftproof: ignore[DP101] ü\n  NULL;\nEND $$;",
            "DO LANGUAGE plpgsql $body$\nBEGIN\n  NULL; /* driftproof: ignore[DP101] ü */\nEND $body$;",
            "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$\n-- driftproof: ignore[DP101] ü\nSELECT 1 $$;",
        ],
    )
    def test_comments_in_bodies_of_code_count(self, text: str) -> None:
        source = _source("SELECT 'ü';\n" + text)
        (ignore,) = find_ignores(source)
        assert source.data[ignore.start :].startswith((b"-- driftproof:", b"/* driftproof:"))
        assert (ignore.codes, ignore.reason) == (("DP101",), "ü")

    def test_a_body_in_another_language_is_a_string(self) -> None:
        body = "-- driftproof: ignore[DP101]\nx = 'it''s' \"\n"
        text = f"CREATE FUNCTION f() RETURNS void LANGUAGE plpython3u AS $$\n{body}$$;\n-- driftproof: ignore[DP201]\n"
        assert [ignore.codes for ignore in find_ignores(_source(text))] == [("DP201",)]

    @pytest.mark.parametrize("broken", ["SELECT 'never closed;\n", "SELECT $$ never closed\n", "/* never closed\n"])
    def test_a_text_that_has_no_tokens_is_read_by_lines(self, broken: str) -> None:
        source = _source("-- driftproof: ignore-file[DP001] später\n" + broken)
        (ignore,) = find_ignores(source)
        assert (ignore.codes, ignore.whole_file, ignore.reason, ignore.line) == (("DP001",), True, "später", 1)
        assert source.data[ignore.end :] == b"\n" + broken.encode()

    @pytest.mark.parametrize("data", [b"\xff", b"\0"])
    def test_so_is_one_that_is_no_text(self, data: bytes) -> None:
        (ignore,) = find_ignores(_source(b"-- driftproof: ignore-file[DP002] a dump\n" + data))
        assert ignore.codes == ("DP002",)

    @pytest.mark.parametrize(
        ("comment", "problem"),
        [
            ("-- driftproof: ignore", "ignore names no rule; write ignore[DP101]"),
            ("-- driftproof: ignore DP101", "ignore names no rule; write ignore[DP101]"),
            ("-- driftproof: ignore[] why", "ignore[] names no rule; write ignore[DP101]"),
            ("-- driftproof: ignore-file[ , ]", "ignore-file[] names no rule; write ignore-file[DP101]"),
            ("-- driftproof: ignore[DP101", "ignore has no closing bracket; write ignore[DP101]"),
            ("-- driftproof: ingore[DP101]", "driftproof has no comment 'ingore'; did you mean ignore?"),
            ("-- driftproof: ignore_file[DP101]", "driftproof has no comment 'ignore_file'; did you mean ignore-file?"),
            ("-- driftproof: off", "driftproof has no comment 'off'"),
            ("-- driftproof:", "driftproof has no comment ''"),
        ],
    )
    def test_a_malformed_one_says_what_is_wrong(self, comment: str, problem: str) -> None:
        ignore = _only(comment)
        assert (ignore.codes, ignore.problem, ignore.message) == ((), problem, problem)


def _diagnose(source: Source, code: str, word: bytes, spans: list[tuple[int, int]] | None = None) -> Diagnostic:
    """A diagnostic at the first ``word``, of the statement in ``spans`` that holds it."""
    match = re.search(rb"\b%b\b" % word, source.data)
    assert match is not None
    at = match.start()
    statement = None
    for index, (start, end) in enumerate(spans or ()):
        if start <= at < end:
            statement = StatementSpan(index, source.position(start), source.position(end))
    return Diagnostic(
        code=code,
        name="n",
        severity=Severity.ERROR,
        certainty=None,
        sqlstate=None,
        path=source.path,
        span=source.span(at, at + len(word)),
        statement=statement,
        object=None,
        message="m",
    )


def _spans(source: Source) -> list[tuple[int, int]]:
    """The statements of a text in which each begins with SELECT and ends before a semicolon."""
    spans, at = [], 0
    while (start := source.data.find(b"SELECT", at)) >= 0:
        at = source.data.index(b";", start)
        spans.append((start, at))
    return spans


def _covered(text: str, words: str, code: str = "DP101") -> str:
    """Those of the ``words`` whose diagnostics the comments of ``text`` suppress."""
    source = _source(text)
    spans = _spans(source)
    diagnostics = [_diagnose(source, code, word.encode(), spans) for word in words.split()]
    kept, _ = apply(find_ignores(source), diagnostics, spans, source, CANONICAL)
    return " ".join(word for word, one in zip(words.split(), diagnostics, strict=True) if one not in kept)


IGNORE = "-- driftproof: ignore[DP101]"


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        (f"SELECT a;\n{IGNORE}\nSELECT b;\nSELECT c;\n", "b"),
        (f"SELECT a;\nSELECT b; {IGNORE}\nSELECT c;\n", "b"),
        (f"SELECT a; SELECT b; {IGNORE}\nSELECT c;\n", "a b"),
        (f"SELECT a;\n{IGNORE}\nSELECT 1,\n  b;\nSELECT c;\n", "b"),
        (f"SELECT a;\nSELECT 1,\n  b; {IGNORE}\nSELECT c;\n", "b"),
        (f"SELECT a;\nSELECT b, {IGNORE}\n  2;\nSELECT c;\n", "b"),
        (f"SELECT a;\nSELECT b,\n{IGNORE}\n  2;\nSELECT c;\n", "b"),
        (f"SELECT a;\n{IGNORE}\n-- and here is why:\n/* it is\n   so */\nSELECT b;\nSELECT c;\n", "b"),
        (f"SELECT a;\n{IGNORE}\n-- driftproof: ignore[DP201]\nSELECT b;\nSELECT c;\n", "b"),
        (f"SELECT a;\n{IGNORE}\n\nSELECT b;\nSELECT c;\n", ""),
        (f"SELECT a;\nSELECT b;\n{IGNORE}\n\nSELECT c;\n", ""),
        ("SELECT a;\n/* driftproof: ignore[DP101] */ SELECT b;\nSELECT c;\n", "b"),
        ("SELECT a;\n/* driftproof: ignore[DP101]\n*/\nSELECT b;\nSELECT c;\n", "b"),
        ("SELECT a;\n-- driftproof: ignore[column-not-guaranteed]\nSELECT b;\nSELECT c;\n", "b"),
        ("SELECT a;\n-- driftproof: ignore[DP201]\nSELECT b;\nSELECT c;\n", ""),
        ("SELECT a;\nSELECT b;\nSELECT c;\n-- driftproof: ignore-file[DP101]", "a b c"),
        ("-- driftproof: ignore-file[DP201]\nSELECT a;\nSELECT b;\nSELECT c;\n", ""),
        (f"SELECT a;\r\n{IGNORE}\r\nSELECT b;\r\nSELECT c;\r\n", "b"),
    ],
)
def test_what_a_comment_covers(text: str, covered: str) -> None:
    assert _covered(text, "a b c") == covered


def test_a_diagnostic_beside_any_statement_is_covered_by_line_or_file() -> None:
    source = _source(f"{IGNORE}\n\\connect other\n")
    diagnostic = _diagnose(source, "DP101", b"connect")
    assert apply(find_ignores(source), [diagnostic], [], source, CANONICAL) == ([], [])


class TestUnused:
    def _unused(self, text: str, *codes: str, active: tuple[str, ...] | None = None) -> list[Ignore]:
        source = _source(text)
        spans = _spans(source)
        diagnostics = [_diagnose(source, code, b"b", spans) for code in codes]
        return apply(find_ignores(source), diagnostics, spans, source, CANONICAL, active)[1]

    def test_one_that_suppresses_something_is_of_use(self) -> None:
        assert self._unused(f"{IGNORE}\nSELECT b;", "DP101") == []

    def test_one_that_suppresses_nothing_comes_back(self) -> None:
        (ignore,) = self._unused(f"{IGNORE}\nSELECT b;", "DP201")
        assert ignore.message == "DP101 is not reported here: this comment suppresses nothing"

    def test_so_do_those_of_its_codes_that_suppress_nothing(self) -> None:
        (ignore,) = self._unused("-- driftproof: ignore[DP201, DP101, DP102]\nSELECT b;", "DP101")
        assert ignore.codes == ("DP201", "DP102")

    def test_a_rule_that_is_unknown_is_told(self) -> None:
        (ignore,) = self._unused("-- driftproof: ignore[DP101, DP999]\nSELECT b;", "DP101")
        assert ignore.message == "no rule is called 'DP999': this comment suppresses nothing"

    def test_a_malformed_one_comes_back(self) -> None:
        (ignore,) = self._unused("-- driftproof: ignore\nSELECT b;", "DP101")
        assert ignore.problem is not None

    def test_rules_that_did_not_run_leave_their_comments_alone(self) -> None:
        text = "-- driftproof: ignore[DP101, DP201, DP999]\nSELECT b;"
        (ignore,) = self._unused(text, active=("DP201",))
        assert ignore.codes == ("DP201", "DP999")

    def test_two_that_suppress_the_same_are_both_of_use(self) -> None:
        assert self._unused(f"-- driftproof: ignore-file[DP101]\n{IGNORE}\nSELECT b;", "DP101") == []


class TestCheck:
    def test_an_ignored_diagnostic_is_not_reported(self, project: Project) -> None:
        project.add(f"{project.create}{IGNORE} the column came with the first release\n{project.comment}")
        result = project.run("check", project.path)
        assert (result.status, result.out) == (0, "checked 1 file, 2 statements: nothing to report\n")

    def test_an_ignore_of_no_use_is(self, project: Project) -> None:
        project.add(f"{IGNORE}\nSELECT 1;\n")
        result = project.run("check", "--format", "json", project.path)
        assert result.codes == ["DP003"]
        (diagnostic,) = result.json["diagnostics"]
        assert diagnostic["span"]["start"] == {"line": 1, "column": 1, "offset": 0}
        assert diagnostic["span"]["end"]["offset"] == len(IGNORE)

    def test_so_is_a_malformed_one(self, project: Project) -> None:
        project.add("-- driftproof: ignore\nSELECT 1;\n")
        (diagnostic,) = project.run("check", "--format", "json", project.path).json["diagnostics"]
        assert diagnostic["code"] == "DP003"
        assert "ignore names no rule; write ignore[DP101]" in diagnostic["message"]

    def test_an_ignore_of_a_rule_that_is_off_is_not(self, project: Project) -> None:
        project.add(f"{IGNORE}\nSELECT 1;\n")
        assert project.run("check", "--format", "json", "--ignore", "DP101", project.path).codes == []
