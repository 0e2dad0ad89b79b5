"""Migrations, their order and how they are run: what a framework says of a directory."""

from collections.abc import Callable
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from driftproof.history.folder import Folder
from driftproof.source import Source

if TYPE_CHECKING:
    from driftproof.history.evidence import Evidence


class RunMode(StrEnum):
    """How a framework sends a file to the server; what that means was tried on PostgreSQL 18.

    PIPELINE: the statements and the bookkeeping row in one pipeline, one implicit transaction; a command that
    cannot run in a transaction works only as the first one, and then commits at once.
    TRANSACTION: an explicit BEGIN and COMMIT around each file. BATCH: one transaction around all pending files.
    SIMPLE: the file as one simple query, an implicit transaction if it holds several statements.
    AUTOCOMMIT: each statement commits alone, as psql does.
    """

    PIPELINE = "pipeline"
    TRANSACTION = "transaction"
    BATCH = "batch"
    SIMPLE = "simple"
    AUTOCOMMIT = "autocommit"

    @property
    def clean_after_failure(self) -> bool:
        """Whether nothing of a failed file is left, so that the next run starts the same file again."""
        return self is not RunMode.AUTOCOMMIT


class Older(StrEnum):
    """What a tool does with a migration that is older than the last one that was applied."""

    APPLIED = "applied"
    SKIPPED = "skipped without a word"
    REFUSED = "refused"


class Migration(msgspec.Struct, frozen=True, dict=True):
    """One file with its place in the history. ``index`` counts from 0; ``version`` is the framework's, as text.
    ``repeatable``: it is run again whenever it is edited, or always. ``feeds_copy``: the lines behind a COPY FROM STDIN
    are sent as its data, whatever the run mode."""

    index: int
    source: Source
    version: str
    run_mode: RunMode
    repeatable: bool = False
    feeds_copy: bool = False

    @property
    def path(self) -> str:
        """The path as reports say it."""
        return self.source.path


class Bookkeeping(msgspec.Struct, frozen=True):
    """Where a tool notes what it has applied: its table, and a query whose rows are versions as `Framework.version`
    says them."""

    table: str
    versions: str


class Framework(msgspec.Struct, frozen=True):
    """What driftproof must know of a migration tool; one module each, which holds one such value.

    ``recognises`` says whether a directory is where the tool's migrations begin; ``reach`` is how many folders deeper
    their files may lie. ``discover`` lists the migrations of such a directory in the order in which the tool runs them;
    ``names`` says how their files are called. ``version`` is what the tool reads from a file's name; ``alone`` lists
    files that are run as well, but nobody knows when; ``left_out`` says why a file is in neither list, where it is not
    for its name. ``platform`` names the objects that stand before the first migration (None: a bare server). ``whole``
    says that the directory makes all that is in the database, so that what it never makes was made by hand. ``mode`` is
    the run mode of a file (its path and its text), where not all have the tool's; ``repeatable`` says which files are
    run more than once; ``feeds_copy`` that the tool sends the data that stand behind a COPY in a file. ``up`` blanks
    out what is not run on the way up, and what is not SQL, every offset kept.
    ``bookkeeping`` is where the tool notes what it has applied (None: nowhere, or not each of them). ``guessed``: the
    run mode is the likeliest one, no more. ``edited`` says what the tool makes of a migration that is edited after it
    was applied, and how that is put right; ``failed`` what a failed one leaves, where the run mode does not say all;
    ``older`` what happens to one that is added below the last.
    """

    name: str
    title: str
    run_mode: RunMode
    recognises: Callable[[Folder], bool]
    discover: Callable[[Path], list[Path]]
    version: Callable[[Path], str]
    names: str
    reach: int = 0
    alone: Callable[[Path], list[Path]] = lambda _directory: []
    left_out: Callable[[Path], str | None] = lambda _path: None
    platform: str | None = None
    whole: bool = False
    mode: Callable[[Path, bytes], RunMode] | None = None
    repeatable: Callable[[Path, bytes], bool] = lambda _path, _data: False
    feeds_copy: bool = False
    up: Callable[[bytes], bytes] = lambda data: data
    bookkeeping: Bookkeeping | None = None
    guessed: bool = False
    edited: str = "databases that have run it are not changed by it any more"
    failed: str | None = None
    older: Older = Older.APPLIED

    def migration(self, index: int, path: Path, data: bytes) -> Migration:
        """A file of the tool's as a migration."""
        mode = self.run_mode if self.mode is None else self.mode(path, data)
        source = Source(str(path), data, self.up)
        return Migration(index, source, self.version(path), mode, self.repeatable(path, data), self.feeds_copy)


class History(msgspec.Struct, frozen=True, dict=True):
    """The ordered migrations of one directory; ``named`` are the indexes that the caller asked about. ``alone``: it is
    one file that stands for itself. ``snapshots`` are what real databases were seen to have; ``directory`` is where the
    history begins (None: nowhere)."""

    framework: Framework
    migrations: tuple[Migration, ...]
    named: frozenset[int]
    alone: bool = False
    snapshots: "tuple[Evidence, ...]" = ()
    directory: Path | None = None

    @cached_property
    def by_path(self) -> dict[str, Migration]:
        """The migrations by their paths."""
        return {migration.path: migration for migration in self.migrations}
