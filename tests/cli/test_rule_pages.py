"""`driftproof explain` and `driftproof rules`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftproof.rule import load_rules

if TYPE_CHECKING:
    from tests.cli.conftest import Project


def test_explain_shows_the_page_with_facts_and_cases(project: Project) -> None:
    rule = next(rule for rule in load_rules() if rule.code == "DP101")
    result = project.run("explain", "DP101")
    assert (result.status, result.err) == (0, "")
    assert result.out.startswith(
        f"DP101 column-not-guaranteed\n{rule.summary}\n\nseverity: error\nSQLSTATE: 42703, 42601, 42P01\nfix: --fix\non by default\n"
    )
    assert rule.page in result.out
    for case in rule.cases:
        assert f"- {case.why}\n" in result.out
        for sql in (case.sql, *case.earlier, *filter(None, [case.fixed])):
            for line in sql.split("\n"):
                assert f"    {line}".rstrip() in result.out
    assert result.out.index("\nReported\n") < result.out.index("\nNot reported\n")


def test_a_name_is_as_good_as_a_code(project: Project) -> None:
    assert project.run("explain", "column-not-guaranteed") == project.run("explain", "DP101")


def test_every_rule_has_a_page_without_colours_in_a_pipe(project: Project) -> None:
    for rule in load_rules():
        result = project.run("explain", rule.code)
        assert result.status == 0
        assert result.out.startswith(f"{rule.code} {rule.name}\n")
        assert "\x1b" not in result.out


def test_an_unknown_rule_is_told_with_the_nearest(project: Project) -> None:
    result = project.run("explain", "colum-not-guaranteed")
    assert (result.status, result.out) == (2, "")
    assert result.err == ("driftproof: no rule is called 'colum-not-guaranteed'; did you mean column-not-guaranteed?\n")


def test_rules_lists_each_on_a_line(project: Project) -> None:
    result = project.run("rules")
    assert (result.status, result.err) == (0, "")
    lines = result.out.splitlines()
    for rule, line in zip(load_rules(), lines, strict=True):
        assert line.startswith(f"{rule.code} {rule.name} ")
        assert line.endswith(rule.summary)
        assert ("[*]" in line) is rule.fixable
        assert ("(off)" in line) is not rule.default


def test_rules_as_json(project: Project) -> None:
    result = project.run("rules", "--format", "json")
    assert [rule["code"] for rule in result.json] == [rule.code for rule in load_rules()]
    (rule,) = (rule for rule in result.json if rule["code"] == "DP101")
    assert list(rule) == ["code", "name", "severity", "sqlstates", "default", "fixable", "summary"]
    assert rule["sqlstates"] == ["42703", "42601", "42P01"]
    assert (rule["severity"], rule["default"], rule["fixable"]) == ("error", True, True)
