"""One server for all tests of a session."""

from collections.abc import Iterator

import pytest

from driftproof.runner.server import Server, open_server


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A private cluster."""
    with open_server() as opened:
        yield opened
