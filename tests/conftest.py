"""One server for all tests of a session; property tests that try the same examples everywhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from driftproof.runner.server import Server, open_server

settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long the duel of tests/duel lasts; where the tools of tests/tools are."""
    parser.addoption("--duel-examples", type=int, default=300, help="how many histories the duel makes up")
    parser.addoption("--duel-seed", type=int, default=1, help="where it begins")
    parser.addoption("--duel-themes", help="what it is about, with commas between; else what is held by now")
    parser.addoption("--real-tools", metavar="FOLDER", help="run the migration tools that FOLDER or the PATH has, too")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A private cluster."""
    with open_server() as opened:
        yield opened


@pytest.fixture(scope="session")
def old_programs() -> Path:
    """The programs of an older PostgreSQL than the embedded one, where Debian's package puts them."""
    place = Path("/usr/lib/postgresql/15/bin")
    if not place.is_dir():
        pytest.skip("no PostgreSQL 15 at its usual place")
    return place
