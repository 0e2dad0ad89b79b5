"""The lists of a query, as they are written: its outputs, the names in ORDER BY and the like, the columns that it sets,
the rows of VALUES. The expressions in them are left to `driftproof.syntax.queries`."""

from collections.abc import Collection
from typing import Any

from driftproof.statements.query import UNKNOWN, ColumnRef, Output, Text, Typed
from driftproof.syntax.grouping import aggregates
from driftproof.syntax.labels import label
from driftproof.syntax.parser import Node
from driftproof.syntax.tree import column_ref, constant, named, plain, strings, tagged
from driftproof.syntax.values import typed

_MOST_ROWS = 200  # of an INSERT: a key of the first ones is enough


def outputs(targets: Any, shift: int, named: Collection[str] = ()) -> tuple[Output, ...]:
    """The columns of a result; those that have one of these names may have to be told apart."""
    found = []
    several = bool(named) and len(targets) > 1
    for target in targets or ():
        node = target["ResTarget"]
        name = node.get("name")
        value = node.get("val") or {}
        if name is None and "ColumnRef" in value and "A_Star" in value["ColumnRef"]["fields"][-1]:
            found.append(Output(None, tuple(strings(value["ColumnRef"]["fields"]))))
        else:
            type_ = typed(value, shift) if value else None
            name = name if name is not None else label(value)
            found.append(Output(name, type=type_, form=_form(value) if several and name in named else ""))
    return tuple(found)


_NO_COLUMNS = {
    *("A_ArrayExpr", "A_Const", "A_Expr", "BoolExpr", "CaseExpr", "CoalesceExpr", "MinMaxExpr", "NullTest", "RowExpr"),
    "SubLink",
}


def _form(value: Node) -> str:
    """How an expression that is certainly no column is written: up to the first space, what tells it from others."""
    tag, node = tagged(value)
    if tag == "A_Const":
        return repr(plain(node)).replace(" ", "")
    call = tag == "FuncCall" and ("over" in node or aggregates(node) or len(node.get("args", ())) != 1)
    return f"{tag} {plain(node)}" if call or tag in _NO_COLUMNS else ""


def bare_names(items: Any, shift: int) -> tuple[tuple[ColumnRef, ...], list[Node]]:
    """The bare names of an ORDER BY, GROUP BY or DISTINCT ON list, which may be output columns, and the rest of it."""
    bare: list[ColumnRef] = []
    rest: list[Node] = []
    for item in items or ():
        node = item.get("SortBy", {}).get("node", item)
        reference = column_ref(node["ColumnRef"], shift) if "ColumnRef" in node else None
        if reference and len(reference.parts) == 1:
            bare.append(reference)
        elif "GroupingSet" in node:
            inner, others = bare_names(node["GroupingSet"].get("content"), shift)
            bare.extend(inner)
            rest.extend(others)
        elif node:
            rest.append(node)
    return tuple(bare), rest


def common_type(rows: list[Node], place: int, shift: int) -> Typed:
    """The type of a column of VALUES, if all its values are plainly of that type; bare texts are of any."""
    items = (row["List"]["items"] for row in rows[:_MOST_ROWS])
    found = {typed(row[place], shift) for row in items if place < len(row)}
    known = {type_ for type_ in found if type(type_) is not Text} - {UNKNOWN}
    return (known or found).pop() if len(known) < 2 and len(rows) <= _MOST_ROWS else None


def columns_set(items: Any, shift: int) -> tuple[ColumnRef, ...]:
    """The columns that an INSERT lists or a SET names."""
    return tuple(
        ColumnRef(
            (node["name"],),
            node.get("location", 0) + shift if shift >= 0 else -1,
            named(node["indirection"]) if "indirection" in node else (),
        )
        for node in (item["ResTarget"] for item in items or ())
        if "name" in node
    )


def repeated(items: Any) -> int | None:
    """The place of the first column that an INSERT or SET names a second time."""
    seen: set[str] = set()
    for at, item in enumerate(items or ()):
        name = item["ResTarget"]["name"]
        if name in seen and "indirection" not in item["ResTarget"]:
            return at
        seen.add(name)
    return None


def target_values(items: Any) -> list[Node]:
    """The expressions of a SET or of a list of outputs."""
    return [item["ResTarget"]["val"] for item in items or () if "val" in item["ResTarget"]]


def constant_rows(node: Node) -> tuple[tuple[str | None, ...], ...]:
    """The rows of VALUES, each with its constants as text, None for anything else."""
    rows = node.get("valuesLists", ())
    found = tuple(tuple(constant(item) for item in row["List"]["items"]) for row in rows[:_MOST_ROWS])
    return found if len(rows) <= _MOST_ROWS else (*found, ())  # the last one says nothing


def returning(node: Node) -> Any:
    """The outputs of RETURNING."""
    clause = node.get("returningClause")
    return clause.get("exprs", ()) if clause else node.get("returningList", ())


def changed_rows(node: Node) -> tuple[str, str]:
    """The names of the rows before and after the change: RETURNING WITH (OLD AS ...)."""
    options = [item["ReturningOption"] for item in (node.get("returningClause") or {}).get("options", ())]
    named = {item.get("option", "RETURNING_OPTION_OLD"): item["value"] for item in options}
    return named.get("RETURNING_OPTION_OLD", "old"), named.get("RETURNING_OPTION_NEW", "new")
