"""Migrations held against git's main branch: edited, gone, renamed, added below others. In real repositories."""

import json
import os
from pathlib import Path

import pytest

from driftproof.history import Changes, read_directory
from tests.cli.conftest import Project
from tests.histories import git, repository, write

TABLE = "CREATE TABLE t (a int);\n"
OTHER = "CREATE TABLE u (a int);\n"
FOLDER = "supabase/migrations"


def found(project: Project, *arguments: str) -> list[tuple[str, str]]:
    result = project.run("check", "--isolated", "--exit-zero", "--select=DP9", "--format=json", *arguments)
    assert result.err == ""
    return [(Path(item["path"]).name, item["code"]) for item in result.json["diagnostics"]]


def test_what_the_working_tree_has_is_held_against_the_main_branch(project: Project) -> None:
    repository(project.root, {f"{FOLDER}/1_a.sql": TABLE, f"{FOLDER}/3_b.sql": OTHER, f"{FOLDER}/5_c.sql": "SELECT 1;"})
    write(project.root, {f"{FOLDER}/1_a.sql": TABLE.replace("int", "text"), f"{FOLDER}/2_new.sql": "SELECT 2;"})
    (project.root / FOLDER / "3_b.sql").unlink()

    expected = [("1_a.sql", "DP904"), ("2_new.sql", "DP905"), ("3_b.sql", "DP906")]
    assert found(project, FOLDER) == expected
    git(project.root, "add", ".")
    assert found(project, FOLDER) == expected, "staged"
    git(project.root, "commit", "--quiet", "--message=work")
    assert found(project, FOLDER) == expected, "committed"
    git(project.root, "checkout", "--quiet", "main")
    git(project.root, "merge", "--quiet", "work")
    assert found(project, FOLDER) == [], "on the main branch it is done"


def test_of_files_that_are_named_only_they_are_reported(project: Project) -> None:
    repository(project.root, {f"{FOLDER}/1_a.sql": TABLE, f"{FOLDER}/3_b.sql": OTHER, f"{FOLDER}/5_c.sql": "SELECT 1;"})
    write(project.root, {f"{FOLDER}/1_a.sql": OTHER, f"{FOLDER}/2_new.sql": "SELECT 2;", f"{FOLDER}/x.sql": TABLE})
    (project.root / FOLDER / "3_b.sql").unlink()

    assert found(project, f"{FOLDER}/2_new.sql") == [("2_new.sql", "DP905")]
    assert found(project, f"{FOLDER}/x.sql") == [("x.sql", "DP901")]


def test_what_the_main_branch_got_meanwhile_is_not_missed(project: Project) -> None:
    repository(project.root, {f"{FOLDER}/1_a.sql": TABLE})
    git(project.root, "checkout", "--quiet", "main")
    write(project.root, {f"{FOLDER}/2_b.sql": OTHER})
    git(project.root, "add", ".")
    git(project.root, "commit", "--quiet", "--message=more")
    git(project.root, "checkout", "--quiet", "work")

    assert found(project, FOLDER) == []


def test_a_migration_that_the_main_branch_has_overtaken_is_late(project: Project) -> None:
    repository(project.root, {f"{FOLDER}/1_a.sql": TABLE})
    git(project.root, "checkout", "--quiet", "main")
    write(project.root, {f"{FOLDER}/5_b.sql": OTHER})
    git(project.root, "add", ".")
    git(project.root, "commit", "--quiet", "--message=more")
    git(project.root, "checkout", "--quiet", "work")
    write(project.root, {f"{FOLDER}/3_c.sql": "SELECT 1;", f"{FOLDER}/7_d.sql": "SELECT 1;"})

    assert found(project, FOLDER) == [("3_c.sql", "DP905")]
    git(project.root, "add", ".")
    git(project.root, "commit", "--quiet", "--message=work")
    git(project.root, "merge", "--quiet", "--no-edit", "main")
    assert found(project, FOLDER) == [("3_c.sql", "DP905")]


def test_the_remote_says_which_branch_is_the_main_one(project: Project) -> None:
    repository(project.root, {f"{FOLDER}/1_a.sql": TABLE})
    git(project.root, "branch", "--quiet", "--move", "main", "trunk")
    write(project.root, {f"{FOLDER}/1_a.sql": OTHER})
    assert found(project, FOLDER) == [], "no main branch is known"
    git(project.root, "update-ref", "refs/remotes/origin/trunk", "trunk")
    git(project.root, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
    result = project.run("check", "--isolated", FOLDER)
    assert "origin/trunk has it with another text: the Supabase CLI compares no checksums" in result.out


def test_layout_is_no_edit_where_no_checksum_is_kept(project: Project) -> None:
    sql = "CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN 'A'; END $$;\n"
    repository(project.root, {f"{FOLDER}/1_a.sql": sql})
    other = "create function F()\n  returns TEXT language PLPGSQL as $$\nbegin\n  return 'A'; -- so it is\nend $$;\n"
    write(project.root, {f"{FOLDER}/1_a.sql": other})
    assert found(project, FOLDER) == []
    write(project.root, {f"{FOLDER}/1_a.sql": other.replace("'A'", "'a'")})
    assert found(project, FOLDER) == [("1_a.sql", "DP904")]


def test_a_migration_in_the_place_of_another_is_not_called_late(project: Project) -> None:
    repository(project.root, {f"{FOLDER}/1_a.sql": TABLE, f"{FOLDER}/2_b.sql": OTHER})
    (project.root / FOLDER / "1_a.sql").unlink()
    write(project.root, {f"{FOLDER}/1_c.sql": "SELECT 1;\n"})
    assert found(project, FOLDER) == [("1_c.sql", "DP906")]


def test_line_ends_are_no_edit(project: Project) -> None:
    files = {"db/V1__a.sql": TABLE}
    repository(project.root, files)
    (project.root / "db/V1__a.sql").write_bytes(TABLE.replace("\n", "\r\n").encode())
    assert found(project, "db") == []


def test_a_file_of_another_folder_is_none_of_the_history(project: Project) -> None:
    repository(project.root, {f"{FOLDER}/1_a.sql": TABLE, "seed.sql": "SELECT 1;", f"{FOLDER}/old/1_b.sql": OTHER})
    (project.root / "seed.sql").unlink()
    (project.root / FOLDER / "old/1_b.sql").unlink()
    assert found(project, FOLDER) == []


def test_a_change_that_sqitch_reworked_was_not_edited(project: Project) -> None:
    plan = "%project=p\n\nmake 2024-01-01T00:00:00Z A <a@example.org>\n@v1 2024-01-02T00:00:00Z A <a@example.org>\n"
    repository(project.root, {"sqitch.plan": plan, "deploy/make.sql": TABLE})
    again = "make [make@v1] 2024-01-03T00:00:00Z A <a@example.org>\n"
    write(project.root, {"sqitch.plan": plan + again, "deploy/make@v1.sql": TABLE, "deploy/make.sql": OTHER})
    assert found(project, ".") == []
    write(project.root, {"deploy/make@v1.sql": TABLE.replace("int", "text")})
    assert ("make.sql", "DP904") in found(project, ".")


def test_drizzle_compares_what_its_journal_says(project: Project) -> None:
    def journal(*entries: tuple[str, int]) -> str:
        return json.dumps({"entries": [{"tag": tag, "when": when} for tag, when in entries]})

    repository(
        project.root,
        {
            "drizzle/meta/_journal.json": journal(("0000_a", 10), ("0001_b", 30)),
            "drizzle/0000_a.sql": TABLE,
            "drizzle/0001_b.sql": OTHER,
        },
    )
    write(
        project.root,
        {
            "drizzle/meta/_journal.json": journal(("0000_a", 10), ("0001_b", 30), ("0002_c", 20), ("0003_d", 40)),
            "drizzle/0002_c.sql": "SELECT 1;",
            "drizzle/0003_d.sql": "SELECT 1;",
            "drizzle/0004_e.sql": "SELECT 1;",
        },
    )
    assert found(project, "drizzle") == [("0002_c.sql", "DP905"), ("0004_e.sql", "DP901")]


def test_what_was_unreadable_on_the_main_branch_is_no_matter(project: Project) -> None:
    broken = {"drizzle/meta/_journal.json": "[]", "drizzle/0000_a.sql": TABLE, "drizzle/0001_b.sql": OTHER}
    repository(project.root, broken)
    (project.root / "drizzle/0001_b.sql").unlink()
    write(project.root, {"drizzle/meta/_journal.json": '{"entries": [{"tag": "0000_a", "when": 1}]}'})
    assert found(project, "drizzle") == []


def test_an_ignored_file_can_say_that_it_is_meant(project: Project) -> None:
    write(
        project.root,
        {"m/1_a.sql": f"-- +goose Up\n{TABLE}", "m/notes.sql": "-- driftproof: ignore-file[DP901] notes\n"},
    )
    assert found(project, "m") == []


@pytest.mark.parametrize(("said", "severity"), [("true", "info"), ("false", "warning")])
def test_flyway_may_be_told_to_apply_older_ones_too(project: Project, said: str, severity: str) -> None:
    files = {"m/V1__a.sql": TABLE, "m/V3__b.sql": OTHER, "flyway.conf": f"flyway.outOfOrder={said}\n"}
    repository(project.root, files)
    write(project.root, {"m/V2__new.sql": "SELECT 2;"})
    result = project.run("check", "--isolated", "--exit-zero", "--select=DP905", "--format=json", "m")
    assert [item["severity"] for item in result.json["diagnostics"]] == [severity]


def test_outside_of_a_repository_git_is_not_asked(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    write(project.root, {f"{FOLDER}/1_a.sql": TABLE})
    monkeypatch.setenv("PATH", os.devnull)
    assert found(project, FOLDER) == []


@pytest.mark.parametrize("framework", ["supabase", "flyway"])
def test_the_texts_of_the_main_branch_are_had(tmp_path: Path, framework: str) -> None:
    name = {"supabase": "1_ä.sql", "flyway": "V1__ä.sql"}[framework]
    repository(tmp_path, {f"m/{name}": TABLE})
    write(tmp_path, {f"m/{name}": OTHER})
    [history] = read_directory(tmp_path / "m", None, framework)
    assert history.around.changes == Changes("main", frozenset(), {str(tmp_path / "m" / name): TABLE.encode()}, {})
