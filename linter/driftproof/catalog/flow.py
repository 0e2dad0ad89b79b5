"""The ways through a statement: which of them the fresh state goes, and what holds after them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import msgspec

from driftproof.catalog.claims import Claims
from driftproof.catalog.entries import Member
from driftproof.catalog.facts import ABSENT, PRESENT, Doubt, Fact, Presence
from driftproof.catalog.merge import joined
from driftproof.catalog.settle import settle
from driftproof.catalog.state import State
from driftproof.catalog.ways import NEARNESS, Caught, Ended, Exit, Exits, Fails, Likely, Stretch, Trap, Way, WayOut
from driftproof.diagnostic import Certainty
from driftproof.objects import Object
from driftproof.statements import operations as op

_NOTHING_LEFT: tuple[tuple[Object, Fact], ...] = ()


class Flow(Claims, ABC):
    """One statement at a time, on every way that a state may take through it.

    ``failures`` are those of the statement that was run last; ``failed`` says whether it certainly fails, with or
    without a prediction, ``sqlstate`` with which SQLSTATE, if that is known; ``refusal`` is that SQLSTATE where the
    reason is none of an object that is missing or there already. ``worlds`` are the states in which drifted ones, by
    what they lack, have come out of the conditions at hand; what else is run is not run in them. ``passive`` says that
    the function of a trigger makes nothing, and (True) that nothing comes behind it.
    """

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.failed = False
        self.sqlstate: str | None = None
        self.refusal: str | None = None
        self._returned: Exits = []
        self._left = _NOTHING_LEFT
        self._loops: list[Stretch] = []
        self._drifting = False
        self.worlds: dict[tuple[Object, Fact], State] = {}
        self.passive: bool | None = None

    @abstractmethod
    def steps(self, operations: tuple[op.Operation, ...]) -> None:
        """Run operations in order."""

    def whole(self, operations: tuple[op.Operation, ...]) -> None:
        """Run the operations of a statement: all of them, or, if one certainly fails, none."""
        self.failures = []
        self.failed = False
        self.sqlstate = None
        self.refusal = None
        self.unsure = False
        self.obscure = set()
        self.blind = False
        self.worlds = {}
        self._likely = Likely.CERTAIN
        self._drifting, self._leaving = False, None
        self.state.touched = set()
        before = self.state.fork() if _compound(operations) else None
        try:
            self.body(operations)
        except Fails as failed:
            self.failed, self.sqlstate = True, failed.sqlstate
            self.refusal = failed.sqlstate if failed.refused and not self.unsure else None
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

    def _within(self, way: Callable[[], None], exits: Exits) -> None:
        """Go a way that may be left before its end, as ``exits`` then say; what holds after it, however it was left."""
        here, outside, behind = self._likely, self._exits(), self._left
        drifting, unsure = self._drifting, self.unsure
        ends: list[Likely] = []
        try:
            way()
            if not exits and self._likely is here:  # one way through, as nearly always
                return
            ends.append(self._likely)
        except (Ended, Caught) as end:
            if isinstance(end, Caught) or end.exits is not exits:  # more is left than this
                if not exits:
                    raise
                self.state = min(exits, key=lambda left: NEARNESS[left.likely]).state
            if isinstance(end, Caught):
                self._lose_left(end, here)
        except Fails as failed:
            others = [left for left in exits if left.drifted is drifting]
            if not others:
                raise
            # It fails only where the fresh state does not come.
            self.state = min(others, key=lambda left: NEARNESS[left.likely]).state
            unseen = self.unsure and not unsure  # it may fail with another error before
            self.unsure |= not self._left
            self._lose_left(Fails() if unseen else failed, here)
            self._likely = here
        exits.sort(key=lambda left: NEARNESS[left.likely])  # what the fresh state has comes before what others lack
        self._rejoin(exits)
        ends.extend(left.likely if left.drifted is drifting else Likely.DRIFT for left in exits)
        exits.clear()
        likely = min(ends, key=NEARNESS.__getitem__)
        if likely is Likely.UNKNOWN and self._exits() == outside:
            likely = here  # of ways that the fresh state may go or not, it goes one
        self._likely, self._left = max(here, likely), behind

    def _lose_left(self, left: WayOut, likely: Likely) -> None:
        """What only drifted states have gone on with has no end, where the fresh state came that likely."""
        self._claim_lost([(Way(lambda: None, lambda: self._left), left)], likely)

    def _go_without(self, taken: Object, fact: Fact, operations: tuple[op.Operation, ...], failed: Fails) -> None:
        """The statement fails because it makes what is there, but for a drifted state that lacks that: if it runs
        there, all states have it afterwards."""
        entry, there = self.state, self.state.fork()
        self.state = entry.fork()
        settle(self.state, taken, ABSENT)
        left = self._go(Likely.DRIFT, partial(self.body, operations))
        if left is None:
            settle(there, taken, PRESENT)
            self._join_into(there, nominal=False, known=True, sure=True, leaving=_leaving([(taken, fact)]))
            return
        self.state = entry
        if not isinstance(left, Fails) or left.sqlstate != failed.sqlstate:
            self._lost(self._lacking(taken, fact), left)

    def ends(self, leaves: str, label: str | None) -> None:
        """RETURN; EXIT and CONTINUE, of the block or the loop with that label, or of the innermost loop."""
        exits = self._returned
        if leaves != "block":
            for stretch in reversed(self._loops):
                if stretch.label == label if label is not None else not stretch.block:
                    exits = stretch.continued if leaves == "turn" else stretch.left
                    break
        exits.append(Exit(self.state.fork(), self._likely, self._drifting, self._leaving))
        raise Ended(exits)

    def may_have_ended(self) -> None:
        """Whether the fresh state comes further is not known."""
        self._likely = max(self._likely, Likely.UNKNOWN)

    def passes_by(self) -> bool:
        """Whether nothing is kept of what the function of a trigger may do or not: it makes nothing, and that it may
        fail is known already, or the last that comes of the statement."""
        return self.passive is not None and (self.passive or (self.unsure and not self._traps))

    def _exits(self) -> int:
        """In how many states a stretch of operations has been left before its end."""
        return len(self._returned) + sum(len(stretch.left) + len(stretch.continued) for stretch in self._loops)

    def loop(self, loop: op.Loop) -> None:
        """Turns of a loop, one after the other; a block with a label is one turn."""
        stretch = Stretch(loop.label, loop.block, [], [])

        def turns() -> None:
            for turn in loop.turns:
                self._within(partial(self.steps, turn), stretch.continued)

        self._loops.append(stretch)
        try:
            self._within(turns, stretch.left)
        finally:
            self._loops.pop()

    def _rejoin(self, exits: Exits) -> None:
        for state, likely, _, leaving in exits:
            known = likely is not Likely.UNKNOWN
            self._join_into(state, nominal=likely >= Likely.DRIFT, known=known, sure=known, leaving=leaving)

    def _go(self, likely: Likely, way: Callable[[], None]) -> WayOut | None:
        """Go a way; how it is left before its end. Where its own end is less likely than its start, so is all that
        comes behind it, if the fresh state went there. What a drifted state fails at, it may not come to: it may have
        left, or failed unseen."""
        before, drifting, unsure = self._likely, self._drifting, self.unsure
        entry = self._likely = max(before, likely)
        self._drifting = drifting or likely is Likely.DRIFT
        left: WayOut | None = None
        try:
            way()
        except (Fails, Caught, Ended) as way_out:
            unseen = self._likely > entry or (self.unsure and not unsure)
            left = Fails() if unseen and likely >= Likely.DRIFT and isinstance(way_out, Fails) else way_out
        self._drifting = drifting
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
        idle: bool = False,
    ) -> None:
        """Ways from here, then what holds after any of them. ``known``: the fresh state goes the first one; ``idle``:
        the others do nothing, and may well be gone."""
        entry, unsure, here, outer = self.state, self.unsure, self._likely, self._leaving
        certain = known and sure
        forks = [(way.start or entry).fork() for way in others]
        exits = self._exits()
        failed = self._go(Likely.UNKNOWN if not known else Likely.CERTAIN if sure else Likely.EXPECTED, nominal)
        first, first_unsure = self.state, self.unsure
        self.worlds = {}
        alive: list[tuple[Way, State, bool]] = []
        lost: list[tuple[Way, WayOut]] = []
        for way, fork in zip(others, forks, strict=True):
            self.state, self.unsure = fork, unsure
            self._leaving = outer or _leaving(way.causes())
            left = self._go(Likely.DRIFT if certain else Likely.UNKNOWN, way.go)
            if left is None:
                alive.append((way, self.state, self.unsure))
            else:
                lost.append((way, left))
        self._leaving = outer
        if not unsure:
            for way in (way for way, _, doubtful in alive if doubtful):
                doubts = [fact.doubt for _, fact in way.causes()] or [None]
                self.obscure.update(doubt.origin if doubt is not None else None for doubt in doubts)
        if self._exits() > exits and not certain:
            self._likely = Likely.UNKNOWN  # whether anything comes behind
        twice = certain and here is Likely.DRIFT  # no state drifts twice
        if failed is not None and (not alive or twice or (certain and not isinstance(failed, Ended))):
            self.state, self.unsure = first, first_unsure
            self.unsure |= not certain and any(isinstance(left, Fails) for _, left in lost)
            if not isinstance(failed, Fails):
                self._claim_lost(lost, here)
            raise failed
        if failed is None:
            self.state = first
            self.unsure = first_unsure or (not known and any(unsure for _, _, unsure in alive))
            self.unsure |= not certain and any(isinstance(left, Fails) for _, left in lost)
            for way, state, _ in alive:
                leaving = _leaving(way.causes())
                self._join_into(state, nominal=True, known=known, sure=sure, wild=wild, leaving=leaving, idle=idle)
            self._claim_lost(lost, here)
            self.worlds = {cause: state for way, state, _ in alive for cause in way.causes()}
            return
        # Only the others come out, and the fresh state may have gone the first one.
        self.state = alive[0][1]
        for _, state, _ in alive[1:]:
            self._join_into(state, nominal=True, known=False, sure=False)
        self.unsure = first_unsure or isinstance(failed, Fails) or any(unsure for _, _, unsure in alive)
        if isinstance(failed, Ended) and certain and self._likely is Likely.CERTAIN:
            self._left = tuple(cause for way, _, _ in alive for cause in way.causes())
        if not isinstance(failed, Fails):
            self._claim_lost(lost, here)
        self._likely = max(self._likely, Likely.DRIFT if known else Likely.EXPECTED)

    def where_missing(
        self, wanted: Object, fact: Fact, missing: Callable[[], None], there: Callable[[], None] = lambda: None
    ) -> None:
        """What a statement does ``there``, where the object is in the fresh state, and where a drifted one lacks it.
        What is not sure on that way, which comes to its end, is not sure behind it."""
        doubtful = False

        def lacking() -> None:
            nonlocal doubtful
            missing()
            doubtful = self.unsure

        self.branch(there, [Way(lacking, lambda: ((wanted, fact),))], known=True, sure=fact.sure)
        self.unsure |= doubtful

    def _claim_lost(self, lost: list[tuple[Way, WayOut]], likely: Likely) -> None:
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
        leaving: Doubt | None = None,
        idle: bool = False,
    ) -> None:
        doubt = self.doubt("this block may have found the object there already, and then does nothing")
        mine, theirs = (self.state, other) if nominal else (other, self.state)
        self.state = joined(mine, theirs, doubt, known=known, sure=sure, wild=wild, leaving=leaving, idle=idle)

    def attempt(self, block: op.Try) -> None:
        """A block with EXCEPTION handlers."""
        handlers = block.handlers
        trap = Trap(handlers, self.state.fork(), self._likely)
        self._traps.append(trap)
        left: WayOut | None = None
        try:
            self.steps(block.body)
        except (Fails, Caught, Ended) as way_out:
            left = way_out
        finally:
            self._traps.pop()
        least = min((escape.likely for escape in trap.escapes), default=Likely.CERTAIN)
        ways: list[tuple[Likely, State]] = []
        lost: list[tuple[Likely, WayOut]] = []

        def go(likely: Likely, way: tuple[op.Operation, ...]) -> WayOut | None:
            self._likely = trap.likely
            left = self._go(likely, partial(self.steps, way))
            if left is None:
                ways.append((likely if self._likely is trap.likely else max(likely, self._likely), self.state))
            else:
                lost.append((likely, left))
            return left

        end = Likely.CERTAIN if self._likely is trap.likely else self._likely
        if left is None:
            end = max(end, Likely.DRIFT) if least is Likely.EXPECTED else end
            if not block.behind:
                ways.append((end, self.state))
            else:
                end = max(end, Likely.EXPECTED) if self.unsure else end  # an error may have come, and been taken
                left = go(end, block.behind[0])
                self.unsure |= end >= Likely.DRIFT and isinstance(left, Fails)
        elif not (isinstance(left, Caught) and left.trap is trap):
            if isinstance(left, Fails) and self.unsure:  # another error may come before, and be taken
                end = max(end, Likely.EXPECTED)
                for handler in handlers:
                    trap.catch(handler, self._taken_back(trap, None), trap.likely, Likely.UNKNOWN, None)
            lost.append((end, left))
        self.worlds = {}
        for state, handler, likely, failure in trap.escapes:
            self.state = state
            left = go(likely, (*handler.body, *_behind(block, handler)))
            self.state.error = trap.entry.error
            if failure is None or left is None:
                continue
            again = isinstance(left, Fails) and left.sqlstate == failure.sqlstate and not self.unsure
            if failure.certainty is Certainty.DRIFT or again:
                self._lost(failure, left)
        self._likely = trap.likely
        if trap.taken is not None:  # where that is missing, the block goes on
            wanted, fact = trap.taken
            self.state = trap.entry
            settle(self.state, wanted, Fact(Presence.ABSENT, doubt=fact.doubt))
            left = self._go(Likely.DRIFT, partial(self.attempt, block))
            if left is None:
                ways.append((Likely.DRIFT, self.state))
            else:
                self._lost(self._lacking(wanted, fact), left)
        if lost:
            likely, left = min(lost, key=lambda way: way[0])
            first = min((likely for likely, _ in ways), default=Likely.UNKNOWN)
            raised = not ways or (likely is Likely.CERTAIN and first > likely and not isinstance(left, Ended))
            if likely <= first and not raised:  # of two ways that are as likely it goes one
                self.unsure |= isinstance(left, Fails)
            failing = [way for likely, way in lost if likely is Likely.UNKNOWN and not (raised and way is left)]
            self.unsure |= any(isinstance(way, Fails) for way in failing)
            if raised:
                raise left
        ways.sort(key=lambda way: way[0])
        (first, self.state), *others = ways
        if first >= Likely.DRIFT:
            self._likely = max(self._likely, first)
        for likely, state in others:
            known = Likely.UNKNOWN not in (first, likely)
            self._join_into(state, nominal=True, known=known, sure=first is Likely.CERTAIN)


def _behind(block: op.Try, handler: op.Handler) -> tuple[op.Operation, ...]:
    """What stands behind a block where it is left by one of its handlers, if each way out has its own."""
    ways = zip(block.handlers, block.behind[1:], strict=False)
    return next((steps for one, steps in ways if one is handler), ())


def _leaving(causes: Iterable[tuple[Object, Fact]]) -> Doubt | None:
    """The doubt of what is made only where that is missing."""
    for wanted, fact in causes:
        if fact.doubt is not None:
            return msgspec.structs.replace(fact.doubt, lacks=wanted)
    return None


def _compound(operations: tuple[op.Operation, ...]) -> bool:
    """Whether a statement may fail when it has already changed something."""
    if len(operations) != 1:
        return len(operations) > 1
    only = operations[0]
    if isinstance(only, op.CallProcedure | op.Try):
        return True
    return bool(getattr(only, "needs", ()) or getattr(only, "invokes", ()))
