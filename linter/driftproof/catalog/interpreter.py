"""Runs the operations of statements over the catalog: what fails where, and what is known afterwards."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from functools import partial
from typing import Any, NamedTuple

import msgspec

from driftproof.catalog import builtins
from driftproof.catalog.conditions import known, settle
from driftproof.catalog.failures import Failure
from driftproof.catalog.state import (
    ABSENT,
    ASSUMED,
    GONE,
    PRESENT,
    UNKNOWN,
    Doubt,
    Fact,
    Key,
    Member,
    Presence,
    Relation,
    State,
    joined,
)
from driftproof.diagnostic import Because, Certainty, Place
from driftproof.objects import DUPLICATE, UNDEFINED, Kind, Object
from driftproof.statements import operations as op
from driftproof.statements.query import Name
from driftproof.statements.standing import Standing

WITHOUT_ROWS = ("index", "sequence")
"""The kinds of relations whose rows have no type."""
SYSTEM_SCHEMAS = {"pg_catalog", "information_schema", "pg_toast"}


class _Likely(IntEnum):
    """How a way through a statement stands to the fresh state, the likeliest first."""

    CERTAIN = 0  # the fresh state goes this way
    EXPECTED = 1  # it does as far as is known: nothing on it is certain to fail
    DRIFT = 2  # only another state goes it: no claims from it
    UNKNOWN = 3


class Fails(Exception):
    """The statement, or the branch, certainly fails here; ``sqlstate`` is None where nothing is claimed of it."""

    def __init__(self, sqlstate: str | None = None) -> None:
        self.sqlstate = sqlstate


class _Caught(Exception):
    """An error that a handler of this trap takes."""

    def __init__(self, trap: "_Trap") -> None:
        self.trap = trap


_Exits = list[tuple[State, bool]]
"""The states in which a stretch of operations is left before its end, and whether the fresh state leaves it there."""


class _Ended(Exception):
    """RETURN, EXIT or CONTINUE: the rest of that stretch is not run."""

    def __init__(self, exits: _Exits) -> None:
        self.exits = exits


_WayOut = Fails | _Caught | _Ended


class _Exit(NamedTuple):
    """A way out of a block by an error; ``failure`` is the claim, if only a drifted state goes it."""

    state: State
    handler: op.Handler
    likely: _Likely
    failure: Failure | None = None


class _Trap:
    """A block with handlers: the ways out of it that are not its end. ``taken`` is what it made where only a drifted
    state may lack it."""

    def __init__(self, handlers: tuple[op.Handler, ...], entry: State, likely: _Likely) -> None:
        self.handlers = handlers
        self.entry = entry
        self.likely = likely
        self.exits: list[_Exit] = []
        self.taken: tuple[Object, Fact] | None = None

    def catch(self, handler: op.Handler, state: State, way: _Likely, likely: _Likely, failure: Failure | None) -> None:
        """An error on a way inside of the block; how likely it is on that way."""
        inside = _Likely.CERTAIN if way is self.likely else way
        self.exits.append(_Exit(state, handler, max(inside, likely), failure if inside < _Likely.DRIFT else None))

    def handler(self, sqlstate: str) -> op.Handler | None:
        """The handler that takes an error, unless all it does is to raise it again."""
        for handler in self.handlers:
            classes = (sqlstate, sqlstate[:2] + "000")
            if not handler.sqlstates or any(state in classes for state in handler.sqlstates):
                return None if op.Raise(None) in handler.body else handler
        return None


_NOTHING_LEFT: tuple[tuple[Object, Fact], ...] = ()


class Interpreter:
    """Folds statements into a state. One for a history; `place` says where it stands.

    ``failures`` holds the predicted failures of the statement that was run last; ``failed`` says whether it certainly
    fails, with or without a prediction. ``foreign`` are the schemas of which nothing is known but what the history does
    there; None says so of all schemas. ``incomplete`` is the first migration that needs what the history never made;
    ``complete`` says that all that is there is known, so that this fails for certain.
    ``open`` says whether the file has begun a transaction (True) or ended one (False); None: neither yet.
    ``standing`` says in which transaction the statement stands, ``in_function`` that it is a block of PL/pgSQL.
    ``uncommitted`` are the labels that were added to older enums, with their transactions, when a use of
    them fails, and why.
    ``outside`` is the search_path around the elements of a CREATE SCHEMA.
    ``read`` are the relations that the statement's queries have read, with the columns that they use; ``vague`` says
    that they may use others.
    """

    def __init__(
        self,
        default_path: tuple[str, ...],
        platform_functions: frozenset[str],
        effects: "dict[type, Effect]",
        foreign: frozenset[str] | None,
    ) -> None:
        self.default_path: tuple[str, ...] | None = default_path
        self._effects = effects
        self.platform_functions = platform_functions
        self.state = State(default_path, foreign)
        self.state.objects["schema", None, "public"] = PRESENT
        self.state.objects["extension", None, "plpgsql"] = PRESENT
        self.failures: list[Failure] = []
        self.failed = False
        self.incomplete: int | None = None
        self.complete = False
        self.place = Place(0, 0)
        self.path = ""
        self.line: Callable[[], int] = lambda: 1
        self.unsure = False
        self.outside: tuple[str, ...] | None = None
        self._likely = _Likely.CERTAIN
        self._second = False
        self._traps: list[_Trap] = []
        self._returned: _Exits = []
        self._left = _NOTHING_LEFT
        self._loops: list[tuple[_Exits, _Exits]] = []
        self.read: dict[Key, set[str]] = {}
        self.vague = False
        self.temporary: list[Key] = []
        self.altering: set[str] = set()
        self.called: set[str] = set()
        self.prepared: dict[str, tuple[op.Run, bool]] = {}
        self.deallocated: set[str] = set()
        self._begun: State | None = None
        self.open: bool | None = None
        self._savepoints: list[tuple[str, State]] = []
        self.standing: Standing | None = None
        self.uncommitted: dict[tuple[Key, str], tuple[int, Certainty, Doubt]] = {}
        self._born: dict[Key, tuple[int, int]] = {}
        self.in_function = False

    # -- files and statements ---------------------------------------------------------------------------------------

    def start_file(self, migration: int, path: str, *, rolls_back: bool) -> None:
        """A new file, in a session of its own. ``rolls_back``: a ROLLBACK stands in it, so its start is remembered."""
        self.place = Place(migration, 0)
        self.path = path
        self.state.path = self.default_path
        if self.temporary:
            for key in [key for key in self.state.relations if key[0] == "pg_temp"]:
                del self.state.relations[key]
        self.temporary = []
        self.prepared = {}
        self.deallocated = set()
        self._begun = self.state.fork() if rolls_back else None
        self.open = None
        self._savepoints = []

    def run(self, statement: op.Statement, line: Callable[[], int], standing: Standing | None = None) -> list[Failure]:
        """Check and apply one statement; ``line`` tells its line when a doubt must be explained, ``standing`` in which
        transaction it stands (None: nothing is said of that). Its failures."""
        self.standing = standing
        self.in_function = statement.command == "DO"
        self.place = Place(self.place.migration, statement.index)
        self.line = line
        self.failures = []
        self.failed = False
        self.called = set()
        self.unsure = False
        self._likely = _Likely.CERTAIN
        self._returned = []
        self._left = _NOTHING_LEFT
        self._loops = []
        self.state.touched = set()
        operations = statement.operations
        compound = len(operations) > 1 or (operations and getattr(operations[0], "needs", ()))
        before = self.state.fork() if compound else None
        try:
            self.steps(operations)
        except _Ended:
            pass
        except Fails as failed:
            returned = next((state for state, nominal in self._returned if nominal), None)
            if returned is None:
                self.failed = True
                if before is not None:
                    self.state = before
                return self.failures
            self.state = returned  # it fails only where the fresh state does not come
            self._likely = _Likely.CERTAIN
            self.unsure |= not self._left
            for lacking in self._left:
                self._lost(self._lacking(*lacking), failed)
        self._rejoin(self._returned)
        return self.failures

    @contextmanager
    def again(self) -> Iterator[None]:
        """A second run of the file that was run last, over its effects; nothing of it stays. What its statements made
        is there: that they succeeded is what a second run is about."""
        kept = self.state, self.temporary, self._begun, self._savepoints
        self.state = self.state.fork()
        self.start_file(self.place.migration, self.path, rolls_back=self._begun is not None)
        self._second = True
        try:
            yield
        finally:
            self._second = False
            self.state, self.temporary, self._begun, self._savepoints = kept

    def steps(self, operations: tuple[op.Operation, ...]) -> None:
        """Run operations in order."""
        for operation in operations:
            self._effects[type(operation)](self, operation)

    # -- doubts and failures ----------------------------------------------------------------------------------------

    def doubt(self, message: str) -> Doubt:
        """The statement at hand as the reason of a doubt."""
        return Doubt(self.place, Because(self.path, self.line(), message))

    def made(self) -> Fact:
        """The presence of what this statement makes."""
        return ASSUMED if self.unsure else PRESENT

    def away(self, certain: bool = True) -> Fact:
        """The presence of what this statement takes away."""
        return GONE if self.unsure or not certain else ABSENT

    def need(
        self, wanted: Object, fact: Fact, prove: Callable[[Fact], None], *, at: int = -1, sqlstate: str | None = None
    ) -> None:
        """The statement needs the object: a failure where it is not guaranteed; afterwards it is known to be there."""
        if fact.presence is Presence.PRESENT:
            self.unsure |= not fact.sure
            return
        sqlstate = sqlstate or UNDEFINED[wanted.kind]
        if fact.presence is Presence.MAYBE:
            self._may_fail(wanted, True, sqlstate, Certainty.DRIFT, fact, at)
            self.unsure |= not fact.sure
            prove(PRESENT if fact.sure else ASSUMED)
            return
        certain = fact.presence is Presence.ABSENT and (self._second or (fact.sure and not self.unsure))
        self._may_fail(wanted, True, sqlstate, Certainty.ALWAYS if certain else None, fact, at)
        self.unsure = True
        prove(ASSUMED)

    def forbid(self, wanted: Object, fact: Fact, *, at: int = -1, sqlstate: str | None = None) -> None:
        """The statement makes the object: a failure where it is there already."""
        there = fact.presence in (Presence.PRESENT, Presence.MAYBE)
        certain = there and (self._second or (fact.sure and not self.unsure))
        sqlstate = sqlstate or DUPLICATE[wanted.kind]
        self._may_fail(wanted, False, sqlstate, Certainty.ALWAYS if certain else None, fact, at)
        if not certain and (fact.presence is not Presence.ABSENT or fact.doubt is not None):
            self.unsure = True

    def lacks(self, wanted: Object, *, sqlstate: str | None = None) -> None:
        """The statement needs what the history never made: it fails on an empty platform, and nothing is claimed, but
        where all that is there is known."""
        if self._likely < _Likely.DRIFT and self.incomplete is None:
            self.incomplete = self.place.migration
        if self.unsure and self._traps:
            return  # what else fails before it, a handler may take
        sqlstate = sqlstate or UNDEFINED[wanted.kind]
        self._may_fail(wanted, True, sqlstate, Certainty.ALWAYS, UNKNOWN, -1, claimed=self.complete)

    def refused(self, command: str, *, missing: bool) -> None:
        """The statement does not run where it stands, for the transaction that is there or is ``missing``. What it
        would do elsewhere is taken for done, so that nothing is said of what would follow."""
        if self._traps or self._second:
            return
        kind: Kind = "transaction"
        sqlstate = (UNDEFINED if missing else DUPLICATE)[kind]
        self._claim(Failure(Object(kind, None, None, command), missing, sqlstate, Certainty.ALWAYS))

    def born(self, key: Key) -> None:
        """A type is made, or gets this name, in the transaction at hand."""
        if self.standing is not None:
            self._born[key] = (self.standing.number, self.place.migration)

    def added_label(self, key: Key, label: str) -> None:
        """A label that is new to an enum can't be used in the transaction that adds it, unless that made the enum: a
        database that had run the migration which made it before is another one."""
        standing = self.standing
        sure = not (self.unsure or self._traps or self._second) and self._likely is _Likely.CERTAIN
        if not sure or standing is None:
            return
        number, migration = self._born.get(key, (-1, -1))
        if number != standing.number or migration != self.place.migration:
            certainty = Certainty.DRIFT if number == standing.number else Certainty.ALWAYS
            self.uncommitted[key, label] = (standing.number, certainty, self.doubt("the label is added here"))

    def uses_label(self, key: Key, label: str) -> None:
        """A constant of an enum: PostgreSQL looks the label up when it reads the statement."""
        added = self.uncommitted.get((key, label))
        if added is None or self.standing is None or self.standing.number != added[0]:
            return
        if not (self.unsure or self._traps or self._second):
            _, certainty, reason = added
            self._claim(
                Failure(
                    object=Object("enum-label", key[0], key[1], label),
                    missing=False,
                    sqlstate="55P04",
                    certainty=certainty,
                    origin=reason.origin,
                    because=reason.because,
                    inherited=reason.origin.migration != self.place.migration,
                )
            )

    def _may_fail(
        self,
        wanted: Object,
        missing: bool,
        sqlstate: str,
        certainty: Certainty | None,
        fact: Fact,
        at: int,
        *,
        claimed: bool = True,
    ) -> None:
        failure = None
        if certainty is not None:
            failure = self._failure(wanted, missing, sqlstate, certainty, fact, at)
        for trap in reversed(self._traps):
            handler = trap.handler(sqlstate)
            if handler is not None:
                self._caught(trap, handler, wanted, missing, fact, failure)
                return
        if failure is None:
            return
        if claimed:
            self._claim(failure)
        if certainty is Certainty.ALWAYS:
            raise Fails(sqlstate)

    def _failure(
        self, wanted: Object, missing: bool, sqlstate: str, certainty: Certainty, fact: Fact, at: int = -1
    ) -> Failure:
        doubt = fact.doubt
        return Failure(
            object=wanted,
            missing=missing,
            sqlstate=sqlstate,
            certainty=certainty,
            at=at,
            origin=doubt.origin if doubt and certainty is Certainty.DRIFT else None,
            because=doubt.because if doubt else None,
            inherited=doubt is not None and doubt.origin.migration != self.place.migration,
        )

    def _lost(self, failure: Failure, left: _WayOut | None) -> None:
        """A way that only a drifted state goes, because of that failure, itself fails: so much can be claimed."""
        if not isinstance(left, Fails):
            return
        if left.sqlstate is None:
            self.unsure = True
        else:
            self._claim(msgspec.structs.replace(failure, sqlstate=left.sqlstate, cause=failure.sqlstate))

    def _lacking(self, wanted: Object, fact: Fact) -> Failure:
        return self._failure(wanted, True, UNDEFINED[wanted.kind], Certainty.DRIFT, fact)

    def _claim(self, failure: Failure) -> None:
        most = _Likely.CERTAIN if failure.certainty is Certainty.ALWAYS else _Likely.EXPECTED
        if self._likely <= most:
            self.failures.append(failure)
        self.unsure |= self._likely is _Likely.UNKNOWN

    def _caught(
        self, trap: _Trap, handler: op.Handler, wanted: Object, missing: bool, fact: Fact, failure: Failure | None
    ) -> None:
        state = trap.entry.fork()
        certain = failure is not None and failure.certainty is Certainty.ALWAYS
        before = known(state, wanted) if certain else None
        if before is None or before.presence is not (Presence.PRESENT if missing else Presence.ABSENT):
            settle(state, wanted, GONE if missing else PRESENT)  # else the block itself has made it, or taken it away
        if certain:
            trap.catch(handler, state, self._likely, _Likely.CERTAIN, None)
            if fact.presence is Presence.MAYBE and self._likely < _Likely.DRIFT:
                trap.taken = wanted, fact
            raise _Caught(trap)
        if fact.nominal is None:
            likely = _Likely.UNKNOWN
        else:
            likely = _Likely.DRIFT if fact.nominal is missing else _Likely.EXPECTED
        if likely is not _Likely.DRIFT or self._likely is not likely:  # no state drifts twice
            trap.catch(handler, state, self._likely, likely, failure)

    # -- control flow -----------------------------------------------------------------------------------------------

    def raises(self, sqlstate: str | None) -> None:
        """RAISE EXCEPTION."""
        for trap in reversed(self._traps):
            handler = trap.handler(sqlstate) if sqlstate else None
            if handler is not None:
                trap.catch(handler, trap.entry.fork(), self._likely, _Likely.CERTAIN, None)
                raise _Caught(trap)
        raise Fails(sqlstate)

    def ends(self, leaves: str) -> None:
        """RETURN; EXIT and CONTINUE where they stand in a loop."""
        exits = self._returned
        if leaves != "block" and self._loops:
            exits = self._loops[-1][leaves == "turn"]
        exits.append((self.state.fork(), self._likely < _Likely.DRIFT))
        raise _Ended(exits)

    def loop(self, turns: tuple[tuple[op.Operation, ...], ...]) -> None:
        """Turns of a loop, one after the other."""
        left: _Exits = []
        for turn in turns:
            continued: _Exits = []
            self._loops.append((left, continued))
            try:
                self.steps(turn)
            except _Ended as end:
                if end.exits is not left and end.exits is not continued:
                    raise
                if not continued:
                    break
                self.state, _ = continued.pop()
            finally:
                self._loops.pop()
            self._rejoin(continued)
        self._rejoin(left)

    def _rejoin(self, exits: _Exits) -> None:
        for state, nominal in exits:
            self._join_into(state, nominal=not nominal, known=True, sure=True)

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Nothing is claimed of what is tried here."""
        kept, self._likely = self._likely, _Likely.UNKNOWN
        try:
            yield
        finally:
            self._likely = kept

    def _go(self, likely: _Likely, way: Callable[[], None]) -> _WayOut | None:
        """Go a way; how it is left before its end. Where its own end is less likely than its start, so is all that
        comes behind it, if the fresh state went there."""
        before = self._likely
        entry = self._likely = max(before, likely)
        left: _WayOut | None = None
        try:
            way()
        except (Fails, _Caught, _Ended) as way_out:
            left = way_out
        if likely >= _Likely.DRIFT or self._likely == entry:
            self._likely = before
        return left

    def branch(
        self,
        nominal: Callable[[], None],
        other: Callable[[], None],
        *,
        known: bool,
        sure: bool,
        wild: frozenset[Member] = frozenset(),
        causes: Callable[[], Iterable[tuple[Object, Fact]]] = tuple,
        leaves: bool = False,
    ) -> None:
        """Two ways from here, then what holds after either. ``known``: the fresh state goes the first one; ``causes``
        are what may be missing where the second one is gone; ``leaves``: what that one makes is remembered."""
        entry, unsure = self.state, self.unsure
        second = entry.fork()
        likely = _Likely.UNKNOWN if not known else _Likely.CERTAIN if sure else _Likely.EXPECTED
        failed = self._go(likely, nominal)
        first, first_unsure = self.state, self.unsure
        self.state, self.unsure = second, unsure
        other_failed = self._go(_Likely.DRIFT if known else _Likely.UNKNOWN, other)
        if other_failed is not None:
            self.state = first
            if failed is not None:
                raise failed
            self.unsure = first_unsure or (isinstance(other_failed, Fails) and not (known and sure))
            for wanted, fact in causes():
                self._lost(self._lacking(wanted, fact), other_failed)
            return
        if failed is None:
            second = self.state
            self.state, self.unsure = first, first_unsure or (self.unsure and not known)
            self._join_into(second, nominal=True, known=known, sure=sure, wild=wild, leaves=leaves)
            return
        if known and sure and not isinstance(failed, _Ended):
            self.state = first
            raise failed
        # Only the second way comes out, and the fresh state may have gone the first one.
        self.unsure |= isinstance(failed, Fails)
        if isinstance(failed, _Ended) and known and sure and self._likely is _Likely.CERTAIN:
            self._left = tuple(causes())
        self._likely = max(self._likely, _Likely.DRIFT if known else _Likely.EXPECTED)

    def _join_into(
        self,
        other: State,
        *,
        nominal: bool,
        known: bool,
        sure: bool,
        wild: frozenset[Member] = frozenset(),
        leaves: bool = False,
    ) -> None:
        doubt = self.doubt("this block may have found the object there already, and then does nothing")
        mine, theirs = (self.state, other) if nominal else (other, self.state)
        self.state = joined(mine, theirs, doubt, known=known, sure=sure, wild=wild, leaves=leaves)

    def attempt(self, body: tuple[op.Operation, ...], handlers: tuple[op.Handler, ...]) -> None:
        """A block with EXCEPTION handlers."""
        trap = _Trap(handlers, self.state.fork(), self._likely)
        self._traps.append(trap)
        left: _WayOut | None = None
        try:
            self.steps(body)
        except (Fails, _Caught, _Ended) as way_out:
            left = way_out
        finally:
            self._traps.pop()
        least = min((exit.likely for exit in trap.exits), default=_Likely.CERTAIN)
        ways: list[tuple[_Likely, State]] = []
        lost: list[tuple[_Likely, _WayOut]] = []
        end = _Likely.CERTAIN if self._likely is trap.likely else self._likely
        if left is None:
            ways.append((max(end, _Likely.DRIFT) if least is _Likely.EXPECTED else end, self.state))
        elif not (isinstance(left, _Caught) and left.trap is trap):
            lost.append((end, left))
        self._likely = trap.likely
        for state, handler, likely, failure in trap.exits:
            self.state = state
            left = self._go(likely, partial(self.steps, handler.body))
            if left is None:
                ways.append((likely, self.state))
                continue
            lost.append((likely, left))
            if failure is not None:
                self._lost(failure, left)
        if trap.taken is not None:  # where that is missing, the block goes on
            wanted, fact = trap.taken
            self.state = trap.entry
            settle(self.state, wanted, Fact(Presence.ABSENT, doubt=fact.doubt))
            left = self._go(_Likely.DRIFT, partial(self.attempt, body, handlers))
            if left is None:
                ways.append((_Likely.DRIFT, self.state))
            else:
                self._lost(self._lacking(wanted, fact), left)
        if lost:
            likely, left = min(lost, key=lambda way: way[0])
            first = min((likely for likely, _ in ways), default=_Likely.UNKNOWN)
            if not ways or (likely is _Likely.CERTAIN and first > likely and not isinstance(left, _Ended)):
                raise left
            if likely < first:
                self.unsure |= isinstance(left, Fails)
        ways.sort(key=lambda way: way[0])
        (first, self.state), *others = ways
        if first >= _Likely.DRIFT:
            self._likely = max(self._likely, first)
        for likely, state in others:
            known = _Likely.UNKNOWN not in (first, likely)
            self._join_into(state, nominal=True, known=known, sure=first is _Likely.CERTAIN)

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
        key: tuple[Kind, str | None, str] = ("schema", None, name)
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
            if len(parents) > 1 and all(parent.members[kind, name].nominal for parent in parents):
                return relation  # no state drifts twice
            if parents:
                self.need_member(parents[0], kind, name, at=at, sqlstate=sqlstate)
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

    def set_member(self, relation: Relation, kind: Kind, name: str, fact: Fact) -> Relation:
        """Note what is known of a member; partitions and children get their parent's columns."""
        relation = self.state.put_member(relation, (kind, name), fact)
        if kind == "column":
            for child in self.state.children(relation):
                self.set_member(child, kind, name, fact)
        return relation


Effect = Callable[[Interpreter, Any], None]
"""What one kind of operation needs and changes; `driftproof.catalog.effects` has them all."""
