"""What a statement needs where it stands on its way: which failures are claimed, and which a block takes."""

from collections.abc import Callable

import msgspec

from driftproof.catalog.facts import ABSENT, ASSUMED, GONE, PRESENT, UNKNOWN, Doubt, Fact, Presence
from driftproof.catalog.failures import Failure
from driftproof.catalog.settle import known, settle
from driftproof.catalog.state import Error, State
from driftproof.catalog.ways import Caught, Fails, Likely, Trap, WayOut
from driftproof.diagnostic import Because, Certainty, Place
from driftproof.objects import DUPLICATE, UNDEFINED, Object
from driftproof.statements import operations as op


class Claims:
    """What is found of one statement, at the place at hand.

    ``failures`` holds its predicted failures. ``unsure`` says that something before the place at hand may fail unseen,
    ``obscure`` are the statements that left the doubts in whose drifted states it may (None: in any), ``blind`` says
    that it does something of which nothing is known.
    ``incomplete`` is the first migration that needs what the history never made; ``complete`` says that all that is
    there is known, so that this fails for certain.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self.failures: list[Failure] = []
        self.unsure = False
        self.obscure: set[Place | None] = set()
        self.incomplete: int | None = None
        self.complete = False
        self.place = Place(0, 0)
        self.since: int | None = None
        self.path = ""
        self.line: Callable[[], int] = lambda: 1
        self._likely = Likely.CERTAIN
        self._second = False
        self.blind = False
        self._traps: list[Trap] = []
        self._leaving: Doubt | None = None

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
            self.state.proved |= {wanted}
            return
        self.blind |= fact.presence is Presence.UNKNOWN
        certain = fact.presence is Presence.ABSENT and self._certain(fact)
        self._may_fail(wanted, True, sqlstate, Certainty.ALWAYS if certain else None, fact, at)
        self.unsure = True
        if fact.presence is Presence.ABSENT and fact.sure and self.comes_out(sqlstate):
            raise Fails  # here, if not before
        prove(ASSUMED)

    def forbid(self, wanted: Object, fact: Fact, *, at: int = -1, sqlstate: str | None = None) -> None:
        """The statement makes the object: a failure where it is there already."""
        there = fact.presence in (Presence.PRESENT, Presence.MAYBE)
        self.blind |= fact.presence is Presence.UNKNOWN
        certain = there and self._certain(fact)
        sqlstate = sqlstate or DUPLICATE[wanted.kind]
        self._may_fail(wanted, False, sqlstate, Certainty.ALWAYS if certain else None, fact, at)
        if fact.presence is not Presence.ABSENT:
            self.unsure = True
            if fact.presence is Presence.PRESENT and fact.sure and self.comes_out(sqlstate):
                raise Fails
        elif fact.doubt is not None and fact.doubt.lacks is not None:
            self._may_be_left(fact, fact.doubt, fact.doubt.lacks, sqlstate)

    def _may_be_left(self, fact: Fact, doubt: Doubt, lacked: Object, sqlstate: str) -> None:
        """What the statement makes is there already in the drifted state that lacked something, if that still does."""
        now = known(self.state, lacked)
        if not (self.comes_out(sqlstate) and fact.sure) or self._likely >= Likely.DRIFT:
            self.unsure = True
        elif now is not None and now.presence is Presence.MAYBE and now.doubt and now.doubt.origin == doubt.origin:
            self.claim(
                msgspec.structs.replace(self._lacking(lacked, fact), sqlstate=sqlstate, cause=UNDEFINED[lacked.kind])
            )
        else:
            self.obscure.add(doubt.origin)

    def _certain(self, fact: Fact) -> bool:
        """Whether a statement fails for certain for what is known. In a second run what it made is there, even where
        that it came so far was not sure; what may have been taken away since is not known again."""
        return not self.blind if self._second else fact.sure and not self.unsure

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
                self._caught(trap, handler, wanted, missing, sqlstate, fact, failure)
                return
        if failure is None:
            return
        if claimed:
            self.claim(failure)
        if certainty is Certainty.ALWAYS:
            drifts = not missing and fact.presence is Presence.MAYBE and self._likely < Likely.DRIFT
            before = fact.doubt is None or fact.doubt.origin != self.place
            raise Fails(sqlstate, (wanted, fact) if drifts and before else None)

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

    def _lost(self, failure: Failure, left: WayOut | None) -> None:
        """A way that only a drifted state goes, because of that failure, itself fails: so much can be claimed, unless
        an outer block takes the error."""
        comes = self._likely <= Likely.EXPECTED
        if isinstance(left, Caught) and left.trap.escapes[-1].failure is None and comes:
            left.trap.escapes[-1] = left.trap.escapes[-1]._replace(failure=failure)
        if not isinstance(left, Fails):
            return
        if left.sqlstate is None:
            self.obscure.add(failure.origin)
        else:
            cause = failure.sqlstate if failure.sqlstate != left.sqlstate else failure.cause
            self.claim(msgspec.structs.replace(failure, sqlstate=left.sqlstate, cause=cause))

    def _lacking(self, wanted: Object, fact: Fact) -> Failure:
        return self._failure(wanted, True, UNDEFINED[wanted.kind], Certainty.DRIFT, fact)

    def claim(self, failure: Failure) -> None:
        """Claim a failure, if the fresh state comes here."""
        most = Likely.CERTAIN if failure.certainty is Certainty.ALWAYS else Likely.EXPECTED
        if self._likely <= most and not any(_same_drift(failure, other) for other in self.failures):
            self.failures.append(failure)
        self.unsure |= self._likely is Likely.UNKNOWN

    def _caught(
        self,
        trap: Trap,
        handler: op.Handler,
        wanted: Object,
        missing: bool,
        sqlstate: str,
        fact: Fact,
        failure: Failure | None,
    ) -> None:
        certain = failure is not None and failure.certainty is Certainty.ALWAYS
        expected = fact.nominal is (not missing)
        state = self._taken_back(trap, Error(sqlstate, wanted, missing), settled=not expected)
        if certain:
            trap.catch(handler, state, self._likely, Likely.CERTAIN, failure)
            before = known(trap.entry, wanted)
            if fact.presence is Presence.MAYBE and self._likely < Likely.DRIFT and before in (fact, None):
                trap.taken = wanted, fact
            elif self._likely is Likely.UNKNOWN and fact.doubt is not None:
                self.obscure.add(fact.doubt.origin)  # where that is missing, the block goes on, if it came here
            raise Caught(trap)
        if fact.nominal is None:
            likely = Likely.UNKNOWN
        else:
            likely = Likely.DRIFT if fact.nominal is missing else Likely.EXPECTED
        if likely is not Likely.DRIFT or self._likely is not likely:  # no state drifts twice
            trap.catch(handler, state, self._likely, likely, failure)

    def raises(self, sqlstate: str | None, *, meant: bool = False) -> None:
        """An error for another reason than what is missing or there already; None: what was caught is raised again.
        ``meant``: the text itself raises it."""
        error = self.state.error if sqlstate is None else Error(sqlstate)
        if error is None:
            raise Fails
        for trap in reversed(self._traps):
            handler = trap.handler(error.sqlstate)
            if handler is not None:
                trap.catch(handler, self._taken_back(trap, error), self._likely, Likely.CERTAIN, None)
                raise Caught(trap)
        raise Fails(error.sqlstate, refused=not meant)

    def comes_out(self, sqlstate: str) -> bool:
        """Whether no handler takes an error here."""
        return all(trap.handler(sqlstate) is None for trap in self._traps)

    def risks(self, sqlclass: str) -> None:
        """An error of that class, of which nothing else is known, may come here."""
        self.unsure = True
        for trap in reversed(self._traps):
            for handler in trap.handlers:
                if not handler.sqlstates or any(state[:2] == sqlclass for state in handler.sqlstates):
                    trap.catch(handler, self._taken_back(trap, None), self._likely, Likely.UNKNOWN, None)

    def _taken_back(self, trap: Trap, error: Error | None, *, settled: bool = True) -> State:
        """The state of a block's start again, in a handler of that error: with what is known by now to have been there,
        and what is missing missing."""
        state = trap.entry.fork()
        for wanted in self.state.proved - state.proved:
            fact = known(state, wanted)
            if fact is not None and fact.presence is Presence.MAYBE:
                settle(state, wanted, PRESENT)
        lacks = self._leaving.lacks if self._leaving is not None else None
        doubted = known(state, lacks) if lacks is not None else None
        if lacks is not None and doubted is not None and doubted.presence is Presence.MAYBE:
            settle(state, lacks, msgspec.structs.replace(ABSENT, doubt=doubted.doubt))  # else it does not come here
        state.proved = self.state.proved
        state.error = error
        caught = self.state.error if error is not None and error.wanted is None else error
        if caught is None or caught.wanted is None:
            return state
        before = None if settled else known(state, caught.wanted)
        if before is None and not settled and caught.wanted.relation is not None and caught.wanted.kind != "enum-label":
            before = state.unmade(caught.wanted)  # with its relation
        if before is None or before.presence is not (Presence.PRESENT if caught.missing else Presence.ABSENT):
            # else the block itself has made it, or taken it away
            settle(state, caught.wanted, GONE if caught.missing else PRESENT)
        return state


def _same_drift(one: Failure, other: Failure) -> bool:
    """Whether two failures are of one drifted state, in which the first of them ends the statement."""
    if not one.certainty is other.certainty is Certainty.DRIFT or one.origin != other.origin:
        return False
    # What a view or a copy has of a column is missing with that.
    return (one.object.kind, one.object.name) == (other.object.kind, other.object.name)
