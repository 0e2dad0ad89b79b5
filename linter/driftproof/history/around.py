"""What lies around the migrations of a directory: files that the tool passes by, and what the main branch has."""

from collections.abc import Callable
from functools import cached_property

import msgspec

from driftproof.source import Source


class Changes(msgspec.Struct, frozen=True):
    """How the migrations differ from those of the ``branch`` that others have, by their paths: the ``new`` ones, those
    that were ``edited`` and those that are ``gone``, each with the text that the branch has; and the new ones that are
    ``overtaken``: they stand before one that the branch has got meanwhile, by the name of that."""

    branch: str
    new: frozenset[str]
    edited: dict[str, bytes]
    gone: dict[str, bytes]
    overtaken: dict[str, str] = {}


class Around:
    """Looks when it is asked, and only once. ``whole``: all of the directory is asked about, so that something may be
    said of what is no migration, or is one no more."""

    def __init__(
        self,
        ignored: Callable[[], tuple[Source, ...]] = tuple,
        changes: Callable[[], Changes | None] = lambda: None,
        *,
        whole: bool = False,
    ) -> None:
        self._ignored = ignored
        self._changes = changes
        self.whole = whole

    @cached_property
    def ignored(self) -> tuple[Source, ...]:
        """The files that the tool passes by for their names."""
        return self._ignored()

    @cached_property
    def changes(self) -> Changes | None:
        """What git says; None where there is no main branch, or nothing is known of it."""
        return self._changes()


NOTHING = Around()
"""Around what is no file of a directory."""
