"""CREATE TABLE and ALTER TABLE over trees."""

from collections.abc import Iterable, Iterator

from driftproof.catalog.naming import SUFFIXES, labels, object_name
from driftproof.schema.naming import lose_stars, name_in, qualify
from driftproof.schema.things import Column, Key, Made, Relation, Thing
from driftproof.syntax.printing import (
    Tree,
    copy_of,
    index_labels,
    inside,
    kind_of,
    next_value,
    strings,
    texts,
    trees,
    type_named,
)
from driftproof.syntax.tables import SERIAL

KINDS = {
    "CONSTR_PRIMARY": "primary key",
    "CONSTR_UNIQUE": "unique",
    "CONSTR_CHECK": "check",
    "CONSTR_FOREIGN": "foreign key",
    "CONSTR_EXCLUSION": "exclude",
}
# When triggers and rules are fired: of what the command speaks, and whether of all of them.
_FIRING = {
    **{f"AT_{how}Trig": ("trigger", False) for how in ("Enable", "Disable", "EnableAlways", "EnableReplica")},
    **{f"AT_{how}Rule": ("rule", False) for how in ("Enable", "Disable", "EnableAlways", "EnableReplica")},
    **{f"AT_{how}Trig{which}": ("trigger", True) for how in ("Enable", "Disable") for which in ("All", "User")},
}
_ATTRIBUTES = {
    "CONSTR_ATTR_DEFERRABLE": {"deferrable": True},
    "CONSTR_ATTR_NOT_DEFERRABLE": {"deferrable": False},
    "CONSTR_ATTR_DEFERRED": {"deferrable": True, "initdeferred": True},
    "CONSTR_ATTR_IMMEDIATE": {"initdeferred": False},
}
_INCLUDING_DEFAULTS, _INCLUDING_CONSTRAINTS, _INCLUDING_GENERATED, _INCLUDING_IDENTITY = 8, 4, 16, 32
# Source: TableLikeOption, parsenodes.h.


def create_table(made: Made, tree: Tree) -> None:
    """CREATE TABLE and CREATE FOREIGN TABLE."""
    base = tree if kind_of(tree) == "CreateStmt" else tree.base
    if base.relation.relpersistence == "t":
        return
    key = made.place(base.relation.schemaname, base.relation.relname)
    if made.is_there(key) and base.if_not_exists:
        return
    relation = Relation("table" if base is tree else "foreign table", key, tree)
    relation.columns = {}
    relation.partition = base.partbound is not None
    elements = base.tableElts or ()
    tree = copy_of(tree)
    relation.tree = tree
    base = tree if relation.kind == "table" else tree.base
    base.tableElts, base.if_not_exists = None, False
    base.relation.schemaname = key[0]
    qualify(made, tree)
    if base.ofTypename is not None:
        relation.lost = "it is a table of a type"
    for parent in base.inhRelations or ():
        _add_parent(made, relation, made.find(parent.schemaname, parent.relname))
    made.relations[key] = relation
    for element in elements:
        if kind_of(element) == "ColumnDef":
            _put_column(made, relation, element)
        elif kind_of(element) == "TableLikeClause":
            _like(made, relation, element)
    for element in elements:
        if kind_of(element) == "ColumnDef":
            for constraint in _of_column(element):
                add_constraint(made, relation, constraint)
    for element in elements:
        if kind_of(element) == "Constraint":
            add_constraint(made, relation, copy_of(element))


def _add_parent(made: Made, relation: Relation, key: Key | None) -> None:
    parent = made.relations.get(key) if key is not None else None
    if key is None or parent is None or parent.columns is None or relation.columns is None:
        relation.lost = "its parent was not made here"
        return
    relation.parents.append(key)
    for column in parent.columns.values():
        relation.columns.setdefault(column.name, column.inherited())
    for name, constraint in parent.constraints.items():
        if constraint.kind == "check" and not constraint.tree.is_no_inherit:
            relation.constraints.setdefault(name, Inherited(constraint))


class Inherited(Thing):
    """A constraint that a parent brings."""

    def __init__(self, of: Thing) -> None:
        super().__init__(of.kind, of.key, copy_of(of.tree))


def _like(made: Made, relation: Relation, element: Tree) -> None:
    key = made.find(element.relation.schemaname, element.relation.relname)
    source = made.relations.get(key) if key is not None else None
    if source is None or source.columns is None or relation.columns is None:
        relation.lost = "it is LIKE something that was not made here"
        return
    options = element.options
    for name, column in source.columns.items():
        other = column.inherited()
        other.own = True
        if not options & _INCLUDING_DEFAULTS:
            other.default = None
        if not options & _INCLUDING_GENERATED:
            other.generated = None
        if not options & _INCLUDING_IDENTITY:
            other.identity = None
        relation.columns[name] = other
    if options & _INCLUDING_CONSTRAINTS:
        for name, constraint in source.constraints.items():
            if constraint.kind == "check":
                relation.constraints[name] = Thing("check", relation.key, copy_of(constraint.tree))
    if options & ~(_INCLUDING_DEFAULTS | _INCLUDING_CONSTRAINTS | _INCLUDING_GENERATED | _INCLUDING_IDENTITY) & (
        (1 << 16) - 1
    ) and (source.constraints or source.parts):
        relation.lost = f"it is LIKE {source.key[1]} with its indexes and more"


def _put_column(made: Made, relation: Relation, element: Tree) -> Column:
    """Note a column; its constraints come when all columns are there."""
    element = copy_of(element)
    qualify(made, element)
    assert relation.columns is not None
    column = Column(element.colname, element.typeName)
    column.collation = element.collClause
    merged = relation.columns.get(element.colname)
    if merged is not None and element.typeName is None:  # a column of a partition, with options of its own
        column = merged
    names = texts(element.typeName.names) if element.typeName is not None else []
    if len(names) == 1 and names[0] in SERIAL:
        _serial(made, relation, column, names[0])
    for item in element.constraints or ():
        match item.contype.name:
            case "CONSTR_NOTNULL" | "CONSTR_PRIMARY":
                column.not_null = True
            case "CONSTR_DEFAULT":
                column.default = _default(made, column, item.raw_expr)
            case "CONSTR_GENERATED":
                column.generated = item
            case "CONSTR_IDENTITY":
                column.identity, column.not_null = item, True
    relation.columns[column.name] = column
    return column


def _default(made: Made, column: Column, value: Tree) -> Tree:
    """A default as it is kept: NULL is none, but where it is made a domain's, or fit a type with modifiers."""
    bare = value
    while kind_of(bare) == "TypeCast":
        bare = bare.arg
    if kind_of(bare) != "A_Const" or not bare.isnull:
        return value
    type_ = made.find_type(*name_in(column.type.names))
    if column.type.typmods:
        return value
    return value if type_ is not None and type_ in made.types and made.types[type_].kind == "domain" else None


def _serial(made: Made, relation: Relation, column: Column, name: str) -> None:
    column.type, column.not_null = type_named(SERIAL[name]), True
    number, label = 0, "seq"
    while (key := (relation.key[0], object_name(relation.key[1], column.name, label))) in made.relations:
        number += 1
        label = f"seq{number}"
    written = {"int4": "integer", "int8": "bigint", "int2": "smallint"}[SERIAL[name]]
    sequence = Relation("sequence", key, trees(f"CREATE SEQUENCE x AS {written}")[0])
    sequence.tree.sequence.schemaname, sequence.tree.sequence.relname = key
    sequence.after.append((relation.key, column.name))
    made.relations[key] = sequence
    column.default = next_value(*key)


def _of_column(element: Tree) -> Iterator[Tree]:
    """The constraints of a column as those of a table."""
    found: list[Tree] = []
    for item in element.constraints or ():
        kind = item.contype.name
        if kind in KINDS:
            constraint = copy_of(item)
            if kind == "CONSTR_FOREIGN":
                constraint.fk_attrs = strings(element.colname)
            elif kind != "CONSTR_CHECK":
                constraint.keys = strings(element.colname)
            found.append(constraint)
        elif kind in _ATTRIBUTES and found:
            for field, value in _ATTRIBUTES[kind].items():
                setattr(found[-1], field, value)
    yield from found


def columns_of(constraint: Tree) -> list[str]:
    """The columns that a constraint is about, each once."""
    found = texts(constraint.fk_attrs) or texts(constraint.keys)
    if constraint.exclusions:
        found = [pair[0].name or "expr" for pair in constraint.exclusions]
    elif constraint.contype.name == "CONSTR_CHECK":
        found = [texts(node.fields)[-1] for node in inside(constraint.raw_expr) if kind_of(node) == "ColumnRef"]
    return list(dict.fromkeys(found))


def add_constraint(made: Made, relation: Relation, tree: Tree) -> None:
    """A constraint under its name, or the one that PostgreSQL makes up."""
    kind = tree.contype.name
    if kind == "CONSTR_NOTNULL":
        for name in texts(tree.keys):
            _set_not_null(made, relation, name, True)
        return
    if kind not in KINDS:
        return
    qualify(made, tree)
    if tree.indexname:
        index = relation.parts.pop(("index", tree.indexname), None)
        tree.conname = tree.conname or tree.indexname
        tree.keys = strings(*(item.name for item in index.tree.indexParams)) if index is not None else ()
        tree.indexname = None
    if tree.conname is None:
        columns = columns_of(tree)
        middle = "_".join([*columns, *texts(tree.including)]) if KINDS[kind] not in ("primary key", "check") else ""
        if KINDS[kind] == "check" and len(columns) == 1:
            middle = columns[0]
        tree.conname = _free(made, relation, middle, SUFFIXES[KINDS[kind]])  # type: ignore[index]
    if kind == "CONSTR_PRIMARY":
        for name in texts(tree.keys):
            _set_not_null(made, relation, name, True)
    relation.constraints[tree.conname] = Thing(KINDS[kind], relation.key, tree)
    if kind == "CONSTR_CHECK" and not tree.is_no_inherit:
        for child in _children(made, relation):
            child.constraints.setdefault(tree.conname, Inherited(relation.constraints[tree.conname]))


def _free(made: Made, relation: Relation, middle: str, label: str) -> str:
    number, suffix = 0, label
    while True:
        name = object_name(relation.key[1], middle, suffix)
        if name not in relation.constraints and not _taken(made, (relation.key[0], name)):
            return name
        number += 1
        suffix = f"{label}{number}"


def _taken(made: Made, key: Key) -> bool:
    others: Iterable[Relation] = (item for item in made.relations.values() if item.key[0] == key[0])
    indexes = {"primary key", "unique", "exclude"}
    return key in made.relations or any(
        ("index", key[1]) in other.parts or (key[1] in other.constraints and other.constraints[key[1]].kind in indexes)
        for other in others
    )


def free_index(made: Made, relation: Relation, tree: Tree) -> str:
    """The name of an index that was made without one."""
    return _free(made, relation, "_".join(labels(index_labels(tree))), "idx")


def _children(made: Made, relation: Relation) -> list[Relation]:
    return [item for item in made.relations.values() if relation.key in item.parents]


def _set_not_null(made: Made, relation: Relation, name: str, value: bool) -> None:
    if relation.columns is not None and name in relation.columns:
        relation.columns[name].not_null = value
    for child in _children(made, relation):
        _set_not_null(made, child, name, value)


def alter_table(made: Made, relation: Relation, command: Tree) -> None:
    """One subcommand of ALTER TABLE."""
    name = command.name
    columns = relation.columns if relation.columns is not None else {}
    column = columns.get(name) if name else None
    match command.subtype.name:
        case "AT_AddColumn":
            _add_column(made, relation, command)
        case "AT_DropColumn":
            _drop_column(made, relation, name)
        case "AT_AlterColumnType":
            _retype(made, relation, name, command.def_)
        case "AT_ColumnDefault" if column is not None:
            column.default = _default(made, column, _qualified(made, command.def_))
            for child in _children(made, relation):
                alter_table(made, child, command)
        case "AT_SetNotNull" | "AT_DropNotNull":
            _set_not_null(made, relation, name, command.subtype.name == "AT_SetNotNull")
        case "AT_AddIdentity" if column is not None:
            column.identity, column.not_null = command.def_, True
        case "AT_DropIdentity" if column is not None:
            column.identity = None
        case "AT_SetIdentity" if column is not None:
            relation.after.append(command)
        case "AT_SetExpression" if column is not None and column.generated is not None:
            column.generated = copy_of(column.generated, raw_expr=_qualified(made, command.def_))
        case "AT_DropExpression" if column is not None:
            column.generated = None
        case "AT_AddConstraint":
            add_constraint(made, relation, copy_of(command.def_))
        case "AT_DropConstraint":
            relation.constraints.pop(name, None)
            for child in _children(made, relation):
                if isinstance(child.constraints.get(name), Inherited):
                    child.constraints.pop(name)
        case "AT_ValidateConstraint" if name in relation.constraints:
            relation.constraints[name].tree.skip_validation = False
        case "AT_EnableRowSecurity" | "AT_DisableRowSecurity":
            relation.row_security = command.subtype.name == "AT_EnableRowSecurity"
        case kind if kind in _FIRING:
            what, every = _FIRING[kind]
            for (part, label), thing in relation.parts.items():
                if part == what and (every or label == name):
                    usual = kind in ("AT_EnableTrig", "AT_EnableTrigAll", "AT_EnableTrigUser", "AT_EnableRule")
                    thing.enabled = None if usual else kind.removesuffix("All").removesuffix("User")
        case "AT_AttachPartition" | "AT_AddInherit":
            _attach(made, relation, command)
        case "AT_DetachPartition" | "AT_DropInherit":
            _detach(made, relation, command)
        case "AT_ChangeOwner" | "AT_ClusterOn" | "AT_DropCluster":
            pass
        case "AT_AlterConstraint":
            constraint = relation.constraints.get(command.def_.conname)
            if constraint is not None:
                constraint.lost = "ALTER CONSTRAINT changed it"
        case _:
            command = copy_of(command)
            qualify(made, command)
            relation.after.append(command)


def _qualified(made: Made, tree: Tree) -> Tree:
    tree = copy_of(tree)
    qualify(made, tree)
    return tree


def _add_column(made: Made, relation: Relation, command: Tree) -> None:
    element = command.def_
    if relation.columns is None or (command.missing_ok and element.colname in relation.columns):
        return
    relation.columns.pop(element.colname, None)
    column = _put_column(made, relation, element)
    for constraint in _of_column(element):
        add_constraint(made, relation, constraint)
    for child in _children(made, relation):
        if child.columns is not None:
            child.columns.setdefault(column.name, column.inherited())
    lose_stars(made, relation.key)


def _drop_column(made: Made, relation: Relation, name: str) -> None:
    if relation.columns is not None:
        relation.columns.pop(name, None)
    for part, thing in list(relation.parts.items()):
        if part[0] == "index" and name in _names(thing.tree):
            del relation.parts[part]
    for child in _children(made, relation):
        if child.columns is not None and name in child.columns and not child.columns[name].own:
            _drop_column(made, child, name)
    lose_stars(made, relation.key)


def _names(index: Tree) -> set[str]:
    """The columns that an index is about."""
    nodes = [node for node in inside(index) if kind_of(node) in ("IndexElem", "ColumnRef")]
    return {texts(node.fields)[-1] if kind_of(node) == "ColumnRef" else node.name for node in nodes}


def _retype(made: Made, relation: Relation, name: str, definition: Tree) -> None:
    column = (relation.columns or {}).get(name)
    if column is not None:
        column.type = _qualified(made, definition.typeName)
        column.collation = definition.collClause
    for child in _children(made, relation):
        _retype(made, child, name, definition)


def _attach(made: Made, relation: Relation, command: Tree) -> None:
    named = command.def_.name if kind_of(command.def_) == "PartitionCmd" else command.def_
    key = made.find(named.schemaname, named.relname)
    partition = kind_of(command.def_) == "PartitionCmd"
    parent, child = (relation.key, key) if partition else (key, relation.key)
    if parent is None or child is None or child not in made.relations:
        relation.lost = "what it inherits from, or who inherits from it, was not made here"
        return
    made.relations[child].parents.append(parent)
    command = copy_of(command)
    qualify(made, command)
    relation.after.append(command)


def _detach(made: Made, relation: Relation, command: Tree) -> None:
    named = command.def_.name if kind_of(command.def_) == "PartitionCmd" else command.def_
    key = made.find(named.schemaname, named.relname)
    for one, other in ((relation.key, key), (key, relation.key)):
        child = made.relations.get(other) if other is not None else None
        if child is not None and one in child.parents:
            child.lost = "it was taken from its parent, and what it kept is not followed"
            child.parents.remove(one)
    relation.after = [item for item in relation.after if not _attaches(item, named.relname)]


def _attaches(item: Tree, name: str) -> bool:
    return any(kind_of(node) == "RangeVar" and node.relname == name for node in inside(item))
