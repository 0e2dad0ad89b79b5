"""Which types PostgreSQL coerces to which by itself.

Source: can_coerce_type and find_coercion_pathway, parse_coerce.c.
"""

import re
from functools import lru_cache

from driftproof.catalog import builtins

_PREFIX = "pg_catalog."
_STRINGS = {"text", "varchar", "bpchar", "name"}  # what any value is assigned to by way of its text
PSEUDO_TYPES = frozenset(
    (
        *("record", "cstring", "internal", "trigger", "event_trigger", "void", "language_handler", "fdw_handler"),
        *("anyelement", "anyarray", "anynonarray", "anyenum", "anyrange", "anymultirange", "anycompatible"),
    )
)
"""Types that no column has."""
_ANY = {"record", "cstring", "internal", "trigger", "void", "refcursor"}


@lru_cache(maxsize=1024)  # each column of each table asks, and most are of a few types
def spelled_type(spelled: str) -> str | None:
    """The type of a column as its definition spells it (``varchar(20)``); None if it is none of pg_catalog's."""
    name, _, rest = spelled.partition("(")
    suffix = "[]" if spelled.endswith("[]") else ""
    name = name if rest else name.removesuffix("[]")
    return f"{_PREFIX}{name}{suffix}" if name in builtins.types() else None


def is_value(type_: str) -> bool:
    """Whether a value of a type certainly has no columns, as far as its name tells."""
    name = type_.removeprefix(_PREFIX)
    plain = name != type_ and not name.startswith("any") and (name == "void" or name not in PSEUDO_TYPES)
    return plain or name.endswith("[]")


def _is_any(source: str, target: str) -> bool | None:
    """Whether a type is one of those that a polymorphic type stands for; no enum is of PostgreSQL's own."""
    if target == "anyenum" or (target.endswith("range") and not source.endswith("range")):
        return None if source in _ANY else False
    if target not in ("anyarray", "anynonarray", "anycompatiblearray", "anycompatiblenonarray"):
        return None
    if source in ("int2vector", "oidvector") or source in _ANY:
        return None
    return source.endswith("[]") == target.endswith("yarray" if "compatible" not in target else "earray")


def coerces(given: str | None, wanted: str, *, assigned: bool = False) -> bool | None:
    """Whether a value of one type is taken for another one: as an argument, or where it is ``assigned``. None: that
    is not known."""
    if given in (wanted, f"{_PREFIX}unknown"):
        return True
    if given is None or not (given.startswith(_PREFIX) and wanted.startswith(_PREFIX)):
        return None
    source, target = given.removeprefix(_PREFIX), wanted.removeprefix(_PREFIX)
    if target.startswith("any"):
        return _is_any(source, target)
    if target == "record" and source not in _ANY:
        return False
    if target in _ANY or source in _ANY - {"record", "void"} or (source == "void" and assigned):
        return None
    if assigned and target in _STRINGS - {"name"}:
        return True
    if source.endswith("[]") or target.endswith("[]"):
        return None if source.endswith("[]") and target.endswith("[]") else False
    return builtins.casts().get((source, target), "e") in ("ia" if assigned else "i")


_NO_PARTS = {
    *("bool", "bpchar", "date", "float4", "float8", "int2", "int4", "int8", "interval", "json", "numeric", "text"),
    *("timestamp", "timestamptz", "uuid", "varchar"),
}


def has_parts(type_: str) -> bool:
    """Whether values of a type may have elements that a subscript takes out."""
    return type_.removeprefix(_PREFIX) not in _NO_PARTS


_PLAINLY = {
    **dict.fromkeys(("int2", "int4", "int8"), re.compile(r"-?\d{1,4}")),
    **dict.fromkeys(("float4", "float8", "numeric"), re.compile(r"-?\d+(?:\.\d+)?")),
    **dict.fromkeys(("json", "jsonb"), re.compile(r'\{\}|\[\]|-?[1-9]\d*|"\w*"|true|false|null')),
    "bool": re.compile(r"true|false|t|f|yes|no|on|off|0|1"),
    "uuid": re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
}


def may_refuse(type_: str | None, text: str) -> bool:
    """Whether a constant may be no value of a type (22P02): it is none of those that are plainly written."""
    plain = _PLAINLY.get(type_.removeprefix(_PREFIX)) if type_ is not None else None
    return plain is not None and plain.fullmatch(text) is None


@lru_cache(maxsize=1024)  # the same few types meet again and again
def operates(name: str, left: str, right: str) -> bool:
    """Whether PostgreSQL may have an operator that takes values of these types.

    Source: oper, parse_oper.c.
    """
    known = builtins.operators().get(name, {})
    return (left.removeprefix(_PREFIX), right.removeprefix(_PREFIX)) in known or any(
        coerces(left, _PREFIX + one) is not False and coerces(right, _PREFIX + other) is not False
        for one, other in known
    )


def operated(name: str, left: str, right: str) -> str | None:
    """The type of what an operator makes of values of these types, if PostgreSQL has it for just these."""
    types = left.removeprefix(_PREFIX), right.removeprefix(_PREFIX)
    result = builtins.operators().get(name, {}).get(types)
    return None if result is None or result.startswith("any") else _PREFIX + result
