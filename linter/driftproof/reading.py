"""The statements of a migration, with what its tool makes of them."""

from collections.abc import Iterator, Sequence
from itertools import count, pairwise

import msgspec

from driftproof.history import Framework, Migration
from driftproof.statements.operations import Forget, If, Statement, SyntaxFailure, Test, Transaction
from driftproof.syntax import Parsed, parse

Piece = Statement | SyntaxFailure
"""A statement of a file; those that our parser rejects are sent too: the server decides."""


def read(framework: Framework, migration: Migration) -> Parsed:
    """What a migration says. Its tool may leave some of it out, or put other text into it. Raises Unreadable."""
    parsed = parse(migration.source.sql)
    optional = framework.perhaps(migration)
    unseen = tuple((gap.start, gap.end) for gap in migration.source.gaps if gap.whole)
    if optional or unseen:
        statements = [_perhaps(item, optional) for item in parsed.statements]
        parsed = msgspec.structs.replace(parsed, statements=tuple(_among(statements, unseen)))
    if not migration.backwards:
        return parsed
    pieces = as_run(migration, sorted((*parsed.statements, *parsed.failures), key=lambda piece: piece.start))
    return Parsed(
        tuple(piece for piece in pieces if isinstance(piece, Statement)),
        tuple(piece for piece in pieces if isinstance(piece, SyntaxFailure)),
    )


def as_run(migration: Migration, pieces: Sequence[Piece]) -> list[Piece]:
    """What stands in a migration whose last part runs first, in the order in which it runs, and counted so."""
    found = sorted(pieces, key=lambda piece: -migration.part(piece.start))
    number = count()
    return [piece if piece.index < 0 else msgspec.structs.replace(piece, index=next(number)) for piece in found]


def left_out(framework: Framework, migration: Migration, at: int) -> bool:
    """Whether the tool may leave out what stands at an offset."""
    return any(begin <= at < end for begin, end in framework.perhaps(migration))


def open_ends(framework: Framework, migration: Migration) -> Iterator[str]:
    """What is not certain of a migration: what its tool may leave out, and what it puts in that is not known."""
    source = migration.source
    found = [(begin, "its tool may leave this out") for begin, _ in framework.perhaps(migration)]
    found += [(gap.start, "what its tool puts in here is not known") for gap in source.gaps if gap.whole]
    for at, said in sorted(found):
        yield f"line {source.line_number(at)}: {said}"


def _perhaps(statement: Statement, optional: Sequence[tuple[int, int]]) -> Statement:
    """A statement that may be left out does what one behind a condition does that nobody knows."""
    if not any(begin <= statement.start < end for begin, end in optional):
        return statement
    if any(isinstance(step, Transaction) for step in statement.operations):
        return statement
    return msgspec.structs.replace(statement, operations=(If(Test("opaque"), statement.operations, ()),))


def _among(statements: list[Statement], unseen: Sequence[tuple[int, int]]) -> list[Statement]:
    """Statements among which others are put in that are not read: each with those right before it, the last one also
    with those behind it. A file that has none of its own counts as one."""
    if not unseen:
        return statements
    if not statements:
        return [Statement(0, "text put in", *unseen[0], (Forget(),))]
    places = [begin for begin, _ in unseen]
    starts = [-1, *(item.start for item in statements)]
    found = []
    for item, (before, start) in zip(statements, pairwise(starts), strict=True):
        operations = item.operations
        if any(before < place <= start for place in places):
            operations = (Forget(), *operations)
        if item is statements[-1] and any(place > start for place in places):
            operations = (*operations, Forget())
        found.append(msgspec.structs.replace(item, operations=operations))
    return found
