"""Indexes that are built while the table is in use."""

from driftproof.statements.operations import CreateIndex, DropRelation, NeedBlock, Statement


def builds_concurrently(statement: Statement) -> CreateIndex | None:
    """What CREATE INDEX CONCURRENTLY makes; None for other statements."""
    match statement.operations:
        case (NeedBlock(), CreateIndex() as made):
            return made
        case _:
            return None


def drops_index(statement: Statement, name: str) -> bool:
    """Whether a statement drops the index of that name."""
    return any(
        isinstance(step, DropRelation) and step.kind == "index" and step.name.name == name
        for step in statement.operations
    )
