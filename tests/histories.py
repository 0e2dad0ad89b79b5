"""Histories made of texts, for tests."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from driftproof.analysis import Analysis, analyse
from driftproof.diagnostic import Certainty
from driftproof.history import History, RunMode, named, read_directory
from driftproof.rerun import Rerun
from driftproof.rule import Case, Rule, load_rules

RULES = load_rules()


def history_of(*texts: str | bytes, framework: str = "plain", mode: str | None = None) -> History:
    """A history of these migrations in this order; the last one is named. ``mode`` is that of a tool that is sure to
    run them so."""
    chosen = named(framework)
    if mode is not None:
        chosen = msgspec.structs.replace(chosen, run_mode=RunMode(mode), mode=None, guessed=False)
    migrations = tuple(
        chosen.migration(index, Path(f"{index}.sql"), text.encode() if isinstance(text, str) else text)
        for index, text in enumerate(texts)
    )
    return History(chosen, migrations, frozenset({len(texts) - 1}))


def check(*texts: str | bytes, framework: str = "plain", rerun: Rerun = Rerun.NEVER) -> Analysis:
    """What all rules find in the last of these migrations."""
    return analyse(history_of(*texts, framework=framework), RULES, rerun=rerun)


def found(*texts: str | bytes, framework: str = "plain", rerun: Rerun = Rerun.NEVER) -> list[str]:
    """The findings in the last of these migrations, one line each: ``line certainty sqlstate kind object``."""
    return [
        f"{item.span.start.line} {item.certainty} {item.sqlstate} {item.object.kind} {item.object}"
        for item in check(*texts, framework=framework, rerun=rerun).diagnostics
        if item.object is not None
    ]


def history_of_case(case: Case) -> History:
    """The history that a rule's case is about: of texts, or of a real directory where names matter."""
    if case.name is None:
        history = history_of(*case.earlier, case.sql, mode=case.mode, framework=case.framework)
        return history if case.direction == "up" else with_way_back(history)
    with TemporaryDirectory() as place:
        return _history_of_files(case, Path(place).resolve())


def with_way_back(history: History) -> History:
    """The history with the way back of its last migration, which is asked about too."""
    *others, last = history.migrations
    migrations = (*others, history.framework.with_back(last))
    return msgspec.structs.replace(history, migrations=migrations, backs=frozenset({last.index}))


def _history_of_files(case: Case, root: Path) -> History:
    assert case.name is not None
    directory = root / "migrations"
    if case.main is not None:
        repository(root, {f"migrations/{name}": text for name, text in case.main.items()})
        for name in case.main:
            (directory / name).unlink()
    write(directory, case.beside | {case.name: case.sql})
    *_, history = read_directory(directory, None, case.framework)
    _ = history.around.ignored, history.around.changes  # while the directory is there
    named = [one.index for one in history.migrations if one.path == str(directory / case.name)]
    return msgspec.structs.replace(history, named=frozenset(named))


def write(directory: Path, files: Mapping[str, str]) -> None:
    """Write files into a directory."""
    for name, text in files.items():
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def repository(root: Path, files: Mapping[str, str]) -> None:
    """A git repository whose main branch has these files; the work goes on another one."""
    write(root, files)
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--allow-empty", "--message=main")
    git(root, "checkout", "--quiet", "-b", "work")


def git(root: Path, *arguments: str) -> None:
    """Run git there, whatever is configured on this machine."""
    settings = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *settings, *arguments], cwd=root, check=True, capture_output=True)


def rerun_of(rule: Rule) -> Rerun:
    """When a second run is looked at in the cases of a rule: in those of the rules that are about it."""
    return Rerun.ALWAYS if any(case.certainty is Certainty.RERUN for case in rule.cases) else Rerun.NEVER
