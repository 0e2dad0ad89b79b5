"""What stands in a database before its first migration: a platform's objects, and extensions that a server lacks."""

from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from driftproof.runner.server import NamedServer, Server, ServerError, first_line

if TYPE_CHECKING:
    from driftproof.runner.server import Connection

PLATFORMS = ("supabase",)


class StandIn(msgspec.Struct, frozen=True):
    """An extension by name, version and, where it can't be put elsewhere, its schema; some have working functions."""

    name: str
    version: str
    schema: str | None = None
    works: bool = False


# Each is installed only where the server has no extension of that name.
STAND_INS = (
    StandIn("http", "1.6"),
    StandIn("hypopg", "1.4.1"),
    StandIn("index_advisor", "0.2.0"),
    StandIn("pg_cron", "1.6", "pg_catalog"),
    StandIn("pg_graphql", "1.5.11", "graphql"),
    StandIn("pg_hashids", "1.3"),
    StandIn("pg_jsonschema", "0.3.3"),
    StandIn("pg_net", "0.19.5"),
    StandIn("pg_repack", "1.5.2"),
    StandIn("pg_stat_monitor", "2.1"),
    StandIn("pg_stat_statements", "1.12"),
    StandIn("pg_tle", "1.4.0", "pgtle"),
    StandIn("pgaudit", "18.0"),
    StandIn("pgcrypto", "1.4", works=True),
    StandIn("pgjwt", "0.2.0"),
    StandIn("pgsodium", "3.1.8"),
    StandIn("pgtap", "1.3.3"),
    StandIn("plpgsql_check", "2.7"),
    StandIn("safeupdate", "1.4"),
    StandIn("supabase_vault", "0.3.1", "vault"),
    StandIn("uuid-ossp", "1.1", works=True),
    StandIn("wrappers", "0.5.4"),
)


class Platform(msgspec.Struct, frozen=True):
    """A database to copy: with the platform's objects, and nothing else.

    ``template`` is for `Server.create_database`; None stands for the server's own empty one. ``stand_ins`` are the
    extensions that CREATE EXTENSION finds only because of us; ``notes`` say what could not be done.
    """

    name: str | None
    template: str | None
    stand_ins: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def stood_in(self, connection: "Connection") -> tuple[str, ...]:
        """The extensions of a database that are stand-ins: what was learnt there holds for their names only."""
        rows = connection.execute("SELECT extname FROM pg_catalog.pg_extension ORDER BY extname").fetchall()
        return tuple(name for (name,) in rows if name in self.stand_ins)


def prepare(server: Server, platform: str | None) -> Platform:
    """Make the template database of a platform, once a run. Raises ServerError where the server does not allow it."""
    if platform is not None and platform not in PLATFORMS:
        raise ServerError(f"no platform is called {platform!r}: there is {', '.join(PLATFORMS)}")
    lacking = _lacking(server)
    names = tuple(stand_in.name for stand_in in lacking)
    if server.stand_in_directory is not None:
        _write(lacking, server.stand_in_directory)
        template = None if platform is None else server.create_database()
        given = True
    else:
        template = server.create_database()
        given = isinstance(server, NamedServer) and _give(server, template, lacking)
    if platform is not None and template is not None:
        _apply(server, template, platform)
    if given:
        return Platform(platform, template, names)
    note = f"{server.description} has none of these extensions, and stand-ins can't be given to it: {', '.join(names)}"
    return Platform(platform, template, (), (note,) if names else ())


def script_of(platform: str | None) -> str:
    """What stands in a platform's database, as SQL; empty for a bare server."""
    return "" if platform is None else (files(__name__) / f"{platform}.sql").read_text()


def _lacking(server: Server) -> tuple[StandIn, ...]:
    """The stand-ins that the server has no extension for."""
    with server.maintenance.transaction():
        if server.stand_in_directory is not None:
            server.maintenance.execute("SET LOCAL extension_control_path = '$system'")
        rows = server.maintenance.execute("SELECT name FROM pg_catalog.pg_available_extensions").fetchall()
    available = {name for (name,) in rows}
    return tuple(stand_in for stand_in in STAND_INS if stand_in.name not in available)


def _write(stand_ins: tuple[StandIn, ...], directory: Path) -> None:
    """Write the files of extensions to where the server looks for them; any user may read them."""
    place = directory / "extension"
    place.mkdir(parents=True, exist_ok=True)
    written = []
    for stand_in in stand_ins:
        control = f"comment = 'stand-in'\ndefault_version = '{stand_in.version}'\nrelocatable = false\ntrusted = true\n"
        if stand_in.schema is not None:
            control += f"schema = '{stand_in.schema}'\n"
        written.append(place / f"{stand_in.name}.control")
        written[-1].write_text(control)
        written.append(place / f"{stand_in.name}--{stand_in.version}.sql")
        written[-1].write_text(_script(stand_in) if stand_in.works else "-- only a name\n")
    for path in written:
        path.chmod(0o644)
    for path in (directory, place):
        path.chmod(0o755)


def _script(stand_in: StandIn) -> str:
    return (files(__name__) / "extensions" / f"{stand_in.name}--{stand_in.version}.sql").read_text()


def _give(server: NamedServer, template: str, lacking: tuple[StandIn, ...]) -> bool:
    """Give stand-ins to a server that is not ours, in our own databases only; whether it finds them.

    That takes PostgreSQL 18, a superuser, and a server that sees our files.
    """
    import psycopg

    if server.version < 180000 or not lacking:
        return False
    directory = server.new_directory()
    _write(lacking, directory)
    try:
        server.maintenance.execute(
            "SELECT set_config(name, setting || ':' || %s, false) FROM pg_catalog.pg_settings WHERE name = %s",
            (str(directory), "extension_control_path"),
        )
        server.maintenance.execute(f"ALTER DATABASE {template} SET extension_control_path FROM CURRENT".encode())
        server.maintenance.execute("RESET extension_control_path")
    except psycopg.Error:
        return False
    with server.connect(template) as connection:
        found = connection.execute(
            "SELECT FROM pg_catalog.pg_available_extensions WHERE name = %s", (lacking[0].name,)
        ).fetchone()
    if found is None:
        server.maintenance.execute(f"ALTER DATABASE {template} RESET extension_control_path".encode())
    return found is not None


def _apply(server: Server, template: str, platform: str) -> None:
    """Run a platform's script, and the functions of stand-ins that are no extensions here."""
    import psycopg

    script = script_of(platform)
    before = _roles(server)
    with server.connect(template) as connection:
        try:
            connection.execute(script.encode())
            rows = connection.execute("SELECT extname FROM pg_catalog.pg_extension").fetchall()
            there = {name for (name,) in rows}
            for stand_in in STAND_INS:
                if stand_in.works and stand_in.name not in there:
                    connection.execute(_script(stand_in).replace("@extschema@", "extensions").encode())
        except psycopg.Error as error:
            raise ServerError(
                f"the platform {platform} can't be set up on {server.description}: {first_line(error)}"
            ) from None
        finally:
            if isinstance(server, NamedServer):
                for name in sorted(_roles(server) - before):
                    if f"'{name}'" in script:
                        server.at_close(partial(server.maintenance.execute, f'DROP ROLE "{name}"'.encode()))


def _roles(server: Server) -> set[str]:
    return {name for (name,) in server.maintenance.execute("SELECT rolname FROM pg_catalog.pg_roles").fetchall()}
