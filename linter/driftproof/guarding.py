"""What the rules about guards ask of a DO block: which question guards what, and where it is written."""

from collections.abc import Iterator
from typing import Any

import msgspec

from driftproof.diagnostic import Applicability, Diagnostic, Edit, Fix, Severity
from driftproof.objects import DUPLICATE, Kind
from driftproof.rule import Rule, StatementContext
from driftproof.source import Source
from driftproof.statements import named
from driftproof.statements import operations as op
from driftproof.statements.query import Name
from driftproof.statements.walk import flat, inner
from driftproof.syntax import Token, body_of, body_tokens, literal

_COMPARED = 24  # how much of the text before a constant must be the same for it to be that constant
# The column of each view or catalog that says in which schema its rows are, and how it is compared with one.
_SCHEMA_COLUMNS = {
    "information_schema.columns": "table_schema = {}",
    "information_schema.tables": "table_schema = {}",
    "information_schema.views": "table_schema = {}",
    "information_schema.table_constraints": "table_schema = {}",
    "information_schema.triggers": "event_object_schema = {}",
    "pg_class": "relnamespace = {}::regnamespace",
    "pg_indexes": "schemaname = {}",
    "pg_matviews": "schemaname = {}",
    "pg_policies": "schemaname = {}",
    "pg_tables": "schemaname = {}",
    "pg_type": "typnamespace = {}::regnamespace",
    "pg_views": "schemaname = {}",
}
_OWN_DUPLICATE: dict[str, str] = {"primary key": "42P16", "unique": "42P07", "exclude": "42P07"}


class Made(msgspec.Struct, frozen=True):
    """An object that an operation makes or drops; ``name`` is None where PostgreSQL makes it up. ``sqlstate`` is what
    it raises where the object is there already; None: it does not."""

    kind: Kind
    table: Name | None
    name: str | None
    step: op.Operation
    sqlstate: str | None = None

    @property
    def schema(self) -> Name | None:
        """The name that says in which schema the object is: its table's, or its own."""
        if self.table is not None or self.name is None:
            return self.table
        return getattr(self.step, "name", None)


class Guard(msgspec.Struct, frozen=True):
    """A question about an object, and what runs where it is there (``there``), or is not. ``alone``: nothing else is
    asked."""

    probe: op.Probe
    there: bool
    alone: bool
    body: tuple[op.Operation, ...]


def guards(context: StatementContext) -> Iterator[Guard]:
    """The guards of a statement, each once."""
    seen: list[Guard] = []
    for guard in _guards(context.statement.operations):
        if guard not in seen:
            seen.append(guard)
            yield guard


def _guards(steps: tuple[op.Operation, ...]) -> Iterator[Guard]:
    for at, step in enumerate(steps):
        if isinstance(step, op.If):
            then, otherwise = step.then, step.otherwise
            if then and isinstance(then[-1], op.Return) and not otherwise:
                otherwise = steps[at + 1 :]
            yield from _asked(step.test, True, True, then)
            yield from _asked(step.test, False, True, otherwise)
        for steps_inside in inner(step):
            yield from _guards(steps_inside)


def _asked(test: op.Test, value: bool, alone: bool, body: tuple[op.Operation, ...]) -> Iterator[Guard]:
    """The probes that are known to be true or false where a condition has a value."""
    if not body:
        return
    if test.connective == "probe" and test.probe is not None:
        yield Guard(test.probe, value, alone, body)
    elif test.connective == "not":
        yield from _asked(test.parts[0], not value, alone, body)
    elif test.connective == ("and" if value else "or"):
        for part in test.parts:
            yield from _asked(part, value, False, body)


def blocks(context: StatementContext) -> Iterator[op.Try]:
    """The blocks with EXCEPTION handlers of a statement."""
    yield from (step for step in flat(context.statement.operations) if isinstance(step, op.Try))


def made(steps: tuple[op.Operation, ...]) -> list[Made]:
    """What operations make, in branches too."""
    return [item for step in flat(steps) for item in _made(step)]


def swallowed(block: op.Try, number: int) -> tuple[Made, Made] | None:
    """What makes a block fail where it is there already, if the handler of that number takes that without a word, and
    what is not made then: it stands behind it."""
    handler = block.handlers[number]
    if handler.speaks or handler.body:
        return None
    earlier = {state for one in block.handlers[:number] for state in one.sqlstates}
    failing: Made | None = None
    for step in block.body:
        if failing is not None and (items := made((step,))):
            return failing, items[0]
        for item in escaping((step,)):
            taken = not handler.sqlstates or item.sqlstate in handler.sqlstates
            if failing is None and item.sqlstate is not None and taken and item.sqlstate not in earlier:
                failing = item
    return None


def escaping(steps: tuple[op.Operation, ...]) -> list[Made]:
    """The same, without what a block among them catches by itself where it is there already."""
    found: list[Made] = []
    for step in steps:
        caught: set[str] = set()
        if isinstance(step, op.Try):
            caught = {state for handler in step.handlers for state in handler.sqlstates or ("",)}
        found += _made(step)
        for steps_inside in inner(step):
            found += [item for item in escaping(steps_inside) if "" not in caught and item.sqlstate not in caught]
    return found


def _made(step: op.Operation) -> Iterator[Made]:
    match step:
        case op.CreateRelation():
            free = step.if_not_exists or step.replace
            sqlstate = "42710" if step.kind == "composite type" else "42P07"
            kind: Kind = "type" if step.kind == "composite type" else "relation"
            yield Made(kind, None, step.name.name, step, None if free else sqlstate)
        case op.CreateIndex():
            free = step.if_not_exists or step.name is None
            yield Made("index", step.table, step.name, step, None if free else "42P07")
        case op.AddColumn():
            yield Made("column", step.table, step.column.name, step, None if step.if_not_exists else "42701")
        case op.AddConstraint():
            constraint = step.constraint
            sqlstate = _OWN_DUPLICATE.get(constraint.kind, "42710")
            free = constraint.name is None and constraint.kind != "primary key"
            yield Made("constraint", step.table, constraint.name, step, None if free else sqlstate)
        case op.CreateMember():
            yield Made(step.kind, step.table, step.name, step, None if step.replace else DUPLICATE[step.kind])
        case op.Create():
            free = step.if_not_exists or step.replace
            yield Made(step.kind, None, step.name.name, step, None if free else DUPLICATE[step.kind])
        case op.CreateRoutine():
            yield Made("function", None, step.name.name, step, None if step.replace else "42723")
        case op.AddLabel():
            yield Made("enum-label", step.type, step.label, step, None if step.if_not_exists else "42710")
        case op.RenameMember():
            yield Made(step.kind, step.table, step.to, step)
        case op.RenameRelation():
            yield Made("relation", None, step.to, step)
        case op.Rename():
            yield Made(step.kind, None, step.to, step)
        case named.Publish():
            for published in step.tables:
                yield Made("publication-table", published.table, step.publication, step, "42710")


def mentioned(steps: tuple[op.Operation, ...]) -> set[str]:
    """Every text that operations hold: the names of all that they touch."""
    found: set[str] = set()
    _gather(steps, found)
    return found


def _gather(value: Any, found: set[str]) -> None:
    if isinstance(value, str):
        found.add(value)
    elif isinstance(value, tuple):
        for item in value:
            _gather(item, found)
    elif isinstance(value, msgspec.Struct) and not isinstance(value, op.Asked):
        for field in value.__struct_fields__:
            _gather(getattr(value, field), found)


def schema_of(context: StatementContext, name: Name) -> str | None:
    """The schema that a name leads to, before the statement."""
    key, _ = context.catalog.look_up(name)
    return key[0] if key is not None else None


# -- places -----------------------------------------------------------------------------------------------------------


class _Body:
    """The body of a DO block as it stands in the file, if its text is the body's own."""

    def __init__(self, context: StatementContext) -> None:
        statement, data = context.statement, context.file.migration.source.data
        self.data = data
        self.start, self.end = body_of(data, statement.start, statement.end)
        self.tokens = body_tokens(data, statement.start, statement.end)

    def from_line(self, number: int) -> list[Token]:
        """The tokens from the start of a line of the body on."""
        at = self.start
        for _ in range(number - 1):
            at = self.data.find(b"\n", at, self.end) + 1 or self.end
        return [token for token in self.tokens if token.start >= at]


def constant(context: StatementContext, asked: op.Asked, text: str, at: int) -> Token | None:
    """The constant that a question is about: ``text`` at an offset of the question; None where it can't be told."""
    if at < 0:
        return None
    body = _Body(context)
    ahead = asked.text.encode()[max(0, at - _COMPARED) : at]
    for token in body.from_line(asked.line):
        if token.name == "SCONST" and token.text == literal(text):
            before = body.data[token.start - len(ahead) : token.start]
            if all(mine == its or mine == ord(" ") for mine, its in zip(ahead, before, strict=True)):
                return token
    return None


def place(context: StatementContext, guard: Guard) -> tuple[int, int]:
    """Where a guard is written: the name that it asks for, else the statement's first word."""
    probe = guard.probe
    if probe.asked is not None:
        for text, at in ((probe.name, probe.asked.name), (probe.relation, probe.asked.relation)):
            if text is not None and (token := constant(context, probe.asked, text, at)) is not None:
                return token.start, token.end
    return context.statement.start, context.statement.start + len(b"DO")


def handler_place(context: StatementContext, block: op.Try, number: int) -> Token | None:
    """The first condition of a block's handler, by its number; None where it can't be told."""
    found = _Body(context).from_line(block.line) if block.line else []
    depth, handlers, inside = 0, -1, False
    for at, token in enumerate(found[:-1]):
        name = token.name
        if name == "BEGIN_P" or (name == "CASE" and found[at - 1].name != "END_P"):
            depth += 1
        elif name == "END_P" and found[at + 1].name not in ("IF_P", "CASE") and found[at + 1].folded != "loop":
            depth -= 1
            if depth == 0:
                return None
        elif name == "END_P" and found[at + 1].name == "CASE":
            depth -= 1
        elif depth == 1 and token.folded == "exception" and found[at + 1].name == "WHEN":
            inside = True
        elif depth == 1 and inside and name == "WHEN":
            handlers += 1
            if handlers == number:
                return found[at + 1]
    return None


def caught_too(context: StatementContext, block: op.Try, caught: Token, condition: str) -> Fix:
    """The fix that lets a handler's twin catch a condition as well: a handler of its own behind it; where the block
    ends in the same line, a block with that handler around what it guards; where that shares lines too, one more
    condition. ``caught`` is the handler's first condition."""
    source = context.file.migration.source
    data, newline = source.data, source.newline.decode()
    found = _Body(context).from_line(block.line)
    at = next(at for at, token in enumerate(found) if token.start >= caught.start)
    then = next(token for token in found[at:] if token.name == "THEN")
    end = next(token for token in found[at:] if token.name in ("WHEN", "END_P"))
    title = f"catch {condition} too"
    if _begins_line(source, end):
        line = source.line_start(caught.start)
        lead = data[line : caught.start].decode()
        indent = lead.removesuffix("WHEN ") if lead.strip() == "WHEN" else _indent(source, end) + " " * 4
        body = data[then.end : source.line_start(end.start)].rstrip().decode()
        start = source.line_start(end.start)
        return amend(title, start, start, f"{indent}WHEN {condition} THEN{body}{newline}", safe=True)
    begin = next(at for at, token in enumerate(found) if token.name == "BEGIN_P")
    first, exception = found[begin + 1], next(token for token in reversed(found[:at]) if token.folded == "exception")
    if not _begins_line(source, first) or not _begins_line(source, exception):
        return amend(title, caught.end, caught.end, f" OR {condition}", safe=True)
    opens, closes = source.line_start(first.start), source.line_start(exception.start)
    indent, body = _indent(source, first), data[then.end : end.start].rstrip().decode()
    handler = ("EXCEPTION", f"    WHEN {condition} THEN{body}", "END;")
    edits = (
        Edit(opens, opens, f"{indent}BEGIN{newline}"),
        Edit(closes, closes, "".join(f"{indent}{line}{newline}" for line in handler)),
    )
    return Fix(title, Applicability.SAFE, edits)


def _begins_line(source: Source, token: Token) -> bool:
    return not source.data[source.line_start(token.start) : token.start].strip()


def _indent(source: Source, token: Token) -> str:
    return source.data[source.line_start(token.start) : token.start].decode()


# -- diagnostics and fixes --------------------------------------------------------------------------------------------


def wrong(
    rule: Rule,
    context: StatementContext,
    guard: Guard,
    message: str,
    *,
    fix: Fix | None = None,
    severity: Severity | None = None,
) -> Diagnostic:
    """The diagnostic of a guard that is not what it looks like."""
    start, end = place(context, guard)
    found = rule.at(context.file, start, end, message, fix=fix)
    return msgspec.structs.replace(found, severity=severity or found.severity)


def narrowed(context: StatementContext, guard: Guard, conditions: list[str], *, safe: bool) -> Fix | None:
    """The fix that adds conditions to the question, right behind the name that it compares."""
    probe = guard.probe
    asked = probe.asked
    if asked is None:
        return None
    text, at = (probe.name, asked.name) if asked.relation < 0 else (probe.relation, asked.relation)
    token = constant(context, asked, text, at) if text is not None else None
    data = context.file.migration.source.data
    if token is None or not data[: token.start].rstrip().endswith(b"="):
        return None
    if data[token.end :].lstrip().startswith((b":", b"|", b"=")):
        return None
    added = "".join(f" AND {asked.qualifier}{condition}" for condition in conditions)
    applicability = Applicability.SAFE if safe else Applicability.UNSAFE
    return Fix(f"add{added.replace(' AND', ',').lstrip(',')}", applicability, (Edit(token.end, token.end, added),))


def in_schema(catalog: str, schema: str) -> str | None:
    """The condition that a catalog's rows are in a schema; None for a catalog that has no such column."""
    column = _SCHEMA_COLUMNS.get(catalog)
    return column.format(literal(schema)) if column is not None else None


def amend(title: str, start: int, end: int, text: str, *, safe: bool) -> Fix:
    """The fix that writes a text in the place of another."""
    return Fix(title, Applicability.SAFE if safe else Applicability.UNSAFE, (Edit(start, end, text),))
