"""What is taken for built in is what the server has."""

from driftproof.catalog import builtins
from driftproof.runner.server import Server

SERIAL = {"serial", "serial2", "serial4", "serial8", "bigserial", "smallserial"}


def test_types_are_those_of_pg_catalog(server: Server) -> None:
    rows = server.maintenance.execute(
        "SELECT typname FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typrelid = 0 AND typname !~ '^_'"
    ).fetchall()
    assert builtins.types() == {name for (name,) in rows} | SERIAL


def test_functions_are_those_of_pg_catalog(server: Server) -> None:
    rows = server.maintenance.execute(
        "SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace"
    ).fetchall()
    assert builtins.functions() == {name for (name,) in rows}
