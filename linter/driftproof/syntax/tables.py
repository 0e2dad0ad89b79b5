"""Tables, indexes, views and what hangs on them: from syntax trees to operations."""

from collections.abc import Callable
from typing import Any

import msgspec

from driftproof.statements import operations as op
from driftproof.statements.query import ColumnRef, Expression, Name
from driftproof.syntax.labels import label
from driftproof.syntax.parser import Node
from driftproof.syntax.queries import expression, query, texts
from driftproof.syntax.tree import (
    names,
    needed_roles,
    qualified,
    range_var,
    role_names,
    strings,
    tagged,
    type_name,
    type_text,
)

Operations = list[op.Operation]
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
_SERIAL = {
    "serial": "int4",
    "serial4": "int4",
    "bigserial": "int8",
    "serial8": "int8",
    "smallserial": "int2",
    "serial2": "int2",
}


# TableLikeOption, parsenodes.h
_LIKE = {4: "constraints", 8: "defaults", 16: "generated", 32: "identity", 64: "indexes", 128: "statistics"}
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
            typed="ofTypename" in node,
            temporary=node["relation"].get("relpersistence") == "t",
            fleeting=node.get("oncommit") in _FLEETING,
            if_not_exists=node.get("if_not_exists", False),
        )
    ]


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
    generated = False
    constraints: list[op.Constraint] = []
    type_ = type_name(node.get("typeName"))
    spelled = type_text(node.get("typeName"))
    sequence = spelled in _SERIAL
    identity, sequence_name = False, None
    for item in node.get("constraints", ()):
        fields = item["Constraint"]
        match fields["contype"]:
            case "CONSTR_DEFAULT":
                default = _default(type_, fields.get("raw_expr"), shift)
            case "CONSTR_GENERATED":
                default, generated = expression(fields.get("raw_expr"), shift), True
            case "CONSTR_IDENTITY":
                sequence = identity = True
                sequence_name = _sequence_name(fields)
            case "CONSTR_ATTR_DEFERRABLE" | "CONSTR_ATTR_DEFERRED" if constraints:
                constraints[-1] = msgspec.structs.replace(constraints[-1], deferrable=True)
            case _:
                if made := constraint(fields, shift, ColumnRef((name,), at)):
                    constraints.append(made)
    if spelled in _SERIAL:
        type_, spelled = None, _SERIAL[spelled]
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
        _collation(node),
    )


def _default(type_: Name | ColumnRef | None, node: Node | None, shift: int) -> Expression:
    """A default for a column of that type, or for that column."""
    seen = expression(node, shift)
    found = texts(type_, node) if type_ is not None else ()
    return msgspec.structs.replace(seen, texts=tuple(found)) if found else seen


def _collation(node: Node) -> Name | None:
    return qualified(strings(node["collClause"]["collname"])) if "collClause" in node else None


def _sequence_name(node: Node) -> Name | None:
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
    for pair in node.get("exclusions", ()):
        element = pair["List"]["items"][0]["IndexElem"]
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
        node.get("is_no_inherit", False),
    )


def _key_columns(node: Node, kind: op.ConstraintKind, of_column: ColumnRef | None) -> tuple[str, ...]:
    if of_column is not None:
        return of_column.parts
    return tuple(strings(node.get("fk_attrs") if kind == "foreign key" else node.get("keys")))


_COLUMN_COMMANDS = {
    "AT_SetNotNull",
    "AT_SetStatistics",
    "AT_SetOptions",
    "AT_ResetOptions",
    "AT_SetStorage",
    "AT_SetCompression",
    "AT_AlterColumnType",
    "AT_AlterColumnGenericOptions",
}
_ACTIONS: dict[str, op.ValueAction] = {
    "AT_DropNotNull": "drop not null",
    "AT_AddIdentity": "add identity",
    "AT_SetIdentity": "set identity",
    "AT_DropIdentity": "drop identity",
    "AT_DropExpression": "drop expression",
}
_VALIDATED: tuple[op.ConstraintKind, ...] = ("check", "foreign key", "not null")
_TRIGGER_COMMANDS = {"AT_EnableTrig", "AT_EnableAlwaysTrig", "AT_EnableReplicaTrig", "AT_DisableTrig"}
_RULE_COMMANDS = {"AT_EnableRule", "AT_EnableAlwaysRule", "AT_EnableReplicaRule", "AT_DisableRule"}
# The order in which PostgreSQL works on the subcommands of one ALTER TABLE. Source: AlterTablePass and ATPrepCmd,
# tablecmds.c.
_PASSES = {
    **dict.fromkeys(("AT_DropColumn", "AT_DropConstraint", "AT_DropNotNull", "AT_DropExpression"), 0),
    "AT_DropIdentity": 0,
    "AT_AlterColumnType": 1,
    "AT_AddColumn": 2,
    "AT_SetExpression": 3,
    **dict.fromkeys(("AT_SetNotNull", "AT_SetIdentity"), 4),
    **dict.fromkeys(("AT_AddConstraint", "AT_ColumnDefault", "AT_AddIdentity"), 5),
}
_DEFAULTS, _LAST_PASS = 5, 6

_TABLES: tuple[op.RelationKind, ...] = ("table", "foreign table")
# The kinds of relations that a subcommand is for. Source: ATPrepCmd, tablecmds.c.
_KINDS: dict[str, tuple[op.RelationKind, ...]] = {
    **dict.fromkeys(("AT_AddColumn", "AT_DropColumn", "AT_AlterColumnType"), (*_TABLES, "composite type")),
    **dict.fromkeys(("AT_AddConstraint", "AT_DropConstraint", "AT_ValidateConstraint"), _TABLES),
    **dict.fromkeys(("AT_SetNotNull", "AT_DropNotNull", "AT_AddInherit", "AT_DropInherit"), _TABLES),
    **dict.fromkeys(("AT_SetExpression", "AT_DropExpression"), _TABLES),
    **dict.fromkeys(_TRIGGER_COMMANDS, _TABLES),
    **dict.fromkeys(("AT_EnableTrigAll", "AT_EnableTrigUser", "AT_DisableTrigAll", "AT_DisableTrigUser"), _TABLES),
    **dict.fromkeys(_RULE_COMMANDS, ("table",)),
    **dict.fromkeys(("AT_EnableRowSecurity", "AT_DisableRowSecurity"), ("table",)),
    **dict.fromkeys(("AT_ForceRowSecurity", "AT_NoForceRowSecurity"), ("table",)),
    **dict.fromkeys(("AT_ColumnDefault", "AT_AddIdentity", "AT_SetIdentity", "AT_DropIdentity"), (*_TABLES, "view")),
    "AT_AlterConstraint": ("table",),
    **dict.fromkeys(("AT_ClusterOn", "AT_ReplicaIdentity"), ("table", "materialized view")),
    "AT_SetStatistics": (*_TABLES, "materialized view", "index"),
}
# What ALTER TABLE takes, as far as the subcommand does: all but composite types.
_ALTERED: tuple[op.RelationKind, ...] = (*_TABLES, "view", "materialized view", "sequence", "index")
_OF_OBJECT: dict[str, op.RelationKind] = {
    "OBJECT_VIEW": "view",
    "OBJECT_MATVIEW": "materialized view",
    "OBJECT_SEQUENCE": "sequence",
    "OBJECT_INDEX": "index",
    "OBJECT_FOREIGN_TABLE": "foreign table",
    "OBJECT_TYPE": "composite type",
}


def kinds_of(object_type: str) -> tuple[op.RelationKind, ...]:
    """The kinds that ALTER VIEW and its kin take; ALTER TABLE takes nearly all."""
    kind = _OF_OBJECT.get(object_type)
    return () if kind is None else (kind,)


def alter_table(node: Node, shift: int) -> Operations:
    """ALTER TABLE, INDEX, VIEW, SEQUENCE, MATERIALIZED VIEW, FOREIGN TABLE and TYPE with their subcommands."""
    table = range_var(node["relation"], shift)
    missing_ok = node.get("missing_ok", False)
    commands = [item["AlterTableCmd"] for item in node.get("cmds", ())]
    kinds = kinds_of(node.get("objtype", "OBJECT_TABLE")) or _ALTERED
    for command in commands:
        if allowed := _KINDS.get(command.get("subtype", "AT_AddColumn")):
            kinds = tuple(kind for kind in allowed if kind in kinds) or allowed
    found: Operations = [op.NeedRelation(table, missing_ok=missing_ok, kinds=kinds)]
    commands.sort(key=_pass)
    for command in commands:
        if command.get("subtype") == "AT_AlterColumnType":
            found.append(_using(command, table, missing_ok, shift))
    found.extend(_in_passes(commands, table, missing_ok, shift))
    if not _alone(node, commands[0] if commands else node):
        return found
    return [msgspec.structs.replace(step, only=True) if isinstance(step, _SPREADING) else step for step in found]


_SPREADING = (op.AddColumn, op.AddConstraint, op.AlterValue, op.DropMember)


def _alone(node: Node, command: Node) -> bool:
    """Whether a statement is for this relation alone: ONLY, or ALTER TYPE without the CASCADE to its typed tables."""
    if node.get("objtype") == "OBJECT_TYPE":
        return bool(command.get("behavior") != "DROP_CASCADE")
    return not node["relation"].get("inh", False)


def _in_passes(commands: list[Node], table: Name, table_missing_ok: bool, shift: int) -> Operations:
    """The subcommands in order. Of several, new columns get their constraints when all columns are there: keys before
    all others, behind the defaults, before the constraints that are written for themselves."""
    if len(commands) == 1:
        return _subcommand(commands[0], table, table_missing_ok, shift)
    first: Operations = []
    keys: Operations = []
    defaults: Operations = []
    others: Operations = []
    last: Operations = []
    for command in commands:
        for step in _subcommand(command, table, table_missing_ok, shift):
            if isinstance(step, op.AddColumn) and not step.if_not_exists:
                for made in step.column.constraints:
                    of_column = op.AddConstraint(table, made, table_missing_ok)
                    (keys if made.kind in _KEYS else others).append(of_column)
                step = msgspec.structs.replace(step, column=msgspec.structs.replace(step.column, constraints=()))
            if isinstance(step, op.AddConstraint):
                (keys if step.constraint.kind in _KEYS else others).append(step)
            else:
                number = _pass(command)
                (first if number < _DEFAULTS else defaults if number == _DEFAULTS else last).append(step)
    return [*first, *keys, *defaults, *others, *last]


_KEYS: tuple[op.ConstraintKind, ...] = ("primary key", "unique", "exclude")


def _using(node: Node, table: Name, table_missing_ok: bool, shift: int) -> op.Operation:
    """ALTER COLUMN ... TYPE sees the columns as they are before all other subcommands (ATPrepAlterColumnType)."""
    using = node["def"]["ColumnDef"].get("raw_default")
    sees = expression(using, shift) if using else None
    return op.NeedMember("column", table, node["name"], table_missing_ok=table_missing_ok, sees=sees)


def _pass(command: Node) -> int:
    subtype = command.get("subtype", "AT_AddColumn")
    if subtype == "AT_ColumnDefault" and "def" not in command:  # DROP DEFAULT
        return 0
    return _PASSES.get(subtype, _LAST_PASS)


def _subcommand(node: Node, table: Name, table_missing_ok: bool, shift: int) -> Operations:
    subtype, name = node.get("subtype", "AT_AddColumn"), node.get("name")
    missing_ok = node.get("missing_ok", False)
    definition: Node = node.get("def") or {}
    if subtype in _COLUMN_COMMANDS and name is not None:
        retyped = _retyped(name, definition) if subtype == "AT_AlterColumnType" else None
        loosened = subtype == "AT_DropNotNull"
        return [op.NeedMember("column", table, name, -1, table_missing_ok, retyped=retyped, loosened=loosened)]
    if subtype in _TRIGGER_COMMANDS:
        return [op.NeedMember("trigger", table, name or "", table_missing_ok=table_missing_ok)]
    if subtype in _RULE_COMMANDS:
        return [op.NeedMember("rule", table, name or "", table_missing_ok=table_missing_ok)]
    match subtype:
        case "AT_ColumnDefault" | "AT_SetExpression":
            setting: op.ValueAction = "set expression" if subtype == "AT_SetExpression" else "set default"
            value = _default(ColumnRef((name or "",)), definition, shift) if definition else None
            action = setting if definition else "drop default"
            return [op.AlterValue(table, name or "", action, value, table_missing_ok=table_missing_ok)]
        case _ if subtype in _ACTIONS:
            sequence = _sequence_name(definition["Constraint"]) if subtype == "AT_AddIdentity" else None
            action = _ACTIONS[subtype]
            return [op.AlterValue(table, name or "", action, None, sequence, missing_ok, table_missing_ok)]
        case "AT_AddColumn":
            return [op.AddColumn(table, column(definition["ColumnDef"], shift), missing_ok, table_missing_ok)]
        case "AT_DropColumn" | "AT_DropConstraint":
            kind: op.MemberKind = "column" if subtype == "AT_DropColumn" else "constraint"
            cascade = node.get("behavior") == "DROP_CASCADE"
            return [op.DropMember(kind, table, name or "", missing_ok, table_missing_ok, cascade)]
        case "AT_AddConstraint":
            made = constraint(definition["Constraint"], shift)
            return [op.AddConstraint(table, made, table_missing_ok)] if made else []
        case "AT_ChangeOwner":
            return needed_roles(role_names([{"RoleSpec": node["newowner"]}]))
        case "AT_ValidateConstraint":
            return [_need_constraint(table, name, table_missing_ok, _VALIDATED)]
        case "AT_AlterConstraint":
            altered = definition.get("ATAlterConstraint", {})
            inherited = altered.get("alterInheritability", False)
            kinds: tuple[op.ConstraintKind, ...] = ("not null",) if inherited else ("foreign key",)
            return [_need_constraint(table, altered.get("conname"), table_missing_ok, kinds)]
        case "AT_ClusterOn":
            return [op.NeedIndex(table, name or "")]
        case "AT_ReplicaIdentity" if definition.get("ReplicaIdentityStmt", {}).get("name"):
            return [op.NeedIndex(table, definition["ReplicaIdentityStmt"]["name"], identifies=True)]
        case "AT_AddInherit" | "AT_DropInherit":
            parent = range_var(definition["RangeVar"], shift)
            ends = subtype == "AT_DropInherit"
            checks: Operations = [] if ends else [op.NeedRelation(table, partitioned=False)]
            return [*checks, op.NeedRelation(parent), op.Inherit(parent, table, False, ends=ends)]
        case "AT_AttachPartition" | "AT_DetachPartition" if "name" in definition.get("PartitionCmd", {}):
            child = range_var(definition["PartitionCmd"]["name"], shift)
            inherit = op.Inherit(table, child, True, ends=subtype == "AT_DetachPartition")
            return [op.NeedRelation(table, partitioned=True), op.NeedRelation(child), inherit]
        case _:
            return []


def _need_constraint(
    table: Name, name: str | None, table_missing_ok: bool, kinds: tuple[op.ConstraintKind, ...]
) -> op.Operation:
    return op.NeedMember("constraint", table, name or "", table_missing_ok=table_missing_ok, constraints=kinds)


def _retyped(name: str, definition: Node) -> op.Column:
    fields = definition["ColumnDef"]
    written = fields.get("typeName")
    return op.Column(name, type=type_name(written), spelled=type_text(written), collation=_collation(fields))


def index_labels(node: Node) -> tuple[str, ...]:
    """What PostgreSQL calls the columns of an index, before it makes each name another one. Source: transformIndexStmt,
    parse_utilcmd.c."""
    elements = [item["IndexElem"] for item in (*node["indexParams"], *node.get("indexIncludingParams", ()))]
    return tuple(element["name"] if "name" in element else label(element["expr"], "expr") for element in elements)


def create_index(node: Node, shift: int) -> Operations:
    """CREATE INDEX with its keys, INCLUDE and WHERE."""
    keys = [item["IndexElem"] for item in node.get("indexParams", ())]
    included = [item["IndexElem"] for item in node.get("indexIncludingParams", ())]
    seen = [node["whereClause"]] if "whereClause" in node else []  # read before the keys
    seen += [element["expr"] for element in keys if "expr" in element]
    return [
        op.CreateIndex(
            node.get("idxname"),
            range_var(node["relation"], shift),
            tuple(ColumnRef((element["name"],)) for element in keys + included if "name" in element),
            expression(seen, shift),
            if_not_exists=node.get("if_not_exists", False),
            keys=tuple(element.get("name") for element in keys),
            included=tuple(element.get("name") for element in included),
            unique=node.get("unique", False),
            partial="whereClause" in node,
            adoptable=_adoptable(node, keys),
            labels=index_labels(node),
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
    return [
        op.CreateRelation(
            range_var(node["view"], shift),
            "view",
            query=query(node["query"], shift),
            aliases=tuple(strings(node.get("aliases"))),
            temporary=node["view"].get("relpersistence") == "t",
            replace=node.get("replace", False),
        )
    ]


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


def create_policy(node: Node, shift: int) -> Operations:
    """CREATE POLICY: the roles, then the table, which USING and WITH CHECK see."""
    return [
        *needed_roles(role_names(node.get("roles"))),
        op.CreateMember(
            "policy",
            range_var(node["table"], shift),
            node["policy_name"],
            expression=_policy_expression(node, shift),
            kinds=("table",),
        ),
    ]


def alter_policy(node: Node, shift: int) -> Operations:
    """ALTER POLICY."""
    return [
        *needed_roles(role_names(node.get("roles"))),
        op.NeedMember(
            "policy", range_var(node["table"], shift), node["policy_name"], sees=_policy_expression(node, shift)
        ),
    ]


def _policy_expression(node: Node, shift: int) -> Expression:
    return expression([node[clause] for clause in ("qual", "with_check") if clause in node], shift)


def create_trigger(node: Node, shift: int) -> Operations:
    """CREATE TRIGGER: UPDATE OF columns, and WHEN, which sees OLD and NEW."""
    return [
        op.CreateMember(
            "trigger",
            range_var(node["relation"], shift),
            node["trigname"],
            tuple(ColumnRef((name,)) for name in strings(node.get("columns"))),
            expression(node.get("whenClause"), shift),
            aliases=("old", "new"),
            calls=qualified(strings(node.get("funcname"))),
            replace=node.get("replace", False),
            kinds=_trigger_kinds(node),
            constrains=node.get("isconstraint", False),
            flaw=_trigger_flaw(node),
            misreads=_misread(node),
        )
    ]


_BEFORE, _INSERT, _DELETE, _TRUNCATE, _INSTEAD_OF = 2, 4, 8, 32, 64  # TRIGGER_TYPE_*, pg_trigger.h


def _trigger_kinds(node: Node) -> tuple[op.RelationKind, ...]:
    if node.get("timing", 0) & _INSTEAD_OF:
        return ("view",)
    of_rows = node.get("row") or "transitionRels" in node
    return _TABLES if of_rows or node.get("events", 0) & _TRUNCATE else (*_TABLES, "view")


def _trigger_flaw(node: Node) -> str | None:
    """The SQLSTATE of a trigger whose parts don't go together.

    Source: CreateTriggerFiringOn, trigger.c.
    """
    timing, events, row = node.get("timing", 0), node.get("events", 0), node.get("row", False)
    if events & _TRUNCATE and row:
        return "0A000"
    if timing & _INSTEAD_OF and (not row or "whenClause" in node or "columns" in node):
        return "0A000"
    for wrapped in node.get("transitionRels", ()):
        transition = wrapped["TriggerTransition"]
        if not transition.get("isTable", False):
            return "0A000"
        if timing & (_BEFORE | _INSTEAD_OF):
            return "42P17"
        if events & _TRUNCATE or events.bit_count() > 1 or "columns" in node:
            return "0A000"
        if events & (_DELETE if transition.get("isNew", False) else _INSERT):
            return "42P17"
    return None


def _misread(node: Node) -> str | None:
    """The SQLSTATE of a WHEN that reads rows which the trigger has not."""
    rows, events = _rows_of(node.get("whenClause")), node.get("events", 0)
    lacking = {"old": events & _INSERT, "new": events & _DELETE}
    return "42P17" if any(lacking[name] or not node.get("row", False) for name in rows) else None


def _rows_of(node: Any) -> set[str]:
    """Which of OLD and NEW an expression reads."""
    if isinstance(node, list):
        return {name for item in node for name in _rows_of(item)}
    if not isinstance(node, dict):
        return set()
    if "ColumnRef" in node:
        return {"old", "new"} & set(strings(node["ColumnRef"]["fields"][:1]))
    return _rows_of(list(node.values()))


_RULE_ROWS = {"CMD_INSERT": ("new",), "CMD_UPDATE": ("old", "new"), "CMD_DELETE": ("old",)}


def create_rule(node: Node, shift: int) -> Operations:
    """CREATE RULE, its condition and its actions, which see OLD and NEW."""
    rows, actions = _RULE_ROWS.get(node["event"], ()), node.get("actions", ())
    return [
        op.CreateMember(
            "rule",
            range_var(node["relation"], shift),
            node["rulename"],
            expression=expression(node.get("whereClause"), shift) if rows else None,
            aliases=rows,
            replace=node.get("replace", False),
            kinds=("table", "view", "materialized view"),
            misreads="42P17" if rows and not _rows_of(actions) <= set(rows) else None,
            actions=tuple(query(item, shift) for item in actions if rows and "NotifyStmt" not in item),
        )
    ]
