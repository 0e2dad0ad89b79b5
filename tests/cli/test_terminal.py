"""Colours, pipes and signals, with real processes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Project

DRIFTPROOF = [sys.executable, "-m", "driftproof"]
posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX terminals, pipes and signals")


def _environment(**changes: str) -> dict[str, str]:
    plain = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR", "TERM")}
    return {**plain, "TERM": "xterm", **changes}


def _on_a_terminal(*args: str, **changes: str) -> bytes:
    """What a run prints on a terminal."""
    import pty

    main, other = pty.openpty()
    with subprocess.Popen([*DRIFTPROOF, *args], stdout=other, stderr=other, env=_environment(**changes)):
        os.close(other)
        shown = b""
        while True:
            try:
                part = os.read(main, 65536)
            except OSError:  # Linux says so at the end of a terminal
                break
            if not part:
                break
            shown += part
    os.close(main)
    return shown


@posix
@pytest.mark.parametrize(
    ("args", "changes", "coloured"),
    [
        ((), {}, True),
        ((), {"TERM": "dumb"}, False),
        ((), {"NO_COLOR": "1"}, False),
        ((), {"NO_COLOR": ""}, True),
        ((), {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colours_on_a_terminal(
    project: Project, args: tuple[str, ...], changes: dict[str, str], coloured: bool
) -> None:
    project.add()
    shown = _on_a_terminal("check", *args, project.path, **changes)
    assert b"DP101" in shown
    assert (b"\x1b[" in shown) is coloured


@pytest.mark.parametrize(
    ("args", "changes", "coloured"),
    [
        ((), {}, False),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        (("--color", "always"), {}, True),
        (("--format", "json", "--color", "always"), {}, False),
    ],
)
def test_colours_in_a_pipe(
    project: Project, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...], changes: dict[str, str], coloured: bool
) -> None:
    project.add()
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    result = project.run("check", *args, project.path)
    assert ("\x1b[" in result.out + result.err) is coloured


def test_a_coloured_diff_is_the_diff(project: Project) -> None:
    project.add(b"\xef\xbb\xbf" + project.bad.replace("\n", "\r\n").encode())
    plain = project.run("check", "--diff", project.path).stdout
    coloured = project.run("check", "--diff", "--color", "always", project.path).stdout
    assert b"\x1b[32m+" in coloured
    assert re.sub(rb"\x1b\[[\d;]*m", b"", coloured) == plain


@posix
@pytest.mark.parametrize(
    "args", [("check", "--color", "never"), ("check", "--format", "json"), ("--help",), ("rules",)]
)
def test_a_closed_pipe_is_quiet(project: Project, args: tuple[str, ...]) -> None:
    project.add()
    reader, writer = os.pipe()
    os.close(reader)
    run = subprocess.run([*DRIFTPROOF, *args], stdout=writer, stderr=subprocess.PIPE, env=_environment(), timeout=60)
    os.close(writer)
    assert (run.returncode, run.stderr) == (141, b"")


@posix
def test_a_reader_that_goes_away_is_no_error(project: Project) -> None:
    for number in range(300):
        project.write(f"migrations/{number}.sql", project.bad.replace("integrations", f"t{number}"))
    with subprocess.Popen(
        [*DRIFTPROOF, "check", "migrations"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment()
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"migrations/0.sql:2:19: error DP101 ")
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


@posix
def test_an_interrupt_is_quiet() -> None:
    with subprocess.Popen(
        [*DRIFTPROOF, "check", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        process.stdin.write(b"SELECT 1;\n")
        process.stdin.flush()
        try:
            process.wait(1)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_encoding_of_the_output_will_do(project: Project, encoding: str) -> None:
    project.add("-- ü 日本\n" + project.bad.replace("configuration", "ü日本"))
    for args in (["check", project.path], ["check", "日本.sql"]):
        run = subprocess.run(
            [*DRIFTPROOF, *args], capture_output=True, env=_environment(PYTHONIOENCODING=encoding), timeout=60
        )
        assert run.returncode in (1, 2)
        assert b"Traceback" not in run.stderr
        (run.stdout + run.stderr).decode(encoding)


@posix
@pytest.mark.parametrize(("closed", "status"), [("<&-", 2), (">&-", 0), ("2>&-", 0), ("<&- >&- 2>&-", 2)])
def test_closed_streams_are_no_crash(closed: str, status: int) -> None:
    command = f"echo 'SELECT 1;' | ( {sys.executable} -m driftproof check - {closed} )"
    run = subprocess.run(["sh", "-c", command], capture_output=True, env=_environment(), timeout=60)
    assert run.returncode == status
    assert run.stderr == (b"driftproof: standard input is closed\n" if closed == "<&-" else b"")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/dev/full")
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_full_disk_is_told(project: Project, form: str) -> None:
    project.add()
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        run = subprocess.run(
            [*DRIFTPROOF, "check", "--format", form, project.path], stdout=full, stderr=subprocess.PIPE, timeout=60
        )
    assert (run.returncode, run.stderr) == (2, b"driftproof: No space left on device\n")
