"""Calls that a statement certainly makes when it runs, with what is known of their arguments."""

from typing import Any

from driftproof.statements import operations as op
from driftproof.syntax.parser import Node
from driftproof.syntax.queries import NOWHERE
from driftproof.syntax.values import call_of
from driftproof.syntax.variables import Variables

_NOTHING_KNOWN = Variables()
# With one of these, a SELECT may have no row, and then it calls nothing.
_SIEVES = ("groupClause", "havingClause", "larg", "limitCount", "limitOffset", "valuesLists", "whereClause")


def invoked(select: Node, known: Variables = _NOTHING_KNOWN) -> tuple[op.Invocation, ...]:
    """The functions that a SELECT calls once: those that are its columns, if it has no FROM, or all of its FROM."""
    sources: Any = select.get("fromClause", ())
    if "withClause" in select or any(clause in select for clause in _SIEVES):
        return ()
    if not sources:
        values = [target["ResTarget"].get("val", {}) for target in select.get("targetList", ())]
        values = [value["TypeCast"]["arg"] if "TypeCast" in value else value for value in values]
    elif len(sources) == 1 and "RangeFunction" in sources[0]:
        values = [item["List"]["items"][0] for item in sources[0]["RangeFunction"].get("functions", ())]
    else:
        return ()
    calls = [value["FuncCall"] for value in values if "FuncCall" in value]
    return tuple(op.Invocation(call_of(call, NOWHERE), passed(call, known)) for call in calls)


def passed(call: Node, known: Variables = _NOTHING_KNOWN) -> tuple[op.Argument, ...]:
    """The arguments of a FuncCall."""
    found = []
    for item in call.get("args", ()):
        named = item.get("NamedArgExpr")
        value = known.value(item if named is None else named["arg"])
        found.append(op.Argument(value, "" if named is None else named["name"]))
    return tuple(found)
