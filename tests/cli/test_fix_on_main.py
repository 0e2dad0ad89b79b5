"""A file that is on the main branch is fixed when it is named, and a note says what the tool makes of the edit."""

import subprocess

from tests.cli.conftest import Project

NOTE = (
    "is on the main branch already: the Supabase CLI compares no checksums, and runs it no more where it was applied:"
    " `supabase migration repair --status reverted VERSION` lets `db push` run it again"
)


def _git(project: Project, *arguments: str) -> None:
    settings = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *settings, *arguments], cwd=project.root, check=True, capture_output=True)


def test_a_note_says_what_an_edit_of_an_applied_file_means(project: Project) -> None:
    old = project.add()
    _git(project, "init", "--quiet", "--initial-branch=main")
    _git(project, "add", ".")
    _git(project, "commit", "--quiet", "--message=old")
    _git(project, "checkout", "--quiet", "-b", "work")
    project.add(project.bad.replace("integrations", "others"), name="20250123000000_new.sql")

    result = project.run("check", "--fix", "--isolated")

    assert result.status == 0
    assert result.err == f"note: {project.path} {NOTE}\n"
    assert "Ensure columns exist" in old.read_text()


def test_outside_of_git_nothing_is_said(project: Project) -> None:
    project.add()
    assert project.run("check", "--fix", "--isolated").err == ""
