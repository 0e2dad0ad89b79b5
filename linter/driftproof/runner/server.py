"""Where throw-away databases come from: a private server of our own, or one that the user names by URL."""

import contextlib
import importlib.util
import ipaddress
import logging
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from driftproof.unusable import Unusable

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

# The driver logs a cancelled query; without a handler Python would print that beside our own words.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

PREFIX = "driftproof_"
"""How the names of our databases begin; no other database is ever dropped."""

INSTALL = "pip install 'driftproof[postgres]'"

OLDEST = 130000
"""The oldest version that will do, as PostgreSQL counts it."""

_CONNECT_SECONDS = "10"
_LEAVING_SECONDS = 0.05


class ServerError(Unusable):
    """A server that can't be used, and why, in one line."""


def require_driver() -> None:
    """Raises ServerError where psycopg is not installed."""
    if importlib.util.find_spec("psycopg") is None:
        raise ServerError(f"PostgreSQL's driver is not installed: {INSTALL}")
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise ServerError(f"PostgreSQL's driver can't be used ({first_line(error)}): {INSTALL}") from None


def open_server(database_url: str | None = None, allow_remote: bool = False, bin: Path | None = None) -> "Server":
    """A server for throw-away databases: that of ``database_url``, else a private one, from the programs in ``bin`` or
    those that are found. Close it, or use ``with``.

    On a server that is named by its URL, databases called ``driftproof_<random>`` are made and dropped, and nothing
    else is touched. Raises ServerError, also for a host that is not this machine unless ``allow_remote``.
    """
    if database_url is None:
        from driftproof.runner.cluster import Cluster

        return Cluster(bin)
    return NamedServer(database_url, allow_remote)


class Server:
    """A PostgreSQL on which throw-away databases can be made; ``conninfo`` leads to it, whatever the database."""

    embedded = False
    """Whether the server is ours alone, so that its roles may be changed too."""
    bin: Path | None = None
    """The directory of the server's own programs, where we have them."""
    stand_in_directory: Path | None = None
    """Where the server looks for extensions of ours besides its own; see `driftproof.runner.platforms`."""

    def __init__(self, conninfo: Mapping[str, str], maintenance: "Connection", description: str) -> None:
        self.version = maintenance.info.server_version
        """As PostgreSQL counts it: 180006 for 18.6."""
        self.description = description
        """The server in one line, for reports."""
        self.conninfo = dict(conninfo)
        self._maintenance = maintenance
        self._databases: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the server as it was found. Connections that are still open lose their databases."""
        self._maintenance.close()

    @property
    def maintenance(self) -> "Connection":
        """A connection that belongs to no throw-away database, in autocommit mode; leave its settings as they are."""
        return self._maintenance

    def create_database(self, template: str | None = None) -> str:
        """Make a database, empty or as ``template`` is, and give its name. No one may be connected to the template.

        The template's own settings (ALTER DATABASE ... SET), which PostgreSQL does not copy, are copied too.
        """
        name = PREFIX + secrets.token_hex(8)
        made = f"CREATE DATABASE {name} TEMPLATE {_quoted(template or 'template0')}"
        if template is None:
            made += " ENCODING 'UTF8'"
        else:
            self._wait_until_left(template)
        # Without fsync a copy of the files is two to three times as fast as the way through the WAL; on a server that
        # has other work it would force checkpoints.
        if self.embedded and self.version >= 150000:
            made += " STRATEGY file_copy"
        self._run(made, "a throw-away database can't be made")
        self._databases.add(name)
        if template is not None:
            self._copy_settings(template, name)
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database that `create_database` made, whoever is connected to it."""
        if name not in self._databases:
            raise ValueError(f"not a throw-away database of this run: {name}")
        self._wait_until_left(name)
        self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"the throw-away database {name} can't be dropped")
        self._databases.discard(name)

    def connect(self, database: str, statement_timeout: float | None = None) -> "Connection":
        """A new connection in autocommit mode, its session as the server gives it, but for the timeout (in seconds)."""
        options = self.conninfo.get("options", "")
        if statement_timeout is not None:
            options = f"{options} -c statement_timeout={max(1, round(statement_timeout * 1000))}".strip()
        return connect_with(self.conninfo | {"dbname": database, "options": options})

    def _wait_until_left(self, name: str) -> None:
        """Give connections that were just closed a moment to leave: PostgreSQL would wait for them in 100 ms steps."""
        until = time.monotonic() + _LEAVING_SECONDS
        count = b"SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE datname = %s"
        while self._maintenance.execute(count, (name,)).fetchone() != (0,) and time.monotonic() < until:
            time.sleep(0.001)

    def _run(self, sql: str, what: str) -> None:
        import psycopg

        try:
            self._maintenance.execute(sql.encode())
        except psycopg.Error as error:
            raise ServerError(f"{what} on {self.description}: {first_line(error)}") from None

    def _copy_settings(self, template: str, name: str) -> None:
        rows = self._maintenance.execute(
            "SELECT r.rolname, split_part(c, '=', 1), substr(c, strpos(c, '=') + 1)"
            " FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase"
            " LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) c WHERE d.datname = %s",
            (template,),
        ).fetchall()
        for role, setting, value in rows:
            whose = f"DATABASE {name}" if role is None else f"ROLE {_quoted(role)} IN DATABASE {name}"
            # FROM CURRENT takes lists such as search_path as they are, without a second parsing.
            self._maintenance.execute("SELECT pg_catalog.set_config(%s, %s, false)", (setting, value))
            self._run(f"ALTER {whose} SET {_quoted_setting(setting)} FROM CURRENT", "a setting can't be copied")
            self._maintenance.execute(f"RESET {_quoted_setting(setting)}".encode())


class NamedServer(Server):
    """The server of a URL. Only throw-away databases are made on it, and they are dropped at the end."""

    def __init__(self, database_url: str, allow_remote: bool) -> None:
        maintenance = connect_to(database_url, allow_remote)
        super().__init__(conninfo_of(database_url, allow_remote), maintenance, describe(maintenance))
        self._at_close: list[Callable[[], object]] = []

    def close(self) -> None:
        """Drop the databases, then whatever else was made for them."""
        import psycopg

        for name in sorted(self._databases):
            with contextlib.suppress(ServerError):
                self.drop_database(name)
        for call in reversed(self._at_close):
            # A role that others have come to use in the meantime stays.
            with contextlib.suppress(psycopg.Error):
                call()
        super().close()

    def at_close(self, call: Callable[[], object]) -> None:
        """Do something when the databases are dropped and the connection is about to be closed; it may fail."""
        self._at_close.append(call)

    def new_directory(self) -> Path:
        """A directory that lasts until the end, and that a server on this machine may be able to read."""
        directory = Path(tempfile.mkdtemp(prefix="driftproof-"))
        directory.chmod(0o755)
        self.at_close(lambda: shutil.rmtree(directory, ignore_errors=True))
        return directory


def connect_to(database_url: str, allow_remote: bool = False) -> "Connection":
    """A connection in autocommit mode to the very database that the URL names. Raises ServerError."""
    connection = connect_with(conninfo_of(database_url, allow_remote))
    info = connection.info
    try:
        # A service file may have led elsewhere. A unix socket has no address.
        if not allow_remote and not is_local(info.hostaddr):
            raise _remote(info.host)
        if info.server_version < OLDEST:
            raise too_old(version_text(connection))
    except ServerError:
        connection.close()
        raise
    return connection


def conninfo_of(database_url: str, allow_remote: bool) -> dict[str, str]:
    """The parts of a URL or a ``key=value`` string. Raises ServerError: it can't be read, or leads elsewhere."""
    require_driver()
    import psycopg
    from psycopg import pq
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = {key: str(value) for key, value in conninfo_to_dict(database_url).items()}
    except (psycopg.Error, UnicodeError):
        # The message may quote a part of the password.
        raise ServerError(
            "the database URL can't be read: it should look like postgresql://user:password@host:5432/database,"
            " with special characters percent-encoded"
        ) from None
    if not allow_remote and not {"service", "servicefile"} & parts.keys():
        defaults = {
            option.keyword.decode(): option.val.decode()
            for option in pq.Conninfo.get_defaults()
            if option.val is not None
        }
        # hostaddr decides where libpq connects to; host is then only a name.
        hosts = parts.get("hostaddr") or parts.get("host") or defaults.get("hostaddr") or defaults.get("host") or ""
        for host in hosts.split(","):
            if not is_local(host):
                raise _remote(host)
    return {"connect_timeout": _CONNECT_SECONDS} | parts


def describe(connection: "Connection") -> str:
    """The server of a connection in one line, without its password."""
    info = connection.info
    where = info.host if info.host.startswith("/") else f"{info.host}:{info.port}"
    return f"PostgreSQL {version_text(connection)} at {where}"


def version_text(connection: "Connection") -> str:
    """The server's version as people write it."""
    major, minor = divmod(connection.info.server_version, 10000)
    return f"{major}.{minor}"


def too_old(version: str) -> ServerError:
    """The error for a server that is older than `OLDEST`."""
    return ServerError(f"PostgreSQL {version} is too old: {OLDEST // 10000} is the oldest that will do")


def first_line(error: BaseException) -> str:
    """What an error says, in one line."""
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__


def connect_with(conninfo: Mapping[str, str]) -> "Connection":
    """A connection in autocommit mode. An empty value keeps the environment's from being used. Raises ServerError."""
    import psycopg
    from psycopg.conninfo import make_conninfo

    try:
        text = make_conninfo("", **conninfo, client_encoding="UTF8")
        return psycopg.connect(text, autocommit=True, prepare_threshold=None)
    except psycopg.Error as error:
        message = first_line(error)
        password = conninfo.get("password")
        raise ServerError(message.replace(password, "***") if password else message) from None


def is_local(host: str) -> bool:
    """Whether a host as connection strings name it is this machine: a socket, ``localhost`` or a loopback address."""
    if not host or host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.split("%")[0]).is_loopback
    except ValueError:
        return False


def _remote(host: str) -> ServerError:
    return ServerError(f"{host} is not this machine: say --allow-remote if that is meant")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _quoted_setting(name: str) -> str:
    return ".".join(map(_quoted, name.split(".")))
