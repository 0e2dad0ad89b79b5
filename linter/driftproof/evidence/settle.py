"""What snapshots say of doubts: settled where every database is certain to pass, real where one is certain to fail."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from driftproof.catalog import Fact, Interpreter, State
from driftproof.diagnostic import Because, Certainty, Diagnostic, Severity
from driftproof.evidence.enter import UNSEEN, enter
from driftproof.history import History, Migration
from driftproof.history.evidence import Evidence, written
from driftproof.objects import NOT_IN_A_SCHEMA, UNDEFINED, Object
from driftproof.statements.operations import Statement
from driftproof.statements.walk import rolls_back

_NO_KEY = ("42830", "42P10")
"""What a foreign key and an ON CONFLICT raise without the key that they need."""

Read = Mapping[int, tuple[Statement, ...]]
"""The statements of migrations by their index in the history."""


def pending(migrations: Sequence[Migration], evidence: Evidence) -> tuple[Migration, ...]:
    """The migrations that a database has not run; all, where nothing there keeps account. Of two with one version, a
    row of the bookkeeping means the first."""
    applied = Counter(evidence.applied)
    found = []
    for migration in migrations:
        if applied[migration.version]:
            applied[migration.version] -= 1
        else:
            found.append(migration)
    return tuple(found)


def ahead(run: Interpreter, migrations: Sequence[Migration], read: Read) -> Iterator[tuple[Migration, Statement]]:
    """The statements of migrations one after the other; the caller looks at the state before each, and runs it."""
    for migration in migrations:
        statements = read[migration.index]
        run.start_file(migration.index, migration.path, rolls_back=rolls_back(statements))
        for statement in statements:
            yield migration, statement


def settle(
    history: History, diagnostics: Sequence[Diagnostic], read: Read, severities: Mapping[str, Severity]
) -> list[Diagnostic]:
    """The diagnostics without the doubts that the snapshots of a history settle. What they show to be real is of its
    rule's own severity, whoever left the doubt, and says where."""
    found = []
    verdicts = [_verdicts(history, diagnostics, read, evidence) for evidence in history.snapshots]
    for at, diagnostic in enumerate(diagnostics):
        said = [verdict.get(at) for verdict in verdicts]
        failing = [evidence for evidence, fails in zip(history.snapshots, said, strict=True) if fails]
        if failing:
            found.append(_real(diagnostic, failing, severities))
        elif diagnostic.certainty is not Certainty.DRIFT or not all(fails is False for fails in said):
            found.append(diagnostic)
    return found


def _verdicts(
    history: History, diagnostics: Sequence[Diagnostic], read: Read, evidence: Evidence
) -> dict[int, bool | None]:
    """Of each doubt, by its place among the diagnostics, whether it makes the statement fail in a database: None where
    that is not certain."""
    verdicts: dict[int, bool | None] = {}
    doubts: dict[tuple[int, int], list[int]] = {}
    new = pending(history.migrations[: max(history.named, default=-1) + 1], evidence)
    coming = {migration.index for migration in new}
    for at, item in enumerate(diagnostics):
        if item.certainty is Certainty.DRIFT and item.statement is not None and item.object is not None:
            migration = history.by_path[item.path].index
            verdicts[at] = None if migration in coming else False  # it ran there
            doubts.setdefault((migration, item.statement.index), []).append(at)
    if not any(verdict is None for verdict in verdicts.values()):
        return verdicts
    run = enter(evidence, history.framework.platform)
    for coming_up, statement in ahead(run, new, read):
        asked = doubts.get((coming_up.index, statement.index), ())
        there = {at: _there(run.state, diagnostics[at]) for at in asked}
        certain = [item for item in run.run(statement, lambda: 1) if item.certainty is Certainty.ALWAYS]
        for at in asked:
            # A key that is missing is called by the columns that it should have.
            so = there[at] is False and any(item.sqlstate == diagnostics[at].sqlstate for item in certain)
            if so or any(item.object == diagnostics[at].object for item in certain):
                verdicts[at] = True
            elif there[at] or not (run.failed or run.unsure):
                verdicts[at] = False
    return verdicts


def _there(state: State, diagnostic: Diagnostic) -> bool | None:
    """Whether what a statement is missing in other databases is there; None where that is not certain."""
    wanted = diagnostic.object
    if wanted is None or wanted.kind in UNSEEN:
        return None
    fact = fact_of(state, wanted)
    if fact is None or not fact.sure:
        return None
    if fact.nominal and diagnostic.sqlstate not in (UNDEFINED[wanted.kind], *_NO_KEY):
        return None  # it is not its absence, or not that alone, that makes the statement fail
    return fact.nominal


def fact_of(state: State, wanted: Object) -> Fact | None:
    """What a state knows of an object; None: nothing."""
    schema = wanted.schema or "public"
    if wanted.kind in ("relation", "sequence", "index"):
        relation = state.relations.get((schema, wanted.name))
        return relation.fact if relation is not None else None
    if wanted.relation is not None:
        owner = (state.types if wanted.kind == "enum-label" else state.relations).get((schema, wanted.relation))
        return owner.member(wanted.kind, wanted.name) if owner is not None else None
    if wanted.kind == "type":
        type_ = state.types.get((schema, wanted.name))
        return type_.fact if type_ is not None else None
    if wanted.kind == "function":
        routine = state.routine((schema, wanted.name), wanted.arguments)
        return routine.fact if routine is not None else None
    return state.objects.get((wanted.kind, None if wanted.kind in NOT_IN_A_SCHEMA else schema, wanted.name))


def _real(diagnostic: Diagnostic, failing: Sequence[Evidence], severities: Mapping[str, Severity]) -> Diagnostic:
    because = tuple(
        Because(item.path, _line(item, diagnostic.object), f"{item.database} is without it (taken {item.taken})")
        for item in failing
    )
    return msgspec.structs.replace(
        diagnostic,
        severity=severities.get(diagnostic.code, diagnostic.severity),
        because=(*diagnostic.because, *because),
        confirmed=tuple(item.database for item in failing),
    )


def _line(evidence: Evidence, wanted: Object | None) -> int:
    """The line of a snapshot that tells of an object's relation; the first one, where none does."""
    names = [] if wanted is None or wanted.relation is None else [f" {wanted.schema or 'public'}.{wanted.relation}"]
    for number, line in enumerate(written(evidence).decode().splitlines(), start=1):
        if any(f'{name}": {{"' in line and not line.startswith('"column') for name in names):
            return number
    return 1


def notes(history: History) -> Iterator[str]:
    """What is to be said of the snapshots themselves: how far behind the migrations they are."""
    versions = {migration.version for migration in history.migrations}
    for evidence in history.snapshots:
        if evidence.applied is None:
            yield f"{evidence.path} does not say which migrations {evidence.database} has run: all are held to be new"
            continue
        new = pending(history.migrations, evidence)
        strange = [version for version in evidence.applied if version not in versions]
        if new:
            count = f"{len(new)} of {len(history.migrations)} migrations, from {Path(new[0].path).name} on"
            yield f"{evidence.path} (taken {evidence.taken}) is older than {count}: take it anew when they have run"
        if strange:
            yield f"{evidence.path} has run {strange[-1]}, which is not among these migrations"
