"""fix-style and fix-scope: the same promise, written in another way."""

import pytest

from driftproof.fix.apply import fix_history
from driftproof.fixing import Fixing, Scope, Style
from driftproof.rerun import Rerun
from tests.histories import RULES, history_of

NATIVE = Fixing(Style.NATIVE)


def fixed(*texts: str, fixing: Fixing = NATIVE, rerun: Rerun = Rerun.ALWAYS) -> str:
    """The last of these migrations with all its safe fixes."""
    history = history_of(*texts)
    _, [file] = fix_history(history, RULES, lambda items: items, unsafe=False, rerun=rerun, fixing=fixing)
    return file.after.decode()


T = "CREATE TABLE t (a int, b int);\n"
# An earlier migration, a statement that no second run passes, and the same in PostgreSQL's own words.
WORDS = [
    ("", "CREATE TABLE t (a int);", "CREATE TABLE IF NOT EXISTS t (a int);"),
    ("", "CREATE UNLOGGED TABLE t (a int);", "CREATE UNLOGGED TABLE IF NOT EXISTS t (a int);"),
    ("", "create sequence t;", "create sequence IF NOT EXISTS t;"),
    ("", 'CREATE SCHEMA "S p";', 'CREATE SCHEMA IF NOT EXISTS "S p";'),
    (T, "CREATE UNIQUE INDEX i ON t (a);", "CREATE UNIQUE INDEX IF NOT EXISTS i ON t (a);"),
    (T, "CREATE INDEX CONCURRENTLY i ON t (a);", "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a);"),
    (T, "CREATE MATERIALIZED VIEW m AS SELECT a FROM t;", "CREATE MATERIALIZED VIEW IF NOT EXISTS m AS SELECT a FROM t;"),
    (T, "CREATE VIEW v AS SELECT a FROM t;", "CREATE OR REPLACE VIEW v AS SELECT a FROM t;"),
    (T, "ALTER TABLE t ADD c int, ADD COLUMN d int;", "ALTER TABLE t ADD IF NOT EXISTS c int, ADD COLUMN IF NOT EXISTS d int;"),
    ("CREATE TYPE e AS ENUM ('x');\n", "ALTER TYPE e ADD VALUE 'y';", "ALTER TYPE e ADD VALUE IF NOT EXISTS 'y';"),
    (T, "DROP TABLE t;", "DROP TABLE IF EXISTS t;"),
    (T + "CREATE MATERIALIZED VIEW m AS SELECT a FROM t;\n", "DROP MATERIALIZED VIEW m;", "DROP MATERIALIZED VIEW IF EXISTS m;"),
    (T + "CREATE INDEX i ON t (a);\n", "DROP INDEX CONCURRENTLY i;", "DROP INDEX CONCURRENTLY IF EXISTS i;"),
    ("CREATE TYPE e AS ENUM ('x');\n", "DROP TYPE e;", "DROP TYPE IF EXISTS e;"),
    ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';\n", "DROP FUNCTION f();", "DROP FUNCTION IF EXISTS f();"),
]  # fmt: skip


@pytest.mark.parametrize(("earlier", "statement", "expected"), WORDS)
def test_native_fixes_use_postgresqls_own_words(earlier: str, statement: str, expected: str) -> None:
    assert fixed(earlier, f"{statement}\n").startswith(expected)


def test_a_column_is_added_natively_where_no_row_can_break_it() -> None:
    text = "CREATE TABLE IF NOT EXISTS t (a int, b int NOT NULL);\nCREATE INDEX ON t (a, b);\n"
    after = fixed(text, rerun=Rerun.NEVER)
    assert "\n-- Ensure columns exist (for existing tables)\nALTER TABLE t ADD COLUMN IF NOT EXISTS a int;\n" in after
    assert "ADD COLUMN b int;" in after
    assert after.count("DO $$") == 1


@pytest.mark.parametrize("style", Style)
def test_scope_all_makes_sure_of_every_column(style: Style) -> None:
    text = "CREATE TABLE IF NOT EXISTS t (a int, b int, c int);\nCREATE INDEX ON t (b);\n"
    used = fixed(text, fixing=Fixing(style), rerun=Rerun.NEVER)
    every = fixed(text, fixing=Fixing(style, Scope.ALL), rerun=Rerun.NEVER)
    assert used.count("ADD COLUMN") == 1
    assert every.count("ADD COLUMN") == 3
    assert every.index(" a int;") < every.index(" b int;") < every.index(" c int;")


def test_lines_are_only_added_around_a_statement() -> None:
    text = "-- why\nALTER TABLE t\n    ADD CONSTRAINT c CHECK (a > 0); -- because\n\nSELECT 1;\n"
    after = fixed(T, text, fixing=Fixing())
    kept = iter(after.splitlines())
    assert all(line in kept for line in text.splitlines()), "every line is there, in its order"
    assert "CHECK (a > 0); -- because\n    END IF;\nEND $$;\n\nSELECT 1;" in after


def test_a_statement_without_its_semicolon_and_line_end_gets_them() -> None:
    after = fixed(T, "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)", fixing=Fixing())
    assert after.endswith("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);\n    END IF;\nEND $$;")


def test_two_statements_on_a_line_are_guarded_each_by_itself() -> None:
    text = "CREATE TYPE e AS ENUM ('x'); CREATE TYPE f AS ENUM ('$$');\n"
    after = fixed(text, fixing=Fixing())
    assert fixed(after, fixing=Fixing()) == after
    assert after.count("FROM pg_type") == 2
    assert "DO $guard$" in after
