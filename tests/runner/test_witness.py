"""Scripts that show a failure: run statement by statement on an empty database, and by psql where there is one."""

import shutil
import subprocess
from pathlib import Path

import pytest

from driftproof.analysis import analyse
from driftproof.cli import main
from driftproof.fix.apply import fix_history
from driftproof.history import Migration, RunMode
from driftproof.rerun import Rerun
from driftproof.runner.execute import Outcome, execute
from driftproof.runner.platforms import prepare
from driftproof.runner.prove import prove
from driftproof.runner.server import Server
from driftproof.runner.witness import MARK, Witness, write
from driftproof.source import Source
from driftproof.unusable import Unusable
from tests.histories import RULES, history_of

DOUBT = "CREATE TABLE IF NOT EXISTS t (a int, b int);\n"


def witnesses(server: Server, *texts: str, framework: str = "plain") -> list[Witness]:
    history = history_of(*texts, framework=framework)
    diagnostics = analyse(history, RULES, rerun=Rerun.ALWAYS).diagnostics
    _, fixed = fix_history(history, RULES, lambda items: items, unsafe=False, rerun=Rerun.ALWAYS)
    platform = prepare(server, history.framework.platform)
    [file] = prove(history, diagnostics, server, platform, fixed=fixed, witnesses=True)
    return list(file.witnesses)


def run(server: Server, script: str) -> Outcome:
    """The script on an empty database, each statement by itself; by psql as well, which must say the same."""
    database = server.create_database()
    try:
        with server.connect(database) as connection:
            outcome = execute(connection, Migration(0, Source("w.sql", script.encode()), "0", RunMode.AUTOCOMMIT))
    finally:
        server.drop_database(database)
    if (psql := shutil.which("psql")) is not None:
        database = server.create_database()
        try:
            command = [psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", "-d", database]
            where = ["-h", server.conninfo["host"], "-p", server.conninfo["port"], "-U", server.conninfo["user"]]
            done = subprocess.run([*command, *where], input=script, text=True, capture_output=True, check=False)
        finally:
            server.drop_database(database)
        assert (done.returncode == 0) is outcome.ok, done.stderr
        assert outcome.sqlstate is None or f"ERROR:  {outcome.sqlstate}:" in done.stderr
    return outcome


@pytest.mark.parametrize("framework", ["plain", "supabase"])
def test_a_drifted_state_is_shown_and_the_fixed_file_runs_there(server: Server, framework: str) -> None:
    earlier = "CREATE SCHEMA elsewhere;\nSET search_path = elsewhere;\n"
    found = witnesses(server, earlier, DOUBT + "CREATE INDEX IF NOT EXISTS i ON t (b);\n", framework=framework)

    [one] = found
    outcome = run(server, one.script)
    assert (outcome.ok, outcome.sqlstate) == (False, "42703")
    assert (one.code, one.line, one.script.splitlines()[0]) == ("DP101", 2, MARK)
    assert '42703 column "b" does not exist' in one.script.splitlines()[2]
    assert one.fixed is not None
    assert run(server, one.fixed).ok


def test_an_inherited_doubt_and_a_state_that_the_file_makes_itself(server: Server) -> None:
    [inherited] = witnesses(server, DOUBT, "SELECT 1;\n", "CREATE INDEX IF NOT EXISTS i ON t (b);\n")
    assert run(server, inherited.script).sqlstate == "42703"

    enum = "CREATE TYPE m AS ENUM ('a');\nCREATE TABLE IF NOT EXISTS t (a m, b int);\nCOMMENT ON COLUMN t.b IS '';\n"
    within = next(one for one in witnesses(server, enum) if one.code == "DP101")
    assert run(server, within.script).sqlstate == "42703"
    assert within.fixed is not None
    assert run(server, within.fixed).ok


def test_second_runs_and_what_fails_always(server: Server) -> None:
    [again] = witnesses(server, "CREATE TABLE t (a int);\n")
    assert run(server, again.script).sqlstate == "42P07"
    assert again.fixed is not None
    assert run(server, again.fixed).ok

    text = "COMMENT ON TABLE made_by_hand IS '';\nCOMMENT ON COLUMN t.x IS '';\n"
    [always] = witnesses(server, "CREATE TABLE t (a int);\n", text)
    assert run(server, always.script).sqlstate == "42703"


BY_HAND = "COMMENT ON TABLE made_by_hand IS '';\n"


def test_a_file_that_runs_in_part_is_shown_with_that_part(server: Server) -> None:
    found = witnesses(server, DOUBT + BY_HAND + "CREATE INDEX IF NOT EXISTS i ON t (b);\nCREATE TYPE m AS ENUM ();\n")
    by_code = {one.code: one for one in found}

    assert run(server, by_code["DP101"].script).sqlstate == "42703"
    assert by_code["DP101"].fixed is not None
    assert run(server, by_code["DP101"].fixed).ok
    assert run(server, by_code["DP207"].script).sqlstate == "42710"


def test_a_state_that_such_a_file_makes_itself_is_shown(server: Server) -> None:
    enum = "CREATE TYPE m AS ENUM ('a');\nCREATE TABLE IF NOT EXISTS t (a m, b int);\n"
    found = witnesses(server, BY_HAND + enum + "COMMENT ON COLUMN t.b IS '';\n")
    [within] = [one for one in found if one.code == "DP101"]

    assert run(server, within.script).sqlstate == "42703"
    assert within.fixed is not None
    assert run(server, within.fixed).ok


def test_files_have_steady_names_and_others_are_never_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("001_a.sql").write_text(DOUBT + "CREATE INDEX IF NOT EXISTS i ON t (a, b);\n")
    assert main(["prove", "--witness", "w", "001_a.sql"]) == 1
    first = {path.name: path.read_bytes() for path in Path("w").iterdir()}
    assert sorted(first) == [f"001_a.DP101.2{suffix}.sql" for suffix in ("-2.fixed", "-2", ".fixed", "")]
    assert main(["prove", "--witness", "w", "001_a.sql"]) == 1
    assert {path.name: path.read_bytes() for path in Path("w").iterdir()} == first

    Path("w", "001_a.DP101.2.sql").write_text("SELECT 'mine';\n")
    Path("w", "001_a.DP101.2-2.sql").unlink()
    capfd.readouterr()
    assert main(["prove", "--witness", "w", "001_a.sql"]) == 2
    assert "not of driftproof's writing" in capfd.readouterr().err
    assert Path("w", "001_a.DP101.2.sql").read_text() == "SELECT 'mine';\n"
    assert not Path("w", "001_a.DP101.2-2.sql").exists(), "nothing is written then"


def test_a_directory_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "w").write_text("")
    with pytest.raises(Unusable, match="cannot write"):
        write(tmp_path / "w", [Witness("a.sql", "DP101", 1, MARK)])
