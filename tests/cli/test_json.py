"""`--format json`: the document that other programs rely on."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import msgspec
import pytest

from driftproof import __version__
from driftproof.diagnostic import Applicability, Because, Certainty, Diagnostic, Edit, Fix, Severity
from driftproof.report import Report
from driftproof.report.json import render
from driftproof.source import Source

if TYPE_CHECKING:
    from tests.cli.conftest import Project


def test_the_document(project: Project) -> None:
    project.add("\ufeff-- Grüße\r\n" + project.bad.replace("\n", "\r\n"))
    result = project.run("check", "--format", "json", project.path)
    assert result.status == 1
    document = result.json
    assert list(document) == ["version", "summary", "diagnostics", "notes"]
    assert document["version"] == __version__
    assert document["summary"] == {
        "files": 1,
        "statements": 2,
        "diagnostics": 1,
        "fixable": 1,
        "by_code": {"DP101": 1},
    }
    (diagnostic,) = document["diagnostics"]
    data = (project.root / project.path).read_bytes()
    start = data.index(b"integrations.configuration")
    statement = data.index(b"COMMENT")
    assert list(diagnostic) == [
        "code",
        "name",
        "severity",
        "certainty",
        "sqlstate",
        "path",
        "span",
        "statement",
        "object",
        "message",
        "because",
        "fix",
        "direction",
    ]
    assert diagnostic["code"] == "DP101"
    assert diagnostic["name"] == "column-not-guaranteed"
    assert diagnostic["severity"] == "error"
    assert diagnostic["certainty"] == "drift"
    assert diagnostic["sqlstate"] == "42703"
    assert diagnostic["path"] == project.path
    assert diagnostic["span"] == {
        "start": {"line": 3, "column": 19, "offset": start},
        "end": {"line": 3, "column": 45, "offset": start + 26},
    }
    assert diagnostic["statement"] == {
        "index": 1,
        "start": {"line": 3, "column": 1, "offset": statement},
        "end": {"line": 3, "column": 52, "offset": statement + 51},
    }
    assert diagnostic["object"] == {
        "kind": "column",
        "schema": "public",
        "relation": "integrations",
        "name": "configuration",
    }
    assert [(because["path"], because["line"]) for because in diagnostic["because"]] == [(project.path, 2)]
    fix = diagnostic["fix"]
    assert list(fix) == ["title", "applicability", "edits"]
    assert fix["applicability"] == "safe"
    assert all({"start", "end", "text"} <= edit.keys() <= {"start", "end", "text", "order"} for edit in fix["edits"])


def test_it_is_indented_and_ends_with_a_line_end(project: Project) -> None:
    project.add(project.good)
    assert project.run("check", "--format", "json", project.path).out == (
        "{\n"
        f'  "version": "{__version__}",\n'
        '  "summary": {\n'
        '    "files": 1,\n'
        '    "statements": 1,\n'
        '    "diagnostics": 0,\n'
        '    "fixable": 0,\n'
        '    "by_code": {}\n'
        "  },\n"
        '  "diagnostics": [],\n'
        '  "notes": []\n'
        "}\n"
    )


def _report(*diagnostics: Diagnostic, unsafe: bool = False) -> Report:
    return Report(diagnostics=diagnostics, files=1, statements=1, sources={}, unsafe=unsafe)


def _diagnostic(code: str = "DP002", path: str = "a.sql", fix: Fix | None = None) -> Diagnostic:
    return Diagnostic(
        code=code,
        name="unreadable-file",
        severity=Severity.ERROR,
        certainty=None,
        sqlstate=None,
        path=path,
        span=Source(path, b"x").span(0, 1),
        statement=None,
        object=None,
        message="not UTF-8",
        because=(Because(path, 1, "so it is"),),
        fix=fix,
    )


def test_what_a_diagnostic_has_not_is_null() -> None:
    (diagnostic,) = msgspec.json.decode(render(_report(_diagnostic())))["diagnostics"]
    assert [key for key, value in diagnostic.items() if value is None] == [
        "certainty",
        "sqlstate",
        "statement",
        "object",
        "fix",
    ]


def test_the_order_of_an_edit_is_said_only_where_it_matters() -> None:
    edits = (Edit(0, 0, "a"), Edit(0, 0, "ü", order=1))
    fix = Fix("insert", Applicability.SAFE, edits)
    (diagnostic,) = msgspec.json.decode(render(_report(_diagnostic(fix=fix))))["diagnostics"]
    assert diagnostic["fix"]["edits"] == [
        {"start": 0, "end": 0, "text": "a"},
        {"start": 0, "end": 0, "text": "ü", "order": 1},
    ]


def test_counts_are_by_code_in_the_order_of_the_codes() -> None:
    summary = msgspec.json.decode(render(_report(*map(_diagnostic, ("DP201", "DP101", "DP201")))))["summary"]
    assert list(summary["by_code"].items()) == [("DP101", 1), ("DP201", 2)]


@pytest.mark.parametrize(
    ("applicability", "unsafe", "fixable"),
    [
        (Applicability.SAFE, False, 1),
        (Applicability.UNSAFE, False, 0),
        (Applicability.UNSAFE, True, 1),
        (Applicability.DISPLAY, True, 0),
    ],
)
def test_fixable_is_what_this_call_would_fix(applicability: Applicability, unsafe: bool, fixable: int) -> None:
    report = _report(_diagnostic(fix=Fix("x", applicability, ())), unsafe=unsafe)
    assert msgspec.json.decode(render(report))["summary"]["fixable"] == fixable


def test_every_certainty_is_said_by_its_word() -> None:
    for certainty in Certainty:
        diagnostic = msgspec.structs.replace(_diagnostic(), certainty=certainty, sqlstate="42703")
        assert msgspec.json.decode(render(_report(diagnostic)))["diagnostics"][0]["certainty"] == certainty.value


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux only")
def test_a_file_name_that_is_no_text_is_shown_all_the_same(project: Project) -> None:
    name = os.fsdecode(b"migrations/1_gr\xfc\xdfe.sql")
    project.write(name, project.bad)
    for form in ("json", "text", "concise"):
        result = project.run("check", "--format", form, "migrations")
        assert result.status == 1
        assert "1_gr\ufffd\ufffde.sql" in result.out
