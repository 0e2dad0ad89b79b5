"""Fixes in files that their tool cuts at semicolons, or that have marks of their own."""

import pytest

from driftproof.analysis import analyse
from driftproof.diagnostic import Applicability
from driftproof.fix.apply import fix_history
from driftproof.rerun import Rerun
from tests.histories import RULES, history_of

BEGIN, END = "-- +goose StatementBegin", "-- +goose StatementEnd"
DOUBT = "CREATE TABLE IF NOT EXISTS t (a int, b int, c int);\n"


def fixed(*texts: str, framework: str) -> str:
    """The last text, fixed until nothing more is to be fixed; a second fix changes nothing."""
    history, [file] = fix_history(
        history_of(*texts, framework=framework), RULES, list, unsafe=False, rerun=Rerun.ALWAYS
    )
    _, [again] = fix_history(history, RULES, list, unsafe=False, rerun=Rerun.ALWAYS)
    assert again.after == file.after
    return file.after.decode()


def chunks(text: str) -> list[str]:
    """The statements as goose cuts them: at a line that ends in a semicolon, or between its marks."""
    found, current, whole = [], "", False
    for line in text.splitlines():
        if line in (BEGIN, END):
            assert whole == (line == END), "the marks come in pairs"
            whole = line == BEGIN
        elif not line.startswith("--"):
            current += f"{line}\n"
        if current and (line == END or (not whole and line.rstrip().endswith(";"))):
            found.append(current)
            current = ""
    assert not current.strip()
    return found


@pytest.mark.parametrize(
    "sql",
    [
        f"{DOUBT}COMMENT ON COLUMN t.b IS 'x';\nCREATE INDEX ON t (c, b);\n",
        f"{BEGIN}\n{DOUBT}COMMENT ON COLUMN t.b IS 'x';\n{END}\n",
        f"{DOUBT}{BEGIN}\nCOMMENT ON COLUMN t.b IS 'x';\n{END}\nCOMMENT ON COLUMN t.c IS 'x';\n",
        "CREATE TYPE e AS ENUM ('a');\nCREATE TABLE IF NOT EXISTS u (v e);\n",
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_goose_is_told_of_blocks(sql: str, newline: str) -> None:
    text = fixed(f"-- +goose Up\n{sql}".replace("\n", newline), framework="goose")
    assert text.replace("\r\n", "").count("\n") == (0 if newline == "\r\n" else text.count("\n"))
    assert text.startswith(f"-- +goose Up{newline}")
    for chunk in chunks(text.replace("\r\n", "\n")):
        assert chunk.count("DO $$") == chunk.count("END $$;")
    assert "DO $$" in text


def test_a_block_before_the_first_statement_stands_behind_the_mark() -> None:
    text = fixed(f"-- +goose Up\n{DOUBT}", "-- +goose Up\n-- why\nCOMMENT ON COLUMN t.b IS 'x';\n", framework="goose")
    assert text.startswith(f"-- +goose Up\n-- Ensure columns exist (for existing tables)\n{BEGIN}\nDO $$\n")
    assert text.endswith("-- why\nCOMMENT ON COLUMN t.b IS 'x';\n")


def test_where_no_block_can_be_written_the_fix_is_only_shown() -> None:
    history = history_of(f"# --- !Ups\n{DOUBT}COMMENT ON COLUMN t.b IS 'x';\n", framework="play")
    [item] = analyse(history, RULES).diagnostics
    assert item.fix is not None
    assert item.fix.applicability is Applicability.DISPLAY
