"""What COMMENT, DROP, RENAME, SET SCHEMA, OWNER TO and GRANT do, for every kind of object by one table each."""

from typing import Any

import msgspec

from driftproof.objects import Kind
from driftproof.statements import operations as op
from driftproof.statements.query import Name
from driftproof.syntax.alter_table import kinds_of
from driftproof.syntax.functions import ROUTINES, routine
from driftproof.syntax.parser import Node
from driftproof.syntax.tables import OPENED, Operations
from driftproof.syntax.tree import names, needed_roles, qualified, range_var, role, role_names, signature, strings

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
    "OBJECT_ACCESS_METHOD": "access-method",
    "OBJECT_CAST": "cast",
    "OBJECT_COLLATION": "collation",
    "OBJECT_CONVERSION": "conversion",
    "OBJECT_DATABASE": "database",
    "OBJECT_DOMAIN": "type",
    "OBJECT_EVENT_TRIGGER": "event-trigger",
    "OBJECT_EXTENSION": "extension",
    "OBJECT_FDW": "foreign-data-wrapper",
    "OBJECT_FOREIGN_SERVER": "server",
    "OBJECT_LANGUAGE": "language",
    "OBJECT_OPCLASS": "operator-class",
    "OBJECT_OPERATOR": "operator",
    "OBJECT_OPFAMILY": "operator-family",
    "OBJECT_PUBLICATION": "publication",
    "OBJECT_ROLE": "role",
    "OBJECT_SCHEMA": "schema",
    "OBJECT_STATISTIC_EXT": "statistics",
    "OBJECT_SUBSCRIPTION": "subscription",
    "OBJECT_TABLESPACE": "tablespace",
    "OBJECT_TRANSFORM": "transform",
    "OBJECT_TSCONFIGURATION": "text-search-configuration",
    "OBJECT_TSDICTIONARY": "text-search-dictionary",
    "OBJECT_TSPARSER": "text-search-parser",
    "OBJECT_TSTEMPLATE": "text-search-template",
    "OBJECT_TYPE": "type",
}
"""The kinds of objects that are no relations. Of large objects nothing is ever known."""


def identity(word: str, wrapped: Any) -> tuple[Kind, Name, tuple[Name, ...]]:
    """An object as the grammar names it in COMMENT, DROP and ALTER: its kind, its name, and the types in that name."""
    kind = OBJECTS[word]
    items = wrapped["List"]["items"] if isinstance(wrapped, dict) and "List" in wrapped else wrapped
    match kind:
        case "cast":
            return kind, Name(None, ""), signature(items)
        case "transform":
            return kind, Name(None, names(items[1])[0]), signature(items[:1])
        case "operator":
            fields = wrapped["ObjectWithArgs"]
            return kind, qualified(strings(fields["objname"])), signature(fields.get("objargs"))
        case "operator-class" | "operator-family":
            method, *parts = strings(items)
            return kind, with_method(qualified(parts), method), ()
        case _:
            return kind, qualified(names(wrapped)), ()


_ALTERED: tuple[op.TypeKind, ...] = ("base", "composite type", "domain", "enum", "multirange", "range")


def forms(word: str, *, altered: bool = False) -> tuple[op.TypeKind, ...]:
    """The kinds of types that a statement with this word is for: what is ``altered`` as a type is no table's row."""
    if word == "OBJECT_DOMAIN":
        return ("domain",)
    return _ALTERED if word == "OBJECT_TYPE" and altered else ()


def with_method(name: Name, method: str) -> Name:
    """The name of an operator class or family: one name space for each access method."""
    return Name(name.schema, f"{name.name} USING {method}")


def needed(word: str, wrapped: Any, *, altered: bool = False) -> Operations:
    """What COMMENT, OWNER TO (``altered``) and the like need."""
    if word in ROUTINES:
        return [op.NeedRoutine(*routine(word, wrapped))]
    if word == "OBJECT_DOMCONSTRAINT":
        domain, name = wrapped["List"]["items"]
        return [op.NeedTypeConstraint(qualified(names(domain)), names(name)[0])]
    if word in OBJECTS:
        return [op.Need(*identity(word, wrapped), forms=forms(word, altered=altered))]
    parts = names(wrapped)
    if word in MEMBERS and len(parts) > 1:
        return [op.NeedMember(MEMBERS[word], qualified(parts[:-1]), parts[-1])]
    if word in RELATIONS:
        kind: Kind = "index" if word == "OBJECT_INDEX" else "relation"
        return [op.NeedRelation(qualified(parts), kind, kinds=(RELATIONS[word],))]
    return []


def comment(node: Node, _shift: int) -> Operations:
    """COMMENT ON."""
    if node["objtype"] == "OBJECT_DATABASE":
        return []  # of a database that is missing it only warns
    return needed(node["objtype"], node.get("object"))


def drop(node: Node, _shift: int) -> Operations:
    """DROP of anything but roles, databases, tablespaces, subscriptions and user mappings."""
    word = node["removeType"]
    missing_ok, cascade = node.get("missing_ok", False), node.get("behavior") == "DROP_CASCADE"
    together = tuple(qualified(names(wrapped)) for wrapped in node["objects"]) if word in RELATIONS else ()
    found: Operations = []
    if len(together) > 1 and not missing_ok:  # all names are looked up before anything is dropped
        kind = RELATIONS[word]
        sqlstate = "42704" if kind in ("index", "foreign table") else "42P01"
        of_kind: Kind = "index" if kind == "index" else "relation"
        found += [op.NeedRelation(name, of_kind, sqlstate=sqlstate, kinds=(kind,)) for name in together]
    found += [op.DropRelation(RELATIONS[word], name, missing_ok, cascade, together) for name in dict.fromkeys(together)]
    for wrapped in node.get("objects", ()):
        if word in ROUTINES:
            found.append(op.DropRoutine(*routine(word, wrapped), missing_ok, cascade))
            continue
        if word in OBJECTS:
            found.append(op.Drop(*identity(word, wrapped), missing_ok, cascade, forms(word)))
            continue
        parts = names(wrapped)
        if word in MEMBERS:
            # DROP POLICY and DROP TRIGGER IF EXISTS forgive a missing table as well.
            found.append(
                op.DropMember(MEMBERS[word], qualified(parts[:-1]), parts[-1], missing_ok, missing_ok, cascade)
            )
    return found if missing_ok or len(found) < 2 else _looked_up(found)


def _looked_up(drops: Operations) -> Operations:
    """Several objects are all looked for before the first one goes: one may stand there twice, or go with another."""
    needs: Operations = []
    found: Operations = []
    for step in drops:
        match step:
            case op.Drop():
                needs.append(op.Need(step.kind, step.name, step.types, forms=step.forms))
                step = msgspec.structs.replace(step, missing_ok=True)
            case op.DropRoutine():
                needs.append(op.NeedRoutine(step.kind, step.name, step.arguments))
                step = msgspec.structs.replace(step, missing_ok=True)
        found.append(step)
    return [*needs, *found]


def rename(node: Node, shift: int) -> Operations:
    """ALTER ... RENAME."""
    word, to, missing_ok = node["renameType"], node["newname"], node.get("missing_ok", False)
    if word == "OBJECT_DOMCONSTRAINT":
        return [op.RenameTypeConstraint(qualified(names(node["object"])), node["subname"], to)]
    if word in MEMBERS and "relation" in node:
        table = range_var(node["relation"], shift)
        only, cascade = not node["relation"].get("inh", False), node.get("behavior") == "DROP_CASCADE"
        return [op.RenameMember(MEMBERS[word], table, node["subname"], to, missing_ok, only, cascade)]
    if word in RELATIONS:
        return [op.RenameRelation(RELATIONS[word], range_var(node["relation"], shift), to, missing_ok)]
    if word in ROUTINES:
        return [op.RenameRoutine(*routine(word, node["object"]), to=to)]
    if "object" not in node:
        return [op.Rename(OBJECTS[word], Name(None, node["subname"]), to)] if word in OBJECTS else []
    kind, name, types = identity(word, node["object"])
    if kind in ("operator-class", "operator-family"):
        to = f"{to} USING {name.name.rpartition(' USING ')[2]}"
    return [op.Rename(kind, name, to, types, forms(word, altered=True))]


def set_schema(node: Node, shift: int) -> Operations:
    """ALTER ... SET SCHEMA."""
    word, schema = node["objectType"], node["newschema"]
    if word in RELATIONS:
        name = range_var(node["relation"], shift)
        return [op.MoveRelation(RELATIONS[word], name, schema, node.get("missing_ok", False))]
    if word == "OBJECT_EXTENSION":
        needs = [*needed(word, node["object"]), op.Need("schema", Name(None, schema), holds=True)]
        return [*needs, op.Move(*identity(word, node["object"])[:2], schema)]
    if word in ROUTINES:
        return [op.RenameRoutine(*routine(word, node["object"]), schema=schema)]
    kind, found, types = identity(word, node["object"])
    return [op.Move(kind, found, schema, types, forms(word, altered=True))]


def depend(node: Node, shift: int) -> Operations:
    """ALTER ... DEPENDS ON EXTENSION: the object, then the extension."""
    word, extension = node["objectType"], op.Need("extension", Name(None, node["extname"]["sval"]))
    if "relation" not in node:
        return [*needed(word, node["object"]), extension]
    table = range_var(node["relation"], shift)
    if word in MEMBERS:
        return [op.NeedMember(MEMBERS[word], table, names(node["object"])[0]), extension]
    return [op.NeedRelation(table, kinds=(RELATIONS[word],)), extension]


def set_owner(node: Node, shift: int) -> Operations:
    """ALTER ... OWNER TO, of what is no relation; the role is looked at first."""
    owner = role(node.get("newowner"))
    found = needed_roles([owner] if owner is not None else [])
    if "relation" in node:
        return [*found, op.NeedRelation(range_var(node["relation"], shift))]
    return [*found, *needed(node["objectType"], node.get("object"), altered=True)]


def grant(node: Node, shift: int) -> Operations:
    """GRANT and REVOKE of privileges: the objects, then the roles, then what the tables are, and their columns."""
    word, target = node.get("objtype"), node.get("targtype", "ACL_TARGET_OBJECT")
    columns = [name for item in node.get("privileges", ()) for name in strings(item.get("AccessPriv", {}).get("cols"))]
    found: Operations = []
    members: Operations = []
    for wrapped in node.get("objects", ()):
        if target == "ACL_TARGET_ALL_IN_SCHEMA":
            found.append(op.Need("schema", Name(None, names(wrapped)[0])))
        elif "RangeVar" in wrapped:
            table = range_var(wrapped["RangeVar"], shift)
            found.append(op.NeedRelation(table, kinds=kinds_of(node["objtype"])))
            if word == "OBJECT_TABLE":
                members.append(op.NeedRelation(table, kinds=OPENED))
            members.extend(op.NeedMember("column", table, name) for name in columns)
        elif word in ROUTINES:
            found.append(op.NeedRoutine(*routine(word, wrapped)))
        elif word in OBJECTS:
            found.append(op.Need(*identity(word, wrapped), forms=forms(word)))
    return [*found, *needed_roles(role_names(node.get("grantees"))), *members]


def grant_role(node: Node, _shift: int) -> Operations:
    """GRANT and REVOKE of a role."""
    granted = [item["AccessPriv"]["priv_name"] for item in node["granted_roles"]]
    return needed_roles([*role_names(node["grantee_roles"]), *granted])


def default_privileges(node: Node, shift: int) -> Operations:
    """ALTER DEFAULT PRIVILEGES: the roles, then the schemas."""
    options = {item["DefElem"]["defname"]: item["DefElem"]["arg"]["List"]["items"] for item in node.get("options", ())}
    schemas = [op.Need("schema", Name(None, name), holds=True) for name in strings(options.get("schemas"))]
    return [*grant(node["action"], shift), *needed_roles(role_names(options.get("roles"))), *schemas]
