"""The rim: calls that can't be carried out, crashes, and what is loaded for a call."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from driftproof import __version__
from driftproof.cli import linting

if TYPE_CHECKING:
    from tests.cli.conftest import Project


def test_the_version(project: Project) -> None:
    for option in ("--version", "-V"):
        assert project.run(option) == (0, f"driftproof {__version__}\n".encode(), b"")


def test_help_names_every_command_and_loads_none(project: Project) -> None:
    result = project.run("--help")
    assert result.status == 0
    for command in ("check", "prove", "migrate", "explain", "rules"):
        assert f"\n  {command} " in result.out


@pytest.mark.parametrize("command", ["check", "explain", "rules"])
def test_every_command_has_help(project: Project, command: str) -> None:
    for option in ("--help", "-h"):
        result = project.run(command, option)
        assert result.status == 0
        assert result.out.startswith(f"Usage: driftproof {command} ")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "which command: check, prove, preflight, schema, migrate, explain, rules? See driftproof --help"),
        (("chekc",), "no command is called 'chekc'; did you mean check?"),
        (("x",), "no command is called 'x'"),
        (("there.sql",), "no command is called 'there.sql'; did you mean driftproof check there.sql?"),
        (("check", "--fxi"), "no such option"),
        (("check", "--format", "xml"), "invalid value for '--format': 'xml' is not one of"),
        (("check", "--config"), "option '--config' requires an argument"),
        (("check", "--fail-on", "never"), "invalid value for '--fail-on'"),
        (("explain",), "missing argument 'CODE|NAME'"),
        (("rules", "DP101"), "got unexpected extra argument (DP101)"),
    ],
)
def test_a_wrong_call_is_told_in_one_line(project: Project, args: tuple[str, ...], message: str) -> None:
    project.write("there.sql", "")
    result = project.run(*args)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(f"driftproof: {message}")
    assert result.err.count("\n") == 1


def test_a_wrong_option_names_the_nearest(project: Project) -> None:
    assert "--fix" in project.run("check", "--fxi").err


def test_a_message_is_one_line_whatever_a_file_is_called(project: Project) -> None:
    result = project.run("check", "a\nb\x1b[2J.sql")
    assert result.status == 2
    assert result.err.count("\n") == 1
    assert "\x1b" not in result.err


class TestCrash:
    @pytest.fixture(autouse=True)
    def _broken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def crash(*_: object, **__: object) -> None:
            raise ZeroDivisionError("what a\npity")

        monkeypatch.setattr(linting, "analyse", crash)

    def test_it_is_no_finding(self, project: Project) -> None:
        project.add()
        result = project.run("check", project.path)
        assert (result.status, result.out) == (2, "")
        assert result.err.startswith("driftproof: this is a bug: ZeroDivisionError in ")
        assert result.err.endswith(": what a pity; DRIFTPROOF_DEBUG=1 shows the traceback\n")
        assert result.err.count("\n") == 1

    def test_the_traceback_is_there_for_those_who_ask(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        project.add()
        monkeypatch.setenv("DRIFTPROOF_DEBUG", "1")
        result = project.run("check", project.path)
        assert result.status == 2
        assert "Traceback" in result.err
        assert result.err.splitlines()[-1].startswith("driftproof: this is a bug: ZeroDivisionError in ")


def test_an_interrupt_is_130(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(linting, "analyse", interrupt)
    project.add()
    assert project.run("check", project.path) == (130, b"", b"")


def test_a_file_that_cannot_be_read_is_told(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from pathlib import Path

    file = project.add()
    real = Path.read_bytes

    def refuse(self: Path) -> bytes:
        if self.name == file.name:
            raise PermissionError(13, "Permission denied", str(self))
        return real(self)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    result = project.run("check", project.path)
    assert (result.status, result.err) == (2, f"driftproof: {Path(project.path)}: Permission denied\n")


def _loaded(*args: str) -> set[str]:
    """The modules that a call loads."""
    code = f"import sys; from driftproof.cli import main; main({list(args)}); print(*sys.modules, file=sys.stderr)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stderr.split())


def test_a_check_loads_what_it_needs_only(project: Project) -> None:
    project.add()
    loaded = _loaded("check", "--quiet", project.path)
    unneeded = {"difflib", "tomllib", "json", "subprocess", "importlib.metadata", "importlib.resources", "psycopg"}
    assert "driftproof.cli.check" in loaded
    unneeded |= {"pglast.enums.nodes", "pglast.enums.parsenodes", "pglast.stream"}
    assert loaded & (unneeded | {"driftproof.runner", "driftproof.cli.rules", "driftproof.files"}) == set()


def test_the_version_loads_next_to_nothing(project: Project) -> None:
    loaded = _loaded("--version")
    assert {name for name in loaded if name.startswith(("driftproof", "msgspec", "pglast"))} == {
        "driftproof",
        "driftproof.cli",
        "driftproof.unusable",
    }
