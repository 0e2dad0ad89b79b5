"""What a file SETs, in the next file of the same run: the server says what is left there, DP407 has to say the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from driftproof.analysis import analyse
from driftproof.history import History, Session, named, names_of_frameworks
from driftproof.runner.migrate import up
from driftproof.runner.server import Server
from tests.histories import RULES

# Each with the setting that it is about.
FILES = {
    "SET lock_timeout = '4s';": "lock_timeout",
    "SET LOCAL lock_timeout = '4s';": "lock_timeout",
    "SET lock_timeout TO '4s'; RESET lock_timeout;": "lock_timeout",
    "SET lock_timeout TO '4s'; RESET ALL;": "lock_timeout",
    "SET lock_timeout TO '4s'; SET lock_timeout TO DEFAULT;": "lock_timeout",
    "SET lock_timeout = 0;": "lock_timeout",
    "SET default_tablespace = '';": "default_tablespace",
    "SET default_table_access_method = heap;": "default_table_access_method",
    "SET SESSION lock_timeout = 5; SET LOCAL lock_timeout = 7;": "lock_timeout",
    "SELECT set_config('lock_timeout', '4s', false);": "lock_timeout",
    "SELECT pg_catalog.set_config('lock_timeout', '4s', true);": "lock_timeout",
    "SET search_path = pg_catalog, public;": "search_path",
    "SELECT pg_catalog.set_config('search_path', 'public', false);": "search_path",
    "SET SCHEMA 'public';": "search_path",
    "SET TIME ZONE 'America/New_York';": "timezone",
    "SET SESSION my.own = 'x';": "my.own",
    "SET ROLE boss; RESET ALL;": "role",
    "SET ROLE boss; RESET ROLE;": "role",
    "SET ROLE boss; SET ROLE NONE;": "role",
    "SELECT 1;": "lock_timeout",
}


def stays(server: Server, history: History, setting: str) -> bool:
    """Whether the second file of a history finds the setting otherwise than a new session does."""
    database = server.create_database()
    try:
        with server.connect(database) as connection:
            fresh = connection.execute("SELECT nullif(current_setting(%s, true), '')", (setting,)).fetchall()
        assert [step.outcome.message for step in up(lambda: server.connect(database), history)] == [None, None]
        with server.connect(database) as connection:
            return connection.execute("SELECT nullif(value, '') FROM seen").fetchall() != fresh
    finally:
        server.drop_database(database)


@pytest.fixture
def boss(server: Server) -> Iterator[None]:
    """A role that may do all that we do."""
    server.maintenance.execute("CREATE ROLE boss SUPERUSER")
    yield
    server.maintenance.execute("DROP ROLE boss")


@pytest.mark.usefixtures("boss")
@pytest.mark.parametrize("name", [name for name in names_of_frameworks() if named(name).session is not Session.UNKNOWN])
def test_what_is_said_to_stay_set_is_and_nothing_else(server: Server, name: str) -> None:
    framework = named(name)
    for sql, setting in FILES.items():
        if setting in framework.restores:
            continue  # the tool itself puts it back, our runner does not
        look = f"CREATE TABLE public.seen AS SELECT current_setting('{setting}', true) AS value; RESET ROLE;"
        migrations = (framework.migration(at, Path(f"{at}.sql"), text.encode()) for at, text in enumerate((sql, look)))
        history = History(framework, tuple(migrations), frozenset({0}))

        said = any(item.code == "DP407" for item in analyse(history, RULES).diagnostics)

        assert said == stays(server, history, setting), sql
