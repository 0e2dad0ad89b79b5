"""The operations that statements are made of: what each needs, and what it changes in the catalog.

One operation is one step of PostgreSQL's own work on a statement. `driftproof.catalog` gives them their meaning:
which precondition raises which SQLSTATE, and what is known afterwards.

``gc=False``, here and wherever else values are made by the thousand: plain data holds no cycles, and the garbage
collector need not walk through it.
"""

from typing import Literal

import msgspec

from driftproof.objects import Kind
from driftproof.statements.conditions import Asked as Asked
from driftproof.statements.conditions import Probe as Probe
from driftproof.statements.conditions import Rows as Rows
from driftproof.statements.conditions import Test as Test
from driftproof.statements.conditions import Text as Text
from driftproof.statements.members import AddColumn as AddColumn
from driftproof.statements.members import AddConstraint as AddConstraint
from driftproof.statements.members import AlterValue as AlterValue
from driftproof.statements.members import Column as Column
from driftproof.statements.members import Constraint as Constraint
from driftproof.statements.members import ConstraintKind as ConstraintKind
from driftproof.statements.members import CreateMember as CreateMember
from driftproof.statements.members import DropMember as DropMember
from driftproof.statements.members import Enabled as Enabled
from driftproof.statements.members import Firing as Firing
from driftproof.statements.members import MemberKind as MemberKind
from driftproof.statements.members import NeedIndex as NeedIndex
from driftproof.statements.members import NeedMember as NeedMember
from driftproof.statements.members import Own as Own
from driftproof.statements.members import RelationKind as RelationKind
from driftproof.statements.members import RenameMember as RenameMember
from driftproof.statements.members import Retype as Retype
from driftproof.statements.members import SwitchTriggers as SwitchTriggers
from driftproof.statements.members import ValueAction as ValueAction
from driftproof.statements.named import AddTypeConstraint as AddTypeConstraint
from driftproof.statements.named import AlterOptions as AlterOptions
from driftproof.statements.named import CreateStatistics as CreateStatistics
from driftproof.statements.named import Deallocate as Deallocate
from driftproof.statements.named import DropTypeConstraint as DropTypeConstraint
from driftproof.statements.named import Execute as Execute
from driftproof.statements.named import NeedTypeConstraint as NeedTypeConstraint
from driftproof.statements.named import Prepare as Prepare
from driftproof.statements.named import Publish as Publish
from driftproof.statements.named import Published as Published
from driftproof.statements.named import RenameTypeConstraint as RenameTypeConstraint
from driftproof.statements.named import SetDefaultPath as SetDefaultPath
from driftproof.statements.query import Expression, Name, Query
from driftproof.statements.relations import CreateIndex as CreateIndex
from driftproof.statements.relations import CreateRelation as CreateRelation
from driftproof.statements.relations import DropRelation as DropRelation
from driftproof.statements.relations import Inherit as Inherit
from driftproof.statements.relations import Like as Like
from driftproof.statements.relations import MoveRelation as MoveRelation
from driftproof.statements.relations import NeedRelation as NeedRelation
from driftproof.statements.relations import RenameRelation as RenameRelation
from driftproof.statements.relations import SetType as SetType
from driftproof.statements.routines import Argument as Argument
from driftproof.statements.routines import Body as Body
from driftproof.statements.routines import Called as Called
from driftproof.statements.routines import CreateRoutine as CreateRoutine
from driftproof.statements.routines import DropRoutine as DropRoutine
from driftproof.statements.routines import Invocation as Invocation
from driftproof.statements.routines import NeedRoutine as NeedRoutine
from driftproof.statements.routines import Parameter as Parameter
from driftproof.statements.routines import RenameRoutine as RenameRoutine
from driftproof.statements.routines import Result as Result
from driftproof.statements.routines import RoutineKind as RoutineKind
from driftproof.statements.routines import TypeRef as TypeRef
from driftproof.statements.standing import NeedBlock as NeedBlock
from driftproof.statements.standing import NeedUnused as NeedUnused

TypeKind = Literal["type", "base", "composite type", "domain", "enum", "multirange", "range"]

HOLE = "driftproof_hole"
"""Stands in a name for text that is known only when the migration runs."""
NAME = f"{HOLE}_name"
"""Stands for such a text that is a name for certain."""


class Create(msgspec.Struct, frozen=True, gc=False):
    """CREATE of an object that is no relation: schema, type, role, server...

    ``types`` are part of the name of casts, operators and transforms; ``needs`` is what is looked at after the name.
    ``base`` is what a domain or a range is made of, ``of`` the range type that a multirange type is made with,
    ``form`` what kind of type it is.
    """

    kind: Kind
    name: Name
    types: tuple[Name, ...] = ()
    needs: "tuple[Operation, ...]" = ()
    labels: tuple[str, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    base: Column | None = None
    of: Name | None = None
    form: TypeKind = "type"
    if_not_exists: bool = False
    replace: bool = False


class Need(msgspec.Struct, frozen=True, gc=False):
    """Whatever needs an object that is no relation; ``holds``: what the statement makes keeps it from being dropped.

    ``forms`` are the kinds of types that the statement is for, here and below; empty: all of them."""

    kind: Kind
    name: Name
    types: tuple[Name, ...] = ()
    missing_ok: bool = False
    holds: bool = False
    sqlstate: str | None = None
    forms: tuple[TypeKind, ...] = ()


class Drop(msgspec.Struct, frozen=True, gc=False):
    """DROP of an object that is no relation."""

    kind: Kind
    name: Name
    types: tuple[Name, ...] = ()
    missing_ok: bool = False
    cascade: bool = False
    forms: tuple[TypeKind, ...] = ()


class Rename(msgspec.Struct, frozen=True, gc=False):
    """ALTER ... RENAME TO of an object that is no relation."""

    kind: Kind
    name: Name
    to: str
    types: tuple[Name, ...] = ()
    forms: tuple[TypeKind, ...] = ()


class Move(msgspec.Struct, frozen=True, gc=False):
    """ALTER ... SET SCHEMA of an object that is no relation."""

    kind: Kind
    name: Name
    schema: str
    types: tuple[Name, ...] = ()
    forms: tuple[TypeKind, ...] = ()


class CreateExtension(msgspec.Struct, frozen=True, gc=False):
    """CREATE EXTENSION; ``schema`` is None where none is written."""

    name: str
    schema: str | None = None
    if_not_exists: bool = False
    cascade: bool = False


class AddLabel(msgspec.Struct, frozen=True, gc=False):
    """ALTER TYPE ... ADD VALUE, or RENAME VALUE where ``renames`` names the old label; ``neighbour`` is that of BEFORE
    and AFTER."""

    type: Name
    label: str
    if_not_exists: bool = False
    renames: str | None = None
    neighbour: str | None = None


class Run(msgspec.Struct, frozen=True, gc=False):
    """A query whose names must resolve: SELECT, INSERT, UPDATE, DELETE. ``visible`` are the names of
    variables and parameters; ``path`` is the search_path that a function sets for itself. A function's body is checked
    but not ``planned``: nobody looks for the key of its ON CONFLICT yet; the last query of it gives the ``result``.
    ``invokes`` are calls of functions that run with it. What is ``explained`` is planned, but does nothing."""

    query: Query
    visible: tuple[str, ...] = ()
    path: tuple[str, ...] | None = None
    planned: bool = True
    result: Result | None = None
    invokes: tuple[Invocation, ...] = ()
    explained: bool = False


class CallProcedure(msgspec.Struct, frozen=True, gc=False):
    """CALL: the last call of the expression is that of the procedure, the rest stands in its ``arguments``. ``visible``
    are the names of variables."""

    expression: Expression
    arguments: tuple[Argument, ...] = ()
    visible: tuple[str, ...] = ()


class Ran(msgspec.Struct, frozen=True, gc=False):
    """The end of a statement in a block that defines something: this is the text that was run."""

    text: str


class EnterSchema(msgspec.Struct, frozen=True, gc=False):
    """The elements of CREATE SCHEMA: names mean what is in that schema first; None ends it."""

    schema: str | None


class SetSearchPath(msgspec.Struct, frozen=True, gc=False):
    """SET search_path; ``path`` is None where it is not known; ``reset`` goes back to the default."""

    path: tuple[str, ...] | None
    local: bool = False
    reset: bool = False


class SetReplicationRole(msgspec.Struct, frozen=True, gc=False):
    """SET session_replication_role, by which triggers fire or not; ``role`` is None where it is not known."""

    role: str | None


class Transaction(msgspec.Struct, frozen=True, gc=False):
    """BEGIN, COMMIT, ROLLBACK, SAVEPOINT, RELEASE, ROLLBACK TO; ``chain``: the next one begins at once."""

    command: Literal["begin", "commit", "rollback", "savepoint", "release", "rollback to"]
    savepoint: str = ""
    chain: bool = False


class Forget(msgspec.Struct, frozen=True, gc=False):
    """What can't be followed: everything of that kind is UNKNOWN afterwards (of that relation, or in that schema, where
    one is named); of what ``makes`` something, only what is not known to be there. ``owned``: DROP OWNED, to which all
    may belong but roles, and which what depends on it may refuse."""

    kind: Kind | None = None
    table: Name | None = None
    schema: str | None = None
    makes: bool = False
    owned: bool = False


class ForgetRows(msgspec.Struct, frozen=True, gc=False):
    """TRUNCATE of these tables: nothing is known of the rows afterwards; ``cascade``: of others as well."""

    tables: tuple[Name, ...] = ()
    cascade: bool = False


class Raise(msgspec.Struct, frozen=True, gc=False):
    """The block, or the statement, ends here with this SQLSTATE; None raises the caught one again. ``meant``: the text
    itself says so (RAISE EXCEPTION, ASSERT), so that it is not PostgreSQL that refuses."""

    sqlstate: str | None
    meant: bool = False


class Return(msgspec.Struct, frozen=True, gc=False):
    """RETURN, EXIT (``leaves`` the loop) or CONTINUE (the turn): the rest of it is not run. With a ``label`` that
    loop, or that block, is meant."""

    leaves: Literal["block", "loop", "turn"] = "block"
    label: str | None = None


class If(msgspec.Struct, frozen=True, gc=False):
    """IF in PL/pgSQL: one of two lists of operations."""

    test: Test
    then: "tuple[Operation, ...]"
    otherwise: "tuple[Operation, ...]"


class Handler(msgspec.Struct, frozen=True, gc=False):
    """WHEN ... THEN: ``sqlstates`` may hold classes (``42000``); empty means OTHERS. ``speaks``: it has a RAISE."""

    sqlstates: tuple[str, ...]
    body: "tuple[Operation, ...]"
    speaks: bool = False


class Try(msgspec.Struct, frozen=True, gc=False):
    """A PL/pgSQL block with EXCEPTION handlers; its BEGIN stands on ``line`` of the DO block's body (0: not known).

    Where variables have other values after the end of its body than after a handler, ``behind`` is what stands behind
    the block as it is with those: for the body, then for each handler. Else none, and it follows.
    """

    body: "tuple[Operation, ...]"
    handlers: tuple[Handler, ...]
    line: int = 0
    behind: "tuple[tuple[Operation, ...], ...]" = ()


class Repeat(msgspec.Struct, frozen=True, gc=False):
    """A loop whose number of turns is not known."""

    body: "tuple[Operation, ...]"
    label: str | None = None


class Loop(msgspec.Struct, frozen=True, gc=False):
    """A loop over what is known when the file is read, turn by turn; or a ``block`` with a label, as a single turn."""

    turns: "tuple[tuple[Operation, ...], ...]"
    label: str | None = None
    block: bool = False


Operation = (
    CreateRelation
    | CreateIndex
    | AddColumn
    | AddConstraint
    | CreateMember
    | AlterOptions
    | NeedBlock
    | NeedUnused
    | NeedRelation
    | Own
    | NeedIndex
    | NeedMember
    | Retype
    | DropMember
    | RenameMember
    | SwitchTriggers
    | DropRelation
    | Inherit
    | SetType
    | RenameRelation
    | MoveRelation
    | Create
    | Need
    | Drop
    | Rename
    | Move
    | CreateExtension
    | CreateRoutine
    | NeedRoutine
    | DropRoutine
    | RenameRoutine
    | AddLabel
    | AddTypeConstraint
    | AlterValue
    | NeedTypeConstraint
    | DropTypeConstraint
    | RenameTypeConstraint
    | CreateStatistics
    | Publish
    | Prepare
    | Execute
    | Deallocate
    | Ran
    | Run
    | CallProcedure
    | EnterSchema
    | SetSearchPath
    | SetDefaultPath
    | SetReplicationRole
    | Transaction
    | Forget
    | ForgetRows
    | Raise
    | Return
    | If
    | Try
    | Repeat
    | Loop
)


class Statement(msgspec.Struct, frozen=True, gc=False):
    """One statement of a migration. ``command`` is PostgreSQL's command tag; ``start`` its first token's byte offset,
    ``end`` the offset behind its last byte (the semicolon is not part of it)."""

    index: int
    command: str
    start: int
    end: int
    operations: tuple[Operation, ...] = ()


class SyntaxFailure(msgspec.Struct, frozen=True, gc=False):
    """A statement that PostgreSQL's parser rejects: its words, and the byte offset that they point to."""

    index: int
    message: str
    at: int
    start: int
    end: int
