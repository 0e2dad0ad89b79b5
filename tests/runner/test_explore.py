"""Other start states than the named ones: what fails there without a word was missed."""

import json
from pathlib import Path

import msgspec
import pytest

from driftproof.analysis import analyse
from driftproof.cli import main
from driftproof.history import History
from driftproof.rerun import Rerun
from driftproof.runner.explore import Exploration, Explored, Found
from driftproof.runner.platforms import prepare
from driftproof.runner.proofs import Verdict
from driftproof.runner.prove import prove
from driftproof.runner.server import Server
from tests.histories import RULES, history_of

ALL = 100
GUARDED = "CREATE TABLE IF NOT EXISTS t (a int PRIMARY KEY, b int DEFAULT 1);\nCREATE INDEX IF NOT EXISTS i ON t (a);\n"


def exploration(history: History, count: int = ALL, seed: int = 1, *, silent: bool = False) -> Exploration:
    said = () if silent else analyse(history, RULES, rerun=Rerun.ALWAYS, every=True).diagnostics
    return Exploration(count, seed, said, "DP004")


def explored(server: Server, history: History, tried: Exploration) -> dict[str, Explored]:
    [file] = prove(history, (), server, prepare(server, None), exploration=tried)
    return {one.state: one for one in file.explored}


def test_states_that_are_called_safe_run(server: Server) -> None:
    history = history_of(GUARDED)
    found = explored(server, history, exploration(history))

    assert found["without column t.b"].found is Found.RUNS
    assert found["with index i of another definition"].found is Found.RUNS
    assert found["after a whole run of the file"].found is Found.RUNS
    assert found["after the first 1 of 2 statements of the file"].found is Found.RUNS
    assert found["with namesakes in another schema"].found is Found.RUNS
    assert found["t without constraints and defaults"].found is Found.RUNS
    assert "without column t.a" not in found, "a diagnostic names it"


def test_what_fails_without_a_word_was_missed(server: Server) -> None:
    history = history_of(GUARDED + "CREATE INDEX j ON t (b);\n")
    found = explored(server, history, exploration(history, silent=True))

    missed = {state for state, one in found.items() if one.found is Found.MISSED}
    assert missed == {"without column t.a", "without column t.b", "after a whole run of the file"}
    assert found["without column t.b"].detail == "statement 3 fails: 42703"


def test_what_is_said_of_another_state_is_foreseen(server: Server) -> None:
    history = history_of(GUARDED + "INSERT INTO t VALUES (1) ON CONFLICT (a) DO NOTHING;\nCREATE INDEX j ON t (b);\n")
    found = explored(server, history, exploration(history))

    assert found["t without constraints and defaults"].found is Found.FORESEEN
    assert found["after a whole run of the file"].found is Found.FORESEEN


def test_a_key_goes_with_the_doubt_of_its_column(server: Server) -> None:
    referring = "CREATE TABLE u (t int REFERENCES t (a));\n"
    history = history_of("CREATE TABLE IF NOT EXISTS t (a int PRIMARY KEY);\n" + referring)
    found = explored(server, history, exploration(history))

    assert found["without constraint t_pkey on t"].found is Found.FORESEEN
    assert not [one for one in found.values() if one.found is Found.MISSED]


def test_what_a_migration_has_proven_is_there(server: Server) -> None:
    history = history_of(GUARDED, "COMMENT ON COLUMN t.b IS 'x';\n", "COMMENT ON COLUMN t.b IS 'y';\n")
    found = explored(server, history, exploration(history))

    assert found["without column t.b"].found is Found.NOT_BUILT
    assert not [one for one in found.values() if one.found is Found.MISSED]


def test_what_a_migration_has_made_is_there_as_it_says(server: Server) -> None:
    history = history_of("CREATE TABLE t (a int PRIMARY KEY, b int);\n", GUARDED + "COMMENT ON COLUMN t.b IS 'x';\n")
    found = explored(server, history, exploration(history))

    assert "without column t.b" not in found
    assert not [one for one in found.values() if one.found is Found.MISSED]


def test_a_state_that_is_named_later_is_kept(server: Server) -> None:
    history = history_of(GUARDED, "ALTER TABLE t RENAME TO u;\n", "COMMENT ON COLUMN u.b IS 'X';\n")
    history = msgspec.structs.replace(history, named=frozenset(range(3)))
    diagnostics = analyse(history, RULES).diagnostics
    files = prove(history, diagnostics, server, prepare(server, None), exploration=exploration(history))

    assert [item.verdict for file in files for item in file.proofs] == [Verdict.REPRODUCED] * 2


def test_each_statement_that_a_second_run_fails_at_is_foreseen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("001_a.sql").write_text("CREATE TABLE t (a int, b int);\n")
    Path("002_b.sql").write_text("COMMENT ON COLUMN t.b IS 'x';\nALTER TABLE t DROP COLUMN b;\n")
    main(["prove", "--explore", str(ALL), "--format", "json", "002_b.sql"])
    [file] = json.loads(capfd.readouterr().out)["files"]
    found = {one["state"]: one["found"] for one in file["explored"]}
    assert found["after a whole run of the file"] == "foreseen"


@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_seed_alone_chooses(server: Server, count: int) -> None:
    history = history_of(GUARDED)
    first = explored(server, history, exploration(history, count, seed=5))

    assert len(first) == count
    assert explored(server, history, exploration(history, count, seed=5)) == first
