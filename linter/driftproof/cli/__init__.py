"""The command line. Each command is imported when it is called: start-up time is most of a short run."""

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from driftproof import __version__
from driftproof.unusable import Unusable, did_you_mean

UNUSABLE = 2
INTERRUPTED = 130
PIPE_CLOSED = 141

# Each command's place, and what `driftproof --help` says of it without loading it.
_COMMANDS = {
    "check": ("driftproof.cli.check:check", "Lint migrations; --fix rewrites them."),
    "prove": ("driftproof.cli.prove:prove", "Run predicted failures and fixes on a real server."),
    "preflight": (
        "driftproof.cli.preflight:preflight",
        "Ask the database that is about to be migrated which migrations will fail.",
    ),
    "schema": ("driftproof.cli.schema:schema", "Print the schema that the migrations end in."),
    "migrate": ("driftproof.cli.migrate:migrate", "Apply migrations, statement by statement accounted for."),
    "explain": ("driftproof.cli.explain:explain", "Show the page of a rule."),
    "rules": ("driftproof.cli.rules:rules", "List the rules."),
}


class _PipeClosed(Exception):
    """Nobody reads on; not an OSError, so that nothing takes it for a file that can't be read."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in _COMMANDS and not args[0].startswith("-"):
            from pathlib import Path

            maybe = f"; did you mean driftproof check {args[0]}?" if Path(args[0]).exists() else ""
            raise Unusable(f"no command is called {args[0]!r}{maybe or did_you_mean(args[0], _COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(cls=_Commands, no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", "-V", prog_name="driftproof", message="%(prog)s %(version)s")
def commands() -> None:
    """Will this SQL migration run from every state that the database may be in?

    Exit status: 0 nothing to report, 1 diagnostics, 2 the call, the configuration or an input could not be used.
    """


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status; without ``args`` it may end the process itself."""
    # A short run makes few cycles: looking for them among all that was imported would take longer than most checks.
    gc.set_threshold(200_000, 20, 20)
    status = _status(list(sys.argv[1:] if args is None else args))
    if args is None and "driftproof.runner" not in sys.modules and not os.environ.get("DRIFTPROOF_DEBUG"):
        # Nothing is left to clean up but memory, which the system does faster than the interpreter.
        sys.stderr.flush()
        os._exit(status)
    return status


def _status(args: list[str]) -> int:
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
    try:
        return _run(args)
    except click.exceptions.Exit as exit:
        return exit.exit_code
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except _PipeClosed:
        # The interpreter flushes the streams once more at its end: let it flush into nothing.
        nothing = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nothing, stream.fileno())
        return PIPE_CLOSED
    except Unusable as error:
        return _refuse(str(error))
    except click.ClickException as error:
        return _refuse(_sentence(error))
    except OSError as error:
        return _refuse(f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error))
    except Exception as error:
        if os.environ.get("DRIFTPROOF_DEBUG"):
            import traceback

            traceback.print_exc()
        return _refuse(_crash(error))


def _run(args: list[str]) -> int:
    if "_DRIFTPROOF_COMPLETE" in os.environ:
        commands.main(args, prog_name="driftproof", complete_var="_DRIFTPROOF_COMPLETE")
    if not args:
        raise Unusable(f"which command: {', '.join(_COMMANDS)}? See driftproof --help")
    try:
        with commands.make_context("driftproof", args) as context:
            status: Any = commands.invoke(context)
    except BrokenPipeError:
        raise _PipeClosed from None
    finally:
        _flush()
    return status if isinstance(status, int) else 0


def _flush() -> None:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise _PipeClosed from None


def _sentence(error: click.ClickException) -> str:
    """Click's words in one line, as part of a sentence."""
    text = " ".join(error.format_message().split()).rstrip(".")
    return text[:1].lower() + text[1:]


def _crash(error: Exception) -> str:
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" in {place.tb_frame.f_globals.get('__name__')}, line {place.tb_lineno}" if place is not None else ""
    said = " ".join(str(error).split())
    hint = "" if os.environ.get("DRIFTPROOF_DEBUG") else "; DRIFTPROOF_DEBUG=1 shows the traceback"
    return f"this is a bug: {type(error).__name__}{where}: {said}{hint}"


def _refuse(message: str) -> int:
    from driftproof.report.frame import visible

    text = f"driftproof: {visible(message)}\n"
    encoding = sys.stderr.encoding or "utf-8"
    sys.stderr.write(text.encode(encoding, errors="backslashreplace").decode(encoding))
    return UNUSABLE
