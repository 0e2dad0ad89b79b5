"""Types as statements name them: what such a name means, and what a statement asks of the type."""

from driftproof.catalog import builtins, routines
from driftproof.catalog.coercion import PSEUDO_TYPES
from driftproof.catalog.entries import Key, Relation
from driftproof.catalog.facts import Fact, Presence
from driftproof.catalog.interpreter import Interpreter
from driftproof.objects import Object
from driftproof.statements import operations as op
from driftproof.statements.query import Expression, Name

_NO_COLUMN = PSEUDO_TYPES | {"unknown"}


def need_type(run: Interpreter, name: Name, *, holds: bool = True, forms: tuple[op.TypeKind, ...] = ()) -> None:
    """The statement needs a type, of one of these ``forms``; of one that was never made here nothing is known."""
    _need_type(run, name, holds=holds)
    check_form(run, name, forms)


def never_made(run: Interpreter, name: Name) -> bool:
    """Whether nobody can have made a type of this name; arrays and the rows of system catalogs have one as well."""
    schemas = (name.schema,) if name.schema is not None else run.state.path
    if schemas is None or name.name.startswith(("_", "pg_")) or routines.strangers(run):
        return False
    return all(run.state.knows_all(schema) or schema in (run.default_path or ())[1:] for schema in schemas)


def check_form(run: Interpreter, name: Name, forms: tuple[op.TypeKind, ...]) -> None:
    """The statement is for types of these kinds only (empty: of all)."""
    found = run.type(name) if forms else None
    if found is not None and found.kind not in ("type", "relation", *forms):
        run.forbid(Object("type", found.key[0], None, found.key[1]), found.fact, at=name.at, sqlstate="42809")


def need_column_type(run: Interpreter, column: op.Column) -> None:
    """A column needs its type, which is no pseudo-type, and its collation."""
    if column.type is not None:
        need_type(run, column.type, holds=False)
        if column.type.schema in (None, "pg_catalog") and column.type.name in _NO_COLUMN:
            run.raises("42P16")
    if column.collation is not None:
        run.steps((op.Need("collation", column.collation, holds=True),))


def _need_type(run: Interpreter, name: Name, *, holds: bool) -> None:
    if run.knows_type(name, holds=holds):
        return
    if name.schema is not None:
        run.need_schema(name.schema)
    found = run.type(name)
    if found is None or found.fact.presence is Presence.UNKNOWN or found.kind == "relation":
        if found is None and never_made(run, name):
            run.lacks(Object("type", name.schema or "public", None, name.name))
        run.unsure = True
        return
    holder = found

    def prove(fact: Fact) -> None:
        run.state.writable(holder).fact = fact

    run.need(Object("type", holder.key[0], None, holder.key[1]), holder.fact, prove, at=name.at)


def named(run: Interpreter, name: Name) -> tuple[str, ...]:
    """How a type that an expression names stands among the functions that it calls."""
    found = None if name.schema == "pg_catalog" else run.type(name)
    if found is None:
        return ()
    run.state.used.add(("named", *found.key))
    return (".".join(found.key),)


def named_in(run: Interpreter, expression: Expression) -> tuple[str, ...]:
    """What an expression itself names that may be dropped: functions, and types that are none of PostgreSQL's."""
    types = (found for name in expression.types for found in named(run, name))
    return (*(call.name.name for call in expression.calls if call.name.schema != "pg_catalog"), *types)


def spelled(run: Interpreter, column: op.Column) -> str:
    """The type of a column in one spelling, with its schema if it is no type of PostgreSQL's."""
    if column.type is None or (column.type.schema in (None, "pg_catalog") and column.type.name in builtins.types()):
        return column.spelled
    found = run.type(column.type)
    if found is None:
        return column.spelled
    written = len(".".join(filter(None, (column.type.schema, column.type.name))))
    run.state.used.add(("column", *found.key))
    return ".".join(found.key) + column.spelled[written:]


def refuse_itself(run: Interpreter, relation: Relation, column: op.Column) -> None:
    """A row can't be part of itself, nor of what inherits the column."""
    found = run.type(column.type) if column.type is not None else None
    if found is None:
        return
    if _holds(run, found.key, ".".join(relation.key)):
        run.forbid(relation.object("column", column.name), found.fact, sqlstate="42P16")
    for child in run.state.children(relation):
        refuse_itself(run, child, column)


def _holds(run: Interpreter, key: Key, own: str) -> bool:
    """Whether a value of the type, or of that of an array's elements, has one of the other type in it."""
    if ".".join(key) == own:
        return True
    type_, row = run.state.types.get(key), run.state.relations.get(key)
    if type_ is not None and type_.kind == "domain" and type_.of is not None:
        return _holds(run, type_.of, own)
    for written in row.types.values() if row is not None else ():
        schema, dot, name = written.removesuffix("[]").partition(".")
        if dot and _holds(run, (schema, name), own):
            return True
    return False
