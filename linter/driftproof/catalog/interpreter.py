"""Runs the operations of statements over the catalog: what fails where, and what is known afterwards."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from driftproof.catalog import builtins
from driftproof.catalog.entries import Key, Relation, Routine
from driftproof.catalog.facts import ABSENT, ASSUMED, PRESENT, UNKNOWN, Doubt, Fact, Presence
from driftproof.catalog.failures import Failure
from driftproof.catalog.flow import Flow
from driftproof.catalog.pending import Pending
from driftproof.catalog.state import ObjectKey, State
from driftproof.catalog.ways import Likely
from driftproof.diagnostic import Certainty, Place
from driftproof.objects import DUPLICATE, SYSTEM_SCHEMAS, UNDEFINED, Kind, Object
from driftproof.statements import operations as op
from driftproof.statements.query import Name
from driftproof.statements.standing import Standing

WITHOUT_ROWS = ("index", "sequence")
"""The kinds of relations whose rows have no type."""
_CONDITIONS = (op.If, op.Loop, op.Return)
_WITH_ROW_TYPES: tuple[op.RelationKind, ...] = ("table", "view", "composite type")


class Interpreter(Flow):
    """Folds statements into a state. One for a history; `place` says where it stands.

    ``foreign`` are the schemas of which nothing is known but what the history does there; None says so of all schemas.
    ``open`` says whether the file has begun a transaction (True) or ended one (False); None: neither yet.
    ``keeps_session``: a run of several files has one session for all of them. ``own`` are the tables of the migration
    tool's own: whoever has made them, they are as it makes them.
    ``standing`` says in which transaction the statement stands, ``in_function`` that it is a block of PL/pgSQL.
    ``uncommitted`` are the labels that were added to older enums, with their transactions, when a use of
    them fails, and why.
    ``outside`` is the search_path around the elements of a CREATE SCHEMA.
    ``read`` are the relations that the statement's queries have read, with the columns that they use; ``vague`` says
    that they may use others. ``making`` is the function whose body these are, if it depends on what they name.
    ``fired`` is the relation of the trigger whose function runs, with its transition tables; ``writing`` are those that
    statements are at work on meanwhile.
    """

    def __init__(
        self,
        default_path: tuple[str, ...],
        platform_functions: Mapping[str, str | None],
        effects: "dict[type, Effect]",
        foreign: frozenset[str] | None,
    ) -> None:
        super().__init__(State(default_path, foreign))
        self.default_path: tuple[str, ...] | None = default_path
        self._effects = effects
        self.platform_functions = platform_functions
        self.state.objects["schema", None, "public"] = PRESENT
        self.state.objects["extension", None, "plpgsql"] = PRESENT
        self.outside: tuple[str, ...] | None = None
        self.read: dict[Key, set[str]] = {}
        self.vague = False
        self.making: tuple[Key, Routine] | None = None
        self.temporary: list[Key] = []
        self.altering: set[str] = set()
        self.called: set[str] = set()
        self.found: dict[tuple[Key, str], Fact] = {}
        self.prepared: dict[str, tuple[op.Run, bool]] = {}
        self.deallocated: set[str] = set()
        self._begun: State | None = None
        self._outer: tuple[int, tuple[str, ...] | None] | None = None
        self.keeps_session = False
        self.own: tuple[str, ...] = ()
        self.open: bool | None = None
        self._savepoints: list[tuple[str, State]] = []
        self.standing: Standing | None = None
        self.uncommitted: dict[tuple[Key, str], tuple[int, Certainty, Doubt]] = {}
        self.pending = Pending()
        self._born: dict[Key, tuple[int, int]] = {}
        self.in_function = False
        self._calls: list[op.Body] = []
        self.fired: tuple[Key, tuple[str, ...]] | None = None
        self.writing: list[Key] = []

    # -- files and statements ---------------------------------------------------------------------------------------

    def start_file(self, migration: int, path: str, *, rolls_back: bool) -> None:
        """A new file, in a new session, or in the one that a run of several files keeps: then the search_path that an
        earlier file set may be in force or not. ``rolls_back``: a ROLLBACK stands in it, so its start is remembered."""
        self.place = Place(migration, 0)
        self.path = path
        self._end_local()
        kept = self.keeps_session and self.state.path != self.default_path
        self.state.path = None if kept else self.default_path
        if not self.keeps_session:
            self.state.replication = "origin"
        if self.temporary:
            for key in self.temporary:
                if ("column", *key) in self.state.used and key in self.state.relations:
                    self._drop_temporary(key)
            for key in [key for key in self.state.relations if key[0] == "pg_temp"]:
                del self.state.relations[key]
        self.temporary = []
        self.prepared = {}
        self.deallocated = set()
        self._begun = self.state.fork() if rolls_back else None
        self.open = None
        self._savepoints = []

    def _drop_temporary(self, key: Key) -> None:
        """What a session leaves goes with all that depends on it: columns of other tables may be of such a type."""
        for kind in _WITH_ROW_TYPES:
            if self.state.relations[key].kind == kind:
                self.steps((op.DropRelation(kind, Name(*key), missing_ok=True, cascade=True),))

    def run(self, statement: op.Statement, line: Callable[[], int], standing: Standing | None = None) -> list[Failure]:
        """Check and apply one statement; ``line`` tells its line when a doubt must be explained, ``standing`` in which
        transaction it stands (None: nothing is said of that). Its failures."""
        self.standing = standing
        if self._outer is not None and standing is not None and standing.number != self._outer[0]:
            self._end_local()
        self.in_function = statement.command == "DO"
        self.place = Place(self.place.migration, statement.index)
        self.line = line
        self.called = set()
        self.found = {}
        self.making = None
        refusing = None if self._second else self.pending.refuses(self, statement)
        self.whole(statement.operations)
        if statement.command == "SET CONSTRAINTS":
            self.pending.settle(self)
        if refusing is not None:
            # What it would do elsewhere is taken for done, as with all that the transaction forbids.
            events = Object("relation", refusing.key[0], None, refusing.key[1])
            self.failures.insert(0, Failure(events, False, "55006", Certainty.ALWAYS))
        return self.failures

    @contextmanager
    def again(self) -> Iterator[None]:
        """A second run of the file that was run last, over its effects; nothing of it stays. What its statements made
        is there: that they succeeded is what a second run is about."""
        kept = self.state, self.temporary, self._begun, self._savepoints, self._outer
        self.state = self.state.fork()
        self.state.path, self._outer = self.default_path, None
        self.start_file(self.place.migration, self.path, rolls_back=self._begun is not None)
        self._second = True
        try:
            yield
        finally:
            self._second = False
            self.state, self.temporary, self._begun, self._savepoints, self._outer = kept

    @contextmanager
    def aside(self, since: int) -> Iterator[None]:
        """What is run from here that the history does not go on from; nothing of it stays. What the migration ``since``
        left in doubt is no older doubt to it."""
        kept = self.state, self.temporary, self._begun, self._savepoints, self._outer, self.open
        place = self.place, self.path, self.incomplete
        labels = self.uncommitted.copy(), self._born.copy()
        self.state = self.state.fork()
        self.state.path, self._outer = self.default_path, None
        self.since = since
        try:
            yield
        finally:
            self.since = None
            self.state, self.temporary, self._begun, self._savepoints, self._outer, self.open = kept
            self.place, self.path, self.incomplete = place
            self.uncommitted, self._born = labels

    def steps(self, operations: tuple[op.Operation, ...]) -> None:
        """Run operations in order."""
        for operation in operations:
            kind = type(operation)
            self._effects[kind](self, operation)
            if self.worlds and kind not in _CONDITIONS:
                self.worlds = {}

    def call(self, body: op.Body, called: op.Called, fired: tuple[Key, tuple[str, ...]] | None = None) -> bool:
        """Run what a function does when it is called, or ``fired``; False where it calls itself."""
        if body in self._calls:
            return False
        path, inside, outer = self.state.path, self.in_function, self.fired
        self._calls.append(body)
        self.in_function, self.fired = True, fired
        if called.path is not None:
            self.state.path = called.path
        try:
            self.body(called.operations)
        finally:
            self._calls.pop()
            self.in_function, self.fired = inside, outer
            if called.path is not None:
                self.state.path = path
        return True

    # -- transactions -----------------------------------------------------------------------------------------------

    def transaction(self, command: str, savepoint: str) -> None:
        """BEGIN and its kin; what is rolled back is gone."""
        match command:
            case "begin" if self.open:
                return  # PostgreSQL only warns
            case "begin" | "commit":
                if self._begun is not None:
                    self._begun = self.state.fork()
                self._savepoints = []
                self.open = command == "begin"
            case "rollback" if self._begun is not None:
                self.state = self._begun.fork()
                self._outer = None
                self._savepoints = []
                self.open = False
            case "savepoint":
                self._savepoints.append((savepoint, self.state.fork()))
            case "rollback to":
                self.uncommitted.clear()
                for at in range(len(self._savepoints) - 1, -1, -1):
                    if self._savepoints[at][0] == savepoint:
                        self.state = self._savepoints[at][1].fork()
                        del self._savepoints[at + 1 :]
                        break

    def set_path(self, path: tuple[str, ...] | None, *, local: bool) -> None:
        """SET search_path; the one before a SET LOCAL comes back when the transaction ends."""
        number = self.standing.number if self.standing is not None else -1
        if local and self._outer is None:
            self._outer = (number, self.state.path)
        elif not local and self._outer is not None:
            self._outer = (number, path)
        self.state.path = path

    def _end_local(self) -> None:
        if self._outer is not None:
            (_, self.state.path), self._outer = self._outer, None

    def refused(self, command: str, *, missing: bool) -> None:
        """The statement does not run where it stands, for the transaction that is there or is ``missing``. What it
        would do elsewhere is taken for done, so that nothing is said of what would follow."""
        if self._traps or self._second:
            return
        kind: Kind = "transaction"
        sqlstate = (UNDEFINED if missing else DUPLICATE)[kind]
        self.claim(Failure(Object(kind, None, None, command), missing, sqlstate, Certainty.ALWAYS))

    def born(self, key: Key) -> None:
        """A type is made, or gets this name, in the transaction at hand."""
        if self.standing is not None:
            self._born[key] = (self.standing.number, self.place.migration)

    def added_label(self, key: Key, label: str) -> None:
        """A label that is new to an enum can't be used in the transaction that adds it, unless that made the enum: a
        database that had run the migration which made it before is another one."""
        standing = self.standing
        sure = not (self.unsure or self._traps or self._second) and self._likely is Likely.CERTAIN
        if not sure or standing is None:
            return
        number, migration = self._born.get(key, (-1, -1))
        if number != standing.number or migration != self.place.migration:
            certainty = Certainty.DRIFT if number == standing.number else Certainty.ALWAYS
            self.uncommitted[key, label] = (standing.number, certainty, self.doubt("the label is added here"))

    def uses_label(self, key: Key, label: str) -> None:
        """A constant of an enum: PostgreSQL looks the label up when it reads the statement."""
        type_ = self.state.types.get(key)
        if type_ is not None and type_.kind == "enum":
            enum = type_

            def prove(fact: Fact) -> None:
                self.state.writable(enum).members["enum-label", label] = fact

            self.need(enum.object("enum-label", label), enum.member("enum-label", label), prove)
        added = self.uncommitted.get((key, label))
        if added is None or self.standing is None or self.standing.number != added[0]:
            return
        if not (self.unsure or self._traps or self._second):
            _, certainty, reason = added
            self.claim(
                Failure(
                    object=Object("enum-label", key[0], key[1], label),
                    missing=False,
                    sqlstate="55P04",
                    certainty=certainty,
                    origin=reason.origin,
                    because=reason.because,
                    inherited=self.is_inherited(reason),
                )
            )

    # -- schemas, relations and members -----------------------------------------------------------------------------

    def creation_key(self, name: Name) -> Key | None:
        """Where an object of this name is created: a failure if the search_path is empty; None: it is not known."""
        key = self.state.creation_key(name)
        if key is None:
            if self.state.path is not None:
                self.raises("3F000")
            self.unsure = True
        return key

    def need_schema(self, name: str | None) -> None:
        """The schema that a name is qualified with; of one that may be the platform's nothing is said."""
        if name is None or name == "pg_temp" or name in SYSTEM_SCHEMAS:
            return
        key: ObjectKey = ("schema", None, name)
        fact = self.state.objects.get(key)
        if fact is None:
            if self.state.knows_all(name):
                self.lacks(Object("schema", None, None, name))
        elif fact is not PRESENT:
            self.need(Object("schema", None, None, name), fact, lambda proven: self.state.put_object(key, proven))

    def relation(
        self,
        name: Name,
        *,
        missing_ok: bool = False,
        kind: Kind = "relation",
        sqlstate: str = "42P01",
        in_query: bool = False,
    ) -> Relation | None:
        """The relation that a statement needs. None: the statement passes it by (IF EXISTS), or nothing is known of it
        (a system catalog, a search_path that is not known). Only a query does not look at the schema first."""
        key, found = self.state.look_up(name)
        if name.schema is not None and not missing_ok and not in_query:
            self.need_schema(name.schema)
        if key is None and self.state.path is not None and not name.name.startswith("pg_"):
            if not missing_ok:  # of the schemas of the search_path there is none
                self.lacks(Object(kind, None, None, name.name), sqlstate=sqlstate)
            return None
        if key is None or key[0] in SYSTEM_SCHEMAS:
            self.unsure |= key is None
            return None
        if found is None:
            if name.schema is None and name.name.startswith("pg_"):
                return None
            known = self.state.knows_all(key[0])
            if missing_ok:
                self.unsure |= not known
                return None
            if known:
                self.lacks(Object(kind, key[0], None, key[1]), sqlstate=sqlstate)
            found = self.state.put(Relation(key, "relation", ASSUMED, open=True))
            self._unknown_relation(found, kind)
            return found
        if missing_ok and found.fact.presence is not Presence.PRESENT:
            self.unsure |= found.fact is not ABSENT
            return None
        if found.fact is PRESENT:  # nearly always: there is nothing to check or to prove
            return found
        relation = found
        if relation.brought and relation.fact.presence is Presence.MAYBE and self._brings(relation, name.at):
            relation = self.state.writable(relation)
            relation.fact = Fact(Presence.PRESENT, relation.fact.sure)
            return relation
        wanted = Object(kind, key[0], relation.of[1] if relation.of else None, key[1])

        def prove(fact: Fact) -> None:
            nonlocal relation
            relation = self.state.writable(relation)
            if relation.fact.presence in (Presence.ABSENT, Presence.UNKNOWN):
                relation.open = True
                relation.members = {}
            relation.fact = fact

        self.need(wanted, relation.fact, prove, at=name.at, sqlstate=sqlstate)
        return relation

    def _brings(self, sequence: Relation, at: int) -> bool:
        """Whether a sequence is there if the column is with which it was made: that is needed then."""
        owner = self.state.relations.get(sequence.of) if sequence.of is not None else None
        columns = owner.uses.get(("sequence", sequence.key[1]), ()) if owner is not None else ()
        if owner is None or not columns or not owner.member("column", columns[0]).nominal:
            return False
        self.need_member(owner, "column", columns[0], at=at, sqlstate="42P01")
        return True

    def _unknown_relation(self, relation: Relation, kind: Kind) -> None:
        wanted = Object(kind, relation.key[0], None, relation.key[1])
        self.need(wanted, UNKNOWN, lambda _fact: None)

    def need_member(
        self, relation: Relation, kind: Kind, name: str, *, at: int = -1, sqlstate: str | None = None
    ) -> Relation:
        """A member that a statement needs; the relation as it is afterwards. A column that is not a table's own is
        there with its parent's."""
        if relation.parents and kind == "column" and name not in relation.local:
            found = map(self.state.relations.get, relation.parents)
            parents = [
                parent
                for parent in found
                if parent is not None and parent.members.get((kind, name), ABSENT).presence is not Presence.ABSENT
            ]
            doubts = [parent.members[kind, name].doubt for parent in parents]
            # Of several parents all but one have it in any state: none drifts twice.
            if parents and not (len(parents) > 1 and all(parent.members[kind, name].nominal for parent in parents)):
                self.need_member(parents[0], kind, name, at=at, sqlstate=sqlstate)
            if parents and relation.member(kind, name).doubt in (None, *doubts):
                return relation
        fact = relation.member(kind, name)
        if fact is PRESENT:
            return relation

        def prove(proven: Fact) -> None:
            nonlocal relation
            relation = self.state.writable(relation)
            relation.members[kind, name] = proven
            if kind == "constraint":  # it would not be there without its columns
                for column in relation.uses.get((kind, name), ()):
                    if relation.member("column", column).presence is Presence.MAYBE:
                        relation.members["column", column] = proven

        self.need(relation.object(kind, name), fact, prove, at=at, sqlstate=sqlstate)
        return relation

    # -- types, and what changes ------------------------------------------------------------------------------------

    def knows_type(self, name: Name, *, holds: bool = True) -> bool:
        """Whether a type of this name is certainly there; ``holds``: it may not be dropped from there on."""
        if name.schema in (None, "pg_catalog") and name.name in builtins.types():
            return True
        found = self.type(name)
        if found is not None and holds:
            self.state.used.add(found.key)
        return found is not None and found.fact == PRESENT

    def type(self, name: Name) -> Relation | None:
        """The type of this name, which may be a relation's; None if it was never made here."""
        state = self.state
        schemas = ("pg_temp", *(state.path or ())) if name.schema is None else (name.schema,)
        gone: Relation | None = None
        for schema in schemas:
            for table in (state.types, state.relations):
                found = table.get((schema, name.name))
                if found is None or (table is state.relations and found.kind in WITHOUT_ROWS):
                    continue
                if found.fact.presence is not Presence.ABSENT:
                    return found
                gone = gone or found
        return None if name.name.startswith("_") else gone  # array types are called so, and renamed in passing

    def gone(self, key: Key, kind: str, *, certain: bool) -> None:
        """A relation that the statement takes away."""
        relation = Relation(key, kind, self.away(certain), open=False)
        relation.dropped = self.place.migration
        self.state.put(relation)
        if self.state.rows:
            self.state.rows = frozenset(row for row in self.state.rows if row[0] != key)
        self.state.accounted -= {key}
        self.state.filled -= {key}

    def set_member(self, relation: Relation, kind: Kind, name: str, fact: Fact) -> Relation:
        """Note what is known of a member; partitions and children get their parent's columns."""
        relation = self.state.put_member(relation, (kind, name), fact)
        if kind == "column":
            for child in self.state.children(relation):
                self.set_member(child, kind, name, _passed_on(relation, child, fact))
        return relation


def _passed_on(parent: Relation, child: Relation, fact: Fact) -> Fact:
    """What is known of a column in a child: one that may stand already need not inherit it."""
    if fact.presence is not Presence.PRESENT or child.partition:
        return fact
    above = {known.doubt for (kind, _), known in parent.members.items() if kind == "column"}
    columns = (known for (kind, _), known in child.members.items() if kind == "column")
    own = (known.doubt for known in columns if known.presence is Presence.MAYBE)
    doubt = next((doubt for doubt in own if doubt not in above), None)
    return fact if doubt is None else Fact(Presence.MAYBE, fact.sure, doubt)


Effect = Callable[[Interpreter, Any], None]
"""What one kind of operation needs and changes; `driftproof.catalog.effects` has them all."""
