"""What stands in a query where it may not, as far as its text tells: aggregates, window functions, names of windows,
locks, and a WITH query's references to itself.

Source: transformWindowFuncCall and check_agglevels_and_constraints, parse_agg.c; transformWindowDefinitions,
parse_clause.c; transformLockingClause, analyze.c; checkWellFormedRecursion, parse_cte.c.
"""

from collections.abc import Collection, Iterator
from typing import Any

from driftproof.syntax.grouping import GROUPING, WINDOWING, aggregates, calls, faults, functions
from driftproof.syntax.parser import Node
from driftproof.syntax.tree import tagged


def misplaced(node: Node) -> str | None:
    """The SQLSTATE of what may not stand where it does in a SelectStmt."""
    for item in (node.get("whereClause"), node.get("groupClause")):
        if item and (wrong := faults(item)):
            return wrong[0]
    if "havingClause" in node and WINDOWING in faults(node["havingClause"]):
        return WINDOWING
    targets = node.get("targetList", [])
    for call in calls(targets):
        if aggregates(call) and any(inner is not call for inner in functions(call)):
            return GROUPING
        if "over" in call and any("over" in inner for inner in functions(call) if inner is not call):
            return WINDOWING
    return _windows(node) or (_locked(node) if "lockingClause" in node else None)


def _windows(node: Node) -> str | None:
    """A window is defined once, and before it is used; what is made of one changes nothing of it."""
    defined: dict[str, Node] = {}
    clauses = [item["WindowDef"] for item in node.get("windowClause", ())]
    if any(WINDOWING in faults(item) for item in clauses):
        return WINDOWING
    for call in calls([node.get("targetList", []), node.get("sortClause", [])]):
        named = call.get("over", {}).get("name")
        if named is not None and all(item["name"] != named for item in clauses):
            return "42704"
    for item in (*clauses, *(call["over"] for call in calls(node.get("targetList", [])) if "over" in call)):
        if "name" in item and item in clauses and item["name"] in defined:
            return WINDOWING
        base = defined.get(item.get("refname", ""))
        if "refname" in item and base is None:
            return "42704"
        if base is not None and ("partitionClause" in item or ("orderClause" in item and "orderClause" in base)):
            return WINDOWING
        if item in clauses:
            defined[item["name"]] = item
    return None


def _locked(node: Node) -> str | None:
    """FOR UPDATE is for rows as they are, of items of FROM."""
    made = any(clause in node for clause in ("distinctClause", "groupClause", "havingClause"))
    if made or any(True for _ in functions(node.get("targetList", []))):
        return "0A000"
    known = {item["CommonTableExpr"]["ctename"] for item in node.get("withClause", {}).get("ctes", ())}
    stored = dict(_aliases(node.get("fromClause", ()), known))
    for clause in node["lockingClause"]:
        for item in clause["LockingClause"].get("lockedRels", ()):
            name = item["RangeVar"]["relname"]
            if not stored.get(name):
                return "0A000" if name in stored else "42P01"
    return None


def _aliases(items: Any, ctes: Collection[str]) -> Iterator[tuple[str, bool]]:
    """The names of the items of FROM, and whether they may have rows to lock: joins, functions and CTEs have none."""
    for item in items:
        tag, fields = tagged(item)
        alias = fields.get("alias", {}).get("aliasname")
        if tag == "JoinExpr":
            yield from _aliases((fields["larg"], fields["rarg"]), ctes)
        if tag == "RangeTableSample":
            yield from _aliases((fields["relation"],), ctes)
        elif tag == "RangeVar":
            yield alias or fields["relname"], "schemaname" in fields or fields["relname"] not in ctes
        elif alias is not None:
            yield alias, tag == "RangeSubselect"


def recursion(name: str, wrapped: Node) -> str | None:
    """The SQLSTATE of a WITH RECURSIVE query that refers to itself where it may not."""
    if not any(True for _ in _references(name, wrapped)):
        return None
    node = wrapped.get("SelectStmt", {})
    if node.get("op") != "SETOP_UNION":
        return "42P19"
    if any(clause in node for clause in ("sortClause", "limitCount", "limitOffset", "lockingClause")):
        return "0A000"
    seen = [(hidden, clause) for hidden, clause in _references(name, node["rarg"])]
    if any(True for _ in _references(name, node["larg"])) or len(seen) > 1 or any(hidden for hidden, _ in seen):
        return "42P19"
    return None


def _references(name: str, node: Any, hidden: bool = False) -> Iterator[tuple[bool, Node]]:
    """Where a query refers to that name, and whether it does so in a place that is out of bounds."""
    if type(node) is list:
        for item in node:
            yield from _references(name, item, hidden)
        return
    if type(node) is not dict:
        return
    clause = node.get("withClause", {})
    if any(item["CommonTableExpr"]["ctename"] == name for item in clause.get("ctes", ())):
        return
    if node.get("relname") == name and "schemaname" not in node:
        yield hidden, node
    kind = node.get("jointype", "JOIN_INNER")
    out = hidden or node.get("op") in ("SETOP_INTERSECT", "SETOP_EXCEPT")
    for tag, value in node.items():
        side = (tag == "larg" and kind in ("JOIN_RIGHT", "JOIN_FULL")) or (
            tag == "rarg" and kind in ("JOIN_LEFT", "JOIN_FULL")
        )
        yield from _references(name, value, out or side or tag == "subselect")
