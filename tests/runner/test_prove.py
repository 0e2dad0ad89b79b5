"""Proof: each start state is built, the file is run in it, and what the server says is the verdict."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from driftproof.analysis import analyse
from driftproof.cli import main
from driftproof.diagnostic import Certainty, Diagnostic
from driftproof.fix.apply import fix_history
from driftproof.rerun import Rerun
from driftproof.runner.platforms import Platform, prepare
from driftproof.runner.proofs import FileProof, Verdict
from driftproof.runner.prove import prove
from driftproof.runner.roles import remember
from driftproof.runner.server import Server
from tests.histories import RULES, history_of

EXAMPLE = Path(__file__).parents[2] / "examples" / "integrations"
DOUBT = "CREATE TABLE IF NOT EXISTS t (a int, b int);\n"


@pytest.fixture(scope="module")
def platform(server: Server) -> Platform:
    return prepare(server, None)


def proof(
    server: Server, platform: Platform, *texts: str, unsafe: bool = False, rerun: Rerun = Rerun.NEVER
) -> FileProof:
    """The proof of the last of these migrations."""
    history = history_of(*texts)
    diagnostics = analyse(history, RULES, rerun=rerun).diagnostics
    _, fixed = fix_history(history, RULES, lambda items: items, unsafe=unsafe, rerun=rerun)
    [file] = prove(history, diagnostics, server, platform, fixed=fixed)
    return file


def test_a_reproduced_failure_runs_with_its_fix(server: Server, platform: Platform) -> None:
    file = proof(server, platform, DOUBT + "COMMENT ON COLUMN t.b IS 'x';\n")

    [only] = file.proofs
    assert (file.runs, only.verdict, only.fixed, file.differences) == (True, Verdict.REPRODUCED, True, ())
    assert only.detail == 'statement 2 fails: 42703 column "b" of relation "t" does not exist'


def test_a_file_that_runs_in_part_gets_its_data(server: Server, platform: Platform) -> None:
    data = "CREATE TABLE c (a int);\nCOPY c FROM stdin;\n1\n2\n\\.\nSELECT 1 / 0;\n"
    history = history_of(data, "CREATE UNIQUE INDEX i ON c ((a > 0));\nCREATE TABLE c (a int);\n", framework="flyway")
    diagnostics = [item for item in analyse(history, RULES).diagnostics if item.certainty is Certainty.ALWAYS]
    [file] = prove(history, diagnostics, server, platform)

    assert "23505" in file.fresh  # there are two rows
    assert [only.verdict for only in file.proofs] == [Verdict.REPRODUCED]


def test_what_a_file_refers_to_may_be_made_later(server: Server, platform: Platform) -> None:
    file = "CREATE TABLE IF NOT EXISTS t (a int, b int REFERENCES users (id));\nCREATE INDEX ON t (a);\n"
    later = (
        "CREATE TABLE teams (id int PRIMARY KEY);\nCREATE TABLE users (id int PRIMARY KEY, t int REFERENCES teams);\n"
    )
    history = history_of(file, later)
    history = msgspec.structs.replace(history, named=frozenset({0}))
    diagnostics = [item for item in analyse(history, RULES).diagnostics if item.certainty is Certainty.DRIFT]
    [only] = prove(history, diagnostics, server, platform)[0].proofs

    assert (only.verdict, only.detail) == (Verdict.REPRODUCED, 'statement 2 fails: 42703 column "a" does not exist')


def test_the_table_that_a_foreign_key_is_added_to_may_be_made_later(server: Server, platform: Platform) -> None:
    file = "CREATE TABLE IF NOT EXISTS t (id int PRIMARY KEY);\nALTER TABLE u ADD FOREIGN KEY (b) REFERENCES t (id);\n"
    history = history_of(file, "CREATE TABLE u (b int);\n")
    history = msgspec.structs.replace(history, named=frozenset({0}))
    diagnostics = [item for item in analyse(history, RULES).diagnostics if item.certainty is Certainty.DRIFT]
    proofs = prove(history, diagnostics, server, platform)[0].proofs

    assert [(item.diagnostic.sqlstate, item.verdict) for item in proofs] == [("42703", Verdict.REPRODUCED)]


def test_a_label_that_is_taken_away_does_not_come_back_with_its_guard(server: Server, platform: Platform) -> None:
    guard = "IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'mood') THEN CREATE TYPE mood AS ENUM ('sad', 'ok'); END IF;"
    earlier = f"DO $$ BEGIN {guard} END $$;\nCREATE TABLE t (m mood DEFAULT 'sad');\n"

    [only] = proof(server, platform, earlier, "SELECT m FROM t WHERE m = 'ok';\n").proofs

    assert (only.diagnostic.sqlstate, only.verdict) == ("22P02", Verdict.REPRODUCED)


def test_what_fails_without_the_drift_too_is_no_proof_of_it(server: Server, platform: Platform) -> None:
    users = "CREATE TABLE IF NOT EXISTS users (id int);\n"
    policy = "CREATE POLICY p ON t USING (EXISTS (SELECT 1 FROM users u WHERE u.phone = '' AND u.id = t.b));\n"
    history = history_of("ALTER TABLE users ADD COLUMN phone text;\n", users, DOUBT + policy)
    diagnostics = [item for item in analyse(history, RULES).diagnostics if item.certainty is Certainty.DRIFT]
    proofs = [item for file in prove(history, diagnostics, server, platform) for item in file.proofs]

    verdicts = {item.diagnostic.object.name: item.verdict for item in proofs if item.diagnostic.object is not None}
    assert verdicts["b"] is Verdict.NOT_BUILT


def test_a_partition_may_be_a_table_by_itself(server: Server, platform: Platform) -> None:
    text = (
        "CREATE TABLE p (a int, b int) PARTITION BY LIST (a);\n"
        "CREATE TABLE IF NOT EXISTS p1 PARTITION OF p FOR VALUES IN (1);\nCREATE INDEX ON p1 (b);\n"
    )
    drift = [item for item in proof(server, platform, text).proofs if item.diagnostic.certainty is Certainty.DRIFT]

    assert drift
    assert {item.verdict for item in drift} == {Verdict.REPRODUCED}


def test_a_table_without_the_column_that_it_is_partitioned_by_is_a_table_by_itself(
    server: Server, platform: Platform
) -> None:
    table = "CREATE TABLE IF NOT EXISTS p (a int, b int) PARTITION BY LIST (a);\n"
    [only] = proof(server, platform, table + "CREATE INDEX ON p (a);\n").proofs

    assert (only.verdict, only.detail) == (Verdict.REPRODUCED, 'statement 2 fails: 42703 column "a" does not exist')

    # One that takes a partition is none; what it takes may be.
    part = "CREATE TABLE IF NOT EXISTS p1 PARTITION OF p FOR VALUES IN (1);\n"
    found = proof(server, platform, table + part + "CREATE INDEX ON p1 (a);\nCREATE INDEX ON p (b);\n").proofs
    objects = [item.diagnostic.object for item in found]
    assert [(item.relation, item.name) for item in objects if item is not None] == [("p1", "a"), ("p", "b")]
    assert {item.verdict for item in found} == {Verdict.REPRODUCED}


def test_what_a_later_statement_refers_to_may_be_made_by_hand(server: Server, platform: Platform) -> None:
    text = "CREATE TABLE IF NOT EXISTS t (id int PRIMARY KEY, b int);\n"
    text += "CREATE TABLE IF NOT EXISTS u (a int REFERENCES profiles (id), b int REFERENCES t (id));\n"
    proofs = {
        item.diagnostic.object.name: item for item in proof(server, platform, text).proofs if item.diagnostic.object
    }

    assert proofs["id"].verdict is Verdict.REPRODUCED, proofs["id"].detail


def test_what_a_second_run_changes_without_the_fix_too_is_not_the_fix(server: Server, platform: Platform) -> None:
    file = proof(server, platform, DOUBT + "CREATE INDEX ON t (a);\n")

    assert [(item.verdict, item.fixed) for item in file.proofs] == [(Verdict.REPRODUCED, True)]
    assert (file.differences, file.again) == ((), None)


def test_rows_that_the_doubting_block_writes_itself_are_none_that_are_there_before(
    server: Server, platform: Platform
) -> None:
    text = """\
DO $$ BEGIN
    CREATE TABLE IF NOT EXISTS t (a text PRIMARY KEY, b int);
    INSERT INTO t (a) VALUES ('x'), ('y') ON CONFLICT (a) DO NOTHING;
END $$;
"""
    file = proof(server, platform, text)

    assert {(item.verdict, item.fixed) for item in file.proofs} == {(Verdict.REPRODUCED, True)}


def test_a_second_run_fails_over_the_effects_of_the_first(server: Server, platform: Platform) -> None:
    text = "CREATE TABLE t (a int);\nCREATE TABLE IF NOT EXISTS u (a int);\nCREATE POLICY p ON u USING (true);\n"

    file = proof(server, platform, text, rerun=Rerun.ALWAYS)

    assert file.runs
    assert [(item.verdict, item.detail) for item in file.proofs] == [
        (Verdict.REPRODUCED, "statement 1 fails: 42P07"),
        (Verdict.REPRODUCED, "statement 3 fails: 42710"),
    ]


def test_a_second_run_of_a_file_that_runs_in_part_is_tried_with_that_part(server: Server, platform: Platform) -> None:
    text = "CREATE TABLE t (a int);\nCOMMENT ON TABLE made_by_hand IS 'x';\n"

    [made] = proof(server, platform, text, rerun=Rerun.ALWAYS).proofs

    assert (made.verdict, made.fixed) == (Verdict.REPRODUCED, None)


def test_a_second_run_needs_a_first_one(server: Server, platform: Platform) -> None:
    text = "CREATE ROLE postgres;\n"

    [made] = proof(server, platform, text, rerun=Rerun.ALWAYS).proofs

    assert made.verdict is Verdict.NOT_BUILT
    assert made.detail.startswith("the file does not run in a fresh database")


def test_an_inherited_doubt_is_carried_through_the_migrations_between(server: Server, platform: Platform) -> None:
    file = proof(server, platform, DOUBT, "CREATE INDEX ON t (a);\n", "CREATE INDEX ON t (b);\n")

    [only] = file.proofs
    assert (only.verdict, only.fixed) == (Verdict.REPRODUCED, True)


def test_a_statement_that_needs_what_stands_before_it_is_done_in_place(server: Server, platform: Platform) -> None:
    text = "CREATE TYPE mood AS ENUM ('good');\nCREATE TABLE IF NOT EXISTS t (a mood, b int);\nCREATE INDEX ON t (b);\n"

    [only] = proof(server, platform, text).proofs

    assert (only.verdict, only.fixed) == (Verdict.REPRODUCED, True)
    assert only.detail.startswith("statement 3 fails")


def test_the_second_table_of_a_fixed_file_is_found_behind_the_blocks_of_the_first(
    server: Server, platform: Platform
) -> None:
    text = (
        "CREATE TYPE mood AS ENUM ('good');\n"
        "CREATE TABLE IF NOT EXISTS t (a mood, b int);\nCREATE INDEX ON t (b);\n"
        "CREATE TABLE IF NOT EXISTS u (a mood, c int);\nCREATE INDEX ON u (c);\n"
    )

    file = proof(server, platform, text)

    assert [(item.verdict, item.fixed) for item in file.proofs] == [(Verdict.REPRODUCED, True)] * 2


def test_an_unsafe_fix_is_tried_when_it_is_asked_for(server: Server, platform: Platform) -> None:
    earlier = "CREATE TABLE t (a int PRIMARY KEY);\n"
    text = "INSERT INTO t VALUES (1);\n"

    assert [item.fixed for item in proof(server, platform, earlier, text, rerun=Rerun.ALWAYS).proofs] == [None]
    tried = proof(server, platform, earlier, text, rerun=Rerun.ALWAYS, unsafe=True)
    assert [item.fixed for item in tried.proofs] == [True]


def test_a_failure_in_a_fresh_database_is_reproduced_behind_another_one(server: Server, platform: Platform) -> None:
    earlier = "CREATE TABLE t (a int);\n"
    file = proof(server, platform, earlier, "COMMENT ON COLUMN t.x IS '';\nCREATE INDEX ON t (y);\n")

    assert not file.runs
    assert [(item.verdict, item.detail) for item in file.proofs] == [
        (Verdict.REPRODUCED, "statement 1 fails: 42703"),
        (Verdict.REPRODUCED, "statement 2 fails: 42703"),
    ]


def test_a_file_that_does_not_run_is_tried_statement_by_statement(server: Server, platform: Platform) -> None:
    file = proof(server, platform, DOUBT + "COMMENT ON TABLE made_by_hand IS 'x';\nCREATE INDEX ON t (b);\n")

    assert (file.runs, file.differences) == (False, None)
    [only] = file.proofs
    assert (only.verdict, only.fixed, only.lacks) == (Verdict.REPRODUCED, True, None)
    assert only.detail == "statement 3 fails: 42703, each statement run by itself"


@pytest.fixture
def claims(server: Server, platform: Platform) -> "Iterator[tuple[Diagnostic, ...]]":
    yield analyse(history_of(DOUBT + "CREATE INDEX ON t (b);\nCREATE INDEX ON t (a);\n"), RULES).diagnostics


@pytest.mark.parametrize("wrong", [{"sqlstate": "42P01"}, {"statement": 0}])
def test_a_wrong_claim_is_refuted(
    server: Server, platform: Platform, claims: tuple[Diagnostic, ...], wrong: dict[str, object]
) -> None:
    claim = claims[0]
    assert claim.statement is not None
    if "statement" in wrong:
        wrong = {"statement": msgspec.structs.replace(claim.statement, index=0)}
    history = history_of(DOUBT + "CREATE INDEX ON t (b);\nCREATE INDEX ON t (a);\n")

    [file] = prove(history, [msgspec.structs.replace(claim, **wrong)], server, platform)

    assert [item.verdict for item in file.proofs] == [Verdict.NOT_REPRODUCED]
    assert [item.fixed for item in file.proofs] == [None]


def test_a_wrong_claim_is_refuted_in_a_file_that_does_not_run(
    server: Server, platform: Platform, claims: tuple[Diagnostic, ...]
) -> None:
    claim = claims[0]
    assert claim.statement is not None
    wrong = {"statement": msgspec.structs.replace(claim.statement, index=3)}
    history = history_of(
        DOUBT + "CREATE INDEX ON t (b);\nCOMMENT ON TABLE made_by_hand IS 'x';\nCREATE INDEX ON t (a);\n"
    )

    [file] = prove(history, [msgspec.structs.replace(claim, **wrong)], server, platform)

    assert [item.verdict for item in file.proofs] == [Verdict.NOT_REPRODUCED]


def test_roles_are_made_anew_in_each_state(server: Server, platform: Platform) -> None:
    text = "CREATE ROLE reader;\n" + DOUBT + "GRANT SELECT (a) ON t TO reader;\nGRANT SELECT (b) ON t TO reader;\n"

    before = remember(server)
    file = proof(server, platform, text)

    assert file.differences == ()
    assert [(item.verdict, item.fixed) for item in file.proofs] == [(Verdict.REPRODUCED, True)] * 2
    assert remember(server) == before


def test_what_a_guard_of_another_object_asks_for_is_given_to_it(server: Server, platform: Platform) -> None:
    text = (
        "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'state') THEN"
        " CREATE TYPE mood AS ENUM ('good'); END IF; END $$;\nCREATE TABLE jobs (mood mood);\n"
    )

    [only] = proof(server, platform, text).proofs

    assert (only.diagnostic.code, only.verdict) == ("DP107", Verdict.REPRODUCED)


def test_a_failure_behind_one_in_the_files_own_transaction_is_seen(server: Server, platform: Platform) -> None:
    text = "BEGIN;\nCOMMENT ON TABLE made_by_hand IS 'x';\nCOMMENT ON COLUMN t.x IS '';\nCOMMIT;\n"

    [only] = proof(server, platform, "CREATE TABLE t (a int);\n", text).proofs

    assert only.verdict is Verdict.REPRODUCED


class TestCommand:
    """`driftproof prove` on the example, as the README tells a new user."""

    @pytest.fixture
    def example(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)
        monkeypatch.chdir(tmp_path)
        return tmp_path

    def test_all_of_the_example_is_reproduced_and_fixed(self, example: Path, capfd: pytest.CaptureFixture[str]) -> None:
        status = main(["prove", "--format", "json"])

        document = json.loads(capfd.readouterr().out)
        proofs = [item for file in document["files"] for item in file["proofs"]]
        assert status == 1, "what is found is real"
        assert len(proofs) == 15
        assert {(item["verdict"], item["sqlstate"]) for item in proofs} == {("reproduced", "42703")}
        assert {item["fix"]["runs"] for item in proofs} == {True}
        assert {file["fresh"]["runs"] for file in document["files"]} == {True}
        assert [file["fix"]["differences"] for file in document["files"] if file["fix"]] == [[], [], []]

    def test_the_fixed_example_runs_and_nothing_is_left_to_prove(
        self, example: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["check", "--fix"]) == 0
        capfd.readouterr()

        assert main(["prove"]) == 0
        assert capfd.readouterr().out.splitlines()[-1].startswith("5 of 5 files run in a fresh database (")

    def test_a_file_that_does_not_run_is_not_proven(self, example: Path, capfd: pytest.CaptureFixture[str]) -> None:
        path = example / "supabase" / "migrations" / "20250124000000_more.sql"
        path.write_text("COMMENT ON TABLE made_by_hand IS 'x';\n")

        assert main(["prove", str(path)]) == 2
        assert "42P01" in capfd.readouterr().out

    def test_another_host_is_refused_in_one_line(self, example: Path, capfd: pytest.CaptureFixture[str]) -> None:
        assert main(["prove", "--database-url", "postgresql://db.example.com/x"]) == 2
        captured = capfd.readouterr()
        assert captured.out == ""
        assert captured.err.count("\n") == 1
        assert "--allow-remote" in captured.err
