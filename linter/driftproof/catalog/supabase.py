"""What a Supabase project has before its first migration, as far as names resolve to it.

Source: supabase/postgres init scripts, supabase/auth and supabase/storage migrations.
"""

from pathlib import Path

import msgspec

from driftproof.catalog.effects.keys import unique_key
from driftproof.catalog.entries import Relation
from driftproof.catalog.facts import PRESENT
from driftproof.catalog.state import State
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

# Those of the platform's own schemas, and those of the extensions that projects switch on outside of their migrations.
_OWN = {
    "auth": "email jwt role uid",
    "cron": "alter_job schedule unschedule",
    "extensions": "grant_pg_cron_access grant_pg_graphql_access grant_pg_net_access pgrst_ddl_watch pgrst_drop_watch"
    " set_graphql_placeholder sign url_encode",
    "graphql_public": "graphql",
    "net": "http_delete http_get http_post",
    "realtime": "broadcast_changes send topic",
    "storage": "extension filename foldername get_size_by_bucket update_updated_at_column",
    "supabase_functions": "http_request",
    "vault": "create_secret update_secret",
}
_RESULTS = {
    "auth.email": "text",
    "auth.jwt": "jsonb",
    "auth.role": "text",
    "auth.uid": "uuid",
    "storage.extension": "text",
    "storage.filename": "text",
    "storage.foldername": "text[]",
}
_NAMES = [f"{schema}.{name}" for schema, names in _OWN.items() for name in names.split()] + _OWN["extensions"].split()
FUNCTIONS = {name: f"pg_catalog.{_RESULTS[name]}" if name in _RESULTS else None for name in _NAMES}
"""With the types of their values, where expressions ask for them."""


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
    state.extensions = dict.fromkeys(platform.extensions, "extensions")
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
