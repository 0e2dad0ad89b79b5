"""A git repository whose commits run the hooks of this checkout."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PUBLISHED = ("linter", "rules", "LICENSE", "README.md", "pyproject.toml", ".pre-commit-hooks.yaml")


def _environment(cache: Path) -> dict[str, str]:
    """The environment without git's own variables and the user's settings."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "PRE_COMMIT", "PYTHON"))}
    name = {f"GIT_{who}_{what}": "test@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return {
        **plain,
        **name,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "PRE_COMMIT_HOME": str(cache),
        "PRE_COMMIT_COLOR": "never",
    }


class Repository:
    """A repository, and what can be done in it."""

    def __init__(self, root: Path, environment: dict[str, str]) -> None:
        self.root = root
        self._environment = environment
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """The command's end; what it wrote on standard error is in its standard output."""
        return subprocess.run(
            command,
            cwd=self.root,
            env=self._environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=300,
        )

    def git(self, *args: str) -> str:
        """What a git command prints; it must not fail."""
        run = self.run("git", *args)
        assert run.returncode == 0, run.stdout
        return run.stdout

    def use(self, hooks: "Repository", *names: str) -> None:
        """Let every commit run these hooks."""
        entries = "".join(f"      - id: {name}\n" for name in names)
        self.write(
            ".pre-commit-config.yaml",
            f"repos:\n  - repo: {hooks.root}\n    rev: {hooks.head}\n    hooks:\n{entries}",
        )
        install = self.run(sys.executable, "-m", "pre_commit", "install", "--install-hooks")
        assert install.returncode == 0, install.stdout

    def write(self, path: str, text: str) -> Path:
        """A file with this text."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
        return file

    def commit(self) -> subprocess.CompletedProcess[str]:
        """Try to commit all that there is."""
        self.git("add", "--all")
        return self.run("git", "commit", "--quiet", "--message", "x")

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD").strip()

    @property
    def commits(self) -> int:
        return int(self.git("rev-list", "--all", "--count"))


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of all runs: with a cache of its own, which keeps the installed hook."""
    return _environment(tmp_path_factory.mktemp("pre-commit"))


@pytest.fixture(scope="session")
def hooks(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Repository:
    """This checkout as it lies here, committed, as pre-commit would clone it."""
    root = tmp_path_factory.mktemp("hooks")
    for name in PUBLISHED:
        if (PROJECT / name).is_dir():
            shutil.copytree(PROJECT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(PROJECT / name, root / name)
    repository = Repository(root, environment)
    assert repository.commit().returncode == 0
    return repository


@pytest.fixture
def repository(tmp_path: Path, environment: dict[str, str]) -> Repository:
    """An empty repository."""
    return Repository(tmp_path / "repository", environment)
