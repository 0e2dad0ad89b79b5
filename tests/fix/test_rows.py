"""A fix on tables that hold rows: it succeeds, or warns of what it found; it never loses or changes a value."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from driftproof.analysis import analyse
from driftproof.fix.apply import fix_history
from driftproof.fixing import AS_DESIGNED, Fixing, Scope, Style
from driftproof.rerun import Rerun
from driftproof.runner.server import Server
from tests.histories import RULES, history_of

# What a CREATE TABLE writes beside `id int`, and what a warning says where the old table has rows.
KINDS = [
    ("a int", None),
    ("a int NOT NULL", "existing rows have no value, NOT NULL was not set"),
    ("a int NOT NULL DEFAULT 7", None),
    ("a text NOT NULL DEFAULT current_setting('driftproof.nothing', true)", "NOT NULL was not set"),
    ("a int CHECK (a > 0)", None),
    ("a int DEFAULT 0 CHECK (a > 0)", "existing rows break t_a_check"),
    ("a int CHECK (a IS NOT NULL)", "existing rows break t_a_check"),
    ("a int CHECK (coalesce(a, 0) > 0)", "existing rows break t_a_check"),
    ("a int CHECK (id > 1)", "existing rows break t_id_check"),
    ("a int UNIQUE", None),
    ("a int UNIQUE NULLS NOT DISTINCT", "existing rows break t_a_key"),
    ("a int DEFAULT 1 UNIQUE", "existing rows break t_a_key"),
    ("a uuid DEFAULT gen_random_uuid() UNIQUE", None),
    ("a int PRIMARY KEY", "existing rows break t_pkey"),
    ("a int DEFAULT 1 PRIMARY KEY", "existing rows break t_pkey"),
    ("a uuid DEFAULT gen_random_uuid() CONSTRAINT own PRIMARY KEY", None),
    ("a serial PRIMARY KEY", None),
    ("a bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", None),
    ("a int REFERENCES other", None),
    ("a int DEFAULT 5 REFERENCES other (n) ON DELETE SET DEFAULT", "existing rows break t_a_fkey"),
    ("a int DEFAULT 1 REFERENCES other", None),
    ("a int GENERATED ALWAYS AS (id * 2) STORED", None),
    ("a int GENERATED ALWAYS AS (id * 2) STORED CHECK (a > 2)", "existing rows break t_a_check"),
    ("a int, UNIQUE (a, id), CONSTRAINT positive CHECK (a IS NOT NULL AND id > 0)", "existing rows break positive"),
    ("a int DEFAULT 1, EXCLUDE USING btree (a WITH =)", "existing rows break t_a_excl"),
    ('"Größe" text COLLATE "C" NOT NULL DEFAULT $$it\'s$$, a int', None),
]


@pytest.fixture
def database(server: Server) -> Iterator[Any]:
    name = server.create_database()
    with server.connect(name) as connection:
        yield connection
    server.drop_database(name)


def _fixed(text: str, fixing: Fixing = AS_DESIGNED) -> str:
    _, [file] = fix_history(history_of(text), RULES, lambda items: items, unsafe=False, fixing=fixing)
    return file.after.decode()


@pytest.mark.parametrize(("columns", "warned"), KINDS, ids=[columns for columns, _ in KINDS])
def test_existing_rows_stay_and_what_they_break_is_said(database: Any, columns: str, warned: str | None) -> None:
    text = f"CREATE TABLE IF NOT EXISTS t (id int, {columns});\nCOMMENT ON COLUMN t.a IS 'x';\n"
    notices: list[str] = []
    database.add_notice_handler(lambda notice: notices.append(f"{notice.severity}: {notice.message_primary}"))
    database.execute("CREATE TABLE other (n int PRIMARY KEY); INSERT INTO other VALUES (1)")
    database.execute("CREATE TABLE t (id int, kept text); INSERT INTO t VALUES (1, 'one'), (2, NULL), (2, 'two')")

    after = _fixed(text)
    database.execute(after)

    assert after != text
    assert database.execute("SELECT id, kept FROM t ORDER BY id, kept").fetchall() == [
        (1, "one"),
        (2, "two"),
        (2, None),
    ]
    warnings = [notice for notice in notices if notice.startswith("WARNING")]
    assert [warned in warning for warning in warnings] == [True] if warned is not None else not warnings
    database.execute(after)  # it runs a second time


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("columns", [columns for columns, _ in KINDS])
def test_an_empty_table_ends_with_all_that_the_file_writes(database: Any, columns: str, style: Style) -> None:
    text = f"CREATE TABLE IF NOT EXISTS t (id int, {columns});\nCOMMENT ON COLUMN t.a IS 'x';\n"
    database.execute("CREATE TABLE other (n int PRIMARY KEY)")

    def described() -> object:
        return database.execute(
            "SELECT attname::text, format_type(atttypid, atttypmod), attnotnull, attidentity::text, attgenerated::text,"
            " pg_get_expr(adbin, adrelid) FROM pg_attribute LEFT JOIN pg_attrdef ON (adrelid, adnum) = (attrelid, attnum)"
            " WHERE attrelid = 't'::regclass AND attnum > 0 AND NOT attisdropped"
            " UNION ALL SELECT conname, pg_get_constraintdef(oid), NULL, NULL, NULL, NULL FROM pg_constraint"
            " WHERE conrelid = 't'::regclass ORDER BY 1, 2"
        ).fetchall()

    database.execute(text)
    fresh = described()
    database.execute("DROP TABLE t; CREATE TABLE t (id int)")
    database.execute(_fixed(text, Fixing(style, Scope.ALL)))
    assert described() == fresh


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("columns", [columns for columns, _ in KINDS])
def test_of_a_fixed_file_nothing_is_left_to_say(columns: str, style: Style) -> None:
    earlier = "CREATE TABLE other (n int PRIMARY KEY);\n"
    text = f"CREATE TABLE IF NOT EXISTS t (id int, {columns});\nCOMMENT ON COLUMN t.a IS 'x';\n"
    fixing = Fixing(style)
    after, _ = fix_history(history_of(earlier, text), RULES, lambda items: items, unsafe=False, fixing=fixing)
    assert analyse(after, RULES, rerun=Rerun.NEVER).diagnostics == ()


def test_what_went_with_a_column_comes_back_with_it(database: Any) -> None:
    text = (
        "CREATE TABLE IF NOT EXISTS t (a int PRIMARY KEY, up int REFERENCES t, top int REFERENCES t (a),\n"
        "    twice int GENERATED ALWAYS AS (a * 2) STORED, CONSTRAINT k FOREIGN KEY (top) REFERENCES t (a));\n"
        "COMMENT ON COLUMN t.a IS 'x';\n"
    )
    described = (
        "SELECT conname FROM pg_constraint WHERE conrelid = 't'::regclass UNION SELECT attname FROM pg_attribute"
    )
    described += " WHERE attrelid = 't'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY 1"
    database.execute(text)
    fresh = database.execute(described).fetchall()
    database.execute("ALTER TABLE t DROP COLUMN a CASCADE")
    database.execute(_fixed(text))
    assert database.execute(described).fetchall() == fresh


@pytest.mark.parametrize(
    ("insert", "values"),
    [
        ("INSERT INTO t VALUES (1, 2, 3)", (1, 2, 3)),
        ("INSERT INTO public . t AS x SELECT 1, 2, 3", (1, 2, 3)),
        ("INSERT INTO t VALUES (1, 2)", (1, 2, None)),
        ("INSERT INTO t VALUES (1, 2, 3) ON CONFLICT (a) DO UPDATE SET c = 4", (1, 2, 3)),
    ],
)
def test_what_is_inserted_by_its_place_keeps_its_column(
    database: Any, insert: str, values: tuple[int | None, ...]
) -> None:
    database.execute("CREATE TABLE t (a int UNIQUE, c int)")
    text = f"CREATE TABLE IF NOT EXISTS t (a int UNIQUE, b int, c int);\nCOMMENT ON COLUMN t.b IS 'x';\n{insert};\n"
    database.execute(_fixed(text))
    assert database.execute("SELECT a, b, c FROM t").fetchall() == [values]


@pytest.mark.parametrize(
    "insert",
    [
        "DO $$ BEGIN INSERT INTO t VALUES (1, 2, 3); END $$",
        "WITH w AS (INSERT INTO t VALUES (1, 2, 3) RETURNING a) SELECT a FROM w",
        "INSERT INTO t SELECT * FROM t",
    ],
)
def test_where_the_columns_can_not_be_listed_the_fix_asks_for_a_yes(insert: str) -> None:
    text = f"CREATE TABLE IF NOT EXISTS t (a int, b int, c int);\nCOMMENT ON COLUMN t.b IS 'x';\n{insert};\n"
    assert _fixed(text) == text


def test_a_fix_that_meets_another_type_leaves_it(database: Any) -> None:
    text = "CREATE TABLE IF NOT EXISTS t (id int, a int NOT NULL);\nCOMMENT ON COLUMN t.a IS 'x';\n"
    database.execute("CREATE TABLE t (id int, a text); INSERT INTO t VALUES (1, 'one')")
    database.execute(_fixed(text))
    assert database.execute("SELECT id, a FROM t").fetchall() == [(1, "one")]


def test_what_stays_broken_fails_as_it_did_before(database: Any) -> None:
    text = (
        "CREATE TABLE IF NOT EXISTS t (id int, a int PRIMARY KEY);\n"
        "INSERT INTO t (id, a) VALUES (1, 1) ON CONFLICT (a) DO NOTHING;\n"
    )
    database.execute("CREATE TABLE t (id int); INSERT INTO t VALUES (1)")
    with pytest.raises(psycopg.errors.InvalidColumnReference):
        database.execute(_fixed(text))
    assert database.execute("SELECT id FROM t").fetchall() == [(1,)]
