"""What statements demand of rows that are there already: no NULL, no duplicate, a condition, a row elsewhere."""

from collections.abc import Iterator
from typing import Any

import msgspec

from driftproof.statements.operations import ConstraintKind, Statement
from driftproof.statements.query import Name
from driftproof.syntax.parser import Node, parse_fragment
from driftproof.syntax.tokens import tokens
from driftproof.syntax.tree import range_var, strings, tagged

SQLSTATES: dict[ConstraintKind, str] = {
    "not null": "23502",
    "primary key": "23505",
    "unique": "23505",
    "check": "23514",
    "foreign key": "23503",
}


class Demand(msgspec.Struct, frozen=True):
    """A demand on the rows of a table. ``condition`` is SQL text: that of a CHECK, or the WHERE of an index.

    ``added``: the column comes with the statement, without a value for old rows. ``skipped``: the statement is a CREATE
    TABLE IF NOT EXISTS, so that it is a fix that would make the demand on a table that is there. ``name`` is the
    constraint's or the index's, as far as it is written.
    """

    table: Name
    kind: ConstraintKind
    columns: tuple[str, ...]
    condition: str = ""
    references: Name | None = None
    referenced: tuple[str, ...] = ()
    distinct_nulls: bool = True
    added: bool = False
    skipped: bool = False
    name: str | None = None


def demands(data: bytes, statement: Statement) -> list[Demand]:
    """The demands that a statement of a file makes outside of any condition."""
    text = data[statement.start : statement.end].decode()
    found: list[Demand] = []
    for tag, node in parse_fragment(text):
        match tag:
            case "AlterTableStmt" if node.get("objtype", "OBJECT_TABLE") == "OBJECT_TABLE":
                found += _altered(node, text)
            case "IndexStmt" if node.get("unique"):
                found += _index(node, text)
            case "CreateStmt" if node.get("if_not_exists") and node["relation"].get("relpersistence") != "t":
                found += _created(node, text)
            case _:
                pass
    return found


def _altered(node: Node, text: str) -> Iterator[Demand]:
    table = range_var(node["relation"], 0)
    for item in node.get("cmds", ()):
        command = item["AlterTableCmd"]
        match command.get("subtype", "AT_AddColumn"):
            case "AT_SetNotNull":
                yield Demand(table, "not null", (command["name"],))
            case "AT_AddConstraint":
                yield from _constraint(table, command["def"]["Constraint"], text)
            case "AT_AddColumn" if not command.get("missing_ok"):
                column = command["def"]["ColumnDef"]
                if _empty_and_not_null(column):
                    yield Demand(table, "not null", (column["colname"],), added=True)
            case _:
                pass


def _created(node: Node, text: str) -> Iterator[Demand]:
    table = range_var(node["relation"], 0)
    for element in node.get("tableElts", ()):
        tag, fields = tagged(element)
        made: list[Demand] = []
        if tag == "Constraint":
            made += _constraint(table, fields, text)
        elif tag == "ColumnDef":
            if _empty_and_not_null(fields):
                made.append(Demand(table, "not null", (fields["colname"],)))
            for item in fields.get("constraints", ()):
                made += _constraint(table, item["Constraint"], text, fields["colname"])
        yield from (msgspec.structs.replace(demand, skipped=True) for demand in made)


def _empty_and_not_null(column: Node) -> bool:
    """Whether old rows get no value, and must have one."""
    kinds = {item["Constraint"]["contype"] for item in column.get("constraints", ())}
    filled = {"CONSTR_DEFAULT", "CONSTR_IDENTITY", "CONSTR_GENERATED"} & kinds
    serial = strings(column.get("typeName", {}).get("names"))[-1:]
    not_null = {"CONSTR_NOTNULL", "CONSTR_PRIMARY"} & kinds
    return bool(not_null) and not filled and not (serial and "serial" in serial[0])


def _constraint(table: Name, node: Node, text: str, column: str | None = None) -> Iterator[Demand]:
    if node.get("skip_validation") or node.get("indexname"):
        return
    keys = (column,) if column is not None else tuple(strings(node.get("fk_attrs") or node.get("keys")))
    name = node.get("conname")
    match node["contype"]:
        case "CONSTR_PRIMARY":
            yield from (Demand(table, "not null", (key,), name=name) for key in keys)
            yield Demand(table, "primary key", keys, name=name)
        case "CONSTR_UNIQUE":
            yield Demand(table, "unique", keys, name=name, distinct_nulls=not node.get("nulls_not_distinct"))
        case "CONSTR_CHECK":
            yield Demand(table, "check", (), _in_parentheses(text, node["location"]), name=name)
        case "CONSTR_FOREIGN":
            referenced = tuple(strings(node.get("pk_attrs")))
            yield Demand(
                table, "foreign key", keys, references=range_var(node["pktable"], 0), referenced=referenced, name=name
            )
        case "CONSTR_NOTNULL" if column is None:
            yield Demand(table, "not null", keys, name=name)
        case _:
            pass


def _index(node: Node, text: str) -> Iterator[Demand]:
    keys: list[Any] = [item["IndexElem"].get("name") for item in node.get("indexParams", ())]
    if None in keys:
        return
    where = _behind_where(text) if "whereClause" in node else ""
    yield Demand(
        range_var(node["relation"], 0),
        "unique",
        tuple(keys),
        where,
        distinct_nulls=not node.get("nulls_not_distinct"),
        name=node.get("idxname"),
    )


def _in_parentheses(text: str, at: int) -> str:
    """The text in the first pair of parentheses behind CHECK, at or behind the byte ``at``."""
    data = text.encode()
    found = tokens(data, at, len(data))
    check = next(place for place, token in enumerate(found) if token.name == "CHECK")
    depth = 0
    for token in found[check + 1 :]:
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0:
            return data[found[check + 1].end : token.start].decode().strip()
    raise AssertionError("the parser has found the closing parenthesis")


def _behind_where(text: str) -> str:
    """The WHERE clause of an index, which ends the statement."""
    data = text.encode()
    depth = 0
    for token in tokens(data, 0, len(data)):
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0 and token.name == "WHERE":
            return data[token.end :].decode().strip()
    raise AssertionError("the parser has found a WHERE")
