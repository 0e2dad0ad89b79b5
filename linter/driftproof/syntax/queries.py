"""Expressions and queries: from syntax trees to the words of `driftproof.statements.query`."""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from driftproof.statements.query import (
    CTE,
    NOTHING,
    SUBSCRIPT,
    Arm,
    Behind,
    Call,
    ColumnRef,
    Derived,
    Expression,
    Function,
    Given,
    Join,
    Modification,
    Name,
    Operator,
    Output,
    Query,
    Source,
    Table,
    Value,
)
from driftproof.syntax.grouping import grouping
from driftproof.syntax.lists import (
    bare_names,
    changed_rows,
    columns_set,
    common_type,
    constant_rows,
    outputs,
    repeated,
    returning,
    target_values,
)
from driftproof.syntax.parser import Node
from driftproof.syntax.placement import misplaced, recursion
from driftproof.syntax.tree import column_ref, field_ref, qualified, range_var, strings, tagged, type_name
from driftproof.syntax.values import (
    bounds,
    call_of,
    common_of,
    matched,
    operators_of,
    relation_text,
    tells,
    tested,
    texts,
    typed,
)

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
        *("aggregates", "behind", "calls", "cast", "collated", "collations", "columns", "queries", "relations"),
        *("shift", "types", "values", "windows"),
    )

    def __init__(self, shift: int) -> None:
        self.shift = shift
        self.columns: list[ColumnRef] = []
        self.queries: list[Query] = []
        self.behind: list[tuple[int, int]] = []
        self.calls: list[Call] = []
        self.types: list[Name] = []
        self.relations: list[Name] = []
        self.collations: list[Name] = []
        self.collated: list[tuple[int, int]] = []
        self.values: list[Value] = []
        self.windows: list[Node] = []
        self.aggregates = False
        self.cast: tuple[Node, ...] = ()

    def done(self) -> Expression:
        for window in self.windows:  # PostgreSQL looks at them last
            self.walk(window)
        if not (self.columns or self.queries or self.calls or self.types or self.collations or self.values):
            return NOTHING
        return Expression(
            tuple(self.columns),
            tuple(self.queries),
            tuple(self.calls),
            tuple(self.types),
            tuple(self.relations),
            tuple(self.behind),
            tuple(self.collations),
            tuple(self.collated),
            tuple(self.values),
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
                    given = value.get("subLinkType") == "EXPR_SUBLINK" or "testexpr" in value
                    self.queries.append(query(value["subselect"], self.shift, value["location"] if given else -1))
                    self.behind.append((len(self.columns), len(self.calls)))
                    if "testexpr" in value:
                        self.walk(value["testexpr"])
                        self.values += tested(value, self.shift, self.place())
                elif tag == "FuncCall":
                    arguments = value.get("args", ())
                    self.walk(value)
                    called = call_of(value, self.shift, len(self.columns))
                    self.aggregates = self.aggregates or called.role == "aggregate"
                    self.calls.append(called)
                    name = called.name
                    if name.name in _TAKES_RELATION and name.schema in (None, "pg_catalog") and arguments:
                        self.relations += relation_text(arguments[0])
                elif tag == "SQLValueFunction":  # no function to PostgreSQL, but no more than now() the same each time
                    if value.get("op") in _MOMENTS:
                        self.calls.append(Call(_NOW, 0, behind=len(self.columns)))
                elif tag in ("TypeName", "typeName"):
                    if name_of_type := type_name(value):
                        if name_of_type.name in _BY_FUNCTION and "ColumnRef" in node.get("arg", ()):
                            self.calls.append(
                                Call(name_of_type, 1, (typed(node["arg"], self.shift),), len(self.columns))
                            )
                        self.types.append(name_of_type)
                        if name_of_type.schema != "pg_catalog" and "arg" in node:
                            array = "arrayBounds" in value
                            self.values += texts(name_of_type, node["arg"], self.place(), array=array)
                        if name_of_type.name == "regclass" and "arg" in node and "arrayBounds" not in value:
                            self.relations += relation_text(node["arg"])
                elif tag == "A_Expr":
                    self.operation(value)
                elif tag == "TypeCast":
                    if "A_ArrayExpr" in value["arg"] and "arrayBounds" in value["typeName"]:
                        self.cast = tuple(_arrays(value["arg"]["A_ArrayExpr"]))  # its elements are of that type at once
                    self.walk(value)
                elif tag in _CHOICES:
                    if tag == "CaseExpr" and "arg" in value:
                        self.choice(value)
                    else:
                        self.walk(value)
                    cast = any(value is array for array in self.cast)
                    chosen = None if cast else common_of(tag, value, self.shift, self.place())
                    if chosen is not None:
                        self.values.append(chosen)
                elif tag == "A_Indirection":
                    self.walk(value)
                    subscripted = typed(value["arg"], self.shift) if "A_Indices" in value["indirection"][0] else None
                    if subscripted is not None:
                        self.values.append(Operator(SUBSCRIPT, subscripted, None, behind=self.place()))
                    if taken := field_ref(value, self.shift):
                        self.columns.append(taken)
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

    def place(self) -> Behind:
        """How many columns, calls and sub-queries are read so far."""
        return len(self.columns), len(self.calls), len(self.queries)

    def choice(self, node: Node) -> None:
        """A CASE that compares its value with others."""
        self.walk(node["arg"])
        for arm in (item["CaseWhen"] for item in node["args"]):
            self.walk(arm["expr"])
            self.values += matched(node, arm, self.shift, self.place())
            self.walk(arm["result"])
        self.walk(node.get("defresult", {}))

    def operation(self, node: Node) -> None:
        """An A_Expr, with the operators that it stands for."""
        left, right = node.get("lexpr", {}), node["rexpr"]
        if between := bounds(node):
            self.walk(left)
            for at, (name, bound) in enumerate(between):
                if at < 2:
                    self.walk(bound)
                one, other = typed(left, self.shift), typed(bound, self.shift)
                if tells(name, one, other):
                    self.values.append(Operator(name, one, other, behind=self.place()))
            return
        self.walk([right, left] if "SubLink" in right and "RowExpr" in left else node)
        self.values += operators_of(node, self.shift, self.place())


def _arrays(array: Node) -> Iterator[Node]:
    """An array with those that are its elements."""
    yield array
    for element in array.get("elements", ()):
        if "A_ArrayExpr" in element:
            yield from _arrays(element["A_ArrayExpr"])


_CHOICES = {"A_ArrayExpr", "CaseExpr", "CoalesceExpr", "MinMaxExpr"}
_NOW = Name("pg_catalog", "now")
_MOMENTS = {
    f"SVFOP_{kind}{precision}"
    for kind in ("CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP")
    for precision in ("", "_N")
} | {"SVFOP_CURRENT_DATE"}
_BY_FUNCTION = {"date", "time", "timestamp"}
"""Types that a column is cast to by a function of that name."""

_NOTHING_FOUND = _Found(NOWHERE)


def _walked(nodes: list[Any], shift: int) -> _Found:
    if not nodes:
        return _NOTHING_FOUND
    found = _Found(shift)
    found.walk(nodes)
    return found


def query(wrapped: Node, shift: int, at: int = -1) -> Query:
    """A SELECT, VALUES, set operation, INSERT, UPDATE, DELETE or MERGE; ``at`` is the offset of a sub-query."""
    tag, node = tagged(wrapped)
    match tag:
        case "SelectStmt":
            return select(node, shift, at)
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


def select(node: Node, shift: int, at: int = -1) -> Query:
    """The fields of a SelectStmt; ``at`` is the offset of a sub-query."""
    ctes, recursive = _with(node, shift)
    if "larg" in node:
        return Query(
            arms=(select(node["larg"], shift), select(node["rarg"], shift)),
            labels=bare_names(node.get("sortClause"), shift)[0],
            ctes=ctes,
            recursive=recursive,
            at=at,
        )
    if "valuesLists" in node:
        rows = node["valuesLists"]
        width = len(rows[0]["List"]["items"])
        return Query(
            outputs=tuple(Output(f"column{at}", type=common_type(rows, at - 1, shift)) for at in range(1, width + 1)),
            expression=expression(rows, shift),
            ctes=ctes,
            recursive=recursive,
            at=at,
        )
    targets = node.get("targetList", ())
    seen: list[Any] = [node["havingClause"]] if "havingClause" in node else []
    labels: list[ColumnRef] = []
    for clause in ("sortClause", "groupClause", "distinctClause"):
        bare, rest = bare_names(node.get(clause), shift)
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
        outputs=outputs(targets, shift, {label.parts[0] for label in labels}),
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
        at=at,
    )


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
            return Function(
                expression(calls, shift),
                name if name is not None or not found else strings(found[0]["funcname"])[-1],
                tuple(item["colname"] for item in defined) or columns,
                tuple(typed({"TypeCast": item}, shift) for item in defined),
                call,
                call is not None and not _scalar(call.name, found[0]),
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
        found.append(CTE(name, query(wrapped, shift), columns, flaw, tuple(_added(cte))))
    return tuple(found), recursive


def _added(cte: Node) -> Iterator[tuple[str, str | None]]:
    """The columns that SEARCH and CYCLE add, with their types where they are no constant's."""
    if search := cte.get("search_clause"):
        rows = "record" if search.get("search_breadth_first") else "record[]"
        yield search["search_seq_column"], f"pg_catalog.{rows}"
    if cycle := cte.get("cycle_clause"):
        yield cycle["cycle_mark_column"], None
        yield cycle["cycle_path_column"], "pg_catalog.record[]"


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
    found = _walked(target_values(returning(node)), shift)
    return Query(
        outputs=outputs(returning(node), shift),
        sources=(table,),
        expression=found.done(),
        misplaced=_misplaced(found),
        ctes=ctes,
        recursive=recursive,
        modifies=Modification(
            table.name,
            columns=columns_set(node.get("cols"), shift),
            assigned=columns_set(conflict.get("targetList"), shift),
            repeated=repeated(node.get("cols")),
            source=query(node["selectStmt"], shift) if "selectStmt" in node else None,
            key=tuple(ColumnRef((element["name"],), at) for element in elements if "name" in element),
            inference=expression([element["expr"] for element in elements if "expr" in element] + _where(infer), shift),
            conflict=expression(target_values(conflict.get("targetList")), shift),
            condition=expression(_where(conflict), shift),
            arbiter=infer.get("conname"),
            computed=any("expr" in item or "collation" in item or "opclass" in item for item in elements),
            filtered="whereClause" in infer,
            rows=constant_rows(node.get("selectStmt", {}).get("SelectStmt", {})),
            forgives=bool(conflict),
            inserts=conflict.get("action") != "ONCONFLICT_UPDATE",
            changed=changed_rows(node),
            resets=repeated(conflict.get("targetList")) is not None,
        ),
    )


def _given(seen: Expression, table: Table, targets: Any) -> Expression:
    """An expression with what SET gives to columns of the table, which comes last."""
    alias = table.alias or table.name.name
    behind = len(seen.columns), len(seen.calls), len(seen.queries)
    given = [
        (item["name"], typed(item["val"], NOWHERE))
        for item in (target["ResTarget"] for target in targets or ())
        if "val" in item and "indirection" not in item and "MultiAssignRef" not in item["val"]
    ]
    found = [Given(ColumnRef((alias, name)), value, behind) for name, value in given if value is not None]
    return msgspec.structs.replace(seen, values=(*seen.values, *found)) if found else seen


def _misplaced(found: _Found) -> str | None:
    """No aggregate or window function stands where rows are changed."""
    return "42803" if found.aggregates else "42P20" if found.windows else None


def _update(node: Node, shift: int) -> Query:
    ctes, recursive = _with(node, shift)
    table = _target_table(node, shift)
    found = _walked([*target_values(returning(node)), *target_values(node.get("targetList"))], shift)
    where = _walked(_where(node), shift)
    return Query(
        outputs=outputs(returning(node), shift),
        sources=(table, *(source(item, shift) for item in node.get("fromClause", ()))),
        expression=_given(found.done(), table, node.get("targetList")),
        where=where.done(),
        misplaced=_misplaced(where) or _misplaced(found),
        ctes=ctes,
        recursive=recursive,
        modifies=Modification(
            table.name,
            assigned=columns_set(node.get("targetList"), shift),
            repeated=repeated(node.get("targetList")),
            changed=changed_rows(node),
            command="update",
            whole="whereClause" not in node and "fromClause" not in node,
        ),
    )


def _delete(node: Node, shift: int) -> Query:
    ctes, recursive = _with(node, shift)
    table = _target_table(node, shift)
    found, where = _walked(target_values(returning(node)), shift), _walked(_where(node), shift)
    return Query(
        outputs=outputs(returning(node), shift),
        sources=(table, *(source(item, shift) for item in node.get("usingClause", ()))),
        expression=found.done(),
        where=where.done(),
        misplaced=_misplaced(where) or _misplaced(found),
        ctes=ctes,
        recursive=recursive,
        modifies=Modification(
            table.name,
            changed=changed_rows(node),
            command="delete",
            whole="whereClause" not in node and "usingClause" not in node,
        ),
    )


def _merge(node: Node, shift: int) -> Query:
    ctes, recursive = _with(node, shift)
    table = _target_table(node, shift)
    found = _walked([node.get("joinCondition", []), *target_values(returning(node))], shift)
    wrong = _misplaced(found)
    arms = []
    for clause in (item["MergeWhenClause"] for item in node.get("mergeWhenClauses", ())):
        condition = _walked([clause["condition"]] if "condition" in clause else [], shift)
        values = _walked([*target_values(clause.get("targetList")), *clause.get("values", ())], shift)
        wrong = wrong or _misplaced(condition) or _misplaced(values)
        targets, inserts = clause.get("targetList"), clause.get("commandType") == "CMD_INSERT"
        arms.append(
            Arm(
                _SEEN[clause.get("matchKind", "MERGE_WHEN_MATCHED")],
                condition.done(),
                columns=columns_set(targets, shift) if inserts else (),
                repeated=repeated(targets),
                values=values.done(),
                assigned=() if inserts else columns_set(targets, shift),
            )
        )
    return Query(
        outputs=outputs(returning(node), shift),
        sources=(table, source(node["sourceRelation"], shift)),
        expression=found.done(),
        misplaced=wrong,
        ctes=ctes,
        recursive=recursive,
        modifies=Modification(table.name, arms=tuple(arms), changed=changed_rows(node), command="merge"),
    )


_SEEN: dict[str, Literal["target", "source", "both"]] = {
    "MERGE_WHEN_MATCHED": "both",
    "MERGE_WHEN_NOT_MATCHED_BY_SOURCE": "target",
    "MERGE_WHEN_NOT_MATCHED_BY_TARGET": "source",
}
