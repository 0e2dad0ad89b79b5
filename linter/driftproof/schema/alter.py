"""ALTER TABLE over trees."""

from driftproof.schema.naming import lose_stars, qualify
from driftproof.schema.tables import (
    Inherited,
    add_constraint,
    children_of,
    constraints_of,
    default_of,
    put_column,
    set_not_null,
)
from driftproof.schema.things import Made, Relation
from driftproof.syntax.printing import Tree, copy_of, inside, kind_of, texts

# When triggers and rules are fired: of what the command speaks, and whether of all of them.
_FIRING = {
    **{f"AT_{how}Trig": ("trigger", False) for how in ("Enable", "Disable", "EnableAlways", "EnableReplica")},
    **{f"AT_{how}Rule": ("rule", False) for how in ("Enable", "Disable", "EnableAlways", "EnableReplica")},
    **{f"AT_{how}Trig{which}": ("trigger", True) for how in ("Enable", "Disable") for which in ("All", "User")},
}


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
            column.default = default_of(made, column, _qualified(made, command.def_))
            for child in children_of(made, relation):
                alter_table(made, child, command)
        case "AT_SetNotNull" | "AT_DropNotNull":
            set_not_null(made, relation, name, command.subtype.name == "AT_SetNotNull")
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
            for child in children_of(made, relation):
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
    column = put_column(made, relation, element)
    for constraint in constraints_of(element):
        add_constraint(made, relation, constraint)
    for child in children_of(made, relation):
        if child.columns is not None:
            child.columns.setdefault(column.name, column.inherited())
    lose_stars(made, relation.key)


def _drop_column(made: Made, relation: Relation, name: str) -> None:
    if relation.columns is not None:
        relation.columns.pop(name, None)
    for part, thing in list(relation.parts.items()):
        if part[0] == "index" and name in _names(thing.tree):
            del relation.parts[part]
    for child in children_of(made, relation):
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
    for child in children_of(made, relation):
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
