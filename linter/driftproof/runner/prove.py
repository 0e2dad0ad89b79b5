"""Proof on a server: each predicted failure in the start state that it names, and the same state with the fix."""

import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from driftproof.diagnostic import Certainty, Diagnostic, Edit
from driftproof.fix.edits import apply, merge, moved
from driftproof.history import History, Migration
from driftproof.runner.execute import pieces_of
from driftproof.runner.snapshot import Snapshot, difference, snapshot
from driftproof.runner.states import NotBuilt, Ran, States, failures

if TYPE_CHECKING:
    from driftproof.runner.platforms import Platform
    from driftproof.runner.server import Server


class Verdict(StrEnum):
    """What the server says of a prediction. ``not reproduced`` is a bug of driftproof's."""

    REPRODUCED = "reproduced"
    NOT_REPRODUCED = "not reproduced"
    NOT_BUILT = "could not be built"


class Proof(msgspec.Struct, frozen=True):
    """One prediction: the verdict with what the server said, and what became of that state with the fix.

    ``fixed`` is None where there is no fix, or the state was not built.
    """

    diagnostic: Diagnostic
    verdict: Verdict
    detail: str
    fixed: bool | None = None
    fixed_detail: str = ""
    seconds: float = 0.0


class FileProof(msgspec.Struct, frozen=True):
    """A migration: whether it runs in a fresh database (``fresh`` says what happens there), its predictions, and what
    differs between the schemas in which a fresh database ends with the fix and without it (None: no fix).

    ``stand_ins`` are the extensions of that database that are not the real ones.
    """

    path: str
    runs: bool
    fresh: str
    proofs: tuple[Proof, ...]
    differences: tuple[str, ...] | None = None
    stand_ins: tuple[str, ...] = ()
    seconds: float = 0.0


def prove(
    history: History,
    diagnostics: Sequence[Diagnostic],
    server: "Server",
    platform: "Platform",
    *,
    unsafe: bool,
    proven: Callable[[], None] = lambda: None,
) -> list[FileProof]:
    """Try the predictions for the named migrations of a history, and their fixes (the unsafe ones too, if so asked).

    ``proven`` is called when something is known of one more prediction, and once more after each file. Raises
    ServerError when the server is lost.
    """
    predicted = [item for item in diagnostics if item.certainty is not None]
    needed_until: dict[int, int] = {}
    for item in predicted:
        index = history.by_path[item.path].index
        for state in (index, item.origin.migration if item.origin is not None else index):
            needed_until[state] = max(index, needed_until.get(state, 0))
    states = States(server, platform, history, set(needed_until))
    files = []
    try:
        for index in sorted(history.named):
            states.reach(index)
            files.append(_File(states, history.migrations[index], predicted, unsafe, proven).proof())
            proven()
            states.release(state for state, until in needed_until.items() if until <= index)
    finally:
        states.close()
    return files


class _File:
    """The proof of one migration."""

    def __init__(
        self,
        states: States,
        migration: Migration,
        diagnostics: Sequence[Diagnostic],
        unsafe: bool,
        proven: Callable[[], None],
    ) -> None:
        self.states = states
        self.migration = migration
        self.proven = proven
        self.diagnostics = [item for item in diagnostics if item.path == migration.path]
        fixes = [item.fix for item in self.diagnostics if item.fix and item.fix.applicability.asked_for(unsafe)]
        self.edits, made = merge(fixes)
        self.made = set(made)
        self.fixed = self._rewritten(apply(migration.source.data, self.edits)) if made else None

    def _rewritten(self, data: bytes) -> Migration:
        return msgspec.structs.replace(self.migration, source=self.migration.source.rewritten(data))

    def proof(self) -> FileProof:
        started = time.perf_counter()
        states, migration = self.states, self.migration
        fresh = states.ran.get(migration.index)
        if fresh is None:
            return FileProof(migration.path, False, "it holds no text", ())
        differences = self._differences() if fresh.ok and self.fixed is not None else None
        certainties = {item.certainty for item in self.diagnostics}
        always = self._failures(self.migration) if Certainty.ALWAYS in certainties else {}
        again: dict[int, str] = {}
        again_fixed: dict[int, str] = {}
        if Certainty.RERUN in certainties and fresh.ok:
            again = self._failures(self.migration, after=self.migration)
            again_fixed = self._failures(self.fixed, after=self.fixed) if self.fixed is not None else {}
        return FileProof(
            migration.path,
            fresh.ok,
            fresh.says(),
            tuple(self._timed(item, always, again, again_fixed) for item in self.diagnostics),
            differences,
            states.stand_ins,
            time.perf_counter() - started,
        )

    def _timed(
        self, item: Diagnostic, always: dict[int, str], again: dict[int, str], again_fixed: dict[int, str]
    ) -> Proof:
        started = time.perf_counter()
        proof = self._proof(item, always, again, again_fixed)
        self.proven()
        return msgspec.structs.replace(proof, seconds=time.perf_counter() - started)

    def _proof(
        self, item: Diagnostic, always: dict[int, str], again: dict[int, str], again_fixed: dict[int, str]
    ) -> Proof:
        if item.certainty is Certainty.DRIFT:
            return self._drift_proof(item)
        if item.certainty is Certainty.ALWAYS:
            return self._alone_proof(item, always)
        fresh = self.states.ran[self.migration.index]
        if not fresh.ok:
            return Proof(item, Verdict.NOT_BUILT, f"the file does not run in a fresh database: {fresh.says()}")
        proof = self._alone_proof(item, again)
        if self.fixed is None or item.fix not in self.made:
            return proof
        said = again_fixed.get(self._index_with_fix(item))
        return msgspec.structs.replace(
            proof, fixed=said is None, fixed_detail="it runs" if said is None else f"it fails: {said}"
        )

    def _index_with_fix(self, item: Diagnostic) -> int:
        """The index that a diagnostic's statement has in the fixed file, where a block may stand around it."""
        assert self.fixed is not None
        assert item.statement is not None
        at = moved(item.statement.start.offset, self.edits)
        return next(piece.index for piece in pieces_of(self.fixed) if piece.start <= at < piece.end)

    def _differences(self) -> tuple[str, ...]:
        """What the fix changes in the schema that a fresh database ends in."""
        assert self.fixed is not None
        before, after = self._ends_in(self.migration), self._ends_in(self.fixed)
        if isinstance(before, str) or isinstance(after, str):
            return (f"with the fix, {after}",)
        return tuple(difference(before, after))

    def _ends_in(self, migration: Migration) -> Snapshot | str:
        """The schema that a fresh database ends in; or what the server said, if the file does not run."""
        database = self.states.fresh(self.migration)
        try:
            ran = self.states.run(database, migration)
            if not ran.ok:
                return ran.says()
            with self.states.server.connect(database) as connection:
                return snapshot(connection)
        finally:
            self.states.server.drop_database(database)

    def _failures(self, migration: Migration, after: Migration | None = None) -> dict[int, str]:
        """What fails statement by statement in the fresh state, or in the one that ``after`` leaves there."""
        database = self.states.fresh(self.migration)
        try:
            if after is not None:
                self.states.run(database, after)
            with self.states.server.connect(database) as connection:
                return failures(connection, migration)
        finally:
            self.states.server.drop_database(database)

    def _alone_proof(self, item: Diagnostic, observed: dict[int, str]) -> Proof:
        assert item.statement is not None
        said = observed.get(item.statement.index)
        if said == item.sqlstate:
            return Proof(item, Verdict.REPRODUCED, f"statement {item.statement.index + 1} fails: {said}")
        return Proof(item, Verdict.NOT_REPRODUCED, "it runs" if said is None else f"it fails, but with {said}")

    def _drift_proof(self, item: Diagnostic) -> Proof:
        assert item.statement is not None
        if item.object is None or item.origin is None:
            return Proof(item, Verdict.NOT_BUILT, "no statement is known to leave it in doubt")
        try:
            ran, shift = self._drift(item, self.migration)
        except NotBuilt as reason:
            return Proof(item, Verdict.NOT_BUILT, str(reason))
        failed = None if ran.statement is None else ran.statement - shift
        if shift and failed is not None and failed < item.origin.statement:
            return Proof(item, Verdict.NOT_BUILT, f"the start state can't be made: {ran.says()}")
        if failed != item.statement.index or ran.outcome.sqlstate != item.sqlstate:
            if self._fails_anyway(ran):
                return Proof(item, Verdict.NOT_BUILT, f"the file does not run in a fresh database either: {ran.says()}")
            return Proof(item, Verdict.NOT_REPRODUCED, ran.says())
        detail = f"statement {failed + 1} fails: {ran.outcome.sqlstate} {ran.outcome.message}"
        if self.fixed is None or item.fix not in self.made:
            return Proof(item, Verdict.REPRODUCED, detail)
        try:
            again, _ = self._drift(item, self.fixed, self.edits)
        except NotBuilt as reason:
            return Proof(item, Verdict.REPRODUCED, detail, False, str(reason))
        if self._fails_anyway(again):
            return Proof(item, Verdict.REPRODUCED, detail)
        return Proof(item, Verdict.REPRODUCED, detail, again.ok, again.says())

    def _fails_anyway(self, ran: Ran) -> bool:
        """Whether it failed where the file fails in a fresh database: the history starts from what it does not make."""
        return not ran.ok and ran.text == self.states.ran[self.migration.index].text

    def _drift(self, item: Diagnostic, migration: Migration, edits: Sequence[Edit] = ()) -> tuple[Ran, int]:
        """Run the file in the drifted state; the second value is by how much its statements count too high."""
        assert item.object is not None
        assert item.origin is not None
        database, given = self.states.drifted(migration, item.object, item.origin, edits)
        try:
            return self.states.run(database, given), 0 if given is migration else 2
        finally:
            self.states.server.drop_database(database)
