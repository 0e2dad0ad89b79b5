"""The objects that statements need and make, and the SQLSTATE of one that is missing or there."""

from typing import Literal, get_args

import msgspec

Kind = Literal[
    "schema",
    "relation",
    "column",
    "constraint",
    "default",
    "identity",
    "generated",
    "virtual",
    "key",
    "index",
    "policy",
    "trigger",
    "rule",
    "type",
    "enum-label",
    "function",
    "extension",
    "role",
    "publication",
    "publication-table",
    "sequence",
    "statistics",
    "server",
    "foreign-data-wrapper",
    "user-mapping",
    "option",
    "event-trigger",
    "subscription",
    "text-search-configuration",
    "text-search-dictionary",
    "text-search-parser",
    "text-search-template",
    "operator",
    "operator-class",
    "operator-family",
    "cast",
    "collation",
    "conversion",
    "language",
    "transform",
    "access-method",
    "tablespace",
    "database",
    "prepared-statement",
    "transaction",
    "object",
]

OTHER_KINDS: tuple[Kind, ...] = (
    "extension",
    "role",
    "publication",
    "publication-table",
    "sequence",
    "statistics",
    "server",
    "foreign-data-wrapper",
    "user-mapping",
    "option",
    "event-trigger",
    "subscription",
    "text-search-configuration",
    "text-search-dictionary",
    "text-search-parser",
    "text-search-template",
    "operator",
    "operator-class",
    "operator-family",
    "cast",
    "collation",
    "conversion",
    "language",
    "transform",
    "access-method",
    "tablespace",
    "database",
    "prepared-statement",
    "object",
)
"""The kinds that no rule has for itself."""

NOT_IN_A_SCHEMA: frozenset[Kind] = frozenset(
    [
        "schema",
        "extension",
        "role",
        "publication",
        "server",
        "foreign-data-wrapper",
        "user-mapping",
        "event-trigger",
        "subscription",
        "cast",
        "language",
        "transform",
        "access-method",
        "tablespace",
        "database",
        "prepared-statement",
    ]
)
"""The kinds whose names are not qualified."""


SYSTEM_SCHEMAS = frozenset(("pg_catalog", "information_schema", "pg_toast"))
"""The schemas that are PostgreSQL's own."""

# How PostgreSQL writes types of pg_catalog in its messages; format_type, format_type.c.
WRITTEN = {
    "bool": "boolean",
    "bpchar": "character",
    "char": '"char"',
    "float4": "real",
    "float8": "double precision",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "time": "time without time zone",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "timetz": "time with time zone",
    "varbit": "bit varying",
    "varchar": "character varying",
}


class Object(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An object by its place: ``relation`` for what belongs to one; names are folded, as the catalogs hold them.

    ``arguments`` are the types of a function's arguments, with their schemas; None where none are known or named.
    """

    kind: Kind
    schema: str | None
    relation: str | None
    name: str
    arguments: tuple[str, ...] | None = None

    def __str__(self) -> str:
        """The name as one would write it, without the schema ``public``."""
        schema = self.schema if self.schema not in (None, "public") else None
        if self.kind in ("column", "enum-label"):
            return ".".join(filter(None, (schema, self.relation, self.name)))
        if self.relation is not None and self.kind != "index":
            return f"{self.name} on {'.'.join(filter(None, (schema, self.relation)))}"
        name = ".".join(filter(None, (schema, self.name)))
        return name if self.arguments is None else f"{name}({', '.join(map(_written, self.arguments))})"


def _written(type_: str) -> str:
    name = type_.removeprefix("public.").removeprefix("pg_catalog.")
    element = name.removesuffix("[]")
    return WRITTEN.get(element, element) + name[len(element) :]


_WORDS: dict[Kind, str] = {"relation": "", "enum-label": "label ", "publication-table": "membership in publication "}


def word_for(kind: Kind) -> str:
    """What stands before an object's name, with a space behind it; nothing before a relation's."""
    return _WORDS.get(kind, kind.replace("-", " ") + " ")


def described(wanted: Object) -> str:
    """An object in words."""
    return f"{word_for(wanted.kind)}{wanted}"


# What PostgreSQL raises for an object that is not there, and for one that is there already.
# src/backend/utils/errcodes.txt; tests/catalog/test_objects.py asks the server for each.
UNDEFINED: dict[Kind, str] = dict.fromkeys(get_args(Kind), "42704") | {
    "schema": "3F000",
    "relation": "42P01",
    "column": "42703",
    "key": "42830",
    "enum-label": "22P02",
    "function": "42883",
    "sequence": "42P01",
    "operator": "42883",
    "database": "3D000",
    "prepared-statement": "26000",
    "transaction": "25P01",
}
DUPLICATE: dict[Kind, str] = dict.fromkeys(get_args(Kind), "42710") | {
    # PostgreSQL leaves these to the unique index of their catalog.
    "text-search-configuration": "23505",
    "text-search-dictionary": "23505",
    "text-search-parser": "23505",
    "text-search-template": "23505",
    "schema": "42P06",
    "relation": "42P07",
    "column": "42701",
    "key": "42P16",
    "index": "42P07",
    "function": "42723",
    "sequence": "42P07",
    "operator": "42723",
    "database": "42P04",
    "prepared-statement": "42P05",
    "transaction": "25001",
}
