"""What a quoted name means that is cast to regtype and its kin: it has to be there.

Source: regtypein, regproc.c, and its neighbours.
"""

import re

from driftproof.catalog import routines
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.typenames import need_type
from driftproof.statements import operations as op
from driftproof.statements.query import Name, folded

_PART = r'(?:[A-Za-z_][\w$]*|"[^"]+")'
_NAME = re.compile(rf"\s*(?:({_PART})\.)?({_PART})\s*")
_SIGNATURE = re.compile(r"([^()]+)\(([^()]*)\)\s*")
_SPELLED = {
    "bigint": "int8",
    "boolean": "bool",
    "char": "bpchar",
    "character": "bpchar",
    "dec": "numeric",
    "decimal": "numeric",
    "double precision": "float8",
    "float": "float8",
    "int": "int4",
    "integer": "int4",
    "real": "float4",
    "smallint": "int2",
}
"""Types under the names that only the grammar knows."""
LOOKED_UP = frozenset(
    f"pg_catalog.{name}" for name in ("regnamespace", "regproc", "regprocedure", "regrole", "regtype")
)
"""The types whose texts are names of other objects, but for relations."""


def look_up(run: Interpreter, type_: str, text: str) -> None:
    """A text that is cast to one of `LOOKED_UP`; of one that is not plainly a name nothing is known."""
    if type_ == "pg_catalog.regprocedure":
        _look_up_procedure(run, text)
        return
    name = _named(text.removesuffix("[]") if type_ == "pg_catalog.regtype" else text)
    if name is None:
        run.unsure = True
    elif type_ == "pg_catalog.regtype":
        need_type(run, name)
    elif type_ == "pg_catalog.regproc":
        routines.need(run, "routine", name, None)
    elif type_ == "pg_catalog.regrole":
        run.steps((op.Need("role", Name(None, name.name)),))
    else:
        run.need_schema(name.name)


def _named(text: str) -> Name | None:
    lowered = text.strip().lower()
    if lowered in _SPELLED:
        return Name("pg_catalog", _SPELLED[lowered])
    found = _NAME.fullmatch(text)
    return None if found is None else Name(found[1] and folded(found[1]), folded(found[2]))


def _look_up_procedure(run: Interpreter, text: str) -> None:
    found = _SIGNATURE.fullmatch(text)
    name = _named(found[1]) if found is not None else None
    written = [item.strip() for item in found[2].split(",")] if found is not None and found[2].strip() else []
    types = [_named(item.removesuffix("[]")) for item in written]
    if name is None or None in types:
        run.unsure = True
        return
    refs = [op.TypeRef(type_, item.endswith("[]")) for type_, item in zip(types, written, strict=True)]
    for ref in refs:
        if ref.name is not None and routines.type_of(run, ref).startswith("?"):
            need_type(run, ref.name)
    routines.need(run, "routine", name, tuple(routines.type_of(run, ref) for ref in refs))
