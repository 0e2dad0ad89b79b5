"""``driftproof prove``: run the predicted failures, and the fixes, on a real server."""

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from driftproof.cli.inputs import Settings
    from driftproof.report.proof import ProofReport


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--database-url", metavar="URL", help="Make the throw-away databases on this server.")
@click.option("--allow-remote", is_flag=True, help="Let --database-url name a host that is not this machine.")
@click.option("--unsafe-fixes", is_flag=True, help="Try the unsafe fixes too.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--rerun",
    type=click.Choice(["auto", "always", "never"]),
    help="When to try what fails in a second run of a file.  [default: auto]",
)
@click.option("--framework", metavar="NAME", help="The tool that runs the migrations, if it is not recognised.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
@click.option("--config", metavar="FILE", help="Use this configuration for all files.")
@click.option("--isolated", is_flag=True, help="Use no configuration file.")
def prove(
    paths: tuple[str, ...],
    database_url: str | None,
    allow_remote: bool,
    unsafe_fixes: bool,
    form: str,
    rerun: str | None,
    framework: str | None,
    color: str,
    config: str | None,
    isolated: bool,
) -> int:
    """Build each start state that a diagnostic names, run the file in it, and run it again with the fix.

    Without --database-url a private PostgreSQL is started and thrown away. Exit status: 0 all files run in all states,
    1 a failure was reproduced, or a prediction or a fix did not hold, 2 something could not be proven.
    """
    if config is not None and isolated:
        raise click.UsageError("--config and --isolated exclude each other")
    from driftproof.cli.inputs import Settings
    from driftproof.report import proof, terminal

    report = _proven(
        paths,
        database_url,
        allow_remote,
        unsafe_fixes,
        Settings(framework=framework, file=config, isolated=isolated, rerun=rerun),
    )
    if form == "json":
        terminal.write(proof.as_json(report))
    else:
        terminal.write_text(proof.render(report, terminal.painter(terminal.wants_colour(color, sys.stdout))))
    return report.status


def _proven(
    paths: tuple[str, ...],
    database_url: str | None,
    allow_remote: bool,
    unsafe: bool,
    settings: "Settings",
) -> "ProofReport":
    import time

    from driftproof.analysis import analyse
    from driftproof.cli.inputs import read
    from driftproof.report.proof import ProofReport
    from driftproof.rule import load_rules
    from driftproof.runner.platforms import prepare
    from driftproof.runner.prove import FileProof
    from driftproof.runner.prove import prove as run
    from driftproof.runner.server import open_server

    started = time.perf_counter()
    jobs = read(paths, settings)
    known = load_rules()
    chosen = [job.config.rules(known) for job in jobs]
    files: list[FileProof] = []
    notes: list[str] = []
    with open_server(database_url, allow_remote) as server:
        for job, rules in zip(jobs, chosen, strict=True):
            analysis = analyse(job.history, rules, known, rerun=job.config.rerun, fixing=job.config.fixing)
            diagnostics = job.config.adjust(analysis.diagnostics, job.history, known)
            platform = prepare(server, job.history.framework.platform)
            notes += [note for note in platform.notes if note not in notes]
            files += run(job.history, diagnostics, server, platform, unsafe=unsafe)
        return ProofReport(server.description, tuple(files), tuple(notes), time.perf_counter() - started)
