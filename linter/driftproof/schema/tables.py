"""CREATE TABLE over trees: the columns and constraints that a table gets."""

from collections.abc import Iterable, Iterator

from driftproof.catalog.naming import SUFFIXES, labels, object_name
from driftproof.schema.naming import name_in, qualify
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
            put_column(made, relation, element)
        elif kind_of(element) == "TableLikeClause":
            _like(made, relation, element)
    for element in elements:
        if kind_of(element) == "ColumnDef":
            for constraint in constraints_of(element):
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


def put_column(made: Made, relation: Relation, element: Tree) -> Column:
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
                column.default = default_of(made, column, item.raw_expr)
            case "CONSTR_GENERATED":
                column.generated = item
            case "CONSTR_IDENTITY":
                column.identity, column.not_null = item, True
    relation.columns[column.name] = column
    return column


def default_of(made: Made, column: Column, value: Tree) -> Tree:
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


def constraints_of(element: Tree) -> Iterator[Tree]:
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
            set_not_null(made, relation, name, True)
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
            set_not_null(made, relation, name, True)
    relation.constraints[tree.conname] = Thing(KINDS[kind], relation.key, tree)
    if kind == "CONSTR_CHECK" and not tree.is_no_inherit:
        for child in children_of(made, relation):
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


def children_of(made: Made, relation: Relation) -> list[Relation]:
    """The tables that inherit from a table, and its partitions."""
    return [item for item in made.relations.values() if relation.key in item.parents]


def set_not_null(made: Made, relation: Relation, name: str, value: bool) -> None:
    """Set or drop NOT NULL of a column, and of those that inherit it."""
    if relation.columns is not None and name in relation.columns:
        relation.columns[name].not_null = value
    for child in children_of(made, relation):
        set_not_null(made, child, name, value)
