"""driftproof: will this migration run from every state that the database may be in?

The names here are what a rule package needs; `driftproof_rules` uses no others.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from driftproof.catalog.failures import Failure
    from driftproof.diagnostic import Certainty, Diagnostic, Edit, Fix, Severity
    from driftproof.existence import missing, present, repeated
    from driftproof.fix.guards import guard
    from driftproof.fix.repeat import appended, repeatable
    from driftproof.guarding import (
        Guard,
        Made,
        amend,
        blocks,
        caught_too,
        constant,
        escaping,
        guards,
        handler_place,
        in_schema,
        made,
        mentioned,
        narrowed,
        schema_of,
        swallowed,
        wrong,
    )
    from driftproof.history import History
    from driftproof.indexes import builds_concurrently, drops_index
    from driftproof.lineage import edited, gone, late, name_of, never_run, out_of_order, twins
    from driftproof.objects import OTHER_KINDS, described
    from driftproof.redefinition import made_before, readded, remade
    from driftproof.repetition import doubled, renamed
    from driftproof.rule import FileContext, Rule, StatementContext, bad, good
    from driftproof.settings import leaking
    from driftproof.suppress import Ignore
    from driftproof.syntax import literal, quote
    from driftproof.transactions import brackets, control

__version__ = "0.1.0"

__all__ = [
    "OTHER_KINDS",
    "Certainty",
    "Diagnostic",
    "Edit",
    "Failure",
    "FileContext",
    "Fix",
    "Guard",
    "History",
    "Ignore",
    "Made",
    "Rule",
    "Severity",
    "StatementContext",
    "amend",
    "appended",
    "bad",
    "blocks",
    "brackets",
    "builds_concurrently",
    "caught_too",
    "constant",
    "control",
    "described",
    "doubled",
    "drops_index",
    "edited",
    "escaping",
    "gone",
    "good",
    "guard",
    "guards",
    "handler_place",
    "in_schema",
    "late",
    "leaking",
    "literal",
    "made",
    "made_before",
    "mentioned",
    "missing",
    "name_of",
    "narrowed",
    "never_run",
    "out_of_order",
    "present",
    "quote",
    "readded",
    "remade",
    "renamed",
    "repeatable",
    "repeated",
    "schema_of",
    "swallowed",
    "twins",
    "wrong",
]

_HOMES = {
    "driftproof.catalog.failures": ("Failure",),
    "driftproof.diagnostic": ("Certainty", "Diagnostic", "Edit", "Fix", "Severity"),
    "driftproof.existence": ("missing", "present", "repeated"),
    "driftproof.fix.guards": ("guard",),
    "driftproof.fix.repeat": ("appended", "repeatable"),
    "driftproof.guarding": (
        "Guard",
        "Made",
        "amend",
        "blocks",
        "caught_too",
        "escaping",
        "constant",
        "guards",
        "handler_place",
        "in_schema",
        "made",
        "mentioned",
        "narrowed",
        "schema_of",
        "swallowed",
        "wrong",
    ),
    "driftproof.history": ("History",),
    "driftproof.indexes": ("builds_concurrently", "drops_index"),
    "driftproof.lineage": ("edited", "gone", "late", "name_of", "never_run", "out_of_order", "twins"),
    "driftproof.objects": ("OTHER_KINDS", "described"),
    "driftproof.redefinition": ("made_before", "readded", "remade"),
    "driftproof.repetition": ("doubled", "renamed"),
    "driftproof.rule": ("FileContext", "Rule", "StatementContext", "bad", "good"),
    "driftproof.settings": ("leaking",),
    "driftproof.suppress": ("Ignore",),
    "driftproof.syntax": ("literal", "quote"),
    "driftproof.transactions": ("brackets", "control"),
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used: `driftproof --version` pays for none of them."""
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names:
            globals()[name] = value = getattr(import_module(home), name)  # the next rule need not ask
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
