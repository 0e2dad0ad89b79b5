"""Trees as SQL: what stands in CREATE TABLE, and what makes the other objects."""

from driftproof.schema.model import Need
from driftproof.schema.things import Column, Relation, Routine, Thing, Type
from driftproof.syntax import literal, printing
from driftproof.syntax.printing import Tree, alter_table, copy_of, inside, kind_of, printed, quoted, texts

_OBJECTS = {"foreign table": "OBJECT_FOREIGN_TABLE", "view": "OBJECT_VIEW", "materialized view": "OBJECT_MATVIEW"}


def column_definition(column: Column) -> str:
    """A column as CREATE TABLE says it."""
    if column.type is None:
        return ""
    constraints = []
    if column.identity is not None:
        constraints.append(column.identity)
    if column.generated is not None:
        constraints.append(column.generated)
    if column.default is not None:
        constraints.append(printing.constraint_node("CONSTR_DEFAULT", column.default))
    if column.not_null:
        constraints.append(printing.constraint_node("CONSTR_NOTNULL"))
    return printing.column_definition(column.name, column.type, column.collation, constraints)


def constraint_definition(tree: Tree) -> str:
    """A table constraint without its name."""
    return printed(copy_of(tree, conname=None))


def part_definition(part: Thing) -> str:
    """The statement that makes an index, a trigger, a policy or a rule, and the one that says when that is fired."""
    if part.kind == "index":
        return _index_definition(part.tree)
    if part.enabled is None:
        return printed(part.tree)
    name = part.tree.trigname if part.kind == "trigger" else part.tree.rulename
    fired = alter_table(printing.range_var(*part.key), printing.alter_command(part.enabled, name))
    return f"{printed(part.tree)};\n{printed(fired)}"


def _index_definition(tree: Tree) -> str:
    """The clauses behind the columns in the grammar's order, which is not the printer's."""
    bare = copy_of(tree, nulls_not_distinct=False, options=None, whereClause=None, tableSpace=None)
    text = printed(bare)
    options = printed(copy_of(bare, options=tree.options))[len(text) :]
    text += " NULLS NOT DISTINCT" * bool(tree.nulls_not_distinct) + options
    return text if tree.whereClause is None else f"{text} WHERE {printed(tree.whereClause)}"


def relation_definition(relation: Relation) -> str:
    """The statement that makes a relation, the columns and constraints of a table left out: ``()``."""
    return printed(relation.tree) if relation.tree is not None else ""


def statements_after(relation: Relation) -> tuple[str, ...]:
    """What follows when all relations are there."""
    name = printing.range_var(*relation.key)
    found = []
    for item in relation.after:
        if isinstance(item, tuple):
            table, column = item
            owner = f"{quoted(table[1], table[0])}.{quoted(column)}"
            found.append(f"ALTER SEQUENCE {quoted(*relation.key[::-1])} OWNED BY {owner}")
        elif kind_of(item) == "AlterTableCmd":
            found.append(printed(alter_table(name, item, _OBJECTS.get(relation.kind, "OBJECT_TABLE"))))
        else:
            found.append(printed(item))
    if relation.row_security:
        found.append(f"ALTER TABLE {quoted(*relation.key[::-1])} ENABLE ROW LEVEL SECURITY")
    return tuple(found)


def type_definition(type_: Type) -> str:
    """The statement that makes a type."""
    name = quoted(*type_.key[::-1])
    if type_.kind == "enum":
        return f"CREATE TYPE {name} AS ENUM ({', '.join(map(literal, type_.labels))})"
    if type_.kind == "composite":
        fields = (f"{quoted(column.name)} {printed(column.type)}" for column in type_.columns.values())
        return f"CREATE TYPE {name} AS ({', '.join(fields)})"
    return printed(type_.tree)


def routine_definition(routine: Routine) -> str:
    """The statement that makes a function."""
    return printed(routine.tree)


def needs_of(*trees: Tree) -> tuple[Need, ...]:
    """The relations, types and functions with a schema that are named in trees."""
    found: dict[Need, None] = {}
    for node in inside(trees):
        match kind_of(node):
            case "RangeVar":
                kind, names = "relation", [node.schemaname, node.relname]
            case "TypeName":
                kind, names = "type", texts(node.names)
            case "FuncCall" | "CreateTrigStmt":
                kind, names = "function", texts(node.funcname)
            case "A_Const" if "." in (getattr(node.val, "sval", None) or ""):
                kind, names = "relation", [part.strip('"') for part in node.val.sval.split(".", 1)]
            case _:
                continue
        if len(names) == 2 and names[0] is not None:
            found[kind, names[0], names[1]] = None
    return tuple(found)
