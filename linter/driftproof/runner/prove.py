"""Proof on a server: each predicted failure in the start state that it names, and the same state with the fix."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from driftproof.diagnostic import Certainty, Diagnostic, Direction
from driftproof.fix.apply import FixedFile
from driftproof.history import History, Migration
from driftproof.runner.drift import ComesBack, NotBuilt, Recipe, recipes
from driftproof.runner.ends import End, differences, lacking
from driftproof.runner.execute import pieces_of
from driftproof.runner.explore import Exploration, explore, needed
from driftproof.runner.proofs import FileProof, Proof, Verdict
from driftproof.runner.states import Ran, Room, States
from driftproof.runner.witness import Steps, Witness, alone, made, whole, witness
from driftproof.source import Unreadable

if TYPE_CHECKING:
    from driftproof.runner.platforms import Platform
    from driftproof.runner.server import Server


OF_TRANSACTIONS = ("25001", "25P01", "55006", "55P04")
"""What only the transaction makes a statement fail with: it runs when it is sent alone."""


def prove(
    history: History,
    diagnostics: Sequence[Diagnostic],
    server: "Server",
    platform: "Platform",
    *,
    fixed: Sequence[FixedFile] = (),
    exploration: Exploration | None = None,
    witnesses: bool = False,
    proven: Callable[[], None] = lambda: None,
) -> list[FileProof]:
    """Try the predictions for the named migrations of a history, and what becomes of these states in the ``fixed``
    files; and other states, if so asked.

    ``proven`` is called when something is known of one more prediction, and once more after each file. Raises
    ServerError when the server is lost.
    """
    predicted = [item for item in diagnostics if item.certainty is not None]
    up = [item for item in predicted if item.direction is Direction.UP]
    down = [item for item in predicted if item.direction is Direction.DOWN]
    rewritten = {file.path: file for file in fixed if file.rounds}
    needed_until = {index: index for index in history.named if history.migrations[index].path in rewritten}
    for item in predicted:
        index = history.by_path[item.path].index
        wanted = {index} if item.direction is Direction.UP else set()
        if item.origin is not None and item.origin.migration <= index:
            wanted.add(item.origin.migration)
        for state in wanted:
            needed_until[state] = max(index, needed_until.get(state, 0))
    for index in sorted(history.named) if exploration is not None else ():
        for state in needed(history, history.migrations[index]):
            needed_until[state] = max(index, needed_until.get(state, 0))
    states = States(server, platform, history, set(needed_until))
    files = []
    try:
        for index in sorted(history.named | history.backs):
            migration = history.migrations[index]
            states.reach(index)
            if index in history.named:
                file = _File(states, migration, up, rewritten, exploration, witnesses, proven)
                files.append(file.proof())
                proven()
            if index in history.backs:
                if _does_something(migration.back):
                    with states.behind(migration) as back:
                        files.append(_File(states, back, down, rewritten, None, witnesses, proven).proof())
                proven()
            states.release(state for state, until in needed_until.items() if until <= index)
    finally:
        states.close()
    return files


def _does_something(back: Migration | None) -> bool:
    try:
        return back is not None and bool(pieces_of(back))
    except Unreadable:
        return True


class _File:
    """The proof of one migration."""

    def __init__(
        self,
        states: States,
        migration: Migration,
        diagnostics: Sequence[Diagnostic],
        fixed: Mapping[str, FixedFile],
        exploration: Exploration | None,
        witnesses: bool,
        proven: Callable[[], None],
    ) -> None:
        self.states = states
        self.migration = migration
        self.exploration = exploration
        self.witnesses = witnesses
        self._recipes: dict[int, Recipe] = {}
        # Of states in which the file was run statement by statement: those that failed, without the fix and with it.
        self._in_part: dict[int, Collection[int]] = {}
        self._in_part_fixed: dict[int, Collection[int]] = {}
        self.proven = proven
        self.diagnostics = [item for item in diagnostics if item.path == migration.path]
        self.fix = fixed.get(migration.path)
        self.promised = set(self.fix.promised) if self.fix is not None else set()
        self.fixed = None
        if self.fix is not None:
            self.fixed = msgspec.structs.replace(migration, source=migration.source.rewritten(self.fix.after))
        self.fresh_end: End | None = None
        self.again: tuple[str, ...] | None = None
        self.differences: tuple[str, ...] | None = None
        self._in_second_run: dict[int, str] = {}
        self._in_second_run_fixed: dict[int, str] = {}
        self._ends: list[tuple[int, End]] = []

    def proof(self) -> FileProof:
        """What came of all of it."""
        started = time.perf_counter()
        states, migration = self.states, self.migration
        direction = Direction.DOWN if states.history.is_way_back(migration) else Direction.UP
        fresh = states.ran.get(migration.index)
        if fresh is None:
            return FileProof(migration.path, False, "it holds no text", (), direction=direction)
        if (unknown := self.states.history.framework.unknown(migration)) is not None:
            proofs = [Proof(item, Verdict.NOT_BUILT, unknown) for item in self.diagnostics]
            return FileProof(migration.path, False, unknown, tuple(proofs), direction=direction)
        if self.fixed is not None or any(item.certainty is Certainty.RERUN for item in self.diagnostics):
            self._run_twice()
        proofs = [self._timed(item) for item in self.diagnostics]
        for at, end in self._ends:
            assert self.fresh_end is not None
            proofs[at] = msgspec.structs.replace(proofs[at], lacks=tuple(lacking(self.fresh_end, end)))
        return FileProof(
            migration.path,
            fresh.ok,
            fresh.says(),
            tuple(proofs),
            self.differences,
            self.again,
            self.fresh_end is not None and self.fresh_end.dump is not None,
            states.stand_ins,
            tuple(explore(states, migration, self.exploration)) if fresh.ok and self.exploration is not None else (),
            tuple(filter(None, map(self._witness, range(len(proofs)), proofs))) if self.witnesses else (),
            time.perf_counter() - started,
            direction,
        )

    # -- the fresh state, and second runs -----------------------------------------------------------------------------

    def _run_twice(self) -> None:
        """The fresh state, and the second run over it, without the fix and with it."""
        fresh = self.states.ran[self.migration.index]
        with self.states.copy(self.migration) as database:
            if fresh.ok:
                self.states.run(database, self.migration)
                self.fresh_end = self.states.look(database) if self.fixed is not None else None
            else:
                self.states.run_alone(database, self.migration)
            if self.fixed is not None and fresh.ok:
                self._run_fixed_twice(database)
            else:
                self._in_second_run = self.states.run_alone(database, self.migration)
            if self.fresh_end is not None:
                self.fresh_end.settle()

    def _run_fixed_twice(self, database: str) -> None:
        """``database`` is where the file without the fix has run once."""
        assert self.fixed is not None
        assert self.fresh_end is not None
        with self.states.copy(self.migration) as other:
            ran = self.states.run(other, self.fixed)
            end = self.states.look(other) if ran.ok else None
            self.fresh_end.settle()
            self._in_second_run = self.states.run_alone(database, self.migration)
            if end is None:
                self.differences = (f"with the fix, {ran.says()}",)
                return
            self.differences = tuple(differences(self.fresh_end, end))
            mended = {
                item.statement.index
                for item in self.promised
                if item.certainty is Certainty.RERUN and item.statement is not None
            }
            if self._in_second_run.keys() <= mended:
                again = self.states.run(other, self.fixed)
                if again.ok:
                    changed = differences(end, self.states.look(other))
                    # What it changes without the fix too is no promise that the fix has broken.
                    by_itself = changed and differences(self.fresh_end, self.states.look(database))
                    self.again = None if changed and set(changed) <= set(by_itself) else tuple(changed)
                    return
                self.again = (again.says(),)
            self._in_second_run_fixed = self.states.run_alone(other, self.fixed)

    # -- predictions --------------------------------------------------------------------------------------------------

    def _timed(self, item: Diagnostic) -> Proof:
        started = time.perf_counter()
        assert item.statement is not None
        match item.certainty:
            case _ if item.sqlstate in OF_TRANSACTIONS:
                proof = self._alone_proof(item, self._refused)
            case Certainty.DRIFT:
                proof = self._drift_proof(item)
            case Certainty.ALWAYS:
                proof = self._alone_proof(item, self._alone)
            case _:
                proof = self._rerun_proof(item)
        self.proven()
        return msgspec.structs.replace(proof, seconds=time.perf_counter() - started)

    @cached_property
    def _alone(self) -> dict[int, str]:
        """What fails statement by statement in the fresh state."""
        with self.states.copy(self.migration) as database:
            return self.states.run_alone(database, self.migration)

    @cached_property
    def _refused(self) -> dict[int, str]:
        """What is refused for the transaction that it stands in, when the file is run as its tool runs it.

        A statement that fails hides what comes after it, so it gives way to one that does nothing, and the file runs
        again. Where another file of the batch has begun it, the batch runs from there.
        """
        wanted = [item for item in self.diagnostics if item.sqlstate in OF_TRANSACTIONS]
        left = {item.statement.index for item in wanted if item.statement is not None}
        since = min((item.origin.migration for item in wanted if item.origin is not None), default=self.migration.index)
        found: dict[int, str] = {}
        migration = self.migration
        while left:
            failed = self._failed_first(migration, since)
            if failed is None or failed[0] in found:
                break
            index, sqlstate = failed
            if index in left and sqlstate in OF_TRANSACTIONS:
                found[index] = sqlstate
            left.discard(index)
            piece = next(piece for piece in pieces_of(migration) if piece.index == index)
            data = migration.source.data
            nothing = data[: piece.start] + b"SELECT 1" + data[piece.end :]
            migration = msgspec.structs.replace(migration, source=migration.source.rewritten(nothing))
        return found

    def _failed_first(self, migration: Migration, since: int) -> tuple[int, str] | None:
        """The statement at which a file fails in a fresh database, which has not run the files from ``since`` on."""
        states = self.states
        batch = [*states.history.migrations[since : migration.index], migration]
        with states.copy(states.history.migrations[since]) as database:
            if len(batch) > 1:
                outcomes = states.run_batch(database, batch)
            else:
                outcomes = [states.run(database, migration).outcome]
        statement, sqlstate = outcomes[-1].statement, outcomes[-1].sqlstate
        return None if statement is None or len(outcomes) < len(batch) else (statement, sqlstate or "")

    def _rerun_proof(self, item: Diagnostic) -> Proof:
        assert item.statement is not None
        fresh = self.states.ran[self.migration.index]
        proof = self._alone_proof(item, self._in_second_run)
        if not fresh.ok:
            # Of a file that runs in part, what is done twice fails as predicted; more can't be told.
            if item.statement.index in self._alone or proof.verdict is not Verdict.REPRODUCED:
                return Proof(item, Verdict.NOT_BUILT, f"the file does not run in a fresh database: {fresh.says()}")
            return proof
        if item not in self.promised or (self.differences and self.again is None and not self._in_second_run_fixed):
            return proof
        said = self._in_second_run_fixed.get(self._index_with_fix(item.statement.start.offset))
        return msgspec.structs.replace(
            proof, fixed=said is None, fixed_detail="it runs" if said is None else f"it fails: {said}"
        )

    def _alone_proof(self, item: Diagnostic, observed: dict[int, str]) -> Proof:
        assert item.statement is not None
        said = observed.get(item.statement.index)
        if said == item.sqlstate:
            return Proof(item, Verdict.REPRODUCED, f"statement {item.statement.index + 1} fails: {said}")
        return Proof(item, Verdict.NOT_REPRODUCED, "it runs" if said is None else f"it fails, but with {said}")

    def _index_with_fix(self, offset: int) -> int:
        """The index of the statement of the fixed file that has what stands at that offset without the fix."""
        assert self.fix is not None
        assert self.fixed is not None
        at = self.fix.moved(offset)
        return next(piece.index for piece in pieces_of(self.fixed) if piece.start <= at < piece.end)

    def _drift_proof(self, item: Diagnostic) -> Proof:
        assert item.statement is not None
        if item.object is None or item.origin is None:
            return Proof(item, Verdict.NOT_BUILT, "no statement is known to leave it in doubt")
        reasons: list[str] = []
        comes_back = False
        try:
            for recipe in recipes(self.states.history, self.migration, item.object, item.origin):
                if comes_back and recipe.away:
                    continue
                try:
                    with Room(self.states, recipe) as room:
                        proof = self._drifted(item, recipe, room)
                    self._recipes[self.diagnostics.index(item)] = recipe
                except NotBuilt as failed:
                    comes_back |= isinstance(failed, ComesBack)
                    reasons.append(str(failed))
                    continue
                if proof.verdict is not Verdict.NOT_BUILT:
                    return proof
                reasons.append(proof.detail)
        except NotBuilt as failed:
            reasons.append(str(failed))
        return Proof(item, Verdict.NOT_BUILT, reasons[0])

    def _drifted(self, item: Diagnostic, recipe: Recipe, room: Room) -> Proof:
        """What came of the file in the drifted state."""
        assert item.statement is not None
        ran = room.run(recipe.given)
        if recipe.ahead(ran.statement):
            return self._drifted_in_part(item, recipe, room, ran)
        failed, fresh = recipe.own(ran.statement), self.states.ran[self.migration.index]
        alike = failed == fresh.statement and ran.outcome.message == fresh.outcome.message
        if failed != item.statement.index or ran.outcome.sqlstate != item.sqlstate or alike:
            if not fresh.ok:
                return self._drifted_in_part(item, recipe, room, ran)
            return Proof(item, Verdict.NOT_REPRODUCED, ran.says())
        detail = f"statement {failed + 1} fails: {ran.outcome.sqlstate} {ran.outcome.message}"
        proof = Proof(item, Verdict.REPRODUCED, detail)
        if item not in self.promised:
            return proof
        fixed = self._with_fix(item, recipe)
        again = room.run(fixed.given)
        if again.ok and self.fresh_end is not None:
            self._ends.append((self.diagnostics.index(item), room.end()))
        if not again.ok and not self.states.ran[self.migration.index].ok:
            return self._fixed_in_part(proof, fixed, room)
        return msgspec.structs.replace(proof, fixed=again.ok, fixed_detail=again.says())

    def _drifted_in_part(self, item: Diagnostic, recipe: Recipe, room: Room, ran: Ran) -> Proof:
        """The same, statement by statement: the file does not run in a fresh database either."""
        assert item.statement is not None
        failed = room.run_alone(recipe.given)
        if any(recipe.ahead(index) and recipe.own(index) is None for index in failed):
            raise NotBuilt(f"the start state can't be made: {ran.says()}")
        news = {own: said for index, said in failed.items() if (own := recipe.own(index)) is not None}
        if item.statement.index not in news:
            return Proof(item, Verdict.NOT_REPRODUCED, "it runs, each statement run by itself")
        # What fails in a fresh database too, with whatever SQLSTATE, does not fail for what is missing here.
        new = news.keys() - self._alone.keys()
        if news.get(item.statement.index) != self._alone.get(item.statement.index):
            new |= {item.statement.index}
        first = min(new & news.keys(), default=None)
        if first != item.statement.index or news[first] != item.sqlstate:
            return Proof(item, Verdict.NOT_BUILT, f"the file does not run in a fresh database either: {ran.says()}")
        detail = f"statement {first + 1} fails: {news[first]}, each statement run by itself"
        proof = Proof(item, Verdict.REPRODUCED, detail)
        self._in_part[self.diagnostics.index(item)] = failed.keys()
        return proof if item not in self.promised else self._fixed_in_part(proof, self._with_fix(item, recipe), room)

    def _fixed_in_part(self, proof: Proof, fixed: Recipe, room: Room) -> Proof:
        item = proof.diagnostic
        assert item.statement is not None
        assert self.fix is not None
        failed = room.run_alone(fixed.given)
        self._in_part_fixed[self.diagnostics.index(item)] = failed.keys()
        at = fixed.stands(self.fix.moved(item.statement.start.offset))
        said = next((failed.get(p.index) for p in pieces_of(fixed.given) if p.start <= at < p.end), None)
        if said is not None and item.statement.index in self._alone:
            return proof  # it needs more than the fix gives it, in a fresh database too
        return msgspec.structs.replace(
            proof, fixed=said is None, fixed_detail="it runs" if said is None else f"it fails: {said}"
        )

    def _witness(self, at: int, proof: Proof) -> Witness | None:
        """The scripts that show a reproduced failure; of a file that does not run from scratch, the part that does."""
        item, fresh = proof.diagnostic, self.states.ran[self.migration.index]
        if proof.verdict is not Verdict.REPRODUCED or item.statement is None:
            return None
        piece = next(piece for piece in pieces_of(self.migration) if piece.index == item.statement.index)
        text = self.migration.source.sent(piece.start, piece.end).text
        base, path, fixed = self.migration.index, self.migration.path, None
        if item.certainty is Certainty.ALWAYS:
            steps = Steps(base, ((path, self._up_to(item.statement.index, self._alone)),), text)
        elif item.certainty is Certainty.RERUN:
            first = whole(self.migration) if fresh.ok else alone(self.migration, self._alone)
            again = self._up_to(item.statement.index, self._in_second_run)
            steps = Steps(base, ((path, first), (f"{path} again", again)), text)
            if self.fixed is not None and self.again == ():
                fixed = Steps(base, ((path, whole(self.fixed)), (f"{path} again", whole(self.fixed))))
        else:
            recipe = self._recipes[at]
            run = whole(recipe.given)
            if (failing := self._in_part.get(at)) is not None:
                last = recipe.index(item.statement.index)
                run = alone(recipe.given, set(failing) - {last}, last)
            steps = made(self.states, recipe, run, text)
            if proof.fixed:
                mended = self._with_fix(item, recipe)
                failing = self._in_part_fixed.get(at)
                run = whole(mended.given) if failing is None else alone(mended.given, failing)
                fixed = made(self.states, mended, run, None)
        return witness(self.states, item, proof.detail, steps, fixed)

    def _up_to(self, statement: int, failing: Mapping[int, str]) -> str:
        """The file's statements by themselves up to one that fails, without those that fail before it."""
        return alone(self.migration, failing.keys() - {statement}, statement)

    def _with_fix(self, item: Diagnostic, recipe: Recipe) -> Recipe:
        """The same state for the fixed file."""
        assert self.fix is not None
        assert self.fixed is not None
        assert item.object is not None
        assert item.origin is not None
        same = recipes(self.states.history, self.fixed, item.object, item.origin, self.fix.moved)
        return next(other for other in same if other.number == recipe.number)
