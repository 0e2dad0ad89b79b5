"""Bodies of functions, as far as CREATE FUNCTION checks them: not at all behind SET check_function_bodies = off."""

import re

import msgspec

from driftproof.statements import operations as op
from driftproof.syntax.called import Definition
from driftproof.syntax.parser import RawStatement, refused
from driftproof.syntax.plpgsql import BodyError, declared
from driftproof.syntax.tables import Operations
from driftproof.syntax.tree import constant

_SETTING = b"check_function_bodies"
# What the parser says without looking at types, which it does not know: libpg_query has no catalog.
_CERTAIN = re.compile(
    r"syntax error|unexpected end of|unterminated|(?:missing|mismatched) |too (?:few|many) parameters"
)
_REFERS = re.compile(r"%\s*(?:row)?type\b", re.IGNORECASE)
_SETS_PATH = re.compile(r"\bset\s+search_path\b", re.IGNORECASE)


class Bodies:
    """Follows a file's statements, and takes from those that make functions what is not checked."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.checked = True
        self._mentioned = _SETTING in data

    def look(self, raw: RawStatement, lowered: Operations) -> Operations:
        """The operations of a statement. Raises BodyError for a PL/pgSQL body that does not parse."""
        if raw.tag == "CreateFunctionStmt":
            text = self.data[raw.start : raw.end].decode()
            made, *checks = lowered
            assert isinstance(made, op.CreateRoutine)
            if self.checked:
                if made.language.lower() == "plpgsql":
                    checks += _compiled(text)
            else:
                checks = [left for step in checks if (left := _unchecked(step, raw)) is not None]
            # What is parsed by now means what its names meant when it was made.
            return [made if made.parsed else msgspec.structs.replace(made, body=Definition(text)), *checks]
        if self._mentioned and _SETTING in self.data[raw.start : raw.end]:
            self.checked = raw.tag == "VariableSetStmt" and _turns_on(raw)
        return lowered


def _compiled(text: str) -> Operations:
    """What a function in PL/pgSQL needs when it is made, if it does not look elsewhere than the statement does."""
    message = refused(text)
    if message is not None and _CERTAIN.match(message):
        raise BodyError(message)
    return declared(text) if _REFERS.search(text) and not _SETS_PATH.search(text) else []


def _unchecked(step: op.Operation, raw: RawStatement) -> op.Operation | None:
    """What is left of an operation: BEGIN ATOMIC is read all the same, but not held against the result."""
    if isinstance(step, op.Run) and "sql_body" in raw.node:
        return msgspec.structs.replace(step, result=None)
    return None


def _turns_on(raw: RawStatement) -> bool:
    values = [constant(argument) for argument in raw.node.get("args", ())]
    return not values or values[0] in ("on", "true", "yes", "1")
