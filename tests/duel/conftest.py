"""The database that the duel is fought in; each history is rolled back."""

from tests.catalog.conftest import connection

__all__ = ["connection"]
