"""Tables, indexes, views and sequences: from syntax trees to operations."""

from collections.abc import Callable
from typing import Any

import msgspec

from driftproof.statements import operations as op
from driftproof.statements.query import Call, ColumnRef, Expression, Given, Name, Query, Table
from driftproof.syntax.labels import label
from driftproof.syntax.parser import Node
from driftproof.syntax.queries import expression, query
from driftproof.syntax.tree import is_null, names, qualified, range_var, strings, tagged, type_name, type_text
from driftproof.syntax.values import typed

Operations = list[op.Operation]
Handler = Callable[[Node, int], Operations]
"""The operations of one kind of statement, by its tree and its shift."""
Lowering = Callable[[str, Node, int], Operations]
"""The operations of a statement by its tag, its tree and its shift: `driftproof.syntax.lower.operations`."""

_CONSTRAINTS: dict[str, op.ConstraintKind] = {
    "CONSTR_PRIMARY": "primary key",
    "CONSTR_UNIQUE": "unique",
    "CONSTR_CHECK": "check",
    "CONSTR_FOREIGN": "foreign key",
    "CONSTR_EXCLUSION": "exclude",
    "CONSTR_NOTNULL": "not null",
}
# The types that are no types, but a sequence beside one of these. Source: transformColumnDefinition, parse_utilcmd.c.
SERIAL = {
    "serial": "int4",
    "serial4": "int4",
    "bigserial": "int8",
    "serial8": "int8",
    "smallserial": "int2",
    "serial2": "int2",
}


# TableLikeOption, parsenodes.h
_LIKE = {4: "constraints", 8: "defaults", 16: "generated", 32: "identity", 64: "indexes", 128: "statistics"}
TABLES: tuple[op.RelationKind, ...] = ("table", "foreign table")
OPENED: tuple[op.RelationKind, ...] = (*TABLES, "view", "materialized view", "sequence")
"""What can be opened as a table; an index and a composite type can't."""
_FLEETING = ("ONCOMMIT_DROP", "ONCOMMIT_DELETE_ROWS")


def create_table(node: Node, shift: int, kind: op.RelationKind = "table") -> Operations:
    """CREATE TABLE and CREATE FOREIGN TABLE, with their parents and LIKE clauses."""
    columns: list[op.Column] = []
    constraints: list[op.Constraint] = []
    copies: list[op.Like] = []
    for element in node.get("tableElts", ()):
        tag, fields = tagged(element)
        if tag == "ColumnDef":
            columns.append(column(fields, shift))
        elif tag == "Constraint":
            if made := constraint(fields, shift):
                constraints.append(made)
        elif tag == "TableLikeClause":
            including = frozenset(word for bit, word in _LIKE.items() if fields.get("options", 0) & bit)
            copies.append(op.Like(range_var(fields["relation"], shift), including))
    parents = [range_var(parent["RangeVar"], shift) for parent in node.get("inhRelations", ())]
    if "ofTypename" in node and (of_type := type_name(node["ofTypename"])):
        parents.append(of_type)
    return [
        op.CreateRelation(
            range_var(node["relation"], shift),
            kind,
            tuple(columns),
            tuple(constraints),
            tuple(copies),
            tuple(parents),
            partition="partbound" in node,
            partitioned=_partitioned(node, shift),
            strategy=_STRATEGIES.get(node.get("partspec", {}).get("strategy"), ""),
            bound=bound_of(node.get("partbound")),
            typed="ofTypename" in node,
            temporary=node["relation"].get("relpersistence") == "t",
            fleeting=node.get("oncommit") in _FLEETING,
            if_not_exists=node.get("if_not_exists", False),
        )
    ]


_STRATEGIES = {"PARTITION_STRATEGY_LIST": "l", "PARTITION_STRATEGY_RANGE": "r", "PARTITION_STRATEGY_HASH": "h"}


def bound_of(node: Node | None) -> str:
    """The strategy that FOR VALUES is written for, as a letter, or "default"."""
    return "" if node is None else "default" if node.get("is_default") else str(node.get("strategy", ""))


def _partitioned(node: Node, shift: int) -> Expression | None:
    if "partspec" not in node:
        return None
    elements = [item["PartitionElem"] for item in node["partspec"].get("partParams", ())]
    plain = tuple(ColumnRef((element["name"],)) for element in elements if "name" in element)
    others = expression([element["expr"] for element in elements if "expr" in element], shift)
    return msgspec.structs.replace(others, columns=plain + others.columns)


def column(node: Node, shift: int) -> op.Column:
    """A ColumnDef with its column constraints."""
    name = node["colname"]
    at = node.get("location", 0) + shift if shift >= 0 else -1
    default: Expression | None = None
    generated = virtual = required = False
    constraints: list[op.Constraint] = []
    type_ = type_name(node.get("typeName"))
    spelled = type_text(node.get("typeName"))
    sequence = spelled in SERIAL
    identity, sequence_name = False, None
    for item in node.get("constraints", ()):
        fields = item["Constraint"]
        match fields["contype"]:
            case "CONSTR_DEFAULT" if not is_null(fields.get("raw_expr") or {}):  # that is no default
                default = default_of(type_, fields.get("raw_expr"), shift, array=spelled.endswith("[]"))
            case "CONSTR_GENERATED":
                default, generated = expression(fields.get("raw_expr"), shift), True
                virtual = fields.get("generated_kind") == "v"
            case "CONSTR_IDENTITY":
                sequence = identity = True
                sequence_name = sequence_of(fields)
            case "CONSTR_ATTR_DEFERRABLE" | "CONSTR_ATTR_DEFERRED" if constraints:
                deferred = constraints[-1].deferred or fields["contype"] == "CONSTR_ATTR_DEFERRED"
                constraints[-1] = msgspec.structs.replace(constraints[-1], deferrable=True, deferred=deferred)
            case _:
                required = required or fields["contype"] == "CONSTR_NOTNULL"
                if made := constraint(fields, shift, ColumnRef((name,), at)):
                    constraints.append(made)
    if spelled in SERIAL:
        type_, spelled = None, SERIAL[spelled]
    return op.Column(
        name,
        at,
        type_,
        default,
        generated,
        tuple(constraints),
        sequence,
        spelled,
        identity,
        sequence_name,
        collation_of(node),
        virtual=virtual,
        required=required or sequence,
    )


def default_of(to: Name | ColumnRef | None, node: Node | None, shift: int, *, array: bool = False) -> Expression:
    """A default for what is of that type (or of an ``array`` of it), or for that column."""
    seen = expression(node, shift)
    value = typed(node, shift) if node and to is not None else None
    if value is None or to is None or isinstance(value, Call) or (value == to and not array):
        return seen  # of a call nobody asks for its type, which is nearly always right
    behind = len(seen.columns), len(seen.calls), len(seen.queries)
    type_ = Name(to.schema, f"{to.name}[]") if array and isinstance(to, Name) else to
    return msgspec.structs.replace(seen, values=(*seen.values, Given(type_, value, behind)))


def collation_of(node: Node) -> Name | None:
    """The collation that a ColumnDef names."""
    return qualified(strings(node["collClause"]["collname"])) if "collClause" in node else None


def sequence_of(node: Node) -> Name | None:
    """The name that is written for the sequence of an identity."""
    for option in node.get("options", ()):
        if option["DefElem"].get("defname") == "sequence_name":
            return qualified(names(option["DefElem"].get("arg")))
    return None


def constraint(node: Node, shift: int, of_column: ColumnRef | None = None) -> op.Constraint | None:
    """A table constraint, or one of a column; None for attributes (DEFERRABLE) and a column's unnamed NOT NULL."""
    kind = _CONSTRAINTS.get(node["contype"])
    name = node.get("conname")
    if kind is None or (kind == "not null" and name is None and of_column is not None):
        return None
    at = node.get("location", 0) + shift if shift >= 0 else -1
    columns = [ColumnRef((key,), at) for key in strings(node.get("fk_attrs") or node.get("keys"))]
    columns += [ColumnRef((key,), at) for key in strings(node.get("including"))]
    if of_column is not None and kind != "check":
        columns = [of_column]
    seen: list[Any] = [node["raw_expr"]] if kind == "check" and "raw_expr" in node else []
    elements = [pair["List"]["items"][0]["IndexElem"] for pair in node.get("exclusions", ())]
    for element in elements:
        if "name" in element:
            columns.append(ColumnRef((element["name"],), at))
        elif "expr" in element:
            seen.append(element["expr"])
    if kind == "exclude" and "where_clause" in node:
        seen.append(node["where_clause"])
    return op.Constraint(
        kind,
        name,
        tuple(columns),
        expression(seen, shift) if seen else None,
        range_var(node["pktable"], shift) if "pktable" in node else None,
        tuple(ColumnRef((key,), at) for key in strings(node.get("pk_attrs"))),
        node.get("indexname"),
        _key_columns(node, kind, of_column),
        node.get("deferrable", False),
        any(node.get(flag) for flag in ("without_overlaps", "fk_with_period", "pk_with_period")),
        _method(node, elements),
        node.get("is_no_inherit", False),
        node.get("initdeferred", False),
        _labels(elements),
    )


def _method(node: Node, elements: list[Node]) -> str:
    """What the index of a constraint is USING, if it takes the operator classes that it finds."""
    if any("opclass" in element for element in elements):
        return ""
    return "gist" if node.get("without_overlaps") else str(node.get("access_method", "btree"))


def _key_columns(node: Node, kind: op.ConstraintKind, of_column: ColumnRef | None) -> tuple[str, ...]:
    if of_column is not None:
        return of_column.parts
    return tuple(strings(node.get("fk_attrs") if kind == "foreign key" else node.get("keys")))


def index_labels(node: Node) -> tuple[str, ...]:
    """What PostgreSQL calls the columns of an index, before it makes each name another one. Source: transformIndexStmt,
    parse_utilcmd.c."""
    return _labels([item["IndexElem"] for item in (*node["indexParams"], *node.get("indexIncludingParams", ()))])


def _labels(elements: list[Node]) -> tuple[str, ...]:
    return tuple(element["name"] if "name" in element else label(element["expr"], "expr") for element in elements)


def create_index(node: Node, shift: int) -> Operations:
    """CREATE INDEX with its keys, INCLUDE and WHERE."""
    keys = [item["IndexElem"] for item in node.get("indexParams", ())]
    included = [item["IndexElem"] for item in node.get("indexIncludingParams", ())]
    return [
        op.CreateIndex(
            node.get("idxname"),
            range_var(node["relation"], shift),
            tuple(ColumnRef((element["name"],)) for element in keys + included if "name" in element),
            expression([element["expr"] for element in keys if "expr" in element], shift),
            expression(node.get("whereClause"), shift),
            if_not_exists=node.get("if_not_exists", False),
            keys=tuple(element.get("name") for element in keys),
            included=tuple(element.get("name") for element in included),
            unique=node.get("unique", False),
            partial="whereClause" in node,
            adoptable=_adoptable(node, keys),
            labels=index_labels(node),
            collations=tuple(qualified(strings(key["collation"])) for key in keys if "collation" in key),
            classes=tuple(qualified(strings(key["opclass"])) for key in keys if "opclass" in key),
            method=node.get("accessMethod", "btree"),
            only=not node["relation"].get("inh", False),
        )
    ]


def _adoptable(node: Node, keys: list[Node]) -> bool | None:
    if node.get("accessMethod", "btree") != "btree":
        return False
    if any(key.get("ordering") == "SORTBY_DESC" or key.get("nulls_ordering") == "SORTBY_NULLS_FIRST" for key in keys):
        return False
    unusual = any("collation" in key or "opclass" in key for key in keys)
    return None if unusual or node.get("nulls_not_distinct") else True


def create_view(node: Node, shift: int) -> Operations:
    """CREATE [OR REPLACE] VIEW."""
    seen = query(node["query"], shift)
    checks = node.get("withCheckOption", "NO_CHECK_OPTION") != "NO_CHECK_OPTION"
    checks |= any(item["DefElem"].get("defname") == "check_option" for item in node.get("options", ()))
    return [
        op.CreateRelation(
            range_var(node["view"], shift),
            "view",
            query=seen,
            aliases=tuple(strings(node.get("aliases"))),
            temporary=node["view"].get("relpersistence") == "t",
            replace=node.get("replace", False),
            checks=_changeable(node["query"], seen) if checks else None,
        )
    ]


def _changeable(node: Node, seen: Query) -> bool:
    """Whether rows can be changed through a view, as far as its text tells: it has one item of FROM, no more than that
    gives and a column of it. Source: view_query_is_auto_updatable, rewriteHandler.c."""
    select = node.get("SelectStmt", {})
    values = [target["ResTarget"]["val"] for target in select.get("targetList", ())]
    plain = any("ColumnRef" in value or "A_Indirection" in value for value in values)
    one = len(seen.sources) == 1 and isinstance(seen.sources[0], Table) and not (seen.ctes or seen.grouping)
    limited = any(clause in select for clause in ("distinctClause", "limitCount", "limitOffset"))
    calls = (*seen.expression.calls, *seen.behind.calls)
    return one and plain and not limited and all(call.role is None for call in calls)


def create_table_as(node: Node, shift: int) -> Operations:
    """CREATE TABLE AS and CREATE MATERIALIZED VIEW; SELECT INTO comes here too."""
    into, prepared = node["into"], node["query"].get("ExecuteStmt")
    return [
        *([op.Execute(prepared["name"])] if prepared else []),
        op.CreateRelation(
            range_var(into["rel"], shift),
            "materialized view" if node.get("objtype") == "OBJECT_MATVIEW" else "table",
            query=query(node["query"], shift),
            aliases=tuple(strings(into.get("colNames"))),
            temporary=into["rel"].get("relpersistence") == "t",
            fleeting=into.get("onCommit") in _FLEETING,
            if_not_exists=node.get("if_not_exists", False),
        ),
    ]


def create_sequence(node: Node, shift: int) -> Operations:
    """CREATE SEQUENCE and its OWNED BY."""
    made = op.CreateRelation(
        range_var(node["sequence"], shift),
        "sequence",
        temporary=node["sequence"].get("relpersistence") == "t",
        if_not_exists=node.get("if_not_exists", False),
        needs=_owned_by(node, shift),
    )
    return [made]


def alter_sequence(node: Node, shift: int) -> Operations:
    """ALTER SEQUENCE and its OWNED BY."""
    missing_ok = node.get("missing_ok", False)
    sequence = range_var(node["sequence"], shift)
    needs = _owned_by(node, shift)
    return [op.NeedRelation(sequence, missing_ok=missing_ok, kinds=("sequence",), needs=needs)]


def _owned_by(node: Node, shift: int) -> tuple[op.Own, ...]:
    for option in node.get("options", ()):
        if option["DefElem"].get("defname") == "owned_by":
            parts = names(option["DefElem"].get("arg"))
            table = qualified(parts[:-1]) if len(parts) > 1 else None
            return (op.Own(range_var(node["sequence"], shift), table, parts[-1]),)
    return ()
