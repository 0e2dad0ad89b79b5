"""Statements with a hole, where what PL/pgSQL puts there is not known: what they may have touched is forgotten."""

from typing import Any

from driftproof.objects import Kind
from driftproof.statements import operations as op
from driftproof.statements.query import Name


def without_holes(operation: op.Operation) -> list[op.Operation]:
    """The operation, or what can be said of it if it has a hole."""
    holes = [field for field in operation.__struct_fields__ if _has_hole(getattr(operation, field))]
    return _forget(operation, holes) if holes else [operation]


def _has_hole(value: Any) -> bool:
    if isinstance(value, str):
        return op.HOLE in value
    if isinstance(value, Name):
        return op.HOLE in value.name or (value.schema is not None and op.HOLE in value.schema)
    if isinstance(value, tuple):
        return any(_has_hole(item) for item in value)
    if isinstance(value, (op.Column, op.Constraint, op.Parameter, op.TypeRef)):
        return any(_has_hole(getattr(value, field)) for field in value.__struct_fields__)
    return False


def _forget(operation: op.Operation, holes: list[str]) -> list[op.Operation]:
    match operation:
        case op.CreateMember() | op.DropMember() | op.RenameMember():
            makes = isinstance(operation, op.CreateMember)
            return [_member(operation.kind, operation.table, holes, makes=makes)]
        case op.AddColumn():
            return [_member("column", operation.table, holes, makes=True)]
        case op.AddConstraint():
            return [_member("constraint", operation.table, holes, makes=True)]
        case op.CreateIndex():
            return [op.Forget("index", schema=_schema(operation.table), makes=True)]
        case op.CreateRelation() if not operation.replace:
            return [op.Forget("relation", schema=_schema(operation.name), makes=True)]
        case op.CreateRelation() | op.DropRelation() | op.RenameRelation() | op.MoveRelation():
            return [op.Forget("index" if operation.kind == "index" else "relation", schema=_alone(operation))]
        case op.CreateExtension():
            return [op.Forget("extension"), op.Forget("type")]
        case op.Create() | op.Drop() | op.Rename() | op.Move():
            return [op.Forget(operation.kind, schema=_alone(operation))]
        case op.CreateRoutine() | op.DropRoutine() | op.RenameRoutine():
            return [op.Forget("function", schema=_alone(operation))]
        case op.AddLabel():
            return [op.Forget("type", schema=_schema(operation.type))]
        case op.SetSearchPath():
            return [op.SetSearchPath(None)]
        case op.SwitchTriggers():
            return [op.SwitchTriggers(None, None, "?")]
        case _:
            return []


def _member(kind: Kind, table: Name, holes: list[str], *, makes: bool) -> op.Operation:
    if "table" in holes:
        return op.Forget(kind, schema=_schema(table), makes=makes)
    return op.Forget(kind, table, makes=makes)


def _schema(name: Name) -> str | None:
    return None if name.schema is None or op.HOLE in name.schema else name.schema


def _alone(operation: Any) -> str | None:
    """The schema out of which a statement touches nothing."""
    spreads = getattr(operation, "cascade", False) or getattr(operation, "schema", None) is not None
    return None if spreads else _schema(operation.name)
