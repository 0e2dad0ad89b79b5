"""What values tell of themselves: the types of constants, casts and calls, labels of enums and names of relations."""

import re
from collections.abc import Sequence

from driftproof.statements.query import Call, ColumnRef, Name, Operator, Role, Typed, folded
from driftproof.syntax.grouping import aggregates
from driftproof.syntax.parser import Node
from driftproof.syntax.tree import column_ref, qualified, strings, tagged, type_name

_IDENTIFIERS = re.compile(r'"(?:[^"]|"")+"|[^\W\d][\w$]*')


def texts(
    typed: Name | ColumnRef, value: Node | list[Node] | None, *, array: bool = False
) -> list[tuple[Name | ColumnRef, str]]:
    """The text constants of that type that a node is, or a list of nodes; or those in an ``array`` of them."""
    if type(value) is list:
        return [found for item in value for found in texts(typed, item, array=array)]
    if type(value) is not dict:
        return []
    if "List" in value:
        return texts(typed, value["List"].get("items"), array=array)
    if array and "A_ArrayExpr" in value:
        return texts(typed, value["A_ArrayExpr"].get("elements"))
    constant = value.get("A_Const")
    if constant is None or "sval" not in constant:
        return []
    text = constant["sval"].get("sval", "")
    return [(typed, item) for item in (array_items(text) or () if array else (text,))]


def array_items(text: str) -> list[str] | None:
    """The items of a constant array, if they are plainly written."""
    if not (text.startswith("{") and text.endswith("}")) or any(mark in text[1:-1] for mark in '"\\{}'):
        return None
    items = [item.strip() for item in text[1:-1].split(",") if item.strip()]
    return None if "null" in map(str.lower, items) else items


def relation_text(wrapped: Node) -> list[Name]:
    """The relation that a constant of type regclass names; none where it is no plain constant, or a number."""
    text = wrapped.get("A_Const", {}).get("sval", {}).get("sval", "")
    parts = _IDENTIFIERS.findall(text)
    if not parts or ".".join(parts) != text.replace(" ", ""):
        return []
    return [qualified([folded(part) for part in parts])]


def call_of(node: Node, shift: int, behind: int = 0) -> Call:
    """The fields of a FuncCall; ``behind`` how many columns it and all before it refer to."""
    arguments = node.get("args", ())
    name, variadic = qualified(strings(node.get("funcname"))), "func_variadic" in node
    role: Role | None = "window" if "over" in node else "aggregate" if aggregates(node) else None
    return Call(name, len(arguments), _types(arguments, shift), behind, variadic, role)


def _types(arguments: Sequence[Node], shift: int) -> tuple[Typed, ...]:
    """What tells the types of a call's arguments; nothing where they are named."""
    if any("NamedArgExpr" in argument for argument in arguments):
        return ()
    return tuple(typed(argument, shift) for argument in arguments)


_CONSTANTS = {"ival": "int4", "boolval": "bool", "sval": "unknown", "isnull": "unknown"}


def typed(wrapped: Node, shift: int) -> Typed:
    """What tells the type of an expression."""
    tag, node = tagged(wrapped)
    match tag:
        case "A_Const":
            return next((Name("pg_catalog", type_) for key, type_ in _CONSTANTS.items() if key in node), None)
        case "ColumnRef":
            return column_ref(node, shift)
        case "TypeCast":
            cast = type_name(node["typeName"])
            return _array_of(cast) if cast is not None and "arrayBounds" in node["typeName"] else cast
        case "A_ArrayExpr":
            elements = {typed(item, shift) for item in node.get("elements", ())}
            element = elements.pop() if len(elements) == 1 else None
            known = isinstance(element, Name) and element.name != "unknown" and not element.name.endswith("[]")
            return _array_of(element) if known and isinstance(element, Name) else None
        case "FuncCall":
            return call_of(node, shift)
        case "A_Expr" if strings(node["name"]) in (["->>"], ["#>>"]):  # whatever stands on its sides
            return Name("pg_catalog", "text")
        case "A_Expr":
            return operator_of(node, shift)
        case "RowExpr":
            return Name("pg_catalog", "record")
        case _:
            return None


_BARE = Name("pg_catalog", "unknown")
_PLAIN = {"AEXPR_OP", "AEXPR_DISTINCT", "AEXPR_NOT_DISTINCT", "AEXPR_LIKE", "AEXPR_ILIKE"}
_ORDER = {"=", "<>", "<", "<=", ">", ">="}


def operator_of(node: Node, shift: int, behind: tuple[int, int, int] = (0, 0, 0)) -> Operator | None:
    """The operator of an A_Expr, if both of its sides tell their types; a bare text compares with anything, and rows
    are compared by their columns."""
    kind, parts = node["kind"], strings(node["name"])
    if len(parts) != 1 or "lexpr" not in node or not (kind == "AEXPR_IN" or kind in _PLAIN):
        return None
    left, right = node["lexpr"], node["rexpr"]
    if "RowExpr" in left and "RowExpr" in right:
        return None
    one = typed(left, shift)
    if one is None or (one == _BARE and parts[0] in _ORDER):
        return None
    if kind == "AEXPR_IN":
        found = {typed(item, shift) for item in right["List"]["items"]} - {_BARE}
        other = found.pop() if len(found) == 1 else None
    else:
        other = typed(right, shift)
    if other is None or (other == _BARE and parts[0] in _ORDER):
        return None
    return Operator(parts[0], one, other, node.get("location", 0) + shift if shift >= 0 else -1, behind)


def _array_of(element: Name) -> Name:
    return Name(element.schema, f"{element.name}[]")
