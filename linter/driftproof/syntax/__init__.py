"""The only room that knows the parser: the text of a migration to statements, and the places of names in it."""

import msgspec

from driftproof.statements.operations import Statement, SyntaxFailure
from driftproof.syntax.bodies import Bodies
from driftproof.syntax.commands import command
from driftproof.syntax.light import ParseError
from driftproof.syntax.lower import operations
from driftproof.syntax.parser import raw_statements
from driftproof.syntax.plpgsql import BodyError
from driftproof.syntax.tokens import (
    Element,
    Token,
    body_of,
    body_tokens,
    elements,
    literal,
    locate,
    quote,
    quote_name,
    tokens,
)

__all__ = [
    "Element",
    "ParseError",
    "Parsed",
    "Token",
    "body_of",
    "body_tokens",
    "elements",
    "literal",
    "locate",
    "parse",
    "quote",
    "quote_name",
    "tokens",
]


class Parsed(msgspec.Struct, frozen=True, gc=False):
    """The statements of a text in their order, and those that do not parse. Both count in one sequence from 0."""

    statements: tuple[Statement, ...]
    failures: tuple[SyntaxFailure, ...]


def parse(sql: str) -> Parsed:
    """The statements of ``sql``; offsets are bytes of its UTF-8 form."""
    statements: list[Statement] = []
    failures: list[SyntaxFailure] = []
    bodies = Bodies(sql.encode())
    for index, raw in enumerate(raw_statements(sql)):
        if raw.message is not None:
            failures.append(SyntaxFailure(index, raw.message, raw.at, raw.start, raw.end))
            continue
        try:
            lowered = tuple(bodies.look(raw, operations(raw.tag, raw.node, raw.shift)))
        except BodyError as error:
            failures.append(SyntaxFailure(index, str(error), raw.start, raw.start, raw.end))
            continue
        statements.append(Statement(index, command(raw.tag, raw.node), raw.start, raw.end, lowered))
    return Parsed(tuple(statements), tuple(failures))
