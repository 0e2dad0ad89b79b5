"""Proof that one can take away: a reproduced failure as one SQL script for psql and an empty database."""

import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import msgspec

from driftproof.diagnostic import Diagnostic
from driftproof.history import Migration, RunMode
from driftproof.runner.drift import Recipe
from driftproof.runner.execute import execute, pieces_of
from driftproof.runner.platforms import script_of
from driftproof.runner.states import TIMEOUT, States
from driftproof.source import Source
from driftproof.statements.operations import Statement, Transaction
from driftproof.unusable import Unusable

MARK = "-- Written by driftproof prove --witness; it is written anew, do not edit it."


class Witness(msgspec.Struct, frozen=True):
    """The scripts of one diagnostic: one that fails as predicted, and one with the fixed file that runs (None: there
    is no fix). Both were tried."""

    path: str
    code: str
    line: int
    script: str
    fixed: str | None = None


class Steps(msgspec.Struct, frozen=True):
    """What a script does after the history before the migration ``base``: titles and texts, each in a session of its
    own. The statement ``text`` fails at last (None: all of it runs)."""

    base: int
    parts: tuple[tuple[str, str], ...]
    text: str | None = None


def whole(migration: Migration) -> str:
    """A file as its framework runs it, for psql."""
    text = f"{migration.source.sent().text}\n;\n"
    own = any(
        isinstance(step, Transaction)
        for piece in pieces_of(migration)
        if isinstance(piece, Statement)
        for step in piece.operations
    )
    return text if own or migration.run_mode is RunMode.AUTOCOMMIT else f"BEGIN;\n{text}COMMIT;\n"


def alone(migration: Migration, skipped: Collection[int], last: int | None = None) -> str:
    """The statements of a file up to the ``last``, each by itself, without the ``skipped`` ones."""
    texts = []
    for piece in pieces_of(migration):
        if piece.index in skipped or (last is not None and piece.index > last):
            continue
        if not (isinstance(piece, Statement) and any(isinstance(step, Transaction) for step in piece.operations)):
            texts.append(migration.source.sent(piece.start, piece.end).text + ";\n")
    return "".join(texts)


def made(states: States, recipe: Recipe, run: str, text: str | None) -> Steps:
    """The steps to a start state, and the file that is ``run`` there."""
    parts = [("The start state", "".join(f"{statement};\n" for statement in recipe.statements))]
    parts += [(migration.path, _as_replayed(states, migration)) for migration in recipe.between]
    return Steps(recipe.base, (*(part for part in parts if part[1]), (recipe.given.path, run)), text)


def witness(states: States, item: Diagnostic, says: str, steps: Steps, fixed: Steps | None) -> Witness | None:
    """The scripts of a diagnostic; None where the failure can't be shown that way. Tried on a server of ours."""
    line = item.span.start.line
    about = f"-- {item.path}:{line}: {item.code} {item.name}, {item.certainty}: {item.message}"
    script = _script(states, [about, f"-- Expect an error at last: {says}"], steps)
    if not _holds(states, script, steps.text, item.sqlstate):
        return None
    mended = None
    if fixed is not None:
        mended = _script(states, [about, "-- The same with the fixed file. Expect no error."], fixed)
        mended = mended if _holds(states, mended, None, None) else None
    return Witness(item.path, item.code, line, script, mended)


def write(directory: Path, witnesses: Iterable[Witness]) -> None:
    """Write the scripts; files of others are never replaced. Raises Unusable."""
    texts: dict[Path, str] = {}
    for one in witnesses:
        stem = f"{Path(one.path).stem}.{one.code}.{one.line}"
        name, count = stem, 1
        while directory / f"{name}.sql" in texts:
            count += 1
            name = f"{stem}-{count}"
        texts[directory / f"{name}.sql"] = one.script
        if one.fixed is not None:
            texts[directory / f"{name}.fixed.sql"] = one.fixed
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for path in texts:
            if path.exists() and not path.read_bytes().startswith(MARK.encode()):
                raise Unusable(f"{path} is there already, and not of driftproof's writing")
        for path, text in texts.items():
            beside = path.with_name(f".driftproof-{os.urandom(6).hex()}.tmp")
            beside.write_text(text, encoding="utf-8", newline="")
            beside.replace(path)
    except OSError as error:
        raise Unusable(f"cannot write {error.filename or directory}: {error.strerror or error}") from None


def _script(states: States, about: Sequence[str], steps: Steps) -> str:
    settings = "".join(f"SET {name} = {value};\n" for name, value in states.settings)
    session = f"DISCARD ALL;\nSET client_encoding = 'UTF8';\n{settings}"
    platform = script_of(states.history.framework.platform)
    parts = [("What the platform has", f"{platform}\n;\n")] if platform else []
    parts += [(old.path, _as_replayed(states, old)) for old in states.history.migrations[: steps.base]]
    body = "".join(f"\n-- == {title}\n{session}{text}" for title, text in (*parts, *steps.parts))
    head = [MARK, *(" ".join(line.split()) for line in about)]
    usage = "-- Run it on an empty database, as a superuser: psql -X -v ON_ERROR_STOP=1 -f THIS_FILE DATABASE"
    return "\n".join([*head, usage, body])


def _as_replayed(states: States, migration: Migration) -> str:
    """A migration of the history, without what does not run from scratch."""
    if (failing := states.fail.get(migration.index)) is not None:
        return alone(migration, failing)
    return whole(migration)


def _holds(states: States, script: str, text: str | None, sqlstate: str | None) -> bool:
    """Whether a script does what it says, statement by statement as psql runs it. On a server that is not ours that
    can't be tried, for it has its roles already."""
    if not states.server.embedded:
        return True
    migration = Migration(0, Source("witness.sql", script.encode()), "0", RunMode.AUTOCOMMIT)
    with states.empty() as database, states.server.connect(database, TIMEOUT) as connection:
        outcome = execute(connection, migration)
    if outcome.ok or text is None:
        return outcome.ok and text is None
    piece = next((piece for piece in pieces_of(migration) if piece.index == outcome.statement), None)
    written = "" if piece is None else script.encode()[piece.start : piece.end].decode()
    return outcome.sqlstate == sqlstate and written == text
