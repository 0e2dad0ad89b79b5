"""What GROUP BY and aggregates ask of the columns of a query.

Source: parseCheckAggregates and check_agglevels_and_constraints, parse_agg.c; findTargetlistEntrySQL92, parse_clause.c.
"""

from collections.abc import Callable, Iterator
from typing import Any

from driftproof.statements.query import NOTHING, ColumnRef, Expression, Grouping
from driftproof.syntax.labels import label
from driftproof.syntax.parser import Node
from driftproof.syntax.tree import column_ref, strings, tagged

AGGREGATES = frozenset(
    (
        *("any_value", "array_agg", "avg", "bit_and", "bit_or", "bit_xor", "bool_and", "bool_or", "corr", "count"),
        *("covar_pop", "covar_samp", "every", "json_agg", "json_agg_strict", "json_object_agg"),
        *("json_object_agg_strict", "json_object_agg_unique", "json_object_agg_unique_strict", "jsonb_agg"),
        *("jsonb_agg_strict", "jsonb_object_agg", "jsonb_object_agg_strict", "jsonb_object_agg_unique"),
        *("jsonb_object_agg_unique_strict", "max", "min", "mode", "percentile_cont", "percentile_disc", "range_agg"),
        *("range_intersect_agg", "regr_avgx", "regr_avgy", "regr_count", "regr_intercept", "regr_r2", "regr_slope"),
        *("regr_sxx", "regr_sxy", "regr_syy", "stddev", "stddev_pop", "stddev_samp", "string_agg", "sum", "var_pop"),
        *("var_samp", "variance", "xmlagg"),
    )
)
"""The aggregates of PostgreSQL, but for those that are window functions as well."""

Lower = Callable[[Any], Expression]
_NULL: Node = {"A_Const": {"isnull": True}}
GROUPING = "42803"
WINDOWING = "42P20"


def aggregates(call: Node) -> bool:
    """Whether a FuncCall is one of an aggregate."""
    *schema, name = strings(call.get("funcname"))
    return name in AGGREGATES and schema in ([], ["pg_catalog"]) and "over" not in call


def grouping(node: Node, lower: Lower) -> Grouping | None:
    """What a SelectStmt that groups asks; None where a position of GROUP BY can't be told from the text."""
    targets = [target["ResTarget"] for target in node.get("targetList", ())]
    starred = any(_star(target) is not None for target in targets)
    keys: list[ColumnRef] = []
    exprs: list[Node] = []
    named: set[str] = set()
    for item in _items(node.get("groupClause", ())):
        if "A_Const" in item:
            place = item["A_Const"].get("ival", {}).get("ival", 0)
            if starred or not 0 < place <= len(targets):
                return None
            item = targets[place - 1]["val"]
        elif len(strings(item.get("ColumnRef", {}).get("fields"))) == 1:
            named.update(strings(item["ColumnRef"]["fields"]))
        key = column_ref(item["ColumnRef"], -1) if "ColumnRef" in item else None
        if key is not None:
            keys.append(key)
        else:
            exprs.append(item)
    outputs = [target for target in targets if "val" in target and _star(target) is None]
    labels = [(_label(target), target["val"]) for target in outputs if _label(target) in named]
    exprs += [value for _, value in labels if "ColumnRef" not in value]
    loose = [target["val"] for target in outputs if _label(target) not in named]
    known = {_label(target) for target in outputs}
    for clause in ("sortClause", "distinctClause"):
        for item in node.get(clause, ()):
            value = item.get("SortBy", {}).get("node", item)
            if value and not (
                len(parts := strings(value.get("ColumnRef", {}).get("fields"))) == 1 and parts[0] in known
            ):
                loose.append(value)
    loose += [node["havingClause"]] if "havingClause" in node else []
    loose += node.get("windowClause", [])
    found: list[Any] = []
    stripped = _stripped(loose, [_plain(item) for item in exprs], found)
    return Grouping(
        tuple(keys),
        tuple(
            (name, column_ref(value.get("ColumnRef", {}), -1), lower(_stripped([value], [], found)))
            for name, value in labels
        ),
        lower(stripped),
        tuple(star for target in targets if (star := _star(target)) is not None),
        tuple({reference.parts[-1] for reference in lower(exprs).columns}) if exprs else (),
        tuple(lower(arguments) if arguments else NOTHING for arguments in found),
        any("GroupingSet" in item for item in node.get("groupClause", ())),
        tuple((name, wrong) for name, value in labels if (wrong := next(iter(faults(value)), None)) is not None),
    )


def faults(node: Any) -> list[str]:
    """The SQLSTATEs of the aggregates and window functions of an expression, if none may stand there."""
    return [WINDOWING if "over" in call else GROUPING for call in functions(node)]


def functions(node: Any) -> Iterator[Node]:
    """The calls of aggregates and window functions at the level of an expression."""
    return (call for call in calls(node) if "over" in call or aggregates(call))


def calls(node: Any) -> Iterator[Node]:
    """The calls at the level of an expression."""
    if type(node) is list:
        for item in node:
            yield from calls(item)
    elif type(node) is dict:
        if "funcname" in node:
            yield node
        for tag, value in node.items():
            if tag != "subselect":
                yield from calls(value)


def _items(clause: Any) -> Iterator[Node]:
    """The expressions of GROUP BY, those of grouping sets and rows one by one."""
    for item in clause:
        tag, node = tagged(item)
        if tag == "GroupingSet":
            yield from _items(node.get("content", ()))
        elif tag == "RowExpr" and node.get("row_format") == "COERCE_IMPLICIT_CAST":
            yield from _items(node.get("args", ()))
        else:
            yield item


def _star(target: Node) -> tuple[str, ...] | None:
    fields = target.get("val", {}).get("ColumnRef", {}).get("fields", [{}])
    return tuple(strings(fields)) if "A_Star" in fields[-1] else None


def _label(target: Node) -> str:
    return str(target["name"]) if "name" in target else label(target["val"])


def _plain(node: Any) -> Any:
    """An expression without what two spellings of it differ in: offsets, and by what its columns are qualified."""
    if type(node) is list:
        return [_plain(item) for item in node]
    if type(node) is not dict:
        return node
    if "ColumnRef" in node:
        return {"ColumnRef": node["ColumnRef"]["fields"][-1:]}
    return {tag: _plain(value) for tag, value in node.items() if not tag.endswith("location")}


def _stripped(node: Any, exprs: list[Node], found: list[Any]) -> Any:
    """A node without its aggregates, whose arguments are ``found``, and without what is grouped by."""
    if type(node) is list:
        return [_stripped(item, exprs, found) for item in node]
    if type(node) is not dict:
        return node
    if exprs and len(node) == 1 and _plain(node) in exprs:
        return _NULL
    call = node.get("FuncCall")
    if call is not None and aggregates(call):
        found.append([*call.get("args", ()), *([call["agg_filter"]] if "agg_filter" in call else ())])
        return _NULL
    if "JsonObjectAgg" in node or "JsonArrayAgg" in node:
        return _NULL
    return {tag: value if tag == "subselect" else _stripped(value, exprs, found) for tag, value in node.items()}
