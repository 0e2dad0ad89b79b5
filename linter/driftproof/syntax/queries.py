"""Expressions and queries: from syntax trees to the words of `driftproof.statements.query`."""

from collections.abc import Collection
from typing import Any, Literal

import msgspec

from driftproof.statements.query import (
    CTE,
    NOTHING,
    Arm,
    Call,
    ColumnRef,
    Derived,
    Expression,
    Function,
    Join,
    Modification,
    Name,
    Output,
    Query,
    Source,
    Table,
    Typed,
)
from driftproof.syntax.grouping import aggregates, grouping
from driftproof.syntax.labels import label
from driftproof.syntax.parser import Node
from driftproof.syntax.placement import misplaced, recursion
from driftproof.syntax.tree import column_ref, constant, plain, qualified, range_var, strings, tagged, type_name
from driftproof.syntax.values import call_of, relation_text, texts, typed

_MOST_ROWS = 200  # of an INSERT: a key of the first ones is enough

_TAKES_RELATION = {"nextval", "currval", "setval"}

QUERIES = frozenset({"SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})

NOWHERE = -1
"""The shift of a text that lies inside a body: its offsets are not those of the file."""


def expression(nodes: Any, shift: int) -> Expression:
    """Everything that one or several expression nodes refer to; ``shift`` is added to their offsets."""
    if not nodes:
        return NOTHING
    found = _Found(shift)
    found.walk(nodes)
    return found.done()


class _Found:
    """Collects references on a walk; sub-queries are lowered, not entered."""

    __slots__ = (
        *("aggregates", "behind", "calls", "collated", "collations", "columns", "queries", "relations", "shift"),
        *("texts", "types", "windows"),
    )

    def __init__(self, shift: int) -> None:
        self.shift = shift
        self.columns: list[ColumnRef] = []
        self.queries: list[Query] = []
        self.behind: list[tuple[int, int]] = []
        self.calls: list[Call] = []
        self.types: list[Name] = []
        self.relations: list[Name] = []
        self.texts: list[tuple[Name | ColumnRef, str]] = []
        self.collations: list[Name] = []
        self.collated: list[tuple[int, int]] = []
        self.windows: list[Node] = []
        self.aggregates = False

    def done(self) -> Expression:
        for window in self.windows:  # PostgreSQL looks at them last
            self.walk(window)
        if not (self.columns or self.queries or self.calls or self.types or self.collations):
            return NOTHING
        return Expression(
            tuple(self.columns),
            tuple(self.queries),
            tuple(self.calls),
            tuple(self.types),
            tuple(self.relations),
            tuple(self.texts),
            tuple(self.behind),
            tuple(self.collations),
            tuple(self.collated),
        )

    def walk(self, node: Any) -> None:
        # The hottest function of all: it sees every node of every expression.
        if type(node) is list:
            for item in node:
                if "A_Const" not in item:
                    self.walk(item)
            return
        for tag, value in node.items():
            kind = type(value)
            if kind is dict:
                if tag == "ColumnRef":
                    if reference := column_ref(value, self.shift):
                        self.columns.append(reference)
                elif tag == "SubLink":
                    self.queries.append(query(value["subselect"], self.shift))
                    self.behind.append((len(self.columns), len(self.calls)))
                    if "testexpr" in value:
                        self.walk(value["testexpr"])
                elif tag == "FuncCall":
                    arguments = value.get("args", ())
                    self.walk(value)
                    called = call_of(value, self.shift, len(self.columns))
                    self.aggregates = self.aggregates or called.role == "aggregate"
                    self.calls.append(called)
                    name = called.name
                    if name.name in _TAKES_RELATION and name.schema in (None, "pg_catalog") and arguments:
                        self.relations += relation_text(arguments[0])
                elif tag in ("TypeName", "typeName"):
                    if name_of_type := type_name(value):
                        self.types.append(name_of_type)
                        self.texts += texts(name_of_type, node.get("arg"))
                        if name_of_type.name == "regclass" and "arg" in node and "arrayBounds" not in value:
                            self.relations += relation_text(node["arg"])
                elif tag == "A_Expr":
                    left, right = value.get("lexpr", {}), value.get("rexpr", {})
                    self.walk([right, left] if "SubLink" in right and "RowExpr" in left else value)
                    for one, other in ((left, right), (right, left)):
                        if "ColumnRef" in one and (reference := column_ref(one["ColumnRef"], self.shift)):
                            self.texts += texts(reference, other)
                elif tag == "A_Indirection":
                    self.walk(value)
                    of = column_ref(value["arg"].get("ColumnRef", {}), self.shift)
                    fields = strings(value["indirection"][:1])
                    if of is not None and len(of.parts) == 1 and fields:
                        self.columns.append(ColumnRef((*of.parts, *fields), of.at, row=True))
                elif tag == "over":
                    self.windows.append(value)
                elif tag == "CollateClause":
                    self.walk(value)
                    self.collations.append(qualified(strings(value["collname"])))
                    self.collated.append((len(self.columns), len(self.calls)))
                elif tag not in ("A_Const", "String"):
                    self.walk(value)
            elif kind is list and tag not in ("funcname", "indirection", "name"):
                self.walk(value)
            elif tag == "indirection":
                for item in value:
                    if "A_Indices" in item:
                        self.walk(item)


_NOTHING_FOUND = _Found(NOWHERE)


def _walked(nodes: list[Any], shift: int) -> _Found:
    if not nodes:
        return _NOTHING_FOUND
    found = _Found(shift)
    found.walk(nodes)
    return found


def query(wrapped: Node, shift: int) -> Query:
    """A SELECT, VALUES, set operation, INSERT, UPDATE, DELETE or MERGE."""
    tag, node = tagged(wrapped)
    match tag:
        case "SelectStmt":
            return select(node, shift)
        case "InsertStmt":
            return _insert(node, shift)
        case "UpdateStmt":
            return _update(node, shift)
        case "DeleteStmt":
            return _delete(node, shift)
        case "MergeStmt":
            return _merge(node, shift)
        case _:
            return Query(outputs=(Output(None),))  # EXECUTE: any columns


def select(node: Node, shift: int) -> Query:
    """The fields of a SelectStmt."""
    ctes, recursive = _with(node, shift)
    if "larg" in node:
        return Query(
            arms=(select(node["larg"], shift), select(node["rarg"], shift)),
            labels=_labels(node.get("sortClause"), shift)[0],
            ctes=ctes,
            recursive=recursive,
        )
    if "valuesLists" in node:
        rows = node["valuesLists"]
        width = len(rows[0]["List"]["items"])
        return Query(
            outputs=tuple(Output(f"column{at}", type=_common(rows, at - 1, shift)) for at in range(1, width + 1)),
            expression=expression(rows, shift),
            ctes=ctes,
            recursive=recursive,
        )
    targets = node.get("targetList", ())
    seen: list[Any] = [node["havingClause"]] if "havingClause" in node else []
    labels: list[ColumnRef] = []
    for clause in ("sortClause", "groupClause", "distinctClause"):
        bare, rest = _labels(node.get(clause), shift)
        labels.extend(bare)
        seen.extend(rest)
    seen.extend(node[clause] for clause in ("limitCount", "limitOffset") if clause in node)
    seen.extend(node.get("windowClause", ()))
    found = _walked([target["ResTarget"]["val"] for target in targets if "val" in target["ResTarget"]], shift)
    where, behind = _walked(_where(node), shift), _walked(seen, shift)
    if found.windows:  # PostgreSQL looks at them last
        behind = behind if seen else _Found(shift)
        behind.windows, found.windows = [*found.windows, *behind.windows], []
    aggregates = found.aggregates or behind.aggregates
    grouped = aggregates or "groupClause" in node or "havingClause" in node
    faulty = aggregates or where.aggregates or behind.windows or where.windows or "lockingClause" in node
    return Query(
        outputs=_outputs(targets, shift, {label.parts[0] for label in labels}),
        sources=tuple(source(item, shift) for item in node.get("fromClause", ())),
        expression=found.done(),
        labels=tuple(labels),
        ctes=ctes,
        recursive=recursive,
        grouping=grouping(node, lambda nodes: expression(nodes, NOWHERE)) if grouped else None,
        misplaced=misplaced(node) if faulty else None,
        where=where.done(),
        behind=behind.done(),
        distinct=node.get("distinctClause") == [{}],
    )


def _common(rows: list[Node], place: int, shift: int) -> Typed:
    """The type of a column of VALUES, if all its values are plainly of that type; bare texts are of any."""
    items = (row["List"]["items"] for row in rows[:_MOST_ROWS])
    found = {typed(row[place], shift) for row in items if place < len(row)} - {_BARE} or {_BARE}
    return found.pop() if len(found) == 1 and len(rows) <= _MOST_ROWS else None


_BARE = Name("pg_catalog", "unknown")


def source(wrapped: Node, shift: int) -> Source:
    """An item of a FROM list."""
    tag, node = tagged(wrapped)
    alias: Node = node.get("alias") or {}
    name, columns = alias.get("aliasname"), tuple(strings(alias.get("colnames")))
    if tag == "JoinExpr":
        return Join(
            left=source(node["larg"], shift),
            right=source(node["rarg"], shift),
            condition=expression(node.get("quals"), shift),
            using=tuple(strings(node.get("usingClause"))),
            natural=node.get("isNatural", False),
            alias=name,
            columns=columns,
            merged=(node.get("join_using_alias") or {}).get("aliasname"),
        )
    match tag:
        case "RangeVar":
            return Table(range_var(node, shift), name, columns)
        case "RangeSubselect":
            return Derived(query(node["subquery"], shift), name, columns, node.get("lateral", False))
        case "RangeTableSample":
            of = source(node["relation"], shift)
            return msgspec.structs.replace(of, sampled=True) if isinstance(of, Table) else of
        case _:
            defined = [item["ColumnDef"] for item in node.get("coldeflist", ())]
            calls = node.get("functions", node)
            found = _from_calls(node) if tag == "RangeFunction" else []
            call = qualified(strings(found[0]["funcname"])) if len(found) == 1 else None
            known = call is not None and call.schema in (None, "pg_catalog") and _scalar(call.name, found[0])
            return Function(
                expression(calls, shift),
                name if name is not None or not found else strings(found[0]["funcname"])[-1],
                tuple(item["colname"] for item in defined) or columns,
                tuple(typed({"TypeCast": item}, shift) for item in defined),
                call.name if call is not None and known else None,
                node.get("ordinality", False),
            )


def _from_calls(node: Node) -> list[Node]:
    """The calls of an item of FROM, if it has nothing else."""
    items = [item["List"]["items"][0] for item in node.get("functions", ())]
    return [item["FuncCall"] for item in items] if all("FuncCall" in item for item in items) else []


def _scalar(name: str, call: Node) -> bool:
    """Whether what the function gives is certainly no row: of unnest its argument tells."""
    if name != "unnest":
        return True
    arguments = call.get("args", [])
    return len(arguments) == 1 and all(
        "A_Const" in element for element in arguments[0].get("A_ArrayExpr", {}).get("elements", [{}])
    )


def _with(node: Node, shift: int) -> tuple[tuple[CTE, ...], bool]:
    clause = node.get("withClause")
    if not clause:
        return (), False
    recursive = clause.get("recursive", False)
    found = []
    for cte in (item["CommonTableExpr"] for item in clause.get("ctes", ())):
        name, wrapped, columns = cte["ctename"], cte["ctequery"], tuple(strings(cte.get("aliascolnames")))
        flaw = recursion(name, wrapped) if recursive else None
        found.append(CTE(name, query(wrapped, shift), columns, flaw))
    return tuple(found), recursive


def _labels(items: Any, shift: int) -> tuple[tuple[ColumnRef, ...], list[Node]]:
    """The bare names of an ORDER BY, GROUP BY or DISTINCT ON list, which may be output columns, and the rest of it."""
    bare: list[ColumnRef] = []
    rest: list[Node] = []
    for item in items or ():
        node = item.get("SortBy", {}).get("node", item)
        reference = column_ref(node["ColumnRef"], shift) if "ColumnRef" in node else None
        if reference and len(reference.parts) == 1:
            bare.append(reference)
        elif "GroupingSet" in node:
            inner, others = _labels(node["GroupingSet"].get("content"), shift)
            bare.extend(inner)
            rest.extend(others)
        elif node:
            rest.append(node)
    return tuple(bare), rest


def _outputs(targets: Any, shift: int, named: Collection[str] = ()) -> tuple[Output, ...]:
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


def _targets(items: Any, shift: int) -> tuple[ColumnRef, ...]:
    return tuple(
        ColumnRef((node["name"],), node.get("location", 0) + shift if shift >= 0 else -1)
        for node in (item["ResTarget"] for item in items or ())
        if "name" in node
    )


def _repeated(items: Any) -> int | None:
    """The place of the first column that an INSERT or SET names a second time."""
    seen: set[str] = set()
    for at, item in enumerate(items or ()):
        name = item["ResTarget"]["name"]
        if name in seen and "indirection" not in item["ResTarget"]:
            return at
        seen.add(name)
    return None


def _values(items: Any) -> list[Node]:
    return [item["ResTarget"]["val"] for item in items or () if "val" in item["ResTarget"]]


def _where(node: Node) -> list[Node]:
    return [node["whereClause"]] if "whereClause" in node else []


def _target_table(node: Node, shift: int) -> Table:
    relation = node["relation"]
    return Table(range_var(relation, shift), (relation.get("alias") or {}).get("aliasname"))


def _insert(node: Node, shift: int) -> Query:
    ctes, recursive = _with(node, shift)
    table = _target_table(node, shift)
    conflict = node.get("onConflictClause") or {}
    infer = conflict.get("infer") or {}
    elements = [item["IndexElem"] for item in infer.get("indexElems", ())]
    at = infer.get("location", 0) + shift if shift >= 0 else -1
    returning = _returning(node)
    found = _walked(_values(returning), shift)
    return Query(
        outputs=_outputs(returning, shift),
        sources=(table,),
        expression=found.done(),
        misplaced=_misplaced(found),
        ctes=ctes,
        recursive=recursive,
        modifies=Modification(
            table.name,
            columns=_targets(node.get("cols"), shift),
            assigned=_targets(conflict.get("targetList"), shift),
            repeated=_repeated(node.get("cols")),
            source=query(node["selectStmt"], shift) if "selectStmt" in node else None,
            key=tuple(ColumnRef((element["name"],), at) for element in elements if "name" in element),
            inference=expression([element["expr"] for element in elements if "expr" in element] + _where(infer), shift),
            conflict=expression(_values(conflict.get("targetList")) + _where(conflict), shift),
            arbiter=infer.get("conname"),
            computed=any("expr" in item or "collation" in item or "opclass" in item for item in elements),
            filtered="whereClause" in infer,
            rows=_rows(node.get("selectStmt", {}).get("SelectStmt", {})),
            forgives=bool(conflict),
            inserts=conflict.get("action") != "ONCONFLICT_UPDATE",
            changed=_changed(node),
            resets=_repeated(conflict.get("targetList")) is not None,
        ),
    )


def _given(seen: Expression, table: Table, targets: Any) -> Expression:
    """An expression with the texts that SET gives to columns of the table."""
    alias = table.alias or table.name.name
    found = [
        text
        for item in (target["ResTarget"] for target in targets or ())
        if "name" in item
        for text in texts(ColumnRef((alias, item["name"])), item.get("val"))
    ]
    return msgspec.structs.replace(seen, texts=(*seen.texts, *found)) if found else seen


def _rows(node: Node) -> tuple[tuple[str | None, ...], ...]:
    rows = node.get("valuesLists", ())
    found = tuple(tuple(constant(item) for item in row["List"]["items"]) for row in rows[:_MOST_ROWS])
    return found if len(rows) <= _MOST_ROWS else (*found, ())  # the last one says nothing


def _returning(node: Node) -> Any:
    clause = node.get("returningClause")
    return clause.get("exprs", ()) if clause else node.get("returningList", ())


def _changed(node: Node) -> tuple[str, str]:
    """The names of the rows before and after the change: RETURNING WITH (OLD AS ...)."""
    options = [item["ReturningOption"] for item in (node.get("returningClause") or {}).get("options", ())]
    named = {item.get("option", "RETURNING_OPTION_OLD"): item["value"] for item in options}
    return named.get("RETURNING_OPTION_OLD", "old"), named.get("RETURNING_OPTION_NEW", "new")


def _misplaced(found: _Found) -> str | None:
    """No aggregate or window function stands where rows are changed."""
    return "42803" if found.aggregates else "42P20" if found.windows else None


def _update(node: Node, shift: int) -> Query:
    ctes, recursive = _with(node, shift)
    table = _target_table(node, shift)
    found = _walked([*_values(_returning(node)), *_values(node.get("targetList"))], shift)
    where = _walked(_where(node), shift)
    return Query(
        outputs=_outputs(_returning(node), shift),
        sources=(table, *(source(item, shift) for item in node.get("fromClause", ()))),
        expression=_given(found.done(), table, node.get("targetList")),
        where=where.done(),
        misplaced=_misplaced(where) or _misplaced(found),
        ctes=ctes,
        recursive=recursive,
        modifies=Modification(
            table.name,
            assigned=_targets(node.get("targetList"), shift),
            repeated=_repeated(node.get("targetList")),
            changed=_changed(node),
        ),
    )


def _delete(node: Node, shift: int) -> Query:
    ctes, recursive = _with(node, shift)
    table = _target_table(node, shift)
    found, where = _walked(_values(_returning(node)), shift), _walked(_where(node), shift)
    return Query(
        outputs=_outputs(_returning(node), shift),
        sources=(table, *(source(item, shift) for item in node.get("usingClause", ()))),
        expression=found.done(),
        where=where.done(),
        misplaced=_misplaced(where) or _misplaced(found),
        ctes=ctes,
        recursive=recursive,
        modifies=Modification(table.name, changed=_changed(node)),
    )


def _merge(node: Node, shift: int) -> Query:
    ctes, recursive = _with(node, shift)
    table = _target_table(node, shift)
    found = _walked([node.get("joinCondition", []), *_values(_returning(node))], shift)
    wrong = _misplaced(found)
    arms = []
    for clause in (item["MergeWhenClause"] for item in node.get("mergeWhenClauses", ())):
        condition = _walked([clause["condition"]] if "condition" in clause else [], shift)
        values = _walked([*_values(clause.get("targetList")), *clause.get("values", ())], shift)
        wrong = wrong or _misplaced(condition) or _misplaced(values)
        targets, inserts = clause.get("targetList"), clause.get("commandType") == "CMD_INSERT"
        arms.append(
            Arm(
                _SEEN[clause.get("matchKind", "MERGE_WHEN_MATCHED")],
                condition.done(),
                columns=_targets(targets, shift) if inserts else (),
                repeated=_repeated(targets),
                values=values.done(),
                assigned=() if inserts else _targets(targets, shift),
            )
        )
    return Query(
        outputs=_outputs(_returning(node), shift),
        sources=(table, source(node["sourceRelation"], shift)),
        expression=found.done(),
        misplaced=wrong,
        ctes=ctes,
        recursive=recursive,
        modifies=Modification(table.name, arms=tuple(arms), changed=_changed(node)),
    )


_SEEN: dict[str, Literal["target", "source", "both"]] = {
    "MERGE_WHEN_MATCHED": "both",
    "MERGE_WHEN_NOT_MATCHED_BY_SOURCE": "target",
    "MERGE_WHEN_NOT_MATCHED_BY_TARGET": "source",
}
