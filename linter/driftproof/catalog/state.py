"""What is known of all objects at one point of a history."""

from typing import NamedTuple

from driftproof.catalog.entries import Key, Member, Relation, Routine, Row
from driftproof.catalog.facts import ABSENT, GONE, PRESENT, UNKNOWN, Fact, Presence
from driftproof.objects import Kind, Object
from driftproof.statements.query import Name

_EVER_THERE = {"public", "pg_catalog", "information_schema", "plpgsql"}
_DATABASE_WIDE = {"extension", "publication", "server"}


ObjectKey = tuple[Kind, str | None, str]
"""Kind, schema and name, the types that are part of it included, of what is neither a relation nor a type."""


class Error(NamedTuple):
    """An error that a handler has caught; ``wanted`` is what is ``missing``, or there already, if it is one of
    those."""

    sqlstate: str
    wanted: Object | None = None
    missing: bool = False


class Ran(NamedTuple):
    """A statement that the fresh state has run, with the search_path that it ran under, and the one before it.
    ``place`` is where it stands, if some of it is known only when it runs."""

    text: str
    path: tuple[str, ...] | None
    earlier: "Ran | None"
    place: str = ""


class State:
    """The catalog at one point; cheap to fork. A fork shares relations until one side writes to them.

    ``touched`` are the keys that were written since it was last emptied, for joining forks again; ``homes`` are the
    relations that ever had a constraint, policy or trigger of that name, ``used`` the types and other objects that
    something may depend on: both are shared by all forks; ``extensions`` the schemas that they were put in.
    ``foreign`` are the schemas that others fill; of every other one it is known what is not in it. None: nothing is
    known of any. ``rows`` are the keys of rows that are certainly there, ``filled`` the tables that certainly have one,
    ``accounted`` those that have no others than the former in the fresh state. ``proved`` is what was in doubt before
    and is there on the way at hand, whatever of its effects is taken back. ``ran`` is the last statement that the fresh
    state has run, as far as somebody keeps account of them. ``error`` is what the handler at hand has caught, if that
    is known. ``replication`` is session_replication_role, None if it is not known.
    """

    __slots__ = (
        "accounted",
        "error",
        "extensions",
        "filled",
        "foreign",
        "homes",
        "objects",
        "owned",
        "path",
        "proved",
        "ran",
        "relations",
        "replication",
        "routines",
        "rows",
        "touched",
        "types",
        "used",
    )

    def __init__(self, path: tuple[str, ...] | None, foreign: frozenset[str] | None = None) -> None:
        self.relations: dict[Key, Relation] = {}
        self.types: dict[Key, Relation] = {}
        self.objects: dict[ObjectKey, Fact] = {}
        self.routines: dict[Key, tuple[Routine, ...]] = {}
        self.path = path
        self.foreign = foreign
        self.owned: set[int] | None = None
        self.touched: set[Key | ObjectKey] = set()
        self.homes: dict[Member, set[Key]] = {}
        self.used: set[object] = set()
        self.extensions: dict[str, str | None] = {}
        self.rows: frozenset[Row] = frozenset()
        self.accounted: frozenset[Key] = frozenset()
        self.filled: frozenset[Key] = frozenset()
        self.proved: frozenset[Object] = frozenset()
        self.ran: Ran | None = None
        self.error: Error | None = None
        self.replication: str | None = "origin"

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
        other.filled = self.filled
        other.proved = self.proved
        other.ran = self.ran
        other.error = self.error
        other.replication = self.replication
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
        if not relation.children:
            return []
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

    def put_object(self, name: ObjectKey, fact: Fact) -> None:
        """Note what is known of an object that is neither relation nor type."""
        self.objects[name] = fact
        self.touched.add(name)
        if name[0] == "extension":
            self.extensions.setdefault(name[2], None)

    def has_any(self, kind: Kind) -> bool:
        """Whether the history says anything of objects of a kind."""
        return any(known == kind for known, _, _ in self.objects)

    def routine(self, key: Key, arguments: tuple[str, ...] | None) -> Routine | None:
        """What is known of the function of that name with those arguments."""
        return next((item for item in self.routines.get(key, ()) if item.arguments == arguments), None)

    def put_routine(self, key: Key, routine: Routine) -> None:
        """Note what is known of a function."""
        others = tuple(item for item in self.routines.get(key, ()) if item.arguments != routine.arguments)
        self.routines[key] = (*others, routine)
        self.touched.add(("function", *key))
        if routine.stands is not None:
            self.writable(self.relations[routine.stands]).fact = routine.fact

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
