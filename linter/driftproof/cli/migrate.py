"""``driftproof migrate``: the reference runner."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from driftproof.history import History
    from driftproof.report.terminal import Paint
    from driftproof.runner.migrate import Step
    from driftproof.runner.plan import Applied, Entry, Plan
    from driftproof.runner.progress import Resume, Stop
    from driftproof.runner.server import Connection

_PATH = click.argument("path", required=False, metavar="[PATH]")
_URL = click.option("--database-url", metavar="URL", help="The database; without it, a new one on the embedded server.")
_REMOTE = click.option("--allow-remote", is_flag=True, help="Let the database be on another machine.")
_FRAMEWORK = click.option("--framework", metavar="NAME", help="The tool that runs the migrations, if not recognised.")


@click.group()
def migrate() -> None:
    """Apply migrations, each in its framework's run mode, and show the statement that fails.

    PATH is a directory of migrations, or a file in one: then nothing behind it is applied. Without --database-url the
    history is replayed on a throw-away server. Exit status: 0 done, 1 a migration failed, 2 nothing could be done.
    """


@migrate.command()
@_PATH
@_URL
@_REMOTE
@_FRAMEWORK
@click.option("--dry-run", is_flag=True, help="Say what would be applied, and change nothing.")
@click.option(
    "--resume",
    type=click.Choice(["repeat", "skip", "restart"]),
    help="Where a run was killed: run the statement again, go on behind it, or run the whole file again.",
)
def up(
    path: str | None,
    database_url: str | None,
    allow_remote: bool,
    framework: str | None,
    dry_run: bool,
    resume: str | None,
) -> int:
    """Apply the migrations that the database lacks, in their order.

    Each is recorded in the table driftproof.migrations of that database. Nothing is applied when a migration that was
    applied has been edited or is missing, or when a new one stands before one that is applied. A migration whose
    statements commit one by one, and that stopped halfway, goes on behind the last statement that stays.
    """
    from driftproof.runner.migrate import applied, stopped
    from driftproof.runner.plan import plan
    from driftproof.runner.progress import Resume

    history, upto = _history(path, framework)
    chosen = None if resume is None else Resume(resume)
    if database_url is None:
        return _dry(history, plan(history, (), upto)) if dry_run else _replay(history, upto)
    from driftproof.runner.server import connect_to, describe

    with connect_to(database_url, allow_remote) as connection:
        where = f"{describe(connection)}, database {connection.info.dbname}"
        if dry_run:
            return _dry(history, plan(history, applied(connection), upto, stopped(connection), chosen))
    return _apply(lambda: connect_to(database_url, allow_remote), history, where, upto, chosen)


@migrate.command()
@_PATH
@_URL
@_REMOTE
@_FRAMEWORK
def status(path: str | None, database_url: str | None, allow_remote: bool, framework: str | None) -> int:
    """Say of each migration whether it is applied, and what stands in the way of the others.

    Exit status 1: some migration is edited, missing or out of order, or it is not certain where one stopped. Without
    --database-url all are pending.
    """
    from driftproof.runner.migrate import applied, stopped
    from driftproof.runner.plan import plan

    history, upto = _history(path, framework)
    rows: tuple[Applied, ...] = ()
    halfway: tuple[Stop, ...] = ()
    if database_url is not None:
        from driftproof.runner.server import connect_to

        with connect_to(database_url, allow_remote) as connection:
            rows, halfway = applied(connection), stopped(connection)
    made = plan(history, rows, upto, halfway)
    _print(*_table(made, _paint()))
    return 1 if made.problems else 0


def _history(path: str | None, framework: str | None) -> "tuple[History, int | None]":
    """The one history that is meant, and the index of the last migration to apply, where PATH is a file."""
    from pathlib import Path

    from driftproof.cli.inputs import Settings, one_history

    history = one_history([] if path is None else [path], Settings(framework=framework)).history
    return history, max(history.named) if path is not None and Path(path).is_file() else None


def _replay(history: "History", upto: int | None) -> int:
    """Apply a history to a new database of the embedded server, which goes afterwards."""
    from driftproof.runner.platforms import prepare
    from driftproof.runner.server import open_server

    with open_server() as server:
        platform = prepare(server, history.framework.platform)
        database = server.create_database(platform.template)
        where = server.description + (f", platform {platform.name}" if platform.name else "")
        status = _apply(lambda: server.connect(database), history, where, upto)
        with server.connect(database) as connection:
            stood_in = platform.stood_in(connection)
    if stood_in:
        _print(f"stand-ins, not the real extensions: {', '.join(stood_in)}")
    return status


def _apply(
    connect: "Callable[[], Connection]",
    history: "History",
    where: str,
    upto: int | None,
    resume: "Resume | None" = None,
) -> int:
    from driftproof.report import counted
    from driftproof.report.terminal import GREEN, RED, YELLOW
    from driftproof.runner.migrate import up as apply
    from driftproof.runner.plan import name_of
    from driftproof.runner.show import failure

    paint = _paint()
    count = 0

    def planned(plan: "Plan") -> None:
        nonlocal count
        count = len(plan.pending)
        _print(f"{where}: {counted(count, 'migration')} to apply ({history.framework.title})")
        _print(*(f"  {line}" for line in map(_stopped, plan.entries) if line))

    def done(step: "Step") -> None:
        word, style = ("failed", RED) if step.failed else ("undone", YELLOW) if step.undone else ("applied", GREEN)
        _print(f"  {paint(f'{word:7}', style)}  {name_of(step.migration)}  {step.outcome.seconds * 1000:.0f} ms")
        for note in step.outcome.notes:
            _print(f"           {note}")

    steps = apply(connect, history, planned, done, upto, resume)
    if not steps or not steps[-1].failed:
        return 0
    last = steps[-1]
    _print("")
    if last.outcome.left_open:
        _print(f"{last.migration.path}: the transaction that it begins is never ended: nothing of it stays")
    else:
        _print(*failure(last.migration, last.outcome, paint))
        if not last.migration.run_mode.clean_after_failure and last.outcome.statement:
            _print(
                f"What the {counted(last.outcome.statement, 'statement')} before did may stay: each commits on its own."
            )
    stayed = sum(not step.failed and not step.undone for step in steps)
    _print("", f"{stayed} applied, 1 failed, {count - len(steps)} not tried")
    return 1


def _dry(history: "History", made: "Plan") -> int:
    from driftproof.report import counted
    from driftproof.runner.plan import name_of

    made.check()
    _print(f"{counted(len(made.pending), 'migration')} to apply ({history.framework.title})")
    _print(*(f"  {name_of(migration)}  {migration.run_mode}" for migration in made.pending))
    _print(*filter(None, map(_stopped, made.entries)))
    return 0


def _stopped(entry: "Entry") -> str:
    """Where an earlier run of a migration stopped, and where the next one goes on; empty if none did."""
    if entry.stop is None or entry.migration is None or entry.problem is not None:
        return ""
    from driftproof.report import counted
    from driftproof.runner.execute import pieces_of, steps_of

    word = "part" if entry.migration.cuts else "statement"
    steps, source = steps_of(entry.migration, pieces_of(entry.migration)), entry.migration.source
    why = f" ({entry.stop.error})" if entry.stop.error else ""
    done = f"{entry.name} stopped on {entry.stop.stopped_at:%Y-%m-%d %H:%M} after {counted(entry.stop.done, word)}"
    if entry.start >= len(steps):
        return f"{done}{why}: nothing is left but to record it"
    line = source.line_number(steps[entry.start][0])
    return f"{done}{why}: it goes on with {word} {entry.start + 1}, line {line}"


def _table(plan: "Plan", paint: "Paint") -> list[str]:
    from driftproof.report.terminal import DIM, GREEN, RED, YELLOW
    from driftproof.runner.plan import State

    styles = {State.APPLIED: GREEN, State.PENDING: YELLOW, State.STOPPED: YELLOW}
    lines = []
    for entry in plan.entries:
        when = f"{entry.applied.applied_at:%Y-%m-%d %H:%M:%S}" if entry.applied is not None else ""
        lines.append(
            f"{paint(f'{entry.state:12}', styles.get(entry.state, RED))}  {paint(f'{when:19}', DIM)}  {entry.name}"
        )
    counts = [(state, sum(entry.state is state for entry in plan.entries)) for state in State]
    lines += ["", ", ".join(f"{count} {state}" for state, count in counts if count)]
    lines += [*filter(None, map(_stopped, plan.entries)), *plan.problems]
    return lines


def _paint() -> "Paint":
    import sys

    from driftproof.report.terminal import painter, wants_colour

    return painter(wants_colour("auto", sys.stdout))


def _print(*lines: str) -> None:
    from driftproof.report.terminal import write_text

    for line in lines:
        write_text(line.rstrip() + "\n")
