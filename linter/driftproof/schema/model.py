"""The schema that a history ends in, as plain data: what every format prints."""

import msgspec

Need = tuple[str, str, str]
"""What must be there first: ``relation``, ``type`` or ``function``, schema and name."""


class Doubt(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why it is not guaranteed that an object is there (``maybe``), or why nothing is known of it (``unknown``)."""

    presence: str
    why: str
    path: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        """In one line."""
        place = f" ({self.path}:{self.line})" if self.path is not None else ""
        return f"{self.presence}: {self.why}{place}"


class Column(msgspec.Struct, omit_defaults=True):
    """A column; ``type`` is as PostgreSQL writes it, None where it is not known. ``definition`` is what CREATE TABLE
    says of it, ``values`` those that a CHECK or an enum leaves it; ``own`` is False for what comes from a parent."""

    name: str
    type: str | None
    nullable: bool | None
    default: str | None = None
    identity: str | None = None
    generated: str | None = None
    values: tuple[str, ...] = ()
    comment: str | None = None
    doubt: Doubt | None = None
    own: bool = True
    definition: str = ""


class Constraint(msgspec.Struct, omit_defaults=True):
    """A table constraint with its columns; those of a foreign key with what they refer to. ``needs`` are the objects
    that must be there before it."""

    name: str
    kind: str
    columns: tuple[str, ...]
    definition: str
    references: "tuple[str | None, str] | None" = None
    referenced: tuple[str, ...] = ()
    comment: str | None = None
    doubt: Doubt | None = None
    needs: tuple[Need, ...] = ()


class Part(msgspec.Struct, omit_defaults=True):
    """An index, a trigger, a policy or a rule of a table; ``definition`` is the statement that makes it, ``needs`` are
    the objects that must be there before it."""

    name: str
    kind: str
    definition: str
    comment: str | None = None
    doubt: Doubt | None = None
    needs: tuple[Need, ...] = ()


class Relation(msgspec.Struct, omit_defaults=True):
    """A table, a view, a materialized view, a foreign table or a sequence; ``outside``: one that the history did not
    make, with what it put there.

    ``definition`` makes it (of a table: what stands behind the parenthesis), ``after`` are statements that follow when
    all relations are there. ``needs`` are the objects that must be there before it.
    """

    kind: str
    schema: str
    name: str
    columns: tuple[Column, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    parts: tuple[Part, ...] = ()
    row_security: bool = False
    comment: str | None = None
    doubt: Doubt | None = None
    definition: str = ""
    after: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()


class Type(msgspec.Struct, omit_defaults=True):
    """An enum with its labels, a domain with what it is made of, a composite or range type."""

    kind: str
    schema: str
    name: str
    labels: tuple[str, ...] = ()
    base: str | None = None
    fields: tuple[Column, ...] = ()
    values: tuple[str, ...] = ()
    comment: str | None = None
    doubt: Doubt | None = None
    definition: str = ""
    needs: tuple[Need, ...] = ()


class Routine(msgspec.Struct, omit_defaults=True):
    """A function, procedure or aggregate; ``arguments`` are the types of its input arguments."""

    kind: str
    schema: str
    name: str
    arguments: tuple[str, ...]
    definition: str
    comment: str | None = None
    doubt: Doubt | None = None
    needs: tuple[Need, ...] = ()


class Named(msgspec.Struct, omit_defaults=True):
    """A schema or an extension."""

    kind: str
    name: str
    definition: str
    comment: str | None = None
    doubt: Doubt | None = None


class Unknown(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is there, or may be, and can't be printed."""

    kind: str
    name: str
    why: str


class Schema(msgspec.Struct):
    """All that is known, each kind in the order of its names."""

    named: tuple[Named, ...]
    types: tuple[Type, ...]
    relations: tuple[Relation, ...]
    routines: tuple[Routine, ...]
    unknown: tuple[Unknown, ...]
