"""What values tell of themselves: the types of constants, casts and calls, labels of enums and names of relations."""

import re
from collections.abc import Sequence

from driftproof.statements.query import (
    SUBSCRIPT,
    UNKNOWN,
    Behind,
    Call,
    Common,
    Given,
    Name,
    Operator,
    Role,
    Selected,
    Text,
    Typed,
    folded,
)
from driftproof.syntax.grouping import aggregates
from driftproof.syntax.parser import Node
from driftproof.syntax.tree import column_ref, qualified, strings, tagged, type_name

_IDENTIFIERS = re.compile(r'"(?:[^"]|"")+"|[^\W\d][\w$]*')


def texts(to: Name, value: Node, behind: Behind, *, array: bool = False) -> list[Given]:
    """The texts that are cast to a type: one that a node is, or those in an ``array`` of them."""
    if array and "A_ArrayExpr" in value:
        return [found for item in value["A_ArrayExpr"].get("elements", ()) for found in texts(to, item, behind)]
    constant = value.get("A_Const")
    if constant is None or "sval" not in constant:
        return []
    return [Given(_array_of(to) if array else to, Text(constant["sval"].get("sval", "")), behind)]


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


_BOOL = Name("pg_catalog", "bool")
_TEXT = Name("pg_catalog", "text")
_CONSTANTS = {"ival": Name("pg_catalog", "int4"), "boolval": _BOOL, "isnull": UNKNOWN}
_CHOICES = {"A_ArrayExpr": "elements", "CoalesceExpr": "args", "MinMaxExpr": "args"}
_TRUTHS = {"BooleanTest", "BoolExpr", "NullTest"}


def typed(wrapped: Node, shift: int) -> Typed:
    """What tells the type of an expression."""
    tag, node = tagged(wrapped)
    match tag:
        case "A_Const":
            if "sval" in node:
                return Text(node["sval"].get("sval", ""))
            return next((type_ for key, type_ in _CONSTANTS.items() if key in node), None)
        case "ColumnRef":
            return column_ref(node, shift)
        case "TypeCast":
            cast = type_name(node["typeName"])
            return _array_of(cast) if cast is not None and "arrayBounds" in node["typeName"] else cast
        case "FuncCall":
            return call_of(node, shift)
        case "A_Expr":
            return _result(node, shift)
        case "SubLink":
            kind = node.get("subLinkType", "EXISTS_SUBLINK")
            return Selected(node["location"]) if kind == "EXPR_SUBLINK" else None if kind == "ARRAY_SUBLINK" else _BOOL
        case "RowExpr":
            return Name("pg_catalog", "record")
        case "A_Indirection" if _is_element(node):
            return Operator(SUBSCRIPT, typed(node["arg"], shift), None)
        case "CaseExpr" | "A_ArrayExpr" | "CoalesceExpr" | "MinMaxExpr":
            return common_of(tag, node, shift)
        case _:
            return _BOOL if tag in _TRUTHS else None


def _is_element(node: Node) -> bool:
    """Whether an A_Indirection takes one element of an array."""
    places = node["indirection"]
    return all("A_Indices" in place and not place["A_Indices"].get("is_slice") for place in places)


def common_of(tag: str, node: Node, shift: int, behind: Behind = (0, 0, 0)) -> Common | None:
    """What stands for one of several values, or the array of them: that of a CASE looks at the default first; None
    where none of them tells its type."""
    if tag == "CaseExpr":
        nodes = [node.get("defresult", _NULL), *(item["CaseWhen"]["result"] for item in node["args"])]
    else:
        nodes = node.get(_CHOICES[tag], ())
    items = tuple([typed(item, shift) for item in nodes])
    return Common(items, tag == "A_ArrayExpr", behind) if any(item is not None for item in items) else None


_NULL: Node = {"A_Const": {"isnull": True}}
_PLAIN = {"AEXPR_OP", "AEXPR_DISTINCT", "AEXPR_NOT_DISTINCT", "AEXPR_LIKE", "AEXPR_ILIKE", "AEXPR_NULLIF"}
_ELEMENTS = {"AEXPR_OP_ANY", "AEXPR_OP_ALL"}
_ORDER = {"=", "<>", "<", "<=", ">", ">="}
_BETWEEN = {
    "AEXPR_BETWEEN": ((">=", 0), ("<=", 1)),
    "AEXPR_NOT_BETWEEN": (("<", 0), (">", 1)),
    "AEXPR_BETWEEN_SYM": ((">=", 0), ("<=", 1), (">=", 1), ("<=", 0)),
    "AEXPR_NOT_BETWEEN_SYM": (("<", 0), (">", 1), ("<", 1), (">", 0)),
}


def _result(node: Node, shift: int) -> Typed:
    """The type of what an A_Expr gives."""
    kind = node["kind"]
    if kind == "AEXPR_NULLIF":
        return None
    if kind != "AEXPR_OP":
        return _BOOL
    name = strings(node["name"])
    if name in (["->>"], ["#>>"]):  # whatever stands on its sides
        return _TEXT
    if "lexpr" not in node:
        return typed(node["rexpr"], shift) if name in (["-"], ["+"]) else None
    left, right = typed(node["lexpr"], shift), typed(node["rexpr"], shift)
    return None if left is None or right is None or len(name) > 1 else Operator(name[0], left, right)


def bounds(node: Node) -> tuple[tuple[str, Node], ...]:
    """The operators that a BETWEEN stands for, in order, with their right sides; none of anything else."""
    found = _BETWEEN.get(node["kind"])
    return () if found is None else tuple((name, node["rexpr"]["List"]["items"][at]) for name, at in found)


def operators_of(node: Node, shift: int, behind: Behind) -> list[Operator]:
    """The operators of an A_Expr, as far as both sides tell their types; rows are compared column by column."""
    kind, parts = node["kind"], node["name"]
    if len(parts) != 1 or "lexpr" not in node:
        return []
    left, right, elements = node["lexpr"], node["rexpr"], kind in _ELEMENTS
    if "RowExpr" in left and "SubLink" in right:
        sides = _selected(left, right["SubLink"]["location"], shift)
    elif kind == "AEXPR_IN":
        pairs = [pair for item in right["List"]["items"] for pair in _pairs(left, item)]
        sides = [*dict.fromkeys([(typed(one, shift), typed(other, shift)) for one, other in pairs])]
    elif "RowExpr" in left:
        sides = [(typed(one, shift), typed(other, shift)) for one, other in _pairs(left, right)]
    elif kind in _PLAIN or elements:
        sides = [(typed(left, shift), typed(right, shift))]
    else:
        return []
    name = parts[0]["String"]["sval"]
    asked = "" if elements else name  # whether that is an array is asked in any case
    at = node.get("location", 0) + shift if shift >= 0 else -1
    return [Operator(name, one, other, at, behind, elements) for one, other in sides if tells(asked, one, other)]


def tells(name: str, left: Typed, right: Typed) -> bool:
    """Whether there is something to ask of an operator between these: nothing that is only quoted, or NULL, compares
    with such."""
    if left is None or right is None:
        return False
    if left is UNKNOWN or right is UNKNOWN:
        return name not in _ORDER and not (type(left) is Text or type(right) is Text or left is right)
    return not (type(left) is Text and type(right) is Text)


def _pairs(left: Node, right: Node) -> list[tuple[Node, Node]]:
    """What is compared with what; nothing where rows have another number of columns, or are columns of a query."""
    if "RowExpr" not in left:
        return [(left, right)]
    ones, others = left["RowExpr"].get("args", ()), right.get("RowExpr", {}).get("args", ())
    return list(zip(ones, others, strict=True)) if len(ones) == len(others) else []


def matched(node: Node, arm: Node, shift: int, behind: Behind) -> list[Operator]:
    """The operator of a CASE between its value and that of a WHEN."""
    left, right = typed(node["arg"], shift), typed(arm["expr"], shift)
    if left == UNKNOWN or type(left) is Text:
        left = _TEXT
    return [Operator("=", left, right, -1, behind)] if tells("=", left, right) else []


def tested(node: Node, shift: int, behind: Behind) -> list[Operator]:
    """The operators between the left side of IN, ANY or ALL and the columns of the sub-query behind it."""
    name, at = strings(node.get("operName")) or ["="], node["location"]
    return [
        Operator(name[0], one, other, at + shift if shift >= 0 else -1, behind)
        for one, other in _selected(node["testexpr"], at, shift)
        if len(name) == 1 and tells(name[0], one, other)
    ]


def _selected(left: Node, at: int, shift: int) -> list[tuple[Typed, Typed]]:
    """A value, or the columns of a row, beside the columns of the sub-query that stands there."""
    items = left["RowExpr"].get("args", ()) if "RowExpr" in left else (left,)
    return [(typed(item, shift), Selected(at, column)) for column, item in enumerate(items)]


def _array_of(element: Name) -> Name:
    return Name(element.schema, f"{element.name}[]")
