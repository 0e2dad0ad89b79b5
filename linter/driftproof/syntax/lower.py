"""Every statement kind: which operations it is made of, or what becomes UNKNOWN, or that nothing modelled changes."""

from typing import Any

from driftproof.statements import operations as op
from driftproof.statements.query import Name
from driftproof.syntax import (
    alter_table,
    blocks,
    definitions,
    foreign,
    members,
    objects,
    plpgsql,
    publications,
    sessions,
    tables,
    types,
)
from driftproof.syntax.functions import create_function, routine
from driftproof.syntax.parser import Node
from driftproof.syntax.queries import query
from driftproof.syntax.tables import OPENED, Handler, Operations
from driftproof.syntax.tree import needed_roles, range_var, role_names, strings


def operations(tag: str, node: Node, shift: int) -> Operations:
    """The operations of one statement; ``shift`` makes its offsets those of the file (negative: they have none)."""
    lowering = _STATEMENTS.get(tag)
    found: Operations = lowering(node, shift) if lowering is not None else [*_OPAQUE.get(tag, ())]
    asked = blocks.needs(tag, node)
    return found if asked is None else [asked, *found]


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
    columns = strings(node.get("attlist"))
    found: Operations = [op.NeedRelation(table, kinds=OPENED)]
    if "whereClause" in node:  # which sees the table as a query of it does
        rows = {"fromClause": [{"RangeVar": node["relation"]}], "whereClause": node["whereClause"]}
        found.append(op.Run(query({"SelectStmt": rows}, shift), planned=False))
    for at, name in enumerate(columns):
        found.append(op.Raise("42701") if name in columns[:at] else op.NeedMember("column", table, name, copied=True))
    # A view takes rows where a trigger does something with them.
    kinds: tuple[op.RelationKind, ...] = ("table", "foreign table", "view")
    if node.get("is_from"):
        return [*found, op.NeedRelation(table, kinds=kinds, filled=True)]
    return [*found, op.NeedRelation(table, kinds=("table", "materialized view"))]


_ANALYZED: tuple[op.RelationKind, ...] = ("table", "materialized view", "foreign table")


def _vacuum(node: Node, shift: int) -> Operations:
    found: Operations = []
    for item in node.get("rels", ()):
        fields = item["VacuumRelation"]
        if "relation" in fields:
            table = range_var(fields["relation"], shift)
            found.append(op.NeedRelation(table))
            # Of a view it only warns.
            columns = strings(fields.get("va_cols"))
            found.extend(op.NeedMember("column", table, name, kinds=_ANALYZED) for name in columns)
    return found


def _select(node: Node, shift: int) -> Operations:
    if "intoClause" in node:
        into = {"into": node["intoClause"], "query": {"SelectStmt": node}, "objtype": "OBJECT_TABLE"}
        return tables.create_table_as(into, shift)
    return sessions.select(node, shift)


def _run(tag: str) -> Handler:
    return lambda node, shift: [op.Run(query({tag: node}, shift))]


def _reindex(node: Node, shift: int) -> Operations:
    if "relation" in node:
        index = node["kind"] == "REINDEX_OBJECT_INDEX"
        kinds: tuple[op.RelationKind, ...] = ("index",) if index else ("table", "materialized view")
        return [op.NeedRelation(range_var(node["relation"], shift), kinds=kinds)]
    return [op.Need("schema", Name(None, node["name"]))] if node["kind"] == "REINDEX_OBJECT_SCHEMA" else []


def _cluster(node: Node, shift: int) -> Operations:
    if "relation" not in node:
        return []
    table = range_var(node["relation"], shift)
    index = node.get("indexname")
    found: Operations = [op.NeedRelation(table)]
    if index:
        found.append(op.NeedIndex(table, index))
    return found


def _drop_owned(node: Node, _shift: int) -> Operations:
    return [*needed_roles(role_names(node["roles"])), op.Forget(owned=True)]


def _truncate(node: Node, shift: int) -> Operations:
    found = _relations("relations", "table", "foreign table")(node, shift)
    tables = tuple(step.name for step in found if isinstance(step, op.NeedRelation))
    return [*found, op.ForgetRows(tables, cascade=node.get("behavior") == "DROP_CASCADE")]


_STATEMENTS: dict[str, Handler] = {
    "AlterCollationStmt": definitions.need("collation", "collname"),
    "AlterDatabaseRefreshCollStmt": definitions.need("database", "dbname"),
    "AlterDatabaseSetStmt": sessions.set_for_later,
    "AlterDatabaseStmt": definitions.need("database", "dbname"),
    "AlterDefaultPrivilegesStmt": objects.default_privileges,
    "AlterDomainStmt": types.alter_domain,
    "AlterEnumStmt": types.alter_enum,
    "AlterEventTrigStmt": definitions.need("event-trigger", "trigname"),
    "AlterExtensionContentsStmt": definitions.alter_extension_contents,
    "AlterExtensionStmt": definitions.need("extension", "extname"),
    "AlterFdwStmt": foreign.alter_foreign("foreign-data-wrapper", "fdwname"),
    "AlterFunctionStmt": lambda node, _shift: [op.NeedRoutine(*routine(node["objtype"], node["func"]), altered=True)],
    "AlterForeignServerStmt": foreign.alter_foreign("server", "servername"),
    "AlterObjectDependsStmt": objects.depend,
    "AlterObjectSchemaStmt": objects.set_schema,
    "AlterOpFamilyStmt": definitions.operator_family,
    "AlterOperatorStmt": definitions.alter_operator,
    "AlterOwnerStmt": objects.set_owner,
    "AlterPolicyStmt": members.alter_policy,
    "AlterPublicationStmt": publications.alter_publication,
    "AlterRoleSetStmt": sessions.set_for_later,
    "AlterRoleStmt": definitions.alter_role,
    "AlterSeqStmt": tables.alter_sequence,
    "AlterStatsStmt": definitions.need("statistics", "defnames"),
    "AlterSubscriptionStmt": definitions.need("subscription", "subname"),
    "AlterTSConfigurationStmt": definitions.alter_configuration,
    "AlterTSDictionaryStmt": definitions.need("text-search-dictionary", "dictname"),
    "AlterTableSpaceOptionsStmt": definitions.need("tablespace", "tablespacename"),
    "AlterTableStmt": alter_table.alter_table,
    "AlterTypeStmt": definitions.need("type", "typeName"),
    "AlterUserMappingStmt": foreign.alter_mapping,
    "CallStmt": sessions.call,
    "ClusterStmt": _cluster,
    "CommentStmt": objects.comment,
    "CompositeTypeStmt": types.create_composite,
    "CopyStmt": _copy,
    "CreateAmStmt": definitions.create("access-method", "amname", ("function", "handler_name")),
    "CreateCastStmt": definitions.create_cast,
    "CreateConversionStmt": definitions.create_conversion,
    "CreateDomainStmt": types.create_domain,
    "CreateEnumStmt": types.create_enum,
    "CreateEventTrigStmt": definitions.create_event_trigger,
    "CreateExtensionStmt": definitions.create_extension,
    "CreateFdwStmt": foreign.create_wrapper,
    "CreateForeignServerStmt": definitions.create(
        "server", "servername", ("foreign-data-wrapper", "fdwname"), optioned=True
    ),
    "CreateForeignTableStmt": foreign.create_foreign_table,
    "CreateFunctionStmt": lambda node, shift: create_function(node, shift, operations),
    "CreateOpClassStmt": definitions.create_class,
    "CreateOpFamilyStmt": definitions.operator_family,
    "CreatePLangStmt": definitions.create_language,
    "CreatePolicyStmt": members.create_policy,
    "CreatePublicationStmt": publications.create_publication,
    "CreateRangeStmt": types.create_range,
    "CreateRoleStmt": definitions.create_role,
    "CreateSchemaStmt": definitions.create_schema(operations),
    "CreateSeqStmt": tables.create_sequence,
    "CreateStatsStmt": definitions.create_statistics,
    "CreateStmt": tables.create_table,
    "CreateSubscriptionStmt": definitions.create("subscription", "subname"),
    "CreateTableAsStmt": tables.create_table_as,
    "CreateTableSpaceStmt": definitions.create("tablespace", "tablespacename"),
    "CreateTransformStmt": definitions.create_transform,
    "CreateTrigStmt": members.create_trigger,
    "CreateUserMappingStmt": foreign.create_mapping,
    "CreatedbStmt": definitions.create("database", "dbname"),
    "DeallocateStmt": sessions.deallocate,
    "DeclareCursorStmt": sessions.declare_cursor,
    "DefineStmt": definitions.define,
    "DeleteStmt": _run("DeleteStmt"),
    "DiscardStmt": sessions.discard,
    "DoStmt": lambda node, _shift: plpgsql.block(node, operations),
    "DropOwnedStmt": _drop_owned,
    "DropRoleStmt": definitions.drop_roles,
    "DropStmt": objects.drop,
    "DropSubscriptionStmt": definitions.drop("subscription", "subname"),
    "DropTableSpaceStmt": definitions.drop("tablespace", "tablespacename"),
    "DropUserMappingStmt": foreign.drop_mapping,
    "DropdbStmt": definitions.drop("database", "dbname"),
    "ExecuteStmt": sessions.execute,
    "ExplainStmt": sessions.explain,
    "GrantRoleStmt": objects.grant_role,
    "GrantStmt": objects.grant,
    "ImportForeignSchemaStmt": foreign.import_schema,
    "IndexStmt": tables.create_index,
    "InsertStmt": _run("InsertStmt"),
    "LockStmt": _relations("relations", "table", "view"),
    "MergeStmt": _run("MergeStmt"),
    "PrepareStmt": sessions.prepare,
    "ReassignOwnedStmt": definitions.reassign_owned,
    "RefreshMatViewStmt": lambda node, shift: [
        op.NeedRelation(range_var(node["relation"], shift), kinds=("materialized view",), unsuited=("table",))
    ],
    "ReindexStmt": _reindex,
    "RenameStmt": objects.rename,
    "RuleStmt": members.create_rule,
    "SelectStmt": _select,
    "TransactionStmt": sessions.transaction,
    "TruncateStmt": _truncate,
    "UpdateStmt": _run("UpdateStmt"),
    "VacuumStmt": _vacuum,
    "VariableSetStmt": sessions.set_,
    "ViewStmt": tables.create_view,
}
# What is not followed, and what becomes UNKNOWN by it: of most of them nothing that is modelled. The test for it,
# tests/syntax/test_statement_kinds.py, has every kind that the grammar knows.
_OPAQUE: dict[str, tuple[op.Forget, ...]] = {
    "AlterSystemStmt": (),
    "AlterTableMoveAllStmt": (),  # tablespaces of tables
    "CheckPointStmt": (),
    "ClosePortalStmt": (),
    "ConstraintsSetStmt": (),
    "FetchStmt": (),
    "ListenStmt": (),
    "LoadStmt": (),
    "NotifyStmt": (),
    "SecLabelStmt": (),  # without a provider it fails before it looks for the object
    "UnlistenStmt": (),
    "VariableShowStmt": (),
}
