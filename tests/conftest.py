"""One server for all tests of a session; property tests that try the same examples everywhere."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from driftproof.runner.server import Server, open_server

settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A private cluster."""
    with open_server() as opened:
        yield opened
