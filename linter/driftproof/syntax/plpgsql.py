"""DO blocks and functions: PL/pgSQL read as operations with branches and handlers.

What is known when the file is read is followed: constants, format(), concatenations, FOREACH over literal arrays. What
is not known becomes a hole in a name, and what a statement with a hole may have touched is forgotten.
"""

import re
from itertools import takewhile
from typing import Any

from driftproof.objects import SYSTEM_SCHEMAS
from driftproof.statements import operations as op
from driftproof.statements.query import Name
from driftproof.syntax import blocks, probes
from driftproof.syntax.calls import invoked, passed
from driftproof.syntax.casts import casts
from driftproof.syntax.conditions import SQLSTATES
from driftproof.syntax.holes import without_holes
from driftproof.syntax.light import ParseError
from driftproof.syntax.parser import Node, parse_fragment, parse_plpgsql
from driftproof.syntax.queries import NOWHERE, QUERIES
from driftproof.syntax.questions import FALSE, OPAQUE, TRUE, Writing
from driftproof.syntax.tables import Lowering, Operations
from driftproof.syntax.tokens import quote
from driftproof.syntax.tree import name_parts, names, tagged
from driftproof.syntax.variables import Variables, agreed, assigned, filled, mentioned

_ERROR = 21  # elog_level of RAISE EXCEPTION; src/include/utils/elog.h
_ERRCODE = 0  # PLPGSQL_RAISEOPTION_ERRCODE; plpgsql.h
_SELECT = len("SELECT ")
_MAKES_FUNCTION = re.compile(r"\s*CREATE\s+OR\s+REPLACE\s+(?:FUNCTION|PROCEDURE)\s", re.IGNORECASE)
_OF_ROWS = re.compile(r"\b(?:new|old)\b", re.IGNORECASE)
_BLOCK = re.compile(r"\b(?:declare|begin)\b", re.IGNORECASE)
_FROM = re.compile(r"\bfrom\b", re.IGNORECASE)
_MOST_TURNS = 200
_MOST_PARTED = 3  # how often what stands behind handlers is read for each way out: each time it doubles
_BEYOND_THE_PARSER = "Not implemented"  # libpg_query knows the types of public and pg_catalog only
_OF_RECORDS = re.compile(r"variable \"(.*)\" has pseudo-type _record")


class BodyError(Exception):
    """A body that PL/pgSQL does not take, in its words."""


def block(node: Node, lower: Lowering) -> Operations:
    """The operations of a DoStmt; of another language, nothing can be said. Raises BodyError."""
    options: dict[str, Any] = {item["DefElem"]["defname"]: item["DefElem"].get("arg") for item in node.get("args", ())}
    body = (names(options.get("as")) or [""])[0]
    language = (names(options.get("language")) or ["plpgsql"])[0]
    if language != "plpgsql":
        return [op.Need("language", Name(None, language)), op.Forget()]
    try:
        functions = _functions(body)
    except ParseError as error:
        if error.args[0].startswith(_BEYOND_THE_PARSER) or _OF_RECORDS.match(error.args[0]):
            return [op.Forget()]
        raise BodyError(error.args[0]) from None
    if not functions:
        return [op.Forget()]
    function = functions[0]["PLpgSQL_function"]
    return _compiled(body, function, _Body(function.get("datums", ()), lower, {}))


def _functions(body: str) -> list[Node]:
    """A block as PL/pgSQL's parser reads it, to which an array of somebody's own type is one of records, and refused:
    it is shown one of texts. Raises ParseError."""
    try:
        return parse_plpgsql(f"DO {dollar_quoted(body)}")
    except ParseError as error:
        variable = _OF_RECORDS.match(error.args[0])
        if variable is None:
            raise
        of_type = rf"(\b{re.escape(variable[1])}\s+(?:constant\s+)?)[\w.\"]+(?=\s*\[)"
        shown = re.sub(of_type, r"\1text", body, count=1, flags=re.IGNORECASE)
        if shown == body:
            raise
        return _functions(shown)


def called(
    text: str, name: str, texts: dict[str, str], lower: Lowering, *, of_trigger: bool = False
) -> Operations | None:
    """What a call runs of the function of that name, which this CREATE FUNCTION makes; ``texts`` is what is known of
    its arguments, or of the variables that a trigger gives to it. None where that can't be read."""
    try:
        function = parse_plpgsql(text)[0]["PLpgSQL_function"]
    except ParseError:
        return None
    reader = _Body(function.get("datums", ()), lower, texts, rows=_ROWS if of_trigger else ())
    reader.visible.append(name)  # by which its parameters can be called
    if not {*reader.rows}.isdisjoint(assigned(function["action"], reader.datums)):
        return None  # they are rows of something else from there on
    # Where a result is asked for, the end is reached only by RETURN; else the parser has put one there.
    return [*_compiled(text, function, reader), op.Raise("2F005")]


_ROWS = ("new", "old")


def _compiled(text: str, function: Node, reader: "_Body") -> Operations:
    statements = reader.statements([function["action"]])
    return [*_declared(function.get("datums", ())), *reader.begun(text, function["action"]), *statements]


def declared(text: str) -> Operations:
    """What the function that this CREATE FUNCTION makes needs for being compiled."""
    try:
        return _declared(parse_plpgsql(text)[0]["PLpgSQL_function"].get("datums", ()))
    except ParseError:
        return []


def _declared(datums: Any) -> Operations:
    """What %TYPE and %ROWTYPE need, which are looked up when the block is compiled."""
    found: Operations = []
    variables = set()
    for datum in datums:
        _, fields = tagged(datum)
        written, percent, form = fields.get("datatype", {}).get("PLpgSQL_type", {}).get("typname", "").rpartition("%")
        parts = name_parts(written) if percent else []
        if form.lower() != "rowtype":
            parts, column = parts[:-1], parts[-1:]
        else:
            column = []
        if parts and parts[0] not in variables:
            table = Name(parts[-2] if len(parts) > 1 else None, parts[-1])
            found.append(op.NeedMember("column", table, column[0]) if column else op.NeedRelation(table))
        variables.add(fields.get("refname"))
    return found


def dollar_quoted(text: str) -> str:
    """The text between dollar quotes that it does not hold."""
    tag = "$driftproof$"
    while tag in text:
        tag = f"${tag[1:-1]}_$"
    return f"{tag}{text}{tag}"


class _Body:
    """Reads statements in order, with what is known of the variables; ``rows`` are those of them that are rows of a
    relation. ``visible`` are the names that a query sees, ``defaults`` what is read for the values that variables begin
    with, each with the line of its variable, ``blocks`` how many blocks there are."""

    def __init__(self, datums: Any, lower: Lowering, texts: dict[str, str], rows: tuple[str, ...] = ()) -> None:
        self.lower = lower
        self.rows = rows
        self.datums: list[str] = []
        for datum in datums:
            _, fields = tagged(datum)
            self.datums.append(fields.get("refname") or fields.get("fieldname") or "")
        self.known = Variables({name for name in self.datums if self.datums.count(name) > 1})
        self.writes = 0
        self.parted = 0
        self.known.texts.update(texts)
        self.known.tests["found"] = FALSE
        self.visible = [fields["refname"] for _, fields in map(tagged, datums) if "refname" in fields]
        self.defaults: list[tuple[int, Operations]] = []
        self.blocks = 0
        for name, datum in zip(self.datums, datums, strict=True):
            tag, fields = tagged(datum)
            if tag == "PLpgSQL_var" and "default_val" in fields:
                needs = self._assign(name, fields["default_val"]["PLpgSQL_expr"]["query"])
                self.defaults.append((fields.get("lineno", 0), needs))

    def begun(self, text: str, action: Node) -> Operations:
        """What the values need that variables of the outermost block certainly begin with: those which stand on lines
        before it, or all, where it alone has any."""
        if not any(needs for _, needs in self.defaults):
            return []
        words = [word.lower() for word in _BLOCK.findall(text)]
        alone = self.blocks == 1 or (words[:1] == ["declare"] and words.count("declare") == 1)
        _, block = tagged(action)
        kept = [needs for line, needs in self.defaults if alone or line < block.get("lineno", 0)]
        return [step for needs in kept for step in needs]

    def statements(self, items: Any) -> Operations:
        found: Operations = []
        for number, item in enumerate(items or (), 1):
            tag, node = tagged(item)
            if tag == "PLpgSQL_stmt_block" and "exceptions" in node and "label" not in node:
                tried, parted = self._tried(node, items[number:])
                found.append(tried)
                if parted:
                    break
                continue
            reader = getattr(self, "_" + tag.removeprefix("PLpgSQL_stmt_"), None)
            found.extend([op.Forget()] if reader is None else reader(node))
        return found

    def _block(self, node: Node) -> Operations:
        found: Operations = [self._tried(node, ())[0]] if "exceptions" in node else self._plain(node)
        if "label" not in node:
            return found
        self._left_early(node)
        return [op.Loop((tuple(found),), node["label"], block=True)]

    def _plain(self, node: Node) -> Operations:
        self.blocks += 1
        return self.statements(node.get("body"))

    def _left_early(self, node: Node) -> None:
        """Behind what EXIT or CONTINUE may have left it is not known what was assigned there."""
        if "PLpgSQL_stmt_exit" in str(node):
            self.known.forget(*assigned(node, self.datums))

    def _tried(self, node: Node, rest: Any) -> tuple[op.Try, bool]:
        """A block with handlers, and whether it holds the ``rest`` that stands behind it: where that uses variables of
        which each way out says something else, it is read for each."""
        before, writes = self.known.copy(), self.writes
        self.blocks += 1
        body = self.statements(node.get("body"))
        ends = [None if _leaves(body) else self.known]
        before.forget(*assigned(_before_last(node.get("body")), self.datums))  # how far it came is not known
        if self.writes > writes:
            before.forget_rows()
        handlers = []
        for item in node["exceptions"]["PLpgSQL_exception_block"].get("exc_list", ()):
            handler = item["PLpgSQL_exception"]
            conditions = [condition["PLpgSQL_condition"]["condname"] for condition in handler.get("conditions", ())]
            states = () if "others" in conditions else tuple(SQLSTATES.get(name, name) for name in conditions)
            action: Any = handler.get("action", ())
            speaks = any("PLpgSQL_stmt_raise" in statement for statement in action)
            self.known = before.copy()
            reaction = self.statements(action)
            handlers.append(op.Handler(states, tuple(reaction), speaks))
            ends.append(None if _leaves(reaction) else self.known)
        coming = [end for end in ends if end is not None]
        self.known, differing = agreed(coming or [before])
        behind: list[tuple[op.Operation, ...]] = []
        if rest and self.parted < _MOST_PARTED and mentioned(differing, rest):
            self.parted += 1
            for end in ends:
                self.known = end or before
                behind.append(() if end is None else tuple(self.statements(rest)))
            self.known, _ = agreed(coming)
        return op.Try(tuple(body), tuple(handlers), node.get("lineno", 0), tuple(behind)), bool(behind)

    def _if(self, node: Node) -> Operations:
        line: int = node["lineno"]
        branches = [(line, node["cond"], node.get("then_body"))]
        for wrapped in node.get("elsif_list", ()):
            branch = wrapped["PLpgSQL_if_elsif"]
            branches.append((branch["lineno"], branch["cond"], branch.get("stmts")))
        return self._choice(node, branches, node.get("else_body"))

    def _case(self, node: Node) -> Operations:
        branches = []
        if "t_expr" in node:
            self._hold(self.datums[node["t_varno"]], node["t_expr"]["PLpgSQL_expr"]["query"], node["lineno"])
        for wrapped in node["case_when_list"]:
            branch = wrapped["PLpgSQL_case_when"]
            branches.append((branch["lineno"], branch["expr"], branch.get("stmts")))
        # Without ELSE, a case that is not found is an error.
        nothing = [{"PLpgSQL_stmt_raise": {"condname": "case_not_found"}}]
        return self._choice(node, branches, node.get("else_stmts") if node.get("have_else") else nothing)

    def _choice(self, node: Node, branches: list[tuple[int, Node, Any]], otherwise: Any) -> Operations:
        """IF and CASE: each branch where its condition holds and none before it."""
        before, writes = self.known, self.writes
        lowered = []
        for line, condition, body in branches:
            self.known = before.copy()
            asks, test = self._condition(condition["PLpgSQL_expr"]["query"], line)
            lowered.append((asks, test, self.statements(body)))
        self.known = before.copy()
        found = self.statements(otherwise)
        # A variable that a branch assigns is not known afterwards.
        self.known = before
        self.known.forget(*assigned(node, self.datums))
        if self.writes > writes:
            self.known.forget_rows()
        for asks, test, operations in reversed(lowered):
            found = [*asks, op.If(test, tuple(operations), tuple(found))]
        return found

    def _execsql(self, node: Node) -> Operations:
        text = node["sqlstmt"]["PLpgSQL_expr"]["query"]
        columns = filled(node.get("target", {})) if node.get("into") else []
        return self._query(text, columns, node["lineno"])

    def _perform(self, node: Node) -> Operations:
        return self._query(node["expr"]["PLpgSQL_expr"]["query"], [], node["lineno"])

    def _query(self, text: str, columns: list[str], line: int) -> Operations:
        """A query: what it leaves in its targets, and in FOUND."""
        try:
            [(tag, node)] = parse_fragment(text)
        except (ParseError, ValueError):
            self.known.forget(*columns, "found")
            return self._sql(text)
        values, there = probes.query({tag: node}, self.known, Writing(text, line))
        texts = self._texts(node) if columns and tag == "SelectStmt" else []
        self.known.forget(*columns, "found")
        for name, value in zip(columns, texts, strict=False):
            if op.HOLE in value:  # of one without, it is not known whether there is a row
                self.known.tell(name, value)
        if len(columns) == len(values):
            for name, held in zip(columns, values, strict=True):
                self.known.hold(name, held)
        self.known.tests["found"] = there
        asks = self._reads(text) if tag == "SelectStmt" and probes.told(*values) else self._sql(text)
        return [*casts(node, text, self.known), *asks, *self._filled(columns)]

    def _filled(self, columns: list[str]) -> Operations:
        """What INTO needs of its targets."""
        parts = (column.partition(".") for column in columns)
        return [step for row, dot, field in parts if dot for step in self._of_rows(f"{row}.{quote(field)}")]

    def _texts(self, select: Node) -> list[str]:
        targets = [item["ResTarget"].get("val") for item in select.get("targetList", ())]
        return [op.HOLE if value is None else self.known.text(value) for value in targets]

    def _dynexecute(self, node: Node) -> Operations:
        columns = filled(node.get("target", {})) if node.get("into") else []
        self.known.forget(*filled(node.get("target", {})))
        self._write()
        query = node["query"]["PLpgSQL_expr"]["query"]
        asks = [*self._of_rows(query), *self._given(node)]
        tree = _expression(query)
        text = self.known.text(tree) if tree is not None else op.HOLE
        steps = self._sql(text, visible=()) if text.strip() != op.HOLE else [op.Forget(), op.Ran(text)]
        return [*asks, *steps, *self._filled(columns)]

    def _given(self, node: Node) -> Operations:
        """What the values of USING, or those that RAISE prints, need."""
        return [step for item in node.get("params", ()) for step in self._of_rows(item["PLpgSQL_expr"]["query"])]

    def _assign(self, node: Any, default: str | None = None) -> Operations:
        if isinstance(node, str):
            name, text = node, default or ""
        else:
            name, _, text = node["expr"]["PLpgSQL_expr"]["query"].partition(":=")
            if not text:
                name, _, text = node["expr"]["PLpgSQL_expr"]["query"].partition("=")
            asks = self._of_rows(name)
            name = name.strip().lower()
            return [*asks, *self._hold(name, text, node["lineno"])]
        return self._hold(name, text, 0)

    def _hold(self, name: str, text: str, line: int) -> Operations:
        tree = _expression(text)
        if tree is None:
            self.known.forget(name)
            return []
        held = probes.held(tree, self.known, Writing(text, line, _SELECT))
        value = self.known.text(tree)
        known = op.HOLE not in value or probes.told(held)
        asks = self._reads(f"SELECT {text}") if known else self._sql(f"SELECT {text}")
        array = self.known.array(tree)
        self.known.forget(name)
        self.known.hold(name, held)
        self.known.tell(name, value, array)
        return [*casts(tree, text, self.known), *asks]

    def _raise(self, node: Node) -> Operations:
        return [*self._given(node), *self._raised(node)]

    def _raised(self, node: Node) -> Operations:
        if node.get("elog_level", _ERROR) < _ERROR:
            return []
        if "message" not in node and "condname" not in node and "options" not in node:
            return [op.Raise(None, meant=True)]
        condition = node.get("condname", "P0001")
        for wrapped in node.get("options", ()):
            option = wrapped["PLpgSQL_raise_option"]
            if option.get("opt_type", _ERRCODE) == _ERRCODE:
                tree = _expression(option["expr"]["PLpgSQL_expr"]["query"])
                condition = (tree and self.known.value(tree)) or op.HOLE
        return [op.Raise(SQLSTATES.get(condition, condition), meant=True)]

    def _assert(self, node: Node) -> Operations:
        asks, test = self._condition(node["cond"]["PLpgSQL_expr"]["query"], node["lineno"])
        return [*asks, op.If(test, (), (op.Raise("P0004", meant=True),))]

    def _foreach_a(self, node: Node) -> Operations:
        query = node["expr"]["PLpgSQL_expr"]["query"]
        tree = _expression(query)
        items = self.known.array(tree) if tree is not None else None
        name = self.datums[node.get("varno", 0)]
        return [*self._of_rows(query), *self._unroll(name, items, node)]

    def _unroll(self, name: str, items: list[str] | None, node: Node) -> Operations:
        return self._turns(None if items is None else [{name: item} for item in items], node)

    def _turns(self, rows: list[dict[str, str]] | None, node: Node) -> Operations:
        """A loop over rows of known values by the variables that hold them; None: nobody knows them."""
        if rows is None or len(rows) > _MOST_TURNS:
            return self._loop(node)
        turns = []
        for row in rows:
            self.known.forget(*row)
            for name, text in row.items():
                self.known.tell(name, text)
            turns.append(tuple(self.statements(node.get("body"))))
            self.known.forget(*row)
            self._left_early(node)
        self.known.tests["found"] = TRUE if rows else FALSE
        return [op.Loop(tuple(turns), node.get("label"))]

    def _loop(self, node: Node, fixed: dict[str, str] | None = None) -> Operations:
        """A loop over rows that nobody knows, but for what they all have in the variables that are ``fixed``."""
        changing = (*assigned(node, self.datums), "found")
        self.known.forget(*changing)
        for name, text in (fixed or {}).items():
            self.known.tell(name, text)
        body = self.statements(node.get("body"))
        self.known.forget(*changing, *(fixed or ()))
        return [op.Repeat(tuple(body), node.get("label"))]

    def _fori(self, node: Node) -> Operations:
        ends = [_expression(node[end]["PLpgSQL_expr"]["query"]) for end in ("lower", "upper")]
        low, high = (self.known.value(end) if end else None for end in ends)
        name = node["var"]["PLpgSQL_var"]["refname"]
        if low is None or high is None or "step" in node or node.get("reverse"):
            return self._loop(node)
        if not (low.isdecimal() and high.isdecimal() and int(high) - int(low) < _MOST_TURNS):
            return self._loop(node)
        return self._turns([{name: str(number)} for number in range(int(low), int(high) + 1)], node)

    def _fors(self, node: Node) -> Operations:
        query = node["query"]["PLpgSQL_expr"]["query"]
        target: Node = next(iter(node.get("var", {}).values()), {})
        items = self.known.rows(query)
        name = target.get("refname")
        if items is None or len(items) > _MOST_TURNS or not name:
            return [*self._sql(query), *self._loop(node, self._fixed(query, target))]
        if "fields" in target:  # FOR a, b IN VALUES ...
            named = filled(node["var"])
            return self._turns([dict(zip(named, row.values(), strict=False)) for row in items], node)
        rows = []
        for row in items:
            fields = {f"{name}.{column}": text for column, text in row.items()}
            rows.append({**fields, name: next(iter(row.values()))} if len(row) == 1 else fields)
        return self._turns(rows, node)

    def _fixed(self, query: str, target: Node) -> dict[str, str]:
        """What each row of a query has in the variables that it fills."""
        columns = self.known.fixed(query)
        if "fields" not in target:
            return {f"{target.get('refname')}.{label}": text for label, text in columns if text is not None}
        plain = takewhile(lambda column: column[0] != "*", columns)
        return {name: text for name, (_, text) in zip(filled({"": target}), plain, strict=False) if text is not None}

    _forc = _dynfors = _loop

    def _while(self, node: Node) -> Operations:
        asks, _ = self._condition(node["cond"]["PLpgSQL_expr"]["query"], node["lineno"])
        return [*asks, *self._loop(node)]

    def _return(self, node: Node) -> Operations:
        return [*self._return_next(node), op.Return()]

    def _return_next(self, node: Node) -> Operations:
        return self._hold("", node["expr"]["PLpgSQL_expr"]["query"], node["lineno"]) if "expr" in node else []

    def _return_query(self, node: Node) -> Operations:
        if "query" in node:
            return self._query(node["query"]["PLpgSQL_expr"]["query"], [], node["lineno"])
        return self._dynexecute({"query": node["dynquery"]})

    def _call(self, node: Node) -> Operations:
        self.known.forget(*assigned(node, self.datums))
        return self._sql(node["expr"]["PLpgSQL_expr"]["query"])

    def _exit(self, node: Node) -> Operations:
        leaves = op.Return("loop" if node.get("is_exit") else "turn", node.get("label"))
        if "cond" not in node:
            return [leaves]
        asks, test = self._condition(node["cond"]["PLpgSQL_expr"]["query"], node["lineno"])
        return [*asks, op.If(test, (leaves,), ())]

    def _nothing(self, node: Node) -> Operations:
        self.known.forget(*assigned(node, self.datums), "found")
        return []

    _getdiag = _open = _fetch = _close = _nothing

    def _write(self) -> None:
        """What runs here may change rows."""
        self.writes += 1
        self.known.forget_rows()

    def _sql(self, text: str, visible: tuple[str, ...] | None = None) -> Operations:
        try:
            trees = parse_fragment(text)
        except ParseError:
            self._write()
            if op.HOLE not in text.replace(op.NAME, ""):  # whichever names stand there
                return [op.Raise("42601")]
            return [op.Forget("function" if _MAKES_FUNCTION.match(text) else None), op.Ran(text)]
        found: Operations = []
        if "(" in text or any(tag != "SelectStmt" for tag, _ in trees):
            self._write()
        whole = op.HOLE not in text
        for tag, node in trees:
            try:
                operations = self.lower(tag, node, NOWHERE)
            except BodyError:  # a DO block in EXECUTE
                operations = [op.Forget()]
            found += blocks.alone(tag, node) if self.rows else ()
            for operation in operations:
                found.extend(self._patched(operation, node, whole, self._variables if visible is None else visible))
        if any(tag not in QUERIES for tag, _ in trees):
            found.append(op.Ran(text))
        return found

    def _patched(self, operation: op.Operation, node: Node, whole: bool, visible: tuple[str, ...]) -> Operations:
        """An operation with a hole in it becomes what it may have touched; a query sees the variables."""
        if isinstance(operation, op.Run) and not operation.planned and whole:
            return [operation]  # the body of a function, which sees no variables
        if isinstance(operation, op.Run):
            return [self._seeing(operation, visible, invoked(node, self.known))]
        if isinstance(operation, op.CallProcedure):
            return [op.CallProcedure(operation.expression, passed(node["funccall"], self.known), visible)]
        if whole:
            return [operation]
        return without_holes(operation)

    @property
    def _variables(self) -> tuple[str, ...]:
        return tuple(filter(None, self.visible))

    def _seeing(self, run: op.Run, visible: tuple[str, ...], invokes: tuple[op.Invocation, ...] = ()) -> op.Run:
        return op.Run(run.query, (*run.visible, *visible), run.path, invokes=invokes, explained=run.explained)

    def _condition(self, text: str, line: int) -> tuple[Operations, op.Test]:
        """What a condition itself needs, and what it asks."""
        tree = _expression(text)
        if tree is None:
            return [], OPAQUE
        asks = [*casts(tree, text, self.known), *self._reads(f"SELECT {text}")]
        return asks, probes.test(tree, self.known, Writing(text, line, _SELECT))

    def _reads(self, text: str) -> Operations:
        """A query whose answer is told otherwise: what it needs of tables that are no catalogs."""
        of_rows = bool(self.rows and _OF_ROWS.search(text))
        if not (of_rows or _FROM.search(text)) or op.HOLE in text:
            return []
        return [
            self._seeing(step, self._variables)
            for tag, node in parse_fragment(text)
            if of_rows or _reads_tables(node)
            for step in self.lower(tag, node, NOWHERE)
            if isinstance(step, op.Run)
        ]

    def _of_rows(self, text: str) -> Operations:
        """An expression that uses the rows of a trigger: what it needs of them."""
        return self._reads(f"SELECT {text}") if self.rows and _OF_ROWS.search(text) else []


def _leaves(steps: Operations) -> bool:
    """Whether operations come to no end."""
    return bool(steps) and isinstance(steps[-1], op.Raise | op.Return)


def _before_last(items: Any) -> Any:
    """Statements without the last one, if that assigns: where an error came, it has not."""
    return items[:-1] if items and "PLpgSQL_stmt_assign" in items[-1] else items


def _reads_tables(value: Any) -> bool:
    """Whether a tree names a table that is no catalog."""
    if type(value) is list:
        return any(map(_reads_tables, value))
    if type(value) is not dict:
        return False
    table = value.get("RangeVar")
    if table is not None:
        schema = table.get("schemaname", "")
        return not (schema in SYSTEM_SCHEMAS or (not schema and table["relname"].startswith("pg_")))
    return any(map(_reads_tables, value.values()))


# A constant of these types is looked up when it is read, and must be there.
def _expression(text: str) -> Node | None:
    try:
        [(_tag, node)] = parse_fragment(f"SELECT {text}")
    except (ParseError, ValueError):
        return None
    targets = node.get("targetList", ())
    return targets[0]["ResTarget"].get("val") if len(targets) == 1 and "fromClause" not in node else None
