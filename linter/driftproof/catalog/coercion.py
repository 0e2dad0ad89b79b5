"""Which types PostgreSQL coerces to which by itself.

Source: can_coerce_type, find_coercion_pathway and select_common_type, parse_coerce.c.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from driftproof.catalog import builtins

_PREFIX = "pg_catalog."
UNKNOWN = "pg_catalog.unknown"
"""The type of NULL and of what is only quoted."""
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
    if given in (wanted, UNKNOWN):
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
        if source.endswith("[]") and target.endswith("[]"):
            return coerces(given.removesuffix("[]"), wanted.removesuffix("[]"), assigned=assigned)
        return False
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


_NUMBER = re.compile(r"[^\d]*|.*[^\w.+\-\s].*", re.DOTALL)
_ANY_CASE = re.IGNORECASE | re.DOTALL
_NO_VALUES = {
    **dict.fromkeys(("int2", "int4", "int8"), _NUMBER),
    **dict.fromkeys(
        ("float4", "float8", "numeric"), re.compile(rf"(?!\s*[+-]?(?:nan|inf))(?:{_NUMBER.pattern})", re.I | re.S)
    ),
    "bool": re.compile(r"(?!\s*(?:t|f|y|n|on|of|1|0)).*", _ANY_CASE),
    "record": re.compile(r"[^(]*"),
    "anyrange": re.compile(r"(?!\s*empty\s*$)[^(\[]*", _ANY_CASE),
    "anymultirange": re.compile(r"[^{]*"),
    "uuid": re.compile(r".{0,31}|.*[^\da-fA-F{}\-].*", re.DOTALL),
}


def rejects(type_: str, text: str) -> bool:
    """Whether a constant is certainly no value of a type (22P02)."""
    refused = _NO_VALUES.get(type_.removeprefix(_PREFIX))
    return refused is not None and refused.fullmatch(text) is not None


@lru_cache(maxsize=1024)  # the same few types meet again and again
def operates(name: str, left: str, right: str) -> bool:
    """Whether PostgreSQL may have an operator that takes values of these types.

    Source: oper, parse_oper.c.
    """
    known = builtins.operators().get(name, {})
    told = left != right and UNKNOWN not in (left, right) and not left.endswith("vector")
    return (left.removeprefix(_PREFIX), right.removeprefix(_PREFIX)) in known or any(
        coerces(left, _PREFIX + one) is not False and coerces(right, _PREFIX + other) is not False
        for one, other in known
        if not (told and one == other and one in _ALIKE)
    )


def takes_alike(name: str, type_: str) -> bool:
    """Whether an operator of PostgreSQL's has one side like the other, of a type or its kind."""
    kind = "anyarray" if type_.endswith("[]") else type_.removeprefix(_PREFIX)
    return (kind, kind) in builtins.operators().get(name, {})


_ALIKE = ("anyarray", "anyenum", "anyrange", "anymultirange")
"""Polymorphic types of which both sides of an operator are the same one."""


def operated(name: str, left: str, right: str) -> str | None:
    """The type of what an operator makes of values of these types, if PostgreSQL has it for just these."""
    if name in _COMPARISONS:
        return f"{_PREFIX}bool"
    one, other = left.removeprefix(_PREFIX), right.removeprefix(_PREFIX)
    if "unknown" in (one, other):  # which is tried as one of the other's type first
        one = other = one if other == "unknown" else other
    result = builtins.operators().get(name, {}).get((one, other))
    return None if result is None or result.startswith("any") else _PREFIX + result


_COMPARISONS = {"=", "<>", "<", "<=", ">", ">="}


def category(type_: str) -> str:
    """The category of a type, as typcategory has it."""
    return "A" if type_.endswith("[]") else builtins.categories().get(type_.removeprefix(_PREFIX), "U")


_PREFERRED = {
    f"{_PREFIX}{name}" for name in ("bool", "float8", "inet", "interval", "oid", "text", "timestamptz", "varbit")
}


def is_preferred(type_: str) -> bool:
    """Whether a type is chosen rather than others of its category."""
    return type_ in _PREFERRED


def common_type(types: Sequence[str | None]) -> str | None:
    """The type that PostgreSQL chooses for values of these types; None where that can't be told, or it refuses them."""
    chosen = UNKNOWN
    for type_ in types:
        if type_ is None:
            return None
        if type_ in (UNKNOWN, chosen):
            continue
        if chosen == UNKNOWN:
            chosen = type_
        elif category(type_) != category(chosen):
            return None
        elif not is_preferred(chosen) and coerces(chosen, type_) and not coerces(type_, chosen):
            chosen = type_
    return "pg_catalog.text" if chosen == UNKNOWN else chosen


def apart(types: Sequence[str | None]) -> str | None:
    """The SQLSTATE with which values of these types are refused a common one."""
    known = [type_ for type_ in types if type_ is not None and type_ != UNKNOWN]
    if len({category(type_) for type_ in known}) > 1:
        return "42804"
    chosen = common_type(types)
    return "42846" if chosen is not None and any(coerces(type_, chosen) is False for type_ in known) else None
