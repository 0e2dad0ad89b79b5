"""What functions do when they are called: their bodies, read with what is known of the arguments."""

import re
from functools import lru_cache

import msgspec

from driftproof.statements import operations as op
from driftproof.syntax.functions import body_statements, search_path
from driftproof.syntax.lower import operations
from driftproof.syntax.parser import Node, parse_fragment
from driftproof.syntax.plpgsql import called
from driftproof.syntax.queries import NOWHERE, QUERIES
from driftproof.syntax.tables import Operations
from driftproof.syntax.tree import constant, names, strings

_RETURNS = re.compile(r"\breturn\s+([^;]*?)\s*;", re.IGNORECASE)


class Definition(msgspec.Struct, frozen=True, gc=False):
    """A function, by its CREATE FUNCTION."""

    text: str

    def called(self, arguments: tuple[op.Argument, ...]) -> op.Called | None:
        """What a call with these arguments runs; None where that can't be told."""
        return _called(self.text, arguments)

    def fired(self, variables: tuple[tuple[str, str], ...]) -> op.Called | None:
        """The same of the function of a trigger, of whose special variables these are known."""
        return _fired(self.text, variables if "tg_" in self.text.lower() else ())


@lru_cache(maxsize=256)  # a statement is run more than once, over more than one state
def _called(text: str, arguments: tuple[op.Argument, ...]) -> op.Called | None:
    [(_, node)] = parse_fragment(text)
    options = {item["DefElem"]["defname"]: item["DefElem"].get("arg") for item in node.get("options", ())}
    if "strict" in options and any(argument.value is None for argument in arguments):
        return None  # with a NULL it is not run
    name = strings(node["funcname"])[-1]
    inputs = [item["FunctionParameter"] for item in node.get("parameters", ())]
    passed_by = ("FUNC_PARAM_TABLE",) if node.get("is_procedure") else ("FUNC_PARAM_OUT", "FUNC_PARAM_TABLE")
    inputs = [item for item in inputs if item.get("mode") not in passed_by]
    found: Operations | None = None
    match (names(options.get("language")) or ["sql"])[0]:
        case "plpgsql":
            found = called(text, name, _known(inputs, arguments), operations)
        case "sql":
            found = _statements(node, (name, *(item["name"] for item in inputs if "name" in item)))
    return None if found is None else op.Called(tuple(found), search_path(node, operations))


@lru_cache(maxsize=256)
def _fired(text: str, variables: tuple[tuple[str, str], ...]) -> op.Called | None:
    [(_, node)] = parse_fragment(text)
    options = {item["DefElem"]["defname"]: item["DefElem"].get("arg") for item in node.get("options", ())}
    if names(options.get("language")) != ["plpgsql"]:
        return None
    found = called(text, strings(node["funcname"])[-1], dict(variables), operations, of_trigger=True)
    returns = frozenset(written.lower() for written in _RETURNS.findall(text))
    return None if found is None else op.Called(tuple(found), search_path(node, operations), returns)


def _known(inputs: list[Node], arguments: tuple[op.Argument, ...]) -> dict[str, str]:
    """The texts of the parameters that are known, those of defaults too. A VARIADIC one takes any number of arguments,
    and is an array."""
    values = {item.get("name", ""): constant(item["defexpr"]) if "defexpr" in item else None for item in inputs}
    single = [item for item in inputs if item.get("mode") != "FUNC_PARAM_VARIADIC"]
    for place, argument in enumerate(arguments):
        if argument.name or place < len(single):
            values[argument.name or single[place].get("name", "")] = argument.value
    return {name: value for name, value in values.items() if value is not None}


def _statements(node: Node, visible: tuple[str, ...]) -> Operations | None:
    """The operations of a LANGUAGE sql body, in which these names are seen. Of one in which queries stand beside other
    statements, it is not known what was looked at when the function was made."""
    statements = body_statements(node) or []
    if len({tag in QUERIES for tag, _ in statements}) != 1:
        return None
    return [_seeing(visible, step) for tag, tree in statements for step in operations(tag, tree, NOWHERE)]


def _seeing(visible: tuple[str, ...], step: op.Operation) -> op.Operation:
    return msgspec.structs.replace(step, visible=visible) if isinstance(step, (op.Run, op.CallProcedure)) else step
