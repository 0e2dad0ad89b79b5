"""A way through a statement: how likely the fresh state goes it, and how it is left before its end."""

from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import NamedTuple

from driftproof.catalog.facts import Doubt, Fact
from driftproof.catalog.failures import Failure
from driftproof.catalog.state import State
from driftproof.objects import Object
from driftproof.statements import operations as op


class Likely(IntEnum):
    """How a way through a statement stands to the fresh state, the likeliest first."""

    CERTAIN = 0  # the fresh state goes this way
    EXPECTED = 1  # it does as far as is known: nothing on it is certain to fail
    DRIFT = 2  # only another state goes it: no claims from it
    UNKNOWN = 3


class Fails(Exception):
    """The statement, or the branch, certainly fails here; ``sqlstate`` is None where nothing is claimed of it.
    ``taken`` is what it makes and finds there already, where a drifted state may lack that; ``refused`` says that
    PostgreSQL takes it in no state like this one, whatever is missing or there already."""

    def __init__(
        self, sqlstate: str | None = None, taken: tuple[Object, Fact] | None = None, *, refused: bool = False
    ) -> None:
        self.sqlstate = sqlstate
        self.taken = taken
        self.refused = refused


class Caught(Exception):
    """An error that a handler of this trap takes."""

    def __init__(self, trap: "Trap") -> None:
        self.trap = trap


class Exit(NamedTuple):
    """The state in which a stretch of operations is left before its end, and how likely that is; ``drifted``: on a way
    that only a drifted state goes, whatever is known of what it does; ``leaving`` is the doubt of what it makes."""

    state: State
    likely: Likely
    drifted: bool
    leaving: Doubt | None


Exits = list[Exit]
"""All such ways out of a stretch of operations."""


class Ended(Exception):
    """RETURN, EXIT or CONTINUE: the rest of that stretch is not run."""

    def __init__(self, exits: Exits) -> None:
        self.exits = exits


class Stretch(NamedTuple):
    """A loop, or a ``block`` with a label, and the states in which EXIT and CONTINUE have left it, or a turn of it."""

    label: str | None
    block: bool
    left: Exits
    continued: Exits


WayOut = Fails | Caught | Ended


class Way(NamedTuple):
    """A way that the fresh state does not go, or may not; ``causes`` is what may be missing where it is gone,
    ``start`` the state in which it is, if that is another one than the fresh state's."""

    go: Callable[[], None]
    causes: Callable[[], Iterable[tuple[Object, Fact]]] = tuple
    start: State | None = None


class Escape(NamedTuple):
    """A way out of a block by an error; ``failure`` is the claim, if only a drifted state goes it."""

    state: State
    handler: op.Handler
    likely: Likely
    failure: Failure | None = None


_NOT_OTHERS = ("P0004", "57014")
"""assert_failure and query_canceled are none of OTHERS. Source: exception_matches_conditions, pl_exec.c."""


class Trap:
    """A block with handlers: the ways out of it that are not its end. ``taken`` is what it made where only a drifted
    state may lack it."""

    def __init__(self, handlers: tuple[op.Handler, ...], entry: State, likely: Likely) -> None:
        self.handlers = handlers
        self.entry = entry
        self.likely = likely
        self.escapes: list[Escape] = []
        self.taken: tuple[Object, Fact] | None = None

    def catch(self, handler: op.Handler, state: State, way: Likely, likely: Likely, failure: Failure | None) -> None:
        """An error on a way inside of the block; how likely it is on that way."""
        inside = Likely.CERTAIN if way is self.likely else way
        self.escapes.append(Escape(state, handler, max(inside, likely), failure if inside < Likely.DRIFT else None))

    def handler(self, sqlstate: str) -> op.Handler | None:
        """The handler that takes an error, unless all it does is to raise it again."""
        for handler in self.handlers:
            classes = (sqlstate, sqlstate[:2] + "000")
            others = not handler.sqlstates and sqlstate not in _NOT_OTHERS
            if others or any(state in classes for state in handler.sqlstates):
                return None if op.Raise(None, meant=True) in handler.body else handler
        return None


NEARNESS = {Likely.CERTAIN: 0, Likely.EXPECTED: 1, Likely.UNKNOWN: 2, Likely.DRIFT: 3}
