"""Start states that no diagnostic names, and that the analysis so calls safe: what fails there, it missed."""

import random
from collections.abc import Iterator, Sequence
from enum import StrEnum

import msgspec

from driftproof.catalog.naming import all_constraints, constraint_names
from driftproof.diagnostic import Certainty, Diagnostic, Place
from driftproof.history import History, Migration
from driftproof.objects import Object, described
from driftproof.reading import Piece
from driftproof.runner.drift import NotBuilt, Recipe, recipes
from driftproof.runner.execute import pieces_of
from driftproof.runner.states import Room, States
from driftproof.statements.operations import AddColumn, Create, CreateIndex, CreateRelation, Statement
from driftproof.statements.walk import flat
from driftproof.suppress import find_ignores
from driftproof.syntax import quote, quote_name

_ROWS = "23"  # the class of SQLSTATEs that depend on what rows hold
# Where a column that a foreign key refers to is in doubt, so is the key: of both one thing is said.
_NO_COLUMN, _NO_KEY = "42703", "42830"
_MINE = 9
"""The number of recipes that are none of `recipes`."""


class Found(StrEnum):
    """What came of a state that no diagnostic names."""

    RUNS = "runs"
    FORESEEN = "foreseen"
    MISSED = "missed"
    EXCUSED = "excused"
    NOT_BUILT = "could not be built"


class Explored(msgspec.Struct, frozen=True):
    """A state in words, and what came of the file there. ``foreseen``: it fails as a diagnostic says of another state;
    ``excused``: the analysis says that it can't know, and ``detail`` why."""

    state: str
    found: Found
    detail: str


class Exploration(msgspec.Struct, frozen=True):
    """How many states of each file are tried, the seed that chooses them, and all that the analysis says of the
    history, second runs and what it can't follow (``unfollowed``, the code of that) among it."""

    count: int
    seed: int
    said: tuple[Diagnostic, ...]
    unfollowed: str


class _Trial(msgspec.Struct, frozen=True):
    """A state in words, and the ways to make it. ``alone``: each statement is tried by itself."""

    state: str
    ways: tuple[Recipe, ...]
    alone: bool = False


def explore(states: States, migration: Migration, exploration: Exploration) -> list[Explored]:
    """Try some of the states that no diagnostic names, of a file that runs in a fresh one. Raises ServerError."""
    said = [item for item in exploration.said if item.path == migration.path]
    trials = list(_trials(states.history, migration, said))
    # The same choice whatever else is proven, and on whichever worker.
    chosen = random.Random(f"{exploration.seed} {migration.path}").sample(
        range(len(trials)), min(exploration.count, len(trials))
    )
    return [_try(states, migration, trials[index], said, exploration.unfollowed) for index in sorted(chosen)]


def needed(history: History, migration: Migration) -> set[int]:
    """The migrations before which the states of `explore` begin."""
    return {migration.index, *(place.migration for place, _, _ in _doubted(history, migration))}


def _try(states: States, migration: Migration, trial: _Trial, said: Sequence[Diagnostic], unfollowed: str) -> Explored:
    reasons: list[str] = []
    for recipe in trial.ways:
        try:
            with Room(states, recipe) as room:
                if trial.alone:
                    failed = room.run_alone(recipe.given)
                else:
                    ran = room.run(recipe.given)
                    if recipe.ahead(ran.statement) and ran.statement is not None:
                        raise NotBuilt(f"the start state can't be made: {ran.says()}")
                    at = recipe.own(ran.statement)
                    failed = {} if ran.ok or at is None else {at: ran.outcome.sqlstate or ""}
        except NotBuilt as reason:
            reasons.append(str(reason))
            continue
        return _judged(trial.state, migration, failed, said, unfollowed)
    return Explored(trial.state, Found.NOT_BUILT, reasons[0] if reasons else "")


def _judged(
    state: str, migration: Migration, failed: dict[int, str], said: Sequence[Diagnostic], unfollowed: str
) -> Explored:
    foreseen = {(item.statement.index, item.sqlstate) for item in said if item.certainty and item.statement}
    foreseen |= {(index, _NO_KEY) for index, sqlstate in foreseen if sqlstate == _NO_COLUMN}
    worst = Explored(state, Found.RUNS, "it runs")
    for index, sqlstate in sorted(failed.items()):
        detail = f"statement {index + 1} fails: {sqlstate}"
        if (index, sqlstate) in foreseen:
            worst = Explored(state, Found.FORESEEN, detail) if worst.found is Found.RUNS else worst
        elif reason := _excuse(migration, index, sqlstate, said, unfollowed):
            worst = Explored(state, Found.EXCUSED, f"{detail}; {reason}")
        else:
            return Explored(state, Found.MISSED, detail)
    return worst


def _excuse(migration: Migration, index: int, sqlstate: str, said: Sequence[Diagnostic], unfollowed: str) -> str | None:
    """Why the analysis says nothing of a failure, by its own word."""
    if sqlstate.startswith(_ROWS):
        return "what rows hold is not known"
    for item in said:
        if item.statement is None or item.statement.index > index or item.certainty is not None:
            continue
        if item.code == unfollowed or item.object is not None:
            return f"{item.code} at line {item.span.start.line}: {item.message}"
    piece = next(piece for piece in pieces_of(migration) if piece.index == index)
    first, last = (migration.source.line_number(at) for at in (piece.start, piece.end))
    for ignore in find_ignores(migration.source):
        if ignore.whole_file or (ignore.line <= last and first <= ignore.last):
            return f"line {ignore.line} says to ignore it"
    return None


# -- the states -------------------------------------------------------------------------------------------------------


def _trials(history: History, migration: Migration, said: Sequence[Diagnostic]) -> Iterator[_Trial]:
    """All states of a file that no diagnostic names, in a fixed order."""
    named = {item.object for item in said if item.certainty is Certainty.DRIFT}
    for place, piece, made in _doubted(history, migration):
        for part in _parts(made):
            if part not in named:
                try:
                    ways = tuple(recipes(history, migration, part, place))
                except NotBuilt:
                    continue
                # What is taken away right before the file may be what a migration between has proven.
                if place.migration != migration.index:
                    ways = tuple(way for way in ways if way.between)
                yield _Trial(f"without {described(part)}", ways)
        if place.migration == migration.index and (bare := _bare(made)):
            yield _Trial(f"{made.name.name} without constraints and defaults", _before(migration, piece, bare))
    for piece in pieces_of(migration):
        for step in flat(piece.operations) if isinstance(piece, Statement) else ():
            if other := _other(step):
                yield _Trial(f"with {other[0]} of another definition", _before(migration, piece, other[1]))
    yield from _runs(migration)
    if beside := tuple(_beside(migration)):
        yield _Trial("with namesakes in another schema", (Recipe(_MINE, migration.index, migration, beside),))


def _doubted(history: History, migration: Migration) -> Iterator[tuple[Place, Piece, CreateRelation]]:
    """The tables that are left as they are where they are there already: those of the file, and those of earlier ones
    that it names. What an earlier migration has made is there as it says."""
    text = migration.source.data
    made: set[str] = set()
    for other in history.migrations[: migration.index + 1]:
        if other is not migration and b"TABLE" not in other.source.data.upper():
            continue
        for piece in pieces_of(other):
            for step in flat(piece.operations) if isinstance(piece, Statement) else ():
                if not isinstance(step, CreateRelation) or step.kind != "table" or step.name.name in made:
                    continue
                made.add(step.name.name)
                if step.if_not_exists and (other is migration or step.name.name.encode() in text):
                    yield Place(other.index, piece.index), piece, step


def _parts(made: CreateRelation) -> Iterator[Object]:
    """The columns and constraints of a table."""
    schema, table = made.name.schema or "public", made.name.name
    for column in made.columns:
        yield Object("column", schema, table, column.name)
    constraints = zip(constraint_names(schema, made), all_constraints(made), strict=True)
    for name, constraint in constraints:
        if constraint.kind != "not null":
            yield Object("constraint", schema, table, name)


def _before(migration: Migration, piece: Piece, statement: str) -> tuple[Recipe, ...]:
    """Ways to have run a statement before the file comes to ``piece``: before all of it, or at that place."""
    first = Recipe(_MINE, migration.index, migration, (statement,))
    data, text = migration.source.data, f"{statement};\n".encode()
    given = migration.source.rewritten(data[: piece.start] + text + data[piece.start :])
    within = msgspec.structs.replace(migration, source=given)
    at = sum(other.end <= piece.start for other in pieces_of(migration))
    return first, Recipe(_MINE, migration.index, within, at=at, within=1, offset=piece.start, length=len(text))


def _bare(made: CreateRelation) -> str | None:
    """The table with the types of its columns alone."""
    if not all(column.spelled for column in made.columns) or made.partitioned or made.parents or made.copies:
        return None
    columns = ", ".join(f"{quote(column.name)} {column.spelled}" for column in made.columns)
    return f"CREATE TABLE {quote_name(made.name)} ({columns})"


def _other(step: object) -> tuple[str, str] | None:
    """What IF NOT EXISTS finds there already, in words, and the statement that makes it otherwise than written."""
    match step:
        case CreateIndex(if_not_exists=True) if step.name is not None:
            return f"index {step.name}", f"CREATE INDEX {quote(step.name)} ON {quote_name(step.table)} ((1))"
        case AddColumn(if_not_exists=True) if step.column.spelled and not step.column.sequence:
            column = f"{quote(step.column.name)} {step.column.spelled}"
            return f"column {step.column.name}", f"ALTER TABLE {quote_name(step.table)} ADD COLUMN {column}"
        case CreateRelation(if_not_exists=True, kind="sequence"):
            return f"sequence {step.name.name}", f"CREATE SEQUENCE {quote_name(step.name)} START 100 INCREMENT 7"
        case Create(if_not_exists=True, kind="schema"):
            return f"schema {step.name.name}", f"CREATE SCHEMA {quote(step.name.name)}"
        case _:
            return None


def _runs(migration: Migration) -> Iterator[_Trial]:
    """The file after itself, whole; or after its beginning, where its run mode keeps that."""
    again = Recipe(_MINE, migration.index, migration, between=(migration,))
    yield _Trial("after a whole run of the file", (again,), alone=True)
    if migration.run_mode.clean_after_failure:
        return
    pieces = pieces_of(migration)
    for count, piece in enumerate(pieces[:-1], 1):
        done = msgspec.structs.replace(migration, source=migration.source.rewritten(migration.source.data[: piece.end]))
        again = Recipe(_MINE, migration.index, migration, between=(done,))
        yield _Trial(f"after the first {count} of {len(pieces)} statements of the file", (again,))


def _beside(migration: Migration) -> Iterator[str]:
    """Tables of the same names, without columns, in a schema that nobody looks into."""
    names = {
        step.name.name: None
        for piece in pieces_of(migration)
        if isinstance(piece, Statement)
        for step in flat(piece.operations)
        if isinstance(step, CreateRelation) and step.kind == "table"
    }
    if names:
        yield "CREATE SCHEMA driftproof_beside"
        yield from (f"CREATE TABLE driftproof_beside.{quote(name)} ()" for name in names)
