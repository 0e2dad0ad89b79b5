"""Conditions that ask a system catalog whether an object is there: from expressions to `Test`s.

They ask by EXISTS, by a count, by ``to_regclass('a')``, or by way of a variable that one of these was assigned to.
"""

import re
from collections.abc import Sequence
from itertools import combinations
from math import comb
from typing import Literal

import msgspec

from driftproof.objects import Kind
from driftproof.statements.operations import Probe, Rows, Test, Text
from driftproof.syntax.parser import Node
from driftproof.syntax.questions import FALSE, LOOK_UPS, OPAQUE, TRUE, WITHOUT_SCHEMA, Writing, ask, is_count
from driftproof.syntax.tree import constant, listed, range_var, split_name, strings, tagged
from driftproof.syntax.variables import Held, Variables

# Columns of these catalogs that may be NULL in a row that is there.
_NULLABLE = {"column_default", "character_maximum_length", "check_clause", "numeric_precision", "qual", "with_check"}
_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
# Functions that give the definition of what a row of a catalog stands for, by its oid.
_DEFINING: dict[str, tuple[str, Kind]] = {
    "pg_get_constraintdef": ("pg_constraint", "constraint"),
    "pg_get_indexdef": ("pg_class", "index"),
    "pg_get_triggerdef": ("pg_trigger", "trigger"),
    "pg_get_functiondef": ("pg_proc", "function"),
}
# Functions of one row that have a value where their arguments have one.
_GIVING = {"format_type", "lower", "upper", "quote_ident", "length"}
# What a text is compared by, and the opposite.
_LIKE = {"=": "<>", "<>": "=", "~~": "!~~", "!~~": "~~", "~~*": "!~~*", "!~~*": "~~*"}
_CAUGHT: dict[str, Literal["sqlstate", "message"]] = {"sqlstate": "sqlstate", "sqlerrm": "message"}


def test(wrapped: Node, known: Variables, writing: Writing) -> Test:
    """The meaning of a condition."""
    tag, node = tagged(wrapped)
    match tag:
        case "BoolExpr":
            if node["boolop"] == "NOT_EXPR":
                return _denied(node["args"][0], known, writing)
            parts = tuple(test(argument, known, writing) for argument in node["args"])
            return Test("and" if node["boolop"] == "AND_EXPR" else "or", parts=parts)
        case "SubLink" if node["subLinkType"] == "EXISTS_SUBLINK":
            return _rows(node["subselect"]) or _exists(node["subselect"], known, writing)
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
        case "BooleanTest" if node["booltesttype"] in ("IS_TRUE", "IS_NOT_TRUE"):
            holds = test(node["arg"], known, writing)
            return holds if node["booltesttype"] == "IS_TRUE" else _not(holds)
        case "BooleanTest" if node["booltesttype"] in ("IS_FALSE", "IS_NOT_FALSE"):
            fails = _denied(node["arg"], known, writing)
            return fails if node["booltesttype"] == "IS_FALSE" else _not(fails)
        case _:
            return OPAQUE


def _denied(wrapped: Node, known: Variables, writing: Writing) -> Test:
    """Where a condition is false: a text that is compared may be NULL, and then it is neither true nor false."""
    tag, node = tagged(wrapped)
    if tag == "BoolExpr":
        if node["boolop"] == "NOT_EXPR":
            return test(node["args"][0], known, writing)
        parts = tuple(_denied(argument, known, writing) for argument in node["args"])
        return Test("or" if node["boolop"] == "AND_EXPR" else "and", parts=parts)
    if tag == "A_Expr":
        return _comparison(node, known, writing, denied=True)
    return _not(test(wrapped, known, writing))


def _joined(connective: Literal["and", "or"], parts: Sequence[Test]) -> Test:
    """The parts under a connective, if there is more than one of them."""
    return parts[0] if len(parts) == 1 else Test(connective, parts=tuple(parts))


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
            return Held(known.tests.get(name), known.given.get(name), known.counts.get(name), known.defined.get(name))
        case "A_Const":
            return Held(test(wrapped, known, writing), FALSE if node.get("isnull") else TRUE)
        case "FuncCall":
            return Held(given=_look_up(node, known))
        case "SubLink" if node["subLinkType"] == "EXPR_SUBLINK":
            values, _ = query(node["subselect"], known, writing)
            return values[0] if len(values) == 1 else Held()
        case "SubLink" if node["subLinkType"] == "EXISTS_SUBLINK":
            return Held(_exists(node["subselect"], known, writing), TRUE)
        case "BoolExpr" | "NullTest" | "BooleanTest" | "A_Expr":
            asked = test(wrapped, known, writing)
            return Held(OPAQUE if _passing(asked) else asked)
        case _:
            return Held()


def query(wrapped: Node, known: Variables, writing: Writing) -> tuple[list[Held], Test]:
    """For ``SELECT ... INTO v``: what each value says, and what FOUND is."""
    select = wrapped.get("SelectStmt")
    if select is None:
        return [], OPAQUE
    values = [_bare(item["ResTarget"].get("val", {})) for item in select.get("targetList", ())]
    if "fromClause" not in select:
        if "whereClause" in select or "valuesLists" in select or "larg" in select:
            return [], OPAQUE
        return [held(value, known, writing) if value else Held() for value in values], TRUE
    if any(_counting(value) for value in values):
        if len(values) > 1 or "groupClause" in select:
            return [], OPAQUE
        counts = ask(wrapped, known, writing, counted=True)
        if is_count(values[0]):
            return [Held(counts=counts)], TRUE
        operator, number = _against_count(values[0]["A_Expr"], known)
        return [Held(_count_is(operator, counts, number))], TRUE
    if (rows := _rows(wrapped)) is not None:
        return [_of_own_row(value, rows) for value in values], rows
    there = _exists(wrapped, known, writing)
    catalogs = _catalogs(select["fromClause"])
    found = [_of_a_row(value, there, catalogs) for value in values]
    plain = all(
        "ColumnRef" in value or "A_Const" in value or says.given for says, value in zip(found, values, strict=True)
    )
    return found, there if plain else OPAQUE


def _of_own_row(wrapped: Node, there: Test) -> Held:
    """What a target says where a table has a row, which may hold NULL in that column."""
    names = strings(wrapped.get("ColumnRef", {}).get("fields"))
    if not names or there.rows is None:
        return Held()
    return Held(given=Test("rows", rows=msgspec.structs.replace(there.rows, column=names[-1])))


def _of_a_row(wrapped: Node, there: Test, catalogs: dict[str, str]) -> Held:
    """What a target says where a row is ``there``."""
    call = wrapped.get("FuncCall", {})
    function, arguments = (strings(call.get("funcname")) or [""])[-1], call.get("args", ())
    if function in _DEFINING and len(arguments) == 1:
        catalog, kind = _DEFINING[function]
        *alias, column = strings(arguments[0].get("ColumnRef", {}).get("fields")) or [""]
        if column != "oid" or (catalogs.get(alias[0]) != catalog if alias else set(catalogs.values()) != {catalog}):
            return Held()
        return Held(given=there, defines=there.probe if there.probe and there.probe.kind == kind else None)
    if function in _GIVING and all(map(_has_value, arguments)):
        return Held(given=there)
    return Held(given=there) if _has_value(wrapped) else Held()


def _catalogs(sources: Sequence[Node]) -> dict[str, str]:
    """What FROM reads, by the names that it goes by."""
    found: dict[str, str] = {}
    for source in sources:
        tag, node = tagged(source)
        if tag == "JoinExpr":
            found |= _catalogs((node["larg"], node["rarg"]))
        elif tag == "RangeVar":
            name = str(node["relname"])
            found[(node.get("alias") or {}).get("aliasname", name)] = name
    return found


def told(*values: Held) -> bool:
    """Whether values come from questions to catalogs alone, of which nothing is left open."""
    return bool(values) and all(
        any(_told(test) for test in (value.holds, value.given, *(value.counts or ())) if test is not None)
        for value in values
    )


def _told(asked: Test) -> bool:
    return asked.connective not in ("opaque", "rows") and all(_told(part) for part in asked.parts)


def _bare(wrapped: Node) -> Node:
    while "TypeCast" in wrapped:
        wrapped = wrapped["TypeCast"]["arg"]
    return wrapped


def _has_value(wrapped: Node) -> bool:
    """Whether a target has a value in each row."""
    wrapped = _bare(wrapped)
    if "ColumnRef" in wrapped:
        return not (_NULLABLE & set(strings(wrapped["ColumnRef"]["fields"])))
    return constant(wrapped) is not None if wrapped else False


def _counting(wrapped: Node) -> bool:
    """Whether a target is a count, or compares one."""
    comparison = wrapped.get("A_Expr", {})
    return is_count(wrapped) or any(is_count(comparison.get(side, {})) for side in ("lexpr", "rexpr"))


def _against_count(node: Node, known: Variables) -> tuple[str, str | None]:
    """What a count is compared with, and how, as if the count stood on the left."""
    operator = strings(node["name"])[-1] if node.get("kind") == "AEXPR_OP" else ""
    if is_count(node["lexpr"]):
        return operator, known.value(node["rexpr"])
    return _FLIPPED.get(operator, operator), known.value(node["lexpr"])


def _count_is(operator: str, counts: tuple[Test, ...], number: str | None) -> Test:
    """What a number that a count is compared with says of what is counted, one row for each that is there.

    More than one row for a question is not meant; where it is asked along the path or anywhere, there may be. A
    question that names no object has any number of them, and functions share their names.
    """
    if number is None or not number.isdecimal():
        return OPAQUE
    least = int(number)
    match operator:
        case ">=":
            return _at_least(least, counts)
        case ">":
            return _at_least(least + 1, counts)
        case "<":
            return _not(_at_least(least, counts))
        case "<=":
            return _not(_at_least(least + 1, counts))
        case "=":
            return _exactly(least, counts)
        case "<>":
            return _not(_exactly(least, counts))
        case _:
            return OPAQUE


def _names_one(asked: Test) -> bool:
    named = asked.probe is not None and asked.probe.name is not None and asked.probe.kind != "function"
    return named or any(map(_names_one, asked.parts))


_MOST_CHOICES = 100
"""What at least 10 of 12 names says is a choice of 66; beyond this many, it is too dear to ask."""


def _at_least(number: int, counts: tuple[Test, ...]) -> Test:
    if number <= 0:
        return TRUE
    if number > 1 and not all(map(_names_one, counts)):
        return Test("and", parts=(_at_least(1, counts), OPAQUE))
    if 1 < number < len(counts) and comb(len(counts), number) > _MOST_CHOICES:
        return OPAQUE
    each = [_joined("and", chosen) for chosen in combinations(counts, number)]
    return _joined("or", each) if each else FALSE


def _exactly(number: int, counts: tuple[Test, ...]) -> Test:
    if number == 0:
        return _not(_at_least(1, counts))
    if not all(map(_names_one, counts)):
        return Test("and", parts=(_at_least(1, counts), OPAQUE))
    if number >= len(counts):
        return _at_least(number, counts)
    return Test("and", parts=(_at_least(number, counts), _not(_at_least(number + 1, counts))))


def _comparison(node: Node, known: Variables, writing: Writing, *, denied: bool = False) -> Test:
    """``(SELECT count(*) FROM pg_policies WHERE ...) = 0`` and its kin; ``v = true``; what a text is like; what is
    known beforehand. ``denied``: where it is false."""
    if "lexpr" not in node:
        return OPAQUE
    operator, left, right = strings(node["name"])[-1], node["lexpr"], node["rexpr"]
    text = _text(left, known, writing)
    kind = node.get("kind")
    if denied and text is None:
        return _not(_comparison(node, known, writing))
    if denied:
        operator = _LIKE.get(operator, "")
    if kind == "AEXPR_IN" or (kind == "AEXPR_OP_ANY" and not denied):
        if operator not in ("=", "<>") or not (items := listed(right)):
            return OPAQUE
        each = [_compared(operator, left, item, known, writing) for item in items]
        return _joined("or" if operator == "=" else "and", each)
    if text is not None and kind in ("AEXPR_OP", "AEXPR_LIKE", "AEXPR_ILIKE"):
        return _like(operator, text, known.value(right))
    if kind != "AEXPR_OP":
        return OPAQUE
    if known.value(right) is None and known.value(left) is not None:
        left, right, operator = right, left, _FLIPPED.get(operator, operator)
    return _compared(operator, left, right, known, writing)


def _text(wrapped: Node, known: Variables, writing: Writing) -> tuple[Test, Text] | None:
    """A text that is compared, of which something is known, and where it is not NULL."""
    wrapped = _bare(wrapped)
    if "ColumnRef" not in wrapped and "SubLink" not in wrapped:
        return None
    names = strings(wrapped.get("ColumnRef", {}).get("fields"))
    if len(names) == 1 and names[0] in _CAUGHT:
        return TRUE, Text(_CAUGHT[names[0]], "")
    value = held(wrapped, known, writing)
    if value.given is None or value.defines is None:
        return None
    return value.given, Text("definition", "", probe=value.defines)


def _like(operator: str, text: tuple[Test, Text], pattern: str | None) -> Test:
    if operator not in _LIKE or pattern is None:
        return OPAQUE
    if "~" not in operator:
        pattern = re.sub(r"([\\%_])", r"\\\1", pattern)
    given, asked = text
    found = Test("text", text=Text(asked.of, pattern, operator.endswith("*"), asked.probe))
    return Test("and", parts=(given, found if operator[0] in "=~" else _not(found)))


def _compared(operator: str, left: Node, right: Node, known: Variables, writing: Writing) -> Test:
    value = known.value(right)
    if value is None:
        return OPAQUE
    if (text := _text(left, known, writing)) is not None:
        return _like(operator, text, value)
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
    function = (strings(call.get("funcname")) or [""])[-1]
    kind = LOOK_UPS.get(function)
    if kind is None or len(call.get("args", ())) != 1:
        return None
    written = known.value(call["args"][0])
    if written is not None and function == "to_regprocedure":  # its arguments are not told apart
        written = written.partition("(")[0].strip()
    if written is None or "(" in written or "[" in written:
        return None
    schema, name = split_name(written)
    reach: Literal["schema", "path"] = "schema" if schema is not None or kind in WITHOUT_SCHEMA else "path"
    filtered, alone = function == "to_regprocedure", function == "to_regproc"
    return Test("probe", Probe(kind, schema, None, name, reach, filtered=filtered, alone=alone))


_PLAIN = {"targetList", "fromClause", "whereClause", "limitCount", "limitOption", "sortClause", "op"}


def _rows(wrapped: Node) -> Test | None:
    """Whether a table has a row whose columns equal constants; None for any other query."""
    select = wrapped.get("SelectStmt", {})
    sources = select.get("fromClause", ())
    targets = [item["ResTarget"].get("val", {}) for item in select.get("targetList", ())]
    if not select.keys() <= _PLAIN or len(sources) != 1 or "RangeVar" not in sources[0]:
        return None
    table = range_var(sources[0]["RangeVar"], 0)
    if table.schema in ("pg_catalog", "information_schema") or table.name.startswith("pg_"):
        return None
    if not all("ColumnRef" in target or "A_Const" in target for target in targets):
        return None  # an aggregate always has one
    if "limitCount" in select and constant(select["limitCount"]) in (None, "0"):
        return None
    where = select.get("whereClause")
    joined = where.get("BoolExpr", {}) if where else {}
    conditions = joined["args"] if joined.get("boolop") == "AND_EXPR" else [where] if where else []
    values = [_equals(condition) for condition in conditions]
    found = tuple(value for value in values if value is not None)
    return Test("rows", rows=Rows(table, found)) if len(found) == len(values) else None


def _equals(wrapped: Node) -> tuple[str, str] | None:
    """A column and the constant that it equals."""
    node = wrapped.get("A_Expr", {})
    if node.get("kind") != "AEXPR_OP" or strings(node["name"]) != ["="]:
        return None
    left, right = node.get("lexpr", {}), node["rexpr"]
    if "ColumnRef" not in left:
        left, right = right, left
    if "ColumnRef" not in left or "A_Const" not in right or (text := constant(right)) is None:
        return None
    names = strings(left["ColumnRef"]["fields"])
    return (names[-1], text) if names else None


def _passing(asked: Test) -> bool:
    """Whether a condition is no more the same when its outcome is used: there may be other rows then, or another error;
    of a text that may be NULL the outcome may be NULL too."""
    return asked.connective in ("rows", "text") or any(map(_passing, asked.parts))


def _exists(wrapped: Node, known: Variables, writing: Writing, member: Node | None = None) -> Test:
    """Whether a query over catalogs has rows; ``member`` is to be among them."""
    asked = ask(wrapped, known, writing, member)
    return _joined("or", asked)
