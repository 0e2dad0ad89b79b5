"""A history that starts from objects made by hand: what an empty platform says of it, and what a database that has them."""

from driftproof.diagnostic import Certainty, Severity
from driftproof.rerun import Rerun
from tests.histories import check, found

BY_HAND = "ALTER TABLE users ADD COLUMN phone text;\n"
MADE = "CREATE TABLE IF NOT EXISTS users (id int, name text);\n"


def test_nothing_is_said_of_what_the_history_never_makes() -> None:
    assert found(BY_HAND) == []
    assert found("CREATE INDEX ON users (name);\nDROP TABLE users;\nCREATE POLICY p ON users USING (true);\n") == []


def test_a_statement_that_does_not_run_from_scratch_leaves_nothing_behind() -> None:
    last = "COMMENT ON COLUMN users.phone IS 'x';\nCREATE INDEX ON users (phone);\n"
    analysis = check(BY_HAND, MADE, last, framework="supabase")

    assert check(BY_HAND, MADE, last).diagnostics == (), "who knows what else runs beside a plain directory"
    assert [(item.span.start.line, item.certainty, item.severity) for item in analysis.diagnostics] == [
        (1, Certainty.ALWAYS, Severity.INFO),
        (2, Certainty.ALWAYS, Severity.INFO),
    ]


def test_what_is_in_doubt_is_said_whatever_else_was_made_by_hand() -> None:
    script = "CREATE TABLE IF NOT EXISTS t (a int, b int REFERENCES users (id));\nCOMMENT ON COLUMN t.a IS 'x';\n"
    assert found(script) == ["2 drift 42703 column t.a"]


def test_a_guard_for_what_was_never_made_is_certain_from_scratch() -> None:
    guard = "DO $$ BEGIN IF to_regclass('public.t') IS NULL THEN CREATE TABLE t (a int); END IF; END $$;\n"
    assert found(guard + "CREATE TABLE t (a int);\n") == ["2 always 42P07 relation t"]


def test_each_statement_that_certainly_fails_is_reported() -> None:
    table = "CREATE TABLE t (a int);\n"
    assert found(table, "COMMENT ON COLUMN t.b IS 'x';\nCREATE INDEX ON t (b);\n") == [
        "1 always 42703 column t.b",
        "2 always 42703 column t.b",
    ]


def test_what_lacks_an_object_fails_whatever_else_is_not_known_of_it() -> None:
    unknown = "DO $$ BEGIN EXECUTE (SELECT 'x'); END $$;\n"
    table = "CREATE TABLE t (a int REFERENCES known (id), b int REFERENCES never_made (id));\n"
    assert found("CREATE TABLE known (id int PRIMARY KEY);\n" + unknown + table, rerun=Rerun.ALWAYS) == [
        "1 rerun 42P07 relation known"
    ]
