"""The tables as TypeScript interfaces: what a client reads from them as JSON."""

import re
from collections.abc import Iterator

import msgspec

from driftproof.schema.model import Column, Doubt, Relation, Schema, Type

_TYPES = {
    **dict.fromkeys(("smallint", "integer", "bigint", "real", "double precision", "numeric", "oid"), "number"),
    **dict.fromkeys(("json", "jsonb"), "Record<string, any>"),
    "boolean": "boolean",
    **dict.fromkeys(("text", "character varying", "character", '"char"', "bpchar", "name", "citext", "uuid"), "string"),
    **dict.fromkeys(("date", "interval", "bytea", "inet", "cidr", "macaddr", "macaddr8", "xml", "money"), "string"),
    **dict.fromkeys(("timestamp without time zone", "timestamp with time zone"), "string"),
    **dict.fromkeys(("time without time zone", "time with time zone", "bit", "bit varying", "tsvector"), "string"),
}
_MODIFIERS = re.compile(r"\([^)]*\)")
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*\Z", re.ASCII)
_WORDS = re.compile(r"[^\W_]+")


def render(schema: Schema) -> str:
    """An interface for each relation with columns, in the order of the names."""
    relations = [item for item in schema.relations if item.kind not in ("sequence", "outside")]
    composites = [item for item in schema.types if item.kind == "composite"]
    names = _names([*relations, *composites])
    types = {(item.schema, item.name): item for item in schema.types}
    lines = ["// The rows of the tables that the migrations end in, as a client reads them."]
    if schema.unknown:
        lines += ["//", "// Not known:"]
        lines += [f"//   {_one_line(f'{item.kind} {item.name}: {item.why}')}" for item in schema.unknown]
    for relation in relations:
        lines += ["", *_interface(names[relation.schema, relation.name], relation, types, names)]
    for type_ in composites:
        fields = Relation("table", type_.schema, type_.name, type_.fields, comment=type_.comment, doubt=type_.doubt)
        lines += ["", *_interface(names[type_.schema, type_.name], fields, types, names)]
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _interface(
    name: str, relation: Relation, types: dict[tuple[str, str], Type], names: dict[tuple[str, str], str]
) -> Iterator[str]:
    yield from _remark("", relation.comment, relation.doubt)
    yield f"export interface {name} {{"
    for column in relation.columns:
        yield from _remark("  ", column.comment, column.doubt)
        key = column.name if _IDENTIFIER.match(column.name) else msgspec.json.encode(column.name).decode()
        nullable = " | null" if column.nullable and column.type is not None else ""
        yield f"  {key}: {_column(column, types, names)}{nullable};"
    yield "}"


def _remark(indent: str, comment: str | None, doubt: Doubt | None) -> Iterator[str]:
    said = [_one_line(text).replace("*/", "*\\/") for text in (comment, doubt and str(doubt)) if text]
    if len(said) == 1:
        yield f"{indent}/** {said[0]} */"
    elif said:
        yield from (f"{indent}/**", *(f"{indent} * {text}" for text in said), f"{indent} */")


def _column(column: Column, types: dict[tuple[str, str], Type], names: dict[tuple[str, str], str]) -> str:
    if column.type is None:
        return "unknown"
    return _union(column.values) if column.values else _type(column.type, types, names)


def _type(written: str, types: dict[tuple[str, str], Type], names: dict[tuple[str, str], str]) -> str:
    """What a client gets for a type; ``unknown`` for one that is not known."""
    if written.endswith("[]"):
        element = _type(written[:-2], types, names)
        return f"({element})[]" if " | " in element else f"{element}[]"
    base = _MODIFIERS.sub("", written).strip()
    if base in _TYPES or base.startswith("interval"):
        return _TYPES.get(base, "string")
    key = _split(base)
    type_ = types.get(key)
    if type_ is not None and type_.kind == "enum":
        return _union(type_.labels)
    if type_ is not None and type_.kind == "domain" and type_.base is not None:
        return _union(type_.values) if type_.values else _type(type_.base, types, names)
    if type_ is not None and type_.kind == "range":
        return "string"
    return names.get(key, _TYPES.get(key[1], "unknown"))


def _split(name: str) -> tuple[str, str]:
    parts = re.findall(r'"((?:[^"]|"")*)"|([^."]+)', name)
    names = [quoted.replace('""', '"') or bare for quoted, bare in parts]
    return (names[0], names[1]) if len(names) == 2 else ("", names[-1] if names else "")


def _union(values: tuple[str, ...]) -> str:
    return " | ".join(msgspec.json.encode(value).decode() for value in values) or "never"


def _names(things: "list[Relation | Type]") -> dict[tuple[str, str], str]:
    """The name of each interface: that of the table, with its schema where two would be the same."""
    things = sorted(things, key=lambda item: (item.schema != "public", item.schema, item.name))
    found: dict[tuple[str, str], str] = {}
    for item in things:
        name = base = pascal(singular(item.name))
        if name in found.values():
            name = base = pascal(item.schema) + base
        number = 2
        while name in found.values():
            name = f"{base}{number}"
            number += 1
        found[item.schema, item.name] = name
    return found


def pascal(name: str) -> str:
    """``user_roles`` as ``UserRoles``."""
    joined = "".join(word[:1].upper() + word[1:] for word in _WORDS.findall(name))
    return joined if joined and not joined[0].isdigit() else f"_{joined}"


_IRREGULAR = {"people": "person", "children": "child", "men": "man", "women": "woman", "mice": "mouse", "feet": "foot"}
_UNCHANGED = ("ss", "us", "is", "news", "series", "species")
_SIBILANT = ("sses", "shes", "ches", "xes", "zzes")


def singular(name: str) -> str:
    """The last word of a name in the singular, as far as its ending tells: ``system_health_checks``, ``Companies``."""
    head, word = (name[: (at := max(name.rfind("_"), name.rfind(" ")) + 1)], name[at:])
    lower = word.lower()
    if lower in _IRREGULAR:
        single = _IRREGULAR[lower]
        return head + (single.capitalize() if word[:1].isupper() else single)
    if lower.endswith(_UNCHANGED) or not lower.endswith("s") or len(word) < 3:
        return name
    if lower.endswith("statuses") or lower.endswith(_SIBILANT):
        return name[:-2]
    if lower.endswith("ies") and len(word) > 4:
        return name[:-3] + "y"
    return name[:-1]
