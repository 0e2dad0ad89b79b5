"""A database to build start states in; each test rolls back what it does."""

from collections.abc import Iterator
from typing import Any

import pytest

from driftproof.runner.server import Server


@pytest.fixture(scope="session")
def connection(server: Server) -> Iterator[Any]:
    """A connection to an empty database."""
    name = server.create_database()
    with server.connect(name) as opened:
        yield opened
    server.drop_database(name)
