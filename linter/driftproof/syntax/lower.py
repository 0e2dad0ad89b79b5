"""Every statement kind: which operations it is made of. What stands in no table changes nothing that is modelled."""

from collections.abc import Callable
from typing import Any

from driftproof.objects import Kind
from driftproof.statements import operations as op
from driftproof.statements.query import Name
from driftproof.syntax import plpgsql, tables
from driftproof.syntax.functions import create_function
from driftproof.syntax.parser import Node
from driftproof.syntax.queries import query
from driftproof.syntax.tables import Operations
from driftproof.syntax.tree import constant, names, qualified, range_var, strings, tagged

Handler = Callable[[Node, int], Operations]

RELATIONS: dict[str, op.RelationKind] = {
    "OBJECT_TABLE": "table",
    "OBJECT_VIEW": "view",
    "OBJECT_MATVIEW": "materialized view",
    "OBJECT_SEQUENCE": "sequence",
    "OBJECT_INDEX": "index",
    "OBJECT_FOREIGN_TABLE": "foreign table",
}
MEMBERS: dict[str, op.MemberKind] = {
    "OBJECT_COLUMN": "column",
    "OBJECT_ATTRIBUTE": "column",
    "OBJECT_TABCONSTRAINT": "constraint",
    "OBJECT_POLICY": "policy",
    "OBJECT_TRIGGER": "trigger",
    "OBJECT_RULE": "rule",
}
OBJECTS: dict[str, Kind] = {
    "OBJECT_SCHEMA": "schema",
    "OBJECT_TYPE": "type",
    "OBJECT_DOMAIN": "type",
    "OBJECT_FUNCTION": "function",
    "OBJECT_PROCEDURE": "function",
    "OBJECT_ROUTINE": "function",
    "OBJECT_AGGREGATE": "function",
    "OBJECT_EXTENSION": "extension",
    "OBJECT_ROLE": "role",
    "OBJECT_PUBLICATION": "publication",
}


def operations(tag: str, node: Node, shift: int) -> Operations:
    """The operations of one statement; ``shift`` makes its offsets those of the file (negative: they have none)."""
    lowering = _STATEMENTS.get(tag)
    if lowering is not None:
        return lowering(node, shift)
    return [op.Forget()] if tag in _OPAQUE else []


def _select(node: Node, shift: int) -> Operations:
    if "intoClause" in node:
        into = {"into": node["intoClause"], "query": {"SelectStmt": node}, "objtype": "OBJECT_TABLE"}
        return tables.create_table_as(into, shift)
    found: Operations = [op.Run(query({"SelectStmt": node}, shift))]
    for target in node.get("targetList", ()):
        call = target["ResTarget"].get("val", {}).get("FuncCall")
        if call and strings(call.get("funcname"))[-1:] == ["set_config"] and len(call.get("args", ())) == 3:
            found.extend(_set_config([constant(argument) for argument in call["args"]]))
    return found


def _set_config(arguments: list[str | None]) -> Operations:
    name, value, local = arguments
    if name is not None and name.lower() != "search_path":
        return []
    if name is None or value is None:
        return [op.SetSearchPath(None, local == "true")]
    path = tuple(part.strip().strip('"') for part in value.split(",") if part.strip())
    return [op.SetSearchPath(path, local == "true")]


def _set(node: Node, _shift: int) -> Operations:
    local = node.get("is_local", False)
    kind = node.get("kind", "VAR_SET_VALUE")
    if kind == "VAR_RESET_ALL":
        return [op.SetSearchPath((), local, reset=True)]
    if node.get("name") != "search_path":
        return []
    if kind == "VAR_SET_VALUE":
        path = [constant(argument) for argument in node.get("args", ())]
        known = tuple(part for part in path if part is not None)
        return [op.SetSearchPath(known if len(known) == len(path) else None, local)]
    return [op.SetSearchPath((), local, reset=True)]


_COMMANDS: dict[str, Any] = {
    "TRANS_STMT_BEGIN": "begin",
    "TRANS_STMT_START": "begin",
    "TRANS_STMT_COMMIT": "commit",
    "TRANS_STMT_ROLLBACK": "rollback",
    "TRANS_STMT_SAVEPOINT": "savepoint",
    "TRANS_STMT_RELEASE": "release",
    "TRANS_STMT_ROLLBACK_TO": "rollback to",
}


def _transaction(node: Node, _shift: int) -> Operations:
    command = _COMMANDS.get(node.get("kind", "TRANS_STMT_BEGIN"))
    return [op.Transaction(command, node.get("savepoint_name", ""))] if command else []


def _comment(node: Node, shift: int) -> Operations:
    return _need(node["objtype"], node.get("object"), shift)


def _need(kind: str, wrapped: Any, shift: int) -> Operations:
    """What COMMENT, SECURITY LABEL and OWNER TO need."""
    parts = names(wrapped)
    if kind in MEMBERS and len(parts) > 1:
        return [op.NeedMember(MEMBERS[kind], qualified(parts[:-1]), parts[-1])]
    if kind in RELATIONS and parts:
        wanted: Kind = "index" if kind == "OBJECT_INDEX" else "relation"
        return [op.NeedRelation(qualified(parts), wanted, kinds=(RELATIONS[kind],))]
    if kind in OBJECTS and parts:
        return [op.Need(OBJECTS[kind], qualified(parts))]
    return []


def _drop(node: Node, _shift: int) -> Operations:
    kind = node["removeType"]
    missing_ok, cascade = node.get("missing_ok", False), node.get("behavior") == "DROP_CASCADE"
    found: Operations = []
    for wrapped in node.get("objects", ()):
        parts = names(wrapped)
        if kind in RELATIONS:
            found.append(op.DropRelation(RELATIONS[kind], qualified(parts), missing_ok, cascade))
        elif kind in MEMBERS:
            # DROP POLICY and DROP TRIGGER IF EXISTS forgive a missing table as well.
            found.append(
                op.DropMember(MEMBERS[kind], qualified(parts[:-1]), parts[-1], missing_ok, missing_ok, cascade)
            )
        elif kind in OBJECTS:
            found.append(op.Drop(OBJECTS[kind], qualified(parts), missing_ok, cascade))
    return found


def _rename(node: Node, shift: int) -> Operations:
    kind, to, missing_ok = node["renameType"], node["newname"], node.get("missing_ok", False)
    if kind in MEMBERS and "relation" in node:
        table = range_var(node["relation"], shift)
        return [op.RenameMember(MEMBERS[kind], table, node["subname"], to, missing_ok)]
    if kind in RELATIONS:
        return [op.RenameRelation(RELATIONS[kind], range_var(node["relation"], shift), to, missing_ok)]
    if kind == "OBJECT_SCHEMA":
        return [op.Rename("schema", Name(None, node["subname"]), to)]
    if kind in OBJECTS and "object" in node:
        return [op.Rename(OBJECTS[kind], qualified(names(node["object"])), to)]
    return []


def _set_schema(node: Node, shift: int) -> Operations:
    kind, schema = node["objectType"], node["newschema"]
    if kind in RELATIONS:
        name = range_var(node["relation"], shift)
        return [op.MoveRelation(RELATIONS[kind], name, schema, node.get("missing_ok", False))]
    if kind in OBJECTS and "object" in node:
        return [op.Move(OBJECTS[kind], qualified(names(node["object"])), schema)]
    return []


def _owner(node: Node, shift: int) -> Operations:
    if "relation" in node:
        return [op.NeedRelation(range_var(node["relation"], shift))]
    return _need(node["objectType"], node.get("object"), shift)


def _grant(node: Node, shift: int) -> Operations:
    if node.get("targtype", "ACL_TARGET_OBJECT") != "ACL_TARGET_OBJECT":
        return []
    columns = [name for item in node.get("privileges", ()) for name in strings(item.get("AccessPriv", {}).get("cols"))]
    found: Operations = []
    for wrapped in node.get("objects", ()):
        if "RangeVar" in wrapped:
            table = range_var(wrapped["RangeVar"], shift)
            found.append(op.NeedRelation(table, kinds=tables.kinds_of(node["objtype"])))
            found.extend(op.NeedMember("column", table, name) for name in columns)
        elif node["objtype"] in OBJECTS:
            found.append(op.Need(OBJECTS[node["objtype"]], qualified(names(wrapped))))
    return found


def _relations(field: str, *kinds: op.RelationKind) -> Handler:
    """A statement that needs the relations in ``field`` and changes nothing that is modelled."""

    def lowering(node: Node, shift: int) -> Operations:
        wrapped: Any = node.get(field) or []
        items: list[Node] = wrapped if isinstance(wrapped, list) else [{"RangeVar": wrapped}]
        return [
            op.NeedRelation(range_var(item["RangeVar"], shift), kinds=kinds) for item in items if "RangeVar" in item
        ]

    return lowering


def _copy(node: Node, shift: int) -> Operations:
    if "relation" not in node:
        return [op.Run(query(node["query"], shift))] if "query" in node else []
    table = range_var(node["relation"], shift)
    return [
        op.NeedRelation(table),
        *(op.NeedMember("column", table, name) for name in strings(node.get("attlist"))),
    ]


def _vacuum(node: Node, shift: int) -> Operations:
    found: Operations = []
    for item in node.get("rels", ()):
        fields = item["VacuumRelation"]
        if "relation" in fields:
            table = range_var(fields["relation"], shift)
            found.append(op.NeedRelation(table))
            found.extend(op.NeedMember("column", table, name) for name in strings(fields.get("va_cols")))
    return found


def _publication(node: Node, shift: int) -> Operations:
    name = Name(None, node["pubname"])
    found: Operations = []
    for item in node.get("pubobjects", ()):
        fields = item["PublicationObjSpec"].get("pubtable")
        if fields:
            table = range_var(fields["relation"], shift)
            found.append(op.NeedRelation(table))
            found.extend(op.NeedMember("column", table, column) for column in strings(fields.get("columns")))
    return [*found, op.Need("publication", name)]


def _create_publication(node: Node, shift: int) -> Operations:
    *found, need = _publication(node, shift)
    return [*found, op.Create("publication", need.name if isinstance(need, op.Need) else Name(None, ""))]


def _create_schema(node: Node, shift: int) -> Operations:
    name = node.get("schemaname") or (node.get("authrole") or {}).get("rolename", op.HOLE)
    found: Operations = [op.Create("schema", Name(None, name), if_not_exists=node.get("if_not_exists", False))]
    for element in node.get("schemaElts", ()):
        tag, fields = tagged(element)
        for field in ("relation", "view", "sequence"):
            if field in fields:
                fields[field].setdefault("schemaname", name)
        found.extend(operations(tag, fields, shift))
    return found


def _create(kind: Kind, field: str) -> Handler:
    """A plain CREATE of an object whose name stands in ``field``."""

    def lowering(node: Node, _shift: int) -> Operations:
        written = node.get(field)
        parts = [written] if isinstance(written, str) else names(written)
        flag = node.get("if_not_exists", False)
        return [op.Create(kind, qualified(parts), if_not_exists=flag, replace=node.get("replace", False))]

    return lowering


def _create_enum(node: Node, _shift: int) -> Operations:
    return [op.Create("type", qualified(strings(node["typeName"])), labels=tuple(strings(node.get("vals"))))]


def _composite_type(node: Node, shift: int) -> Operations:
    columns = tuple(tables.column(item["ColumnDef"], shift) for item in node.get("coldeflist", ()))
    return [op.CreateRelation(range_var(node["typevar"], shift), "composite type", columns)]


def _alter_enum(node: Node, _shift: int) -> Operations:
    return [
        op.AddLabel(
            qualified(strings(node["typeName"])),
            node["newVal"],
            node.get("skipIfNewValExists", False),
            node.get("oldVal"),
        )
    ]


def _drop_roles(node: Node, _shift: int) -> Operations:
    roles = [item["RoleSpec"].get("rolename", op.HOLE) for item in node["roles"]]
    return [op.Drop("role", Name(None, role), node.get("missing_ok", False)) for role in roles]


def _run(tag: str) -> Handler:
    return lambda node, shift: [op.Run(query({tag: node}, shift))]


def _explain(node: Node, shift: int) -> Operations:
    tag, _fields = tagged(node["query"])
    return [op.Run(query(node["query"], shift))] if tag.endswith("Stmt") and tag in _QUERIES else []


_QUERIES = {"SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"}

_STATEMENTS: dict[str, Handler] = {
    "AlterEnumStmt": _alter_enum,
    "AlterObjectSchemaStmt": _set_schema,
    "AlterOwnerStmt": _owner,
    "AlterPolicyStmt": tables.alter_policy,
    "AlterPublicationStmt": _publication,
    "AlterSeqStmt": tables.alter_sequence,
    "AlterTableStmt": tables.alter_table,
    "ClusterStmt": _relations("relation"),
    "CommentStmt": _comment,
    "CompositeTypeStmt": _composite_type,
    "CopyStmt": _copy,
    "CreateDomainStmt": _create("type", "domainname"),
    "CreateEnumStmt": _create_enum,
    "CreateExtensionStmt": _create("extension", "extname"),
    "CreateForeignTableStmt": lambda node, shift: tables.create_table(node.get("base", node), shift, "foreign table"),
    "CreateFunctionStmt": lambda node, shift: create_function(node, shift, operations),
    "CreatePolicyStmt": tables.create_policy,
    "CreatePublicationStmt": _create_publication,
    "CreateRangeStmt": _create("type", "typeName"),
    "CreateRoleStmt": _create("role", "role"),
    "CreateSchemaStmt": _create_schema,
    "CreateSeqStmt": tables.create_sequence,
    "CreateStatsStmt": tables.create_statistics,
    "CreateStmt": tables.create_table,
    "CreateTableAsStmt": tables.create_table_as,
    "CreateTrigStmt": tables.create_trigger,
    "DeleteStmt": _run("DeleteStmt"),
    "DoStmt": lambda node, _shift: plpgsql.block(node, operations),
    "DropRoleStmt": _drop_roles,
    "DropStmt": _drop,
    "ExplainStmt": _explain,
    "GrantStmt": _grant,
    "IndexStmt": tables.create_index,
    "InsertStmt": _run("InsertStmt"),
    "LockStmt": _relations("relations"),
    "MergeStmt": _run("MergeStmt"),
    "RefreshMatViewStmt": _relations("relation"),
    "ReindexStmt": _relations("relation"),
    "RenameStmt": _rename,
    "RuleStmt": tables.create_rule,
    "SelectStmt": _select,
    "TransactionStmt": _transaction,
    "TruncateStmt": _relations("relations", "table", "foreign table"),
    "UpdateStmt": _run("UpdateStmt"),
    "VacuumStmt": _vacuum,
    "VariableSetStmt": _set,
    "ViewStmt": tables.create_view,
}
# What may change anything at all and can't be followed.
_OPAQUE = {"CallStmt", "DropOwnedStmt", "ExecuteStmt", "ImportForeignSchemaStmt", "DropdbStmt"}

_WORDS = {
    "CreateStmt": "CREATE TABLE",
    "CreateTableAsStmt": "CREATE TABLE AS",
    "IndexStmt": "CREATE INDEX",
    "ViewStmt": "CREATE VIEW",
    "RuleStmt": "CREATE RULE",
    "CreateTrigStmt": "CREATE TRIGGER",
    "CreateSeqStmt": "CREATE SEQUENCE",
    "AlterSeqStmt": "ALTER SEQUENCE",
    "CreateEnumStmt": "CREATE TYPE",
    "CreateRangeStmt": "CREATE TYPE",
    "CompositeTypeStmt": "CREATE TYPE",
    "AlterEnumStmt": "ALTER TYPE",
    "VariableSetStmt": "SET",
    "RefreshMatViewStmt": "REFRESH MATERIALIZED VIEW",
    "TransactionStmt": "BEGIN, COMMIT or ROLLBACK",
}


def command(tag: str, node: Node) -> str:
    """What to call the statement: PostgreSQL's command tag."""
    match tag:
        case "DropStmt":
            return "DROP " + _object_words(node["removeType"])
        case "RenameStmt":
            return "ALTER " + _object_words(node["renameType"])
        case "AlterTableStmt":
            return "ALTER " + _object_words(node.get("objtype", "OBJECT_TABLE"))
        case "AlterObjectSchemaStmt" | "AlterOwnerStmt":
            return "ALTER " + _object_words(node["objectType"])
        case "CreateFunctionStmt":
            return "CREATE PROCEDURE" if node.get("is_procedure") else "CREATE FUNCTION"
        case _:
            return _WORDS.get(tag) or _camel_words(tag)


def _object_words(kind: str) -> str:
    words = kind.removeprefix("OBJECT_").replace("MATVIEW", "MATERIALIZED VIEW").replace("TABCONSTRAINT", "TABLE")
    return words.replace("_", " ").replace("COLUMN", "TABLE").replace("ATTRIBUTE", "TYPE")


def _camel_words(tag: str) -> str:
    name = tag.removesuffix("Stmt")
    return "".join(f" {letter}" if at and letter.isupper() else letter for at, letter in enumerate(name)).upper()
