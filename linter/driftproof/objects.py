"""The objects that statements need and make, and the SQLSTATE of one that is missing or there."""

from typing import Literal

import msgspec

Kind = Literal[
    "schema",
    "relation",
    "column",
    "constraint",
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
    "sequence",
    "object",
]


class Object(msgspec.Struct, frozen=True):
    """An object by its place: ``relation`` for what belongs to one; names are folded, as the catalogs hold them."""

    kind: Kind
    schema: str | None
    relation: str | None
    name: str

    def __str__(self) -> str:
        """The name as one would write it, without the schema ``public``."""
        schema = self.schema if self.schema not in (None, "public") else None
        if self.kind in ("column", "enum-label"):
            return ".".join(filter(None, (schema, self.relation, self.name)))
        if self.relation is not None and self.kind != "index":
            return f"{self.name} on {'.'.join(filter(None, (schema, self.relation)))}"
        return ".".join(filter(None, (schema, self.name)))


# What PostgreSQL raises for an object that is not there, and for one that is there already.
# src/backend/utils/errcodes.txt; tests/test_sqlstates.py asks the server for each.
UNDEFINED: dict[Kind, str] = {
    "schema": "3F000",
    "relation": "42P01",
    "column": "42703",
    "constraint": "42704",
    "key": "42830",
    "index": "42704",
    "policy": "42704",
    "trigger": "42704",
    "rule": "42704",
    "type": "42704",
    "enum-label": "22P02",
    "function": "42883",
    "extension": "42704",
    "role": "42704",
    "publication": "42704",
    "sequence": "42P01",
    "object": "42704",
}
DUPLICATE: dict[Kind, str] = {
    "schema": "42P06",
    "relation": "42P07",
    "column": "42701",
    "constraint": "42710",
    "key": "42P16",
    "index": "42P07",
    "policy": "42710",
    "trigger": "42710",
    "rule": "42710",
    "type": "42710",
    "enum-label": "42710",
    "function": "42723",
    "extension": "42710",
    "role": "42710",
    "publication": "42710",
    "sequence": "42P07",
    "object": "42710",
}
