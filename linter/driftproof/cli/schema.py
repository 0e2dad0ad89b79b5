"""``driftproof schema``: the schema that the migrations end in."""

import click

_FORMATS = ("sql", "json", "typescript", "mermaid")


@click.command()
@click.argument("path", required=False, metavar="[PATH]")
@click.option("--format", "form", type=click.Choice(_FORMATS), default="sql", show_default=True)
@click.option("--framework", metavar="NAME", help="The tool that runs the migrations, if it is not recognised.")
@click.option("--config", metavar="FILE", help="Use this configuration.")
@click.option("--isolated", is_flag=True, help="Use no configuration file.")
def schema(path: str | None, form: str, framework: str | None, config: str | None, isolated: bool) -> int:
    """Print the schema that a history ends in; no server is needed.

    PATH is a directory of migrations, a file in one (then the schema after that file), or - for standard input. What
    not every database has is marked with the reason; what could not be followed is listed, not guessed. Owners,
    privileges and rows are no part of it.
    """
    if config is not None and isolated:
        raise click.UsageError("--config and --isolated exclude each other")
    import sys
    from importlib import import_module

    from driftproof.cli.inputs import Settings, one_history, standard_input
    from driftproof.report import terminal
    from driftproof.schema.read import read

    settings = Settings(framework=framework, file=config, isolated=isolated)
    if path == "-":
        history = standard_input(None, sys.stdin.buffer.read(), settings).history
    else:
        history = one_history([] if path is None else [path], settings).history
    terminal.write(import_module(f"driftproof.schema.{form}").render(read(history)).encode())
    return 0
