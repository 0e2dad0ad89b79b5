"""What is known of one relation, type or function: its members, and what hangs on it."""

from collections.abc import Iterator

import msgspec

from driftproof.catalog.facts import ABSENT, ASSUMED, GONE, PRESENT, UNKNOWN, Fact, Presence
from driftproof.objects import Kind, Object
from driftproof.statements.operations import Body, ConstraintKind, Enabled, Firing, RoutineKind

Key = tuple[str, str]
"""Schema and name of a relation or a type."""
Row = tuple[Key, tuple[tuple[str, str], ...]]
"""A table, and the columns of a key with their values as text."""
Member = tuple[Kind, str]
"""Kind and name of what belongs to a relation or a type."""
Dependent = tuple[Key, Member | None]
"""A relation (a view, a child), or something that belongs to one (a policy, a trigger, a foreign key)."""
NONE_OR_ANY = frozenset({""})
"""The columns that an object uses which may not use the relation any more."""

SYSTEM_COLUMNS = {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"}
_STORED = ("table", "materialized view", "foreign table")
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


class Trigger(msgspec.Struct, frozen=True, gc=False):
    """What a trigger does, and when: the function that it calls (None: not known), the columns of its UPDATE OF, and
    whether it is enabled, in pg_trigger's letters; ``of`` is the partitioned table with whose trigger it was made."""

    firing: Firing
    function: Key | None
    columns: frozenset[str] = frozenset()
    enabled: Enabled = "O"
    of: Key | None = None


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
    themselves, ``triggers`` what its triggers do as far as that is known; ``unique`` is what a unique index
    covers, ``shape`` what any index is of. ``brought``: a sequence was made with the column that it goes with.
    ``required`` are the columns that take no NULL here and in what inherits, ``lax`` those of which that is not known.
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
        "lax",
        "local",
        "members",
        "of",
        "open",
        "parents",
        "partition",
        "partitioned",
        "primary_key",
        "required",
        "shape",
        "sources",
        "strategy",
        "triggers",
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
        self.triggers: dict[str, Trigger] = {}
        self.heritage: dict[str, Heritage] = {}
        self.partitioned: frozenset[str] | None = None
        self.strategy = ""
        self.unique: Unique | None = None
        self.shape: Shape | None = None
        self.vague: frozenset[str] = frozenset()
        self.required: frozenset[str] = frozenset()
        self.lax: frozenset[str] = frozenset()

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
        other.triggers = dict(self.triggers)
        other.heritage = dict(self.heritage)
        other.partitioned = self.partitioned
        other.strategy = self.strategy
        other.vague = self.vague
        other.required = self.required
        other.lax = self.lax
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
    with the columns that its parameters give it, ``columns`` the names of these with their types when it was made
    (empty: none), ``all`` the types of its parameters where some of them are OUT, ``body`` what it does, as far as that
    can be read, ``of`` the range or multirange type that it came with. One that depends on what its body names
    ``stands`` among the relations as well, under a name that none of them has.
    """

    arguments: tuple[str, ...] | None
    fact: Fact
    kind: RoutineKind = "function"
    names: tuple[str, ...] = ()
    defaults: int = 0
    variadic: bool = False
    returns: str = "?"
    columns: tuple[tuple[str, str], ...] = ()
    all: tuple[str, ...] | None = None
    body: Body | None = None
    of: Key | None = None
    stands: Key | None = None

    @property
    def nominal(self) -> bool:
        """Whether it is there in the fresh state, as far as that is known."""
        return bool(self.fact.nominal)
