"""Which rules run, and how much they matter: `--select`, `--ignore` and the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from driftproof.config import Choice, Config, ConfigError
from driftproof.diagnostic import Severity
from driftproof.rule import Rule

if TYPE_CHECKING:
    from tests.cli.conftest import Project

RULES = (
    Rule(code="DP101", name="column-not-guaranteed", summary=""),
    Rule(code="DP102", name="relation-not-guaranteed", summary=""),
    Rule(code="DP201", name="table-not-repeatable", summary="", severity=Severity.WARNING),
    Rule(code="DP801", name="int-key", summary="", default=False),
)
BY_DEFAULT = ["DP101", "DP102", "DP201"]


def _on(config: Config, select: str | None = None, ignore: str = "") -> list[str]:
    choice = Choice(None if select is None else tuple(select.split()), tuple(ignore.split()), "--")
    return [rule.code for rule in config.rules(RULES, choice)]


@pytest.mark.parametrize(
    ("select", "ignore", "on"),
    [
        (None, "", BY_DEFAULT),
        ("DP101", "", ["DP101"]),
        ("column-not-guaranteed int-key", "", ["DP101", "DP801"]),
        ("DP1", "", ["DP101", "DP102"]),
        ("DP", "", ["DP101", "DP102", "DP201", "DP801"]),
        ("ALL", "", ["DP101", "DP102", "DP201", "DP801"]),
        (None, "DP1", ["DP201"]),
        (None, "ALL", []),
        ("ALL", "DP1", ["DP201", "DP801"]),
        ("DP101", "DP1", ["DP101"]),
        ("DP1 DP201", "relation-not-guaranteed", ["DP101", "DP201"]),
        ("DP101", "DP101", []),
    ],
)
def test_the_narrower_word_wins(select: str | None, ignore: str, on: list[str]) -> None:
    assert _on(Config(), select, ignore) == on
    config = Config(select=None if select is None else tuple(select.split()), ignore=tuple(ignore.split()))
    assert _on(config) == on


def test_the_command_line_selects_anew() -> None:
    config = Config(select=("DP102",), ignore=("DP101",))
    assert _on(config, select="DP101") == ["DP101"]


def test_the_command_line_ignores_more() -> None:
    config = Config(select=("DP1",), ignore=("DP101",))
    assert _on(config) == ["DP102"]
    assert _on(config, ignore="DP102") == []


def test_off_leaves_a_rule_out_unless_the_command_line_selects_it() -> None:
    config = Config(severity={"column-not-guaranteed": "off"})
    assert _on(config) == ["DP102", "DP201"]
    assert _on(config, select="DP101") == ["DP101"]


def test_a_severity_turns_no_rule_on() -> None:
    assert _on(Config(severity={"DP801": "error"})) == BY_DEFAULT


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (Config(select=("DP9",), path="a.toml"), "a.toml: select: no rule is called 'DP9'"),
        (Config(ignore=("dp101",), path="a.toml"), "a.toml: ignore: no rule is called 'dp101'; did you mean DP101?"),
        (
            Config(severity={"columns-not-guaranteed": "info"}, path="a.toml"),
            "a.toml: severity: no rule is called 'columns-not-guaranteed'; did you mean column-not-guaranteed?",
        ),
        (Config(severity={"DP1": "info"}, path="a.toml"), "a.toml: severity: no rule is called 'DP1'"),
    ],
)
def test_a_word_that_means_no_rule_is_an_error(config: Config, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.rules(RULES)
    assert str(caught.value).startswith(message)
    with pytest.raises(ConfigError):
        config.rules(RULES, Choice(("ALL",)))


def test_codes_and_names_are_given_by_comma_or_repeated(project: Project) -> None:
    project.add()
    for words in (
        ("--select", "DP0,column-not-guaranteed"),
        ("--select", "DP0", "--select", "DP101"),
        ("--select", " DP101 , "),
    ):
        assert project.run("check", "--format", "json", *words, project.path).codes == ["DP101"]
    assert project.run("check", "--format", "json", "--ignore", "DP0,DP101", project.path).codes == []


def test_an_unknown_code_is_refused_with_the_nearest_one(project: Project) -> None:
    project.add()
    result = project.run("check", "--select", "colum-not-guaranteed", project.path)
    assert (result.status, result.out) == (2, "")
    assert result.err == (
        "driftproof: --select: no rule is called 'colum-not-guaranteed'; did you mean column-not-guaranteed?\n"
    )
    result = project.run("check", "--ignore", "DP1010", project.path)
    assert result.status == 2
    assert result.err.startswith("driftproof: --ignore: no rule is called 'DP1010'; did you mean DP")
