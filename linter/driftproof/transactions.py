"""In which transaction each statement of a history stands, when each file is sent as its framework sends it.

What the server makes of BEGIN, COMMIT and several statements at once was tried on PostgreSQL 18 in each run mode:
tests/runner/test_transactions.py.
"""

from collections.abc import Sequence

from driftproof.history import History, Migration, RunMode
from driftproof.statements.operations import Statement, SyntaxFailure, Transaction
from driftproof.statements.standing import Standing

_CONTROL = "BEGIN, COMMIT or ROLLBACK"
_AROUND = (RunMode.TRANSACTION, RunMode.BATCH)


class Transactions:
    """Follows the transactions of a history, one file after the other."""

    def __init__(self, history: History) -> None:
        self.known = not (history.alone or history.framework.guessed)
        self._number = 0
        self._begun = False
        self._batch = False

    def file(
        self,
        migration: Migration,
        statements: Sequence[Statement],
        broken: Sequence[SyntaxFailure] = (),
        *,
        apart: bool = False,
    ) -> list[Standing]:
        """Where each statement of the next migration stands; ``broken`` are those that do not parse. ``apart``: it is
        in no batch with the one before."""
        mode = migration.run_mode
        if apart or mode is not RunMode.BATCH or not self._batch:
            self._number += 1
            self._begun = mode in _AROUND
        self._batch = mode is RunMode.BATCH
        # Several statements in one query are a transaction without a BEGIN; so is what is sent in a pipeline, but for
        # its first statement, and for the first one behind a COMMIT.
        together = mode is not RunMode.AUTOCOMMIT and mode is not RunMode.PIPELINE and len(statements) + len(broken) > 1
        found = []
        implicit = together
        cut = bool(migration.cuts)
        part = -1
        for statement in statements:
            if cut and part != (part := migration.part(statement.start)):
                self._number += 1
                self._begun = mode in _AROUND
            found.append(Standing(self._number, self._begun or implicit, self._begun, self.known))
            command = control(statement)
            if command is not None and command.command in ("commit", "rollback"):
                self._begun = command.chain and self._begun
                self._number += 1
                implicit = together
            elif command is not None and command.command == "begin":
                self._begun = True
            elif not self._begun and mode is RunMode.AUTOCOMMIT:
                self._number += 1
            else:
                implicit = implicit or mode is RunMode.PIPELINE
        if not self._begun:  # the end of a query or a pipeline ends what no BEGIN has begun
            self._number += 1
        return found


def control(statement: Statement) -> Transaction | None:
    """The BEGIN, COMMIT or ROLLBACK that a statement is, if it is one."""
    last = statement.operations[-1] if statement.operations else None
    return last if isinstance(last, Transaction) else None


def brackets(statements: Sequence[Statement]) -> tuple[list[Statement], Statement | None]:
    """The COMMITs and ROLLBACKs of a file that end no transaction which it has begun itself; and the BEGIN of a
    transaction that it does not end."""
    stray: list[Statement] = []
    begun: Statement | None = None
    for statement in statements:
        command = control(statement)
        match command.command if command is not None else "":
            case "begin":
                begun = begun or statement
            case "commit" | "rollback" if begun is None:
                stray.append(statement)
            case "commit" | "rollback" if not (command is not None and command.chain):
                begun = None
            case "" if statement.command == _CONTROL:  # PREPARE TRANSACTION
                begun = None
            case _:
                pass
    return stray, begun
