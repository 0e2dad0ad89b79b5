"""Files that are run again: what is said to be there twice is, and nothing else."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from driftproof.analysis import analyse
from driftproof.history import History, named
from driftproof.runner.execute import execute
from tests.histories import RULES

if TYPE_CHECKING:
    from driftproof.runner.server import Connection

TABLES = """
CREATE TABLE keyed (id int PRIMARY KEY, a int, b text UNIQUE);
CREATE TABLE counted (id serial PRIMARY KEY, a int, b int);
CREATE TABLE bare (a int, b text);
CREATE UNIQUE INDEX ON bare ((a + 1), b);
"""
STATEMENTS = [
    "INSERT INTO counted (a) VALUES (1)",
    "INSERT INTO counted (a, b) VALUES (1, 2), (3, 4)",
    "INSERT INTO counted VALUES (DEFAULT, 1)",
    "INSERT INTO keyed VALUES (1, 2, 'x') ON CONFLICT DO NOTHING",
    "INSERT INTO bare (a) VALUES (1)",
    "INSERT INTO counted (a) SELECT 1 WHERE NOT EXISTS (SELECT FROM counted)",
    "CREATE INDEX ON counted (a)",
    "CREATE INDEX i ON counted (a)",
    "CREATE INDEX IF NOT EXISTS i ON counted (a)",
    "ALTER TABLE counted ADD CHECK (a > 0)",
    "ALTER TABLE counted ADD UNIQUE (a)",
    "ALTER TABLE counted ADD FOREIGN KEY (a) REFERENCES keyed",
    "ALTER TABLE bare ADD PRIMARY KEY (a)",
    "ALTER TABLE counted ADD COLUMN IF NOT EXISTS c int CHECK (c > 0)",
    "DROP TABLE IF EXISTS own; CREATE TABLE own (a int); INSERT INTO own VALUES (1); CREATE INDEX ON own (a)",
    "TRUNCATE counted; INSERT INTO counted (a) VALUES (1)",
    "CREATE TABLE IF NOT EXISTS own (a int); CREATE INDEX ON own (a); INSERT INTO own VALUES (1)",
]
OBJECTS = "SELECT (SELECT count(*) FROM pg_class) + (SELECT count(*) FROM pg_constraint)"
TABLES_THERE = (
    "SELECT format('SELECT count(*) FROM %s', oid::regclass) FROM pg_class WHERE relkind = 'r' AND oid > 16383"
)
# Not claimed, though it is so: nobody looks at what an expression among the keys makes of a NULL, or at DEFAULT.
UNSEEN = ["INSERT INTO bare (a) VALUES (1)", "INSERT INTO counted VALUES (DEFAULT, 1)"]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_what_is_said_to_be_there_twice_is(connection: "Connection", statement: str) -> None:
    flyway = named("flyway")
    texts = {"V1__make.sql": TABLES, "R__again.sql": f"{statement};\n"}
    migrations = tuple(flyway.migration(at, Path(name), text.encode()) for at, (name, text) in enumerate(texts.items()))
    found = analyse(History(flyway, migrations, frozenset({1})), RULES).diagnostics
    said = any(item.code == "DP908" for item in found)

    counts = []
    for migration in (*migrations, migrations[1]):
        ran = execute(connection, migration).ok
        queries = [OBJECTS, *(query for (query,) in connection.execute(TABLES_THERE).fetchall())]
        counts.append([connection.execute(query.encode()).fetchone() for query in queries])

    assert said == (ran and counts[1] != counts[2] and statement not in UNSEEN)
    assert any(item.certainty == "rerun" for item in found) == (not ran)
