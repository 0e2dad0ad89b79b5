"""Operations on what belongs to a relation: columns, constraints, policies, triggers, rules, indexes, sequences.
`driftproof.statements.operations` names them with the others."""

from typing import Literal

import msgspec

from driftproof.statements.query import ColumnRef, Expression, Name, Query

RelationKind = Literal["table", "view", "materialized view", "sequence", "index", "foreign table", "composite type"]
ConstraintKind = Literal["primary key", "unique", "check", "foreign key", "exclude", "not null", "trigger"]
ValueAction = Literal[
    "set default",
    "drop default",
    "set not null",
    "drop not null",
    "add identity",
    "set identity",
    "drop identity",
    "set expression",
    "drop expression",
]
MemberKind = Literal["column", "constraint", "policy", "trigger", "rule"]


class Constraint(msgspec.Struct, frozen=True, gc=False):
    """A constraint of a table or a column; ``name`` is None where PostgreSQL makes one up.

    ``columns`` are all that it needs, ``keys`` those of them that it is about (INCLUDE columns are not). ``temporal``
    says that one of them is a period (WITHOUT OVERLAPS), ``deferred`` that it is checked when the transaction ends.
    ``method`` is what its index is USING; empty where it names operator classes. ``labels`` is what the index of an
    exclusion calls its columns.
    """

    kind: ConstraintKind
    name: str | None
    columns: tuple[ColumnRef, ...] = ()
    expression: Expression | None = None
    references: Name | None = None
    referenced: tuple[ColumnRef, ...] = ()
    using_index: str | None = None
    keys: tuple[str, ...] = ()
    deferrable: bool = False
    temporal: bool = False
    method: str = "btree"
    no_inherit: bool = False
    deferred: bool = False
    labels: tuple[str, ...] = ()


class Column(msgspec.Struct, frozen=True, gc=False):
    """A column definition. ``at`` is its byte offset in the file (-1: not known), ``spelled`` its type in one spelling,
    such as ``varchar(20)``. One that is ``generated`` is stored, unless it is ``virtual``. ``required``: it takes no
    NULL. ``sequence`` says that one is made for it, under ``sequence_name`` if that is written. Of a new type
    ``default`` says that there is a USING."""

    name: str
    at: int = -1
    type: Name | None = None
    default: Expression | None = None
    generated: bool = False
    constraints: tuple[Constraint, ...] = ()
    sequence: bool = False
    spelled: str = ""
    identity: bool = False
    sequence_name: Name | None = None
    collation: Name | None = None
    virtual: bool = False
    required: bool = False


class AddColumn(msgspec.Struct, frozen=True, gc=False):
    """ALTER TABLE ... ADD COLUMN; ``only``: not in the tables that inherit."""

    table: Name
    column: Column
    if_not_exists: bool = False
    table_missing_ok: bool = False
    only: bool = False


class AddConstraint(msgspec.Struct, frozen=True, gc=False):
    """ALTER TABLE ... ADD CONSTRAINT; ``only``: not on the partitions. ``of_new`` is the column that it is written
    with: it is made where the statement has added that."""

    table: Name
    constraint: Constraint
    table_missing_ok: bool = False
    only: bool = False
    of_new: str | None = None


Enabled = Literal["O", "D", "R", "A", "?"]


class Firing(msgspec.Struct, frozen=True, gc=False):
    """When a trigger fires, and with what: ``conditional`` says WHEN, ``waits`` that it may wait for the end of the
    transaction; ``tables`` are its transition tables."""

    events: frozenset[str]
    timing: Literal["BEFORE", "AFTER", "INSTEAD OF"]
    row: bool = False
    conditional: bool = False
    waits: bool = False
    arguments: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()


class CreateMember(msgspec.Struct, frozen=True, gc=False):
    """CREATE POLICY, TRIGGER or RULE on a relation of one of these ``kinds``; ``expression`` sees the relation under
    its name, or ``aliases`` (OLD, NEW). ``fires`` is when a trigger does; one that ``constrains`` has a constraint of
    its name beside it. What is written of it contradicts itself with this SQLSTATE: ``flaw`` is seen before the
    expression is read, ``misreads`` behind that and behind the ``actions`` of a rule."""

    kind: MemberKind
    table: Name
    name: str
    columns: tuple[ColumnRef, ...] = ()
    expression: Expression | None = None
    aliases: tuple[str, ...] = ()
    calls: Name | None = None
    fires: Firing | None = None
    replace: bool = False
    kinds: tuple[RelationKind, ...] = ()
    constrains: bool = False
    flaw: str | None = None
    misreads: str | None = None
    actions: tuple[Query, ...] = ()


class NeedMember(msgspec.Struct, frozen=True, gc=False):
    """Whatever needs something of a relation; ``sees`` is an expression over the relation that is checked as well;
    ``copied`` says COPY, ``constraints`` are the kinds of constraints that it may be; a relation of none of the
    ``kinds`` is passed by (empty: none is)."""

    kind: MemberKind
    table: Name
    name: str
    at: int = -1
    table_missing_ok: bool = False
    sees: Expression | None = None
    copied: bool = False
    constraints: tuple[ConstraintKind, ...] = ()
    kinds: tuple[RelationKind, ...] = ()


class Retype(msgspec.Struct, frozen=True, gc=False):
    """ALTER COLUMN ... TYPE: the ``column`` as it will be, what its USING ``sees``; ``prepares``: what of it PostgreSQL
    looks at before it works on any subcommand; ``only``: not in the tables that inherit."""

    table: Name
    column: Column
    sees: Expression | None = None
    prepares: bool = False
    table_missing_ok: bool = False
    only: bool = False


class AlterValue(msgspec.Struct, frozen=True, gc=False):
    """ALTER COLUMN, where it says how the column gets its values: ``value`` is the new default, or what it is generated
    from; ``sequence`` the name that is written for an identity's sequence; ``missing_ok`` forgives that there is no
    identity or expression; ``only``: not in the tables that inherit."""

    table: Name
    column: str
    action: ValueAction
    value: Expression | None = None
    sequence: Name | None = None
    missing_ok: bool = False
    table_missing_ok: bool = False
    only: bool = False


class DropMember(msgspec.Struct, frozen=True, gc=False):
    """ALTER TABLE ... DROP COLUMN or CONSTRAINT, DROP POLICY, DROP TRIGGER, DROP RULE.

    ``missing_ok`` forgives the member, ``table_missing_ok`` the relation; ``only``: not in the tables that inherit it.
    """

    kind: MemberKind
    table: Name
    name: str
    missing_ok: bool = False
    table_missing_ok: bool = False
    cascade: bool = False
    only: bool = False


class RenameMember(msgspec.Struct, frozen=True, gc=False):
    """ALTER ... RENAME COLUMN, ATTRIBUTE, CONSTRAINT, POLICY, TRIGGER, RULE; ``only``: not in the tables that inherit,
    ``cascade``: in tables of the type as well."""

    kind: MemberKind
    table: Name
    name: str
    to: str
    table_missing_ok: bool = False
    only: bool = False
    cascade: bool = False


class SwitchTriggers(msgspec.Struct, frozen=True, gc=False):
    """ENABLE and DISABLE TRIGGER, of one or of all of them (``name`` is None), in some table (None: nobody knows
    which); ``enabled`` is pg_trigger's letter for it, ``?`` if that is not known."""

    table: Name | None
    name: str | None
    enabled: "Enabled"
    table_missing_ok: bool = False
    only: bool = False


class NeedIndex(msgspec.Struct, frozen=True, gc=False):
    """CLUSTER and REPLICA IDENTITY need an index of the table; one that ``identifies`` rows is plain and unique."""

    table: Name
    index: str
    identifies: bool = False


class Own(msgspec.Struct, frozen=True):
    """OWNED BY: the sequence goes with that column; ``table`` is None for OWNED BY NONE."""

    sequence: Name
    table: Name | None
    column: str = ""
