"""``driftproof preflight``: ask the database that is about to be migrated."""

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from driftproof.cli.inputs import Job
    from driftproof.history import History
    from driftproof.runner.preflight import Preflight


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--database-url", metavar="URL", help="The database, on whatever host; it is only read.")
@click.option("--snapshot", metavar="FILE", help="Write what the database has to NAME.snapshot.json, for check.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--framework", metavar="NAME", help="The tool that runs the migrations, if it is not recognised.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
def preflight(
    paths: tuple[str, ...],
    database_url: str | None,
    snapshot: str | None,
    form: str,
    framework: str | None,
    color: str,
) -> int:
    """Say which pending migrations will fail on the database that is about to run them.

    With --database-url its catalogs and rows are read, in one transaction that can't write. Without it, the same
    questions are printed as SQL for any console, with the answers to expect. Exit status: 0 no pending migration will
    fail as far as is known, 1 one will, 2 the database could not be asked.
    """
    job = _job(paths, framework)
    if database_url is None:
        if snapshot is not None or form == "json":
            raise click.UsageError(f"{'--snapshot' if snapshot is not None else '--format json'} needs --database-url")
        return _printed(job)
    from driftproof.report import preflight as report
    from driftproof.report.terminal import painter, wants_colour, write, write_text

    found = _asked(job.history, database_url, snapshot)
    if form == "json":
        write(report.as_json(found))
    else:
        write_text(report.render(found, painter(wants_colour(color, sys.stdout))))
    return found.status


def _asked(history: "History", database_url: str, snapshot: str | None) -> "Preflight":
    from pathlib import Path

    from driftproof.history.evidence import check_name, written
    from driftproof.runner.preflight import preflight as ask
    from driftproof.runner.server import connect_to

    if snapshot is not None:
        check_name(Path(snapshot))
    # It changes nothing there, so another host needs no second word.
    with connect_to(database_url, allow_remote=True) as connection:
        found = ask(connection, history)
    if snapshot is not None:
        Path(snapshot).write_bytes(written(found.seen))
    return found


def _job(paths: tuple[str, ...], framework: str | None) -> "Job":
    """The one history that is meant."""
    from driftproof.cli.inputs import Settings, one_history

    return one_history(paths, Settings(framework=framework))


def _printed(job: "Job") -> int:
    from driftproof.analysis import analyse
    from driftproof.report.script import script
    from driftproof.report.terminal import write_text
    from driftproof.rule import load_rules

    rules = job.config.rules(load_rules())
    write_text(script(job.history, analyse(job.history, rules).diagnostics))
    return 0
