"""The ways through a statement: where it may fail, which of them the fresh state goes, and what holds after them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from functools import partial
from typing import NamedTuple

import msgspec

from driftproof.catalog.conditions import known, settle
from driftproof.catalog.failures import Failure
from driftproof.catalog.merge import joined
from driftproof.catalog.state import ABSENT, ASSUMED, GONE, PRESENT, UNKNOWN, Doubt, Fact, Member, Presence, State
from driftproof.diagnostic import Because, Certainty, Place
from driftproof.objects import DUPLICATE, UNDEFINED, Object
from driftproof.statements import operations as op


class Likely(IntEnum):
    """How a way through a statement stands to the fresh state, the likeliest first."""

    CERTAIN = 0  # the fresh state goes this way
    EXPECTED = 1  # it does as far as is known: nothing on it is certain to fail
    DRIFT = 2  # only another state goes it: no claims from it
    UNKNOWN = 3


class Fails(Exception):
    """The statement, or the branch, certainly fails here; ``sqlstate`` is None where nothing is claimed of it.
    ``taken`` is what it makes and finds there already, where a drifted state may lack that."""

    def __init__(self, sqlstate: str | None = None, taken: tuple[Object, Fact] | None = None) -> None:
        self.sqlstate = sqlstate
        self.taken = taken


class _Caught(Exception):
    """An error that a handler of this trap takes."""

    def __init__(self, trap: "_Trap") -> None:
        self.trap = trap


_Exits = list[tuple[State, Likely]]
"""The states in which a stretch of operations is left before its end, and how likely that is."""


class _Ended(Exception):
    """RETURN, EXIT or CONTINUE: the rest of that stretch is not run."""

    def __init__(self, exits: _Exits) -> None:
        self.exits = exits


class _Stretch(NamedTuple):
    """A loop, or a ``block`` with a label, and the states in which EXIT and CONTINUE have left it, or a turn of it."""

    label: str | None
    block: bool
    left: _Exits
    continued: _Exits


_WayOut = Fails | _Caught | _Ended


class Way(NamedTuple):
    """A way that the fresh state does not go, or may not; ``causes`` is what may be missing where it is gone."""

    go: Callable[[], None]
    causes: Callable[[], Iterable[tuple[Object, Fact]]] = tuple


class _Exit(NamedTuple):
    """A way out of a block by an error; ``failure`` is the claim, if only a drifted state goes it."""

    state: State
    handler: op.Handler
    likely: Likely
    failure: Failure | None = None


class _Trap:
    """A block with handlers: the ways out of it that are not its end. ``taken`` is what it made where only a drifted
    state may lack it."""

    def __init__(self, handlers: tuple[op.Handler, ...], entry: State, likely: Likely) -> None:
        self.handlers = handlers
        self.entry = entry
        self.likely = likely
        self.exits: list[_Exit] = []
        self.taken: tuple[Object, Fact] | None = None

    def catch(self, handler: op.Handler, state: State, way: Likely, likely: Likely, failure: Failure | None) -> None:
        """An error on a way inside of the block; how likely it is on that way."""
        inside = Likely.CERTAIN if way is self.likely else way
        self.exits.append(_Exit(state, handler, max(inside, likely), failure if inside < Likely.DRIFT else None))

    def handler(self, sqlstate: str) -> op.Handler | None:
        """The handler that takes an error, unless all it does is to raise it again."""
        for handler in self.handlers:
            classes = (sqlstate, sqlstate[:2] + "000")
            if not handler.sqlstates or any(state in classes for state in handler.sqlstates):
                return None if op.Raise(None) in handler.body else handler
        return None


_NEARNESS = {Likely.CERTAIN: 0, Likely.EXPECTED: 1, Likely.UNKNOWN: 2, Likely.DRIFT: 3}


def _same_drift(one: Failure, other: Failure) -> bool:
    """Whether two failures are of one drifted state, in which the first of them ends the statement."""
    if not one.certainty is other.certainty is Certainty.DRIFT or one.origin != other.origin:
        return False
    # What a view or a copy has of a column is missing with that.
    return (one.object.kind, one.object.name) == (other.object.kind, other.object.name)


_NOTHING_LEFT: tuple[tuple[Object, Fact], ...] = ()


class Flow(ABC):
    """One statement at a time, on every way that a state may take through it.

    ``failures`` holds the predicted failures of the statement that was run last; ``failed`` says whether it certainly
    fails, with or without a prediction. ``unsure`` says that something before the place at hand may fail unseen,
    ``obscure`` that it may in a drifted state.
    ``incomplete`` is the first migration that needs what the history never made; ``complete`` says that all that is
    there is known, so that this fails for certain.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self.failures: list[Failure] = []
        self.failed = False
        self.unsure = False
        self.obscure = False
        self.incomplete: int | None = None
        self.complete = False
        self.place = Place(0, 0)
        self.since: int | None = None
        self.path = ""
        self.line: Callable[[], int] = lambda: 1
        self._likely = Likely.CERTAIN
        self._second = False
        self._blind = False
        self._traps: list[_Trap] = []
        self._returned: _Exits = []
        self._left = _NOTHING_LEFT
        self._loops: list[_Stretch] = []

    @abstractmethod
    def steps(self, operations: tuple[op.Operation, ...]) -> None:
        """Run operations in order."""

    def whole(self, operations: tuple[op.Operation, ...]) -> None:
        """Run the operations of a statement: all of them, or, if one certainly fails, none."""
        self.failures = []
        self.failed = False
        self.unsure = False
        self.obscure = False
        self._blind = False
        self._likely = Likely.CERTAIN
        self.state.touched = set()
        before = self.state.fork() if _compound(operations) else None
        try:
            self.body(operations)
        except Fails as failed:
            self.failed = True
            if before is not None:
                self.state = before
            if failed.taken is not None:
                self._go_without(*failed.taken, operations, failed)

    def body(self, operations: tuple[op.Operation, ...]) -> None:
        """Run what RETURN leaves: the operations of a statement, or of a function that it calls."""
        outer = self._returned, self._left, self._loops
        self._returned, self._left, self._loops = [], _NOTHING_LEFT, []
        try:
            self._within(partial(self.steps, operations), self._returned)
        finally:
            self._returned, self._left, self._loops = outer

    def _within(self, way: Callable[[], None], exits: _Exits) -> None:
        """Go a way that may be left before its end, as ``exits`` then say; what holds after it, however it was left."""
        here, outside, behind = self._likely, self._exits(), self._left
        ends: list[Likely] = []
        try:
            way()
            if not exits and self._likely is here:  # one way through, as nearly always
                return
            ends.append(self._likely)
        except (_Ended, _Caught) as end:
            if isinstance(end, _Caught) or end.exits is not exits:  # more is left than this
                if not exits:
                    raise
                exits.sort(key=lambda left: _NEARNESS[left[1]])
                self.state, _ = exits[0]
        except Fails as failed:
            nearest = min(exits, key=lambda left: _NEARNESS[left[1]], default=None)
            if nearest is None or nearest[1] is Likely.DRIFT:
                raise
            self.state, _ = nearest  # it fails only where the fresh state does not come
            self._likely = here
            self.unsure |= not self._left
            for lacking in self._left:
                self._lost(self._lacking(*lacking), failed)
        self._rejoin(exits)
        ends.extend(likely for _, likely in exits)
        exits.clear()
        likely = min(ends, key=_NEARNESS.__getitem__)
        if likely is Likely.UNKNOWN and self._exits() == outside:
            likely = here  # of ways that the fresh state may go or not, it goes one
        self._likely, self._left = max(here, likely), behind

    def _go_without(self, taken: Object, fact: Fact, operations: tuple[op.Operation, ...], failed: Fails) -> None:
        """The statement fails because it makes what is there, but for a drifted state that lacks that: if it runs
        there, all states have it afterwards."""
        entry, there = self.state, self.state.fork()
        self.state = entry.fork()
        settle(self.state, taken, ABSENT)
        left = self._go(Likely.DRIFT, partial(self.body, operations))
        if left is None:
            settle(there, taken, PRESENT)
            self._join_into(there, nominal=False, known=True, sure=True, leaves=True)
            return
        self.state = entry
        if not isinstance(left, Fails) or left.sqlstate != failed.sqlstate:
            self._lost(self._lacking(taken, fact), left)

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
        self._blind |= fact.presence is Presence.UNKNOWN
        certain = fact.presence is Presence.ABSENT and self._certain(fact)
        self._may_fail(wanted, True, sqlstate, Certainty.ALWAYS if certain else None, fact, at)
        self.unsure = True
        prove(ASSUMED)

    def forbid(self, wanted: Object, fact: Fact, *, at: int = -1, sqlstate: str | None = None) -> None:
        """The statement makes the object: a failure where it is there already."""
        there = fact.presence in (Presence.PRESENT, Presence.MAYBE)
        self._blind |= fact.presence is Presence.UNKNOWN
        certain = there and self._certain(fact)
        sqlstate = sqlstate or DUPLICATE[wanted.kind]
        self._may_fail(wanted, False, sqlstate, Certainty.ALWAYS if certain else None, fact, at)
        if not certain and (fact.presence is not Presence.ABSENT or fact.doubt is not None):
            self.unsure = True

    def _certain(self, fact: Fact) -> bool:
        """Whether a statement fails for certain for what is known. In a second run what it made is there, even where
        that it came so far was not sure; what may have been taken away since is not known again."""
        return not self._blind if self._second else fact.sure and not self.unsure

    def lacks(self, wanted: Object, *, sqlstate: str | None = None) -> None:
        """The statement needs what the history never made: it fails on an empty platform, and nothing is claimed, but
        where all that is there is known."""
        if self._likely < Likely.DRIFT and self.incomplete is None:
            self.incomplete = self.place.migration
        if self.unsure and self._traps:
            return  # what else fails before it, a handler may take
        sqlstate = sqlstate or UNDEFINED[wanted.kind]
        self._may_fail(wanted, True, sqlstate, Certainty.ALWAYS, UNKNOWN, -1, claimed=self.complete and not self.unsure)

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
            self.claim(failure)
        if certainty is Certainty.ALWAYS:
            drifts = not missing and fact.presence is Presence.MAYBE and self._likely < Likely.DRIFT
            raise Fails(sqlstate, (wanted, fact) if drifts else None)

    def is_inherited(self, doubt: Doubt | None) -> bool:
        """Whether a doubt was left by an earlier migration than the one at hand."""
        own = self.place.migration if self.since is None else self.since
        return doubt is not None and doubt.origin.migration < own

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
            inherited=self.is_inherited(doubt),
        )

    def _lost(self, failure: Failure, left: _WayOut | None) -> None:
        """A way that only a drifted state goes, because of that failure, itself fails: so much can be claimed, unless
        an outer block takes the error."""
        if isinstance(left, _Caught) and left.trap.exits[-1].failure is None:
            left.trap.exits[-1] = left.trap.exits[-1]._replace(failure=failure)
        if not isinstance(left, Fails):
            return
        if left.sqlstate is None:
            self.unsure = True
        else:
            self.claim(msgspec.structs.replace(failure, sqlstate=left.sqlstate, cause=failure.sqlstate))

    def _lacking(self, wanted: Object, fact: Fact) -> Failure:
        return self._failure(wanted, True, UNDEFINED[wanted.kind], Certainty.DRIFT, fact)

    def claim(self, failure: Failure) -> None:
        """Claim a failure, if the fresh state comes here."""
        most = Likely.CERTAIN if failure.certainty is Certainty.ALWAYS else Likely.EXPECTED
        if self._likely <= most and not any(_same_drift(failure, other) for other in self.failures):
            self.failures.append(failure)
        self.unsure |= self._likely is Likely.UNKNOWN

    def _caught(
        self, trap: _Trap, handler: op.Handler, wanted: Object, missing: bool, fact: Fact, failure: Failure | None
    ) -> None:
        state = trap.entry.fork()
        certain = failure is not None and failure.certainty is Certainty.ALWAYS
        before = known(state, wanted) if certain else None
        if before is None or before.presence is not (Presence.PRESENT if missing else Presence.ABSENT):
            settle(state, wanted, GONE if missing else PRESENT)  # else the block itself has made it, or taken it away
        if certain:
            trap.catch(handler, state, self._likely, Likely.CERTAIN, None)
            if fact.presence is Presence.MAYBE and self._likely < Likely.DRIFT:
                trap.taken = wanted, fact
            raise _Caught(trap)
        if fact.nominal is None:
            likely = Likely.UNKNOWN
        else:
            likely = Likely.DRIFT if fact.nominal is missing else Likely.EXPECTED
        if likely is not Likely.DRIFT or self._likely is not likely:  # no state drifts twice
            trap.catch(handler, state, self._likely, likely, failure)

    # -- control flow -----------------------------------------------------------------------------------------------

    def raises(self, sqlstate: str | None) -> None:
        """RAISE EXCEPTION."""
        for trap in reversed(self._traps):
            handler = trap.handler(sqlstate) if sqlstate else None
            if handler is not None:
                trap.catch(handler, trap.entry.fork(), self._likely, Likely.CERTAIN, None)
                raise _Caught(trap)
        raise Fails(sqlstate)

    def risks(self, sqlclass: str) -> None:
        """An error of that class, of which nothing else is known, may come here."""
        self.unsure = True
        for trap in reversed(self._traps):
            for handler in trap.handlers:
                if not handler.sqlstates or any(state[:2] == sqlclass for state in handler.sqlstates):
                    trap.catch(handler, trap.entry.fork(), self._likely, Likely.UNKNOWN, None)

    def ends(self, leaves: str, label: str | None) -> None:
        """RETURN; EXIT and CONTINUE, of the block or the loop with that label, or of the innermost loop."""
        exits = self._returned
        if leaves != "block":
            for stretch in reversed(self._loops):
                if stretch.label == label if label is not None else not stretch.block:
                    exits = stretch.continued if leaves == "turn" else stretch.left
                    break
        exits.append((self.state.fork(), self._likely))
        raise _Ended(exits)

    def _exits(self) -> int:
        """In how many states a stretch of operations has been left before its end."""
        return len(self._returned) + sum(len(stretch.left) + len(stretch.continued) for stretch in self._loops)

    def loop(self, loop: op.Loop) -> None:
        """Turns of a loop, one after the other; a block with a label is one turn."""
        stretch = _Stretch(loop.label, loop.block, [], [])

        def turns() -> None:
            for turn in loop.turns:
                self._within(partial(self.steps, turn), stretch.continued)

        self._loops.append(stretch)
        try:
            self._within(turns, stretch.left)
        finally:
            self._loops.pop()

    def _rejoin(self, exits: _Exits) -> None:
        for state, likely in exits:
            known = likely is not Likely.UNKNOWN
            self._join_into(state, nominal=likely >= Likely.DRIFT, known=known, sure=known)

    def _go(self, likely: Likely, way: Callable[[], None]) -> _WayOut | None:
        """Go a way; how it is left before its end. Where its own end is less likely than its start, so is all that
        comes behind it, if the fresh state went there."""
        before = self._likely
        entry = self._likely = max(before, likely)
        left: _WayOut | None = None
        try:
            way()
        except (Fails, _Caught, _Ended) as way_out:
            left = way_out
        if likely >= Likely.DRIFT or self._likely == entry:
            self._likely = before
        return left

    def branch(
        self,
        nominal: Callable[[], None],
        others: Sequence[Way],
        *,
        known: bool,
        sure: bool,
        wild: frozenset[Member] = frozenset(),
        leaves: bool = False,
        idle: bool = False,
    ) -> None:
        """Ways from here, then what holds after any of them. ``known``: the fresh state goes the first one; ``leaves``:
        what the others make is remembered; ``idle``: they do nothing, and may well be gone."""
        entry, unsure, here = self.state, self.unsure, self._likely
        certain = known and sure
        forks = [entry.fork() for _ in others]
        exits = self._exits()
        failed = self._go(Likely.UNKNOWN if not known else Likely.CERTAIN if sure else Likely.EXPECTED, nominal)
        first, first_unsure = self.state, self.unsure
        alive: list[tuple[Way, State, bool]] = []
        lost: list[tuple[Way, _WayOut]] = []
        for way, fork in zip(others, forks, strict=True):
            self.state, self.unsure = fork, unsure
            left = self._go(Likely.DRIFT if certain else Likely.UNKNOWN, way.go)
            if left is None:
                alive.append((way, self.state, self.unsure))
            else:
                lost.append((way, left))
        self.obscure |= not unsure and any(doubtful for _, _, doubtful in alive)
        if self._exits() > exits and not certain:
            self._likely = Likely.UNKNOWN  # whether anything comes behind
        if failed is not None and (not alive or (certain and not isinstance(failed, _Ended))):
            self.state = first
            if not isinstance(failed, Fails):
                self._claim_lost(lost, here)
            raise failed
        if failed is None:
            self.state = first
            self.unsure = first_unsure or (not known and any(unsure for _, _, unsure in alive))
            self.unsure |= not certain and any(isinstance(left, Fails) for _, left in lost)
            for _, state, _ in alive:
                self._join_into(state, nominal=True, known=known, sure=sure, wild=wild, leaves=leaves, idle=idle)
            self._claim_lost(lost, here)
            return
        # Only the others come out, and the fresh state may have gone the first one.
        self.state = alive[0][1]
        for _, state, _ in alive[1:]:
            self._join_into(state, nominal=True, known=False, sure=False)
        self.unsure = first_unsure or isinstance(failed, Fails) or any(unsure for _, _, unsure in alive)
        if isinstance(failed, _Ended) and certain and self._likely is Likely.CERTAIN:
            self._left = tuple(cause for way, _, _ in alive for cause in way.causes())
        if not isinstance(failed, Fails):
            self._claim_lost(lost, here)
        self._likely = max(self._likely, Likely.DRIFT if known else Likely.EXPECTED)

    def _claim_lost(self, lost: list[tuple[Way, _WayOut]], likely: Likely) -> None:
        """Claim what ends the ways of drifted states, which branched off where the fresh state comes that likely."""
        here, self._likely = self._likely, likely
        for way, left in lost:
            for wanted, fact in way.causes():
                self._lost(self._lacking(wanted, fact), left)
        self._likely = here

    def _join_into(
        self,
        other: State,
        *,
        nominal: bool,
        known: bool,
        sure: bool,
        wild: frozenset[Member] = frozenset(),
        leaves: bool = False,
        idle: bool = False,
    ) -> None:
        doubt = self.doubt("this block may have found the object there already, and then does nothing")
        mine, theirs = (self.state, other) if nominal else (other, self.state)
        self.state = joined(mine, theirs, doubt, known=known, sure=sure, wild=wild, leaves=leaves, idle=idle)

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
        least = min((exit.likely for exit in trap.exits), default=Likely.CERTAIN)
        ways: list[tuple[Likely, State]] = []
        lost: list[tuple[Likely, _WayOut]] = []
        end = Likely.CERTAIN if self._likely is trap.likely else self._likely
        if left is None:
            ways.append((max(end, Likely.DRIFT) if least is Likely.EXPECTED else end, self.state))
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
            left = self._go(Likely.DRIFT, partial(self.attempt, body, handlers))
            if left is None:
                ways.append((Likely.DRIFT, self.state))
            else:
                self._lost(self._lacking(wanted, fact), left)
        if lost:
            likely, left = min(lost, key=lambda way: way[0])
            first = min((likely for likely, _ in ways), default=Likely.UNKNOWN)
            if not ways or (likely is Likely.CERTAIN and first > likely and not isinstance(left, _Ended)):
                raise left
            if likely < first:
                self.unsure |= isinstance(left, Fails)
            self.unsure |= any(likely is Likely.UNKNOWN and isinstance(left, Fails) for likely, left in lost)
        ways.sort(key=lambda way: way[0])
        (first, self.state), *others = ways
        if first >= Likely.DRIFT:
            self._likely = max(self._likely, first)
        for likely, state in others:
            known = Likely.UNKNOWN not in (first, likely)
            self._join_into(state, nominal=True, known=known, sure=first is Likely.CERTAIN)


def _compound(operations: tuple[op.Operation, ...]) -> bool:
    """Whether a statement may fail when it has already changed something."""
    if len(operations) != 1:
        return len(operations) > 1
    only = operations[0]
    return isinstance(only, op.CallProcedure) or bool(getattr(only, "needs", ()) or getattr(only, "invokes", ()))
