"""Rows whose foreign keys are to be checked when the transaction ends: until then their table can't be altered (55006).

Which statements that is true of was tried on PostgreSQL 18: tests/runner/test_transactions.py.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from driftproof.catalog.entries import Key, Relation
from driftproof.catalog.facts import PRESENT, Presence
from driftproof.statements import operations as op
from driftproof.statements.query import Modification, Name

if TYPE_CHECKING:
    from driftproof.catalog.interpreter import Interpreter

_RENAMES = (op.RenameMember, op.RenameRelation, op.MoveRelation)


class Pending:
    """The tables with such rows, and the transactions in which these were written."""

    def __init__(self) -> None:
        self._tables: dict[Key, int] = {}
        self._settled = -1

    def wrote(self, run: "Interpreter", target: Relation, written: Modification) -> None:
        """INSERT ... VALUES has written rows for certain, where nothing can have diverted them."""
        table = run.state.relations.get(target.key, target)
        standing = run.standing
        if not written.rows or written.forgives or run.unsure or run.in_function or standing is None:
            return
        if table.children or table.parents or any(kind in ("trigger", "rule") for kind, _ in table.members):
            return
        waits = any(table.members.get(("constraint", name)) == PRESENT for name in table.deferred)
        if waits and standing.number != self._settled:
            self._tables[table.key] = standing.number

    def settle(self, run: "Interpreter") -> None:
        """SET CONSTRAINTS: what is checked at once from now on is not followed."""
        self._tables.clear()
        self._settled = run.standing.number if run.standing is not None else -1

    def refuses(self, run: "Interpreter", statement: op.Statement) -> Relation | None:
        """The table that keeps a statement from running."""
        if not self._tables or run.standing is None:
            return None
        for name in _altered(statement):
            key, table = run.state.look_up(name)
            if key is None or table is None or self._tables.get(key) != run.standing.number:
                continue
            if table.fact.presence is Presence.PRESENT:
                return table
        return None


def _altered(statement: op.Statement) -> Iterator[Name]:
    """The tables that a statement must have for itself."""
    if statement.command not in ("ALTER TABLE", "TRUNCATE", "CREATE INDEX"):
        return
    for step in statement.operations:
        if isinstance(step, (*_RENAMES, op.NeedBlock)):  # a name changes without it; CONCURRENTLY has no transaction
            return
    for step in statement.operations:
        match step:
            case op.NeedRelation():
                yield step.name
            case op.AddColumn() | op.AddConstraint() | op.CreateIndex() | op.DropMember() | op.AlterValue():
                yield step.table
