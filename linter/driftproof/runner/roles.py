"""Roles belong to a whole server, not to a database: what a migration does to them must be taken back by hand.

Only on a server of our own. The catalogs are written directly: no other way gives a dropped role its number back, by
which the privileges in every database know it.
"""

from typing import Any

import msgspec

from driftproof.runner.server import Server

# pg_authid is last to go and first to come; the bootstrap superuser, whose number is 10, always stays.
_CATALOGS = {
    "pg_authid": "oid <> 10",
    "pg_auth_members": "true",
    "pg_db_role_setting": "setdatabase = 0",
}


class Roles(msgspec.Struct, frozen=True):
    """The roles of a server, with their attributes, memberships and settings."""

    rows: dict[str, list[Any]]

    @property
    def names(self) -> frozenset[str]:
        """What they are called."""
        return frozenset(row["rolname"] for row in self.rows["pg_authid"])


def remember(server: Server) -> Roles:
    """The roles as they are now."""
    rows = {}
    for catalog, which in _CATALOGS.items():
        answer = server.maintenance.execute(
            f"SELECT coalesce(json_agg(c ORDER BY c::text), '[]') FROM pg_catalog.{catalog} c WHERE {which}".encode()
        ).fetchone()
        assert answer is not None
        rows[catalog] = answer[0]
    return Roles(rows)


def restore(server: Server, roles: Roles) -> bool:
    """Make the roles what they were; whether anything had to be done. Drop the databases that use new ones before.

    Raises ValueError for a server that is not ours.
    """
    if not server.embedded:
        raise ValueError("the roles of this server are not ours to change")
    now = remember(server)
    if now == roles:
        return False
    from psycopg.types.json import Json

    with server.maintenance.transaction():
        for catalog, which in _CATALOGS.items():
            if now.rows[catalog] == roles.rows[catalog]:
                continue
            server.maintenance.execute(f"DELETE FROM pg_catalog.{catalog} WHERE {which}".encode())
            server.maintenance.execute(
                f"INSERT INTO pg_catalog.{catalog} SELECT (json_populate_recordset(null::pg_catalog.{catalog}, %s)).*"
                "".encode(),
                (Json(roles.rows[catalog]),),
            )
    return True
