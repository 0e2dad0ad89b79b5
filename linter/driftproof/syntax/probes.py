"""Conditions that ask a system catalog whether an object is there: from expressions to `Test`s.

``EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 'a' AND column_name = 'b')`` is a probe for column
b of a. What else the condition says (``data_type = 'text'``) can't be told: it stands beside the probe as opaque.
"""

import re
from typing import Any, Literal

import msgspec

from driftproof.objects import Kind
from driftproof.statements.operations import Asked, Probe, Test
from driftproof.statements.query import folded
from driftproof.syntax.parser import Node
from driftproof.syntax.tree import constant, strings, tagged
from driftproof.syntax.variables import Held, Variables

OPAQUE = Test("opaque")
TRUE = Test("true")
FALSE = Test("false")


class Writing(msgspec.Struct, frozen=True):
    """The text that is read, the line of the DO block's body that it starts at, and how far the tree's offsets are
    ahead of it."""

    text: str
    line: int
    shift: int = 0


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
    "information_schema.check_constraints": (
        "constraint",
        {"constraint_schema": "schema", "constraint_name": "name"},
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
    "pg_publication_tables": (
        "publication-table",
        {"pubname": "name", "schemaname": "schema", "tablename": "relation"},
    ),
    "pg_publication": ("publication", {"pubname": "name"}),
}
# In a join the row that is asked about is the most particular one; the others say where it belongs.
_PARTICULAR: tuple[Kind, ...] = (
    "enum-label",
    "column",
    "constraint",
    "trigger",
    "policy",
    "publication-table",
    "index",
    "function",
    "type",
    "relation",
    "schema",
)
_WITHOUT_SCHEMA: tuple[Kind, ...] = ("schema", "extension", "role", "publication")
# The kinds of relations that these have rows of.
_ONLY = {
    "information_schema.columns": ("table", "view", "foreign table"),
    "information_schema.tables": ("table", "view", "foreign table"),
    "information_schema.views": ("view",),
    "information_schema.sequences": ("sequence",),
    "pg_tables": ("table",),
    "pg_views": ("view",),
    "pg_matviews": ("materialized view",),
    "pg_sequences": ("sequence",),
}
# Only some of that kind are in these: the roles that may log in.
_SOME = {"pg_user"}
# relkind and table_type
_KINDS = {
    "r": "table",
    "p": "table",
    "v": "view",
    "m": "materialized view",
    "i": "index",
    "S": "sequence",
    "f": "foreign table",
    "c": "composite type",
    "BASE TABLE": "table",
    "VIEW": "view",
    "FOREIGN": "foreign table",
}
_TYPES = {"b": "base", "c": "composite type", "d": "domain", "e": "enum", "m": "multirange", "r": "range"}
# Columns that every row of an object that can be named has at false (or above 0).
_NEUTRAL = {"attisdropped", "attnum", "tgisinternal"}
# Conditions that are meant to hold for the object that is named, and say what kind it is.
_MEANT = {"constraint_type", "contype", "routine_type", "prokind"}
# Columns of these catalogs that may be NULL in a row that is there.
_NULLABLE = {"column_default", "character_maximum_length", "check_clause", "numeric_precision", "qual", "with_check"}
_NAME_PART = re.compile(r'"(?:[^"]|"")*"|[^.]+')
_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_LOOK_UPS: dict[str, Kind] = {
    "to_regclass": "relation",
    "to_regtype": "type",
    "to_regnamespace": "schema",
    "to_regproc": "function",
    "to_regrole": "role",
}


def test(wrapped: Node, known: Variables, writing: Writing) -> Test:
    """The meaning of a condition."""
    tag, node = tagged(wrapped)
    match tag:
        case "BoolExpr":
            parts = tuple(test(argument, known, writing) for argument in node["args"])
            match node["boolop"]:
                case "AND_EXPR":
                    return Test("and", parts=parts)
                case "OR_EXPR":
                    return Test("or", parts=parts)
                case _:
                    return Test("not", parts=parts)
        case "SubLink" if node["subLinkType"] == "EXISTS_SUBLINK":
            return _exists(node["subselect"], known, writing)
        case "SubLink" if node["subLinkType"] == "ANY_SUBLINK" and "operName" not in node:
            return _exists(node["subselect"], known, writing, node["testexpr"])
        case "SubLink" if node["subLinkType"] == "EXPR_SUBLINK":
            return held(wrapped, known, writing).holds or OPAQUE
        case "NullTest":
            given = held(node["arg"], known, writing).given or OPAQUE
            return _not(given) if node["nulltesttype"] == "IS_NULL" else given
        case "A_Expr":
            return _comparison(node, known, writing)
        case "ColumnRef":
            return known.tests.get(".".join(strings(node["fields"])), OPAQUE)
        case "A_Const" if "boolval" in node:
            return TRUE if node["boolval"].get("boolval") else FALSE
        case "BooleanTest" if node["booltesttype"] in ("IS_TRUE", "IS_NOT_FALSE"):
            return test(node["arg"], known, writing)
        case "BooleanTest" if node["booltesttype"] in ("IS_FALSE", "IS_NOT_TRUE"):
            return _not(test(node["arg"], known, writing))
        case _:
            return OPAQUE


def _not(inner: Test) -> Test:
    return Test("not", parts=(inner,))


def held(wrapped: Node, known: Variables, writing: Writing) -> Held:
    """What a value says of the catalog."""
    tag, node = tagged(wrapped)
    match tag:
        case "TypeCast":
            return held(node["arg"], known, writing)
        case "ColumnRef":
            name = ".".join(strings(node["fields"]))
            return Held(known.tests.get(name), known.given.get(name), known.counts.get(name))
        case "A_Const":
            return Held(test(wrapped, known, writing), FALSE if node.get("isnull") else TRUE)
        case "FuncCall":
            return Held(given=_look_up(node, known))
        case "SubLink" if node["subLinkType"] == "EXPR_SUBLINK":
            values, _ = query(node["subselect"], known, writing)
            return values[0] if len(values) == 1 else Held()
        case "SubLink" if node["subLinkType"] == "EXISTS_SUBLINK":
            return Held(test(wrapped, known, writing), TRUE)
        case "BoolExpr" | "NullTest" | "BooleanTest" | "A_Expr":
            return Held(test(wrapped, known, writing))
        case _:
            return Held()


def query(wrapped: Node, known: Variables, writing: Writing) -> tuple[list[Held], Test]:
    """For ``SELECT ... INTO v``: what each value says, and what FOUND is."""
    select = wrapped.get("SelectStmt")
    if select is None:
        return [], OPAQUE
    values = [item["ResTarget"].get("val", {}) for item in select.get("targetList", ())]
    if "fromClause" not in select:
        if "whereClause" in select or "valuesLists" in select or "larg" in select:
            return [], OPAQUE
        return [held(value, known, writing) if value else Held() for value in values], TRUE
    if any(_counting(value) for value in values):
        if len(values) > 1 or "groupClause" in select:
            return [], OPAQUE
        counts = _asked(wrapped, known, writing, counted=True)
        if _is_count(values[0]):
            return [Held(counts=counts)], TRUE
        operator, number = _against_count(values[0]["A_Expr"], known)
        return [Held(_count_is(operator, counts, number))], TRUE
    there = _exists(wrapped, known, writing)
    plain = all("ColumnRef" in value or "A_Const" in value or "TypeCast" in value for value in values)
    return [Held(given=there) if _has_value(value) else Held() for value in values], there if plain else OPAQUE


def told(*values: Held) -> bool:
    """Whether values come from questions to catalogs alone, of which nothing is left open."""
    return bool(values) and all(
        any(_told(test) for test in (value.holds, value.given, *(value.counts or ())) if test is not None)
        for value in values
    )


def _told(asked: Test) -> bool:
    return asked.connective != "opaque" and all(_told(part) for part in asked.parts)


def _has_value(wrapped: Node) -> bool:
    """Whether a target has a value in each row."""
    while "TypeCast" in wrapped:
        wrapped = wrapped["TypeCast"]["arg"]
    if "ColumnRef" in wrapped:
        return not (_NULLABLE & set(strings(wrapped["ColumnRef"]["fields"])))
    return constant(wrapped) is not None if wrapped else False


def _is_count(wrapped: Node) -> bool:
    return strings(wrapped.get("FuncCall", {}).get("funcname"))[-1:] == ["count"]


def _counting(wrapped: Node) -> bool:
    """Whether a target is a count, or compares one."""
    comparison = wrapped.get("A_Expr", {})
    return _is_count(wrapped) or any(_is_count(comparison.get(side, {})) for side in ("lexpr", "rexpr"))


def _against_count(node: Node, known: Variables) -> tuple[str, str | None]:
    """What a count is compared with, and how, as if the count stood on the left."""
    operator = strings(node["name"])[-1] if node.get("kind") == "AEXPR_OP" else ""
    if _is_count(node["lexpr"]):
        return operator, known.value(node["rexpr"])
    return _FLIPPED.get(operator, operator), known.value(node["lexpr"])


def _count_is(operator: str, counts: tuple[Test, ...], number: str | None) -> Test:
    """What a number that a count is compared with says of what is counted, one row for each that is there.

    More than one row for a question is not meant; where it is asked along the path or anywhere, there may be.
    """
    some = counts[0] if len(counts) == 1 else Test("or", parts=counts)
    every = counts[0] if len(counts) == 1 else Test("and", parts=counts)
    match operator, number:
        case ("=", "0") | ("<", "1") | ("<=", "0"):
            return _not(some)
        case (">", "0") | (">=", "1") | ("<>", "0"):
            return some
    if number == str(len(counts)):
        match operator:
            case "=" | ">=":
                return every
            case "<>" | "<":
                return _not(every)
    return OPAQUE


def _items(node: Any) -> list[Node]:
    """The items of IN (...) and of = ANY (ARRAY[...])."""
    if isinstance(node, list):
        return node
    while "TypeCast" in node:
        node = node["TypeCast"]["arg"]
    items: list[Node] = node.get("List", {}).get("items") or node.get("A_ArrayExpr", {}).get("elements") or []
    return items


def _comparison(node: Node, known: Variables, writing: Writing) -> Test:
    """``(SELECT count(*) FROM pg_policies WHERE ...) = 0`` and its kin; ``v = true``; what is known beforehand."""
    if "lexpr" not in node:
        return OPAQUE
    operator, left, right = strings(node["name"])[-1], node["lexpr"], node["rexpr"]
    if node.get("kind") in ("AEXPR_IN", "AEXPR_OP_ANY"):
        if operator != "=" or not (items := _items(right)):
            return OPAQUE
        each = [_compared("=", left, item, known, writing) for item in items]
        return each[0] if len(each) == 1 else Test("or", parts=tuple(each))
    if node.get("kind") != "AEXPR_OP":
        return OPAQUE
    if known.value(right) is None and known.value(left) is not None:
        left, right, operator = right, left, _FLIPPED.get(operator, operator)
    return _compared(operator, left, right, known, writing)


def _compared(operator: str, left: Node, right: Node, known: Variables, writing: Writing) -> Test:
    value = known.value(right)
    if value is None:
        return OPAQUE
    if (counts := held(left, known, writing).counts) is not None:
        return _count_is(operator, counts, value)
    if operator in ("=", "<>"):
        before = known.value(left)
        if before is not None:
            return TRUE if (before == value) == (operator == "=") else FALSE
        if value in ("true", "false"):
            inner = test(left, known, writing)
            return inner if (value == "true") == (operator == "=") else _not(inner)
    return OPAQUE


def _look_up(call: Node, known: Variables) -> Test | None:
    """``to_regclass('a.b')`` and its kin: PostgreSQL's own look-up, search_path and all."""
    kind = _LOOK_UPS.get((strings(call.get("funcname")) or [""])[-1])
    if kind is None or len(call.get("args", ())) != 1:
        return None
    written = known.value(call["args"][0])
    if written is None or "(" in written or "[" in written:
        return None
    schema, name = split_name(written)
    reach: Literal["schema", "path"] = "schema" if schema is not None or kind in _WITHOUT_SCHEMA else "path"
    return Test("probe", Probe(kind, schema, None, name, reach))


def name_parts(text: str) -> list[str]:
    """The parts of a written name, folded."""
    return [folded(part.strip()) for part in _NAME_PART.findall(text)]


def split_name(text: str) -> tuple[str | None, str]:
    """Schema and name of a text such as ``public."T"``, folded as regclass input folds it."""
    parts = name_parts(text) or [text]
    return (parts[-2] if len(parts) > 1 else None), parts[-1]


def _exists(wrapped: Node, known: Variables, writing: Writing, member: Node | None = None) -> Test:
    """Whether a query over catalogs has rows; ``member`` is to be among them."""
    asked = _asked(wrapped, known, writing, member)
    return asked[0] if len(asked) == 1 else Test("or", parts=asked)


def _asked(
    wrapped: Node, known: Variables, writing: Writing, member: Node | None = None, counted: bool = False
) -> tuple[Test, ...]:
    """The objects that a query over catalogs has a row of, if they are there: more than one where it lists names."""
    select = wrapped.get("SelectStmt")
    if not select or {"larg", "groupClause", "havingClause", "limitOffset"} & select.keys():
        return (OPAQUE,)
    targets = [item["ResTarget"].get("val", {}) for item in select.get("targetList", ())]
    if ("limitCount" in select and constant(select["limitCount"]) in (None, "0")) or (
        not counted and any(_is_count(target) for target in targets)
    ):
        return (OPAQUE,)
    question = _Question(known, writing)
    if not all(question.source(item) for item in select.get("fromClause", ())) or not question.catalogs:
        return (OPAQUE,)
    if "whereClause" in select:
        question.conditions.append(select["whereClause"])
    for condition in question.conditions:
        question.add(condition)
    if member is not None:
        if len(targets) != 1:
            return (OPAQUE,)
        question.compare("=", targets[0], member)
    return question.answers()


class _Question:
    """What a query over system catalogs asks: the parts of the object, per alias."""

    def __init__(self, known: Variables, writing: Writing) -> None:
        self.known = known
        self.writing = writing
        self.catalogs: dict[str, str] = {}
        self.conditions: list[Node] = []
        self.parts: dict[tuple[str, str], str | None] = {}
        self.places: dict[tuple[str, str], int] = {}
        self.listed: tuple[str, list[str]] | None = None
        self.only: tuple[str, ...] = ()
        self.opaque = False
        self.filtered = False
        self.current = False
        self.vague = False

    def source(self, wrapped: Node) -> bool:
        """Take an item of FROM; False: it is none of the catalogs."""
        tag, node = tagged(wrapped)
        if tag == "JoinExpr":
            if node.get("jointype", "JOIN_INNER") == "JOIN_INNER":
                if "quals" in node:
                    self.conditions.append(node["quals"])
            elif node["jointype"] != "JOIN_LEFT":
                return False
            return self.source(node["larg"]) and self.source(node["rarg"])
        if tag != "RangeVar":
            return False
        schema, name = node.get("schemaname", "pg_catalog"), str(node["relname"])
        full = name if schema == "pg_catalog" else f"{schema}.{name}"
        if full not in _CATALOGS:
            return False
        self.catalogs[(node.get("alias") or {}).get("aliasname", name)] = full
        return True

    def add(self, wrapped: Node) -> None:
        """Take a condition that rows must meet."""
        tag, node = tagged(wrapped)
        if tag == "BoolExpr" and node["boolop"] == "AND_EXPR":
            for argument in node["args"]:
                self.add(argument)
        elif tag == "BoolExpr" and node["boolop"] == "NOT_EXPR" and "ColumnRef" in node["args"][0]:
            if strings(node["args"][0]["ColumnRef"]["fields"])[-1:] not in ([name] for name in _NEUTRAL):
                self.opaque = True
        elif tag == "A_Expr" and node.get("kind") == "AEXPR_OP" and "lexpr" in node:
            self.compare(strings(node["name"])[-1], node["lexpr"], node["rexpr"])
        elif tag == "A_Expr" and node.get("kind") in ("AEXPR_IN", "AEXPR_OP_ANY"):
            items = _items(node["rexpr"])
            if strings(node["name"])[-1] == "=" and len(items) == 1:
                self.compare("=", node["lexpr"], items[0])
            elif strings(node["name"])[-1] == "=" and self._list(node["lexpr"], items):
                return
            else:
                self.compare("in", node["lexpr"], {})
        else:
            self.opaque = True

    def _list(self, wrapped: Node, items: list[Node]) -> bool:
        """Take a list of names, one of which the object must have; False: it is no such list."""
        column = self._column(wrapped)
        texts = [self.known.value(item) for item in items]
        if column is None or not texts or None in texts or self.listed:
            return False
        alias, name = column
        if alias not in self.catalogs or _CATALOGS[self.catalogs[alias]][1].get(name) != "name":
            return False
        self.listed = alias, list(dict.fromkeys(text for text in texts if text is not None))
        return True

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
        return ("", fields[0]) if fields and fields[0] not in self.known.texts else None

    def compare(self, operator: str, left: Node, right: Node) -> None:
        """Take a comparison; one side of it is a column."""
        lower = left.get("FuncCall", {})
        if strings(lower.get("funcname"))[-1:] == ["lower"]:
            left, self.vague = lower["args"][0], True
        column, other = self._column(left), right
        if column is None:
            column, other = (self._column(right) if right else None), left
        if column is None:
            self.opaque = True
            return
        alias, name = column
        part = _CATALOGS[self.catalogs[alias]][1].get(name) if alias in self.catalogs else None
        if other and self._column(other) is not None:
            return  # a join condition: c.conrelid = t.oid
        if operator == "=" and part is not None:
            self._set(alias, part, other)
        elif part == "name":
            self.parts[alias, part] = None
        elif part is not None:
            self.vague = True
        elif operator == "=" and name in ("relkind", "table_type"):
            self.only = (_KINDS.get(self.known.value(other) or "", "other"),)
        elif operator == "=" and name == "typtype":
            self.only = (_TYPES.get(self.known.value(other) or "", "other"),)
        elif name in ("relkind", "typtype", *_MEANT):
            self.filtered = True
        elif name not in _NEUTRAL:
            self.opaque = True

    def _set(self, alias: str, part: str, wrapped: Node) -> None:
        while "TypeCast" in wrapped:
            wrapped = wrapped["TypeCast"]["arg"]
        text = self.known.value(wrapped)
        call = wrapped.get("FuncCall") or {}
        function = (strings(call.get("funcname")) or [""])[-1]
        if text is None and part == "schema" and (function == "current_schema" or "SQLValueFunction" in wrapped):
            self.current = True
            return
        if text is None and part in ("regclass", "schema") and "SubLink" in wrapped:
            self._sub_select(wrapped["SubLink"]["subselect"])
            return
        if text is None and function in _LOOK_UPS and len(call.get("args", ())) == 1:
            text = self.known.value(call["args"][0])
        if text is None:
            self.opaque = True
        elif "A_Const" in wrapped:
            self.places[alias, part] = wrapped["A_Const"].get("location", 0) - self.writing.shift
        self.parts[alias, part] = text

    def _sub_select(self, wrapped: Node) -> None:
        """``conrelid = (SELECT oid FROM pg_class WHERE relname = 'a')``: one more row to join."""
        select = wrapped.get("SelectStmt", {})
        inner = _Question(self.known, self.writing)
        if not all(inner.source(item) for item in select.get("fromClause", ())):
            self.opaque = True
            return
        if "whereClause" in select:
            inner.conditions.append(select["whereClause"])
        for condition in inner.conditions:
            inner.add(condition)
        self.opaque |= inner.opaque
        for alias, catalog in inner.catalogs.items():
            self.catalogs[f"{alias}*"] = catalog
        for (alias, part), text in inner.parts.items():
            self.parts[f"{alias}*", part] = text

    def answers(self) -> tuple[Test, ...]:
        """The probe for the object, or one for each of the names that are listed."""
        if self.listed is None:
            return (self._answer(),)
        alias, names = self.listed
        found = []
        for name in names:
            self.parts[alias, "name"] = name
            found.append(self._answer())
        return tuple(found)

    def _answer(self) -> Test:
        """The probe for the object."""
        kinds = {alias: _CATALOGS[catalog][0] for alias, catalog in self.catalogs.items()}
        particular = [kind for kind in _PARTICULAR if kind in kinds.values()]
        kind: Kind = particular[0] if particular else next(iter(kinds.values()))
        alias = next(alias for alias, of in kinds.items() if of == kind)
        name = self.parts.get((alias, "name"))
        schema, relation = self.parts.get((alias, "schema")), self.parts.get((alias, "relation"))
        along_path = False
        for other in (alias, *kinds):
            if (written := self.parts.get((other, "regclass"))) is not None:
                schema, named = split_name(written)
                along_path = schema is None
                if kind in ("relation", "type"):
                    name = named
                else:
                    relation = named
                break
        for other, of in kinds.items():
            if other == alias:
                continue
            if (text := self.parts.get((other, "schema"))) is not None:
                schema = text
            if (text := self.parts.get((other, "name"))) is not None:
                if of == "schema":
                    schema = text
                elif of in ("relation", "type") and kind != "relation":
                    relation = text
        only = self.only if kind in ("relation", "type") else ()
        if kind in ("relation", "column"):
            only = only or _ONLY.get(self.catalogs[alias], ())
        if "index" in only:
            kind, only = "index", ()
        probe = Probe(
            kind,
            schema,
            relation,
            name,
            self._reach(kind, schema, along_path),
            self.filtered or self.catalogs[alias] in _SOME,
            only,
            self._written(alias),
        )
        unknown_name = any(part == "name" and text is None for (_, part), text in self.parts.items())
        found = Test("probe", probe)
        return Test("and", parts=(found, OPAQUE)) if self.opaque or unknown_name else found

    def _reach(self, kind: Kind, schema: str | None, along_path: bool) -> Literal["schema", "path", "current", "any"]:
        if self.vague:
            return "any"
        if schema is not None or kind in _WITHOUT_SCHEMA:
            return "schema"
        if self.current:
            return "current"
        return "path" if along_path else "any"

    def _written(self, alias: str) -> Asked:
        """How the question is written; a fix can tell its constants where one catalog alone is asked."""
        alone = len(self.catalogs) == 1
        name = self.places.get((alias, "name"), -1) if alone else -1
        relation = self.places.get((alias, "relation"), -1) if alone else -1
        catalog = self.catalogs[alias]
        qualifier = "" if alias in (catalog, catalog.rpartition(".")[2]) else f"{alias}."
        return Asked(catalog, qualifier, self.writing.text, self.writing.line, name, relation)
