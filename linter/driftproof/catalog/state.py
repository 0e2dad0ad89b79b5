"""What is known of the objects at one point of a history."""

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

import msgspec

from driftproof.diagnostic import Because, Place
from driftproof.objects import Kind, Object
from driftproof.statements.operations import Body, ConstraintKind, RoutineKind
from driftproof.statements.query import Name


class Presence(Enum):
    """Whether an object is there, over all start states.

    MAYBE: there in the fresh state, but not guaranteed in a drifted one. UNKNOWN: nothing is known, nothing is claimed.
    """

    PRESENT = "present"
    ABSENT = "absent"
    MAYBE = "maybe"
    UNKNOWN = "unknown"


class Doubt(msgspec.Struct, frozen=True, gc=False):
    """The statement that left an object in doubt."""

    origin: Place
    because: Because


class Fact(msgspec.Struct, frozen=True, gc=False):
    """A presence; ``sure`` says whether it is certain for the fresh state, so that a failure there can be claimed.
    What is ABSENT with a doubt may be there in a drifted state."""

    presence: Presence
    sure: bool = True
    doubt: Doubt | None = None

    @property
    def nominal(self) -> bool | None:
        """Whether the object is there in the fresh state; None if that is not known."""
        if self.presence is Presence.UNKNOWN:
            return None
        return self.presence is not Presence.ABSENT


PRESENT = Fact(Presence.PRESENT)
ASSUMED = Fact(Presence.PRESENT, sure=False)
ABSENT = Fact(Presence.ABSENT)
GONE = Fact(Presence.ABSENT, sure=False)
UNKNOWN = Fact(Presence.UNKNOWN, sure=False)

Key = tuple[str, str]
"""Schema and name of a relation or a type."""
Row = tuple[Key, tuple[tuple[str, str], ...]]
"""A table, and the columns of a key with their values as text."""
Member = tuple[Kind, str]
"""Kind and name of what belongs to a relation or a type."""
Dependent = tuple[Key, Member | None]
"""A relation (a view, a child), or something that belongs to one (a policy, a trigger, a foreign key)."""

SYSTEM_COLUMNS = {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"}
_STORED = ("table", "materialized view", "foreign table")
_EVER_THERE = {"public", "pg_catalog", "information_schema", "plpgsql"}
_DATABASE_WIDE = {"extension", "publication", "server"}
_SEQUENCE_COLUMNS = {"last_value", "log_cnt", "is_called"}


class Unique(msgspec.Struct, frozen=True, gc=False):
    """What a unique index covers: its plain key columns, and whether it has expressions beside them or a WHERE;
    ``adoptable``: it is like the index of a constraint, so that one may take it over (None: not known)."""

    columns: frozenset[str]
    expressions: bool = False
    partial: bool = False
    deferrable: bool = False
    adoptable: bool | None = True


class Shape(msgspec.Struct, frozen=True, gc=False):
    """The keys and the INCLUDE columns of an index in order, None for an expression; ``plain`` says that they are all
    that there is to say of it."""

    keys: tuple[str | None, ...]
    included: tuple[str | None, ...]
    plain: bool


class Heritage(msgspec.Struct, frozen=True, gc=False):
    """How a constraint stands to those of parents and children: it comes from so many parents (``count``; None: not
    known), and is its ``own`` as well, so that it stays without them; ``of`` is what a foreign key is called in the
    parent of a partition. One that is not ``passed`` on stands with NO INHERIT."""

    count: int | None = 0
    own: bool = True
    of: str | None = None
    passed: bool = True


OWN = Heritage()


class Relation:
    """A relation, or a type with its labels.

    ``open``: it may have members that are not known; ``vague`` are kinds of members of which that is so. ``uses``
    are the columns that a constraint or an index needs; ``calls`` the names of the functions that a member, or the
    relation itself (None), calls; ``dependents`` would go with it, or keep it from going, each with the columns
    that it uses (None: not known); ``sources`` are the relations that itself, or a member of it, depends on.
    ``dropped`` is the migration that took it away, if it is absent; ``partition`` says that it goes with its
    parent, ``local`` which columns of a child are its own as well; ``partitioned`` the columns by which it is
    partitioned (none: it is not; None: not known), by LIST, RANGE or HASH (``strategy``: l, r, h). ``types`` are
    the columns' types as far as they are plainly written, with their schemas if they are not PostgreSQL's own,
    ``constraints`` the kinds of its constraints, ``heritage`` what is to say of those that do not stand for
    themselves; ``unique`` is what a unique index covers, ``shape`` what any index is of. ``brought``: a sequence was
    made with the column that it goes with.
    """

    __slots__ = (
        "brought",
        "calls",
        "children",
        "constraints",
        "deferred",
        "dependents",
        "dropped",
        "fact",
        "heritage",
        "key",
        "kind",
        "local",
        "members",
        "of",
        "open",
        "parents",
        "partition",
        "partitioned",
        "primary_key",
        "shape",
        "sources",
        "strategy",
        "types",
        "unique",
        "uses",
        "vague",
    )

    def __init__(self, key: Key, kind: str, fact: Fact, *, open: bool, of: Key | None = None) -> None:
        self.key = key
        self.kind = kind
        self.fact = fact
        self.open = open
        self.of = of
        self.brought = False
        self.members: dict[Member, Fact] = {}
        self.uses: dict[Member, tuple[str, ...]] = {}
        self.calls: dict[Member | None, tuple[str, ...]] = {}
        self.dependents: dict[Dependent, frozenset[str] | None] = {}
        self.sources: dict[Member | None, frozenset[Key]] = {}
        self.partition = False
        self.children: tuple[Key, ...] = ()
        self.parents: tuple[Key, ...] = ()
        self.primary_key: str | None = None
        self.local: frozenset[str] = frozenset()
        self.dropped: int | None = None
        self.types: dict[str, str] = {}
        self.constraints: dict[str, ConstraintKind] = {}
        self.deferred: frozenset[str] = frozenset()
        self.heritage: dict[str, Heritage] = {}
        self.partitioned: frozenset[str] | None = None
        self.strategy = ""
        self.unique: Unique | None = None
        self.shape: Shape | None = None
        self.vague: frozenset[str] = frozenset()

    def copy(self) -> "Relation":
        """A copy that can be changed on its own."""
        other = Relation.__new__(Relation)  # nothing is made that would be replaced at once
        other.key = self.key
        other.kind = self.kind
        other.fact = self.fact
        other.open = self.open
        other.of = self.of
        other.brought = self.brought
        other.dropped = None
        other.members = dict(self.members)
        other.uses = dict(self.uses)
        other.calls = dict(self.calls)
        other.dependents = dict(self.dependents)
        other.sources = dict(self.sources)
        other.partition = self.partition
        other.children = self.children
        other.parents = self.parents
        other.local = self.local
        other.primary_key = self.primary_key
        other.types = dict(self.types)
        other.unique = self.unique
        other.shape = self.shape
        other.constraints = dict(self.constraints)
        other.deferred = self.deferred
        other.heritage = dict(self.heritage)
        other.partitioned = self.partitioned
        other.strategy = self.strategy
        other.vague = self.vague
        return other

    def member(self, kind: Kind, name: str) -> Fact:
        """What is known of a member."""
        found = self.members.get((kind, name))
        if found is not None:
            return found
        if kind == "column" and name in SYSTEM_COLUMNS and self.kind in _STORED:
            return PRESENT if self.fact.sure else ASSUMED
        if self.open or kind in self.vague or (kind == "column" and name in SYSTEM_COLUMNS and self.kind != "view"):
            return UNKNOWN
        if kind == "constraint" and "_not_null" in name:
            return UNKNOWN  # the names that NOT NULL gets are not followed; before version 18 it has none
        if kind == "rule" and name == "_RETURN":
            return UNKNOWN  # a view has it, and does not let go of it
        if kind == "column" and self.kind == "sequence" and name in _SEQUENCE_COLUMNS:
            return self.fact
        return ABSENT if self.fact.sure else GONE

    def columns(self) -> Iterator[str]:
        """The columns that may be there, in order."""
        for (kind, name), fact in self.members.items():
            if kind == "column" and fact.presence is not Presence.ABSENT:
                yield name

    def object(self, kind: Kind, name: str) -> Object:
        """A member as an object."""
        return Object(kind, self.key[0], self.key[1], name)


class Routine(msgspec.Struct, frozen=True, gc=False):
    """A function, procedure or aggregate: one of those that share a name.

    ``arguments`` are the types of its input arguments, with their schemas; a type that can't be told from its name
    begins with a question mark. None: some function of that name, whatever its arguments. ``names`` are those of its
    input parameters (empty: none), ``defaults`` how many of them may be left out, ``returns`` the type of its result
    with the columns that its parameters give it, ``all`` the types of its parameters where some of them are OUT,
    ``body`` what it does, as far as that can be read.
    """

    arguments: tuple[str, ...] | None
    fact: Fact
    kind: RoutineKind = "function"
    names: tuple[str, ...] = ()
    defaults: int = 0
    variadic: bool = False
    returns: str = "?"
    all: tuple[str, ...] | None = None
    body: Body | None = None

    @property
    def nominal(self) -> bool:
        """Whether it is there in the fresh state, as far as that is known."""
        return bool(self.fact.nominal)


class Ran(NamedTuple):
    """A statement that the fresh state has run, with the search_path that it ran under, and the one before it."""

    text: str
    path: tuple[str, ...] | None
    earlier: "Ran | None"


class State:
    """The catalog at one point; cheap to fork. A fork shares relations until one side writes to them.

    ``touched`` are the keys that were written since it was last emptied, for joining forks again; ``homes`` are the
    relations that ever had a constraint, policy or trigger of that name, ``used`` the types and other objects that
    something may depend on: both are shared by all forks; ``extensions`` the schemas that they were put in.
    ``foreign`` are the schemas that others fill; of every other one it is known what is not in it. None: nothing is
    known of any. ``rows`` are the keys of rows that are certainly there, ``accounted`` the tables that have no other
    rows in the fresh state. ``ran`` is the last
    statement that the fresh state has run, as far as somebody keeps account of them.
    """

    __slots__ = (
        "accounted",
        "extensions",
        "foreign",
        "homes",
        "objects",
        "owned",
        "path",
        "ran",
        "relations",
        "routines",
        "rows",
        "touched",
        "types",
        "used",
    )

    def __init__(self, path: tuple[str, ...] | None, foreign: frozenset[str] | None = None) -> None:
        self.relations: dict[Key, Relation] = {}
        self.types: dict[Key, Relation] = {}
        self.objects: dict[tuple[Kind, str | None, str], Fact] = {}
        self.routines: dict[Key, tuple[Routine, ...]] = {}
        self.path = path
        self.foreign = foreign
        self.owned: set[int] | None = None
        self.touched: set[object] = set()
        self.homes: dict[Member, set[Key]] = {}
        self.used: set[object] = set()
        self.extensions: dict[str, str | None] = {}
        self.rows: frozenset[Row] = frozenset()
        self.accounted: frozenset[Key] = frozenset()
        self.ran: Ran | None = None

    def fork(self) -> "State":
        """A copy; from now on both sides copy a relation before they write to it."""
        other = State.__new__(State)
        other.path = self.path
        other.foreign = self.foreign
        other.relations = dict(self.relations)
        other.types = dict(self.types)
        other.objects = dict(self.objects)
        other.routines = dict(self.routines)
        other.touched = set(self.touched)
        other.homes = self.homes
        other.used = self.used
        other.extensions = dict(self.extensions)
        other.rows = self.rows
        other.accounted = self.accounted
        other.ran = self.ran
        self.owned = set()
        other.owned = set()
        return other

    def writable(self, relation: Relation) -> Relation:
        """The relation for changing it."""
        self.touched.add(relation.key)
        if self.owned is None or id(relation) in self.owned:
            return relation
        table = self.types if self.types.get(relation.key) is relation else self.relations
        standing = table.get(relation.key)
        if standing is None or (standing.fact.presence is Presence.ABSENT and standing is not relation):
            return relation  # it is being made, and entered afterwards
        copy = relation.copy()
        table[copy.key] = copy
        self.owned.add(id(copy))
        return copy

    def put(self, relation: Relation) -> Relation:
        """Enter a new relation under its key."""
        self.relations[relation.key] = relation
        self.touched.add(relation.key)
        if self.owned is not None:
            self.owned.add(id(relation))
        return relation

    def children(self, relation: Relation) -> list[Relation]:
        """The tables that inherit from a table, and its partitions."""
        found = (self.relations.get(key) for key in relation.children)
        return [
            child
            for child in found
            if child is not None and relation.key in child.parents and child.fact.presence is not Presence.ABSENT
        ]

    def put_type(self, type_: Relation) -> Relation:
        """Enter a new type under its key."""
        self.types[type_.key] = type_
        self.touched.add(type_.key)
        if self.owned is not None:
            self.owned.add(id(type_))
        return type_

    def put_object(self, name: tuple[Kind, str | None, str], fact: Fact) -> None:
        """Note what is known of an object that is neither relation nor type."""
        self.objects[name] = fact
        self.touched.add(name)
        if name[0] == "extension":
            self.extensions.setdefault(name[2], None)

    def routine(self, key: Key, arguments: tuple[str, ...] | None) -> Routine | None:
        """What is known of the function of that name with those arguments."""
        return next((item for item in self.routines.get(key, ()) if item.arguments == arguments), None)

    def put_routine(self, key: Key, routine: Routine) -> None:
        """Note what is known of a function."""
        others = tuple(item for item in self.routines.get(key, ()) if item.arguments != routine.arguments)
        self.routines[key] = (*others, routine)
        self.touched.add(("function", *key))

    def put_member(self, relation: Relation, member: Member, fact: Fact) -> Relation:
        """Note what is known of a member; the relation as it is afterwards."""
        relation = self.writable(relation)
        if relation.members.get(member) in (ABSENT, GONE):
            del relation.members[member]  # a column that comes back stands at the end
        relation.members[member] = fact
        if member[0] != "column":
            self.homes.setdefault(member, set()).add(relation.key)
        return relation

    def knows_all(self, schema: str) -> bool:
        """Whether what was never made in a schema is certainly not in it."""
        return self.foreign is not None and schema not in self.foreign

    def unmade(self, wanted: Object) -> Fact:
        """What is known of an object that the history never made. Roles are the server's, not the database's."""
        if wanted.name in _EVER_THERE and wanted.kind in ("schema", "extension"):
            return PRESENT
        if wanted.schema is not None or wanted.kind == "schema":
            return ABSENT if self.knows_all(wanted.schema or wanted.name) else UNKNOWN
        return ABSENT if wanted.kind in _DATABASE_WIDE and self.foreign is not None else UNKNOWN

    def creation_key(self, name: Name) -> Key | None:
        """Where an object of this name is created; None if the search_path is not known."""
        if name.schema is not None:
            return name.schema, name.name
        for schema in self.path or ():
            fact = self.objects.get(("schema", None, schema))
            there = not self.knows_all(schema) if fact is None else fact != ABSENT
            if there and schema not in ("$user", "pg_catalog"):
                return schema, name.name
        return None

    def look_up(self, name: Name, table: dict[Key, Relation] | None = None) -> tuple[Key | None, Relation | None]:
        """The key that a name means, and what is known there. Key None: the search_path is not known."""
        table = self.relations if table is None else table
        if name.schema is not None:
            key = (name.schema, name.name)
            return key, table.get(key)
        if (temporary := table.get(("pg_temp", name.name))) and temporary.fact.presence is not Presence.ABSENT:
            return temporary.key, temporary
        if self.path is None:
            return None, None
        absent: Relation | None = None
        for schema in self.path:
            relation = table.get((schema, name.name))
            if relation is None:
                continue
            if relation.fact.presence is not Presence.ABSENT:
                return relation.key, relation
            absent = absent or relation
        if absent is not None:
            return absent.key, absent
        return self.creation_key(name), None

    def kind(self, wanted: Object) -> str | None:
        """What kind of relation an object is, if that is known."""
        found = self.relations.get((wanted.schema or "public", wanted.name))
        return found.kind if found is not None else None

    def statistics(self, key: Key) -> Fact:
        """What is known of an object of extended statistics, which goes with its table and with its columns."""
        label: Member = ("statistics", ".".join(key))
        homes = [self.relations[home] for home in self.homes.get(label, ()) if home in self.relations]
        facts = [home.member(*label) if home.fact.presence is not Presence.ABSENT else home.fact for home in homes]
        return next(
            (fact for fact in facts if fact.presence is not Presence.ABSENT),
            min(facts, key=lambda fact: fact.sure, default=ABSENT),
        )

    def labelled(self, kind: Kind, name: str) -> list[Relation]:
        """The relations that have or may have a member of this name."""
        member = (kind, name)
        return [
            relation
            for key in sorted(self.homes.get(member, ()))
            if (relation := self.relations.get(key)) is not None
            and (fact := relation.members.get(member)) is not None
            and fact.presence is not Presence.ABSENT
        ]
