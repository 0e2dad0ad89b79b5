"""What a cast of a constant text looks up: ``'public.t'::regclass`` needs the table."""

from typing import Any

from driftproof.objects import Kind
from driftproof.statements import operations as op
from driftproof.statements.query import Name, Query, Table
from driftproof.syntax.parser import Node
from driftproof.syntax.tables import Operations
from driftproof.syntax.tree import split_name, strings
from driftproof.syntax.variables import Variables

_LOOKED_UP: dict[str, Kind] = {
    "regclass": "relation",
    "regtype": "type",
    "regproc": "function",
    "regprocedure": "function",
    "regnamespace": "schema",
    "regrole": "role",
}


def _reads(name: Name) -> op.Operation:
    """``'s.t'::regclass`` looks for the relation as a query does: a schema that is missing is not told apart."""
    return op.Run(Query(sources=(Table(name),)))


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
            if tag == "TypeCast" and (kind := _LOOKED_UP.get((strings(fields["typeName"].get("names")) or [""])[-1])):
                written = known.value(fields["arg"])
                if written is not None and not written.isdecimal() and "(" not in written:
                    name = Name(*split_name(written))
                    found.append(_reads(name) if kind == "relation" else op.Need(kind, name))
            elif isinstance(fields, (dict, list)):
                found.extend(_casts_below(fields, known))
    return found
