"""``driftproof prove``: run the predicted failures, and the fixes, on a real server."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from driftproof.cli.inputs import Job
    from driftproof.report.proof import ProofReport
    from driftproof.rule import Rule
    from driftproof.runner.explore import Exploration
    from driftproof.runner.workers import Claims, Servers

_NOT_FOLLOWED = "DP004"


class Tries(NamedTuple):
    """What is tried besides the predictions: fixes, as check --fix makes them, and other states."""

    unsafe: bool
    fail_on: str | None
    explore: int
    seed: int
    witnesses: bool


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--database-url", metavar="URL", help="Make the throw-away databases on this server.")
@click.option("--allow-remote", is_flag=True, help="Let --database-url name a host that is not this machine.")
@click.option(
    "--pg-bin",
    multiple=True,
    metavar="DIR",
    help="Start the private server from the programs in DIR; given several times, all is tried on each.",
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many private servers work at the same time.  [default: the processors]",
)
@click.option("--unsafe-fixes", is_flag=True, help="Try the unsafe fixes too.")
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "info"]),
    help="Try the fixes that check --fix makes with this.  [default: warning]",
)
@click.option(
    "--explore",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Try N more states of each file, in which nothing is said to fail.",
)
@click.option("--seed", type=int, default=1, metavar="N", help="Chooses those states.  [default: 1]")
@click.option("--witness", metavar="DIR", help="Write a script for psql into DIR for each failure that was reproduced.")
@click.option("--format", "form", type=click.Choice(["text", "json", "junit"]), default="text", show_default=True)
@click.option("-o", "--output-file", metavar="FILE", help="Write the report to FILE.")
@click.option(
    "--rerun",
    type=click.Choice(["auto", "always", "never"]),
    help="When to try what fails in a second run of a file.  [default: auto]",
)
@click.option(
    "--direction",
    type=click.Choice(["up", "down", "both"]),
    help="Try the migrations, their ways back, or both.  [default: up]",
)
@click.option("--framework", metavar="NAME", help="The tool that runs the migrations, if it is not recognised.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
@click.option("--config", metavar="FILE", help="Use this configuration for all files.")
@click.option("--isolated", is_flag=True, help="Use no configuration file.")
def prove(
    paths: tuple[str, ...],
    database_url: str | None,
    allow_remote: bool,
    pg_bin: tuple[str, ...],
    jobs: int | None,
    unsafe_fixes: bool,
    fail_on: str | None,
    explore: int,
    seed: int,
    witness: str | None,
    form: str,
    output_file: str | None,
    rerun: str | None,
    direction: str | None,
    framework: str | None,
    color: str,
    config: str | None,
    isolated: bool,
) -> int:
    """Build each start state that a diagnostic names, run the file in it, and run what check --fix makes of it there.

    Without --database-url a private PostgreSQL is started and thrown away. Exit status: 0 all files run in all states,
    1 a failure was reproduced, or a prediction or a fix did not hold, 2 something could not be proven.
    """
    if config is not None and isolated:
        raise click.UsageError("--config and --isolated exclude each other")
    if database_url is not None and (pg_bin or jobs):
        raise click.UsageError("--database-url names one server, for one worker: leave --pg-bin and --jobs out")
    if output_file is not None and not Path(output_file).parent.is_dir():
        raise click.UsageError(f"there is no directory for {output_file}")
    from driftproof.cli.inputs import Settings, read
    from driftproof.report import terminal
    from driftproof.runner import programs
    from driftproof.runner.workers import Servers

    bins = tuple(dict.fromkeys(map(programs.named, pg_bin))) or (None,)
    report = _proven(
        read(
            paths,
            Settings(
                framework=framework, file=config, isolated=isolated, rerun=rerun, direction=direction, ways_back=True
            ),
        ),
        Servers(database_url, allow_remote, bins),
        jobs,
        Tries(unsafe_fixes, fail_on, explore, seed, witness is not None),
    )
    if witness is not None:
        from driftproof.runner.witness import write

        write(Path(witness), (one for server in report.servers[:1] for file in server.files for one in file.witnesses))
    said = _said(report, form, terminal.wants_colour(color, sys.stdout) if output_file is None else color == "always")
    if output_file is not None:
        Path(output_file).write_bytes(said if isinstance(said, bytes) else said.encode(errors="backslashreplace"))
    elif isinstance(said, bytes):
        terminal.write(said)
    else:
        terminal.write_text(said)
    return report.status


def _said(report: "ProofReport", form: str, colour: bool) -> bytes | str:
    """The report, as text or in a format that fixes its bytes."""
    if form == "junit":
        from driftproof.report import junit

        return junit.render(report)
    from driftproof.report import proof, terminal

    return proof.as_json(report) if form == "json" else proof.render(report, terminal.painter(colour))


def _proven(jobs: "Sequence[Job]", servers: "Servers", workers: int | None, tries: Tries) -> "ProofReport":
    import time

    from driftproof.processes import processors
    from driftproof.report.progress import progress
    from driftproof.report.proof import ProofReport
    from driftproof.runner.workers import prove_all

    started = time.perf_counter()
    claims = _claims(jobs, tries)
    steps = sum(one.steps for one in claims) * len(servers.bins)
    with progress("proving", steps) as proven:
        proofs = prove_all(claims, servers, jobs=workers or processors(), proven=proven)
    return ProofReport(tuple(proofs), time.perf_counter() - started)


def _claims(jobs: "Sequence[Job]", tries: Tries) -> "list[Claims]":
    """What is predicted for each history, and what its files look like when they are fixed."""
    from driftproof.rule import load_rules

    known = load_rules()
    # All rules are chosen before anything is looked at: a wrong name must not come up between two histories.
    chosen = [(job, job.config.rules(known)) for job in jobs]
    return [_claim(job, rules, known, tries) for job, rules in chosen]


def _claim(job: "Job", rules: "Sequence[Rule]", known: "Sequence[Rule]", tries: Tries) -> "Claims":
    from functools import partial

    from driftproof.analysis import analyse
    from driftproof.fix.apply import fix_history
    from driftproof.runner.workers import Claims

    history, config = job.history, job.config
    found = analyse(history, rules, known, rerun=config.rerun, fixing=config.fixing).diagnostics
    failing = partial(config.failing, history=history, rules=known, fail_on=tries.fail_on)
    _, fixed = fix_history(history, rules, failing, unsafe=tries.unsafe, rerun=config.rerun, fixing=config.fixing)
    fixed = [file for file in fixed if file.rounds]
    return Claims(
        history, config.adjust(found, history, known), tuple(fixed), _exploration(job, known, tries), tries.witnesses
    )


def _exploration(job: "Job", known: "Sequence[Rule]", tries: Tries) -> "Exploration | None":
    """What to try besides. All rules speak, of second runs too: what they say anywhere was not missed."""
    if not tries.explore:
        return None
    from driftproof.analysis import analyse
    from driftproof.rerun import Rerun
    from driftproof.runner.explore import Exploration

    rules = [rule for rule in known if rule.default or rule.code == _NOT_FOLLOWED]
    said = analyse(job.history, rules, known, rerun=Rerun.ALWAYS, every=True).diagnostics
    return Exploration(tries.explore, tries.seed, said, _NOT_FOLLOWED)
