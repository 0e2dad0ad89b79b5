"""Operations on what has a name of its own besides relations: domains' constraints, statistics, publications, prepared
statements, settings of roles and databases. `driftproof.statements.operations` names them with the others."""

from typing import Literal

import msgspec

from driftproof.objects import Kind
from driftproof.statements.query import NOTHING, Expression, Name, Query


class AddTypeConstraint(msgspec.Struct, frozen=True, gc=False):
    """ALTER DOMAIN ... ADD CONSTRAINT; ``name`` is None where PostgreSQL makes one up.

    ``only_new``: nothing happens where there is one of that kind (SET NOT NULL).
    """

    type: Name
    name: str | None
    kind: Literal["check", "not null"] = "check"
    expression: Expression = NOTHING
    only_new: bool = False


class NeedTypeConstraint(msgspec.Struct, frozen=True, gc=False):
    """ALTER DOMAIN ... VALIDATE CONSTRAINT (``validates``: a CHECK), COMMENT ON CONSTRAINT ... ON DOMAIN."""

    type: Name
    name: str
    validates: bool = False


class DropTypeConstraint(msgspec.Struct, frozen=True, gc=False):
    """ALTER DOMAIN ... DROP CONSTRAINT; without a name, DROP NOT NULL."""

    type: Name
    name: str | None
    missing_ok: bool = False


class RenameTypeConstraint(msgspec.Struct, frozen=True, gc=False):
    """ALTER DOMAIN ... RENAME CONSTRAINT."""

    type: Name
    name: str
    to: str


class CreateStatistics(msgspec.Struct, frozen=True, gc=False):
    """CREATE STATISTICS; in ``keys`` an expression is None. Without a name PostgreSQL makes one up."""

    name: Name | None
    table: Name
    keys: tuple[str | None, ...]
    expression: Expression
    if_not_exists: bool = False


class Published(msgspec.Struct, frozen=True, gc=False):
    """A table as a publication lists it, with the list of its columns and its WHERE; ``only``: not those that inherit
    from it."""

    table: Name
    columns: tuple[str, ...] = ()
    condition: Expression = NOTHING
    only: bool = False

    @property
    def in_part(self) -> bool:
        """Whether not all of its columns, or not all of its rows, are meant."""
        return bool(self.columns) or self.condition != NOTHING


class Publish(msgspec.Struct, frozen=True, gc=False):
    """The tables of a publication: those that it is made with, ADD TABLE, SET TABLE, DROP TABLE.

    ``all_tables`` is FOR ALL TABLES, ``schemas`` says that whole schemas are named: they are not followed. ``rooted``
    is publish_via_partition_root (None: not known).
    """

    publication: str
    tables: tuple[Published, ...]
    how: Literal["make", "add", "set", "drop"]
    all_tables: bool = False
    schemas: bool = False
    rooted: bool | None = None


class Prepare(msgspec.Struct, frozen=True, gc=False):
    """PREPARE, in this session."""

    name: str
    query: Query


class Execute(msgspec.Struct, frozen=True, gc=False):
    """EXECUTE of a prepared statement: its names are resolved again."""

    name: str


class Deallocate(msgspec.Struct, frozen=True, gc=False):
    """DEALLOCATE; None is ALL."""

    name: str | None


class SetDefaultPath(msgspec.Struct, frozen=True, gc=False):
    """ALTER DATABASE or ROLE ... SET search_path: the path of later sessions, of one role if it is named."""

    path: tuple[str, ...] | None
    role: str | None = None


class AlterOptions(msgspec.Struct, frozen=True, gc=False):
    """OPTIONS of a foreign-data wrapper, a server or a user mapping, or of a foreign ``table``.

    ``changes`` are the actions (add, set, drop) with the names. ``made``: it is being made, and has no others.
    """

    kind: Kind
    name: str
    changes: tuple[tuple[str, str], ...] = ()
    table: Name | None = None
    made: bool = False
