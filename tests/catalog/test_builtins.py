"""What is taken for built in is what the server has."""

from driftproof.catalog import builtins, extensions
from driftproof.runner.platforms import STAND_INS
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


CLASSES = (
    b"SELECT opcname FROM pg_depend JOIN pg_opclass c ON c.oid = objid AND classid = 'pg_opclass'::regclass"
    b" JOIN pg_extension e ON e.oid = refobjid WHERE extname = %s AND deptype = 'e' AND opcname NOT IN"
    b" (SELECT opcname FROM pg_opclass WHERE opcnamespace = 'pg_catalog'::regnamespace)"
)


def test_extensions_bring_what_is_listed(server: Server) -> None:
    available = {name for (name,) in server.maintenance.execute("SELECT name FROM pg_available_extensions").fetchall()}
    stand_ins = {stand_in.name for stand_in in STAND_INS}  # another test may have put them there
    known = sorted((available & extensions.listed().keys()) - stand_ins)
    assert len(known) > 30
    database = server.create_database()
    with server.connect(database) as connection:
        for name in known:
            connection.execute("BEGIN")
            connection.execute(f'CREATE EXTENSION IF NOT EXISTS "{name}" CASCADE'.encode())
            brought = extensions.listed()[name]
            for catalog, column, listed in (("pg_proc", "pro", brought.functions), ("pg_type", "typ", brought.types)):
                query = (
                    f"SELECT DISTINCT {column}name FROM pg_depend JOIN {catalog} c ON c.oid = objid AND classid = %s::regclass"
                    f" JOIN pg_extension e ON e.oid = refobjid WHERE extname = %s AND {column}name !~ '^_'"
                )
                there = {found for (found,) in connection.execute(query.encode(), (catalog, name)).fetchall()}
                assert {item for item in listed if not item.startswith("_")} == there, (name, catalog)
            classes = connection.execute(CLASSES, (name,)).fetchall()
            assert brought.classes == {found for (found,) in classes}, name
            connection.execute("ROLLBACK")
    server.drop_database(database)


def test_casts_are_those_of_pg_catalog(server: Server) -> None:
    rows = server.maintenance.execute(
        "SELECT s.typname, t.typname, castcontext FROM pg_cast JOIN pg_type s ON s.oid = castsource"
        " JOIN pg_type t ON t.oid = casttarget WHERE castcontext <> 'e' AND castsource <> casttarget"
    ).fetchall()
    assert builtins.casts() == {(source, target): context for source, target, context in rows}
