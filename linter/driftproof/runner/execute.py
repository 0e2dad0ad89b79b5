"""One migration on a connection, sent as its framework sends it.

What each run mode means for a failure was tried on PostgreSQL 18; ``tests/runner/test_run_modes.py`` holds each line.
"""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from driftproof.gaps import Asked, Sent
from driftproof.history import Migration, RunMode
from driftproof.reading import Piece, as_run
from driftproof.runner import wire
from driftproof.runner.wire import Command, Failed
from driftproof.source import Source
from driftproof.statements.operations import Forget, Statement

if TYPE_CHECKING:
    from psycopg.errors import Diagnostic

    from driftproof.runner.progress import Progress
    from driftproof.runner.server import Connection


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of running one migration.

    ``statement`` is the index of the one that failed; None with ``ok`` False: it was the commit or the bookkeeping.
    ``at`` is the byte offset in the file that the server's message points to, else that of the name it speaks of, else
    the statement's start. ``left_open``: the file began a transaction and did not end it, so that what it did,
    bookkeeping and all, is lost without an error. ``notes`` say what was left out, and which commands met no
    transaction or another one.
    """

    ok: bool
    seconds: float
    statement: int | None = None
    sqlstate: str | None = None
    message: str | None = None
    detail: str | None = None
    hint: str | None = None
    context: str | None = None
    at: int | None = None
    left_open: bool = False
    notes: tuple[str, ...] = ()


def pieces_of(migration: Migration) -> tuple[Piece, ...]:
    """The statements of a migration in their order, those that do not parse among them. Raises Unreadable."""
    from driftproof.syntax import parse

    source = migration.source
    parsed = parse(source.sql)
    pieces: list[Piece] = sorted((*parsed.statements, *parsed.failures), key=lambda piece: piece.start)
    if any(gap.whole for gap in source.gaps):
        pieces = _with_what_is_put_in(source, pieces)
    return tuple(as_run(migration, pieces) if migration.backwards else pieces)


def _with_what_is_put_in(source: Source, pieces: Sequence[Piece]) -> list[Piece]:
    """Statements among which the tool puts others: as a part of the next one, where they do not end before it."""
    data = source.sql.encode()
    found = list(pieces)
    for gap in reversed([gap for gap in source.gaps if gap.whole]):
        at = next((at for at, piece in enumerate(found) if piece.start >= gap.end), len(found))
        if at > 0 and gap.start < found[at - 1].end:
            continue
        if at < len(found) and b";" not in data[gap.end : found[at].start]:
            found[at] = msgspec.structs.replace(found[at], start=gap.start)
        else:
            found.insert(at, Statement(-1, "text put in", gap.start, gap.end, (Forget(),)))
    return found


def steps_of(migration: Migration, pieces: Sequence[Piece]) -> list[tuple[int, str]]:
    """What of a migration commits at once, as offset and text: its statements, what stands between its cuts, or all of
    it where it is one query."""
    if migration.run_mode is RunMode.SIMPLE:
        return [(pieces[0].start if pieces else 0, migration.source.sent().text)]
    sent = migration.source.sent
    if migration.cuts:
        parts = [list(part) for _, part in groupby(pieces, lambda piece: migration.part(piece.start))]
        return [(part[0].start, sent(part[0].start, part[-1].end).text) for part in parts]
    return [(piece.start, sent(piece.start, piece.end).text) for piece in pieces]


def answers(connection: "Connection", source: Source) -> dict[Asked, bytes]:
    """What the database says of itself, where that is put into a text. Raises ServerError."""
    asked = {part for gap in source.gaps for part in gap.parts if isinstance(part, Asked)}
    return {one: str(connection.execute(one.encode()).fetchone()[0]).encode() for one in asked}  # type: ignore[index]


def copy_data(migration: Migration, piece: Piece, text: str) -> bytes | None:
    """The data that stand behind a COPY, where the tool sends them."""
    if not (migration.feeds_copy or migration.run_mode is RunMode.AUTOCOMMIT) or _COPY.match(text) is None:
        return None
    return _copy_data(migration.source.sql.encode(), piece.end)[0]


def execute(
    connection: "Connection",
    migration: Migration,
    pieces: Sequence[Piece] | None = None,
    bookkeeping: Command | None = None,
    progress: "Progress | None" = None,
) -> Outcome:
    """Run a migration in its run mode; ``pieces`` are its statements, where the caller has them already.

    ``bookkeeping`` is the row that the framework writes, where and when the mode writes it. The connection is in
    autocommit mode and idle, before and after; a transaction that the file leaves open is rolled back. The session
    keeps what the file SETs: take a new connection for each file. In BATCH mode the file is a batch of one.
    ``progress`` keeps account of what commits before the bookkeeping does (`steps_of`), and says where to begin.
    Raises ServerError when the connection is lost, Unreadable for a file that holds no text.
    """
    file = _File(connection, migration, pieces)
    if migration.run_mode in (RunMode.TRANSACTION, RunMode.BATCH) and not migration.cuts:
        _in_transaction(connection, [(file, bookkeeping)])
        return file.outcome()
    started = time.perf_counter()
    with _listening(connection, file):
        match migration.run_mode:
            case RunMode.PIPELINE:
                _pipeline(connection, file, bookkeeping)
            case RunMode.SIMPLE:
                _at_once(connection, file, progress)
                _record(connection, file, bookkeeping)
            case RunMode.TRANSACTION:
                _in_parts(connection, file, steps_of(migration, file.pieces), progress)
                _record(connection, file, bookkeeping)
            case _:
                _one_by_one(connection, file, progress)
                _record(connection, file, bookkeeping)
        file.left_open = _end(connection) and file.failed is None
    file.seconds = time.perf_counter() - started
    return file.outcome()


def execute_batch(connection: "Connection", migrations: Sequence[tuple[Migration, Command | None]]) -> list[Outcome]:
    """Run migrations, each with its bookkeeping, in one transaction around them all.

    The list ends with the one that failed, and then none of them stays. Raises as `execute` does.
    """
    files = [(_File(connection, migration, None), bookkeeping) for migration, bookkeeping in migrations]
    ran = _in_transaction(connection, files)
    return [file.outcome() for file, _ in files[:ran]]


class _File:
    """A migration's text as it is sent, and what came of it."""

    def __init__(self, connection: "Connection", migration: Migration, pieces: Sequence[Piece] | None) -> None:
        self.data = migration.source.sql.encode()
        self.answers = answers(connection, migration.source)
        self.pieces = pieces_of(migration) if pieces is None else pieces
        self.source = migration.source
        self.feeds_copy = migration.feeds_copy
        self.seconds = 0.0
        self.left_open = False
        self.failed: Failed | None = None
        self.piece: Piece | None = None
        self.at: int | None = None
        self.notes: list[str] = []

    def sent(self, start: int = 0, end: int | None = None) -> Sent:
        """What is sent of a stretch of it."""
        return self.source.sent(start, end, self.answers)

    def text(self, piece: Piece) -> str:
        """What is sent of a statement."""
        return self.sent(piece.start, piece.end).text

    def fail(self, failed: Failed, piece: Piece | None) -> None:
        """The statement failed (None: what came after the last one); the position counts in its own text."""
        self.failed, self.piece = failed, piece
        if piece is not None:
            sent = self.sent(piece.start, piece.end)
            self.at = sent.offset(failed.position - 1 if failed.position else _named(failed.message, sent.text))

    def fail_whole(self, failed: Failed, done: int, start: int = 0) -> None:
        """What begins at ``start`` failed as a whole, after so many statements; the position counts in its text."""
        begin = next((at for at, piece in enumerate(self.pieces) if piece.start == start), 0)
        pieces = [piece for piece in self.pieces[begin:] if piece.start >= start]
        if failed.position:
            self.at = self.sent(start).offset(failed.position - 1)
            # The whole text is parsed before its first statement runs, so a syntax error comes after none of them.
            begun = [piece for piece in pieces if piece.start <= self.at]
            self.failed, self.piece = failed, begun[-1] if begun else None
        else:
            self.fail(failed, pieces[min(done, len(pieces) - 1)] if pieces else None)

    def outcome(self) -> Outcome:
        """What came of it."""
        notes = tuple(self.notes)
        if self.failed is None:
            return Outcome(ok=True, seconds=self.seconds, left_open=self.left_open, notes=notes)
        return Outcome(
            ok=False,
            seconds=self.seconds,
            statement=None if self.piece is None else self.piece.index,
            sqlstate=self.failed.sqlstate,
            message=self.failed.message,
            detail=self.failed.detail,
            hint=self.failed.hint,
            context=self.failed.context,
            at=self.at,
            notes=notes,
        )


def _in_transaction(connection: "Connection", files: Sequence[tuple[_File, Command | None]]) -> int:
    """Run files between BEGIN and COMMIT, up to the first that fails; how many were begun."""
    wire.simple(connection, "BEGIN")
    begun = 0
    for file, bookkeeping in files:
        begun += 1
        started = time.perf_counter()
        with _listening(connection, file):
            if file.feeds_copy:
                _one_by_one(connection, file, None)
            else:
                _whole(connection, file)
            _record(connection, file, bookkeeping)
            if file.failed is None and begun == len(files):
                _, failed = wire.simple(connection, "COMMIT")
                if failed is not None:
                    file.fail(failed, None)
        file.seconds = time.perf_counter() - started
        if file.failed is not None:
            break
    _end(connection)
    return begun


def _pipeline(connection: "Connection", file: _File, bookkeeping: Command | None) -> None:
    commands = [Command(_NO_COPY if _COPY.match(text) else text) for text in map(file.text, file.pieces)]
    if bookkeeping is not None:
        commands.append(bookkeeping)
    done, failed = wire.pipeline(connection, commands)
    if failed is not None:
        if done < len(file.pieces) and commands[done].sql == _NO_COPY:
            failed = msgspec.structs.replace(failed, context=None)
        file.fail(failed, file.pieces[done] if done < len(file.pieces) else None)


def _whole(connection: "Connection", file: _File) -> None:
    done, failed = wire.simple(connection, file.sent().text)
    if failed is not None:
        file.fail_whole(failed, done)


def _in_parts(
    connection: "Connection", file: _File, steps: Sequence[tuple[int, str]], progress: "Progress | None"
) -> None:
    """Each part in a transaction of its own."""
    texts = [text for _, text in steps]
    for number, (offset, text) in enumerate(steps):
        if progress is not None:
            if number < progress.start:
                continue
            progress.begins(number, texts)
        wire.simple(connection, "BEGIN")
        done, failed = wire.simple(connection, text)
        if failed is not None:
            file.fail_whole(failed, done, offset)
            _end(connection)
        else:
            _, failed = wire.simple(connection, "COMMIT")
            if failed is not None:
                file.fail(failed, None)
        if progress is not None:
            if failed is not None:
                progress.failed(texts, failed.said)
            else:
                progress.ended(number, texts, idle=True)
        if failed is not None:
            return


def _at_once(connection: "Connection", file: _File, progress: "Progress | None") -> None:
    """The file as one query; its bookkeeping is another one."""
    if progress is None:
        return _whole(connection, file)
    if progress.start:
        return None
    texts = [file.source.sent().text]
    progress.begins(0, texts)
    _whole(connection, file)
    if file.failed is not None or not _idle(connection):  # a transaction that it leaves open is undone
        return progress.failed(texts, None if file.failed is None else file.failed.said)
    return progress.ended(0, texts, idle=True)


def _one_by_one(connection: "Connection", file: _File, progress: "Progress | None") -> None:
    texts = [file.text(piece) for piece in file.pieces]
    start = progress.start if progress is not None else 0
    end = 0
    for number, (piece, text) in enumerate(zip(file.pieces, texts, strict=True)):
        if number >= start:
            _note_psql_commands(file, end, piece.start)
        end = piece.end
        data = b""
        if _COPY.match(text):
            data, end = _copy_data(file.data, end)
        if number < start and not _SETTING.match(text):
            continue
        if progress is not None and number >= start:
            progress.begins(number, texts)
        _, failed = wire.simple(connection, text, data)
        if failed is not None:
            if progress is not None:
                progress.failed(texts, failed.said)
            return file.fail(failed, piece)
        if progress is not None and number >= start:
            progress.ended(number, texts, _idle(connection))
    _note_psql_commands(file, max([end, *(piece.end for piece in file.pieces)]), len(file.data))


def _idle(connection: "Connection") -> bool:
    from psycopg import pq

    return connection.pgconn.transaction_status == pq.TransactionStatus.IDLE


def _record(connection: "Connection", file: _File, bookkeeping: Command | None) -> None:
    if bookkeeping is not None and file.failed is None and (failed := wire.one(connection, bookkeeping)) is not None:
        file.fail(failed, None)


def _end(connection: "Connection") -> bool:
    """Roll back whatever transaction is open, as a client that goes away; whether there was one."""
    if _idle(connection):
        return False
    wire.simple(connection, "ROLLBACK")
    return True


@contextmanager
def _listening(connection: "Connection", file: _File) -> Iterator[None]:
    """Note the server's warnings about transactions that were begun twice, or ended without a beginning."""

    def note(diagnostic: "Diagnostic") -> None:
        if diagnostic.sqlstate and diagnostic.sqlstate.startswith("25"):
            file.notes.append(f"WARNING: {diagnostic.message_primary}")

    connection.add_notice_handler(note)
    try:
        yield
    finally:
        connection.remove_notice_handler(note)


_COPY = re.compile(r"copy\b.*\b(?:from\s+stdin|to\s+stdout)\b", re.IGNORECASE | re.DOTALL)
# What a client that pipelines gets: the server meets the next Parse message where it waits for data.
_NO_COPY = (
    "DO $$BEGIN RAISE EXCEPTION USING ERRCODE = '08P01',"
    " MESSAGE = 'COPY FROM STDIN and TO STDOUT are not possible in a pipeline'; END$$"
)
# What a session keeps: it is said again where a run goes on in another session.
_SETTING = re.compile(r"(?:set|reset)\b|select\s+(?:pg_catalog\.)?set_config\s*\(", re.IGNORECASE)
_QUOTED = re.compile(r'"([^"]+)"')
_COPY_END = re.compile(rb"^\\\.[ \t]*(?:\r?\n|\Z)", re.MULTILINE)
_PSQL_COMMAND = re.compile(r"--[^\n]*|/\*.*?\*/|(?P<command>\\[^\n]*)", re.DOTALL)


def _named(message: str, text: str) -> int:
    """Where a statement's text has the first name that a message quotes and it has; 0 if none."""
    for name in _QUOTED.findall(message):
        if found := re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", text, re.IGNORECASE):
            return found.start()
    return 0


def _copy_data(data: bytes, end: int) -> tuple[bytes, int]:
    """The lines behind a COPY statement up to its end mark, and where what follows begins."""
    begin = data.find(b"\n", end) + 1
    if begin == 0:
        return b"", len(data)
    mark = _COPY_END.search(data, begin)
    return (data[begin : mark.start()], mark.end()) if mark else (data[begin:], len(data))


def _note_psql_commands(file: _File, start: int, end: int) -> None:
    """Note psql's own commands between two statements: they are left out."""
    if file.data.find(b"\\", start, end) < 0:
        return
    gap = file.data[start:end].decode()
    for found in _PSQL_COMMAND.finditer(gap):
        if found["command"]:
            line = file.source.position(start + len(gap[: found.start()].encode())).line
            file.notes.append(f"line {line}: psql's {found['command'].strip()} was left out")
