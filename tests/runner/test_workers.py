"""Proof by several workers on several servers: the same answers, whoever gives them, and nothing is left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from driftproof.analysis import analyse
from driftproof.fix.apply import fix_history
from driftproof.history import History
from driftproof.rerun import Rerun
from driftproof.runner.proofs import FileProof, Verdict
from driftproof.runner.server import open_server
from driftproof.runner.workers import Claims, ServerProof, Servers, prove_all
from tests.histories import RULES, history_of

FILE = """CREATE ROLE reader_{n};
CREATE TABLE IF NOT EXISTS t{n} (id int PRIMARY KEY, a int, b int, c int);
CREATE INDEX ON t{n} (a);
COMMENT ON COLUMN t{n}.b IS 'x';
GRANT SELECT (a) ON t{n} TO reader_{n};
"""
LATER = "CREATE INDEX ON t0 (c);\n"


def claims(*texts: str, named: frozenset[int] | None = None, framework: str = "plain") -> Claims:
    history: History = history_of(*texts, framework=framework)
    history = msgspec.structs.replace(history, named=frozenset(range(len(texts))) if named is None else named)
    _, fixed = fix_history(history, RULES, lambda items: items, unsafe=False, rerun=Rerun.NEVER)
    found = analyse(history, RULES, rerun=Rerun.NEVER).diagnostics
    return Claims(history, found, tuple(file for file in fixed if file.rounds))


def timeless(proofs: list[ServerProof]) -> list[ServerProof]:
    """The same without what differs from run to run."""

    def file(one: FileProof) -> FileProof:
        items = tuple(msgspec.structs.replace(item, seconds=0.0) for item in one.proofs)
        return msgspec.structs.replace(one, proofs=items, seconds=0.0)

    return [msgspec.structs.replace(one, files=tuple(map(file, one.files))) for one in proofs]


def run(
    all_claims: list[Claims], jobs: int = 1, servers: Servers | None = None, proven: Callable[[], None] = lambda: None
) -> list[ServerProof]:
    return prove_all(all_claims, servers or Servers(), jobs=jobs, proven=proven)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 100])
def test_stretches_are_all_of_it_in_order(count: int) -> None:
    whole = claims(*(FILE.format(n=n) for n in range(9)), LATER, "CREATE TABLE other (a int);\n")
    parts = list(whole.stretches(count))

    assert len(parts) <= min(count, whole.predictions // 4)
    assert len(parts) > min(count, 3) - 1
    assert [index for part in parts for index in sorted(part.history.named)] == list(range(11))
    shared = [item for part in parts for item in part.diagnostics]
    assert sorted(shared, key=lambda item: (item.path, item.span.start.offset, item.code)) == list(whole.diagnostics)
    assert sum(part.steps for part in parts) == whole.steps
    assert max(part.steps for part in parts) < whole.steps / len(parts) + 5


def test_what_is_proven_quickly_is_one_stretch() -> None:
    few = claims(*["CREATE TABLE t (a int);\n"], *["SELECT 1;\n"] * 20)
    assert list(few.stretches(8)) == [few]
    assert list(claims("SELECT 1;\n", named=frozenset()).stretches(8)) == []


def test_any_number_of_workers_gives_the_same_answer() -> None:
    first = claims(*(FILE.format(n=n) for n in range(4)), LATER)
    second = claims("CREATE TABLE IF NOT EXISTS u (a int);\nCREATE INDEX ON u (a);\n", "SELECT 1/0;\n")
    steps: list[None] = []

    alone = timeless(run([first, second], 1, proven=lambda: steps.append(None)))

    assert len(steps) == first.steps + second.steps
    assert timeless(run([first, second], 3)) == alone
    assert [file.path for file in alone[0].files] == ["0.sql", "1.sql", "2.sql", "3.sql", "4.sql", "0.sql", "1.sql"]
    proofs = [proof for file in alone[0].files for proof in file.proofs]
    assert len(proofs) == first.predictions + second.predictions == 10
    assert {(proof.verdict, proof.fixed) for proof in proofs} == {(Verdict.REPRODUCED, True)}


def test_a_history_finds_nothing_of_the_one_before() -> None:
    mine = claims("CREATE ROLE anon;\nCREATE TABLE IF NOT EXISTS t (a int);\nCREATE INDEX ON t (a);\n")
    platforms = claims("CREATE ROLE extra;\nGRANT anon TO extra;\n", framework="supabase")
    again = claims("CREATE ROLE extra;\nDROP ROLE anon;\n", framework="supabase")

    [proof] = run([mine, mine, platforms, mine, platforms, again])

    assert [file.fresh for file in proof.files[:5]] == ["it runs"] * 5
    assert "some objects depend on it" in proof.files[5].fresh


def test_extensions_that_stood_in_are_known_of_each_file() -> None:
    [proof] = run([claims("CREATE EXTENSION pgcrypto;\n", "CREATE EXTENSION pg_cron;\n", "DROP EXTENSION pgcrypto;\n")])

    assert [file.stand_ins for file in proof.files] == [("pgcrypto",), ("pg_cron", "pgcrypto"), ("pg_cron",)]
    assert proof.stand_ins == ("pg_cron", "pgcrypto")


def test_each_server_says_what_it_makes_of_it(old_programs: Path) -> None:
    # Only newer servers know the built-in locale provider's functions, or MERGE ... RETURNING.
    text = (
        FILE.format(n=0) + "MERGE INTO t0 USING (VALUES (1)) v (x) ON id = x WHEN MATCHED THEN DELETE RETURNING id;\n"
    )

    old, new = run([claims(FILE.format(n=0)), claims(text)], 2, Servers(bins=(old_programs, None)))

    assert old.server.startswith("PostgreSQL 15.")
    assert new.server.endswith("(embedded)")
    assert [file.runs for file in old.files] == [True, False]
    assert "42601" in old.files[1].fresh
    assert [file.runs for file in new.files] == [True, True]
    assert {proof.verdict for file in new.files for proof in file.proofs} == {Verdict.REPRODUCED}


def test_a_server_by_url_gets_one_worker_and_keeps_nothing() -> None:
    with open_server() as theirs:
        url = f"postgresql://postgres@/postgres?host={theirs.conninfo['host']}"
        names = "SELECT datname FROM pg_database UNION ALL SELECT rolname FROM pg_roles ORDER BY 1"
        before = theirs.maintenance.execute(names).fetchall()
        text = "CREATE TABLE IF NOT EXISTS t{n} (a int, b int);\nCREATE INDEX ON t{n} (a);\nCREATE INDEX ON t{n} (b);\n"
        [proof] = run([claims(*(text.format(n=n) for n in range(8)))], 8, Servers(database_url=url))
        assert theirs.maintenance.execute(names).fetchall() == before
    assert len(proof.files) == 8
    assert all(file.runs and file.proofs for file in proof.files)


SLOW = "CREATE TABLE IF NOT EXISTS s{n} (a int, b int);\nSELECT pg_sleep(0.1);\n" + "".join(
    f"CREATE INDEX ON s{{n}} (a, b, ({n}));\nCOMMENT ON COLUMN s{{n}}.a IS '{n}';\n" for n in range(3)
)


class Run:
    """``driftproof prove`` of several slow files with two workers, as another process that leads its own group."""

    def __init__(self, directory: Path) -> None:
        for n in range(8):
            (directory / f"{n}.sql").write_text(SLOW.format(n=n))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "driftproof", "prove", "-j", "2", "--format", "json", "."],
            cwd=directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def descendants(self) -> set[int]:
        """All processes below this one: workers, supervisors, servers."""
        parents = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(stat.parent.name)] = int(fields[1])
        found = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found - {self.process.pid}

    def workers(self) -> list[int]:
        """The processes that have a server each, when they are at work."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        end = time.monotonic() + 30
        while time.monotonic() < end:
            found = [int(pid) for pid in children.read_text().split()]
            if len(found) == 2 and len(self.descendants()) > 8:
                return found
            time.sleep(0.02)
        raise AssertionError("the workers did not start")


def gone(processes: set[int], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while any(Path(f"/proc/{pid}").exists() for pid in processes):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


linux = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="what runs is looked up in Linux's /proc")


@linux
def test_ctrl_c_leaves_no_server_and_says_nothing(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.workers()
    below = run.descendants()
    os.killpg(run.process.pid, signal.SIGINT)
    out, err = run.process.communicate(timeout=60)
    assert (run.process.returncode, out, err) == (130, b"", b"")
    assert gone(below)


@linux
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_run_leaves_no_server(tmp_path: Path, number: signal.Signals) -> None:
    run = Run(tmp_path)
    run.workers()
    below = run.descendants()
    run.process.send_signal(number)
    run.process.communicate(timeout=60)
    assert gone(below)


@linux
def test_what_a_killed_worker_had_to_do_is_done_all_the_same(tmp_path: Path) -> None:
    run = Run(tmp_path)
    killed = run.workers()[0]
    below = run.descendants()
    os.kill(killed, signal.SIGKILL)
    out, err = run.process.communicate(timeout=120)
    assert (run.process.returncode, err) == (1, b"")
    document = msgspec.json.decode(out)
    assert [Path(file["path"]).name for file in document["files"]] == [f"{n}.sql" for n in range(8)]
    assert document["summary"]["not_reproduced"] == document["summary"]["could_not_be_built"] == 0
    assert gone(below)
