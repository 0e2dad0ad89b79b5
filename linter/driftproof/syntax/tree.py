"""Small questions about nodes of the syntax tree, and about names in texts."""

import re
from itertools import takewhile
from typing import Any

from driftproof.statements import operations as op
from driftproof.statements.query import ColumnRef, Name, folded
from driftproof.syntax.parser import Node

_NAME_PART = re.compile(r'"(?:[^"]|"")*"|[^.]+')


def tagged(wrapped: Node) -> tuple[str, Node]:
    """The tag and the fields of a wrapped node: ``{"ColumnRef": {...}}``."""
    return next(iter(wrapped.items()))


def strings(nodes: Any) -> list[str]:
    """The texts of a list of String nodes."""
    return [node["String"].get("sval", "") for node in nodes or () if "String" in node]


def names(node: Any) -> list[str]:
    """The texts of a List, a plain list, a String or a TypeName: how grammar writes a qualified name."""
    if node is None:
        return []
    if isinstance(node, list):
        return strings(node)
    if "List" in node:
        return strings(node["List"].get("items"))
    if "String" in node:
        return [node["String"].get("sval", "")]
    if "TypeName" in node:
        return strings(node["TypeName"].get("names"))
    if "ObjectWithArgs" in node:
        return strings(node["ObjectWithArgs"].get("objname"))
    return strings(node.get("names"))


def qualified(parts: list[str], at: int = -1) -> Name:
    """The name of ``[catalog,] [schema,] name``."""
    if not parts:
        return Name(None, "", at)
    return Name(parts[-2] if len(parts) > 1 else None, parts[-1], at)


def column_ref(node: Node, shift: int) -> ColumnRef | None:
    """A column reference; None for a star, which needs no column."""
    parts = []
    for field in node.get("fields", ()):
        if "String" not in field:
            return None
        parts.append(field["String"].get("sval", ""))
    if not parts:
        return None
    return ColumnRef(tuple(parts), node.get("location", 0) + shift if shift >= 0 else -1)


def field_ref(node: Node, shift: int) -> ColumnRef | None:
    """A column, or a row, of which fields are taken; None where something else is."""
    inner, items = node["arg"], node["indirection"]
    if "A_Indirection" in inner:
        of = field_ref(inner["A_Indirection"], shift)
        whole = of is not None and len(of.fields) == len(inner["A_Indirection"]["indirection"])
        of = of if whole else None
    else:
        of = column_ref(inner.get("ColumnRef", {}), shift)
    fields = named(items)
    return ColumnRef(of.parts, of.at, (*of.fields, *fields)) if of is not None and fields else None


def named(items: list[Node]) -> tuple[str, ...]:
    """The fields with which an indirection begins, before a subscript or a star."""
    return tuple(strings([*takewhile(lambda item: "String" in item, items)]))


def range_var(node: Node, shift: int) -> Name:
    """The name of a RangeVar. A temporary one lives in ``pg_temp``."""
    schema = node.get("schemaname")
    if schema is None and node.get("relpersistence") == "t":
        schema = "pg_temp"
    at = node.get("location", 0) + shift if shift >= 0 else -1
    return Name(schema, node.get("relname", ""), at)


def type_name(node: Node | None) -> Name | None:
    """The name of a TypeName, without array bounds and modifiers; None for ``column%TYPE``."""
    if not node or node.get("pct_type"):
        return None
    return qualified(strings(node.get("names")), -1)


def type_text(node: Node | None) -> str:
    """A TypeName in one spelling (``int4``, ``varchar(20)``, ``text[]``); empty for ``column%TYPE``."""
    if not node or node.get("pct_type"):
        return ""
    parts = strings(node.get("names"))
    name = ".".join(parts[1:] if parts[0] == "pg_catalog" else parts)
    modifiers = [constant(item) or "?" for item in node.get("typmods", ())]
    written = f"{name}({','.join(modifiers)})" if modifiers else name
    return written + "[]" * bool(node.get("arrayBounds"))


def changed_options(items: Any) -> tuple[tuple[str, str], ...]:
    """What OPTIONS do, in order: ``add``, ``set`` or ``drop``, with the option's name."""
    found = [item["DefElem"] for item in items or ()]
    return tuple((_OPTION_ACTIONS.get(item.get("defaction", ""), "add"), item["defname"]) for item in found)


_OPTION_ACTIONS = {"DEFELEM_SET": "set", "DEFELEM_DROP": "drop"}


def signature(nodes: Any) -> tuple[Name, ...]:
    """The types that are part of an object's name; ``[]`` marks an array, an empty name stands for NONE."""
    found: list[Name] = []
    for node in nodes or ():
        fields = node.get("TypeName", node)
        name = type_name(fields) or Name(None, "")
        found.append(Name(name.schema, name.name + "[]") if "arrayBounds" in fields else name)
    return tuple(found)


def role(spec: Node | None) -> str | None:
    """The role that a RoleSpec names; None for PUBLIC, CURRENT_USER and their kin."""
    return (spec or {}).get("rolename")


def role_names(nodes: Any) -> list[str]:
    """The roles that a list of RoleSpecs names."""
    return [name for node in nodes or () if (name := role(node["RoleSpec"])) is not None]


def needed_roles(found: list[str], sqlstate: str | None = None) -> list[op.Operation]:
    """The need of roles, which can't be dropped then."""
    return [op.Need("role", Name(None, name), holds=True, sqlstate=sqlstate) for name in found]


def constant(wrapped: Node) -> str | None:
    """The text of a constant, also behind a cast; None for anything else. Booleans are ``true`` and ``false``."""
    tag, node = tagged(wrapped)
    if tag == "TypeCast":
        return constant(node["arg"])
    if tag != "A_Const" or node.get("isnull"):
        return None
    if "sval" in node:
        return str(node["sval"].get("sval", ""))
    if "boolval" in node:
        return "true" if node["boolval"].get("boolval") else "false"
    if "ival" in node:
        return str(node["ival"].get("ival", 0))
    return None


def is_null(wrapped: Node) -> bool:
    """Whether an expression is NULL, also behind a cast."""
    if "TypeCast" in wrapped:
        return is_null(wrapped["TypeCast"]["arg"])
    return bool(wrapped.get("A_Const", {}).get("isnull"))


def name_parts(text: str) -> list[str]:
    """The parts of a written name, folded."""
    return [folded(part.strip()) for part in _NAME_PART.findall(text)]


def split_name(text: str) -> tuple[str | None, str]:
    """Schema and name of a text such as ``public."T"``, folded as regclass input folds it."""
    parts = name_parts(text) or [text]
    return (parts[-2] if len(parts) > 1 else None), parts[-1]


def listed(node: Any) -> list[Node]:
    """The items of IN (...) and of = ANY (ARRAY[...])."""
    if isinstance(node, list):
        return node
    while "TypeCast" in node:
        node = node["TypeCast"]["arg"]
    items: list[Node] = node.get("List", {}).get("items") or node.get("A_ArrayExpr", {}).get("elements") or []
    return items


def plain(node: Any) -> Any:
    """A node without its offsets."""
    if type(node) is list:
        return [plain(item) for item in node]
    if type(node) is not dict:
        return node
    return {tag: plain(value) for tag, value in node.items() if not tag.endswith("location")}
