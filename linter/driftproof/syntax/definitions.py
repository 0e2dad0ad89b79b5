"""CREATE and ALTER of what is neither relation, type nor function: servers, publications, text search, operators..."""

from typing import Any

import msgspec

from driftproof.objects import Kind
from driftproof.statements import operations as op
from driftproof.statements.query import Name
from driftproof.syntax import tables
from driftproof.syntax.functions import ROUTINES, create_aggregate, routine
from driftproof.syntax.objects import OBJECTS, identity, with_method
from driftproof.syntax.parser import Node
from driftproof.syntax.queries import expression
from driftproof.syntax.tables import Handler, Operations
from driftproof.syntax.tree import (
    changed_options,
    names,
    needed_roles,
    qualified,
    range_var,
    role,
    role_names,
    signature,
    strings,
    tagged,
)


def create(kind: Kind, field: str, *needs: tuple[Kind, str], optioned: bool = False) -> Handler:
    """A CREATE of an object whose name stands in ``field``, with what it needs by their own fields, and its OPTIONS."""

    def lowering(node: Node, _shift: int) -> Operations:
        needed = [step for other, key in needs for step in _needed(other, node.get(key))]
        if optioned:
            needed.append(op.AlterOptions(kind, node[field], changed_options(node.get("options")), made=True))
        flag, replace = node.get("if_not_exists", False), node.get("replace", False)
        return [op.Create(kind, _name(node[field]), needs=tuple(needed), if_not_exists=flag, replace=replace)]

    return lowering


def need(kind: Kind, field: str) -> Handler:
    """An ALTER that needs the object whose name stands in ``field`` and changes nothing that is modelled."""
    return lambda node, _shift: [op.Need(kind, _name(node.get(field)), missing_ok=node.get("missing_ok", False))]


def drop(kind: Kind, field: str) -> Handler:
    """A DROP of an object whose name stands in ``field``."""

    def lowering(node: Node, _shift: int) -> Operations:
        cascade = node.get("behavior") == "DROP_CASCADE"
        return [op.Drop(kind, _name(node[field]), missing_ok=node.get("missing_ok", False), cascade=cascade)]

    return lowering


def _name(written: Any) -> Name:
    if isinstance(written, str):
        return Name(None, written)
    return qualified(strings(written["objname"]) if "objname" in written else names(written))


def _needed(kind: Kind, written: Any) -> Operations:
    return [op.Need(kind, _name(written), holds=True)] if written else []


def _options(node: Node, field: str = "options") -> dict[str, Any]:
    return {item["DefElem"]["defname"]: item["DefElem"].get("arg") for item in node.get(field, ())}


# -- roles ----------------------------------------------------------------------------------------------------------


def create_role(node: Node, _shift: int) -> Operations:
    """CREATE ROLE, USER, GROUP."""
    name = Name(None, node["role"])
    itself = op.Need("role", name, holds=True)
    needs = tuple(op.Raise("0LP01") if step == itself else step for step in _members(node))  # no member of itself
    return [op.Create("role", name, needs=needs)]


def alter_role(node: Node, _shift: int) -> Operations:
    """ALTER ROLE, ALTER GROUP ... ADD USER."""
    name = role(node.get("role"))
    return [*needed_roles([name] if name is not None else []), *_members(node)]


def _members(node: Node) -> Operations:
    options = _options(node)
    lists = [options[key]["List"]["items"] for key in ("addroleto", "rolemembers", "adminmembers") if key in options]
    return [step for items in lists for step in needed_roles(role_names(items))]


def drop_roles(node: Node, _shift: int) -> Operations:
    """DROP ROLE."""
    missing_ok = node.get("missing_ok", False)
    return [
        op.Drop("role", Name(None, name), missing_ok=missing_ok) for name in dict.fromkeys(role_names(node["roles"]))
    ]


def reassign_owned(node: Node, _shift: int) -> Operations:
    """REASSIGN OWNED BY."""
    return needed_roles([*role_names(node["roles"]), *role_names([{"RoleSpec": node["newrole"]}])])


# -- schemas, extensions, languages -----------------------------------------------------------------------------------


# The order in which the elements are made. Source: transformCreateSchemaStmtElements, parse_utilcmd.c.
_ELEMENTS = {"CreateSeqStmt": 0, "CreateStmt": 1, "ViewStmt": 2, "IndexStmt": 3, "CreateTrigStmt": 4, "GrantStmt": 5}


def create_schema(lower: tables.Lowering) -> Handler:
    """CREATE SCHEMA, its owner and its elements."""

    def lowering(node: Node, shift: int) -> Operations:
        owner = role(node.get("authrole"))
        name = node.get("schemaname") or owner
        found = needed_roles([owner] if owner is not None else [])
        if name is None:
            # That of whoever runs the statement: "$user" in the search_path.
            return [*found, op.Forget("schema"), op.SetSearchPath(None), op.SetDefaultPath(None)]
        found.append(op.Create("schema", Name(None, name), if_not_exists=node.get("if_not_exists", False)))
        elements = [next(iter(element.items())) for element in node.get("schemaElts", ())]
        elements.sort(key=lambda element: _ELEMENTS.get(element[0], len(_ELEMENTS)))
        if elements:
            found.append(op.EnterSchema(name))
        for tag, fields in elements:
            for field in ("relation", "view", "sequence"):
                if field in fields:
                    fields[field].setdefault("schemaname", name)
            found.extend(lower(tag, fields, shift))
        if elements:
            found.append(op.EnterSchema(None))
        return found

    return lowering


def create_extension(node: Node, _shift: int) -> Operations:
    """CREATE EXTENSION, and its SCHEMA."""
    options = _options(node)
    schema = next(iter(names(options.get("schema"))), None)
    flag = node.get("if_not_exists", False)
    return [op.CreateExtension(node["extname"], schema, flag, "cascade" in options)]


def alter_extension_contents(node: Node, _shift: int) -> Operations:
    """ALTER EXTENSION ... ADD and DROP."""
    found: Operations = [op.Need("extension", Name(None, node["extname"]))]
    if node["objtype"] in ROUTINES:
        found.append(op.NeedRoutine(*routine(node["objtype"], node["object"])))
    if node["objtype"] in OBJECTS:
        found.append(op.Need(*identity(node["objtype"], node["object"]), holds=True))
    return found


def create_language(node: Node, _shift: int) -> Operations:
    """CREATE LANGUAGE with a handler; without one the parser makes it a CREATE EXTENSION."""
    handlers = [node[field] for field in ("plhandler", "plinline", "plvalidator") if field in node]
    needs = tuple(op.Need("function", _name(handler)) for handler in handlers)
    return [op.Create("language", Name(None, node["plname"]), needs=needs, replace=node.get("replace", False))]


_EVENTS = ("ddl_command_start", "ddl_command_end", "login", "sql_drop", "table_rewrite")


def create_event_trigger(node: Node, _shift: int) -> Operations:
    """CREATE EVENT TRIGGER, and its function."""
    unheard = [] if node["eventname"] in _EVENTS else [op.Raise("42601")]
    needs = (op.NeedRoutine("function", _name(node["funcname"]), (), called_by="event_trigger"),)
    return [*unheard, op.Create("event-trigger", Name(None, node["trigname"]), needs=needs)]


def create_wrapper(node: Node, _shift: int) -> Operations:
    """CREATE FOREIGN DATA WRAPPER with its handler and validator."""
    made = op.AlterOptions("foreign-data-wrapper", node["fdwname"], changed_options(node.get("options")), made=True)
    functions = [arg for arg in _options(node, "func_options").values() if arg is not None]
    needs = [op.Need("function", _name(function)) for function in functions]
    return [op.Create("foreign-data-wrapper", Name(None, node["fdwname"]), needs=(*needs, made))]


# -- foreign servers --------------------------------------------------------------------------------------------------


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
    return [*needed_roles([user] if user is not None else []), *_needed("server", node["servername"])]


def create_foreign_table(node: Node, shift: int) -> Operations:
    """CREATE FOREIGN TABLE; its server is looked at when the table is made."""
    (made,) = tables.create_table(node.get("base", node), shift, "foreign table")
    changes = changed_options(node.get("options"))
    table = range_var(node.get("base", node)["relation"], shift)
    options = [op.AlterOptions("relation", table.name, changes, table)] if changes else []
    return [msgspec.structs.replace(made, needs=(*_needed("server", node["servername"]), *options))]


def import_schema(node: Node, _shift: int) -> Operations:
    """IMPORT FOREIGN SCHEMA makes tables that only the other server knows."""
    return [*_needed("server", node["server_name"]), *_needed("schema", node["local_schema"]), op.Forget("relation")]


# -- publications -----------------------------------------------------------------------------------------------------


def create_publication(node: Node, shift: int) -> Operations:
    """CREATE PUBLICATION and its tables."""
    name, every = node["pubname"], node.get("for_all_tables", False)
    rooted = None if "publish_via_partition_root" in _options(node) else False
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


# -- text search, operators, casts, collations ------------------------------------------------------------------------


def define(node: Node, shift: int) -> Operations:
    """CREATE OPERATOR, COLLATION, TEXT SEARCH..., of a type that is written in C, and of an aggregate."""
    word, name, options = node["kind"], qualified(strings(node["defnames"])), _options(node, "definition")
    flag, replace = node.get("if_not_exists", False), node.get("replace", False)
    if word == "OBJECT_AGGREGATE":
        parts = [op.Need("function", _name(options[key])) for key in ("sfunc", "finalfunc") if key in options]
        return [*create_aggregate(node), *parts]
    if word == "OBJECT_TYPE":
        return [op.Create("type", name, form="base")] if not options else [op.Forget("type")]
    needs: Operations = []
    types: tuple[Name, ...] = ()
    match word:
        case "OBJECT_OPERATOR":
            types = signature([options.get("leftarg") or {}, options.get("rightarg") or {}])
            for key in ("function", "procedure"):
                if key in options:
                    arguments = tuple(_type_ref(type_) for type_ in types if type_.name)
                    needs.append(op.NeedRoutine("function", _name(options[key]), arguments))
                    needs.append(op.Need("function", _name(options[key])))
        case "OBJECT_COLLATION":
            needs += _needed("collation", options.get("from"))
        case "OBJECT_TSCONFIGURATION":
            needs += _needed("text-search-configuration", options.get("copy"))
            needs += _needed("text-search-parser", options.get("parser"))
        case "OBJECT_TSDICTIONARY":
            needs += _needed("text-search-template", options.get("template"))
        case _:
            needs += [op.Need("function", _name(option)) for option in options.values() if option]
    made = op.Create(OBJECTS[word], name, types, if_not_exists=flag, replace=replace)
    # What an object is made from is looked at before its own name, but after its schema.
    return [*_place(name), *needs, made]


def _place(name: Name) -> Operations:
    return [] if name.schema is None else [op.Need("schema", Name(None, name.schema))]


def _type_ref(type_: Name) -> op.TypeRef:
    return op.TypeRef(Name(type_.schema, type_.name.removesuffix("[]")), array=type_.name.endswith("[]"))


def alter_configuration(node: Node, _shift: int) -> Operations:
    """ALTER TEXT SEARCH CONFIGURATION and its dictionaries."""
    name = qualified(strings(node["cfgname"]))
    found: Operations = [op.Need("text-search-configuration", name, sqlstate="42704")]  # whatever of it is missing
    for item in node.get("dicts", ()):
        found.extend(_needed("text-search-dictionary", item))
    return found


def create_class(node: Node, _shift: int) -> Operations:
    """CREATE OPERATOR CLASS; without FAMILY it makes one of its own name, unless there is one."""
    method, items = node["amname"], [item["CreateOpClassItem"] for item in node.get("items", ())]
    name = with_method(qualified(strings(node["opclassname"])), method)
    family = strings(node.get("opfamilyname"))
    needs: Operations = [op.Need("type", type_) for type_ in signature([node["datatype"]])]
    if family:
        needs.append(op.Need("operator-family", with_method(qualified(family), method), holds=True))
    needs += [op.Need("function", _name(item["name"])) for item in items if item["itemtype"] == 2]
    (indexed,) = signature([node["datatype"]])
    for stored in signature([item["storedtype"] for item in items if "storedtype" in item]):
        needs.append(op.Need("type", stored))
        if method in ("btree", "hash") and stored.name != indexed.name:
            needs.append(op.Raise("42P17"))  # these store what they index
    found: Operations = [*_place(name), op.Need("access-method", Name(None, method), holds=True), *needs]
    found.append(op.Create("operator-class", name))
    return found if family else [*found, op.Create("operator-family", name, if_not_exists=True)]


def operator_family(node: Node, _shift: int) -> Operations:
    """CREATE and ALTER OPERATOR FAMILY."""
    method = op.Need("access-method", Name(None, node["amname"]), holds=True)
    name = with_method(qualified(strings(node["opfamilyname"])), node["amname"])
    if "isDrop" in node or "items" in node:
        return [method, op.Need("operator-family", name)]
    return [method, op.Create("operator-family", name)]


def alter_operator(node: Node, _shift: int) -> Operations:
    """ALTER OPERATOR ... SET."""
    return [op.Need(*identity("OBJECT_OPERATOR", {"ObjectWithArgs": node["opername"]}))]


def create_cast(node: Node, _shift: int) -> Operations:
    """CREATE CAST."""
    types = signature([node["sourcetype"], node["targettype"]])
    needs: Operations = []
    if "func" in node:  # it is looked for between the types and the cast itself
        needs += [op.Need("type", Name(type_.schema, type_.name.removesuffix("[]"), type_.at)) for type_ in types]
        needs += _function(node["func"])
    return [*needs, op.Create("cast", Name(None, ""), types)]


def _function(written: Node) -> Operations:
    """A function with its arguments, which what is made of it keeps from being dropped."""
    kind, name, arguments = routine("OBJECT_FUNCTION", written)
    return [op.NeedRoutine(kind, name, arguments), op.Need("function", name)]


def create_transform(node: Node, _shift: int) -> Operations:
    """CREATE TRANSFORM."""
    language = node["lang"]
    functions = [step for key in ("fromsql", "tosql") if key in node for step in _function(node[key])]
    types = signature([node["type_name"]])
    needs = [op.Need("type", Name(type_.schema, type_.name.removesuffix("[]"), type_.at)) for type_ in types]
    made = op.Create("transform", Name(None, language), types, replace=node.get("replace", False))
    return [*needs, *_needed("language", language), *functions, made]


def create_conversion(node: Node, _shift: int) -> Operations:
    """CREATE CONVERSION; its function is looked at first."""
    name = qualified(strings(node["conversion_name"]))
    return [op.Need("function", _name(node["func_name"])), op.Create("conversion", name)]


# -- statistics -------------------------------------------------------------------------------------------------------


def _bare_column(node: Node) -> str | None:
    """The column that an expression is nothing but."""
    tag, fields = tagged(node)
    parts = strings(fields["fields"]) if tag == "ColumnRef" else []
    return parts[-1] if parts and len(parts) == len(fields["fields"]) else None


def create_statistics(node: Node, shift: int) -> Operations:
    """CREATE STATISTICS."""
    relations = [item["RangeVar"] for item in node.get("relations", ()) if "RangeVar" in item]
    if len(relations) != 1:
        return []
    elements = [item["StatsElem"] for item in node.get("exprs", ())]
    parts = strings(node.get("defnames"))
    return [
        op.CreateStatistics(
            qualified(parts) if parts else None,
            range_var(relations[0], shift),
            tuple(element.get("name") or _bare_column(element["expr"]) for element in elements),
            expression([element["expr"] for element in elements if "expr" in element], shift),
            node.get("if_not_exists", False),
        )
    ]
