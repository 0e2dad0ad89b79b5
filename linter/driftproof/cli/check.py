"""``driftproof check``: lint, and with ``--fix`` rewrite."""

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from driftproof.cli.inputs import Job, Settings
    from driftproof.cli.linting import Linted
    from driftproof.fix.apply import FixedFile
    from driftproof.report import Report

_RULES = "CODE,..."


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
@click.option(
    "--direction",
    type=click.Choice(["up", "down", "both"]),
    help="Check the migrations, their ways back, or both.  [default: up]",
)
@click.option("--framework", metavar="NAME", help="The tool that runs the migrations, if it is not recognised.")
@click.option("--stdin-filename", metavar="NAME", help="What to call standard input.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
@click.option("--config", metavar="FILE", help="Use this configuration for all files.")
@click.option("--isolated", is_flag=True, help="Use no configuration file.")
@click.option(
    "--show-files", is_flag=True, help="Print the histories as they are understood: order, run modes, what is left out."
)
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
    direction: str | None,
    framework: str | None,
    stdin_filename: str | None,
    color: str,
    config: str | None,
    isolated: bool,
    show_files: bool,
    exit_zero: bool,
    quiet: bool,
) -> int:
    """Lint SQL migrations.

    PATH is a directory of migrations, a file (judged with the rest of its directory), or - for standard input. Without
    PATH, the migration directories below the current folder are checked.
    """
    from driftproof.cli.inputs import Settings
    from driftproof.cli.linting import lint
    from driftproof.config import Choice

    if config is not None and isolated:
        raise click.UsageError("--config and --isolated exclude each other")
    choice = Choice(_words(select) if select else None, _words(ignore), "--")
    settings = Settings(
        framework=framework, file=config, isolated=isolated, rerun=rerun, direction=direction, ways_back=True
    )
    jobs = _jobs(paths, stdin_filename, settings)
    if show_files:
        _print_files(jobs)
        return 0
    linted = lint(jobs, choice, fix or diff, unsafe_fixes, fail_on)
    piped = fix and paths == ("-",)
    fixed = [file for one in linted for file in one.fixed]
    if diff:
        _print_diff(fixed, color)
    elif piped:
        _print_sql(fixed)
    elif fix:
        from driftproof.files import replace_files

        rewritten = [(file.path, file.after) for file in fixed if file.after != file.before]
        replace_files(rewritten)
        _note_applied(jobs, {path for path, _ in rewritten})
    _print_report(_report(jobs, linted, fix or diff, diff, unsafe_fixes), form, color, quiet, to_error=diff or piped)
    failing = any(one.failing for one in linted) or (diff and any(file.after != file.before for file in fixed))
    return int(failing and not exit_zero)


def _note_applied(jobs: "list[Job]", rewritten: set[str]) -> None:
    """Say of rewritten files that others have already what that means: they may be applied somewhere."""
    from driftproof.git import on_main

    for job in jobs:
        for path in on_main(one.path for one in job.history.migrations if one.path in rewritten):
            click.echo(f"note: {path} is on the main branch already: {job.history.framework.edited}", err=True)


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


def _report(jobs: "list[Job]", linted: "list[Linted]", fix: bool, dry: bool, unsafe: bool) -> "Report":
    from driftproof.report import Report, in_order

    migrations = [
        (migration, one) for job, one in zip(jobs, linted, strict=True) for migration in job.history.migrations
    ]
    sources = {back.path: back.source for migration, _ in migrations if (back := migration.back) is not None}
    sources |= {migration.path: migration.source for migration, _ in migrations}
    fixed = [file for one in linted for file in one.fixed]
    sources |= {file.path: sources[file.path].rewritten(file.after) for file in fixed}
    return Report(
        diagnostics=tuple(sorted((found for one in linted for found in one.diagnostics), key=in_order)),
        files=sum(one.files for one in linted),
        statements=sum(one.statements for one in linted),
        sources=sources,
        fixed=sum(file.applied for file in fixed) if fix else None,
        dry=dry,
        unsafe=unsafe,
        least={path: one.least for job, one in zip(jobs, linted, strict=True) for path in job.history.by_path},
        notes=tuple(note for job in jobs if job.history.snapshots for note in _notes(job)),
    )


def _notes(job: "Job") -> "Iterator[str]":
    from driftproof.evidence.settle import notes

    return notes(job.history)


def _print_files(jobs: "list[Job]") -> None:
    from driftproof.report.files import lines
    from driftproof.report.terminal import write_text

    for job in jobs:
        for line in lines(job.history):
            write_text(f"{line}\n")


def _print_diff(fixed: "list[FixedFile]", color: str) -> None:
    from driftproof.report.diff import painted, unified
    from driftproof.report.terminal import painter, wants_colour, write

    patch = b"".join(unified(file.path, file.before, file.after) for file in sorted(fixed, key=lambda file: file.path))
    colour = wants_colour(color, sys.stdout)
    write(painted(patch, painter(colour)) if colour else patch)


def _print_sql(fixed: "list[FixedFile]") -> None:
    from driftproof.report.terminal import write

    for file in fixed:
        write(file.after)


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
