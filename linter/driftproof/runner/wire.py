"""libpq's asynchronous calls as three questions: what came of one query, of a pipeline, of a COPY.

psycopg's own cursors do not say which statement of several failed, and can't be told to send a statement as some other
client would.
"""

import selectors
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from driftproof.runner.server import ServerError, first_line

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn, PGresult

    from driftproof.runner.server import Connection


class Command(msgspec.Struct, frozen=True):
    """A statement with its parameters, as text."""

    sql: str
    parameters: tuple[str | None, ...] = ()


class Failed(msgspec.Struct, frozen=True):
    """What PostgreSQL says of a failure; ``position`` counts the query's characters from 1 (0: it does not say)."""

    sqlstate: str
    message: str
    position: int = 0
    detail: str | None = None
    hint: str | None = None
    context: str | None = None

    @property
    def said(self) -> str:
        """In one line."""
        return f"{self.sqlstate}: {self.message}"


def simple(connection: "Connection", sql: str, copy_data: bytes | None = None) -> tuple[int, Failed | None]:
    """Send one simple query, perhaps of several statements: how many of them were completed, and what failed then.

    COPY FROM STDIN gets ``copy_data``; None: the client has no data, as most clients. Raises ServerError when the
    connection is lost.
    """
    from psycopg import pq

    connection.pgconn.send_query(sql.encode())
    done, failed = 0, None
    for result in _results(connection):
        match result.status:
            case pq.ExecStatus.COMMAND_OK | pq.ExecStatus.TUPLES_OK:
                done += 1
            case pq.ExecStatus.COPY_IN:
                _give(connection, copy_data)
            case pq.ExecStatus.COPY_OUT:
                _drop_output(connection)
            case pq.ExecStatus.FATAL_ERROR:
                failed = failed or _failure(connection, result)
            case _:
                pass
    return done, failed


def one(connection: "Connection", command: Command) -> Failed | None:
    """Run one command with its parameters; what failed, if it did. Raises ServerError when the connection is lost."""
    return pipeline(connection, [command])[1]


def pipeline(connection: "Connection", commands: Sequence[Command]) -> tuple[int, Failed | None]:
    """Parse, Bind and Execute each command, then one Sync: how many were completed, and what failed then.

    A failure after the last command is one of the commit. Raises ServerError when the connection is lost.
    """
    from psycopg import pq

    pgconn = connection.pgconn
    pgconn.enter_pipeline_mode()
    for command in commands:
        parameters = [None if value is None else value.encode() for value in command.parameters]
        pgconn.send_query_params(command.sql.encode(), parameters)
    pgconn.pipeline_sync()
    done, failed = 0, None
    while True:
        result = _next(connection)
        if result is None:  # the end of one command's results
            continue
        match result.status:
            case pq.ExecStatus.PIPELINE_SYNC:
                break
            case pq.ExecStatus.COMMAND_OK | pq.ExecStatus.TUPLES_OK | pq.ExecStatus.EMPTY_QUERY:
                done += failed is None
            case pq.ExecStatus.FATAL_ERROR:
                failed = failed or _failure(connection, result)
            case _:
                pass
    pgconn.exit_pipeline_mode()
    return done, failed


def _results(connection: "Connection") -> "Iterator[PGresult]":
    while (result := _next(connection)) is not None:
        yield result


def _next(connection: "Connection") -> "PGresult | None":
    _wait(connection.pgconn, until_result=True)
    return connection.pgconn.get_result()


def _wait(pgconn: "PGconn", until_result: bool) -> None:
    """Send what is left to send, and read while a result is not complete. Ctrl-C cancels the statement."""
    import psycopg

    try:
        with selectors.DefaultSelector() as selector:
            while True:
                unsent = pgconn.flush()
                if not unsent and not (until_result and pgconn.is_busy()):
                    return
                events = selectors.EVENT_READ | (selectors.EVENT_WRITE if unsent else 0)
                selector.register(pgconn.socket, events)
                ready = selector.select()
                selector.unregister(pgconn.socket)
                if ready[0][1] & selectors.EVENT_READ:
                    pgconn.consume_input()
    except psycopg.Error as error:
        raise ServerError(f"the connection was lost: {first_line(error)}") from None
    except KeyboardInterrupt:
        pgconn.get_cancel().cancel()
        raise


def _give(connection: "Connection", data: bytes | None) -> None:
    if data is None:
        connection.pgconn.put_copy_end(b"the data is not part of what is sent")
    else:
        connection.pgconn.put_copy_data(data)
        connection.pgconn.put_copy_end()
    _wait(connection.pgconn, until_result=False)


def _drop_output(connection: "Connection") -> None:
    while True:
        size, _ = connection.pgconn.get_copy_data(1)
        if size < 0:
            return
        if size == 0:
            _wait(connection.pgconn, until_result=True)


def _failure(connection: "Connection", result: "PGresult") -> Failed:
    from psycopg import pq

    def field(which: pq.DiagnosticField) -> str | None:
        value = result.error_field(which)
        return value.decode(errors="replace") if value else None

    sqlstate = field(pq.DiagnosticField.SQLSTATE)
    message = field(pq.DiagnosticField.MESSAGE_PRIMARY) or result.error_message.decode(errors="replace").strip()
    if sqlstate is None or connection.pgconn.status == pq.ConnStatus.BAD:
        raise ServerError(f"the connection was lost: {message.splitlines()[0] if message else 'no reason is known'}")
    return Failed(
        sqlstate=sqlstate,
        message=message,
        position=int(field(pq.DiagnosticField.STATEMENT_POSITION) or 0),
        detail=field(pq.DiagnosticField.MESSAGE_DETAIL),
        hint=field(pq.DiagnosticField.MESSAGE_HINT),
        context=field(pq.DiagnosticField.CONTEXT),
    )
