"""What came of predictions on a server."""

from enum import StrEnum

import msgspec

from driftproof.diagnostic import Diagnostic, Direction
from driftproof.runner.explore import Explored
from driftproof.runner.witness import Witness


class Verdict(StrEnum):
    """What the server says of a prediction. ``not reproduced`` is a bug of driftproof's."""

    REPRODUCED = "reproduced"
    NOT_REPRODUCED = "not reproduced"
    NOT_BUILT = "could not be built"


class Proof(msgspec.Struct, frozen=True):
    """One prediction: the verdict with what the server said, and what became of that state with the fix.

    ``fixed`` is None where there is no fix, or the state was not built; ``lacks`` is what that state then lacks of the
    schema that a fresh database ends in, or has otherwise (None: that can't be told).
    """

    diagnostic: Diagnostic
    verdict: Verdict
    detail: str
    fixed: bool | None = None
    fixed_detail: str = ""
    lacks: tuple[str, ...] | None = None
    seconds: float = 0.0


class FileProof(msgspec.Struct, frozen=True):
    """A migration: whether it runs in a fresh database (``fresh`` says what happens there), its predictions, and what
    differs between the schemas in which a fresh database ends with the fix and without it (None: no fix).

    ``again`` is what is wrong with a second run of the fixed file: that it fails, or what it changes (None: it is not
    meant to run twice). ``dumped``: schemas were compared by pg_dump too, not only by our own snapshot of the catalogs.
    ``direction`` says whether it is a way back. ``stand_ins`` are the extensions of that database that are not the real
    ones; ``explored`` are states that no diagnostic names, ``witnesses`` scripts that show the failures, if so asked.
    """

    path: str
    runs: bool
    fresh: str
    proofs: tuple[Proof, ...]
    differences: tuple[str, ...] | None = None
    again: tuple[str, ...] | None = None
    dumped: bool = False
    stand_ins: tuple[str, ...] = ()
    explored: tuple[Explored, ...] = ()
    witnesses: tuple[Witness, ...] = ()
    seconds: float = 0.0
    direction: Direction = Direction.UP
