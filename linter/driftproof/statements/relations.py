"""Operations on tables, views, sequences and indexes. `driftproof.statements.operations` names them with the others."""

from typing import TYPE_CHECKING

import msgspec

from driftproof.objects import Kind
from driftproof.statements.members import Column, Constraint, RelationKind
from driftproof.statements.query import NOTHING, ColumnRef, Expression, Name, Query

if TYPE_CHECKING:
    from driftproof.statements.operations import Operation


class Like(msgspec.Struct, frozen=True, gc=False):
    """LIKE, and what it is INCLUDING: ``constraints``, ``defaults``, ``generated``, ``identity``, ``indexes``,
    ``statistics``."""

    table: Name
    including: frozenset[str] = frozenset()


class CreateRelation(msgspec.Struct, frozen=True, gc=False):
    """CREATE TABLE, VIEW, SEQUENCE, TABLE AS... ``copies`` are the LIKE clauses, ``parents`` the tables of INHERITS
    and PARTITION OF (``partition``), or the type of OF (``typed``). ``partitioned`` is what PARTITION BY names, by
    ``strategy``, ``bound`` the strategy that FOR VALUES is written for, or "default",
    ``fleeting`` ON COMMIT DROP or DELETE ROWS. ``checks`` is WITH CHECK OPTION: whether the view is written as one
    through which rows can be changed."""

    name: Name
    kind: RelationKind
    columns: tuple[Column, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    copies: tuple[Like, ...] = ()
    parents: tuple[Name, ...] = ()
    query: Query | None = None
    aliases: tuple[str, ...] = ()
    partition: bool = False
    partitioned: Expression | None = None
    strategy: str = ""
    bound: str = ""
    typed: bool = False
    temporary: bool = False
    fleeting: bool = False
    if_not_exists: bool = False
    replace: bool = False
    checks: bool | None = None
    needs: "tuple[Operation, ...]" = ()


class CreateIndex(msgspec.Struct, frozen=True, gc=False):
    """CREATE INDEX; ``columns`` are the plain keys and INCLUDE columns, ``expression`` the other keys, ``condition`` is
    WHERE.
    ``keys`` and ``included`` are its columns in order, None for an expression; ``partial`` says that it has a WHERE,
    ``adoptable`` that it is sorted and compared as the index of a constraint is; ``only``: not on the partitions.
    ``labels`` is what its columns are called before each gets a name of its own, ``collations`` and ``classes`` are
    those of keys, ``method`` what it is USING."""

    name: str | None
    table: Name
    columns: tuple[ColumnRef, ...]
    expression: Expression
    condition: Expression = NOTHING
    if_not_exists: bool = False
    keys: tuple[str | None, ...] = ()
    included: tuple[str | None, ...] = ()
    unique: bool = False
    partial: bool = False
    adoptable: bool | None = True
    only: bool = False
    labels: tuple[str, ...] = ()
    collations: tuple[Name, ...] = ()
    classes: tuple[Name, ...] = ()
    method: str = "btree"


class NeedRelation(msgspec.Struct, frozen=True, gc=False):
    """Whatever needs a relation, of one of these ``kinds`` (empty: of any), and changes nothing that is modelled;
    ``missing_ok`` is IF EXISTS; ``partitioned`` says what it must be or not be, ``bound`` for which strategy (or
    "default") a partition of it is meant, ``typed`` likewise if it must be a table of a type, ``filled`` that it gets
    rows by COPY, ``unsuited`` the kinds that are refused as not supported; ``needs`` is looked at if it is there."""

    name: Name
    kind: Kind = "relation"
    missing_ok: bool = False
    sqlstate: str = "42P01"
    kinds: tuple[RelationKind, ...] = ()
    partitioned: bool | None = None
    bound: str = ""
    typed: bool | None = None
    filled: bool = False
    unsuited: tuple[RelationKind, ...] = ()
    needs: "tuple[Operation, ...]" = ()


class DropRelation(msgspec.Struct, frozen=True, gc=False):
    """DROP TABLE, VIEW, INDEX, SEQUENCE...; ``together`` are all that the statement drops."""

    kind: RelationKind
    name: Name
    missing_ok: bool = False
    cascade: bool = False
    together: tuple[Name, ...] = ()


class Inherit(msgspec.Struct, frozen=True, gc=False):
    """ATTACH and DETACH PARTITION, INHERIT and NO INHERIT."""

    parent: Name
    child: Name
    partition: bool
    ends: bool = False


class SetType(msgspec.Struct, frozen=True, gc=False):
    """ALTER TABLE ... OF a composite type, and NOT OF."""

    table: Name
    type: Name | None


class RenameRelation(msgspec.Struct, frozen=True, gc=False):
    """ALTER TABLE, VIEW, INDEX, SEQUENCE ... RENAME TO."""

    kind: RelationKind
    name: Name
    to: str
    missing_ok: bool = False


class MoveRelation(msgspec.Struct, frozen=True, gc=False):
    """ALTER TABLE, VIEW, SEQUENCE ... SET SCHEMA."""

    kind: RelationKind
    name: Name
    schema: str
    missing_ok: bool = False
