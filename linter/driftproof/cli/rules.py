"""``driftproof rules``: the list of rules."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from driftproof.rule import Rule


@click.command()
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def rules(form: str) -> int:
    """List the rules: code, name, severity and what each finds.

    [*] marks rules with a fix, (off) those that run only when they are selected.
    """
    from driftproof.report.terminal import write, write_text
    from driftproof.rule import load_rules

    known = load_rules()
    if form == "json":
        write(_json(known))
    else:
        write_text(_text(known))
    return 0


def _text(known: "Sequence[Rule]") -> str:
    widest = max((len(rule.name) for rule in known), default=0)
    return "".join(
        f"{rule.code} {rule.name:{widest}} {rule.severity.value:7} {'[*]' if rule.fixable else '   '}"
        f" {'' if rule.default else '(off) '}{rule.summary}\n"
        for rule in known
    )


def _json(known: "Sequence[Rule]") -> bytes:
    import msgspec

    listed = [
        {
            "code": rule.code,
            "name": rule.name,
            "severity": rule.severity,
            "sqlstates": rule.sqlstates,
            "default": rule.default,
            "fixable": rule.fixable,
            "summary": rule.summary,
        }
        for rule in known
    ]
    return msgspec.json.format(msgspec.json.encode(listed), indent=2) + b"\n"
