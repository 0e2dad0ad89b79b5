"""The rules themselves: each tells its whole story in one file."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

import driftproof
from driftproof.rule import Rule, load_rules
from tests.histories import RULES

ROOT = Path(__file__).parents[2]
FILES = sorted(path for path in (ROOT / "rules" / "driftproof_rules").glob("*.py") if path.name != "__init__.py")
HEADINGS = ["What it does", "Why it matters", "Example", "Instead", "Fix safety"]

each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def test_every_file_is_a_rule_and_every_rule_a_file() -> None:
    assert sorted(rule.name.replace("-", "_") for rule in RULES) == [path.stem for path in FILES]


def test_codes_and_names_are_unique_and_sorted() -> None:
    codes = [rule.code for rule in load_rules()]
    assert codes == sorted(set(codes))
    assert len({rule.name for rule in RULES}) == len(RULES)


@each_rule
def test_code_and_name_have_their_form(rule: Rule) -> None:
    assert re.fullmatch(r"DP\d{3}", rule.code)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", rule.name)


@each_rule
def test_the_page_has_its_headings_in_order(rule: Rule) -> None:
    assert re.findall(r"^## (.+)$", rule.page, re.MULTILINE) == HEADINGS
    assert rule.page.split("\n")[0].rstrip(".").startswith(rule.summary.split(",")[0][:30])


@each_rule
def test_it_looks_at_something_and_shows_both_sides(rule: Rule) -> None:
    looks = (rule.on_failure, rule.on_refusal, rule.on_statement, rule.on_file, rule.on_history, rule.on_undone)
    assert any((*looks, rule.on_ignore))
    assert any(case.bad for case in rule.cases)
    assert any(not case.bad for case in rule.cases)
    assert len({case.why for case in rule.cases}) == len(rule.cases)


@each_rule
def test_a_rule_that_predicts_says_which_sqlstates(rule: Rule) -> None:
    assert bool(rule.sqlstates) == (rule.on_failure is not None)
    assert all(re.fullmatch(r"[0-9A-Z]{5}", state) for state in rule.sqlstates)


@each_rule
def test_a_fix_has_a_case(rule: Rule) -> None:
    path = ROOT / "rules" / "driftproof_rules" / f"{rule.name.replace('-', '_')}.py"
    names = {node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)}
    assert rule.fixable == bool({"guard", "repeatable", "appended", "narrowed", "amend", "caught_too"} & names)


@each_file
def test_a_rule_imports_only_public_names(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("driftproof"):
            assert node.module == "driftproof"
            assert {alias.name for alias in node.names} <= set(driftproof.__all__)


@each_file
def test_a_rule_fits_in_a_head(path: Path) -> None:
    tree = ast.parse(path.read_text())
    logic = sum((node.end_lineno or 0) - node.lineno + 1 for node in tree.body if isinstance(node, ast.FunctionDef))
    assert logic <= 150


def test_public_names_exist() -> None:
    for name in driftproof.__all__:
        assert getattr(driftproof, name) is not None


def test_the_entry_point_names_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["driftproof.rules"] == {"driftproof": "driftproof_rules"}
