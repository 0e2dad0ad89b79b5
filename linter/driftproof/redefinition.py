"""IF NOT EXISTS over what the history made before, with another definition: what is written will never be."""

from collections.abc import Iterator

import msgspec

from driftproof.catalog import Catalog, Presence, Relation
from driftproof.catalog.builtins import types as builtin_types
from driftproof.history import Migration
from driftproof.rule import StatementContext
from driftproof.statements.operations import AddColumn, CreateIndex, CreateRelation, Statement
from driftproof.statements.query import Name
from driftproof.statements.walk import flat


class Redefinition(msgspec.Struct, frozen=True):
    """The stretch of the file that does nothing, and what stands instead."""

    start: int
    end: int
    message: str


def remade(context: StatementContext) -> Iterator[Redefinition]:
    """CREATE TABLE IF NOT EXISTS of a table that the history made with other columns."""
    for step in context.statement.operations:
        if not isinstance(step, CreateRelation) or step.kind != "table" or not step.if_not_exists or step.temporary:
            continue
        table = _known(context.catalog, step.name)
        if table is None or table.kind != "table":
            continue
        lacking = [column.name for column in step.columns if not _there(table, column.name)]
        other = [column.name for column in step.columns if _other_type(table, column.name, column.spelled)]
        said = ["without " + ", ".join(lacking)] if lacking else []
        said += ["with another type of " + ", ".join(other)] if other else []
        if said:
            name = table.key[1]
            message = f"{name} is there already, {' and '.join(said)}: IF NOT EXISTS leaves it as it is"
            yield _at(context, step.name.at, message)


def readded(context: StatementContext) -> Iterator[Redefinition]:
    """ADD COLUMN and CREATE INDEX with IF NOT EXISTS over a column or an index of another definition."""
    for step in context.statement.operations:
        if isinstance(step, AddColumn) and step.if_not_exists:
            table, column = _known(context.catalog, step.table), step.column
            if table is not None and _other_type(table, column.name, column.spelled):
                message = f"{table.key[1]}.{column.name} is there already as {table.types[column.name]}"
                yield _at(context, column.at, f"{message}: IF NOT EXISTS leaves it as it is")
        elif isinstance(step, CreateIndex) and step.if_not_exists and step.name is not None:
            table = _known(context.catalog, step.table)
            index = _known(context.catalog, Name(table.key[0], step.name)) if table is not None else None
            if table is None or index is None:
                continue
            used = {column.parts[0] for column in step.columns} | {
                ref.parts[-1] for seen in (step.condition, step.expression) for ref in seen.columns
            }
            if (
                index.kind != "index"
                or index.of != table.key
                or used != set(table.uses.get(("index", step.name), used))
            ):
                message = f"{step.name} is there already with another definition: IF NOT EXISTS leaves it as it is"
                yield _at(context, step.table.at, message)


def made_before(context: StatementContext) -> Iterator[tuple[str, Name, Migration]]:
    """What a statement makes IF NOT EXISTS that an earlier migration has made, and that is there: its kind, its name,
    and that migration."""
    for step in context.statement.operations:
        match step:
            case CreateRelation(if_not_exists=True, temporary=False):
                yield from _earlier(context, step.kind, step.name, None)
            case CreateIndex(if_not_exists=True, name=str() as name):
                yield from _earlier(context, "index", Name(step.table.schema, name), None)
            case AddColumn(if_not_exists=True):
                yield from _earlier(context, "column", step.table, step.column.name)
            case _:
                pass


def _earlier(
    context: StatementContext, kind: str, name: Name, column: str | None
) -> Iterator[tuple[str, Name, Migration]]:
    found = _known(context.catalog, name)
    if found is None or (column is not None and not _there(found, column)):
        return
    if any(_makes(one, found, column) for one in context.file.statements if one.index < context.statement.index):
        return  # not by two files
    for at in range(context.file.migration.index - 1, -1, -1):
        if any(_makes(statement, found, column) for statement in context.file.earlier[at]):
            said = name if column is None else Name(None, f"{found.key[1]}.{column}")
            yield kind, said, context.file.history.migrations[at]
            return


def _makes(statement: Statement, made: Relation, column: str | None) -> bool:
    for step in flat(statement.operations):
        match step:
            case CreateRelation() if step.name.name == made.key[1] and step.name.schema in (None, made.key[0]):
                if column is None or any(one.name == column for one in step.columns):
                    return True
            case CreateIndex() if column is None and step.name == made.key[1] and made.kind == "index":
                return True
            case AddColumn() if column is not None and step.column.name == column and step.table.name == made.key[1]:
                return True
    return False


def _at(context: StatementContext, to: int, message: str) -> Redefinition:
    """From the beginning of the statement to where the object is named."""
    start = context.statement.start
    text = context.file.migration.source.data[start:to] if to > start else b""
    return Redefinition(start, start + len(text.rstrip()) if text else context.statement.end, message)


def _known(catalog: Catalog, name: Name) -> Relation | None:
    """The relation of that name, if the history made it and nothing unknown may have changed it since."""
    _, found = catalog.look_up(name)
    if found is None or found.open or not found.fact.sure or found.fact.presence is not Presence.PRESENT:
        return None
    return found


def _there(table: Relation, column: str) -> bool:
    fact = table.member("column", column)
    return fact.presence is not Presence.ABSENT or not fact.sure


def _other_type(table: Relation, column: str, spelled: str) -> bool:
    stands = table.types.get(column, "")
    fact = table.member("column", column)
    plain = all(kind.removesuffix("[]").split("(")[0] in builtin_types() for kind in (stands, spelled))
    return plain and stands != spelled and fact.sure and bool(fact.nominal)
