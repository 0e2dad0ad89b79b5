"""A snapshot as the statements that make what is in it.

So it is the catalog that says what they mean, as it does for a migration. What the catalog looks at is written, and
nothing else: functions have no bodies, policies no roles.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from driftproof.syntax import quote

Attributes = Mapping[str, str]
Columns = Sequence[tuple[str, Attributes]]

_ROUTINE = re.compile(r'(\w+) ((?:"(?:[^"]|"")+"|[^".(]+)\.(?:"(?:[^"]|"")+"|[^"(]+))\(')


def statements(objects: Mapping[str, Attributes]) -> Iterator[str]:
    """The statements, kind by kind; some need what comes behind them."""
    columns = columns_of(objects)
    for kind, write in _WRITERS.items():
        for key, attributes in objects.items():
            if key.startswith(kind):
                yield from write(key[len(kind) :], attributes, columns.get(key, ()))


def columns_of(objects: Mapping[str, Attributes]) -> dict[str, Columns]:
    """The columns of each relation in their order, each by its quoted name."""
    found: dict[str, dict[str, Attributes]] = {}
    for key, attributes in objects.items():
        if key.startswith("column ") and (of := attributes.get("of")) is not None:
            name = key[len("column ") :].removeprefix(name_of(of) + ".")
            found.setdefault(of, {})[name] = attributes
    return {
        of: tuple((name, named[name]) for name in objects[of].get("columns", "").split("\n") if name in named)
        for of, named in found.items()
        if of in objects
    }


def name_of(key: str) -> str:
    """The quoted name in the key of a relation or a type."""
    return key[len(next((kind for kind in _OWNERS if key.startswith(kind)), "")) :]


def _schema(name: str, _attributes: Attributes, _columns: Columns) -> Iterator[str]:
    yield f"CREATE SCHEMA IF NOT EXISTS {name}"


def _extension(name: str, attributes: Attributes, _columns: Columns) -> Iterator[str]:
    schema = attributes.get("schema", "pg_catalog")
    yield f"CREATE EXTENSION IF NOT EXISTS {name}" + (f" WITH SCHEMA {quote(schema)}" if schema != "pg_catalog" else "")


def _type(name: str, attributes: Attributes, _columns: Columns) -> Iterator[str]:
    match attributes.get("kind"):
        case "enum":
            yield f"CREATE TYPE {name} AS ENUM ({attributes.get('labels', '')})"
        case "domain":
            not_null = " NOT NULL" if "not null" in attributes else ""
            yield f"CREATE DOMAIN {name} AS {attributes.get('based on')}{not_null}"
        case "range":
            yield f"CREATE TYPE {name} AS RANGE (SUBTYPE = {attributes.get('range of')})"
        case _:
            yield f"CREATE TYPE {name}"


def _composite(name: str, _attributes: Attributes, columns: Columns) -> Iterator[str]:
    defined = ", ".join(f"{column} {one['type']}" for column, one in columns)
    yield f"CREATE TYPE {name} AS ({defined})"


def _sequence(name: str, attributes: Attributes, _columns: Columns) -> Iterator[str]:
    yield f"CREATE SEQUENCE {name}"
    if owner := attributes.get("owned by"):
        yield f"ALTER SEQUENCE {name} OWNED BY {owner}"


def _table(name: str, attributes: Attributes, columns: Columns) -> Iterator[str]:
    if "partition bound" in attributes:
        yield f"CREATE TABLE {name} PARTITION OF {attributes.get('inherits')} {attributes['partition bound']}"
        return
    defined = ", ".join(_column(column, one) for column, one in columns)
    parents = f" INHERITS ({attributes['inherits']})" if "inherits" in attributes else ""
    key = f" PARTITION BY {attributes['partition key']}" if "partition key" in attributes else ""
    yield f"CREATE TABLE {name} ({defined}){parents}{key}"


def _column(name: str, attributes: Attributes) -> str:
    written = f"{name} {attributes['type']}"
    if "generated" in attributes:
        kind, _, expression = attributes["generated"].partition(" ")
        written += f" GENERATED ALWAYS AS ({expression}) {'VIRTUAL' if kind == 'v' else 'STORED'}"
    elif "default" in attributes:
        written += f" DEFAULT {attributes['default']}"
    return written + (" NOT NULL" if "not null" in attributes else "")


def _view(kind: str) -> "Writer":
    def write(name: str, attributes: Attributes, columns: Columns) -> Iterator[str]:
        names = ", ".join(column for column, _ in columns)
        yield f"CREATE {kind} {name} ({names}) AS {attributes['definition'].rstrip(';')}"

    return write


def _routine(kind: str) -> "Writer":
    def write(rest: str, attributes: Attributes, _columns: Columns) -> Iterator[str]:
        found = _ROUTINE.match(f"{kind} {rest}")
        if found is None:
            return
        arguments = attributes.get("arguments", "")
        if kind == "aggregate":
            yield f"CREATE AGGREGATE {found[2]}({arguments or '*'}) (SFUNC = int4pl, STYPE = pg_catalog.int4)"
        elif kind == "procedure":
            yield f"CREATE PROCEDURE {found[2]}({arguments}) LANGUAGE internal AS 'x'"
        else:
            yield f"CREATE FUNCTION {found[2]}({arguments}) RETURNS {attributes['result']} LANGUAGE internal AS 'x'"

    return write


def _constraint(rest: str, attributes: Attributes, _columns: Columns) -> Iterator[str]:
    of = attributes["of"]
    owner = name_of(of)
    what = "DOMAIN" if of.startswith("type ") else "TABLE"
    yield f"ALTER {what} {owner} ADD CONSTRAINT {rest.removesuffix(f' on {owner}')} {attributes['definition']}"


def _defined(_rest: str, attributes: Attributes, _columns: Columns) -> Iterator[str]:
    if definition := attributes.get("definition"):
        yield definition.rstrip(";")


def _policy(rest: str, attributes: Attributes, _columns: Columns) -> Iterator[str]:
    table = attributes["of"].removeprefix("table ")
    parts = [f"CREATE POLICY {rest.removesuffix(f' on {table}')} ON {table} FOR {attributes['command']}"]
    if "using" in attributes:
        parts.append(f"USING ({attributes['using']})")
    if "with check" in attributes:
        parts.append(f"WITH CHECK ({attributes['with check']})")
    yield " ".join(parts)


def _publication(name: str, attributes: Attributes, _columns: Columns) -> Iterator[str]:
    if attributes.get("publishes", "").startswith("all tables"):
        yield f"CREATE PUBLICATION {name} FOR ALL TABLES"
        return
    what = [f"TABLE {attributes['tables']}"] if "tables" in attributes else []
    what += [f"TABLES IN SCHEMA {attributes['schemas']}"] if "schemas" in attributes else []
    yield f"CREATE PUBLICATION {name}" + (f" FOR {', '.join(what)}" if what else "")


def _event_trigger(name: str, attributes: Attributes, _columns: Columns) -> Iterator[str]:
    yield f"CREATE EVENT TRIGGER {name} ON {attributes['event']} EXECUTE FUNCTION {attributes['function']}()"


Writer = Callable[[str, Attributes, Columns], Iterator[str]]
_OWNERS = ("table ", "view ", "materialized view ", "foreign table ", "composite type ", "type ")
# By how the keys of a kind begin; the order is that of the statements.
_WRITERS: dict[str, Writer] = {
    "schema ": _schema,
    "extension ": _extension,
    "type ": _type,
    "composite type ": _composite,
    "sequence ": _sequence,
    "function ": _routine("function"),
    "procedure ": _routine("procedure"),
    "aggregate ": _routine("aggregate"),
    "table ": _table,
    "constraint ": _constraint,
    "index ": _defined,
    "view ": _view("VIEW"),
    "materialized view ": _view("MATERIALIZED VIEW"),
    "policy ": _policy,
    "trigger ": _defined,
    "rule ": _defined,
    "statistics object ": _defined,
    "publication ": _publication,
    "event trigger ": _event_trigger,
}
