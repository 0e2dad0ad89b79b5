"""What is known of PL/pgSQL's variables when the file is read: texts, arrays, and the outcomes of conditions."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from driftproof.statements import operations as op
from driftproof.statements.query import array_items
from driftproof.syntax.light import ParseError
from driftproof.syntax.parser import Node, parse_fragment
from driftproof.syntax.tokens import literal, quote
from driftproof.syntax.tree import constant, strings, tagged

_FORMAT = re.compile(r"%(?:(\d+)\$)?-?\d*([sIL%])")


class Held(msgspec.Struct, frozen=True):
    """What a value says of the catalog: read as a condition, where it is not NULL, and, of a count, the questions whose
    rows are counted, one each, or whose definition it is."""

    holds: op.Test | None = None
    given: op.Test | None = None
    counts: tuple[op.Test, ...] | None = None
    defines: op.Probe | None = None


def asks_for_rows(asked: op.Test) -> bool:
    """Whether a condition hangs on the rows of a table."""
    return asked.connective == "rows" or any(map(asks_for_rows, asked.parts))


class Variables:
    """The variables of a block, by name: ``tests`` are those that are conditions, ``given`` says where one is not NULL,
    ``counts`` what one counts, ``defined`` whose definition one is. Of names that more than one block ``shares``
    nothing is kept."""

    def __init__(self, shared: Collection[str] = ()) -> None:
        self.shared = shared
        self.texts: dict[str, str] = {}
        self.arrays: dict[str, list[str]] = {}
        self.tests: dict[str, op.Test] = {}
        self.given: dict[str, op.Test] = {}
        self.counts: dict[str, tuple[op.Test, ...]] = {}
        self.defined: dict[str, op.Probe] = {}

    def _all(self) -> tuple[dict[str, Any], ...]:
        return self.texts, self.arrays, self.tests, self.given, self.counts, self.defined

    def forget(self, *names: str) -> None:
        """Nothing is known of variables any more."""
        for name in names:
            for known in self._all():
                known.pop(name, None)

    def forget_rows(self) -> None:
        """There may be other rows than when a variable was given what it holds."""
        for known in (self.tests, self.given):
            for name in [name for name, test in known.items() if asks_for_rows(test)]:
                del known[name]

    def hold(self, name: str, held: Held) -> None:
        """A variable is given a value that says something of the catalog."""
        if name in self.shared:
            return
        for known, test in ((self.tests, held.holds), (self.given, held.given)):
            if test is not None:
                known[name] = test
        if held.counts is not None:
            self.counts[name] = held.counts
        if held.defines is not None:
            self.defined[name] = held.defines

    def tell(self, name: str, text: str | None, array: list[str] | None = None) -> None:
        """A variable is given a text, or an array of texts."""
        if text is not None and name not in self.shared:
            self.texts[name] = text
        if array is not None and name not in self.shared:
            self.arrays[name] = array

    def copy(self) -> "Variables":
        """A copy that can be changed on its own."""
        other = Variables(self.shared)
        for mine, its in zip(self._all(), other._all(), strict=True):
            its.update(mine)
        return other

    def value(self, wrapped: Node) -> str | None:
        """The text of an expression of constants and known variables; None if it is not known."""
        text = self.text(wrapped)
        return None if op.HOLE in text else text

    def text(self, wrapped: Node) -> str:
        """The text of an expression, with a hole for each part that is not known."""
        tag, node = tagged(wrapped)
        match tag:
            case "A_Const":
                known = constant(wrapped)
                return op.HOLE if known is None else known
            case "TypeCast":
                return self.text(node["arg"])
            case "ColumnRef":
                return self.texts.get(".".join(strings(node["fields"])), op.HOLE)
            case "A_Expr" if strings(node["name"])[-1:] == ["||"] and "lexpr" in node:
                return self.text(node["lexpr"]) + self.text(node["rexpr"])
            case "SQLValueFunction" if node.get("op") in ("SVFOP_CURRENT_SCHEMA", "SVFOP_CURRENT_CATALOG"):
                return op.NAME
            case "FuncCall":
                return self._call(strings(node["funcname"])[-1], node.get("args", ()))
            case _:
                return op.HOLE

    def _call(self, function: str, arguments: Any) -> str:
        texts = [self.text(argument) for argument in arguments]
        match function:
            case "format" if texts and op.HOLE not in texts[0]:
                return _format(texts[0], texts[1:])
            case "quote_ident" if texts:
                return quote(texts[0])
            case "quote_literal" if texts:
                return literal(texts[0])
            case "lower" | "upper" if texts and op.HOLE not in texts[0]:
                return texts[0].lower() if function == "lower" else texts[0].upper()
            case "concat" if texts:
                return "".join(texts)
            case "pg_get_functiondef":
                return f"CREATE OR REPLACE FUNCTION {op.HOLE}"
            case "replace" if len(texts) == 3 and texts[1] and op.HOLE not in texts[1]:
                return texts[0].replace(texts[1], texts[2])
            case _:
                return op.HOLE

    def array(self, wrapped: Node) -> list[str] | None:
        """The items of an array, as texts; None if they are not known."""
        tag, node = tagged(wrapped)
        if tag == "TypeCast":
            return self.array(node["arg"])
        if tag == "ColumnRef":
            return self.arrays.get(".".join(strings(node["fields"])))
        if tag == "A_Const":
            text = constant(wrapped)
            return array_items(text) if text else None
        if tag != "A_ArrayExpr":
            return None
        items = [self.value(item) for item in node.get("elements", ())]
        return [item for item in items if item is not None] if None not in items else None

    def rows(self, text: str) -> list[dict[str, str]] | None:
        """The rows of a query over literals: ``SELECT unnest(ARRAY[...])``, ``VALUES``; None for any other."""
        try:
            [(tag, node)] = parse_fragment(text)
        except (ParseError, ValueError):
            return None
        if tag != "SelectStmt":
            return None
        if "valuesLists" in node:
            return self._values_rows(node, ())
        sources, targets = node.get("fromClause", ()), node.get("targetList", ())
        if "whereClause" in node:
            return None
        if not sources and len(targets) == 1:
            array = self._unnest(targets[0]["ResTarget"].get("val", {}))
            label = targets[0]["ResTarget"].get("name", "unnest")
            return None if array is None else [{label: item} for item in array]
        if len(sources) == 1 and "RangeSubselect" in sources[0]:
            inner = sources[0]["RangeSubselect"]
            select = inner["subquery"].get("SelectStmt", {})
            if "valuesLists" in select:
                return self._values_rows(select, tuple(strings((inner.get("alias") or {}).get("colnames"))))
        if len(sources) == 1 and "RangeFunction" in sources[0]:
            inner = sources[0]["RangeFunction"]
            calls = inner.get("functions", ())
            array = self._unnest(calls[0]["List"]["items"][0]) if len(calls) == 1 else None
            alias = inner.get("alias") or {}
            label = (strings(alias.get("colnames")) or [alias.get("aliasname", "unnest")])[0]
            return None if array is None else [{label: item} for item in array]
        return None

    def fixed(self, text: str) -> list[tuple[str, str | None]]:
        """The columns of a query, with what its WHERE says that they are in each row (None: nothing); behind a star
        those of which it does."""
        try:
            [(tag, node)] = parse_fragment(text)
        except (ParseError, ValueError):
            return []
        if tag != "SelectStmt" or "targetList" not in node:
            return []
        told = dict(self._equated(node.get("whereClause", {})))
        found = []
        for item in node["targetList"]:
            target = item["ResTarget"]
            fields = target.get("val", {}).get("ColumnRef", {}).get("fields", [{}])
            parts = tuple(strings(fields))
            if "A_Star" not in fields[-1]:
                found.append((target.get("name", parts[-1] if parts else ""), told.get(parts)))
            elif len(node["fromClause"]) == 1 and "RangeVar" in node["fromClause"][0]:
                found += [("*", None), *((column[-1], value) for column, value in told.items())]
            else:
                return []
        return found

    def _equated(self, condition: Node) -> Iterator[tuple[tuple[str, ...], str]]:
        """The columns that a condition says to be equal to a known text, where it holds."""
        both, compared = condition.get("BoolExpr", {}), condition.get("A_Expr", {})
        if both.get("boolop") == "AND_EXPR":
            for part in both["args"]:
                yield from self._equated(part)
        if compared.get("kind") != "AEXPR_OP" or strings(compared["name"]) != ["="]:
            return
        for one, other in ((compared["lexpr"], compared["rexpr"]), (compared["rexpr"], compared["lexpr"])):
            value = self.value(other)
            if "ColumnRef" in one and value is not None:
                yield tuple(strings(one["ColumnRef"]["fields"])), value

    def _values_rows(self, node: Node, labels: tuple[str, ...]) -> list[dict[str, str]] | None:
        rows = []
        for item in node["valuesLists"]:
            values = [self.value(cell) for cell in item["List"]["items"]]
            columns = labels or tuple(f"column{at}" for at in range(1, len(values) + 1))
            rows.append({column: text for column, text in zip(columns, values, strict=False) if text is not None})
        return rows

    def _unnest(self, wrapped: Node) -> list[str] | None:
        call = wrapped.get("FuncCall", {})
        if strings(call.get("funcname"))[-1:] != ["unnest"] or len(call.get("args", ())) != 1:
            return None
        return self.array(call["args"][0])


def agreed(ends: Sequence[Variables]) -> tuple[Variables, set[str]]:
    """What is known of variables whichever way was gone, and those of which each way says something else."""
    first, *others = ends
    result, differing = first.copy(), set()
    for mine, *its in zip(first._all(), *(other._all() for other in others), strict=True):
        for name in mine.keys() | {name for known in its for name in known}:
            if any(known.get(name) != mine.get(name) for known in its):
                differing.add(name)
    result.forget(*differing)
    return result, differing


def mentioned(variables: Iterable[str], items: Any) -> bool:
    """Whether some statements use one of these variables."""
    names = "|".join(re.escape(name.partition(".")[0]) for name in variables)
    return bool(names) and re.search(rf"\b(?:{names})\b", str(items), re.IGNORECASE) is not None


def _format(template: str, arguments: list[str]) -> str:
    taken = iter(arguments)

    def put(match: re.Match[str]) -> str:
        position, conversion = match[1], match[2]
        if conversion == "%":
            return "%"
        at = int(position) - 1 if position else -1
        text = (arguments[at] if at < len(arguments) else op.HOLE) if position else next(taken, op.HOLE)
        return quote(text) if conversion == "I" else literal(text) if conversion == "L" else text

    return _FORMAT.sub(put, template)


def filled(target: Node) -> list[str]:
    """The names of the variables that INTO or FOR fill."""
    fields: Node = next(iter(target.values()), {})
    columns = [field.get("name") for field in fields.get("fields", ())] or [fields.get("refname")]
    return [name for name in columns if name]


# What sets FOUND.
_FINDING = {f"PLpgSQL_stmt_{name}" for name in ("execsql", "perform", "fori", "fors", "foreach_a", "forc", "fetch")}


def assigned(node: Any, datums: list[str]) -> list[str]:
    """The variables that some statement below a node assigns."""
    found: list[str] = []
    if isinstance(node, list):
        for item in node:
            found.extend(assigned(item, datums))
    elif isinstance(node, dict):
        for tag, value in node.items():
            if tag in ("PLpgSQL_stmt_assign", "PLpgSQL_stmt_foreach_a") and value.get("varno", 0) < len(datums):
                found.append(datums[value.get("varno", 0)])
            if tag in _FINDING:
                found.append("found")
            if tag in ("PLpgSQL_var", "PLpgSQL_rec", "PLpgSQL_row"):
                found.extend(filled({tag: value}))
            elif isinstance(value, (dict, list)):
                found.extend(assigned(value, datums))
    return found
