"""The names that PostgreSQL makes up for the columns of a result."""

from driftproof.syntax.parser import Node
from driftproof.syntax.tree import strings, tagged

_NAMED = {
    "CoalesceExpr": "coalesce",
    "A_ArrayExpr": "array",
    "RowExpr": "row",
    "GroupingFunc": "grouping",
    "MergeSupportFunc": "merge_action",
    "XmlSerialize": "xmlserialize",
    "JsonParseExpr": "json",
    "JsonScalarExpr": "json_scalar",
    "JsonSerializeExpr": "json_serialize",
    "JsonObjectConstructor": "json_object",
    "JsonArrayConstructor": "json_array",
    "JsonArrayQueryConstructor": "json_array",
    "JsonObjectAgg": "json_objectagg",
    "JsonArrayAgg": "json_arrayagg",
}
_XML = {
    "IS_XMLCONCAT": "xmlconcat",
    "IS_XMLELEMENT": "xmlelement",
    "IS_XMLFOREST": "xmlforest",
    "IS_XMLPARSE": "xmlparse",
    "IS_XMLPI": "xmlpi",
    "IS_XMLROOT": "xmlroot",
}
_JSON = {"JSON_EXISTS_OP": "json_exists", "JSON_QUERY_OP": "json_query", "JSON_VALUE_OP": "json_value"}


def label(wrapped: Node, otherwise: str = "?column?") -> str:
    """The column name of an expression. Source: FigureColname, parse_target.c."""
    return _label(wrapped)[0] or otherwise


def _label(wrapped: Node) -> tuple[str | None, bool]:
    """The name, and whether it is a strong one, which a cast or a CASE around it does not replace by its own."""
    if not wrapped:
        return None, False
    tag, node = tagged(wrapped)
    if tag in _NAMED:
        return _NAMED[tag], True
    match tag:
        case "ColumnRef":
            parts = strings(node["fields"])
            return (parts[-1], True) if parts else (None, False)
        case "FuncCall":
            return strings(node["funcname"])[-1], True
        case "A_Indirection":
            parts = strings(node.get("indirection"))
            return (parts[-1], True) if parts else _label(node["arg"])
        case "A_Expr" if node.get("kind") == "AEXPR_NULLIF":
            return "nullif", True
        case "TypeCast":
            name, strong = _label(node["arg"])
            return (name, True) if strong else (strings(node["typeName"].get("names"))[-1], False)
        case "CollateClause":
            return _label(node["arg"])
        case "CaseExpr":
            name, strong = _label(node.get("defresult", {}))
            return (name, True) if strong else ("case", False)
        case "MinMaxExpr":
            return "least" if node.get("op") == "IS_LEAST" else "greatest", True
        case "SubLink":
            return _of_subquery(node)
        case "SQLValueFunction":
            return str(node.get("op", "SVFOP_CURRENT_DATE")).removeprefix("SVFOP_").removesuffix("_N").lower(), True
        case "XmlExpr":
            return _XML.get(node.get("op", "IS_XMLCONCAT")), True
        case "JsonFuncExpr":
            return _JSON.get(node.get("op", "JSON_EXISTS_OP")), True
        case _:
            return None, False


def _of_subquery(node: Node) -> tuple[str | None, bool]:
    match node.get("subLinkType", "EXISTS_SUBLINK"):
        case "EXISTS_SUBLINK":
            return "exists", True
        case "ARRAY_SUBLINK":
            return "array", True
        case "EXPR_SUBLINK":
            select = node["subselect"].get("SelectStmt", {})
            while "larg" in select:
                select = select["larg"]
            if "valuesLists" in select:
                return "column1", True
            first: Node = select["targetList"][0]["ResTarget"] if select.get("targetList") else {}
            return (first["name"], True) if "name" in first else _label(first.get("val") or {})
        case _:
            return None, False
