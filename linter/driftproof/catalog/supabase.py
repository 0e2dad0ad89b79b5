"""What a Supabase project has before its first migration, as far as names resolve to it.

Source: supabase/postgres init scripts, supabase/auth and supabase/storage migrations.
"""

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
