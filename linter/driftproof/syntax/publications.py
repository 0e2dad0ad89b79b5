"""Publications: their tables with columns and conditions, and their schemas."""

from typing import Any

import msgspec

from driftproof.statements import operations as op
from driftproof.statements.query import Name
from driftproof.syntax.definitions import options_of
from driftproof.syntax.parser import Node
from driftproof.syntax.queries import expression
from driftproof.syntax.tables import Operations
from driftproof.syntax.tree import range_var, strings


def create_publication(node: Node, shift: int) -> Operations:
    """CREATE PUBLICATION and its tables."""
    name, every = node["pubname"], node.get("for_all_tables", False)
    rooted = None if "publish_via_partition_root" in options_of(node) else False
    made = op.Publish(name, (), "make", every, _names_schemas(node), rooted=rooted)
    published, needs = _published(node, shift, made)
    return [op.Create("publication", Name(None, name), needs=tuple(needs)), published]


_ACTIONS: dict[str, Any] = {"AP_AddObjects": "add", "AP_SetObjects": "set", "AP_DropObjects": "drop"}


def alter_publication(node: Node, shift: int) -> Operations:
    """ALTER PUBLICATION ... SET, ADD, SET and DROP TABLE."""
    name = node["pubname"]
    found: Operations = [op.Need("publication", Name(None, name))]
    if "pubobjects" not in node:
        return found
    how = _ACTIONS[node.get("action", "AP_AddObjects")]
    published, needs = _published(node, shift, op.Publish(name, (), how, schemas=_names_schemas(node)))
    # Whether it is FOR ALL TABLES is looked at before the tables are.
    return [*found, op.Publish(name, (), "add"), *needs, published]


def _names_schemas(node: Node) -> bool:
    return any("pubtable" not in item["PublicationObjSpec"] for item in node.get("pubobjects", ()))


def _published(node: Node, shift: int, step: op.Publish) -> tuple[op.Publish, Operations]:
    """The step with its tables, and the relations and schemas that it needs."""
    published: list[op.Published] = []
    found: Operations = []
    for item in node.get("pubobjects", ()):
        fields = item["PublicationObjSpec"]
        if "pubtable" in fields:
            fields = fields["pubtable"]
            table, only = range_var(fields["relation"], shift), not fields["relation"].get("inh", False)
            found.append(op.NeedRelation(table))
            columns = tuple(strings(fields.get("columns")))
            published.append(op.Published(table, columns, expression(fields.get("whereClause"), shift), only))
        elif fields["pubobjtype"] == "PUBLICATIONOBJ_TABLES_IN_SCHEMA" and "name" in fields:
            found.append(op.Need("schema", Name(None, fields["name"])))
    return msgspec.structs.replace(step, tables=tuple(published)), found
