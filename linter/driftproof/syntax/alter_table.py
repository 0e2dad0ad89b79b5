"""ALTER TABLE and its kin: their subcommands, in the order in which PostgreSQL works on them."""

import msgspec

from driftproof.statements import operations as op
from driftproof.statements.query import NOTHING, ColumnRef, Name
from driftproof.syntax.parser import Node
from driftproof.syntax.queries import expression
from driftproof.syntax.tables import (
    TABLES,
    Operations,
    bound_of,
    collation_of,
    column,
    constraint,
    default_of,
    sequence_of,
)
from driftproof.syntax.tree import changed_options, is_null, needed_roles, range_var, role_names, type_name, type_text

_COLUMN_COMMANDS = {
    "AT_SetStatistics",
    "AT_SetOptions",
    "AT_ResetOptions",
    "AT_SetStorage",
    "AT_SetCompression",
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
_TRIGGER_COMMANDS: dict[str, op.Enabled] = {
    "AT_EnableTrig": "O",
    "AT_EnableTrigAll": "O",
    "AT_EnableTrigUser": "O",
    "AT_EnableAlwaysTrig": "A",
    "AT_EnableReplicaTrig": "R",
    "AT_DisableTrig": "D",
    "AT_DisableTrigAll": "D",
    "AT_DisableTrigUser": "D",
}
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

# The kinds of relations that a subcommand is for. Source: ATPrepCmd, tablecmds.c.
_KINDS: dict[str, tuple[op.RelationKind, ...]] = {
    **dict.fromkeys(("AT_AddColumn", "AT_DropColumn", "AT_AlterColumnType"), (*TABLES, "composite type")),
    **dict.fromkeys(("AT_AddConstraint", "AT_DropConstraint", "AT_ValidateConstraint"), TABLES),
    **dict.fromkeys(("AT_SetNotNull", "AT_DropNotNull", "AT_AddInherit", "AT_DropInherit"), TABLES),
    **dict.fromkeys(("AT_AddOf", "AT_DropOf"), TABLES),
    **dict.fromkeys(("AT_SetExpression", "AT_DropExpression"), TABLES),
    **dict.fromkeys(_TRIGGER_COMMANDS, TABLES),
    **dict.fromkeys(_RULE_COMMANDS, ("table",)),
    **dict.fromkeys(("AT_EnableRowSecurity", "AT_DisableRowSecurity"), ("table",)),
    **dict.fromkeys(("AT_ForceRowSecurity", "AT_NoForceRowSecurity"), ("table",)),
    **dict.fromkeys(("AT_ColumnDefault", "AT_AddIdentity", "AT_SetIdentity", "AT_DropIdentity"), (*TABLES, "view")),
    "AT_AlterConstraint": ("table",),
    **dict.fromkeys(("AT_ClusterOn", "AT_ReplicaIdentity"), ("table", "materialized view")),
    "AT_SetStatistics": (*TABLES, "materialized view", "index"),
}
# What ALTER TABLE takes, as far as the subcommand does: all but composite types.
_ALTERED: tuple[op.RelationKind, ...] = (*TABLES, "view", "materialized view", "sequence", "index")
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


# Whether it must be a table of a type, or must not.
_TYPED = {**dict.fromkeys(("AT_AddColumn", "AT_DropColumn", "AT_AlterColumnType"), False), "AT_DropOf": True}


def alter_table(node: Node, shift: int) -> Operations:
    """ALTER TABLE, INDEX, VIEW, SEQUENCE, MATERIALIZED VIEW, FOREIGN TABLE and TYPE with their subcommands."""
    table = range_var(node["relation"], shift)
    missing_ok = node.get("missing_ok", False)
    commands = [item["AlterTableCmd"] for item in node.get("cmds", ())]
    kinds = kinds_of(node.get("objtype", "OBJECT_TABLE")) or _ALTERED
    for command in commands:
        if allowed := _KINDS.get(command.get("subtype", "AT_AddColumn")):
            kinds = tuple(kind for kind in allowed if kind in kinds) or allowed
    asked = (_TYPED.get(command.get("subtype", "AT_AddColumn")) for command in commands)
    typed = next((typed for typed in asked if typed is not None), None)
    found: Operations = [op.NeedRelation(table, missing_ok=missing_ok, kinds=kinds, typed=typed)]
    commands.sort(key=_pass)
    for command in commands:
        if command.get("subtype") == "AT_AlterColumnType":
            found.append(_retype(command, table, missing_ok, shift, prepares=True))
    found.extend(_in_passes(commands, table, missing_ok, shift))
    if not _alone(node, commands[0] if commands else node):
        return found
    return [msgspec.structs.replace(step, only=True) if isinstance(step, _SPREADING) else step for step in found]


_SPREADING = (op.AddColumn, op.AddConstraint, op.AlterValue, op.DropMember, op.Retype, op.SwitchTriggers)


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
    added: set[str] = set()
    for command in commands:
        for step in _subcommand(command, table, table_missing_ok, shift):
            if isinstance(step, op.AddColumn):
                of_new = step.column.name if step.if_not_exists else None
                again = step.if_not_exists and step.column.name in added  # it is there by then
                added.add(step.column.name)
                for made in step.column.constraints if not again else ():
                    of_column = op.AddConstraint(table, made, table_missing_ok, of_new=of_new)
                    (keys if made.kind in _KEYS else others).append(of_column)
                step = msgspec.structs.replace(step, column=msgspec.structs.replace(step.column, constraints=()))
            if isinstance(step, op.AddConstraint):
                (keys if step.constraint.kind in _KEYS else others).append(step)
            else:
                number = _pass(command)
                (first if number < _DEFAULTS else defaults if number == _DEFAULTS else last).append(step)
    return [*first, *keys, *defaults, *others, *last]


_KEYS: tuple[op.ConstraintKind, ...] = ("primary key", "unique", "exclude")


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
        return [op.NeedMember("column", table, name, -1, table_missing_ok)]
    if subtype == "AT_SetNotNull":
        need = op.NeedMember("column", table, name or "", -1, table_missing_ok)
        return [need, op.AlterValue(table, name or "", "set not null", table_missing_ok=table_missing_ok)]
    if subtype in _TRIGGER_COMMANDS:
        switch = op.SwitchTriggers(table, name, _TRIGGER_COMMANDS[subtype], table_missing_ok)
        need = op.NeedMember("trigger", table, name or "", table_missing_ok=table_missing_ok)
        return [switch] if name is None else [need, switch]
    if subtype in _RULE_COMMANDS:
        return [op.NeedMember("rule", table, name or "", table_missing_ok=table_missing_ok)]
    match subtype:
        case "AT_ColumnDefault" | "AT_SetExpression":
            setting: op.ValueAction = "set expression" if subtype == "AT_SetExpression" else "set default"
            gone = not definition or is_null(definition)
            value = None if gone else default_of(ColumnRef((name or "",)), definition, shift)
            action = "drop default" if gone else setting
            return [op.AlterValue(table, name or "", action, value, table_missing_ok=table_missing_ok)]
        case _ if subtype in _ACTIONS:
            sequence = sequence_of(definition["Constraint"]) if subtype == "AT_AddIdentity" else None
            action = _ACTIONS[subtype]
            return [op.AlterValue(table, name or "", action, None, sequence, missing_ok, table_missing_ok)]
        case "AT_AlterColumnType":
            return [_retype(node, table, table_missing_ok, shift)]
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
            opened = op.NeedRelation(parent, kinds=() if ends else TABLES)
            return [*checks, opened, op.Inherit(parent, table, False, ends=ends)]
        case "AT_AttachPartition" | "AT_DetachPartition" if "name" in definition.get("PartitionCmd", {}):
            child = range_var(definition["PartitionCmd"]["name"], shift)
            inherit = op.Inherit(table, child, True, ends=subtype == "AT_DetachPartition")
            bound = bound_of(definition["PartitionCmd"].get("bound"))
            return [op.NeedRelation(table, partitioned=True, bound=bound), op.NeedRelation(child), inherit]
        case "AT_GenericOptions":
            changes = changed_options(definition["List"]["items"])
            return [op.AlterOptions("relation", table.name, changes, table)]
        case "AT_AddOf" | "AT_DropOf":
            return [op.SetType(table, type_name(definition.get("TypeName")))]
        case _:
            return []


def _need_constraint(
    table: Name, name: str | None, table_missing_ok: bool, kinds: tuple[op.ConstraintKind, ...]
) -> op.Operation:
    return op.NeedMember("constraint", table, name or "", table_missing_ok=table_missing_ok, constraints=kinds)


def _retype(node: Node, table: Name, table_missing_ok: bool, shift: int, *, prepares: bool = False) -> op.Operation:
    fields = node["def"]["ColumnDef"]
    written, using = fields.get("typeName"), fields.get("raw_default")
    column = op.Column(
        node["name"],
        type=type_name(written),
        default=NOTHING if using else None,
        spelled=type_text(written),
        collation=collation_of(fields),
    )
    sees = expression(using, shift) if using and prepares else None
    return op.Retype(table, column, sees, prepares, table_missing_ok)
