"""What a query over system catalogs asks: for the objects that its conditions name.

``FROM information_schema.columns WHERE table_name = 'a' AND column_name = 'b'`` asks for column b of a. What else it
says (``data_type = 'text'``) can't be told: it stands beside the probe as opaque.
"""

from typing import Literal

import msgspec

from driftproof.objects import Kind
from driftproof.statements.operations import Asked, Probe, Test
from driftproof.syntax.parser import Node
from driftproof.syntax.tree import constant, listed, split_name, strings, tagged
from driftproof.syntax.variables import Variables

OPAQUE = Test("opaque")
TRUE = Test("true")
FALSE = Test("false")


class Writing(msgspec.Struct, frozen=True):
    """The text that is read, the line of the DO block's body that it starts at, and how far the tree's offsets are
    ahead of it."""

    text: str
    line: int
    shift: int = 0


_LONGEST = 63
"""The bytes of the longest name."""

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
WITHOUT_SCHEMA: tuple[Kind, ...] = ("schema", "extension", "role", "publication")
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
    "information_schema.table_constraints": ("primary key", "unique", "check", "foreign key", "not null"),
    "information_schema.check_constraints": ("check", "not null"),
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
# contype and constraint_type
_CONSTRAINTS = {
    "p": "primary key",
    "u": "unique",
    "c": "check",
    "f": "foreign key",
    "x": "exclude",
    "t": "trigger",
    "n": "not null",
    "PRIMARY KEY": "primary key",
    "UNIQUE": "unique",
    "CHECK": "check",
    "FOREIGN KEY": "foreign key",
}
_TYPES = {"b": "base", "c": "composite type", "d": "domain", "e": "enum", "m": "multirange", "r": "range"}
# Columns that every row of an object that can be named has at false (or above 0).
_NEUTRAL = {"attisdropped", "attnum", "tgisinternal"}
# Conditions that are meant to hold for the object that is named, and say what kind it is.
_MEANT = {"routine_type", "prokind"}
LOOK_UPS: dict[str, Kind] = {
    "to_regclass": "relation",
    "to_regtype": "type",
    "to_regnamespace": "schema",
    "to_regproc": "function",
    "to_regprocedure": "function",
    "to_regrole": "role",
}


def ask(
    wrapped: Node, known: Variables, writing: Writing, member: Node | None = None, counted: bool = False
) -> tuple[Test, ...]:
    """The objects that a query over catalogs has a row of, if they are there: more than one where it lists names."""
    select = wrapped.get("SelectStmt")
    if not select or {"larg", "groupClause", "havingClause", "limitOffset"} & select.keys():
        return (OPAQUE,)
    targets = [item["ResTarget"].get("val", {}) for item in select.get("targetList", ())]
    if ("limitCount" in select and constant(select["limitCount"]) in (None, "0")) or (
        not counted and any(is_count(target) for target in targets)
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


def is_count(wrapped: Node) -> bool:
    """Whether a target is a count."""
    return strings(wrapped.get("FuncCall", {}).get("funcname"))[-1:] == ["count"]


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
            items = listed(node["rexpr"])
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
            # A constant becomes a name itself, unless one of both sides says that it is a text.
            self._set(
                alias, part, other, clipped="A_Const" in other and not ("TypeCast" in left or "TypeCast" in right)
            )
        elif part == "name":
            self.parts[alias, part] = None
        elif part is not None:
            self.vague = True
        elif operator == "=" and name in ("relkind", "table_type"):
            self.only = (_KINDS.get(self.known.value(other) or "", "other"),)
        elif operator == "=" and name == "typtype":
            self.only = (_TYPES.get(self.known.value(other) or "", "other"),)
        elif operator == "=" and name in ("contype", "constraint_type"):
            self.only = (_CONSTRAINTS.get(self.known.value(other) or "", "other"),)
        elif name in ("relkind", "typtype", "contype", "constraint_type", *_MEANT):
            self.filtered = True
        elif name not in _NEUTRAL:
            self.opaque = True

    def _set(self, alias: str, part: str, wrapped: Node, clipped: bool = False) -> None:
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
        if text is None and function in LOOK_UPS and len(call.get("args", ())) == 1:
            text = self.known.value(call["args"][0])
        if text is None:
            self.opaque = True
        elif "A_Const" in wrapped:
            self.places[alias, part] = wrapped["A_Const"].get("location", 0) - self.writing.shift
        self.parts[alias, part] = text.encode()[:_LONGEST].decode(errors="ignore") if text and clipped else text

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
        only = self.only if kind in ("relation", "type", "constraint") else ()
        if kind in ("relation", "column", "constraint"):
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
        if schema is not None or kind in WITHOUT_SCHEMA:
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
