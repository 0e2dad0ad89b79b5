"""How far a migration came whose statements commit one by one, so that the next run knows where to go on.

The connection that holds the runner's lock writes it, before and after each statement: what the file does to its own
session (transactions, roles, timeouts) makes no difference to it.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from driftproof.runner.server import Connection

TABLE = "driftproof.progress"
CREATE = f"""
CREATE TABLE IF NOT EXISTS {TABLE} (
  version text NOT NULL,
  name text NOT NULL,
  done integer NOT NULL,
  running integer,
  checksum text NOT NULL,
  error text,
  stopped_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (version, name)
);
COMMENT ON TABLE {TABLE} IS 'Migrations that stopped halfway: the statements that are done, and the one that was begun';
"""
_WRITE = f"""
INSERT INTO {TABLE} (version, name, done, running, checksum, error) VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (version, name) DO UPDATE SET done = excluded.done, running = excluded.running,
checksum = excluded.checksum, error = excluded.error, stopped_at = now()
""".encode()
_FORGET = f"DELETE FROM {TABLE} WHERE version = %s AND name = %s".encode()

# What ends a transaction, and what only begins one.
_ENDS = re.compile(r"(?:commit|end|rollback|abort|prepare\s+transaction)\b", re.IGNORECASE)
_BEGINS = re.compile(r"(?:begin|start\s+transaction)\b", re.IGNORECASE)


class Resume(StrEnum):
    """What a person says of a statement whose end is not known, or of all that was done."""

    REPEAT = "repeat"
    SKIP = "skip"
    RESTART = "restart"


class Stop(msgspec.Struct, frozen=True):
    """Where a run stopped: so many statements are ``done`` and stay, ``running`` was begun and its end is not noted."""

    version: str
    name: str
    done: int
    running: int | None
    checksum: str
    error: str | None
    stopped_at: datetime

    def edited(self, texts: Sequence[str]) -> bool:
        """Whether the statements that are done are no longer those of the file."""
        return len(texts) < self.done or checksum(texts[: self.done]) != self.checksum

    def uncertain(self, texts: Sequence[str]) -> bool:
        """Whether the statement that was begun may have happened. What a transaction of the file did before its COMMIT
        has not; only the COMMIT itself may have."""
        if self.running is None or self.running >= len(texts):
            return False
        text = texts[self.running]
        return bool(_ENDS.match(text)) if self.running > self.done else not _BEGINS.match(text)


def checksum(texts: Sequence[str]) -> str:
    """SHA-256 of statements; the kind of line ends makes no difference, nor does what stands between them."""
    return hashlib.sha256("\0".join(texts).replace("\r\n", "\n").encode()).hexdigest()


class Progress:
    """The account of one migration while it runs, from the statement ``start`` on."""

    def __init__(self, connection: "Connection", version: str, name: str, start: int = 0) -> None:
        self._connection = connection
        self._version = version
        self._name = name
        self.start = start
        self._done = start

    def begins(self, number: int, texts: Sequence[str]) -> None:
        """The statement of that number is about to be sent."""
        self._write(number, texts, None)

    def ended(self, number: int, texts: Sequence[str], idle: bool) -> None:
        """It was run; ``idle``: no transaction is open, so that all up to here stays."""
        if idle:
            self._done = number + 1
        self._write(None if idle else number, texts, None)

    def failed(self, texts: Sequence[str], error: str | None) -> None:
        """A statement failed; what the transaction around it did is undone."""
        if self._done:
            self._write(None, texts, error)
        else:
            self._connection.execute(_FORGET, (self._version, self._name))

    def _write(self, running: int | None, texts: Sequence[str], error: str | None) -> None:
        values = (self._version, self._name, self._done, running, checksum(texts[: self._done]), error)
        self._connection.execute(_WRITE, values)


def stops(connection: "Connection") -> tuple[Stop, ...]:
    """The migrations that stopped halfway in a database. Changes nothing. Raises psycopg.Error."""
    if connection.execute("SELECT to_regclass(%s)", (TABLE,)).fetchone() == (None,):
        return ()
    rows = connection.execute(
        f"SELECT version, name, done, running, checksum, error, stopped_at FROM {TABLE} ORDER BY version, name".encode()
    ).fetchall()
    return tuple(Stop(*row) for row in rows)
