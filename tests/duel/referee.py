"""What PostgreSQL does with a history, what the catalog says that it does, and where the two disagree."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from driftproof.catalog import Interpreter, interpreter
from driftproof.diagnostic import Certainty, Place
from driftproof.statements.operations import CreateRelation, Statement
from driftproof.syntax import parse
from tests.catalog.worlds import columns, without

MODELLED = frozenset(
    {
        *("3F000", "42701", "42702", "42703", "42704", "42710", "42723", "42809", "42830", "42883"),
        *("42P01", "42P06", "42P07", "42P10", "42P13", "42P16", "42712", "42803", "42P20", "2BP01", "22023", "22P02"),
        "P0001",
    }
)
"""The SQLSTATEs whose failures are predicted; a statement that fails with another one is as if it were not there."""

SILENT = "a failure"
"""Said of a statement that fails for what the history never made: no claim, but it has no effects."""

Migrations = Sequence[Sequence[str]]
Codes = list[list[str | None]]
"""For each file and statement the SQLSTATE that it fails with, each by itself; None if it runs."""


@dataclass(frozen=True)
class Disagreement:
    """A statement of which the catalog says one thing and PostgreSQL another; ``world`` is where they do."""

    file: int
    index: int
    sql: str
    said: str | None
    real: str | None
    world: str = ""

    def __str__(self) -> str:
        return f"{self.world}{self.file}.{self.index}: said {self.said}, is {self.real}: {self.sql}"


def replay(connection: Any, migrations: Migrations) -> Codes:
    """Run every statement of a history under a savepoint of its own; nothing is kept."""
    execute = connection.pgconn.exec_
    done = b""  # how the last statement's savepoint ends: sent along with the next one, to save a round trip
    codes: Codes = []
    execute(b"BEGIN")
    try:
        for file in migrations:
            execute(done + b"RESET ALL; DEALLOCATE ALL; DISCARD TEMP")
            done = b""
            codes.append([])
            for sql in file:
                result = execute(done + b"SAVEPOINT s;" + sql.encode())
                code = result.error_field(67)  # PG_DIAG_SQLSTATE
                done = b"RELEASE s;" if code is None else b"ROLLBACK TO s; RELEASE s;"
                codes[-1].append(_told(result, code.decode()) if code is not None else None)
    finally:
        execute(b"ROLLBACK")
    return codes


def _told(result: Any, code: str) -> str:
    """An SQLSTATE; that of an input which is not valid is predicted for labels of enums, and elsewhere where it is
    plain."""
    label = code != "22P02" or b" enum " in result.error_field(77)  # PG_DIAG_MESSAGE_PRIMARY
    return code if label else f"{code} of another type"


def split(text: str) -> Migrations:
    """A history that is written in one line, ``||`` between its files."""
    return [statements_of(file) for file in text.split("||")]


def statements_of(file: str) -> list[str]:
    """The statements of a file."""
    data = file.encode()
    return [data[statement.start : statement.end].decode() for statement in parse(file).statements]


def read(file: Sequence[str]) -> tuple[Statement, ...]:
    """The statements of a file, one for each of its texts."""
    parsed = parse("".join(f"{sql};\n" for sql in file))
    assert not parsed.failures, parsed.failures
    assert len(parsed.statements) == len(file)
    return parsed.statements


def smooth(migrations: Migrations, codes: Codes) -> Migrations:
    """A history without the statements that fail, and with a guard at every CREATE TABLE: it runs as before."""
    kept = (
        [
            sql.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS") if _bare(sql) else sql
            for sql, code in pairs
            if not code
        ]
        for pairs in map(zip, migrations, codes)
    )
    return [file for file in kept if file]


def _bare(sql: str) -> bool:
    return sql.startswith("CREATE TABLE ") and not sql.startswith("CREATE TABLE IF NOT EXISTS")


def disagreements(migrations: Migrations, codes: Codes, doubts: list[str] | None = None) -> list[Disagreement]:
    """Where what is claimed to fail always is not what failed, and where what failed was not claimed.

    What the catalog says that it can't know is not held against it; ``doubts`` collects the SQLSTATEs of such failures.
    """
    run = interpreter(None)
    found: list[Disagreement] = []
    for file, texts in enumerate(migrations):
        run.start_file(file, f"{file}.sql", rolls_back=False)
        found += _each(run, texts, codes[file], doubts, "")
    return found


def repeated(connection: Any, migrations: Migrations) -> list[Disagreement]:
    """The same of the second run of the last file of a history that runs through."""
    if not migrations:
        return []
    *_, codes = replay(connection, [*migrations, migrations[-1]])
    run = interpreter(None)
    for file, texts in enumerate(migrations):
        run.start_file(file, f"{file}.sql", rolls_back=False)
        for statement in read(texts):
            run.run(statement, lambda: 1)
    with run.again():
        return list(_each(run, migrations[-1], codes, None, "again "))


def _each(
    run: Interpreter, texts: Sequence[str], codes: list[str | None], doubts: list[str] | None, world: str
) -> Iterator[Disagreement]:
    for statement in read(texts):
        real = codes[statement.index]
        before = run.state.fork()
        claims = [item.sqlstate for item in run.run(statement, lambda: 1) if item.certainty is Certainty.ALWAYS]
        said = claims[0] if claims else run.refusal or (SILENT if run.failed else None)
        missed = said is None and real in MODELLED
        if missed and run.unsure:
            if doubts is not None:
                doubts.append(str(real))
        elif missed or (said is not None and not _agree(said, real)):
            yield Disagreement(run.place.migration, statement.index, texts[statement.index], said, real, world)
        if real is not None and (missed or real not in MODELLED):
            run.state = before


def _agree(said: str, real: str | None) -> bool:
    return real is not None and (said is SILENT or said == real.partition(" ")[0])


def drifted(connection: Any, migrations: Migrations) -> Iterator[Disagreement]:
    """Where a guarded table of a history that runs through stands already without one of its columns: the first
    statement that fails for it is claimed to, and no earlier one is."""
    claims, unsure, obscure = _drift(migrations)
    made = {Place(file, each.index) for file, texts in enumerate(migrations) for each in read(texts) if _guarded(each)}
    for file, texts in enumerate(migrations):
        for statement in read(texts):
            if not _guarded(statement) or any(map(_TAKES_AWAY.search, texts[: statement.index])):
                continue
            for column in columns(f"{texts[statement.index]};"):
                world = f"without {column} of {file}.{statement.index} "
                (stump,) = without(f"{texts[statement.index]};", column)
                start = [*texts[: statement.index], stump, *texts[statement.index :]]
                codes = replay(connection, [*migrations[:file], start, *migrations[file + 1 :]])
                if codes[file].pop(statement.index) is not None:
                    continue  # it can't be without that column, or was there already
                failed = (
                    (Place(at, index), code) for at, each in enumerate(codes) for index, code in enumerate(each) if code
                )
                place, real = next(failed, (None, None))
                origin = Place(file, statement.index)
                for at, sqlstate in claims.get((origin, column), ()):
                    if place is None or _before(at, place) or (at == place and not _agree(sqlstate, real)):
                        yield _of(migrations, at, sqlstate, codes[at.migration][at.statement], world)
                if place is None or real not in MODELLED or place in unsure:
                    continue
                # What is doubted for another reason may be in doubt for this one.
                if not any(doubt == origin or doubt not in made for doubt in obscure[place]):
                    said = [sqlstate for items in claims.values() for at, sqlstate in items if at == place]
                    if real not in said:
                        yield _of(migrations, place, None, real, world)


_TAKES_AWAY = re.compile("DROP|RENAME|SET SCHEMA")
"""A file that has taken a name away finds nothing there: no doubt is left."""


def _of(migrations: Migrations, at: Place, said: str | None, real: str | None, world: str) -> Disagreement:
    return Disagreement(at.migration, at.statement, migrations[at.migration][at.statement], said, real, world)


def _before(one: Place, other: Place) -> bool:
    return (one.migration, one.statement) < (other.migration, other.statement)


def _guarded(statement: Statement) -> bool:
    step = statement.operations[0] if statement.operations else None
    if not isinstance(step, CreateRelation) or step.temporary:  # what is temporary stands in no other session
        return False
    return step.if_not_exists and step.kind == "table" and bool(step.columns)


_Drift = tuple[dict[tuple[Place | None, str], list[tuple[Place, str]]], set[Place], dict[Place, set[Place | None]]]


def _drift(migrations: Migrations) -> _Drift:
    """The claims of drift by the statement that left the doubt and the name of what is missing; the statements of which
    nothing is sure, and for each the statements that left the doubts in whose drifted states that is so."""
    run = interpreter(None)
    claims: dict[tuple[Place | None, str], list[tuple[Place, str]]] = {}
    unsure = set()
    obscure: dict[Place, set[Place | None]] = {}
    for file, texts in enumerate(migrations):
        run.start_file(file, f"{file}.sql", rolls_back=False)
        for statement in read(texts):
            for item in run.run(statement, lambda: 1):
                if item.certainty is Certainty.DRIFT:
                    name = (
                        item.object.name if item.object.kind == "column" else f"{item.object.kind} {item.object.name}"
                    )
                    claims.setdefault((item.origin, name), []).append((run.place, item.sqlstate))
            obscure[run.place] = run.obscure
            if run.unsure:
                unsure.add(run.place)
    return claims, unsure, obscure
