"""What `driftproof check` reports, for which paths, with which exit status."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Project

CONCISE = ("check", "--format", "concise", "-q")


def test_a_column_in_doubt_is_an_error(project: Project) -> None:
    project.add()
    result = project.run("check", project.migrations)
    assert result.status == 1
    assert result.err == ""
    lines = result.out.splitlines()
    assert lines[0].startswith(f"{project.path}:2:19: error DP101 column-not-guaranteed: ")
    assert lines[0].endswith("(drift)")
    assert lines[1:4] == [
        "  |",
        "2 | COMMENT ON COLUMN integrations.configuration IS 'x';",
        "  |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^",
    ]
    assert lines[4].startswith("  = why: line 1: ")
    assert lines[-3].startswith("  = fix: [*] ")
    assert lines[-2:] == ["", "checked 1 file, 2 statements: 1 error; 1 fixable with --fix"]


def test_nothing_to_report_is_status_0(project: Project) -> None:
    project.add(project.good)
    result = project.run("check", project.migrations)
    assert (result.status, result.out, result.err) == (0, "checked 1 file, 1 statement: nothing to report\n", "")


def test_a_path_may_lead_up(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.add()
    folder = project.root / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for path in (project.migrations, project.path):
        result = project.run("check", "--format", "json", f"../{path}")
        assert (result.status, result.codes) == (1, ["DP101"])


def test_concise_is_one_line_each_with_the_summary_on_standard_error(project: Project) -> None:
    project.add()
    result = project.run("check", "--format", "concise", project.path)
    assert len(result.out.splitlines()) == 1
    assert result.out.startswith(f"{project.path}:2:19: error DP101 column-not-guaranteed: ")
    assert result.out.endswith("(drift) [*]\n")
    assert result.err == "checked 1 file, 2 statements: 1 error; 1 fixable with --fix\n"


def test_quiet_leaves_the_summary_out(project: Project) -> None:
    file = project.add()
    assert "checked" not in project.run("check", "-q", project.path).out
    file.write_text(project.good)
    assert project.run("check", "-q", project.path).stdout == b""


class TestPaths:
    def test_a_path_is_reported_as_it_was_given(self, project: Project) -> None:
        file = project.add()
        for path in (project.path, str(file)):
            assert project.run(*CONCISE, path).out.startswith(f"{path}:2:19: ")

    def test_without_a_path_the_migration_directories_are_found(self, project: Project) -> None:
        project.add()
        project.write("db/migrations/1_a.sql", project.bad)
        project.write("queries/report.sql", project.bad)
        project.write("node_modules/x/migrations/1.sql", project.bad)
        result = project.run(*CONCISE)
        assert [line.split(":")[0] for line in result.out.splitlines()] == ["db/migrations/1_a.sql", project.path]

    def test_the_current_folder_itself_may_be_the_migration_directory(
        self, project: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        project.add()
        monkeypatch.chdir(project.root / project.migrations)
        assert project.run(*CONCISE).out.startswith(f"{project.name}:2:19: ")

    def test_without_a_path_and_without_migrations_the_call_is_refused(self, project: Project) -> None:
        project.write("queries/report.sql", project.bad)
        result = project.run("check")
        assert (result.status, result.out) == (2, "")
        assert result.err == ("driftproof: no migration directory below the current folder; name one as PATH\n")

    def test_a_named_file_is_judged_with_its_siblings_and_alone_reported(self, project: Project) -> None:
        project.add(project.bad, "20250101000000_first.sql")
        project.add("SELECT 1;\n", "20250102000000_second.sql")
        project.add("COMMENT ON COLUMN integrations.missing IS 'x';\n", "20250103000000_third.sql")
        third = f"{project.migrations}/20250103000000_third.sql"
        result = project.run("check", "--format", "json", third)
        assert result.json["summary"]["files"] == 1
        assert {diagnostic["path"] for diagnostic in result.json["diagnostics"]} == {third}

    def test_a_file_is_reported_once_however_often_it_is_named(self, project: Project) -> None:
        project.add()
        for paths in ((project.path, project.path), (project.migrations, project.path), (project.path, ".")):
            assert project.run("check", "--format", "json", *paths).json["summary"]["diagnostics"] == 1

    def test_nested_directories_are_histories_of_their_own(self, project: Project) -> None:
        project.write("a/1.sql", project.create)
        project.write("a/b/1.sql", project.comment)
        result = project.run("check", "--format", "json", "a")
        assert result.json["summary"]["files"] == 2
        assert result.codes == []

    @pytest.mark.parametrize(
        ("path", "message"),
        [
            ("supabase/migration", "no such file or directory: supabase/migration; did you mean supabase/migrations?"),
            ("nowhere/at/all.sql", "no such file or directory: nowhere/at/all.sql"),
            ("empty", "no .sql files in empty"),
        ],
    )
    def test_a_path_that_is_not_there_is_refused(self, project: Project, path: str, message: str) -> None:
        project.add()
        (project.root / "empty").mkdir()
        result = project.run("check", "--fix", project.path, path)
        assert (result.status, result.out, result.err) == (2, "", f"driftproof: {message}\n")
        assert (project.root / project.path).read_text() == project.bad


class TestStandardInput:
    def test_it_is_read_for_a_dash(self, project: Project) -> None:
        result = project.run(*CONCISE, "-", stdin=project.bad.encode())
        assert result.status == 1
        assert result.out.startswith("<stdin>:2:19: error DP101 ")

    @pytest.mark.parametrize(
        ("title", "text"),
        [
            ("Alembic (offline SQL)", "BEGIN;\n\n-- Running upgrade  -> a1\n\n{}\nCOMMIT;\n"),
            ("Django (sqlmigrate)", "BEGIN;\n--\n-- Create model T\n--\n{}\nCOMMIT;\n"),
            ("EF Core (script)", 'SELECT * FROM "__EFMigrationsHistory";\nSTART TRANSACTION;\n{}\nCOMMIT;\n'),
        ],
    )
    def test_what_a_tool_prints_is_known_by_what_it_says(self, project: Project, title: str, text: str) -> None:
        script = text.format("CREATE TABLE t (a int);\nCREATE INDEX CONCURRENTLY i ON t (a);").encode()
        assert project.run("check", "--show-files", "-", stdin=script).out == f"<stdin>: stands alone ({title})\n\n"
        result = project.run(*CONCISE, "-", stdin=script)
        assert (result.status, "DP401" in result.out, "25001 (always)" in result.out) == (1, True, True)

    def test_it_has_the_name_and_the_configuration_that_it_is_given(self, project: Project) -> None:
        project.write("supabase/driftproof.toml", 'severity = {DP101 = "info"}')
        result = project.run(*CONCISE, "-", "--stdin-filename", project.path, stdin=project.bad.encode())
        assert result.status == 0
        assert result.out.startswith(f"{project.path}:2:19: info DP101 ")

    def test_it_goes_with_no_other_path(self, project: Project) -> None:
        project.add()
        result = project.run("check", "-", project.path)
        assert result.status == 2
        assert result.err == "driftproof: - (standard input) can't be checked together with files\n"
        assert project.run("check", "--stdin-filename", "x.sql", project.path).status == 2


class TestExitStatus:
    @pytest.mark.parametrize(("severity", "status"), [("error", 1), ("warning", 1), ("info", 0)])
    def test_errors_and_warnings_fail(self, project: Project, severity: str, status: int) -> None:
        project.write("driftproof.toml", f'severity = {{DP101 = "{severity}"}}')
        project.add()
        assert project.run("check", project.path).status == status

    @pytest.mark.parametrize(("least", "status"), [("error", 0), ("warning", 1), ("info", 1)])
    def test_fail_on_moves_the_bar(self, project: Project, least: str, status: int) -> None:
        project.write("driftproof.toml", 'severity = {DP101 = "warning"}\nfail-on = "error"')
        project.add()
        assert project.run("check", "--fail-on", least, project.path).status == status

    def test_the_configuration_moves_the_bar(self, project: Project) -> None:
        project.write("driftproof.toml", 'severity = {DP101 = "warning"}\nfail-on = "error"')
        project.add()
        assert project.run("check", project.path).status == 0

    def test_exit_zero_forgives_diagnostics_only(self, project: Project) -> None:
        project.add()
        assert project.run("check", "--exit-zero", project.path).status == 0
        assert project.run("check", "--exit-zero", "nowhere").status == 2


def test_the_same_input_gives_the_same_bytes(project: Project) -> None:
    for number in range(5):
        project.write(f"migrations/{number}.sql", project.bad.replace("integrations", f"t{number}"))
    for form in ("text", "concise", "json"):
        first, second = (project.run("check", "--format", form, "migrations") for _ in range(2))
        assert first == second


def test_diagnostics_are_ordered_by_path_and_offset(project: Project) -> None:
    project.write("migrations/10.sql", project.bad + "COMMENT ON COLUMN integrations.id IS 'x';\n")
    project.write("migrations/9.sql", project.bad.replace("integrations", "other"))
    result = project.run(*CONCISE, "--ignore=DP903", "migrations")
    assert [line.partition(": ")[0] for line in result.out.splitlines()] == [
        "migrations/10.sql:2:19",
        "migrations/10.sql:3:19",
        "migrations/9.sql:2:19",
    ]
