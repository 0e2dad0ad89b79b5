"""Guards for statements that fail when their file runs again, or where what they make is there already: the statement
itself stays as it is, between the lines of a block that asks for the object first.

What replaces itself needs no question: a policy or trigger is dropped before it is made, so that it always is as the
file says; a function or view is made OR REPLACE. With ``fix-style = "native"`` PostgreSQL's own IF [NOT] EXISTS is
used wherever it has one.
"""

from driftproof.catalog.failures import Failure
from driftproof.diagnostic import Applicability, Edit, Fix
from driftproof.fix import blocks
from driftproof.fix.fitting import fitted
from driftproof.fix.places import around, lines_before
from driftproof.fixing import Style
from driftproof.rule import StatementContext
from driftproof.source import Source
from driftproof.statements import operations as op
from driftproof.statements.operations import Statement
from driftproof.syntax import Token, quote, quote_name, tokens

# What may not stand in a block: queries whose result nobody takes, and what begins or ends transactions.
_NOT_IN_BLOCK = ("SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "DO", "BEGIN, COMMIT or ROLLBACK")
# What PostgreSQL makes IF NOT EXISTS, by the word in front of which that does not stand.
_IF_NOT_EXISTS = {
    *("TABLE", "VIEW", "SEQUENCE", "SCHEMA", "EXTENSION", "INDEX"),
    *("STATISTICS", "SERVER", "COLLATION", "MAPPING"),
}


def repeatable(context: StatementContext, failure: Failure) -> Fix | None:
    """The fix that lets a statement pass where its object is there already, or gone already; None if there is none."""
    source, statement = context.file.migration.source, context.statement
    if statement.command == "DO":
        return None
    words = tokens(source.data, statement.start, statement.end)
    ways = [_replaced, _native, _wrapped]
    if context.file.fixing.style is Style.DO_BLOCK and not any(word.name == "CONCURRENTLY" for word in words):
        ways = [_replaced, _wrapped, _native]
    return fitted(context.file, next(filter(None, (way(source, statement, words, failure) for way in ways)), None))


def appended(context: StatementContext, failure: Failure) -> Fix | None:
    """The fix that lets an INSERT pass over rows whose key is there; None if it says itself what then happens, or gives
    back what it wrote."""
    source, statement = context.file.migration.source, context.statement
    names = {word.name for word in tokens(source.data, statement.start, statement.end)}
    if statement.command != "INSERT" or names & {"CONFLICT", "RETURNING"}:
        return None
    edit = Edit(statement.end, statement.end, f"{source.newline.decode()}ON CONFLICT DO NOTHING")
    return Fix("pass over rows whose key is there", Applicability.UNSAFE, (edit,))


def _replaced(source: Source, statement: Statement, words: tuple[Token, ...], failure: Failure) -> Fix | None:
    """A policy, trigger or rule is dropped first; a function or view is made OR REPLACE."""
    if failure.missing:
        return None
    for step in statement.operations:
        match step:
            case op.CreateMember(kind="policy" | "trigger" | "rule") if step.name == failure.object.name:
                drop = f"DROP {step.kind.upper()} IF EXISTS {quote(step.name)} ON {quote_name(step.table)};"
                edit = lines_before(source, statement, [drop])
                return Fix(f"drop the {step.kind} before it is made", Applicability.SAFE, (edit,))
            case op.CreateRoutine() | op.CreateRelation(kind="view") if words[1].name != "OR":
                edit = Edit(words[0].end, words[0].end, " OR REPLACE")
                return Fix("replace what is there", Applicability.SAFE, (edit,))
    return None


def _native(_: Source, statement: Statement, words: tuple[Token, ...], failure: Failure) -> Fix | None:
    """PostgreSQL's own IF EXISTS or IF NOT EXISTS."""
    names = [word.name for word in words]
    edits: tuple[Edit, ...] = ()
    if names[0] == "DROP" and failure.missing and "IF_P" not in names:
        kind = statement.command.split()[-1]
        edits = _behind_kind(words, {kind, f"{kind}_P"}, " IF EXISTS")
    elif names[0] == "CREATE" and not failure.missing and "IF_P" not in names:
        # CREATE SCHEMA IF NOT EXISTS takes no elements.
        elements = statement.command == "CREATE SCHEMA" and {"CREATE", "GRANT"} & set(names[1:])
        if _IF_NOT_EXISTS & set(statement.command.split()) and not elements:
            edits = _behind_kind(words, _IF_NOT_EXISTS, " IF NOT EXISTS")
    elif statement.command.endswith(" TABLE") and failure.object.kind == "column" and not failure.missing:
        columns = [step.column for step in statement.operations if isinstance(step, op.AddColumn)]
        edits = tuple(
            Edit(column.at, column.at, "IF NOT EXISTS ") for column in columns if not _guarded(words, column.at)
        )
    elif failure.object.kind == "enum-label" and "VALUE_P" in names and not failure.missing:
        edits = _behind_kind(words, {"VALUE_P"}, " IF NOT EXISTS")
    title = "pass where it is gone" if failure.missing else "pass where it is there"
    return Fix(title, Applicability.SAFE, edits) if edits else None


def _behind_kind(words: tuple[Token, ...], kinds: set[str], text: str) -> tuple[Edit, ...]:
    """The edit behind the first of the words that say what kind of object it is; none if there is none."""
    at = next((at for at, word in enumerate(words) if word.name in kinds), None)
    if at is None:
        return ()
    if words[at + 1].name == "CONCURRENTLY":
        at += 1
    return (Edit(words[at].end, words[at].end, text),)


def _guarded(words: tuple[Token, ...], at: int) -> bool:
    """Whether IF NOT EXISTS stands before the name at an offset."""
    here = next(spot for spot, word in enumerate(words) if word.start >= at)
    return words[here - 1].name == "EXISTS"


def _wrapped(source: Source, statement: Statement, _: tuple[Token, ...], failure: Failure) -> Fix | None:
    """A block around the statement that asks for the object."""
    attribute = statement.command == "ALTER TYPE" and failure.object.kind == "column"
    asked = (blocks.attribute_question if attribute else blocks.question)(failure.object)
    if asked is None or statement.command.startswith(_NOT_IN_BLOCK):
        return None
    opening = blocks.opening(asked, there=failure.missing)
    tag = blocks.dollar_tag("\n".join([*opening, source.data[statement.start : statement.end].decode()]))
    *closing, end = blocks.CLOSING
    edits = around(source, statement, [f"DO {tag}", *opening], [*closing, f"{end} {tag};"])
    title = "only where it is there" if failure.missing else "only where it is missing"
    return Fix(title, Applicability.SAFE, edits)
