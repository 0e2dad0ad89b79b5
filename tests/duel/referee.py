"""What PostgreSQL does with a history, what the catalog says that it does, and where the two disagree."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from driftproof.catalog import interpreter
from driftproof.diagnostic import Certainty
from driftproof.statements.operations import Statement
from driftproof.syntax import parse

MODELLED = frozenset(
    {
        *("3F000", "42701", "42703", "42704", "42710", "42723", "42809", "42830", "42883"),
        *("42P01", "42P06", "42P07", "42P10", "42P13", "42P16", "2BP01", "22023", "P0001"),
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
    """A statement of which the catalog says one thing and PostgreSQL another."""

    file: int
    index: int
    sql: str
    said: str | None
    real: str | None

    def __str__(self) -> str:
        return f"{self.file}.{self.index}: said {self.said}, is {self.real}: {self.sql}"


def replay(connection: Any, migrations: Migrations) -> Codes:
    """Run every statement of a history under a savepoint of its own; nothing is kept."""
    execute = connection.pgconn.exec_
    done = b""  # how the last statement's savepoint ends: sent along with the next one, to save a round trip
    codes: Codes = []
    execute(b"BEGIN")
    try:
        for file in migrations:
            execute(done + b"RESET search_path; DISCARD TEMP")
            done = b""
            codes.append([])
            for sql in file:
                result = execute(done + b"SAVEPOINT s;" + sql.encode())
                code = result.error_field(67)  # PG_DIAG_SQLSTATE
                done = b"RELEASE s;" if code is None else b"ROLLBACK TO s; RELEASE s;"
                codes[-1].append(code.decode() if code is not None else None)
    finally:
        execute(b"ROLLBACK")
    return codes


def split(text: str) -> Migrations:
    """A history that is written in one line, ``||`` between its files."""
    files = []
    for file in text.split("||"):
        data = file.encode()
        files.append([data[statement.start : statement.end].decode() for statement in parse(file).statements])
    return files


def read(file: Sequence[str]) -> tuple[Statement, ...]:
    """The statements of a file, one for each of its texts."""
    parsed = parse("".join(f"{sql};\n" for sql in file))
    assert not parsed.failures, parsed.failures
    assert len(parsed.statements) == len(file)
    return parsed.statements


def disagreements(migrations: Migrations, codes: Codes, doubts: list[str] | None = None) -> list[Disagreement]:
    """Where what is claimed to fail always is not what failed, and where what failed was not claimed.

    What the catalog says that it can't know is not held against it; ``doubts`` collects the SQLSTATEs of such failures.
    """
    run = interpreter(None)
    found: list[Disagreement] = []
    for file, texts in enumerate(migrations):
        run.start_file(file, f"{file}.sql", rolls_back=False)
        for statement in read(texts):
            real = codes[file][statement.index]
            before = run.state.fork()
            claims = [item.sqlstate for item in run.run(statement, lambda: 1) if item.certainty is Certainty.ALWAYS]
            said = claims[0] if claims else SILENT if run.failed else None
            missed = said is None and real in MODELLED
            if missed and run.unsure:
                if doubts is not None:
                    doubts.append(str(real))
            elif missed or (said is not None and said != real and not (said is SILENT and real is not None)):
                found.append(Disagreement(file, statement.index, texts[statement.index], said, real))
            if real is not None and real not in MODELLED:
                run.state = before
    return found
