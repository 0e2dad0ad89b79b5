"""Types, functions, casts and operators of pg_catalog, as PostgreSQL 18 has them: what always exists.

The lists beside this module come from ``SELECT typname FROM pg_type`` (with the serial types, which are none),
``SELECT proname FROM pg_proc``, and from pg_cast and pg_operator what ``casts`` and ``operators`` say;
tests/catalog/test_builtins.py asks the server.
"""

from functools import cache
from pathlib import Path

from driftproof.objects import Kind
from driftproof.statements.query import Name


@cache
def types() -> frozenset[str]:
    """The names of all base types, ranges and pseudo-types of pg_catalog."""
    return _words("builtin_types.txt")


_CATEGORIES = {
    "B": "bool",
    "D": "date time timestamp timestamptz timetz",
    "G": "box circle line lseg path point polygon",
    "I": "cidr inet",
    "N": "float4 float8 int2 int4 int8 money numeric oid regclass regcollation regconfig regdictionary regnamespace"
    " regoper regoperator regproc regprocedure regrole regtype",
    "C": "record",
    "E": "anyenum",
    "R": "anymultirange anyrange datemultirange daterange int4multirange int4range int8multirange int8range"
    " nummultirange numrange tsmultirange tsrange tstzmultirange tstzrange",
    "S": "bpchar name text varchar",
    "T": "interval",
    "V": "bit varbit",
    "Z": "char pg_brin_bloom_summary pg_brin_minmax_multi_summary pg_dependencies pg_mcv_list pg_ndistinct"
    " pg_node_tree",
}


@cache
def categories() -> dict[str, str]:
    """The categories of the types of pg_catalog that are of another one than U, and of what stands for types of one's
    own; arrays are of A."""
    return {name: category for category, names in _CATEGORIES.items() for name in names.split()}


@cache
def functions() -> frozenset[str]:
    """The names of all functions of pg_catalog."""
    return _words("builtin_functions.txt")


@cache
def mutable() -> frozenset[str]:
    """The names of the functions of pg_catalog none of which is immutable."""
    return _words("builtin_mutable.txt")


# Functions that are not immutable for values of some types only, by the type of the last argument, and, where it
# matters, how many there are.
_MUTABLE_FOR = {
    **dict.fromkeys(("date", "date_part", "date_trunc", "extract", "time", "timestamp"), ("timestamptz", (1, 2))),
    **dict.fromkeys(("to_tsvector", "to_tsquery", "plainto_tsquery", "websearch_to_tsquery"), ("text", (1,))),
}


def may_be_mutable(function: str) -> bool:
    """Whether a function of pg_catalog is not immutable for values of some types."""
    return function in _MUTABLE_FOR or function in mutable()


def is_mutable(function: str, types: tuple[str | None, ...]) -> bool:
    """Whether a function of pg_catalog is certainly not immutable for arguments of these types."""
    if function in mutable():
        return True
    last, counts = _MUTABLE_FOR[function]
    return len(types) in counts and types[-1] == f"pg_catalog.{last}"


@cache
def casts() -> dict[tuple[str, str], str]:
    """The casts between types of pg_catalog that need not be written: implicit ones (``i``), and those of an
    assignment (``a``)."""
    lines = Path(__file__).with_name("builtin_casts.txt").read_text().splitlines()
    return {(source, target): context for source, target, context in map(str.split, lines)}


@cache
def operators() -> dict[str, dict[tuple[str, str], str]]:
    """The operators of pg_catalog that have two sides: by name and the types of these, the type of the result."""
    found: dict[str, dict[tuple[str, str], str]] = {}
    for line in Path(__file__).with_name("builtin_operators.txt").read_text().splitlines():
        name, left, right, result = line.split()
        found.setdefault(name, {})[left, right] = result
    return found


_SETS: dict[str, tuple[str | None, ...]] = {
    **dict.fromkeys(
        (
            *("generate_series", "generate_subscripts", "unnest", "regexp_split_to_table", "string_to_table"),
            *("json_object_keys", "jsonb_object_keys", "regexp_matches", "jsonb_path_query"),
        ),
        (None,),
    ),
    **dict.fromkeys(
        (
            *("json_array_elements", "json_array_elements_text"),
            *("jsonb_array_elements", "jsonb_array_elements_text"),
        ),
        ("value",),
    ),
    **dict.fromkeys(("json_each", "json_each_text", "jsonb_each", "jsonb_each_text"), ("key", "value")),
}


def result_columns(function: str) -> tuple[str | None, ...] | None:
    """The columns of a function in FROM, None for one that is called like the item of FROM; None if nobody knows."""
    return (None,) if function == "now" else _SETS.get(function)


def result_type(function: str, types: tuple[str | None, ...]) -> str | None:
    """The type of the values of such a function in FROM, if it is one of pg_catalog's; None if nobody knows."""
    if function == "generate_subscripts":
        return "pg_catalog.int4"
    if function == "generate_series":
        return types[0] if len(set(types)) == 1 else None
    if function == "unnest" and len(types) == 1 and types[0] is not None and types[0].endswith("[]"):
        return types[0].removesuffix("[]")
    return None


_VALUES = {
    **dict.fromkeys(("clock_timestamp", "now", "statement_timestamp"), "pg_catalog.timestamptz"),
    "current_setting": "pg_catalog.text",
    "gen_random_uuid": "pg_catalog.uuid",
}


def value_type(function: str) -> str | None:
    """The type of the values of a function of pg_catalog, whatever its arguments; None where that is not known here."""
    return _VALUES.get(function)


def returns_set(function: str) -> bool:
    """Whether a function of pg_catalog certainly returns a set of values."""
    return function in _SETS


_OBJECTS: dict[Kind, frozenset[str]] = {
    "access-method": frozenset(["heap", "btree", "hash", "gist", "gin", "spgist", "brin"]),
    "collation": frozenset(["C", "POSIX", "default", "ucs_basic", "unicode"]),
    "language": frozenset(["c", "internal", "plpgsql", "sql"]),
    "schema": frozenset(["information_schema", "pg_catalog"]),
    "tablespace": frozenset(["pg_default", "pg_global"]),
    "text-search-configuration": frozenset(["simple", "english", "french", "german", "russian", "spanish"]),
    "text-search-dictionary": frozenset(["simple", "english_stem", "french_stem", "german_stem", "spanish_stem"]),
    "text-search-parser": frozenset(["default"]),
    "text-search-template": frozenset(["ispell", "simple", "snowball", "synonym", "thesaurus"]),
}


def always_there(kind: Kind, name: Name) -> bool:
    """Whether PostgreSQL itself has this object, as far as anybody names such ones."""
    if kind == "role":
        return name.name.startswith("pg_")
    return name.schema in (None, "pg_catalog") and name.name in _OBJECTS.get(kind, ())


def _words(name: str) -> frozenset[str]:
    return frozenset(Path(__file__).with_name(name).read_text().split())
