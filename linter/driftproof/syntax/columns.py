"""What statements say of columns, as PostgreSQL prints it: type, NOT NULL, default."""

import re
from collections.abc import Iterator

import msgspec

from driftproof.objects import WRITTEN
from driftproof.statements.operations import Statement
from driftproof.statements.query import Name
from driftproof.syntax.parser import Node, parse_fragment
from driftproof.syntax.tokens import literal, tokens
from driftproof.syntax.tree import constant, range_var, strings, tagged, type_text


class ColumnText(msgspec.Struct, frozen=True):
    """What a statement says of a column; None: nothing. A default in angle brackets is as the author wrote it, where
    PostgreSQL may print it otherwise."""

    table: Name
    name: str
    type: str | None = None
    not_null: bool | None = None
    default: str | None = None

    @property
    def defines(self) -> bool:
        """Whether it is the column's definition, and not a change to it."""
        return self.type is not None and self.default is not None

    def changed(self, other: "ColumnText") -> "ColumnText":
        """The column after a change."""
        return ColumnText(
            other.table,
            self.name,
            self.type if other.type is None else other.type,
            self.not_null if other.not_null is None else other.not_null,
            self.default if other.default is None else other.default,
        )


_TYPE = re.compile(r"(?P<name>.+?)(?P<modifier>\([^)]*\))?(?P<array>\[\])?\Z")
_SERIAL = {
    **dict.fromkeys(("serial", "serial4"), "integer"),
    **dict.fromkeys(("bigserial", "serial8"), "bigint"),
    **dict.fromkeys(("smallserial", "serial2"), "smallint"),
}
# Whose constants are printed as they are written.
_VERBATIM = ("text", "character varying", "uuid", "boolean")
_EMPTY = ("{}", "[]")
_FUNCTIONS = ("now", "gen_random_uuid", "clock_timestamp", "transaction_timestamp", "statement_timestamp", "random")


def columns_said(data: bytes, statement: Statement) -> Iterator[ColumnText]:
    """What a statement of a file says of columns outside of any condition."""
    text = data[statement.start : statement.end].decode()
    for tag, node in parse_fragment(text):
        if tag == "CreateStmt":
            yield from _created(node, text)
        elif tag == "AlterTableStmt":
            table = range_var(node["relation"], 0)
            for item in node.get("cmds", ()):
                yield from _altered(table, item["AlterTableCmd"], text)


def printed(spelled: str) -> str:
    """A type as format_type prints it, ``varchar(20)`` as ``character varying(20)``."""
    found = _TYPE.match(spelled)
    if found is None:
        return spelled
    name = found["name"].removeprefix("public.")
    name = _SERIAL.get(name, WRITTEN.get(name, name))
    modifier, array = found["modifier"] or "", found["array"] or ""
    first, space, rest = name.partition(" ")
    if first in ("timestamp", "time"):
        return f"{first}{modifier}{space}{rest}{array}"
    return f"{name}{modifier}{array}"


def _created(node: Node, text: str) -> Iterator[ColumnText]:
    table = range_var(node["relation"], 0)
    for element in node.get("tableElts", ()):
        tag, fields = tagged(element)
        if tag == "ColumnDef":
            yield _column(table, fields, text)
        elif tag == "Constraint":
            yield from _keys(table, fields)


def _altered(table: Name, command: Node, text: str) -> Iterator[ColumnText]:
    name = command.get("name", "")
    definition = command.get("def", {})
    match command.get("subtype", "AT_AddColumn"):
        case "AT_AddColumn":
            yield _column(table, definition["ColumnDef"], text)
        case "AT_AddConstraint":
            yield from _keys(table, definition["Constraint"])
        case "AT_SetNotNull":
            yield ColumnText(table, name, not_null=True)
        case "AT_DropNotNull":
            yield ColumnText(table, name, not_null=False)
        case "AT_AlterColumnType":
            yield ColumnText(table, name, type=printed(type_text(definition["ColumnDef"].get("typeName"))))
        case "AT_ColumnDefault":
            yield ColumnText(table, name, default="<another one>" if definition else "")
        case _:
            pass


def _keys(table: Name, constraint: Node) -> Iterator[ColumnText]:
    if constraint["contype"] in ("CONSTR_PRIMARY", "CONSTR_NOTNULL"):
        yield from (ColumnText(table, name, not_null=True) for name in strings(constraint.get("keys")))


def _column(table: Name, node: Node, text: str) -> ColumnText:
    spelled = type_text(node.get("typeName"))
    type_ = printed(spelled)
    clauses = [item["Constraint"] for item in node.get("constraints", ())]
    kinds = {clause["contype"] for clause in clauses}
    serial = spelled in _SERIAL
    default = f"<nextval of the sequence of {node['colname']}>" if serial else ""
    for at, clause in enumerate(clauses):
        if clause["contype"] in ("CONSTR_DEFAULT", "CONSTR_GENERATED"):
            behind = clauses[at + 1]["location"] if at + 1 < len(clauses) else len(text.encode())
            default = _default(clause, type_, text, behind)
    not_null = serial or bool({"CONSTR_NOTNULL", "CONSTR_PRIMARY", "CONSTR_IDENTITY"} & kinds)
    return ColumnText(table, node["colname"], type_, not_null, default)


def _default(clause: Node, type_: str, text: str, behind: int) -> str:
    tag, node = tagged(clause["raw_expr"])
    if clause["contype"] == "CONSTR_DEFAULT":
        if tag == "TypeCast" and printed(type_text(node["typeName"])) == type_:
            tag, node = tagged(node["arg"])
        known = _constant(node, type_) if tag == "A_Const" else _call(tag, node)
        if known is not None:
            return known
    return f"<{_written(text, clause['location'], behind)}>"


def _constant(node: Node, type_: str) -> str | None:
    if node.get("isnull"):
        return ""
    if "boolval" in node and type_ == "boolean":
        return "true" if node["boolval"].get("boolval") else "false"
    value = constant({"A_Const": node}) or ""
    if "sval" not in node:
        return value if value.replace(".", "", 1).isdigit() else None
    bare = type_.partition("(")[0]
    if bare in _VERBATIM or (bare in ("json", "jsonb") and value in _EMPTY) or (bare.endswith("[]") and value == "{}"):
        return f"{literal(value)}::{bare}"
    return None


def _call(tag: str, node: Node) -> str | None:
    if tag == "SQLValueFunction" and not node["op"].endswith("_N"):
        word: str = node["op"].removeprefix("SVFOP_")
        return word
    names = strings(node.get("funcname"))
    if tag == "FuncCall" and not node.get("args") and len(names) == 1 and names[0] in _FUNCTIONS:
        return f"{names[0]}()"
    return None


def _written(text: str, at: int, behind: int) -> str:
    """The expression of a DEFAULT or GENERATED clause that begins at a byte: up to the next clause, or the end of the
    column."""
    data = text.encode()
    depth, found = 0, []
    for token in tokens(data, at, len(data)):
        if depth == 0 and (token.start >= behind or token.text in (",", ")", ";")):
            break
        depth += (token.text in ("(", "[")) - (token.text in (")", "]"))
        found.append(token)
    return " ".join(data[found[0].end : found[-1].end].decode().split())
