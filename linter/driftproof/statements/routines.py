"""Operations on functions, procedures and aggregates. `driftproof.statements.operations` names them with the others."""

from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

from driftproof.statements.query import Call, Expression, Name

if TYPE_CHECKING:
    from driftproof.statements.operations import Operation

RoutineKind = Literal["function", "procedure", "aggregate", "window", "routine"]


class TypeRef(msgspec.Struct, frozen=True, gc=False):
    """A type as a function's declaration names it, without its modifiers; for ``table.column%TYPE`` ``name`` is None,
    and ``table`` and ``column`` are theirs."""

    name: Name | None
    array: bool = False
    table: Name | None = None
    column: str = ""


class Parameter(msgspec.Struct, frozen=True, gc=False):
    """A parameter of a function; columns of RETURNS TABLE are parameters too."""

    type: TypeRef
    mode: Literal["in", "out", "inout", "variadic", "table"] = "in"
    name: str = ""
    default: Expression | None = None


class Argument(msgspec.Struct, frozen=True, gc=False):
    """An argument of a call: its value as text (None: not known), and its name where that is written."""

    value: str | None
    name: str = ""


class Invocation(msgspec.Struct, frozen=True, gc=False):
    """A call that a statement certainly makes, once, when it runs."""

    call: Call
    arguments: tuple[Argument, ...]


class Called(msgspec.Struct, frozen=True, gc=False):
    """What a call runs; ``path`` is the search_path that the function sets for itself. ``returns`` is what a trigger's
    function returns: ``new``, ``old`` or what else is written there."""

    operations: "tuple[Operation, ...]"
    path: tuple[str, ...] | None = None
    returns: frozenset[str] = frozenset()


class Body(Protocol):
    """What a function does. It is read when the function is called."""

    def called(self, arguments: tuple[Argument, ...]) -> Called | None:
        """What a call with these arguments runs; None where that can't be told."""

    def fired(self, variables: tuple[tuple[str, str], ...]) -> Called | None:
        """The same of the function of a trigger, of whose special variables (TG_OP...) these are known."""


class CreateRoutine(msgspec.Struct, frozen=True, gc=False):
    """CREATE FUNCTION, PROCEDURE or AGGREGATE. ``returns`` is None where the parameters say it; ``alters`` says that a
    call of it may make or drop objects; ``body`` is None where nobody can read it; ``parsed`` says that PostgreSQL
    does when the function is made. ``flaw`` is where a declaration contradicts itself: PostgreSQL looks at the options,
    the parameters and the result, in that order."""

    kind: RoutineKind
    name: Name
    parameters: tuple[Parameter, ...] = ()
    returns: TypeRef | None = None
    setof: bool = False
    replace: bool = False
    alters: bool = False
    language: str = "sql"
    body: Body | None = None
    parsed: bool = False
    flaw: Literal["options", "parameters", "result"] | None = None


class NeedRoutine(msgspec.Struct, frozen=True, gc=False):
    """Whatever needs a function; ``arguments`` are the types of its arguments, None where none are written. One that
    is ``called_by`` a trigger or an event trigger returns that type; one that is ``altered`` is no aggregate."""

    kind: RoutineKind
    name: Name
    arguments: tuple[TypeRef, ...] | None
    called_by: Literal["trigger", "event_trigger"] | None = None
    altered: bool = False


class DropRoutine(msgspec.Struct, frozen=True, gc=False):
    """DROP FUNCTION, PROCEDURE, AGGREGATE or ROUTINE."""

    kind: RoutineKind
    name: Name
    arguments: tuple[TypeRef, ...] | None
    missing_ok: bool = False
    cascade: bool = False


class RenameRoutine(msgspec.Struct, frozen=True, gc=False):
    """ALTER FUNCTION ... RENAME TO, or SET SCHEMA."""

    kind: RoutineKind
    name: Name
    arguments: tuple[TypeRef, ...] | None
    to: str | None = None
    schema: str | None = None


class Result(msgspec.Struct, frozen=True, gc=False):
    """What a function returns: one type, or those of its OUT parameters (``columns``)."""

    function: Name
    types: tuple[TypeRef, ...]
    columns: bool = False
