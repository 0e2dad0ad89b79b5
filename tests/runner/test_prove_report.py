"""What `prove` says of proofs: exit status, text, JSON and JUnit, and the bar on a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import msgspec
import pytest

from driftproof.cli import main
from driftproof.report import junit, proof
from driftproof.report.proof import ProofReport
from driftproof.report.terminal import painter
from driftproof.runner.proofs import FileProof, Proof, Verdict
from driftproof.runner.workers import ServerProof
from tests.histories import check

if TYPE_CHECKING:
    from collections.abc import Callable

DOUBT = "CREATE TABLE IF NOT EXISTS t (a int, b int);\nCOMMENT ON COLUMN t.b IS 'x';\n"
[CLAIM] = check(DOUBT).diagnostics
HELD = Proof(CLAIM, Verdict.REPRODUCED, "statement 2 fails", True, "it runs", seconds=0.25)
REFUTED = Proof(CLAIM, Verdict.NOT_REPRODUCED, "it runs")
NOT_BUILT = Proof(CLAIM, Verdict.NOT_BUILT, "a partition key stays")
NOT_FIXED = Proof(CLAIM, Verdict.REPRODUCED, "statement 2 fails", False, "statement 3 fails")
CLEAN = FileProof("clean.sql", True, "it runs", (), seconds=0.5)
BROKEN = FileProof("broken.sql", False, "statement 1 fails: 42P01", ())


def file(*proofs: Proof, path: str = "a.sql", differences: tuple[str, ...] | None = None) -> FileProof:
    return FileProof(path, True, "it runs", proofs, differences, stand_ins=("pg_cron",), seconds=1.0)


def report(*files: FileProof, servers: tuple[str, ...] = ("PostgreSQL 18.6 (embedded)",)) -> ProofReport:
    return ProofReport(tuple(ServerProof(server, files) for server in servers), 2.0)


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ((), 0),
        ((CLEAN,), 0),
        ((CLEAN, BROKEN), 2),
        ((file(NOT_BUILT), CLEAN), 2),
        ((file(NOT_BUILT), BROKEN), 2),
        ((file(HELD),), 1),
        ((file(REFUTED),), 1),
        ((file(NOT_FIXED, NOT_BUILT), BROKEN), 1),
        ((file(differences=("+ table public.t",)),), 1),
    ],
)
def test_what_could_not_be_proven_is_never_counted_as_proven(files: tuple[FileProof, ...], status: int) -> None:
    assert report(*files).status == status
    assert report(*files, servers=("one", "other")).status == status


def test_one_server_is_enough_to_fail() -> None:
    made = ProofReport((ServerProof("one", (CLEAN,)), ServerProof("other", (BROKEN,))), 1.0)
    assert made.status == 2


def test_the_text_names_servers_and_stand_ins() -> None:
    one = proof.render(report(file(HELD)), painter(False))
    assert one.startswith(
        "on PostgreSQL 18.6 (embedded)\nstand-ins, not the real extensions: pg_cron\n\na.sql\n  fresh database: runs\n"
    )
    both = proof.render(report(file(NOT_BUILT), servers=("PostgreSQL 17.1", "PostgreSQL 18.6")), painter(False))
    assert both.splitlines()[-2:] == [
        f"PostgreSQL {version}: 1 of 1 files run in a fresh database; 1 predicted failures: 0 reproduced,"
        f" 0 not reproduced, 1 could not be built; 0 of 0 fixed states run{end}"
        for version, end in (("17.1", ""), ("18.6", " (2.0 s)"))
    ]
    assert proof.render(ProofReport((), 0.0), painter(False)) == "0 of 0 files run in a fresh database (0.0 s)\n"


def test_json_names_the_server_of_each_verdict() -> None:
    document = json.loads(proof.as_json(report(file(HELD), servers=("one", "other"))))
    assert document["servers"] == [{"server": name, "stand_ins": ["pg_cron"], "notes": []} for name in ("one", "other")]
    assert [(one["server"], one["stand_ins"], len(one["proofs"])) for one in document["files"]] == [
        ("one", ["pg_cron"], 1),
        ("other", ["pg_cron"], 1),
    ]


def cases(suite: ElementTree.Element) -> list[tuple[str | None, str | None]]:
    """Name and outcome of each case."""
    return [(case.get("name"), next((child.tag for child in case), None)) for case in suite.iter("testcase")]


def test_junit_has_a_suite_a_file_and_a_case_for_all_that_is_to_be_shown() -> None:
    root = ElementTree.fromstring(junit.render(report(file(HELD, NOT_BUILT, NOT_FIXED, differences=()), CLEAN, BROKEN)))

    first, clean, broken = root.findall("testsuite")
    claim = "2:19 DP101 drift: column t.b may not exist here: 42703"
    assert cases(first) == [
        ("fresh database", None),
        ("fresh database with the fix", None),
        (claim, "failure"),
        (f"{claim}, with the fix", None),
        (claim, "skipped"),
        (claim, "failure"),
        (f"{claim}, with the fix", "failure"),
    ]
    assert (cases(clean), clean.get("time")) == ([("fresh database", None)], "0.500")
    assert cases(broken) == [("fresh database", "skipped")]
    assert [first.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["7", "3", "0", "1"]
    assert [root.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["9", "3", "0", "2"]
    assert {(item.get("name"), item.get("value")) for item in first.iter("property")} == {
        ("server", "PostgreSQL 18.6 (embedded)"),
        ("stand-in", "pg_cron"),
    }
    assert [case.get("time") for case in first.iter("testcase")][2:4] == ["0.250", "0.000"]
    assert all(case.get("classname") == "a.sql" for case in first.iter("testcase"))


def test_junit_says_what_the_fix_leaves_behind() -> None:
    less = msgspec.structs.replace(HELD, lacks=("- index public.i",))
    files = [msgspec.structs.replace(file(less, differences=()), again=again) for again in ((), ("+ table public.t",))]
    once, twice = ElementTree.fromstring(junit.render(report(*files))).findall("testsuite")

    assert [outcome for _, outcome in cases(once)] == [None, None, None, "failure", "failure"]
    assert ("second run with the fix", "failure") in cases(twice)
    assert [said.text for said in twice.iter("failure")][0::2] == ["+ table public.t", "- index public.i"]


def test_the_cases_of_several_servers_have_names_of_their_own() -> None:
    root = ElementTree.fromstring(junit.render(report(CLEAN, servers=("one", "other"))))
    assert [suite.get("name") for suite in root] == ["clean.sql on one", "clean.sql on other"]


NASTY = "".join(map(chr, range(1, 0x30))) + "\x7f\x85 <&]]>\"' \u2028 \ud800 \udcff \ufffe \uffff \U0001f600"


def test_any_text_makes_a_well_formed_document() -> None:
    proofs = (
        msgspec.structs.replace(HELD, detail=NASTY, diagnostic=msgspec.structs.replace(CLAIM, message=NASTY)),
        msgspec.structs.replace(NOT_FIXED, fixed_detail=NASTY),
        msgspec.structs.replace(NOT_BUILT, detail=NASTY),
    )
    path = NASTY.replace("\ud800", "")  # bytes that are no text are U+DC80 and above
    nasty = FileProof(path, False, NASTY, proofs, (NASTY,), (NASTY,), stand_ins=(NASTY,))
    data = junit.render(report(nasty, servers=(NASTY, "other")))
    assert len(list(ElementTree.fromstring(data).iter("testcase"))) == 2 * 8
    assert "\U0001f600" in data.decode()


class TestCommand:
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "1.sql").write_text("CREATE EXTENSION pg_cron;\n")
        (tmp_path / "2.sql").write_text(DOUBT)
        return tmp_path

    def test_a_report_goes_to_a_file(self, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        assert main(["prove", "--format", "junit", "-o", "report.xml", "."]) == 1
        assert capfd.readouterr() == ("", "")
        root = ElementTree.fromstring((folder / "report.xml").read_bytes())
        assert [suite.get("name") for suite in root] == ["1.sql", "2.sql"]
        assert [(suite.get("tests"), suite.get("failures")) for suite in root] == [("1", "0"), ("5", "1")]
        assert {item.get("value") for item in root[0].iter("property") if item.get("name") == "stand-in"} == {"pg_cron"}

    def test_ways_back_are_tried_behind_their_migrations(self, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        sql = "-- +goose Up\nCREATE TABLE IF NOT EXISTS t (a int, b int);\n-- +goose Down\n"
        (folder / "m").mkdir()
        (folder / "m" / "1_a.sql").write_text(f"{sql}ALTER TABLE t DROP COLUMN b;\nDROP TABLE t;\n")
        (folder / "m" / "2_b.sql").write_text(f"{sql}SELECT 1;\nDROP TABLE t, nowhere;\n")
        assert main(["prove", "--direction", "both", "-j", "1", "--format", "json", "m"]) == 1
        document = msgspec.json.decode(capfd.readouterr().out)
        assert [(file["path"], file["direction"], file["fresh"]["runs"]) for file in document["files"]] == [
            ("m/1_a.sql", "up", True),
            ("m/1_a.sql", "down", True),
            ("m/2_b.sql", "up", True),
            ("m/2_b.sql", "down", False),
        ]
        [proof] = document["files"][1]["proofs"]
        assert (proof["code"], proof["line"], proof["verdict"], proof["fix"]["runs"]) == (
            "DP101",
            4,
            "reproduced",
            True,
        )
        assert main(["prove", "--direction", "down", "m/1_a.sql"]) == 1
        assert "m/1_a.sql (the way back)\n  fresh database: runs\n" in capfd.readouterr().out

    def test_changesets_are_taken_back_in_their_order(self, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        make = "CREATE TABLE IF NOT EXISTS t (a int, b int);\n--rollback DROP TABLE t\n"
        view = "CREATE VIEW v AS SELECT a FROM t;\n--rollback DROP VIEW v\n"
        drop = "SELECT 1;\n--rollback ALTER TABLE t DROP COLUMN b\n"
        text = f"--liquibase formatted sql\n--changeset a:1\n{make}--changeset a:2\n{view}--changeset a:3\n{drop}"
        (folder / "m").mkdir()
        (folder / "m" / "1.sql").write_text(text)
        assert main(["prove", "--direction", "down", "-j", "1", "--format", "json", "m"]) == 1
        [file] = msgspec.json.decode(capfd.readouterr().out)["files"]
        assert (file["direction"], file["fresh"]["runs"]) == ("down", True)
        assert [(proof["code"], proof["line"], proof["verdict"]) for proof in file["proofs"]] == [
            ("DP101", 10, "reproduced")
        ]

    def test_a_text_in_a_file_has_no_colours(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FORCE_COLOR", "1")
        assert main(["prove", "-o", "report.txt", "1.sql"]) == 0
        text = (folder / "report.txt").read_text()
        assert "\x1b" not in text
        assert "stand-ins, not the real extensions: pg_cron" in text

    @pytest.mark.parametrize(
        ("args", "message"),
        [
            (["--pg-bin", "nowhere"], "nowhere has no programs postgres and initdb: name the bin directory of a "),
            (["-j", "0"], "invalid value for '-j' / '--jobs': 0 is not in the range x>=1"),
            (["--jobs", "2", "--database-url", "postgresql:///x"], "--database-url names one server, for one worker"),
            (["--pg-bin", ".", "--database-url", "postgresql:///x"], "--database-url names one server"),
            (["-o", "no/such/file"], "there is no directory for no/such/file"),
        ],
    )
    def test_what_cannot_be_used_is_told_in_one_line(
        self, capfd: pytest.CaptureFixture[str], args: list[str], message: str
    ) -> None:
        assert main(["prove", *args, "."]) == 2
        out, err = capfd.readouterr()
        assert out == ""
        assert err.startswith(f"driftproof: {message}")
        assert err.count("\n") == 1

    def test_all_is_tried_on_each_postgresql(self, capfd: pytest.CaptureFixture[str], old_programs: Path) -> None:
        from driftproof.runner.programs import find

        newest = str(find())
        args = ["prove", "2.sql", "--format", "json", "--pg-bin", str(old_programs), "--pg-bin", newest]
        assert main([*args, "--pg-bin", newest]) == 1
        document = json.loads(capfd.readouterr().out)
        versions = [server["server"].split()[1].split(".")[0] for server in document["servers"]]
        assert versions == ["15", "18"]
        assert [one["server"] for one in document["files"]] == [one["server"] for one in document["servers"]]
        assert [item["verdict"] for one in document["files"] for item in one["proofs"]] == ["reproduced"] * 2


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX terminals")
class TestProgress:
    """A bar for who looks on."""

    @staticmethod
    def shown(changes: dict[str, str], steps: Callable[[], str] = lambda: "time.sleep(0.3)") -> bytes:
        """What comes out on a terminal of something that takes four steps."""
        import pty

        script = (
            "import time\nfrom driftproof.report.progress import progress\n"
            f"with progress('proving', 4) as step:\n for _ in range(4):\n  {steps()}\n  step()\n"
        )
        environment = {key: value for key, value in os.environ.items() if key != "CI"} | {"TERM": "xterm"} | changes
        ours, theirs = pty.openpty()
        subprocess.run([sys.executable, "-c", script], stderr=theirs, env=environment, check=True, timeout=60)
        os.close(theirs)
        try:
            return os.read(ours, 65536)
        except OSError:
            return b""
        finally:
            os.close(ours)

    def test_a_bar_appears_when_it_takes_a_moment(self) -> None:
        shown = self.shown({})
        assert b"proving" in shown
        assert b"4/4" in shown
        assert b"1/4" not in shown, "the first step came within the moment"

    def test_what_is_quick_shows_nothing(self) -> None:
        assert self.shown({}, lambda: "pass") == b""

    @pytest.mark.parametrize("changes", [{"CI": "true"}, {"TERM": "dumb"}])
    def test_where_nobody_looks_on_there_is_none(self, changes: dict[str, str]) -> None:
        assert self.shown(changes) == b""

    def test_in_a_pipe_there_is_none(self, tmp_path: Path) -> None:
        for n in range(3):
            (tmp_path / f"{n}.sql").write_text(f"SELECT pg_sleep(0.3);\nCREATE TABLE t{n} (a int);\n")
        command = [sys.executable, "-m", "driftproof", "prove", "."]
        environment = {key: value for key, value in os.environ.items() if key != "CI"}
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, env=environment, timeout=120)
        assert (ran.returncode, ran.stderr) == (0, b"")
