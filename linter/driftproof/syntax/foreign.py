"""Foreign data: wrappers, servers, user mappings, foreign tables."""

import msgspec

from driftproof.objects import Kind
from driftproof.statements import operations as op
from driftproof.statements.query import Name
from driftproof.syntax import tables
from driftproof.syntax.definitions import name_of, needed, options_of
from driftproof.syntax.parser import Node
from driftproof.syntax.tables import Handler, Operations
from driftproof.syntax.tree import changed_options, needed_roles, range_var, role


def create_wrapper(node: Node, _shift: int) -> Operations:
    """CREATE FOREIGN DATA WRAPPER with its handler and validator."""
    made = op.AlterOptions("foreign-data-wrapper", node["fdwname"], changed_options(node.get("options")), made=True)
    functions = [arg for arg in options_of(node, "func_options").values() if arg is not None]
    needs = [op.Need("function", name_of(function)) for function in functions]
    return [op.Create("foreign-data-wrapper", Name(None, node["fdwname"]), needs=(*needs, made))]


def alter_foreign(kind: Kind, field: str) -> Handler:
    """ALTER SERVER, ALTER FOREIGN DATA WRAPPER: the object whose name stands in ``field``, then its options."""

    def lowering(node: Node, _shift: int) -> Operations:
        changes = changed_options(node.get("options"))
        options: Operations = [op.AlterOptions(kind, node[field], changes)] if changes else []
        return [op.Need(kind, Name(None, node[field])), *options]

    return lowering


def create_mapping(node: Node, _shift: int) -> Operations:
    """CREATE USER MAPPING: the role, the server, then the mapping."""
    name = _mapping(node)
    if name is None:
        return _mapping_needs(node)
    options = op.AlterOptions("user-mapping", name.name, changed_options(node.get("options")), made=True)
    made = op.Create("user-mapping", name, needs=(options,), if_not_exists=node.get("if_not_exists", False))
    return [*_mapping_needs(node), made]


def alter_mapping(node: Node, _shift: int) -> Operations:
    """ALTER USER MAPPING."""
    name = _mapping(node)
    if name is None:
        return _mapping_needs(node)
    options = op.AlterOptions("user-mapping", name.name, changed_options(node.get("options")))
    return [*_mapping_needs(node), op.Need("user-mapping", name), options]


def drop_mapping(node: Node, _shift: int) -> Operations:
    """DROP USER MAPPING: IF EXISTS forgives a missing role and a missing server as well."""
    name, missing_ok = _mapping(node), node.get("missing_ok", False)
    dropped = [] if name is None else [op.Drop("user-mapping", name, missing_ok=missing_ok)]
    return [*([] if missing_ok else _mapping_needs(node)), *dropped]


def _mapping(node: Node) -> Name | None:
    """One of a role, or of PUBLIC, on a server; None for that of whoever runs the statement."""
    user = role(node["user"]) or ("PUBLIC" if node["user"]["roletype"] == "ROLESPEC_PUBLIC" else None)
    return None if user is None else Name(None, f"{user} SERVER {node['servername']}")


def _mapping_needs(node: Node) -> Operations:
    user = role(node["user"])
    return [*needed_roles([user] if user is not None else []), *needed("server", node["servername"])]


def create_foreign_table(node: Node, shift: int) -> Operations:
    """CREATE FOREIGN TABLE; its server is looked at when the table is made."""
    (made,) = tables.create_table(node.get("base", node), shift, "foreign table")
    changes = changed_options(node.get("options"))
    table = range_var(node.get("base", node)["relation"], shift)
    options = [op.AlterOptions("relation", table.name, changes, table)] if changes else []
    return [msgspec.structs.replace(made, needs=(*needed("server", node["servername"]), *options))]


def import_schema(node: Node, _shift: int) -> Operations:
    """IMPORT FOREIGN SCHEMA makes tables that only the other server knows."""
    return [*needed("server", node["server_name"]), *needed("schema", node["local_schema"]), op.Forget("relation")]
