"""What a cast of a constant text looks up: ``'public.t'::regclass`` needs the table."""

from typing import Any

from driftproof.statements import operations as op
from driftproof.statements.query import Expression, Given, Name, Query, Table, Text
from driftproof.syntax.parser import Node
from driftproof.syntax.tables import Operations
from driftproof.syntax.tree import split_name, strings
from driftproof.syntax.variables import Variables

_LOOKED_UP = {"regclass", "regtype", "regproc", "regprocedure", "regnamespace", "regrole"}


def _reads(type_: str, written: str) -> op.Operation:
    """What is cast is looked for as in a query; of a relation a schema that is missing is not told apart."""
    if type_ == "regclass":
        return op.Run(Query(sources=(Table(Name(*split_name(written))),)))
    return op.Run(Query(expression=Expression(values=(Given(Name("pg_catalog", type_), Text(written)),))))


def casts(node: Node, text: str, known: Variables) -> Operations:
    """What the casts below the node of a text need: ``'public.t'::regclass``."""
    return _casts_below(node, known) if "reg" in text.lower() else []


def _casts_below(node: Any, known: Variables) -> Operations:
    found: Operations = []
    if isinstance(node, list):
        for item in node:
            found.extend(_casts_below(item, known))
    elif isinstance(node, dict):
        for tag, fields in node.items():
            type_ = (strings(fields["typeName"].get("names")) or [""])[-1] if tag == "TypeCast" else ""
            if type_ in _LOOKED_UP:
                written = known.value(fields["arg"])
                if written is not None and not written.isdecimal():
                    found.append(_reads(type_, written))
            elif isinstance(fields, (dict, list)):
                found.extend(_casts_below(fields, known))
    return found
