"""CREATE FUNCTION and PROCEDURE: the types that they name, and the bodies that PostgreSQL checks at once."""

import re
from typing import Any

from pglast.parser import ParseError

from driftproof.statements import operations as op
from driftproof.syntax.parser import Node, parse_fragment
from driftproof.syntax.queries import NOWHERE, query
from driftproof.syntax.tables import Lowering, Operations
from driftproof.syntax.tree import names, qualified, strings, tagged

# What in a body may change the catalog: DDL, or a statement that is put together at run time.
_DDL = re.compile(r"\b(?:alter|call|create|drop|execute|rename|truncate)\b", re.IGNORECASE)
_QUERIES = {"SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"}


def create_function(node: Node, shift: int, lower: Lowering) -> Operations:
    """The function, the columns of ``column%TYPE``, and the queries of a LANGUAGE sql body."""
    options: dict[str, Any] = {}
    path: tuple[str, ...] | None = None
    for item in node.get("options", ()):
        option = item["DefElem"]
        options[option["defname"]] = option.get("arg")
        if option["defname"] == "set":
            path = _search_path(option.get("arg") or {}, lower) or path
    parameters = [item["FunctionParameter"] for item in node.get("parameters", ())]
    name = qualified(strings(node["funcname"]))
    found: Operations = []
    for type_ in [*(item.get("argType") for item in parameters), node.get("returnType")]:
        if type_ and type_.get("pct_type"):
            parts = strings(type_["names"])
            if len(parts) > 1:
                found.append(op.NeedMember("column", qualified(parts[:-1]), parts[-1]))
    language = (names(options.get("language")) or ["sql"])[0].lower()
    if language == "sql":
        visible = (name.name, *(item["name"] for item in parameters if "name" in item))
        found.extend(op.Run(body, visible, path, planned=False) for body in _bodies(node, options, shift))
    alters = any(_DDL.search(text) for text in names(options.get("as")))
    found.append(op.Create("function", name, replace=node.get("replace", False), overloads=True, alters=alters))
    return found


def _bodies(node: Node, options: dict[str, Any], shift: int) -> list[Any]:
    if "sql_body" in node:
        return [query(wrapped, shift) for wrapped in _standard_body(node["sql_body"])]
    text = names(options.get("as"))
    if len(text) != 1:
        return []
    try:
        trees = parse_fragment(text[0])
    except ParseError:
        return []
    # What an earlier statement of the body makes is not there when the later ones are checked, but nor is the
    # claim certain: such bodies are left alone.
    if any(tag not in _QUERIES for tag, _ in trees):
        return []
    return [query({tag: tree}, NOWHERE) for tag, tree in trees]


def _search_path(wrapped: Node, lower: Lowering) -> tuple[str, ...] | None:
    """The path of ``SET search_path = ...`` among a function's options, under which its body is checked."""
    for set_path in lower("VariableSetStmt", wrapped.get("VariableSetStmt", {}), NOWHERE):
        if isinstance(set_path, op.SetSearchPath) and not set_path.reset:
            return set_path.path
    return None


def _standard_body(wrapped: Node) -> list[Node]:
    tag, fields = tagged(wrapped)
    if tag == "List":
        return [item for inner in fields.get("items", ()) for item in _standard_body(inner)]
    return [wrapped] if tag in _QUERIES else []
