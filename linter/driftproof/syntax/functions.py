"""CREATE FUNCTION, PROCEDURE, AGGREGATE: types and parameters, and the bodies that PostgreSQL checks at once."""

import re
from typing import Any, Literal

from pglast.parser import ParseError

from driftproof.statements import operations as op
from driftproof.statements.query import Name
from driftproof.syntax.parser import Node, parse_fragment
from driftproof.syntax.queries import NOWHERE, query
from driftproof.syntax.tables import Lowering, Operations
from driftproof.syntax.tree import names, qualified, strings, tagged, type_name

ROUTINES: dict[str, op.RoutineKind] = {
    "OBJECT_AGGREGATE": "aggregate",
    "OBJECT_FUNCTION": "function",
    "OBJECT_PROCEDURE": "procedure",
    "OBJECT_ROUTINE": "routine",
}
# What in a body may change the catalog: DDL, or a statement that is put together at run time.
_DDL = re.compile(r"\b(?:alter|call|create(?!\s+(?:(?:global|local)\s+)?temp)|drop|execute)\b", re.IGNORECASE)
_NO_CODE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)
_QUERIES = {"SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"}
_MODES: dict[str, Literal["in", "out", "inout", "variadic", "table"]] = {
    "FUNC_PARAM_OUT": "out",
    "FUNC_PARAM_INOUT": "inout",
    "FUNC_PARAM_VARIADIC": "variadic",
    "FUNC_PARAM_TABLE": "table",
}


def create_function(node: Node, shift: int, lower: Lowering) -> Operations:
    """The function, and the queries of a LANGUAGE sql body."""
    options: dict[str, Any] = {}
    path: tuple[str, ...] | None = None
    for item in node.get("options", ()):
        option = item["DefElem"]
        options[option["defname"]] = option.get("arg")
        if option["defname"] == "set":
            path = _search_path(option.get("arg") or {}, lower) or path
    fields = [item["FunctionParameter"] for item in node.get("parameters", ())]
    parameters = tuple(map(_parameter, fields))
    returns = node.get("returnType")
    found: Operations = []
    made = op.CreateRoutine(
        "procedure" if node.get("is_procedure") else "window" if "window" in options else "function",
        qualified(strings(node["funcname"])),
        parameters,
        None if returns is None or any(item.mode == "table" for item in parameters) else _type(returns),
        setof=returns is not None and returns.get("setof", False),
        replace=node.get("replace", False),
        alters=any(map(_alters, names(options.get("as")))),
    )
    if _flawed(made):
        found.append(op.Raise("42P13"))
    found.append(made)
    # The body is checked when the function stands already: it may call itself.
    if (names(options.get("language")) or ["sql"])[0].lower() == "sql":
        inputs = (item.name for item in parameters if item.mode not in ("out", "table") and item.name)
        visible = (made.name.name, *inputs)
        bodies = _bodies(node, options, shift)
        found.extend(op.Run(body, visible, path, planned=False) for body in bodies[:-1])
        if bodies:
            found.append(op.Run(bodies[-1], visible, path, planned=False, result=_result(made)))
    return found


def _flawed(made: op.CreateRoutine) -> bool:
    """Whether a declaration contradicts itself: a name that two parameters of a side have, an argument without a
    default behind one that has, no result or another one than its OUT parameters.

    Source: interpret_function_parameter_list, functioncmds.c.
    """
    inputs = [item for item in made.parameters if item.mode not in ("out", "table")]
    outputs = [item for item in made.parameters if item.mode not in ("in", "variadic")]
    for side in (inputs, outputs):
        named = [item.name for item in side if item.name]
        if len(named) > len(set(named)):
            return True
    defaults = [item.default for item in inputs]
    resultless = made.kind != "procedure" and made.returns is None and not outputs
    return defaults != sorted(defaults) or resultless or _contradicted(made.returns, outputs)


def _contradicted(returns: op.TypeRef | None, outputs: list[op.Parameter]) -> bool:
    """Whether the result is certainly not what the OUT parameters make it."""
    if returns is None or returns.name is None or not outputs:
        return False
    if len(outputs) > 1:
        return returns.name.name != "record"
    out = outputs[0].type.name
    return out is not None and out.name != returns.name.name


def _result(made: op.CreateRoutine) -> op.Result | None:
    """What the last query of its body must give; None where anything will do."""
    columns = tuple(item.type for item in made.parameters if item.mode in ("out", "inout", "table"))
    if columns:
        return op.Result(made.name, columns, columns=len(columns) > 1)
    if made.returns is None or made.returns == op.TypeRef(Name(None, "void")):
        return None
    return op.Result(made.name, (made.returns,))


def create_aggregate(node: Node) -> Operations:
    """CREATE AGGREGATE: the aggregate, and the functions that it is made of; in its old form, which names its type
    among the options, it has one argument of that type."""
    options = {item["DefElem"]["defname"]: item["DefElem"].get("arg") for item in node.get("definition", ())}
    fields = [item["FunctionParameter"] for item in (node.get("args") or [{}])[0].get("List", {}).get("items", ())]
    parameters = tuple(map(_parameter, fields))
    if node.get("oldstyle"):
        parameters = (op.Parameter(_type((options.get("basetype") or {}).get("TypeName") or {})),)
    name = qualified(strings(node["defnames"]))
    return [op.CreateRoutine("aggregate", name, parameters, replace=node.get("replace", False))]


def routine(kind: str, wrapped: Node) -> tuple[op.RoutineKind, Name, tuple[op.TypeRef, ...] | None]:
    """What ``FUNCTION f(integer)`` means: its kind, its name and the types of its arguments."""
    node = wrapped.get("ObjectWithArgs", wrapped)
    name = qualified(strings(node.get("objname")))
    if node.get("args_unspecified"):
        return ROUTINES[kind], name, None
    return ROUTINES[kind], name, tuple(_type(item["TypeName"]) for item in node.get("objargs", ()))


def _parameter(fields: Node) -> op.Parameter:
    mode = _MODES.get(fields.get("mode", ""), "in")
    return op.Parameter(_type(fields["argType"]), mode, fields.get("name", ""), "defexpr" in fields)


def _alters(body: str) -> bool:
    return bool(_DDL.search(body) and _DDL.search(_NO_CODE.sub("", body)))


def _type(fields: Node) -> op.TypeRef:
    parts = strings(fields.get("names"))
    if fields.get("pct_type") and len(parts) > 1:
        return op.TypeRef(None, "arrayBounds" in fields, qualified(parts[:-1]), parts[-1])
    return op.TypeRef(type_name(fields), "arrayBounds" in fields)


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
    if not wrapped:
        return []  # BEGIN ATOMIC END
    tag, fields = tagged(wrapped)
    if tag == "List":
        return [item for inner in fields.get("items", ()) for item in _standard_body(inner)]
    return [wrapped] if tag in _QUERIES else []
