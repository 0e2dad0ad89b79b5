"""The wheel and the sdist of this checkout, and an environment with nothing but the wheel."""

import os
import shutil
import subprocess
import sys
import tarfile
import venv
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

PROJECT = Path(__file__).parents[2]
_NOT_OURS = ("__pycache__", "*.egg-info", ".*_cache", ".git", ".venv", ".hypothesis", "dist", "build")


Call = Callable[..., subprocess.CompletedProcess[str]]


def _run(*command: str | Path, cwd: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """The command's end, in an environment that says nothing of this checkout."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return subprocess.run(
        command, cwd=cwd, env=plain, input=stdin, capture_output=True, text=True, encoding="utf-8", timeout=300
    )


def _must(*command: str | Path, cwd: Path) -> None:
    done = _run(*command, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr


class Environment(NamedTuple):
    """A virtual environment."""

    root: Path

    @property
    def scripts(self) -> Path:
        return self.root / ("Scripts" if sys.platform == "win32" else "bin")

    @property
    def python(self) -> Path:
        return self.scripts / "python"

    @property
    def driftproof(self) -> Path:
        return self.scripts / "driftproof"


class Built(NamedTuple):
    """What was built: the wheel, the sdist, and the wheel that was built from the sdist."""

    wheel: Path
    sdist: Path
    wheel_of_sdist: Path


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The distributions of this checkout as it lies here."""
    work = tmp_path_factory.mktemp("build")
    builder = Environment(work / "builder")
    venv.create(builder.root, with_pip=True)
    _must(builder.python, "-m", "pip", "install", "--quiet", "hatchling", cwd=work)
    source = work / "source"
    shutil.copytree(PROJECT, source, ignore=shutil.ignore_patterns(*_NOT_OURS))
    _must(builder.python, "-m", "hatchling", "build", "-d", work / "dist", cwd=source)
    (sdist,) = (work / "dist").glob("*.tar.gz")
    (wheel,) = (work / "dist").glob("*.whl")
    with tarfile.open(sdist) as archive:
        archive.extractall(work / "unpacked", filter="data")
    (unpacked,) = (work / "unpacked").iterdir()
    _must(builder.python, "-m", "hatchling", "build", "-t", "wheel", "-d", work / "again", cwd=unpacked)
    (again,) = (work / "again").glob("*.whl")
    return Built(wheel, sdist, again)


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory, built: Built) -> Environment:
    """An environment with the wheel and what it requires, without extras."""
    root = tmp_path_factory.mktemp("clean")
    environment = Environment(root / "venv")
    venv.create(environment.root, with_pip=True)
    _must(environment.python, "-m", "pip", "install", "--quiet", built.wheel, cwd=root)
    return environment


@pytest.fixture
def call(tmp_path: Path) -> Call:
    """Calls a program in an empty folder."""
    return partial(_run, cwd=tmp_path)
