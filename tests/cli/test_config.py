"""`driftproof.toml` and `[tool.driftproof]`: where they are looked for, and what is wrong with one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from driftproof import config
from driftproof.config import Config, ConfigError, load, load_file
from driftproof.diagnostic import Severity

if TYPE_CHECKING:
    from tests.cli.conftest import Project

OFF = 'ignore = ["DP101"]\n'


@pytest.fixture(autouse=True)
def _anew() -> None:
    config._nearest.cache_clear()


@pytest.mark.parametrize(
    "place", ["driftproof.toml", "supabase/driftproof.toml", "supabase/migrations/driftproof.toml"]
)
def test_it_is_found_above_the_migrations(project: Project, place: str) -> None:
    project.add()
    project.write(place, OFF)
    assert project.run("check", project.path).status == 0


def test_the_nearest_one_holds_alone(project: Project) -> None:
    project.add()
    project.write("driftproof.toml", OFF)
    project.write("supabase/driftproof.toml", 'fail-on = "error"')
    assert project.run("check", project.path).status == 1


def test_each_history_has_its_own(project: Project) -> None:
    project.write("a/migrations/1.sql", project.bad)
    project.write("b/migrations/1.sql", project.bad)
    project.write("b/driftproof.toml", OFF)
    result = project.run("check", "--format", "json", "a", "b")
    assert [diagnostic["path"] for diagnostic in result.json["diagnostics"]] == ["a/migrations/1.sql"]


def test_it_belongs_to_the_migrations_and_not_to_the_current_folder(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = project.add()
    project.write("elsewhere/driftproof.toml", OFF)
    monkeypatch.chdir(project.root / "elsewhere")
    assert project.run("check", str(file)).status == 1


class TestPyproject:
    def test_its_table_is_read(self, project: Project) -> None:
        project.add()
        project.write("pyproject.toml", f"[tool.driftproof]\n{OFF}")
        assert project.run("check", project.path).status == 0

    @pytest.mark.parametrize("text", ["[tool.ruff]\n", "[project]\ndependencies = ['driftproof']\n", "not = [TOML"])
    def test_one_without_the_table_is_passed_by(self, project: Project, text: str) -> None:
        project.add()
        project.write("supabase/pyproject.toml", text)
        project.write("driftproof.toml", OFF)
        assert project.run("check", project.path).status == 0

    def test_driftproof_toml_beside_it_comes_first(self, project: Project) -> None:
        project.add()
        project.write("pyproject.toml", "[tool.driftproof]\n")
        project.write("driftproof.toml", OFF)
        assert project.run("check", project.path).status == 0


class TestOptions:
    def test_config_names_the_file_for_all(self, project: Project) -> None:
        project.add()
        project.write("driftproof.toml", "")
        project.write("other.toml", OFF)
        assert project.run("check", "--config", "other.toml", project.path).status == 0

    def test_isolated_uses_none(self, project: Project) -> None:
        project.add()
        project.write("driftproof.toml", OFF)
        assert project.run("check", "--isolated", project.path).status == 1

    def test_they_exclude_each_other(self, project: Project) -> None:
        result = project.run("check", "--isolated", "--config", "x.toml")
        assert (result.status, result.err) == (2, "driftproof: --config and --isolated exclude each other\n")

    def test_a_missing_file_is_refused(self, project: Project) -> None:
        project.add()
        result = project.run("check", "--config", "x.toml", project.path)
        assert (result.status, result.err) == (2, "driftproof: cannot read x.toml: No such file or directory\n")

    def test_a_pyproject_without_the_table_is_refused(self, project: Project) -> None:
        project.write("pyproject.toml", "[tool.ruff]\n")
        with pytest.raises(ConfigError, match="has no table"):
            load_file("pyproject.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("selct = []", "unknown key selct; did you mean select?"),
        ("fail_on = 'info'", "unknown key fail_on; did you mean fail-on?"),
        ("colour = 1", "unknown key colour"),
        ("select = 'DP101'", "select: expected list, got string"),
        ("ignore = [1]", "ignore[0]: expected string, got integer"),
        ("severity = 'info'", "severity: expected table, got string"),
        ("severity = {DP101 = true}", "severity: expected string, got boolean"),
        ("severity = {DP101 = 'eror'}", "severity.DP101 must be one of info, warning, error, off, not 'eror'"),
        ("fail-on = 'off'", "fail-on must be one of info, warning, error, not 'off'"),
        ("inherited = 'waring'", "inherited must be one of info, warning, error, not 'waring'; did you mean warning?"),
        ("inherited = 1", "inherited: expected string, got integer"),
        ("framework = 'supabse'", "framework: no framework is called 'supabse' (known: "),
        ("select = [", "not valid TOML: "),
    ],
)
def test_what_is_wrong_is_told_in_one_line(project: Project, text: str, message: str) -> None:
    project.add()
    project.write("driftproof.toml", text)
    result = project.run("check", "--fix", project.path)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(f"driftproof: driftproof.toml: {message}")
    assert result.err.count("\n") == 1
    assert (project.root / project.path).read_text() == project.bad


@pytest.mark.parametrize("text", [b"\xff", b"a = 1\n\x00"])
def test_what_is_no_text_is_refused(project: Project, text: bytes) -> None:
    project.add()
    project.write("driftproof.toml", text)
    assert project.run("check", project.path).err.startswith("driftproof: driftproof.toml: not valid TOML: ")


def test_a_wrong_table_in_pyproject_is_refused(project: Project) -> None:
    project.add()
    project.write("pyproject.toml", "[tool]\ndriftproof = 1")
    assert project.run("check", project.path).err == "driftproof: pyproject.toml: tool.driftproof must be a table\n"


def test_a_file_outside_the_current_folder_is_told_by_its_whole_path(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.add()
    file = project.write("driftproof.toml", "selct = 1")
    monkeypatch.chdir(project.root / "supabase")
    assert project.run("check", "migrations").err.startswith(f"driftproof: {file.resolve()}: unknown key selct")


def test_a_framework_can_be_named(project: Project) -> None:
    project.write("supabase/migrations/1_a.sql", "CREATE TABLE a (b int);\nCREATE TABLE c (d int);\n")
    assert project.run("check", "--format", "json", project.migrations).codes == []
    project.write("driftproof.toml", 'framework = "plain"')
    assert project.run("check", "--format", "json", project.migrations).codes == ["DP201"], "psql keeps the first table"
    result = project.run("check", "--format", "json", "--framework", "supabase", project.migrations)
    assert result.json["summary"]["files"] == 1
    result = project.run("check", "--framework", "supabse", project.migrations)
    assert result.status == 2
    assert result.err.endswith("; did you mean supabase?\n")


def test_defaults() -> None:
    assert load(Path("/")) == Config()
    assert Config().fail_on is Severity.WARNING
    assert Config().inherited is Severity.INFO


class TestSeverity:
    def test_doubt_from_an_earlier_migration_informs(self, project: Project) -> None:
        project.add(project.create, "20250101000000_first.sql")
        project.add(project.comment, "20250102000000_second.sql")
        result = project.run("check", "--format", "json", project.migrations)
        assert [diagnostic["severity"] for diagnostic in result.json["diagnostics"]] == ["info"]
        assert result.status == 0

    @pytest.mark.parametrize(
        ("text", "severity"),
        [
            ('inherited = "error"', "error"),
            ('severity = {DP101 = "warning"}', "warning"),
            ('inherited = "error"\nseverity = {column-not-guaranteed = "warning"}', "warning"),
            ('inherited = "error"\nseverity = {DP001 = "warning"}', "error"),
        ],
    )
    def test_a_setting_for_the_rule_beats_the_one_for_inherited_doubt(
        self, project: Project, text: str, severity: str
    ) -> None:
        project.write("driftproof.toml", text)
        project.add(project.create, "20250101000000_first.sql")
        project.add(project.comment, "20250102000000_second.sql")
        result = project.run("check", "--format", "json", project.migrations)
        assert [diagnostic["severity"] for diagnostic in result.json["diagnostics"]] == [severity]
        assert result.status == 1

    def test_doubt_of_the_file_itself_is_not_inherited(self, project: Project) -> None:
        project.write("driftproof.toml", 'inherited = "warning"')
        project.add()
        result = project.run("check", "--format", "json", project.path)
        assert [diagnostic["severity"] for diagnostic in result.json["diagnostics"]] == ["error"]


class TestExclude:
    @pytest.mark.parametrize(
        "pattern", ["*integrations*", "supabase", "supabase/migrations", "supabase/*.sql", "migrations/", "*/2025*"]
    )
    def test_excluded_files_are_context_only(self, project: Project, pattern: str) -> None:
        project.write("driftproof.toml", f'exclude = ["{pattern}"]')
        project.add()
        for path in (project.path, project.migrations, "."):
            result = project.run("check", path)
            assert (result.status, result.out) == (0, "checked 0 files, 0 statements: nothing to report\n")

    @pytest.mark.parametrize("pattern", ["migrations/*.sql", "base", "2024*", "/integrations"])
    def test_others_are_not(self, project: Project, pattern: str) -> None:
        project.write("driftproof.toml", f'exclude = ["{pattern}"]')
        project.add()
        assert project.run("check", project.migrations).status == 1


class TestRerun:
    """When failures of a second run are reported."""

    TABLE = "CREATE TABLE t (a int);\n"

    def test_the_file_says_it_and_the_command_line_beats_it(self, project: Project) -> None:
        project.add(self.TABLE)
        project.write("driftproof.toml", 'rerun = "always"\n')

        def codes(*arguments: str) -> list[str]:
            return project.run("check", "--format", "json", *arguments, project.path).codes

        assert codes() == ["DP201"]
        assert codes("--rerun", "never") == []
        assert codes("--isolated") == []

    def test_a_wrong_word_names_the_right_ones(self, project: Project) -> None:
        project.add(self.TABLE)
        project.write("driftproof.toml", 'rerun = "allways"\n')

        result = project.run("check", project.path)

        assert result.status == 2
        assert "rerun must be one of auto, always, never, not 'allways'" in result.err
