"""``driftproof check``: lint, and with ``--fix`` rewrite."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import click

if TYPE_CHECKING:
    from driftproof.cli.inputs import Job, Settings
    from driftproof.config import Choice
    from driftproof.diagnostic import Diagnostic
    from driftproof.fix.apply import FixedFile
    from driftproof.history import History
    from driftproof.report import Report
    from driftproof.rule import Rule
    from driftproof.source import Source

_RULES = "CODE,..."


class _Done(NamedTuple):
    """What came of a history."""

    history: "History"
    diagnostics: "tuple[Diagnostic, ...]"
    files: int
    statements: int
    fixed: "list[FixedFile]"
    failing: bool
    least: int


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--fix", is_flag=True, help="Rewrite the files with the safe fixes.")
@click.option("--diff", is_flag=True, help="Print what --fix would change, and change nothing.")
@click.option("--unsafe-fixes", is_flag=True, help="Count and make the unsafe fixes too.")
@click.option("--format", "form", type=click.Choice(["text", "concise", "json"]), default="text", show_default=True)
@click.option("--select", multiple=True, metavar=_RULES, help="Run these rules only: codes, prefixes, names, ALL.")
@click.option("--ignore", multiple=True, metavar=_RULES, help="Leave these rules out.")
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "info"]),
    help="The least severity that makes the exit status 1.  [default: warning]",
)
@click.option(
    "--rerun",
    type=click.Choice(["auto", "always", "never"]),
    help="When to report what fails in a second run of a file.  [default: auto]",
)
@click.option("--framework", metavar="NAME", help="The tool that runs the migrations, if it is not recognised.")
@click.option("--stdin-filename", metavar="NAME", help="What to call standard input.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
@click.option("--config", metavar="FILE", help="Use this configuration for all files.")
@click.option("--isolated", is_flag=True, help="Use no configuration file.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found.")
@click.option("-q", "--quiet", is_flag=True, help="Print no summary.")
def check(
    paths: tuple[str, ...],
    fix: bool,
    diff: bool,
    unsafe_fixes: bool,
    form: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    fail_on: str | None,
    rerun: str | None,
    framework: str | None,
    stdin_filename: str | None,
    color: str,
    config: str | None,
    isolated: bool,
    exit_zero: bool,
    quiet: bool,
) -> int:
    """Lint SQL migrations.

    PATH is a directory of migrations, a file (judged with the rest of its directory), or - for standard input. Without
    PATH, the migration directories below the current folder are checked.
    """
    from driftproof.cli.inputs import Settings
    from driftproof.config import Choice

    if config is not None and isolated:
        raise click.UsageError("--config and --isolated exclude each other")
    choice = Choice(_words(select) if select else None, _words(ignore), "--")
    jobs = _jobs(paths, stdin_filename, Settings(framework=framework, file=config, isolated=isolated, rerun=rerun))
    done = _work(jobs, choice, fix or diff, unsafe_fixes, fail_on)
    piped = fix and paths == ("-",)
    fixed = [file for one in done for file in one.fixed]
    if diff:
        _print_diff(fixed, color)
    elif piped:
        _print_sql(done)
    elif fix:
        from driftproof.files import replace_files

        replace_files((file.path, file.after) for file in fixed if file.after != file.before)
    _print_report(_report(done, fix or diff, diff, unsafe_fixes), form, color, quiet, to_error=diff or piped)
    failing = any(one.failing for one in done) or (diff and any(file.after != file.before for file in fixed))
    return int(failing and not exit_zero)


def _words(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for value in values for part in value.split(",") if (word := part.strip()))


def _jobs(paths: tuple[str, ...], stdin_filename: str | None, settings: "Settings") -> "list[Job]":
    from driftproof.cli.inputs import read, standard_input

    if paths == ("-",):
        if sys.stdin is None:
            raise click.UsageError("standard input is closed")
        return [standard_input(stdin_filename, sys.stdin.buffer.read(), settings)]
    if "-" in paths:
        raise click.UsageError("- (standard input) can't be checked together with files")
    if stdin_filename is not None:
        raise click.UsageError("--stdin-filename names standard input: give - as the PATH")
    return read(paths, settings)


def _work(jobs: "list[Job]", choice: "Choice", fix: bool, unsafe: bool, fail_on: str | None) -> list[_Done]:
    from driftproof.rule import load_rules

    known = load_rules()
    # All rules are chosen before anything is looked at: a wrong name must not come up between two histories.
    chosen = [job.config.rules(known, choice) for job in jobs]
    return [_do(job, rules, known, fix, unsafe, fail_on) for job, rules in zip(jobs, chosen, strict=True)]


def _do(
    job: "Job", rules: "Sequence[Rule]", known: "Sequence[Rule]", fix: bool, unsafe: bool, fail_on: str | None
) -> _Done:
    from driftproof.analysis import analyse
    from driftproof.diagnostic import Severity

    history = job.history
    fixed: list[FixedFile] = []
    least = (job.config.fail_on if fail_on is None else Severity(fail_on)).rank

    def failing(diagnostics: "Sequence[Diagnostic]") -> "list[Diagnostic]":
        adjusted = job.config.adjust(tuple(diagnostics), history, known)
        return [diagnostic for diagnostic in adjusted if diagnostic.severity.rank >= least]

    if fix:
        from driftproof.fix.apply import fix_history

        # What fails no run is not rewritten: nobody asked for a guard on each old table that a new file touches.
        history, fixed = fix_history(history, rules, failing, unsafe=unsafe, rerun=job.config.rerun)
    analysis = analyse(history, rules, known, rerun=job.config.rerun)
    diagnostics = job.config.adjust(analysis.diagnostics, history, known)
    return _Done(history, diagnostics, analysis.files, analysis.statements, fixed, bool(failing(diagnostics)), least)


def _report(done: list[_Done], fix: bool, dry: bool, unsafe: bool) -> "Report":
    from driftproof.report import Report, in_order

    sources: dict[str, Source] = {
        migration.path: migration.source for one in done for migration in one.history.migrations
    }
    return Report(
        diagnostics=tuple(sorted((found for one in done for found in one.diagnostics), key=in_order)),
        files=sum(one.files for one in done),
        statements=sum(one.statements for one in done),
        sources=sources,
        fixed=sum(file.applied for one in done for file in one.fixed) if fix else None,
        dry=dry,
        unsafe=unsafe,
        least={migration.path: one.least for one in done for migration in one.history.migrations},
    )


def _print_diff(fixed: "list[FixedFile]", color: str) -> None:
    from driftproof.report.diff import painted, unified
    from driftproof.report.terminal import painter, wants_colour, write

    patch = b"".join(unified(file.path, file.before, file.after) for file in sorted(fixed, key=lambda file: file.path))
    colour = wants_colour(color, sys.stdout)
    write(painted(patch, painter(colour)) if colour else patch)


def _print_sql(done: list[_Done]) -> None:
    from driftproof.report.terminal import write

    for one in done:
        for migration in one.history.migrations:
            write(migration.source.data)


def _print_report(report: "Report", form: str, color: str, quiet: bool, *, to_error: bool) -> None:
    from driftproof.report.terminal import painter, wants_colour, write, write_text

    if form == "json":
        from driftproof.report import json

        write(json.render(report), to_error=to_error)
        return
    from driftproof.report import text

    paint = painter(wants_colour(color, sys.stderr if to_error else sys.stdout))
    if form == "concise":
        write_text(text.render_concise(report, paint), to_error=to_error)
        # The lines are for tools that read one diagnostic a line.
        to_error, paint = True, painter(wants_colour(color, sys.stderr))
    else:
        write_text(text.render(report, paint), to_error=to_error)
    if not quiet:
        write_text(text.summary(report, paint), to_error=to_error)
