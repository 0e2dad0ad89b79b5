"""ALTER ... RENAME and SET SCHEMA over trees."""

from driftproof.schema import naming
from driftproof.schema.naming import name_in, routines_of
from driftproof.schema.things import PARTS, Key, Made, Relation, Routine, Thing
from driftproof.syntax.printing import (
    Tree,
    copy_of,
    kind_of,
    printed,
    strings,
    trees,
)


def rename(made: Made, tree: Tree) -> None:
    kind, new = tree.renameType.name, tree.newname
    match kind:
        case "OBJECT_SCHEMA":
            for old in [*made.relations, *made.types, *dict.fromkeys(key for key, _ in made.routines)]:
                if old[0] == tree.subname:
                    _move(made, old, (new, old[1]))
            if ("schema", tree.subname) in made.named:
                made.named.pop(("schema", tree.subname))
                made.named["schema", new] = Thing("schema", ("", new), None)
        case "OBJECT_TYPE" | "OBJECT_DOMAIN":
            key = made.find_type(*name_in(tree.object))
            if key is not None:
                _move(made, key, (key[0], new))
        case "OBJECT_FUNCTION" | "OBJECT_PROCEDURE" | "OBJECT_ROUTINE" | "OBJECT_AGGREGATE":
            for routine in routines_of(made, tree.object):
                _move_routine(made, routine, (routine.key[0], new))
        case "OBJECT_ATTRIBUTE":
            key = made.find_type(tree.relation.schemaname, tree.relation.relname)
            if key is not None and key in made.types:
                columns = made.types[key].columns
                if tree.subname in columns:
                    columns[tree.subname].name = new
                made.types[key].columns = {
                    new if name == tree.subname else name: column for name, column in columns.items()
                }
        case "OBJECT_DOMCONSTRAINT":
            pass
        case _ if tree.relation is not None:
            _rename_of_relation(made, tree, kind, new)
        case _:
            pass


_PART_NAMES = {"policy": "policy_name", "trigger": "trigname", "rule": "rulename", "index": "idxname"}


def _rename_of_relation(made: Made, tree: Tree, kind: str, new: str) -> None:
    key = made.find(tree.relation.schemaname, tree.relation.relname)
    if key is None:
        found = made.index(tree.relation.schemaname, tree.relation.relname)
        if found is not None:
            _rename_part(found[0], "index", tree.relation.relname, new)
            return
        _rename_key_index(made, tree.relation, new)
        return
    relation = made.relations[key]
    if kind == "OBJECT_COLUMN":
        _rename_column(made, relation, tree.subname, new)
    elif kind == "OBJECT_TABCONSTRAINT":
        _rename_constraint(relation, tree.subname, new)
    elif kind in PARTS:
        _rename_part(relation, PARTS[kind], tree.subname, new)
    else:
        _move(made, key, (key[0], new))


def _rename_key_index(made: Made, named: Tree, new: str) -> None:
    """ALTER INDEX on that of a key renames the constraint."""
    for relation in made.relations.values():
        if named.relname in relation.constraints and relation.key[0] in (named.schemaname, *made.path):
            _rename_constraint(relation, named.relname, new)
            return


def _rename_constraint(relation: Relation, old: str, new: str) -> None:
    if old in relation.constraints:
        constraint = relation.constraints.pop(old)
        constraint.tree.conname = new
        relation.constraints[new] = constraint


def _rename_part(relation: Relation, kind: str, old: str, new: str) -> None:
    part = relation.parts.pop((kind, old), None)
    if part is not None:
        setattr(part.tree, _PART_NAMES[kind], new)
        relation.parts[kind, new] = part


def _rename_column(made: Made, relation: Relation, old: str, new: str) -> None:
    if relation.columns is None or old not in relation.columns:
        relation.lost = "its columns were renamed, and are known by their names only"
        return
    relation.columns[old].name = new
    relation.columns = {new if name == old else name: column for name, column in relation.columns.items()}
    naming.rename_column(made, relation, old, new)
    base = relation.tree.base if kind_of(relation.tree) == "CreateForeignTableStmt" else relation.tree
    if kind_of(base) == "CreateStmt" and base.partspec is not None:
        for element in base.partspec.partParams:
            element.name = new if element.name == old else element.name
    for sequence in made.relations.values():
        sequence.after = [(relation.key, new) if item == (relation.key, old) else item for item in sequence.after]
    for child in made.relations.values():
        if relation.key in child.parents:
            _rename_column(made, child, old, new)
    naming.lose_stars(made, relation.key)


def _move(made: Made, old: Key, new: Key) -> None:
    """A relation, a type or the functions of a name come to another schema or name."""
    if old in made.relations:
        relation = made.relations[new] = made.relations.pop(old)
        relation.key = new
        naming.rename_relation(made, old, new)
        for other in made.relations.values():
            other.parents = [new if key == old else key for key in other.parents]
            other.after = [
                (new, item[1]) if isinstance(item, tuple) and item[0] == old else item for item in other.after
            ]
    elif old in made.types:
        type_ = made.types.pop(old)
        type_.key = new
        made.types[new] = type_
        # A domain has both: its name, and the type that it is over.
        field = next((field for field in ("domainname", "typeName") if getattr(type_.tree, field, None)), None)
        if field is not None:
            setattr(type_.tree, field, strings(*new))
        naming.rename_type(made, old, new)
    else:
        for (key, _), routine in list(made.routines.items()):
            if key == old:
                _move_routine(made, routine, new)


def _move_routine(made: Made, routine: Routine, new: Key) -> None:
    old = routine.key
    del made.routines[old, routine.arguments]
    routine.key = new
    routine.tree.funcname = strings(*new)
    made.routines[new, routine.arguments] = routine
    if not any(key == old for key, _ in made.routines):
        naming.rename_routine(made, old, new)


def set_schema(made: Made, tree: Tree) -> None:
    schema = tree.newschema
    match tree.objectType.name:
        case "OBJECT_TYPE" | "OBJECT_DOMAIN":
            key = made.find_type(*name_in(tree.object))
            if key is not None:
                _move(made, key, (schema, key[1]))
        case "OBJECT_FUNCTION" | "OBJECT_PROCEDURE" | "OBJECT_ROUTINE" | "OBJECT_AGGREGATE":
            for routine in routines_of(made, tree.object):
                _move_routine(made, routine, (schema, routine.key[1]))
        case "OBJECT_EXTENSION":
            thing = made.named.get(("extension", tree.object.sval))
            if thing is not None:
                text = f"{printed(copy_of(thing.tree, options=None))} WITH SCHEMA {schema}"
                thing.tree = trees(text)[0]
        case _ if tree.relation is not None:
            key = made.find(tree.relation.schemaname, tree.relation.relname)
            if key is not None:
                _move(made, key, (schema, key[1]))
                for other in [item for item in made.relations.values() if item.kind == "sequence"]:
                    owned = any(isinstance(item, tuple) and item[0] == (schema, key[1]) for item in other.after)
                    if owned and other.key[0] != schema:
                        _move(made, other.key, (schema, other.key[1]))
        case _:
            pass
