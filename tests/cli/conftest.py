"""A folder with migrations to run the command line in."""

import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from driftproof import config
from driftproof.cli import main

NAME = "20250122000000_create_integrations_table.sql"
CREATE = "CREATE TABLE IF NOT EXISTS integrations (id uuid PRIMARY KEY, configuration jsonb);\n"
COMMENT = "COMMENT ON COLUMN integrations.configuration IS 'x';\n"
BAD = CREATE + COMMENT
GOOD = "CREATE TABLE IF NOT EXISTS integrations (id uuid PRIMARY KEY);\n"


class Result(NamedTuple):
    """What a run left: its exit status, and the bytes on its standard output and standard error."""

    status: int
    stdout: bytes
    stderr: bytes

    @property
    def out(self) -> str:
        return self.stdout.decode()

    @property
    def err(self) -> str:
        return self.stderr.decode()

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.stdout)

    @property
    def codes(self) -> list[str]:
        return [diagnostic["code"] for diagnostic in self.json["diagnostics"]]


class Project:
    """A folder, with the command line run in it."""

    bad, good, create, comment, name = BAD, GOOD, CREATE, COMMENT, NAME
    migrations = "supabase/migrations"
    path = f"supabase/migrations/{NAME}"

    def __init__(self, root: Path, run: Callable[..., Result]) -> None:
        self.root = root
        self.run = run

    def write(self, path: str, text: str | bytes) -> Path:
        """A file of the folder with this text."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def add(self, text: str | bytes = BAD, name: str = NAME) -> Path:
        """A migration with this text."""
        return self.write(f"{self.migrations}/{name}", text)


@pytest.fixture
def project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> Iterator[Project]:
    """An empty folder, which is the current one; colours are as in a pipe."""

    def run(*args: str, stdin: bytes = b"") -> Result:
        config._nearest.cache_clear()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsysbinary.readouterr()
        status = main(args)
        return Result(status, *capsysbinary.readouterr())

    for name in ("NO_COLOR", "FORCE_COLOR", "DRIFTPROOF_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    yield Project(tmp_path, run)
    config._nearest.cache_clear()
