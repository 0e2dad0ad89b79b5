"""Throw-away databases on the one server, and migrations to run in them."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from driftproof.history import Migration, RunMode
from driftproof.runner.server import Server
from driftproof.source import Source

if TYPE_CHECKING:
    from driftproof.runner.server import Connection


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    """An empty database."""
    name = server.create_database()
    yield name
    server.drop_database(name)


@pytest.fixture
def connection(server: Server, database: str) -> "Iterator[Connection]":
    """A connection to the empty database."""
    with server.connect(database) as opened:
        yield opened


@pytest.fixture
def migration() -> Callable[..., Migration]:
    """A migration of the given text and run mode."""

    def make(sql: str, mode: RunMode, path: str = "001_first.sql") -> Migration:
        return Migration(0, Source(path, sql.encode()), path.partition("_")[0], mode)

    return make
