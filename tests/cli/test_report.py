"""The text report: frames, marks and the summary, whatever characters the source is made of."""

import re

import pytest

from driftproof.diagnostic import Applicability, Because, Certainty, Diagnostic, Fix, Severity, StatementSpan
from driftproof.report import Report
from driftproof.report.diff import unified
from driftproof.report.frame import frame, visible
from driftproof.report.terminal import painter
from driftproof.report.text import render, render_concise, summary
from driftproof.source import Source

PLAIN = painter(False)


def _marked(line: str, part: str) -> tuple[str, str]:
    start = line.index(part)
    return frame(line, start, start + len(part))


class TestFrame:
    @pytest.mark.parametrize(
        ("line", "mark"),
        [
            ("select here from t", "       ^^^^"),
            ("here", "^^^^"),
            ("\there", "    ^^^^"),
            ("ab\there", "    ^^^^"),
            ("abcd\there", "        ^^^^"),
            ("ü here", "  ^^^^"),
            ("日本 here", "     ^^^^"),
            ("e\u0301 here", "  ^^^^"),
            ("a\u200bb here", "   ^^^^"),
            ("😀 here", "   ^^^^"),
            ("\uff48 here", "   ^^^^"),
            ("\x1b[31m here", "      ^^^^"),
        ],
    )
    def test_the_mark_stands_under_the_span(self, line: str, mark: str) -> None:
        assert _marked(line, "here")[1] == mark

    @pytest.mark.parametrize(
        ("part", "mark"), [("日本", "^^^^"), ("\t", "^^"), ("e\u0301", "^"), ("a\tb", "^^^"), ("ü", "^")]
    )
    def test_the_mark_is_as_wide_as_the_span(self, part: str, mark: str) -> None:
        assert _marked(f"x {part} y", part)[1] == "  " + mark

    def test_an_empty_span_gets_one_mark(self) -> None:
        assert frame("abc", 1, 1) == ("abc", " ^")
        assert frame("abc", 3, 3) == ("abc", "   ^")
        assert frame("", 0, 0) == ("", "^")

    def test_a_span_beyond_the_line_is_brought_back(self) -> None:
        assert frame("abc", 2, 99) == ("abc", "  ^")
        assert frame("abc", 7, 99) == ("abc", "   ^")

    @pytest.mark.parametrize(
        ("length", "at"),
        [
            (length, at)
            for length in (100, 500, 100_000)
            for at in (0, 30, 105, 108, 200, 450, 496, 99_000)
            if at + 4 <= length
        ],
    )
    def test_a_long_line_is_cut_around_the_span(self, length: int, at: int) -> None:
        line = "x" * at + "here" + "y" * (length - at - 4)
        text, mark = frame(line, at, at + 4)
        assert len(text) <= 120
        start = mark.index("^")
        assert text[start : start + 4] == "here"
        assert mark[start:] == "^^^^"

    def test_a_long_line_of_wide_characters_is_cut_as_well(self) -> None:
        text, mark = frame("語" * 300 + "here", 300, 304)
        cells = sum(2 if char == "語" else 1 for char in text)
        assert cells <= 120
        assert cells - len(mark) == 0
        assert text.endswith("here")

    def test_a_long_span_is_cut_with_its_line(self) -> None:
        text, mark = frame("x" * 1000, 10, 990)
        assert text == "x" * 110 + "..."
        assert mark == " " * 10 + "^" * 100

    @pytest.mark.parametrize("hostile", ["\x1b[2J", "\x9b2J", "\u202e", "\r", "\x00", "\x7f", "\u2028", "\u2066"])
    def test_source_cannot_command_the_terminal(self, hostile: str) -> None:
        shown = frame(f"a{hostile}b", 0, 1)[0] + visible(f"a{hostile}b")
        assert hostile not in shown
        assert shown.isprintable()


def _diagnostic(
    source: Source,
    part: str,
    *,
    severity: Severity = Severity.ERROR,
    fix: Fix | None = None,
    message: str = "it may not exist",
    help: str | None = None,
    because: tuple[Because, ...] = (),
) -> Diagnostic:
    start = source.data.index(part.encode())
    span = source.span(start, start + len(part.encode()))
    return Diagnostic(
        code="DP101",
        name="column-not-guaranteed",
        severity=severity,
        certainty=Certainty.DRIFT,
        sqlstate="42703",
        path=source.path,
        span=span,
        statement=StatementSpan(0, span.start, span.end),
        object=None,
        message=message,
        because=because,
        fix=fix,
        help=help,
    )


def _report(*diagnostics: Diagnostic, source: Source | None = None, unsafe: bool = False) -> Report:
    sources = {source.path: source} if source is not None else {}
    return Report(diagnostics=diagnostics, files=5, statements=41, sources=sources, unsafe=unsafe)


SAFE = Fix("add the column", Applicability.SAFE, ())
UNSAFE = Fix("add the key", Applicability.UNSAFE, ())
DISPLAY = Fix("split the migration", Applicability.DISPLAY, ())


class TestText:
    def test_a_whole_block(self) -> None:
        source = Source("m/1.sql", b"-- first\n" * 9 + b"select \xe6\x97\xa5\tcolumn;\r\nselect 2;\n")
        diagnostic = _diagnostic(
            source, "column", fix=SAFE, help="guard it", because=(Because("m/0.sql", 7, "it leaves the table"),)
        )
        assert render(_report(diagnostic, source=source), PLAIN) == (
            "m/1.sql:10:10: error DP101 column-not-guaranteed: it may not exist (drift)\n"
            "   |\n"
            "10 | select 日   column;\n"
            "   |             ^^^^^^\n"
            "   = why: m/0.sql:7: it leaves the table\n"
            "   = help: guard it\n"
            "   = fix: [*] add the column\n"
            "\n"
        )

    def test_a_span_of_several_lines_is_marked_to_the_end_of_the_first(self) -> None:
        source = Source("a.sql", b"select a,\n  b;\n")
        lines = render(_report(_diagnostic(source, "a,\n  b"), source=source), PLAIN).splitlines()
        assert lines[2:4] == ["1 | select a,", "  |        ^^"]

    @pytest.mark.parametrize(
        ("fix", "unsafe", "line"),
        [
            (SAFE, False, "[*] add the column"),
            (UNSAFE, False, "add the key (--unsafe-fixes)"),
            (UNSAFE, True, "[*] add the key"),
            (DISPLAY, True, "split the migration"),
        ],
    )
    def test_the_marker_stands_where_a_fix_would_be_made(self, fix: Fix, unsafe: bool, line: str) -> None:
        source = Source("a.sql", b"select a;\n")
        text = render(_report(_diagnostic(source, "a", fix=fix), source=source, unsafe=unsafe), PLAIN)
        assert text.splitlines()[-2] == f"  = fix: {line}"

    def test_a_diagnostic_is_one_line_whatever_its_names_are(self) -> None:
        source = Source("a\n.sql", b"select a;\n")
        line = render_concise(_report(_diagnostic(source, "a", message='column "a\n\x1b[2J" may not exist')), PLAIN)
        assert line.count("\n") == 1
        assert "\x1b" not in line

    def test_colours_add_nothing_but_colours(self) -> None:
        source = Source("a.sql", b"select a;\n")
        report = _report(_diagnostic(source, "a", fix=SAFE), source=source)
        for printer in (render, render_concise, summary):
            coloured = printer(report, painter(True))
            assert "\x1b[" in coloured
            assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == printer(report, PLAIN)


class TestSummary:
    SOURCE = Source("a.sql", b"select a;\n")

    def _line(self, *found: tuple[Severity, Fix | None], unsafe: bool = False) -> str:
        diagnostics = [_diagnostic(self.SOURCE, "a", severity=severity, fix=fix) for severity, fix in found]
        return summary(_report(*diagnostics, unsafe=unsafe), PLAIN)

    def test_counts_by_severity_the_worst_first(self) -> None:
        found = [(severity, None) for severity in (Severity.INFO, Severity.ERROR, Severity.WARNING, Severity.ERROR)]
        assert self._line(*found) == "checked 5 files, 41 statements: 2 errors, 1 warning, 1 info\n"

    def test_infos_are_not_counted_in_english(self) -> None:
        assert self._line((Severity.INFO, None), (Severity.INFO, None)).endswith(": 2 info\n")

    def test_what_can_be_fixed_and_how(self) -> None:
        safe, unsafe = (Severity.ERROR, SAFE), (Severity.ERROR, UNSAFE)
        assert self._line(safe, safe).endswith(": 2 errors; 2 fixable with --fix\n")
        assert self._line(unsafe).endswith(": 1 error; 1 with --fix --unsafe-fixes\n")
        assert self._line(safe, unsafe).endswith("; 1 fixable with --fix; 1 more with --fix --unsafe-fixes\n")
        assert self._line(safe, unsafe, unsafe=True).endswith("; 2 fixable with --fix --unsafe-fixes\n")

    def test_one_file_is_not_files(self) -> None:
        report = Report(diagnostics=(), files=1, statements=1, sources={}, fixed=2)
        assert summary(report, PLAIN) == "checked 1 file, 1 statement: 2 fixed\n"


class TestDiff:
    def test_bytes_are_kept(self) -> None:
        patch = unified("a.sql", b"\xef\xbb\xbfa\r\nb\xff\r\nc", b"\xef\xbb\xbfa\r\nx\r\nb\xff\r\nc")
        assert patch == (
            b"--- a.sql\n+++ a.sql\n@@ -1,3 +1,4 @@\n"
            b" \xef\xbb\xbfa\r\n+x\r\n b\xff\r\n c\n\\ No newline at end of file\n"
        )

    def test_a_new_line_end_at_the_end_is_shown(self) -> None:
        assert unified("a", b"x", b"x\n").endswith(b"-x\n\\ No newline at end of file\n+x\n")

    def test_the_same_bytes_give_nothing(self) -> None:
        assert unified("a", b"x", b"x") == b""
