"""Syntax trees that can be changed and written as SQL again. Slower than the plain ones of `driftproof.syntax.parser`,
and so not for linting."""

from collections.abc import Iterator
from typing import Any

from pglast import ast, enums, parse_sql
from pglast.stream import RawStream

from driftproof.objects import WRITTEN
from driftproof.syntax import tables
from driftproof.syntax.parser import parse_fragment
from driftproof.syntax.tokens import literal

Tree = Any
"""A node of pglast: its fields by PostgreSQL's names."""


def trees(sql: str) -> list[Tree]:
    """The statements of a text that parses."""
    return [raw.stmt for raw in parse_sql(sql)]


def kind_of(tree: Tree) -> str:
    """The name of a node: ``CreateStmt``."""
    return type(tree).__name__


def printed(tree: Tree) -> str:
    """A tree as SQL, in one line but for what its constants hold."""
    text: str = RawStream(special_functions=True)(tree)
    return text


def quoted(name: str, schema: str | None = None) -> str:
    """A name, with its schema, quoted where it has to be."""
    return printed(ast.RangeVar(schemaname=schema, relname=name, inh=True))


def inside(tree: Tree) -> Iterator[Tree]:
    """A tree and all below it, each before what is below it."""
    waiting = [tree]
    while waiting:
        item = waiting.pop()
        if isinstance(item, ast.Node):
            yield item
            waiting += [value for field in reversed([*item]) if (value := getattr(item, field)) is not None]
        elif isinstance(item, tuple | list):
            waiting += reversed(item)


def texts(parts: Any) -> list[str]:
    """The texts of a list of String nodes."""
    return [str(part.sval) for part in parts or () if isinstance(part, ast.String)]


def strings(*names: str) -> tuple[Tree, ...]:
    """String nodes for these texts."""
    return tuple(ast.String(sval=name) for name in names)


def type_of(tree: Tree) -> str:
    """A TypeName as ``format_type`` writes it: ``character varying(20)[]``."""
    *schema, name = texts(tree.names)
    array = "[]" if tree.arrayBounds else ""
    modifiers = f"({','.join(printed(item) for item in tree.typmods)})" if tree.typmods else ""
    if schema and schema != ["pg_catalog"]:
        return quoted(name, schema[-1]) + modifiers + array
    if name == "interval":
        return printed(ast.TypeName(names=tree.names, typmods=tree.typmods)).replace(" (", "(") + array
    if name == "bpchar":
        return f"character{modifiers}{array}" if modifiers else name + array
    written = WRITTEN.get(name, name)
    if written == name and (schema or name not in _QUOTED):
        return f"{name if schema else quoted(name)}{modifiers}{array}"
    first, _, zone = written.partition(" with")
    if zone and first in ("time", "timestamp"):
        return f"{first}{modifiers} with{zone}{array}"
    return f"{_QUOTED.get(name, written) if not schema else written}{modifiers}{array}"


_QUOTED = {"char": '"char"'}
"""What PostgreSQL writes in quotes, because it is another type without them."""


def copy_of(tree: Tree, **fields: Any) -> Tree:
    """A tree of its own, with other values in these fields."""
    made = _copied(tree)
    for field, value in fields.items():
        setattr(made, field, value)
    return made


def _copied(tree: Any) -> Any:
    if isinstance(tree, tuple | list):
        return tuple(_copied(item) for item in tree)
    if isinstance(tree, ast.Node):
        made: Tree = object.__new__(type(tree))
        for field in tree:
            # A node checks what it is given; this was checked when it was read.
            object.__setattr__(made, field, _copied(getattr(tree, field)))
        return made
    return tree


def type_named(name: str) -> Tree:
    """The TypeName of a type of pg_catalog."""
    return ast.TypeName(names=strings("pg_catalog", name), typemod=-1)


def next_value(schema: str, sequence: str) -> Tree:
    """``nextval('schema.sequence'::regclass)``."""
    return trees(f"SELECT nextval({literal(quoted(sequence, schema))}::regclass)")[0].targetList[0].val


def column_ref(*names: str) -> Tree:
    """A reference to a column."""
    return ast.ColumnRef(fields=strings(*names))


def result_target(value: Tree) -> Tree:
    """An item of a SELECT's list."""
    return ast.ResTarget(val=value)


def column_definition(name: str, type_: Tree, collation: Tree, constraints: list[Tree]) -> str:
    """A column as CREATE TABLE says it."""
    return printed(ast.ColumnDef(colname=name, typeName=type_, collClause=collation, constraints=tuple(constraints)))


def constraint_node(kind: str, expression: Tree = None, **fields: Any) -> Tree:
    """A constraint of a column: ``CONSTR_NOTNULL``."""
    return ast.Constraint(
        contype=enums.ConstrType[kind], raw_expr=expression, is_enforced=True, initially_valid=True, **fields
    )


def alter_table(relation: Tree, command: Tree, objtype: str = "OBJECT_TABLE") -> Tree:
    """ALTER TABLE with one subcommand."""
    return ast.AlterTableStmt(relation=relation, cmds=(command,), objtype=enums.ObjectType[objtype])


def alter_command(subtype: str, name: str) -> Tree:
    """A subcommand of ALTER TABLE that says nothing but a name: ``AT_DisableTrig``."""
    return ast.AlterTableCmd(subtype=enums.AlterTableType[subtype], name=name)


def range_var(schema: str | None, name: str) -> Tree:
    """A relation's name."""
    return ast.RangeVar(schemaname=schema, relname=name, inh=True, relpersistence="p")


def index_labels(tree: Tree) -> tuple[str, ...]:
    """What PostgreSQL calls the columns of an index, before it makes each name another one."""
    [(_tag, node)] = parse_fragment(printed(copy_of(tree, whereClause=None)))
    return tables.index_labels(node)
