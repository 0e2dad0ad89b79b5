"""What a condition asks of the database: whether an object is there, or a row. `driftproof.statements.operations` names
its parts with the operations that run under it."""

from typing import Literal

import msgspec

from driftproof.objects import Kind
from driftproof.statements.query import Name


class Asked(msgspec.Struct, frozen=True, gc=False):
    """How a probe is written: ``text`` is SQL in the body of a DO block, at or behind ``line`` of the body (from 1).

    ``catalog`` is the view or catalog that is asked, ``qualifier`` stands before the names of its columns (``c.``);
    ``name`` and ``relation`` are the offsets of the constants they are compared with, in bytes of the text (-1: none).
    """

    catalog: str
    qualifier: str
    text: str
    line: int
    name: int = -1
    relation: int = -1


class Probe(msgspec.Struct, frozen=True, gc=False):
    """Whether an object is there, asked of a system catalog; what the question leaves open is None.

    ``reach`` says where it looks: in ``schema``, along the search_path, in the schema that new objects go to
    (``current``), or anywhere. ``filtered``: it asks for more than the object's presence; ``alone``: a name that two
    functions share means none. ``only`` are the kinds of relations, or of constraints, that it sees, if not all.
    """

    kind: Kind
    schema: str | None
    relation: str | None
    name: str | None
    reach: Literal["schema", "path", "current", "any"] = "schema"
    filtered: bool = False
    only: tuple[str, ...] = ()
    asked: Asked | None = None
    alone: bool = False


class Rows(msgspec.Struct, frozen=True, gc=False):
    """Whether a table has a row with these ``values``, by the names of their columns, constants as text; and, where a
    ``column`` is named, whether that is not NULL in it."""

    table: Name
    values: tuple[tuple[str, str], ...]
    column: str | None = None


class Text(msgspec.Struct, frozen=True, gc=False):
    """Whether a text is like a ``pattern`` of LIKE, or, ``folded``, of ILIKE: the ``definition`` of the constraint that
    the probe asks for, if it is there; or, of the error that a handler has caught, its SQLSTATE or its message."""

    of: Literal["definition", "sqlstate", "message"]
    pattern: str
    folded: bool = False
    probe: Probe | None = None


class Test(msgspec.Struct, frozen=True, gc=False):
    """A condition: a probe, a question for rows or for a text, a connective of others, or what can't be told
    (``opaque``)."""

    connective: Literal["probe", "rows", "text", "and", "or", "not", "true", "false", "opaque"]
    probe: Probe | None = None
    parts: "tuple[Test, ...]" = ()
    rows: Rows | None = None
    text: Text | None = None
