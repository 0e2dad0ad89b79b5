"""Names in trees: written with their schemas, so that they mean the same under any search_path, and renamed."""

from collections.abc import Sequence

from driftproof.schema.things import Key, Made, Relation, Routine, Thing
from driftproof.syntax.printing import Tree, copy_of, inside, kind_of, quoted, strings, texts, type_of

_SEQUENCES = ("nextval", "currval", "setval")


def qualify(made: Made, tree: Tree) -> None:
    """Write the schema to each name below ``tree`` that means something which the history made."""
    local = {item.ctename for item in inside(tree) if kind_of(item) == "CommonTableExpr"}
    for node in inside(tree):
        match kind_of(node):
            case "RangeVar" if node.schemaname is None and node.relname not in local:
                if (key := made.find(None, node.relname)) is not None:
                    node.schemaname = key[0]
            case "TypeName" if node.names and len(texts(node.names)) == 1:
                if (key := made.find_type(None, texts(node.names)[0])) is not None:
                    node.names = strings(*key)
            case "FuncCall":
                _qualify_call(made, node)
            case "TypeCast" if texts(node.typeName.names)[-1:] == ["regclass"]:
                _qualify_constant(made, node.arg)
            case "CreateTrigStmt" if len(texts(node.funcname)) == 1:
                if (key := made.find_routine(None, texts(node.funcname)[0])) is not None:
                    node.funcname = strings(*key)


def _qualify_call(made: Made, node: Tree) -> None:
    names = texts(node.funcname)
    if len(names) == 1 and (key := made.find_routine(None, names[0])) is not None:
        node.funcname = strings(*key)
    if names[-1] in _SEQUENCES and node.args:
        _qualify_constant(made, node.args[0])


def _qualify_constant(made: Made, node: Tree) -> None:
    """``'name'``, where it is read as a relation's."""
    written = getattr(getattr(node, "val", None), "sval", None)
    if written and written.isidentifier() and (key := made.find(None, written.lower())) is not None:
        node.val.sval = quoted(key[1], key[0])


def rename_relation(made: Made, old: Key, new: Key) -> None:
    """A relation has another name from here on: in all trees; a query goes on calling it by the old one."""
    for thing in _all(made):
        for node in inside(thing.tree):
            match kind_of(node):
                case "RangeVar" if (node.schemaname, node.relname) == old:
                    node.schemaname, node.relname = new
                case "TypeName" if tuple(texts(node.names)) == old:
                    node.names = strings(*new)
                case "A_Const" if getattr(node.val, "sval", None) == quoted(old[1], old[0]):
                    node.val.sval = quoted(new[1], new[0])
                case "ColumnRef" if old[1] != new[1] and texts(node.fields)[:1] == [old[1]] and len(node.fields) > 1:
                    thing.lost = f"it was written when {quoted(*old[::-1])} had that name"


def rename_type(made: Made, old: Key, new: Key) -> None:
    """A type has another name from here on."""
    for thing in _all(made):
        for node in inside(thing.tree):
            if kind_of(node) == "TypeName" and tuple(texts(node.names)) == old:
                node.names = strings(*new)


def rename_routine(made: Made, old: Key, new: Key) -> None:
    """A function has another name from here on."""
    for thing in _all(made):
        for node in inside(thing.tree):
            for field in ("funcname", "objname"):
                if tuple(texts(getattr(node, field, None) or ())) == old:
                    setattr(node, field, strings(*new))


def rename_column(made: Made, relation: Relation, old: str, new: str) -> None:
    """A column has another name from here on; where it is not sure which column a name means, the thing is lost."""
    own = {*map(id, relation.constraints.values()), *map(id, relation.parts.values())}
    for thing in _all(made):
        if id(thing) in own:
            if not _rename_in(thing.tree, old, new):
                thing.lost = f"it was written when {relation.key[1]}.{new} was called {old}"
        elif thing is not relation and _reads(thing.tree, relation.key):
            _rename_elsewhere(thing, relation, old, new)
    for column in (relation.columns or {}).values():
        for tree in (column.default, column.generated):
            _rename_in(tree, old, new)


def _rename_in(tree: Tree, old: str, new: str) -> bool:
    """Rename a column in what is written over its own table; False where a query in it may mean another column."""
    nodes = list(inside(tree))
    if any(kind_of(node) == "SubLink" for node in nodes):
        return not any(kind_of(node) == "ColumnRef" and texts(node.fields)[-1:] == [old] for node in nodes)
    for node in nodes:
        match kind_of(node):
            case "ColumnRef" if texts(node.fields)[-1:] == [old]:
                node.fields = (*node.fields[:-1], *strings(new))
            case "IndexElem" if node.name == old:
                node.name = new
            case "Constraint":
                for field in ("keys", "including", "fk_attrs"):
                    _rename_listed(node, field, old, new)
            case "CreateTrigStmt":
                _rename_listed(node, "columns", old, new)
            case "PartitionElem" if node.name == old:
                node.name = new
    return True


def _rename_listed(node: Tree, field: str, old: str, new: str) -> None:
    if getattr(node, field):
        setattr(node, field, strings(*(new if name == old else name for name in texts(getattr(node, field)))))


def _rename_elsewhere(thing: Thing, relation: Relation, old: str, new: str) -> None:
    for node in inside(thing.tree):
        match kind_of(node):
            case "Constraint" if node.pktable is not None:
                _rename_listed(node, "pk_attrs", old, new)
            case "ColumnRef" if texts(node.fields)[-1:] == [old] or kind_of(node.fields[-1]) == "A_Star":
                thing.lost = f"it was written when {relation.key[1]}.{new} was called {old}"


def _reads(tree: Tree, key: Key) -> bool:
    return any(kind_of(node) == "RangeVar" and (node.schemaname, node.relname) == key for node in inside(tree))


def lose_stars(made: Made, key: Key) -> None:
    """The columns of a relation change: what ``*`` meant in a query over it is no longer what it would mean."""
    for thing in made.relations.values():
        if thing.kind in ("view", "materialized view") and thing.starred and _reads(thing.tree, key):
            thing.lost = f"it was written with * when {quoted(key[1], key[0])} had other columns"


def _all(made: Made) -> list[Thing]:
    found: list[Thing] = [*made.relations.values(), *made.types.values(), *made.routines.values()]
    for relation in made.relations.values():
        found += [*relation.constraints.values(), *relation.parts.values()]
        found += [_Loose(column) for column in (relation.columns or {}).values()]
    return found


class _Loose(Thing):
    """The trees of a column."""

    def __init__(self, column: object) -> None:
        trees = tuple(getattr(column, field) for field in ("type", "default", "generated"))
        super().__init__("column", ("", ""), trees)


def name_in(parts: Sequence[Tree]) -> tuple[str | None, str]:
    """Schema and name of a list of String nodes."""
    *schema, name = texts(parts)
    return (schema[-1] if schema else None), name


def routines_of(made: Made, tree: Tree) -> list[Routine]:
    """The function that an ObjectWithArgs means."""
    key = made.find_routine(*name_in(tree.objname))
    if key is None:
        return []
    there = [item for (place, _), item in made.routines.items() if place == key]
    if tree.args_unspecified:
        return there
    tree = copy_of(tree)
    qualify(made, tree)
    wanted = tuple(type_of(copy_of(item, typmods=None)) for item in tree.objargs or ())
    return [item for item in there if item.arguments == wanted]
