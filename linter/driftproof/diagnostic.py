"""What a rule says of a statement, and the edits that would cure it: plain data, without any SQL knowledge."""

from enum import StrEnum

import msgspec

from driftproof.objects import Object
from driftproof.source import Position, Span


class Direction(StrEnum):
    """Which ways are asked about: the migrations themselves, their ways back, or both."""

    UP = "up"
    DOWN = "down"
    BOTH = "both"


class Severity(StrEnum):
    """How much a diagnostic matters; ordered by ``rank``."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 for info, 1 for warning, 2 for error."""
        return ("info", "warning", "error").index(self)


class Certainty(StrEnum):
    """In which start states a predicted failure happens."""

    ALWAYS = "always"
    DRIFT = "drift"
    RERUN = "rerun"


class Applicability(StrEnum):
    """What a fix promises: ``safe`` keeps every state that ran, ``unsafe`` needs a yes, the third is only shown."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    DISPLAY = "display-only"

    def asked_for(self, unsafe: bool) -> bool:
        """Whether a fix of this kind is made; ``unsafe``: the unsafe ones are asked for too."""
        return self is Applicability.SAFE or (unsafe and self is Applicability.UNSAFE)


class Edit(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Replace the bytes from ``start`` up to ``end`` by ``text``.

    Several insertions at one place stand in the order of ``order``; an edit that several fixes share is made once.
    """

    start: int
    end: int
    text: str
    order: int = 0


class Fix(msgspec.Struct, frozen=True, gc=False):
    """Edits on the original bytes that belong together; none or all of them are applied."""

    title: str
    applicability: Applicability
    edits: tuple[Edit, ...]


class Because(msgspec.Struct, frozen=True, gc=False):
    """A statement, elsewhere perhaps, that is the reason of a diagnostic."""

    path: str
    line: int
    message: str


class Place(msgspec.Struct, frozen=True, gc=False):
    """A statement by its migration's place in the history and its own index in the migration, both from 0."""

    migration: int
    statement: int


class StatementSpan(msgspec.Struct, frozen=True, gc=False):
    """Where a statement stands; ``index`` counts the statements of the file's up part from 0."""

    index: int
    start: Position
    end: Position


class Diagnostic(msgspec.Struct, frozen=True, gc=False):
    """One finding, in a migration or in its way back (``direction``). ``origin`` is the statement that left the object
    in doubt, for those who build that start state; ``confirmed`` are the databases whose snapshots show that the doubt
    is real."""

    code: str
    name: str
    severity: Severity
    certainty: Certainty | None
    sqlstate: str | None
    path: str
    span: Span
    statement: StatementSpan | None
    object: Object | None
    message: str
    because: tuple[Because, ...] = ()
    fix: Fix | None = None
    help: str | None = None
    origin: Place | None = None
    confirmed: tuple[str, ...] = ()
    direction: Direction = Direction.UP
