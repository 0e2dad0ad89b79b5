"""`--fix`, `--diff` and `--unsafe-fixes`: what is written, and what is left."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Project


def _without_inserted(before: bytes, after: bytes) -> bytes:
    """What is left of ``after`` when all but the lines of ``before`` are taken out of it."""
    wanted = before.splitlines(keepends=True)
    return b"".join(line for line in after.splitlines(keepends=True) if line in wanted)


def test_fix_rewrites_the_file_and_reports_what_remains(project: Project) -> None:
    file = project.add()
    result = project.run("check", "--fix", project.path)
    assert (result.status, result.err) == (0, "")
    assert result.out.startswith("checked 1 file, ")
    assert result.out.endswith(" statements: 1 fixed\n")
    assert _without_inserted(project.bad.encode(), file.read_bytes()) == project.bad.encode()
    assert project.run("check", project.path).status == 0


def test_fixing_again_changes_nothing(project: Project) -> None:
    file = project.add()
    project.run("check", "--fix", project.path)
    once = file.read_bytes()
    result = project.run("check", "--fix", project.path)
    assert result.status == 0
    assert result.out.endswith(": 0 fixed\n")
    assert file.read_bytes() == once


def test_only_named_files_are_rewritten(project: Project) -> None:
    first = project.add(project.bad, "20250101000000_first.sql")
    second = project.add(project.bad.replace("integrations", "other"), "20250102000000_second.sql")
    project.run("check", "--fix", f"{project.migrations}/{second.name}")
    assert first.read_text() == project.bad
    assert second.read_text() != project.bad.replace("integrations", "other")


def test_a_file_without_a_finding_is_not_touched(project: Project) -> None:
    file = project.add(project.good)
    os.utime(file, ns=(10**18, 10**18))
    inode = file.stat().st_ino
    project.run("check", "--fix", project.path)
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (inode, 10**18)


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_byte_order_mark_and_line_ends_survive(project: Project, bom: bytes, newline: bytes) -> None:
    before = bom + project.bad.encode().replace(b"\n", newline)
    file = project.add(before)
    project.run("check", "--fix", project.path)
    after = file.read_bytes()
    assert after != before
    assert after.startswith(bom)
    assert after.count(b"\n") == after.count(newline)


def test_ignored_and_unselected_findings_are_not_fixed(project: Project) -> None:
    file = project.add(project.create + "-- driftproof: ignore[DP101] so be it\n" + project.comment)
    before = file.read_bytes()
    project.run("check", "--fix", project.path)
    assert file.read_bytes() == before
    file = project.add()
    project.run("check", "--fix", "--ignore", "DP101", project.path)
    assert file.read_text() == project.bad


def test_nothing_is_written_where_one_file_cannot_be(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    first = project.add(project.bad, "20250101000000_first.sql")
    second = project.add(project.bad.replace("integrations", "other"), "20250102000000_second.sql")
    real = os.open

    def refuse(path: str | Path, flags: int, mode: int = 0o777) -> int:
        if Path(path).name == second.name and flags & os.O_WRONLY:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", refuse)
    result = project.run("check", "--fix", project.migrations)
    monkeypatch.undo()
    written = Path(project.migrations, second.name)
    assert (result.status, result.out) == (2, "")
    assert result.err == f"driftproof: cannot write {written}: Permission denied\n"
    assert first.read_text() == project.bad
    assert second.read_text() == project.bad.replace("integrations", "other")
    assert sorted(path.name for path in first.parent.iterdir()) == [first.name, second.name]


class TestDiff:
    def test_it_shows_the_rewrite_and_writes_nothing(self, project: Project) -> None:
        file = project.add()
        result = project.run("check", "--diff", project.path)
        assert result.status == 1
        assert file.read_text() == project.bad
        lines = result.out.splitlines()
        assert lines[0].rstrip() == f"--- {project.path}"
        assert lines[1].rstrip() == f"+++ {project.path}"
        assert not any(line.startswith("-") for line in lines[2:])
        assert result.err.endswith(": 1 would be fixed\n")

    def test_it_is_empty_where_there_is_nothing_to_do(self, project: Project) -> None:
        project.add(project.good)
        result = project.run("check", "--diff", project.path)
        assert (result.status, result.out) == (0, "")

    def test_findings_that_it_leaves_fail_as_well_and_are_told(self, project: Project) -> None:
        project.add("COMMENT ON COLUM t.c IS 'x';\n")
        result = project.run("check", "--diff", project.path)
        assert (result.status, result.out) == (1, "")
        assert "DP001" in result.err

    @pytest.mark.parametrize("newline", ["\n", "\r\n"])
    @pytest.mark.parametrize("end", ["", "\n"])
    def test_git_applies_it_to_what_fix_writes(self, project: Project, newline: str, end: str) -> None:
        text = "\ufeff" + project.bad.rstrip("\n").replace("\n", newline) + end.replace("\n", newline)
        file = project.add(text)
        patch = project.run("check", "--diff", project.path).stdout
        apply = ["git", "apply", "-p0", "--whitespace=nowarn", "-"]
        subprocess.run(apply, input=patch, cwd=project.root, check=True, capture_output=True)
        patched = file.read_bytes()
        file.write_text(text, newline="")
        project.run("check", "--fix", project.path)
        assert file.read_bytes() == patched

    def test_the_report_beside_it_may_be_json(self, project: Project) -> None:
        project.add()
        result = project.run("check", "--diff", "--format", "json", project.path)
        assert result.out.startswith("--- ")
        assert result.err.startswith("{\n")


class TestStandardInput:
    def test_fix_prints_the_fixed_sql_alone(self, project: Project) -> None:
        result = project.run("check", "--fix", "-", stdin=b"\xef\xbb\xbf" + project.bad.replace("\n", "\r\n").encode())
        assert result.status == 0
        assert result.stdout.startswith(b"\xef\xbb\xbfCREATE TABLE IF NOT EXISTS integrations")
        assert result.stdout.endswith(b"COMMENT ON COLUMN integrations.configuration IS 'x';\r\n")
        assert result.stdout.count(b"\n") == result.stdout.count(b"\r\n") > 2
        assert result.err.endswith(": 1 fixed\n")

    def test_sql_without_a_finding_comes_back_as_it_is(self, project: Project) -> None:
        text = b"\xef\xbb\xbfSELECT 'gr\xc3\xbc\xc3\x9fe';\r\n\r\n"
        assert project.run("check", "--fix", "-", stdin=text).stdout == text

    def test_what_is_no_text_comes_back_as_it_is_too(self, project: Project) -> None:
        result = project.run("check", "--fix", "-", stdin=b"SELECT '\xff';\n")
        assert (result.status, result.stdout) == (1, b"SELECT '\xff';\n")
        assert "DP002" in result.err

    def test_diff_shows_what_would_change(self, project: Project) -> None:
        result = project.run("check", "--diff", "-", stdin=project.bad.encode())
        assert result.status == 1
        assert result.out.startswith("--- <stdin>\n+++ <stdin>\n@@ ")


def test_what_fails_no_run_is_not_rewritten(project: Project) -> None:
    project.add("CREATE TABLE IF NOT EXISTS t (a int, b int);\n", "1_old.sql")
    new = project.add("CREATE INDEX ON t (b);\n", "2_new.sql")
    path = f"{project.migrations}/2_new.sql"

    informed = project.run("check", path)
    assert (informed.status, "1 info" in informed.out, "fixable" in informed.out) == (0, True, False)
    assert project.run("check", "--fix", path).status == 0
    assert new.read_text() == "CREATE INDEX ON t (b);\n", "a doubt of an earlier migration only informs"

    assert "1 fixable" in project.run("check", "--fail-on", "info", path).out
    assert project.run("check", "--fix", "--fail-on", "info", path).status == 0
    assert "ADD COLUMN b int" in new.read_text()
