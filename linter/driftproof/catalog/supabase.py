"""What a Supabase project has before its first migration, as far as names resolve to it.

Source: supabase/postgres init scripts, supabase/auth and supabase/storage migrations.
"""

SEARCH_PATH = ("public", "extensions")

_EXTENSIONS = """
uuid_nil uuid_ns_dns uuid_ns_url uuid_generate_v1 uuid_generate_v1mc uuid_generate_v3 uuid_generate_v4 uuid_generate_v5
gen_random_bytes digest hmac crypt gen_salt encrypt decrypt pgp_sym_encrypt pgp_sym_decrypt
""".split()

FUNCTIONS = frozenset(
    [
        *_EXTENSIONS,
        *(f"extensions.{name}" for name in _EXTENSIONS),
        *(f"auth.{name}" for name in ("uid", "role", "email", "jwt")),
        *(f"storage.{name}" for name in ("foldername", "filename", "extension", "get_size_by_bucket")),
        *(f"realtime.{name}" for name in ("topic", "send", "broadcast_changes")),
    ]
)
