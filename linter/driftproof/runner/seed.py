"""An initialised data directory, kept as one file in the user's cache: unpacking it is ten times as fast as initdb.

The file is replaced whole, so processes that build it at the same time do no harm, and one that can't be read only
costs the time of an initdb.
"""

import contextlib
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TypedDict

from driftproof.runner.server import ServerError

_OPTIONS = (
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--no-instructions",
    "--no-sync",
    "--username=postgres",
    "--wal-segsize=1",
)
# Upper and lower case of all letters, on every system alike; initdb knows it from PostgreSQL 17 on.
_OPTIONS_17 = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")
_UNUSED_SECONDS = 60 * 24 * 3600.0
_FORMAT = 1


class _User(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


class Owner:
    """Whose the server and its files are: ours, or, when we are root, those of another user."""

    def __init__(self, uid: int | None) -> None:
        self.uid = uid

    def arguments(self) -> _User:
        """What `subprocess` needs to run a program as that user."""
        return {} if self.uid is None else {"user": self.uid, "group": self.uid, "extra_groups": []}

    def give(self, path: Path) -> None:
        """Make a file or directory of ours theirs."""
        if self.uid is not None:
            os.chown(path, self.uid, self.uid, follow_symlinks=False)


def environment() -> dict[str, str]:
    """The environment of the server's programs: nothing of ours that would change what they do."""
    kept = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    ours = {name: os.environ[name] for name in kept if name in os.environ}
    return {"PATH": os.defpath} | ours | {"LC_ALL": "C", "TZ": "UTC"}


def last_line(output: bytes) -> str:
    """What a program said last, without PostgreSQL's own prefix."""
    lines = output.decode(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else ""


def version_of(bin: Path, owner: Owner) -> str:
    """What ``postgres --version`` says, asked as the user that will run it. Raises ServerError."""
    return _run([str(bin / "postgres"), "--version"], Path("/"), owner).decode().strip()


def initialise(bin: Path, data: Path, owner: Owner, major: int) -> None:
    """Make a new data directory with initdb. Raises ServerError."""
    import pwd  # not on Windows

    uid = os.geteuid() if owner.uid is None else owner.uid
    try:
        pwd.getpwuid(uid)
    except KeyError:
        raise ServerError(
            f"PostgreSQL's initdb needs a name for user {uid}, in /etc/passwd: add one, or use --database-url"
        ) from None
    options = (*_OPTIONS, *(_OPTIONS_17 if major >= 17 else ()))
    _run([str(bin / "initdb"), "-D", str(data), *options], data.parent, owner)


def unpack(banner: str, directory: Path, owner: Owner) -> bool:
    """Put the kept data directory of that server version below ``directory``; whether there was one to put."""
    try:
        path = _path(banner)
        with path.open("rb") as seed:
            _run(["tar", "-xf", "-", "-C", str(directory)], directory, owner, seed.fileno())
        with contextlib.suppress(OSError):
            os.utime(path)
        return (directory / "data" / "PG_VERSION").is_file()
    except (OSError, ServerError):
        shutil.rmtree(directory / "data", ignore_errors=True)
        return False


def keep(banner: str, directory: Path) -> None:
    """Keep the new data directory below ``directory`` for later runs; without a word where that can't be done."""
    try:
        path = _path(banner)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f"{path.stem}-", suffix=".part", dir=path.parent)
    except OSError:
        return
    try:
        with os.fdopen(handle, "wb") as part:
            subprocess.run(
                ["tar", "-cf", "-", "-C", str(directory), "data"],
                stdout=part,
                stderr=subprocess.DEVNULL,
                stdin=subprocess.DEVNULL,
                check=True,
            )
        Path(name).replace(path)
    except (OSError, subprocess.SubprocessError):
        Path(name).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        for other in path.parent.glob("postgres-*"):
            if other.stat().st_mtime < time.time() - _UNUSED_SECONDS:
                other.unlink(missing_ok=True)


def forget(banner: str) -> None:
    """Drop a kept data directory that does not serve."""
    with contextlib.suppress(OSError):
        _path(banner).unlink(missing_ok=True)


def cache_directory() -> Path:
    """The user's cache directory of driftproof, by the rules of the operating system. Raises OSError without a home."""
    configured = os.environ.get("XDG_CACHE_HOME", "")
    if configured.startswith("/"):
        return Path(configured) / "driftproof"
    try:
        return Path("~/Library/Caches" if sys.platform == "darwin" else "~/.cache").expanduser() / "driftproof"
    except RuntimeError as error:
        raise OSError(str(error)) from None


def _path(banner: str) -> Path:
    facts = (str(_FORMAT), banner, platform.machine(), *_OPTIONS, *_OPTIONS_17)
    return cache_directory() / f"postgres-{hashlib.sha256(' '.join(facts).encode()).hexdigest()[:16]}.tar"


def _run(command: list[str], directory: Path, owner: Owner, stdin: int = subprocess.DEVNULL) -> bytes:
    try:
        done = subprocess.run(
            command,
            stdin=stdin,
            capture_output=True,
            env=environment(),
            cwd=directory,
            check=False,
            **owner.arguments(),
        )
    except OSError as error:
        raise ServerError(f"{command[0]} can't be run: {error.strerror}") from None
    except subprocess.SubprocessError as error:
        raise ServerError(f"{command[0]} can't be run as user {owner.uid}: {error}") from None
    if done.returncode:
        raise ServerError(f"{Path(command[0]).name} failed: {last_line(done.stderr)}")
    return done.stdout
