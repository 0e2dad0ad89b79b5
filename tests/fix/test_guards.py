"""The guarded block: whose name it uses, where it stands, and what it keeps."""

from driftproof.fix.apply import fix_history
from driftproof.rerun import Rerun
from tests.histories import RULES, history_of


def fixed(*texts: str | bytes, unsafe: bool = False) -> str:
    """The last of these migrations with all its fixes."""
    _, [file] = fix_history(history_of(*texts), RULES, lambda items: items, unsafe=unsafe)
    return file.after.decode()


OLD = 'CREATE TABLE IF NOT EXISTS t (a int, "B b" int);\n'


def test_the_table_is_called_as_its_create_writes_it() -> None:
    text = 'CREATE TABLE IF NOT EXISTS public . "Größe" ("Wért" int NOT NULL);\nCREATE INDEX ON "Größe" ("Wért");\n'
    after = fixed(text)
    assert "table_schema = 'public'" in after
    assert "table_name = 'Größe'" in after
    assert "column_name = 'Wért'" in after
    assert 'ALTER TABLE public . "Größe" ADD COLUMN "Wért" int;' in after
    assert 'ALTER TABLE public . "Größe" ALTER COLUMN "Wért" SET NOT NULL;' in after


def test_an_inherited_block_stands_before_the_comment_of_its_statement() -> None:
    after = fixed(OLD, 'SELECT 1;\n\n-- why this index\nCREATE INDEX ON t ("B b");\n')
    assert after.startswith("SELECT 1;\n\n-- Ensure columns exist (for existing tables)\nDO $$\n")
    assert after.endswith('END $$;\n\n-- why this index\nCREATE INDEX ON t ("B b");\n')


def test_a_table_that_was_renamed_is_called_by_its_new_name() -> None:
    after = fixed(OLD, 'ALTER TABLE t RENAME TO u;\nCREATE INDEX ON u ("B b");\n')
    assert "table_name = 'u'" in after
    assert 'ALTER TABLE u ADD COLUMN "B b" int;' in after


def test_a_table_that_was_moved_is_called_by_its_new_schema() -> None:
    after = fixed(OLD, 'CREATE SCHEMA s;\nALTER TABLE t SET SCHEMA s;\nCREATE INDEX ON s.t ("B b");\n')
    assert "table_schema = 's'" in after
    assert 'ALTER TABLE s.t ADD COLUMN "B b" int;' in after


def test_behind_its_create_the_table_has_its_old_name() -> None:
    after = fixed(OLD + 'ALTER TABLE t RENAME TO u;\nCREATE INDEX ON u ("B b");\n')
    assert "table_name = 't'" in after
    assert 'ALTER TABLE t ADD COLUMN "B b" int;' in after


def test_line_ends_and_a_byte_order_mark_stay() -> None:
    text = b"\xef\xbb\xbf" + OLD.replace("\n", "\r\n").encode() + b'CREATE INDEX ON t ("B b");\r\n'
    after = fixed(text).encode()
    assert after.startswith(b"\xef\xbb\xbfCREATE TABLE")
    assert after.count(b"\n") == after.count(b"\r\n")
    assert after.replace(b"\r\n", b"\n").decode("utf-8-sig") == fixed(OLD + 'CREATE INDEX ON t ("B b");\n')


def test_more_on_the_line_of_the_create_moves_behind_the_block() -> None:
    after = fixed("CREATE TABLE IF NOT EXISTS t (a int); CREATE INDEX ON t (a);\n")
    first, *_, last = after.splitlines()
    assert (first, last) == ("CREATE TABLE IF NOT EXISTS t (a int);", " CREATE INDEX ON t (a);")


def test_comments_in_a_column_stay_and_those_behind_it_do_not_come_along() -> None:
    after = fixed(
        "CREATE TABLE IF NOT EXISTS t (\n    a int, -- first\n    b int /* of */ DEFAULT 1, -- second\n    c int\n);\n"
        "CREATE INDEX ON t (a, b);\n"
    )
    assert "ADD COLUMN a int;" in after
    assert "ADD COLUMN b int /* of */ DEFAULT 1;" in after


def test_a_comment_before_what_is_tried_by_itself_swallows_nothing() -> None:
    after = fixed(
        "CREATE TABLE IF NOT EXISTS t (\n    a text DEFAULT 'x' -- x or y\n        CHECK (a IN ('x', 'y')) -- no more\n"
        "        NOT NULL,\n    b int NOT NULL -- last\n        CHECK (b > 0)\n);\nCREATE INDEX ON t (a, b);\n"
    )
    assert "ADD COLUMN a text DEFAULT 'x' -- x or y\n -- no more\n        NOT NULL;" in after
    assert "ADD COLUMN b int -- last\n        CHECK (b > 0);" in after


def test_a_later_need_joins_the_blocks_under_the_same_heading() -> None:
    once = fixed("CREATE TABLE IF NOT EXISTS t (a int, b int);\nCREATE INDEX ON t (a);\n")
    after = fixed(once + "CREATE INDEX ON t (b);\n")
    assert after.count("-- Ensure columns exist") == 1
    assert after.count("ADD COLUMN") == 2


def test_a_body_that_holds_dollars_gets_other_quotes() -> None:
    after = fixed("CREATE TABLE IF NOT EXISTS t (a text DEFAULT $$x$$);\nCREATE INDEX ON t (a);\n")
    assert "DO $guard$" in after
    assert "ADD COLUMN a text DEFAULT $$x$$;" in after
    assert "END $guard$;" in after


def test_a_named_not_null_is_taken_out_whole() -> None:
    after = fixed("CREATE TABLE IF NOT EXISTS t (a int CONSTRAINT k NOT NULL CHECK (a > 0));\nCREATE INDEX ON t (a);\n")
    assert "ADD COLUMN a int CHECK (a > 0);" in after


def test_a_column_comes_behind_those_that_it_reads() -> None:
    after = fixed(
        "CREATE TABLE IF NOT EXISTS t (area int GENERATED ALWAYS AS (side * side) STORED, side int);\nCREATE INDEX ON t (area);\n"
    )
    assert after.index("ADD COLUMN side") < after.index("ADD COLUMN area")


def test_a_table_constraint_not_null_comes_back_with_its_column() -> None:
    after = fixed(
        "CREATE TABLE IF NOT EXISTS t (a int, CONSTRAINT k NOT NULL a, NOT NULL b, b int);\nCREATE INDEX ON t (a, b);\n"
    )
    assert "ALTER TABLE t ADD CONSTRAINT k NOT NULL a;" in after
    assert "ALTER TABLE t ADD CONSTRAINT t_b_not_null NOT NULL b;" in after
    assert "WHEN not_null_violation THEN" in after


def test_a_table_may_be_called_anything() -> None:
    after = fixed('CREATE TABLE IF NOT EXISTS "a(b" /* ( */ (c int);\nCREATE INDEX ON "a(b" (c);\n')
    assert "table_name = 'a(b'" in after
    assert 'ALTER TABLE "a(b" /* ( */ ADD COLUMN c int;' in after


def test_a_block_that_needs_an_object_is_no_block_of_the_heading() -> None:
    text = (
        "CREATE TABLE t (id int PRIMARY KEY);\nCREATE TABLE u (t int REFERENCES t (id));\nCREATE INDEX u_t ON u (t);\n"
    )
    history = history_of(text)
    again, [file] = fix_history(history, RULES, lambda items: items, unsafe=False, rerun=Rerun.ALWAYS)
    after = file.after.decode()
    assert after.index("PRIMARY KEY (id)") < after.index("CREATE TABLE u")
    assert after.count("conname = 't_pkey'") == 1
    _, [same] = fix_history(again, RULES, lambda items: items, unsafe=False, rerun=Rerun.ALWAYS)
    assert same.after == file.after


def test_the_blocks_of_a_heading_stay_together() -> None:
    text = (
        "CREATE TABLE t (id int PRIMARY KEY, a int);\n\n-- Indexes\nCREATE INDEX t_a ON t (a);\n"
        "CREATE TABLE u (t int REFERENCES t (id));\n"
    )
    _, [file] = fix_history(history_of(text), RULES, lambda items: items, unsafe=False, rerun=Rerun.ALWAYS)
    after = file.after.decode()
    assert after.index("conname = 't_pkey'") < after.index("-- Indexes")


def test_all_statements_that_a_second_run_fails_at_are_fixed_at_once() -> None:
    revoked = "".join(f"REVOKE SELECT ON t FROM {role};\n" for role in ["postgres", "PUBLIC"] * 15)
    history = history_of("CREATE TABLE t (id int);\n", revoked + "DROP TABLE t;\n")
    _, [file] = fix_history(history, RULES, lambda items: items, unsafe=False, rerun=Rerun.ALWAYS)
    assert file.after.decode().count("relname = 't'") == 31
