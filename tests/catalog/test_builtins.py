"""What is taken for built in is what the server has."""

from itertools import product

from driftproof.catalog import builtins, extensions
from driftproof.catalog.coercion import apart, category, common_type, is_preferred, operated, operates
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


def test_values_of_functions_are_of_the_types_that_are_told(server: Server) -> None:
    rows = server.maintenance.execute(
        "SELECT proname, array_agg(DISTINCT prorettype::regtype::text) FROM pg_proc"
        " WHERE pronamespace = 'pg_catalog'::regnamespace AND NOT proretset GROUP BY 1"
    ).fetchall()
    written = {"timestamp with time zone": "timestamptz"}
    types = {name: [f"pg_catalog.{written.get(type_, type_)}" for type_ in found] for name, found in rows}
    told = {name: builtins.value_type(name) for name in types if builtins.value_type(name) is not None}
    assert len(told) > 3
    assert {name: [type_] for name, type_ in told.items()} == {name: types[name] for name in told}


def test_functions_that_are_not_immutable_are_known(server: Server) -> None:
    rows = server.maintenance.execute(
        "SELECT proname, array_to_string(proargtypes::regtype[], ','), bool_and(provolatile <> 'i')"
        " OVER (PARTITION BY proname), provolatile <> 'i' FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace"
    ).fetchall()
    written = {"timestamp with time zone": "timestamptz", "timestamp without time zone": "timestamp"}
    for name, arguments, always, mutable in rows:
        types = tuple(f"pg_catalog.{written.get(type_, type_)}" for type_ in arguments.split(",") if type_)
        assert builtins.may_be_mutable(name) >= always, name
        if builtins.may_be_mutable(name):
            assert builtins.is_mutable(name, types) <= mutable, (name, types)
    assert {name for name, _, always, _ in rows if always} == builtins.mutable()


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


def test_operators_are_those_of_pg_catalog(server: Server) -> None:
    rows = server.maintenance.execute(
        "SELECT oprname, l.typname, r.typname, t.typname FROM pg_operator JOIN pg_type l ON l.oid = oprleft"
        " JOIN pg_type r ON r.oid = oprright JOIN pg_type t ON t.oid = oprresult"
    ).fetchall()
    listed = {(name, *types, result) for name, known in builtins.operators().items() for types, result in known.items()}
    assert listed == {
        (name, *(f"{type_[1:]}[]" if type_[0] == "_" else type_ for type_ in types)) for name, *types in rows
    }


OPERANDS = (
    *("int2", "int4", "int8", "numeric", "float8", "text", "varchar", "bpchar", "name", "char", "bool", "uuid", "json"),
    *("jsonb", "date", "timestamp", "timestamptz", "time", "interval", "bytea", "inet", "oid", "int4[]", "text[]"),
    *(
        "int4range",
        "int4multirange",
        "point",
        "tsvector",
        "regclass",
        "money",
        "unknown",
        "record",
        "xml",
        "bit",
        "varbit",
    ),
)
OPERATORS = ("=", "<>", "<", "||", "+", "-", "*", "~~", "~", "->", "->>", "@>", "&&", "@@", "%", "?")


def test_categories_are_those_of_pg_catalog(server: Server) -> None:
    rows = server.maintenance.execute(
        "SELECT typname, typcategory, typispreferred FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace"
        " AND typtype IN ('b', 'r', 'm') AND typname !~ '^_' AND typname !~ 'vector$'"
    ).fetchall()
    for name, known, preferred in rows:
        assert (category(f"pg_catalog.{name}"), is_preferred(f"pg_catalog.{name}")) == (known, preferred), name


def test_values_have_the_type_in_common_that_postgresql_chooses(server: Server) -> None:
    values = {
        **{type_: f'NULL::pg_catalog."{type_}"' for type_ in OPERANDS if not type_.endswith("]")},
        **{type_: f"NULL::{type_}" for type_ in OPERANDS if type_.endswith("]")},
        "unknown": "NULL",
        "record": "(SELECT ROW(1))",
    }
    told = 0
    for left, right in product(OPERANDS, repeat=2):
        given = [f"pg_catalog.{left}", f"pg_catalog.{right}"]
        sql = f"SELECT pg_typeof(COALESCE({values[left]}, {values[right]}))::oid"
        result = server.maintenance.pgconn.exec_(sql.encode())
        real = (result.error_field(67) or b"").decode() or None
        said = apart(given)
        told += said is not None
        assert said in (None, real), (sql, said, real)
        chosen = common_type(given)
        if real is None and chosen is not None:
            kept = server.maintenance.execute(f"SELECT '{chosen}'::regtype::oid::text".encode()).fetchone()
            assert kept is not None and kept[0].encode() == result.get_value(0, 0), (sql, chosen)
    assert told > 500


def test_operators_that_are_missing_are_missing(server: Server) -> None:
    values = {
        **{type_: f"NULL::pg_catalog.{type_}" for type_ in OPERANDS},
        "unknown": "NULL",
        "record": "(SELECT ROW(1))",
    }
    values["char"] = 'NULL::"char"'
    wrong: list[tuple[str, str, str]] = []
    missed: list[tuple[str, str, str]] = []
    told = 0
    for operator in OPERATORS:
        for left, right in product(OPERANDS, repeat=2):
            given = f"pg_catalog.{left}", f"pg_catalog.{right}"
            sql = f"SELECT {values[left]} {operator} {values[right]}"
            real = server.maintenance.pgconn.exec_(sql.encode()).error_field(67) == b"42883"
            said = not operates(operator, *given)
            told += said
            if said != real:
                (wrong if said else missed).append((left, operator, right))
            result = operated(operator, *given)
            if result is not None and not real:
                kept = server.maintenance.pgconn.exec_(f"SELECT pg_typeof(({sql})) = '{result}'::regtype".encode())
                assert kept.get_value(0, 0) == b"t", (sql, result)
    assert not wrong
    assert len(missed) < told / 50, missed
