"""Conditions that ask a system catalog whether an object is there: from expressions to `Test`s.

``EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 'a' AND column_name = 'b')`` is a probe for column
b of a. What else the condition says (``data_type = 'text'``) can't be told: it stands beside the probe as opaque.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from driftproof.objects import Kind
from driftproof.statements.operations import Probe, Test
from driftproof.statements.query import folded
from driftproof.syntax.parser import Node
from driftproof.syntax.tree import strings, tagged

OPAQUE = Test("opaque")
TRUE = Test("true")
FALSE = Test("false")

Evaluate = Callable[[Node], str | None]
"""The text of an expression that is known when the file is read; None otherwise."""

# view or catalog -> (what a row of it is, {column: which part of the object it holds})
_CATALOGS: dict[str, tuple[Kind, dict[str, str]]] = {
    "information_schema.columns": (
        "column",
        {"table_schema": "schema", "table_name": "relation", "column_name": "name"},
    ),
    "information_schema.tables": ("relation", {"table_schema": "schema", "table_name": "name"}),
    "information_schema.views": ("relation", {"table_schema": "schema", "table_name": "name"}),
    "information_schema.sequences": ("relation", {"sequence_schema": "schema", "sequence_name": "name"}),
    "information_schema.table_constraints": (
        "constraint",
        {"table_schema": "schema", "table_name": "relation", "constraint_name": "name", "constraint_schema": "schema"},
    ),
    "information_schema.triggers": (
        "trigger",
        {
            "trigger_name": "name",
            "event_object_table": "relation",
            "event_object_schema": "schema",
            "trigger_schema": "schema",
        },
    ),
    "information_schema.schemata": ("schema", {"schema_name": "name"}),
    "information_schema.routines": ("function", {"routine_schema": "schema", "routine_name": "name"}),
    "pg_tables": ("relation", {"schemaname": "schema", "tablename": "name"}),
    "pg_views": ("relation", {"schemaname": "schema", "viewname": "name"}),
    "pg_matviews": ("relation", {"schemaname": "schema", "matviewname": "name"}),
    "pg_sequences": ("relation", {"schemaname": "schema", "sequencename": "name"}),
    "pg_indexes": ("index", {"schemaname": "schema", "tablename": "relation", "indexname": "name"}),
    "pg_policies": ("policy", {"schemaname": "schema", "tablename": "relation", "policyname": "name"}),
    "pg_class": ("relation", {"relname": "name", "relnamespace": "schema", "oid": "regclass"}),
    "pg_namespace": ("schema", {"nspname": "name"}),
    "pg_attribute": ("column", {"attname": "name", "attrelid": "regclass"}),
    "pg_constraint": ("constraint", {"conname": "name", "conrelid": "regclass", "connamespace": "schema"}),
    "pg_trigger": ("trigger", {"tgname": "name", "tgrelid": "regclass"}),
    "pg_policy": ("policy", {"polname": "name", "polrelid": "regclass"}),
    "pg_type": ("type", {"typname": "name", "typnamespace": "schema", "oid": "regclass"}),
    "pg_enum": ("enum-label", {"enumlabel": "name", "enumtypid": "regclass"}),
    "pg_proc": ("function", {"proname": "name", "pronamespace": "schema"}),
    "pg_extension": ("extension", {"extname": "name"}),
    "pg_roles": ("role", {"rolname": "name"}),
    "pg_authid": ("role", {"rolname": "name"}),
    "pg_user": ("role", {"usename": "name"}),
    "pg_publication": ("publication", {"pubname": "name"}),
}
# In a join the row that is asked about is the most particular one; the others say where it belongs.
_PARTICULAR: tuple[Kind, ...] = (
    "enum-label",
    "column",
    "constraint",
    "trigger",
    "policy",
    "index",
    "function",
    "type",
    "relation",
    "schema",
)
_NAME_PART = re.compile(r'"(?:[^"]|"")*"|[^.]+')
# Conditions that hold for every row of the object that is meant.
_ALWAYS_TRUE = {
    "attisdropped",
    "attnum",
    "constraint_type",
    "contype",
    "relkind",
    "table_type",
    "tgisinternal",
    "typtype",
}


def test(wrapped: Node, value: Evaluate, known: Mapping[str, Test]) -> Test:
    """The meaning of a condition; ``known`` are variables whose value is the outcome of an earlier condition."""
    tag, node = tagged(wrapped)
    match tag:
        case "BoolExpr":
            parts = tuple(test(argument, value, known) for argument in node["args"])
            match node["boolop"]:
                case "AND_EXPR":
                    return Test("and", parts=parts)
                case "OR_EXPR":
                    return Test("or", parts=parts)
                case _:
                    return Test("not", parts=parts)
        case "SubLink" if node["subLinkType"] == "EXISTS_SUBLINK":
            return _exists(node["subselect"], value)
        case "SubLink" if node["subLinkType"] == "EXPR_SUBLINK":
            return _scalar(node["subselect"], value, known)
        case "NullTest":
            found = _regclass(node["arg"], value)
            if found is None and "ColumnRef" in node["arg"]:
                found = known.get(".".join(strings(node["arg"]["ColumnRef"]["fields"])))
            if found is None:
                return OPAQUE
            return Test("not", parts=(found,)) if node["nulltesttype"] == "IS_NULL" else found
        case "A_Expr":
            return _comparison(node, value, known)
        case "ColumnRef":
            return known.get(".".join(strings(node["fields"])), OPAQUE)
        case "A_Const" if "boolval" in node:
            return TRUE if node["boolval"].get("boolval") else FALSE
        case "BooleanTest" if node["booltesttype"] in ("IS_TRUE", "IS_NOT_FALSE"):
            return test(node["arg"], value, known)
        case "BooleanTest" if node["booltesttype"] in ("IS_FALSE", "IS_NOT_TRUE"):
            return Test("not", parts=(test(node["arg"], value, known),))
        case _:
            return OPAQUE


def query_test(wrapped: Node, value: Evaluate, known: Mapping[str, Test]) -> tuple[Test, Test]:
    """For ``SELECT ... INTO v``: what v is when it is read as a condition, and what FOUND is."""
    select = wrapped.get("SelectStmt", {})
    targets = select.get("targetList", ())
    if "fromClause" not in select and len(targets) == 1:
        return test(targets[0]["ResTarget"]["val"], value, known), TRUE
    there = _exists(wrapped, value)
    if len(targets) == 1 and _is_count(targets[0]["ResTarget"].get("val", {})):
        return OPAQUE, TRUE
    return there, there


def _is_count(wrapped: Node) -> bool:
    return strings(wrapped.get("FuncCall", {}).get("funcname"))[-1:] == ["count"]


def _scalar(wrapped: Node, value: Evaluate, known: Mapping[str, Test]) -> Test:
    select = wrapped.get("SelectStmt", {})
    targets = select.get("targetList", ())
    if "fromClause" in select or len(targets) != 1:
        return OPAQUE
    return test(targets[0]["ResTarget"]["val"], value, known)


def _comparison(node: Node, value: Evaluate, known: Mapping[str, Test]) -> Test:
    """``(SELECT count(*) FROM pg_policies WHERE ...) = 0`` and its kin; ``v = true``."""
    if node.get("kind") != "AEXPR_OP" or "lexpr" not in node:
        return OPAQUE
    operator, left, right = strings(node["name"])[-1], node["lexpr"], node["rexpr"]
    if "SubLink" in left and left["SubLink"]["subLinkType"] == "EXPR_SUBLINK":
        select = left["SubLink"]["subselect"].get("SelectStmt", {})
        targets = select.get("targetList", ())
        if len(targets) == 1 and _is_count(targets[0]["ResTarget"].get("val", {})):
            there = _exists(left["SubLink"]["subselect"], value)
            match operator, value(right):
                case ("=", "0") | ("<", "1"):
                    return Test("not", parts=(there,))
                case (">", "0") | (">=", "1") | ("<>", "0") | ("=", "1"):
                    return there
    if operator == "=" and value(right) in ("true", "false"):
        inner = test(left, value, known)
        return inner if value(right) == "true" else Test("not", parts=(inner,))
    return OPAQUE


def _regclass(wrapped: Node, value: Evaluate) -> Test | None:
    """``to_regclass('a.b')`` and ``to_regtype``: PostgreSQL's own look-up, search_path and all."""
    if "TypeCast" in wrapped:
        return _regclass(wrapped["TypeCast"]["arg"], value)
    call = wrapped.get("FuncCall")
    if not call or len(call.get("args", ())) != 1:
        return None
    kinds: dict[str, Kind] = {"to_regclass": "relation", "to_regtype": "type", "to_regnamespace": "schema"}
    kind = kinds.get(strings(call["funcname"])[-1])
    written = value(call["args"][0]) if kind else None
    if kind is None or written is None:
        return None
    schema, name = split_name(written)
    return Test("probe", Probe(kind, schema, None, name))


def split_name(text: str) -> tuple[str | None, str]:
    """Schema and name of a text such as ``public."T"``, folded as regclass input folds it."""
    parts = [folded(part.strip()) for part in _NAME_PART.findall(text)] or [text]
    return (parts[-2] if len(parts) > 1 else None), parts[-1]


def _exists(wrapped: Node, value: Evaluate) -> Test:
    select = wrapped.get("SelectStmt")
    if not select or "larg" in select or "groupClause" in select or "havingClause" in select:
        return OPAQUE
    catalogs: dict[str, str] = {}
    conditions: list[Node] = []
    for item in select.get("fromClause", ()):
        if not _collect(item, catalogs, conditions):
            return OPAQUE
    if "whereClause" in select:
        conditions.append(select["whereClause"])
    if not catalogs:
        return OPAQUE
    question = _Question(catalogs, value)
    for condition in conditions:
        question.add(condition)
    return question.answer()


def _collect(wrapped: Node, catalogs: dict[str, str], conditions: list[Node]) -> bool:
    tag, node = tagged(wrapped)
    if tag == "JoinExpr":
        if "quals" in node:
            conditions.append(node["quals"])
        return _collect(node["larg"], catalogs, conditions) and _collect(node["rarg"], catalogs, conditions)
    if tag != "RangeVar":
        return False
    schema, name = node.get("schemaname", "pg_catalog"), str(node["relname"])
    full = name if schema == "pg_catalog" else f"{schema}.{name}"
    if full not in _CATALOGS:
        return False
    catalogs[(node.get("alias") or {}).get("aliasname", name)] = full
    return True


class _Question:
    """What a query over system catalogs asks: the parts of the object, per alias."""

    def __init__(self, catalogs: dict[str, str], value: Evaluate) -> None:
        self.catalogs = catalogs
        self.value = value
        self.parts: dict[tuple[str, str], str | None] = {}
        self.opaque = False

    def add(self, wrapped: Node) -> None:
        tag, node = tagged(wrapped)
        if tag == "BoolExpr" and node["boolop"] == "AND_EXPR":
            for argument in node["args"]:
                self.add(argument)
        elif tag == "BoolExpr" and node["boolop"] == "NOT_EXPR" and self._harmless(node["args"][0]):
            pass
        elif tag == "A_Expr" and node.get("kind") in ("AEXPR_OP", "AEXPR_IN") and "lexpr" in node:
            self._compare(node)
        elif tag == "NullTest" or not self._harmless(wrapped):
            self.opaque = True

    def _harmless(self, wrapped: Any) -> bool:
        return "ColumnRef" in wrapped and strings(wrapped["ColumnRef"]["fields"])[-1] in _ALWAYS_TRUE

    def _column(self, wrapped: Node) -> tuple[str, str] | None:
        while "TypeCast" in wrapped:
            wrapped = wrapped["TypeCast"]["arg"]
        if "ColumnRef" not in wrapped:
            return None
        fields = strings(wrapped["ColumnRef"]["fields"])
        if len(fields) == 2:
            return (fields[0], fields[1]) if fields[0] in self.catalogs else None
        for alias, catalog in self.catalogs.items():
            if fields and fields[0] in _CATALOGS[catalog][1]:
                return alias, fields[0]
        return ("", fields[0]) if fields else None

    def _compare(self, node: Node) -> None:
        left, right = node["lexpr"], node["rexpr"]
        column, other = self._column(left), right
        if column is None:
            column, other = self._column(right), left
        if column is None:
            self.opaque = True
            return
        alias, name = column
        part = _CATALOGS[self.catalogs[alias]][1].get(name) if alias in self.catalogs else None
        joined = not isinstance(other, list) and self._column(other)
        if strings(node["name"])[-1] != "=" or node.get("kind") == "AEXPR_IN" or part is None:
            if name not in _ALWAYS_TRUE and not (joined and joined[1] == "oid"):
                self.opaque = True
            return
        if joined:
            return  # a join condition: c.conrelid = t.oid
        self._set(alias, part, other)

    def _set(self, alias: str, part: str, wrapped: Node) -> None:
        text = self.value(wrapped)
        call = wrapped.get("FuncCall") or {}
        if text is None and part == "schema" and strings(call.get("funcname"))[-1:] == ["current_schema"]:
            return  # where the search_path leads, as for a name without a schema
        if text is None and part in ("regclass", "schema") and "SubLink" in wrapped:
            self._sub_select(wrapped["SubLink"]["subselect"])
            return
        if text is None and "SQLValueFunction" in wrapped and part == "schema":
            return
        if text is None:
            self.opaque = True
            self.parts[alias, part] = None
        else:
            self.parts[alias, part] = text

    def _sub_select(self, wrapped: Node) -> None:
        """``conrelid = (SELECT oid FROM pg_class WHERE relname = 'a')``: one more row to join."""
        select = wrapped.get("SelectStmt", {})
        catalogs: dict[str, str] = {}
        conditions: list[Node] = [select["whereClause"]] if "whereClause" in select else []
        if not all(_collect(item, catalogs, conditions) for item in select.get("fromClause", ())):
            self.opaque = True
            return
        inner = _Question(catalogs, self.value)
        for condition in conditions:
            inner.add(condition)
        self.opaque |= inner.opaque
        for alias, catalog in catalogs.items():
            self.catalogs[f"{alias}*"] = catalog
        for (alias, part), text in inner.parts.items():
            self.parts[f"{alias}*", part] = text

    def answer(self) -> Test:
        kinds = {alias: _CATALOGS[catalog][0] for alias, catalog in self.catalogs.items()}
        particular = [kind for kind in _PARTICULAR if kind in kinds.values()]
        kind: Kind = particular[0] if particular else next(iter(kinds.values()))
        alias = next(alias for alias, of in kinds.items() if of == kind)
        name = self.parts.get((alias, "name"))
        schema, relation = self.parts.get((alias, "schema")), self.parts.get((alias, "relation"))
        if (written := self.parts.get((alias, "regclass"))) is not None:
            schema, named = split_name(written)
            if kind in ("relation", "type"):
                name = named
            else:
                relation = named
        for other, of in kinds.items():
            if other != alias and (text := self.parts.get((other, "name"))) is not None:
                if of == "schema":
                    schema = text
                elif of in ("relation", "type") and kind != "relation":
                    relation = text
        probe = Test("probe", Probe(kind, schema, relation, name))
        unknown_name = any(part == "name" and text is None for (_, part), text in self.parts.items())
        return Test("and", parts=(probe, OPAQUE)) if self.opaque or unknown_name else probe
