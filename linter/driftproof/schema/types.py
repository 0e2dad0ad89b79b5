"""Enums, domains, composite and range types over trees."""

from collections.abc import Sequence

from driftproof.schema.naming import name_in, qualify
from driftproof.schema.things import Column, Made, Type
from driftproof.syntax.printing import (
    Tree,
    copy_of,
    printed,
    strings,
    texts,
    trees,
)


def _type(made: Made, kind: str, names: Sequence[Tree], tree: Tree) -> Type:
    key = made.place(*name_in(names))
    tree = copy_of(tree, typeName=strings(*key))
    qualify(made, tree)
    type_ = made.types[key] = Type(kind, key, tree)
    return type_


def create_enum(made: Made, tree: Tree) -> None:
    _type(made, "enum", tree.typeName, tree).labels = texts(tree.vals)


def create_range(made: Made, tree: Tree) -> None:
    _type(made, "range", tree.typeName, tree)


def create_composite(made: Made, tree: Tree) -> None:
    key = made.place(tree.typevar.schemaname, tree.typevar.relname)
    tree = copy_of(tree)
    qualify(made, tree)
    type_ = made.types[key] = Type("composite", key, tree)
    for element in tree.coldeflist or ():
        type_.columns[element.colname] = Column(element.colname, element.typeName)


def create_domain(made: Made, tree: Tree) -> None:
    key = made.place(*name_in(tree.domainname))
    tree = copy_of(tree, domainname=strings(*key))
    qualify(made, tree)
    made.types[key] = Type("domain", key, tree)
    number, base = 0, f"{key[1]}_check"
    for item in tree.constraints or ():
        if item.contype.name == "CONSTR_CHECK" and item.conname is None:
            item.conname = base + (str(number) if number else "")
            number += 1


def alter_enum(made: Made, tree: Tree) -> None:
    key = made.find_type(*name_in(tree.typeName))
    type_ = made.types.get(key) if key is not None else None
    if type_ is None:
        return
    labels = type_.labels
    if tree.oldVal is not None:
        type_.labels = [tree.newVal if label == tree.oldVal else label for label in labels]
    elif tree.newVal not in labels:
        at = len(labels)
        if tree.newValNeighbor in labels:
            at = labels.index(tree.newValNeighbor) + bool(tree.newValIsAfter)
        labels.insert(at, tree.newVal)


def alter_domain(made: Made, tree: Tree) -> None:
    key = made.find_type(*name_in(tree.typeName))
    type_ = made.types.get(key) if key is not None else None
    if type_ is None:
        return
    kept = list(type_.tree.constraints or ())
    new = copy_of(tree.def_)
    match tree.subtype:
        case "T" | "O" | "N":
            wanted = "CONSTR_DEFAULT" if tree.subtype == "T" else "CONSTR_NOTNULL"
            kept = [item for item in kept if item.contype.name != wanted]
            if tree.subtype == "O" or new is not None:
                text = f"CREATE DOMAIN d AS int {'NOT NULL' if tree.subtype == 'O' else 'DEFAULT ' + printed(new)}"
                kept += trees(text)[0].constraints
        case "X":
            kept = [item for item in kept if item.conname != tree.name]
        case "C":
            names = {item.conname for item in kept}
            number, base = 0, f"{type_.key[1]}_check"
            while new.conname is None:
                name = base + (str(number) if number else "")
                new.conname = name if name not in names else None
                number += 1
            kept.append(new)
        case "V":
            for item in kept:
                if item.conname == tree.name:
                    item.skip_validation = False
    type_.tree.constraints = tuple(kept)
    qualify(made, type_.tree)


def alter_composite(type_: Type, made: Made, command: Tree) -> None:
    match command.subtype.name:
        case "AT_AddColumn":
            element = copy_of(command.def_)
            qualify(made, element)
            type_.columns[element.colname] = Column(element.colname, element.typeName)
        case "AT_DropColumn":
            type_.columns.pop(command.name, None)
        case "AT_AlterColumnType":
            element = copy_of(command.def_)
            qualify(made, element)
            type_.columns[command.name].type = element.typeName
        case _:
            pass
