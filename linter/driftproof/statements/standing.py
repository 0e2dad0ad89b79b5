"""Where a statement stands in the transactions of its session, and what it asks of that place."""

import msgspec

from driftproof.statements.query import Name


class Standing(msgspec.Struct, frozen=True, gc=False):
    """``number`` tells one transaction from another; ``block`` says that the server takes it for a transaction block,
    ``begun`` that a BEGIN made it one, ``known`` that it is not only a guess how the file is run."""

    number: int
    block: bool
    begun: bool
    known: bool


class NeedBlock(msgspec.Struct, frozen=True, gc=False):
    """A ``command`` that works only in a transaction block, or, not ``inside``, only outside of one; ``begun``: several
    statements in one query are not block enough."""

    command: str
    inside: bool = True
    begun: bool = False


class NeedUnused(msgspec.Struct, frozen=True, gc=False):
    """What alters or drops a table in the function of a trigger: the statement that fires it must not be at work on
    that."""

    tables: tuple[Name, ...]
