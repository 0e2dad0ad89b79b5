"""What a database's catalogs hold, as plain sorted data, and how two of them differ.

It answers whether two runs ended in the same schema. Data, statistics, storage and what belongs to an extension are no
part of it; roles belong to the server.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from driftproof.runner.snapshot_queries import queries

if TYPE_CHECKING:
    from driftproof.runner.server import Connection

OF = "of"
"""The attribute that names the object which an object belongs to, and goes with."""
COLUMNS = "columns"
"""The attribute that lists a relation's columns in their order."""


class Snapshot(msgspec.Struct, frozen=True):
    """The objects of a database by kind and quoted name, ``column public.t.c``, each with its attributes as text."""

    objects: dict[str, dict[str, str]]


def snapshot(connection: "Connection") -> Snapshot:
    """The catalogs as they are in one moment. The connection must be idle, and is afterwards.

    System schemas and the schema ``driftproof``, where our own bookkeeping lives, are left out.
    """
    with read_only(connection):
        return catalogs(connection)


@contextmanager
def read_only(connection: "Connection") -> Iterator[None]:
    """A transaction that sees one moment, can change nothing, and is rolled back. The connection must be idle."""
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("ROLLBACK")


def catalogs(connection: "Connection") -> Snapshot:
    """The catalogs as the transaction at hand sees them; its search_path is set back."""
    objects: dict[str, dict[str, str]] = {}
    connection.execute("SAVEPOINT catalogs")
    # Then PostgreSQL writes every name in a definition with its schema.
    connection.execute("SET LOCAL search_path = ''")
    for query in queries(connection.info.server_version):
        cursor = connection.execute(query.encode())
        names = [column.name for column in cursor.description or ()]
        for key, *values in cursor:
            attributes = zip(names[1:], values, strict=True)
            objects.setdefault(key, {}).update((name, value) for name, value in attributes if value is not None)
    connection.execute("ROLLBACK TO SAVEPOINT catalogs")
    return Snapshot({key: objects[key] for key in sorted(objects)})


def difference(before: Snapshot, after: Snapshot, column_order: bool = True) -> list[str]:
    """What differs, an object a line: ``-`` is only in ``before``, ``+`` only in ``after``, ``~`` in both, unlike.

    What belongs to an object that is only on one side is not listed. ``column_order`` False lets the columns of a
    relation stand in any order. No line means that both are the same.
    """
    return sorted(_lines(before, after, column_order), key=lambda line: (line[2:], line))


def _lines(before: Snapshot, after: Snapshot, column_order: bool) -> Iterator[str]:
    for mark, one, other in (("-", before.objects, after.objects), ("+", after.objects, before.objects)):
        for key, attributes in one.items():
            parent = attributes.get(OF)
            if key not in other and not (parent in one and parent not in other):
                yield f"{mark} {key}"
    for key, attributes in before.objects.items():
        others = after.objects.get(key)
        if others is None:
            continue
        for name in sorted(attributes.keys() | others.keys()):
            was, now = attributes.get(name), others.get(name)
            if was == now or (name == COLUMNS and not (column_order and _same_columns(was, now))):
                continue
            yield f"~ {key}: {name} {_said(was)} -> {_said(now)}"


def _same_columns(was: str | None, now: str | None) -> bool:
    """Whether only their order differs; columns that come or go have lines of their own."""
    return sorted((was or "").split("\n")) == sorted((now or "").split("\n"))


def _said(value: str | None) -> str:
    """An attribute's value in one line."""
    return "(none)" if value is None else " ".join(value.split("\n")) or "''"
