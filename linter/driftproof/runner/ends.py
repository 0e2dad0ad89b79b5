"""The schema that a database ends in, twice: by our own snapshot of its catalogs, and by pg_dump where there is one."""

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING

from driftproof.runner.seed import environment
from driftproof.runner.snapshot import difference, snapshot

if TYPE_CHECKING:
    from driftproof.runner.server import Server
    from driftproof.runner.snapshot import Snapshot

_ENTRY = re.compile(r"^--\n-- Name: (.*)\n--\n", re.MULTILINE)
# A random token, against dumps that hold psql's own commands; and what the versions of both sides are.
_NOISE = re.compile(r"^(\\(un)?restrict .*|-- Dumped (from|by) .*)\n", re.MULTILINE)


class End:
    """What a database holds at this moment. It is read in the background: the database must stay as it is until
    `settle`."""

    def __init__(self, server: "Server", database: str) -> None:
        reader = ThreadPoolExecutor(max_workers=1)
        self._reading = reader.submit(_snapshot, server, database)
        reader.shutdown(wait=False)
        self._dumping = _pg_dump(server, database)

    @property
    def settled(self) -> bool:
        """Whether it has been waited for."""
        return self._reading.done() and (self._dumping is None or "dump" in self.__dict__)

    def settle(self) -> None:
        """Wait for it; afterwards the database may change or go."""
        _ = self.snapshot, self.dump

    @property
    def snapshot(self) -> "Snapshot":
        """The objects in its catalogs. Raises what reading them raised."""
        return self._reading.result()

    @cached_property
    def dump(self) -> dict[str, str] | None:
        """The definitions that pg_dump writes, by the headings above them; None where there is no pg_dump."""
        if self._dumping is None:
            return None
        output, _ = self._dumping.communicate()
        if self._dumping.returncode:
            return None
        _, *parts = _ENTRY.split(_NOISE.sub("", output.decode()))
        return {name: text.strip() for name, text in zip(parts[::2], parts[1::2], strict=True)}


def differences(before: End, after: End) -> list[str]:
    """What differs between two ends, an object a line."""
    lines, was, now = difference(before.snapshot, after.snapshot), before.dump, after.dump
    if lines or was is None or now is None:
        return lines
    return [f"~ {name} (by pg_dump)" for name in sorted(_unlike(was, now))]


def lacking(wanted: End, end: End) -> list[str]:
    """What an end lacks of another, or has otherwise; the order of columns, and what it has besides, are left aside."""
    lines = [line for line in difference(wanted.snapshot, end.snapshot, column_order=False) if line[0] != "+"]
    dumps = [{name: _without_order(text) for name, text in (one.dump or {}).items()} for one in (wanted, end)]
    if lines or not all(dumps):
        return lines
    return [f"~ {name} (by pg_dump)" for name in sorted(_unlike(*dumps) & dumps[0].keys())]


def _unlike(one: dict[str, str], other: dict[str, str]) -> set[str]:
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def _without_order(text: str) -> str:
    """A definition whose columns may stand in any order."""
    return "\n".join(sorted(line.rstrip(",") for line in text.splitlines()))


def _snapshot(server: "Server", database: str) -> "Snapshot":
    with server.connect(database) as connection:
        return snapshot(connection)


def _pg_dump(server: "Server", database: str) -> "subprocess.Popen[bytes] | None":
    """pg_dump at work; None where the server's own programs do not have it."""
    if server.bin is None or not (server.bin / "pg_dump").is_file():
        return None
    variables = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user"}
    given = {name: server.conninfo[key] for name, key in variables.items() if key in server.conninfo}
    return subprocess.Popen(
        [str(server.bin / "pg_dump"), "--schema-only", database],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment() | given,
    )
