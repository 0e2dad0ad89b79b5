"""CREATE and ALTER of what is neither relation, type nor function: roles, schemas, text search, operators..."""

from typing import Any

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
        wanted = [step for other, key in needs for step in needed(other, node.get(key))]
        if optioned:
            wanted.append(op.AlterOptions(kind, node[field], changed_options(node.get("options")), made=True))
        flag, replace = node.get("if_not_exists", False), node.get("replace", False)
        return [op.Create(kind, name_of(node[field]), needs=tuple(wanted), if_not_exists=flag, replace=replace)]

    return lowering


def need(kind: Kind, field: str) -> Handler:
    """An ALTER that needs the object whose name stands in ``field`` and changes nothing that is modelled."""
    return lambda node, _shift: [op.Need(kind, name_of(node.get(field)), missing_ok=node.get("missing_ok", False))]


def drop(kind: Kind, field: str) -> Handler:
    """A DROP of an object whose name stands in ``field``."""

    def lowering(node: Node, _shift: int) -> Operations:
        cascade = node.get("behavior") == "DROP_CASCADE"
        return [op.Drop(kind, name_of(node[field]), missing_ok=node.get("missing_ok", False), cascade=cascade)]

    return lowering


def name_of(written: Any) -> Name:
    """The name that a node writes: as a string, a list of names, or an object with its arguments."""
    if isinstance(written, str):
        return Name(None, written)
    return qualified(strings(written["objname"]) if "objname" in written else names(written))


def needed(kind: Kind, written: Any) -> Operations:
    """What a CREATE needs, and keeps from being dropped; nothing where nothing is ``written``."""
    return [op.Need(kind, name_of(written), holds=True)] if written else []


def options_of(node: Node, field: str = "options") -> dict[str, Any]:
    """The options in a list of them, by their names."""
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
    options = options_of(node)
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
    options = options_of(node)
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
    needs = tuple(op.Need("function", name_of(handler)) for handler in handlers)
    return [op.Create("language", Name(None, node["plname"]), needs=needs, replace=node.get("replace", False))]


_EVENTS = ("ddl_command_start", "ddl_command_end", "login", "sql_drop", "table_rewrite")


def create_event_trigger(node: Node, _shift: int) -> Operations:
    """CREATE EVENT TRIGGER, and its function."""
    unheard = [] if node["eventname"] in _EVENTS else [op.Raise("42601")]
    needs = (op.NeedRoutine("function", name_of(node["funcname"]), (), called_by="event_trigger"),)
    return [*unheard, op.Create("event-trigger", Name(None, node["trigname"]), needs=needs)]


# -- text search, operators, casts, collations ------------------------------------------------------------------------


def define(node: Node, shift: int) -> Operations:
    """CREATE OPERATOR, COLLATION, TEXT SEARCH..., of a type that is written in C, and of an aggregate."""
    word, name, options = node["kind"], qualified(strings(node["defnames"])), options_of(node, "definition")
    flag, replace = node.get("if_not_exists", False), node.get("replace", False)
    if word == "OBJECT_AGGREGATE":
        parts = [op.Need("function", name_of(options[key])) for key in ("sfunc", "finalfunc") if key in options]
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
                    needs.append(op.NeedRoutine("function", name_of(options[key]), arguments))
                    needs.append(op.Need("function", name_of(options[key])))
        case "OBJECT_COLLATION":
            needs += needed("collation", options.get("from"))
        case "OBJECT_TSCONFIGURATION":
            needs += needed("text-search-configuration", options.get("copy"))
            needs += needed("text-search-parser", options.get("parser"))
        case "OBJECT_TSDICTIONARY":
            needs += needed("text-search-template", options.get("template"))
        case _:
            needs += [op.Need("function", name_of(option)) for option in options.values() if option]
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
        found.extend(needed("text-search-dictionary", item))
    return found


def create_class(node: Node, _shift: int) -> Operations:
    """CREATE OPERATOR CLASS; without FAMILY it makes one of its own name, unless there is one."""
    method, items = node["amname"], [item["CreateOpClassItem"] for item in node.get("items", ())]
    name = with_method(qualified(strings(node["opclassname"])), method)
    family = strings(node.get("opfamilyname"))
    needs: Operations = [op.Need("type", type_) for type_ in signature([node["datatype"]])]
    if family:
        needs.append(op.Need("operator-family", with_method(qualified(family), method), holds=True))
    needs += [op.Need("function", name_of(item["name"])) for item in items if item["itemtype"] == 2]
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
    return [*needs, *needed("language", language), *functions, made]


def create_conversion(node: Node, _shift: int) -> Operations:
    """CREATE CONVERSION; its function is looked at first."""
    name = qualified(strings(node["conversion_name"]))
    return [op.Need("function", name_of(node["func_name"])), op.Create("conversion", name)]


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
