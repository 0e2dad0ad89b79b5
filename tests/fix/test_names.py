"""Guards name the right object: where a table of that name stands in another schema, is made in a block, by an earlier
migration, in a transaction of the file. The server says whether what failed runs, and where the column comes."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from driftproof.fix.apply import fix_history
from driftproof.fixing import Fixing, Style
from driftproof.runner.server import Server
from tests.histories import RULES, history_of

# Every table that is asked for stands in another schema too, with all of its columns.
NAMESAKES = """
CREATE SCHEMA app; CREATE SCHEMA other;
CREATE TABLE other.t (a int, b int); CREATE TABLE other."My Table" (a int, "B b" int); CREATE TABLE other."größe" (a int, wért int);
"""
# Where the table stands already, how it is called in SQL, the column that it lacks, and the file.
FILES = [
    ("app.t", "b", "CREATE TABLE IF NOT EXISTS app.t (a int, b int);\nCREATE INDEX ON app.t (b);\n"),
    (
        "app.t",
        "b",
        "SET search_path = app, other;\nCREATE TABLE IF NOT EXISTS t (a int, b int);\nCREATE INDEX ON t (b);\n",
    ),
    ("public.t", "b", "CREATE TABLE IF NOT EXISTS t (a int, b int);\nCOMMENT ON COLUMN t.b IS 'x';\n"),
    ("public.t", "b", "CREATE TABLE IF NOT EXISTS T (A int, B int);\nCREATE INDEX ON T (B);\n"),
    (
        'app."My Table"',
        '"B b"',
        'CREATE TABLE IF NOT EXISTS app."My Table" (a int, "B b" int);\nCREATE INDEX ON app."My Table" ("B b");\n',
    ),
    (
        'public."größe"',
        '"wért"',
        "CREATE TABLE IF NOT EXISTS größe (a int, wért int);\nCREATE INDEX ON größe (wért);\n",
    ),
    ("public.t", "b", "BEGIN;\nCREATE TABLE IF NOT EXISTS t (a int, b int);\nCREATE INDEX ON t (b);\nCOMMIT;\n"),
    (
        "app.t",
        "b",
        "DO $$ BEGIN\n  CREATE TABLE IF NOT EXISTS app.t (a int, b int);\nEND $$;\nCREATE INDEX ON app.t (b);\n",
    ),
    (
        "public.t",
        "b",
        "CREATE TABLE IF NOT EXISTS u (a int, b int);\nCREATE TABLE IF NOT EXISTS t (a int, b int);\nCREATE INDEX ON u (b);\n"
        "CREATE INDEX ON t (b);\nCREATE POLICY p ON t USING (a > 0);\n",
    ),
]


@pytest.fixture
def database(server: Server) -> Iterator[Any]:
    name = server.create_database()
    with server.connect(name) as connection:
        connection.execute(NAMESAKES.encode())
        yield connection
    server.drop_database(name)


def _fixed(*texts: str, style: Style) -> str:
    _, [file] = fix_history(history_of(*texts), RULES, lambda items: items, unsafe=False, fixing=Fixing(style=style))
    return file.after.decode()


def _columns(connection: Any, table: str) -> set[str]:
    rows = connection.execute(
        "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0", (table,)
    ).fetchall()
    return {name for (name,) in rows}


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize(("table", "column", "text"), FILES)
def test_the_column_comes_to_the_table_that_is_meant(
    database: Any, table: str, column: str, text: str, style: Style
) -> None:
    database.execute(f"CREATE TABLE {table} (a int)".encode())
    with pytest.raises(psycopg.errors.UndefinedColumn):
        database.execute(text.encode())
    database.execute("ROLLBACK; RESET ALL")

    after = _fixed(NAMESAKES, text, style=style)
    database.execute(after.encode())

    database.execute("RESET ALL")
    assert column in _columns(database, table)
    assert _fixed(NAMESAKES, after, style=style) == after, "a second fix changes nothing"


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize(("table", "column"), sorted({(table, column) for table, column, _ in FILES}))
def test_a_later_migration_names_the_table_that_an_earlier_one_made(
    database: Any, table: str, column: str, style: Style
) -> None:
    database.execute(f"CREATE TABLE {table} (a int)".encode())
    later = f"SELECT 1;\nCREATE INDEX ON {table} ({column});\n"
    earlier = f"CREATE TABLE IF NOT EXISTS {table} (a int, {column} int);\n"

    after = _fixed(NAMESAKES, earlier, later, style=style)
    database.execute(after.encode())

    assert column in _columns(database, table)
