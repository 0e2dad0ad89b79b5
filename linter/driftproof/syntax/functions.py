"""CREATE FUNCTION, PROCEDURE, AGGREGATE: types and parameters, and the bodies that PostgreSQL checks at once."""

import re
from typing import Any, Literal

import msgspec

from driftproof.statements import operations as op
from driftproof.statements.query import Name, Query
from driftproof.syntax.light import ParseError
from driftproof.syntax.parser import Node, parse_fragment
from driftproof.syntax.queries import NOWHERE, QUERIES, query
from driftproof.syntax.tables import Lowering, Operations, default_of
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
_MODES: dict[str, Literal["in", "out", "inout", "variadic", "table"]] = {
    "FUNC_PARAM_OUT": "out",
    "FUNC_PARAM_INOUT": "inout",
    "FUNC_PARAM_VARIADIC": "variadic",
    "FUNC_PARAM_TABLE": "table",
}


def create_function(node: Node, shift: int, lower: Lowering) -> Operations:
    """The function, and the queries of a LANGUAGE sql body."""
    options = _options(node)
    fields = [item["FunctionParameter"] for item in node.get("parameters", ())]
    parameters = tuple(_parameter(item, shift) for item in fields)
    returns = node.get("returnType")
    language = (names(options.get("language")) or ["sql"])[0]
    inputs = [item for item in parameters if item.mode not in ("out", "table")]
    made = op.CreateRoutine(
        "procedure" if node.get("is_procedure") else "window" if "window" in options else "function",
        qualified(strings(node["funcname"])),
        parameters,
        None if returns is None or any(item.mode == "table" for item in parameters) else _type(returns),
        setof=returns is not None and returns.get("setof", False),
        replace=node.get("replace", False),
        alters=any(map(_alters, names(options.get("as")))),
        language=language,
        parsed="sql_body" in node,
    )
    made = msgspec.structs.replace(made, flaw=_flaw(made, options, node.get("sql_body")))
    found: Operations = [made]
    # The body is checked when the function stands already: it may call itself.
    if _is_no_trigger(made, inputs):
        found.append(op.Raise("42P13"))
    if language == "sql":
        visible = (made.name.name, *(item.name for item in inputs if item.name))
        bodies, result, path = _bodies(node, shift), _result(made), search_path(node, lower)
        if bodies is not None:
            found.extend(op.Run(body, visible, path, planned=False) for body in bodies[:-1])
            if bodies or result is not None:
                last = bodies[-1] if bodies else Query()
                found.append(op.Run(last, visible, path, planned=False, result=result))
    return found


def _is_no_trigger(made: op.CreateRoutine, inputs: list[op.Parameter]) -> bool:
    """Whether it returns what triggers do, and can't: it has arguments, or is written in SQL.

    Source: fmgr_sql_validator, pg_proc.c; do_compile, pl_comp.c.
    """
    if made.returns is None or made.returns.name is None or made.returns.name.name not in ("trigger", "event_trigger"):
        return False
    return made.language == "sql" or (made.language == "plpgsql" and bool(inputs))


def _flaw(made: op.CreateRoutine, options: dict[str, Any], body: Any) -> Any:
    """Where a declaration contradicts itself: no language or no body is said, two parameters of a side have one name,
    an argument without a default stands behind one that has, or there is no result or another one than its OUT
    parameters.

    Source: CreateFunction and interpret_function_parameter_list, functioncmds.c.
    """
    if "language" not in options and body is None:
        return "options"
    inputs = [item for item in made.parameters if item.mode not in ("out", "table")]
    outputs = [item for item in made.parameters if item.mode not in ("in", "variadic")]
    for side in (inputs, outputs):
        named = [item.name for item in side if item.name]
        if len(named) > len(set(named)):
            return "parameters"
    asked = made.parameters if made.kind == "procedure" else inputs  # where OUT parameters are given as well
    defaults = [item.default is not None for item in asked]
    if defaults != sorted(defaults):
        return "parameters"
    resultless = made.kind != "procedure" and made.returns is None and not outputs
    bodiless = "as" not in options and body is None
    flawed = resultless or bodiless or _contradicted(made.returns, outputs) or _undetermined(made.returns, inputs)
    return "result" if flawed else None


def _undetermined(returns: op.TypeRef | None, inputs: list[op.Parameter]) -> bool:
    """Whether the result is polymorphic, and no argument is."""
    return _polymorphic(returns) and not any(_polymorphic(item.type) for item in inputs)


def _polymorphic(ref: op.TypeRef | None) -> bool:
    return ref is not None and ref.name is not None and ref.name.name.startswith("any") and ref.name.name != "any"


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
    parameters = tuple(_parameter(item, NOWHERE) for item in fields)
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


def _parameter(fields: Node, shift: int) -> op.Parameter:
    mode, type_ = _MODES.get(fields.get("mode", ""), "in"), _type(fields["argType"])
    default = default_of(type_.name, fields["defexpr"], shift, array=type_.array) if "defexpr" in fields else None
    return op.Parameter(type_, mode, fields.get("name", ""), default)


def _alters(body: str) -> bool:
    return bool(_DDL.search(body) and _DDL.search(_NO_CODE.sub("", body)))


def _type(fields: Node) -> op.TypeRef:
    parts = strings(fields.get("names"))
    if fields.get("pct_type") and len(parts) > 1:
        return op.TypeRef(None, "arrayBounds" in fields, qualified(parts[:-1]), parts[-1])
    return op.TypeRef(type_name(fields), "arrayBounds" in fields)


def _options(node: Node) -> dict[str, Any]:
    return {item["DefElem"]["defname"]: item["DefElem"].get("arg") for item in node.get("options", ())}


def _bodies(node: Node, shift: int) -> list[Query] | None:
    """The queries of a LANGUAGE sql body; None where they can't be told."""
    statements = body_statements(node)
    # What an earlier statement of the body makes is not there when the later ones are checked, but nor is the
    # claim certain: such bodies are left alone.
    if statements is None or any(tag not in QUERIES for tag, _ in statements):
        return None
    return [query({tag: tree}, shift if "sql_body" in node else NOWHERE) for tag, tree in statements]


def body_statements(node: Node) -> list[tuple[str, Node]] | None:
    """The statements of a LANGUAGE sql body; None where they can't be told."""
    if "sql_body" in node:
        return [tagged(wrapped) for wrapped in _standard_body(node["sql_body"])]
    text = names(_options(node).get("as"))
    try:
        return parse_fragment(text[0]) if len(text) == 1 else None
    except ParseError:
        return None


def search_path(node: Node, lower: Lowering) -> tuple[str, ...] | None:
    """The path of ``SET search_path = ...`` among a function's options, under which its body is checked and run."""
    path = None
    for item in node.get("options", ()):
        option = item["DefElem"]
        if option["defname"] == "set":
            for step in lower("VariableSetStmt", option.get("arg", {}).get("VariableSetStmt", {}), NOWHERE):
                if isinstance(step, op.SetSearchPath) and not step.reset:
                    path = step.path or path
    return path


def _standard_body(wrapped: Node) -> list[Node]:
    if not wrapped:
        return []  # BEGIN ATOMIC END
    tag, fields = tagged(wrapped)
    if tag == "List":
        return [item for inner in fields.get("items", ()) for item in _standard_body(inner)]
    if tag == "ReturnStmt":
        return [{"SelectStmt": {"targetList": [{"ResTarget": {"val": fields["returnval"]}}]}}]
    return [wrapped] if tag in QUERIES else []
