"""The tables as an entity relationship diagram for mermaid.

Source: erDiagram.jison of mermaid: names of entities may stand in quotes, without ``"`` and ``%`` inside; types and
names of attributes are words, of which PK, FK and UK mark keys; comments stand in quotes.
"""

import re
from collections.abc import Iterator

from driftproof.schema.model import Constraint, Relation, Schema

_NOT_IN_A_WORD = re.compile(r"[^A-Za-z0-9_\u00C0-\uFFFF-]")
_KEY_WORD = re.compile(r"[pfu]k(?![A-Za-z0-9_])", re.IGNORECASE)
_NOT_IN_A_NAME = re.compile(r'["%\\\x00-\x1f]')
_TABLES = ("table", "foreign table")


def render(schema: Schema) -> str:
    """The diagram: an entity a table, a line a foreign key."""
    tables = [item for item in schema.relations if item.kind in _TABLES]
    lines = ["erDiagram"]
    lines += [
        f"    %% not known: {' '.join(f'{item.kind} {item.name}: {item.why}'.split())}" for item in schema.unknown
    ]
    for table in tables:
        if table.doubt is not None:
            lines.append(f"    %% {_name(table.schema, table.name)} {' '.join(str(table.doubt).split())}")
        lines += _entity(table)
    for table in tables:
        lines += [_relation(table, key) for key in table.constraints if key.kind == "foreign key"]
    return "\n".join(lines) + "\n"


def _name(schema: str, name: str) -> str:
    return '"' + _NOT_IN_A_NAME.sub("_", name if schema == "public" else f"{schema}.{name}") + '"'


def _word(text: str) -> str:
    """A word that mermaid takes for a type or an attribute: it begins with a letter, and is no mark of a key."""
    word = _NOT_IN_A_WORD.sub("_", text)
    return word if re.match(r"[A-Za-z_\u00C0-\uFFFF]", word) and not _KEY_WORD.match(word) else f"_{word}"


def _entity(table: Relation) -> Iterator[str]:
    if not table.columns:
        yield f"    {_name(table.schema, table.name)}"
        return
    yield f"    {_name(table.schema, table.name)} {{"
    for column in table.columns:
        type_ = re.sub(r"\([^)]*\)", "", column.type or "unknown").replace("[]", "_array").strip()
        marks = [mark for mark, kinds in _MARKS.items() if _is_key(table, column.name, kinds)]
        said = [] if column.nullable is not True else ["null"]
        said += [] if _word(column.name) == column.name else [f"named {column.name}"]
        said += [] if column.doubt is None else [str(column.doubt)]
        comment = f' "{_NOT_IN_A_NAME.sub("_", "; ".join(said))}"' if said else ""
        yield f"        {_word(type_)} {_word(column.name)}{' ' * bool(marks)}{', '.join(marks)}{comment}"
    yield "    }"


_MARKS = {"PK": ("primary key",), "FK": ("foreign key",), "UK": ("unique",)}


def _is_key(table: Relation, column: str, kinds: tuple[str, ...]) -> bool:
    found = [item for item in table.constraints if item.kind in kinds and column in item.columns]
    return any(item.kind != "unique" or len(item.columns) == 1 for item in found)


def _relation(table: Relation, key: Constraint) -> str:
    """A line from the table that is referred to: one or none of it, to any number, or at most one, of this table."""
    nullable = any(column.nullable for column in table.columns if column.name in key.columns)
    unique = any(
        item.kind in ("primary key", "unique") and set(item.columns) <= set(key.columns) for item in table.constraints
    )
    schema, name = key.references or (None, "")
    target = _name(schema or "public", name)
    label = _NOT_IN_A_NAME.sub("_", key.name + ("" if key.doubt is None else f"; {key.doubt.presence}"))
    line = f"{'|o' if nullable else '||'}--{'o|' if unique else 'o{'}"
    return f'    {target} {line} {_name(table.schema, table.name)} : "{label}"'
