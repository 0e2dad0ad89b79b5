"""What a Supabase project has before its first migration, as far as names resolve to it.

Source: supabase/postgres init scripts, supabase/auth and supabase/storage migrations.
"""

from pathlib import Path

import msgspec

from driftproof.catalog.effects.keys import unique_key
from driftproof.catalog.state import PRESENT, Relation, State
from driftproof.objects import Kind

SEARCH_PATH = ("public", "extensions")
SCHEMAS = frozenset(
    {
        "_analytics",
        "_realtime",
        "_supavisor",
        "auth",
        "cron",
        "extensions",
        "graphql",
        "graphql_public",
        "net",
        "pgbouncer",
        "pgmq",
        "pgsodium",
        "pgsodium_masks",
        "pgtle",
        "realtime",
        "storage",
        "supabase_functions",
        "supabase_migrations",
        "tiger",
        "tiger_data",
        "topology",
        "vault",
    }
)
"""Schemas that the platform and its extensions fill, or may fill."""

_UUID = ("nil", "ns_dns", "ns_url", *(f"generate_{version}" for version in ("v1", "v1mc", "v3", "v4", "v5")))
_CRYPTO = ("gen_random_bytes", "digest", "hmac", "crypt", "gen_salt", "encrypt", "decrypt")
_EXTENSIONS = (*(f"uuid_{name}" for name in _UUID), *_CRYPTO, "pgp_sym_encrypt", "pgp_sym_decrypt")

FUNCTIONS = frozenset(
    [
        *_EXTENSIONS,
        *(f"extensions.{name}" for name in _EXTENSIONS),
        *(f"auth.{name}" for name in ("uid", "role", "email", "jwt")),
        *(f"storage.{name}" for name in ("foldername", "filename", "extension", "get_size_by_bucket")),
        *(f"realtime.{name}" for name in ("topic", "send", "broadcast_changes")),
    ]
)


class _Relation(msgspec.Struct):
    kind: str
    columns: dict[str, str]
    unique: dict[str, list[str]]
    primary_key: str | None


class _Platform(msgspec.Struct):
    schemas: list[str]
    roles: list[str]
    extensions: list[str]
    publications: list[str]
    types: dict[str, list[str]]
    relations: dict[str, _Relation]


def enter(state: State) -> None:
    """Enter the platform's objects. Its tables may have more columns than the file beside this module knows, which
    tests/catalog/test_supabase.py holds against the platform that the runner makes."""
    platform = msgspec.json.decode(Path(__file__).with_name("supabase.json").read_bytes(), type=_Platform)
    kinds: dict[Kind, list[str]] = {
        "schema": platform.schemas,
        "role": platform.roles,
        "extension": platform.extensions,
        "publication": platform.publications,
    }
    for kind, names in kinds.items():
        for name in names:
            state.put_object((kind, None, name), PRESENT)
    for full, labels in platform.types.items():
        schema, _, name = full.partition(".")
        type_ = state.put_type(Relation((schema, name), "type", PRESENT, open=True))
        type_.members = {("enum-label", label): PRESENT for label in labels}
    for full, known in platform.relations.items():
        schema, _, name = full.partition(".")
        relation = state.put(Relation((schema, name), known.kind, PRESENT, open=True))
        relation.members = {("column", column): PRESENT for column in known.columns}
        relation.types = dict(known.columns)
        relation.primary_key = known.primary_key
        for index, columns in known.unique.items():
            state.put_member(relation, ("constraint", index), PRESENT)
            relation.uses["constraint", index] = tuple(columns)
            made = state.put(Relation((schema, index), "index", PRESENT, open=False, of=relation.key))
            made.unique = unique_key(tuple(columns))
