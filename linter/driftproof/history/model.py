"""Migrations, their order and how they are run: what a framework says of a directory."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from driftproof.gaps import Gap
from driftproof.history.around import NOTHING, Around
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


class Order(StrEnum):
    """By what a tool orders its migrations. TEXT: names or versions letter by letter, so that 10 comes before 9.
    NUMBER: versions by what they count. LIST: something else says it, a plan or the files themselves."""

    TEXT = "text"
    NUMBER = "number"
    LIST = "list"


class Session(StrEnum):
    """How a run of several migrations uses sessions of the server. OWN: each file has one. SHARED: all files have the
    same one, with what earlier files SET there. RESET: the same one, with RESET ALL between. UNKNOWN: who knows."""

    OWN = "own"
    SHARED = "shared"
    RESET = "reset"
    UNKNOWN = "unknown"


class Migration(msgspec.Struct, frozen=True, dict=True):
    """One file with its place in the history. ``index`` counts from 0; ``version`` is the framework's, as text.
    ``repeatable``: it is run again whenever it is edited, or always. ``feeds_copy``: the lines behind a COPY FROM STDIN
    are sent as its data, whatever the run mode. ``cut`` finds the offsets at which its transaction ends and another one
    begins (None: nowhere); ``backwards``: the parts between them run from the last one to the first. ``back`` is its
    way back, as the migration that would come next (None: it has none, or nobody asks)."""

    index: int
    source: Source
    version: str
    run_mode: RunMode
    repeatable: bool = False
    feeds_copy: bool = False
    cut: Callable[[bytes], tuple[int, ...]] | None = None
    backwards: bool = False
    back: "Migration | None" = None

    @property
    def path(self) -> str:
        """The path as reports say it."""
        return self.source.path

    @cached_property
    def cuts(self) -> tuple[int, ...]:
        """The offsets at which another transaction begins."""
        return () if self.cut is None else self.cut(self.source.data)

    def part(self, offset: int) -> int:
        """Which of the parts between its cuts an offset is in, from 0 in the order of the text."""
        return bisect_right(self.cuts, offset)


class Bookkeeping(msgspec.Struct, frozen=True):
    """Where a tool notes what it has applied: its table, and a query whose rows are versions as `Framework.version`
    says them. ``applied`` says which of these migrations the rows stand for, where that is not each its own."""

    table: str
    versions: str
    applied: Callable[[Sequence[Migration], Sequence[str]], Sequence[str]] = lambda _migrations, rows: rows


def up_to_the_last(age: Callable[[Path], int]) -> Callable[[Sequence[Migration], Sequence[str]], Sequence[str]]:
    """For tools that look at the newest one that was applied only: all that are not younger are, too."""

    def applied(migrations: Sequence[Migration], rows: Sequence[str]) -> Sequence[str]:
        last = max(map(int, rows), default=-1)
        return [migration.version for migration in migrations if age(Path(migration.path)) <= last]

    return applied


class Blocks(msgspec.Struct, frozen=True):
    """How a tool that cuts files at semicolons, those of a DO block's body too, is told of a block: by a line before it
    and one behind it. Empty: it can't be told so."""

    begin: str = ""
    end: str = ""


class Framework(msgspec.Struct, frozen=True):
    """What driftproof must know of a migration tool; one module each, which holds one such value.

    ``recognises`` says whether a directory is where the tool's migrations begin; ``reach`` is how many folders deeper
    their files may lie. ``discover`` lists the migrations of such a directory in the order in which the tool runs them;
    ``names`` says how their files are called. ``version`` is what the tool reads from a file's name; ``alone`` lists
    files that are run as well, but nobody knows when; ``left_out`` says why a file is in neither list, where it is not
    for its name, ``misnamed`` what becomes of one with another name, where it is not passed by. ``platform`` names the
    objects that stand before the first migration (None: a bare server). ``own`` are tables of the tool's own that its
    scripts make where they are missing. ``whole`` says that the directory makes all that is in the database, so that
    what it never makes was made by hand. ``mode`` is the run mode of a file (its path and its text), where not all have
    the tool's, and ``down_mode`` that of its way back, where another mark says it; ``repeatable`` says which files are
    run more than once; ``feeds_copy`` that the tool sends the data that stand behind a COPY in a file; ``cuts`` says
    where in a file one transaction ends and another one begins, ``optional`` which stretches of it are run or not, as
    the call or the database says. ``up`` blanks out what is not run on the way up, and what is not SQL, every offset
    kept; ``down`` all but the way back, where both are in one file, and ``down_file`` is the file of a migration's way
    back, if it has one of its own. ``gaps`` are the places of what is left in which the tool puts other text (None: it
    puts in none), ``told`` is how it is told of it.
    ``blocks`` is how a block must be written (None: as it is). ``bookkeeping`` is where the tool notes what it has
    applied (None: nowhere, or not each of them). ``guessed``: the run mode is the likeliest one, no more. ``session``
    is what a run of several migrations makes of sessions, ``restores`` the settings that the tool itself puts back
    between them. ``order`` is by what the tool orders; ``skips`` are files of the history that the tool itself passes
    by, so that somebody runs them by hand; ``twice`` says what it makes of two migrations of one version (None: nothing
    wrong). ``edited`` says what the tool makes of a migration that is edited after it was applied, and how that is put
    right; ``checksum`` is the text that it compares then (None: it compares nothing). ``removed`` says what it makes of
    one that is gone, ``renamed`` of one that has another name and the same version (None: nothing). ``failed`` is what
    a failed one leaves, where the run mode does not say all; ``older`` what happens to one that is added below the
    last, but for those that ``may_be_late``; ``age`` is what makes one older, where that is not its place in the order.
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
    misnamed: str | None = None
    platform: str | None = None
    own: tuple[str, ...] = ()
    whole: bool = False
    mode: Callable[[Path, bytes], RunMode] | None = None
    down_mode: Callable[[Path, bytes], RunMode] | None = None
    repeatable: Callable[[Path, bytes], bool] = lambda _path, _data: False
    feeds_copy: bool = False
    cuts: Callable[[bytes], tuple[int, ...]] | None = None
    up: Callable[[bytes], bytes] = lambda data: data
    optional: Callable[[Path, bytes], tuple[tuple[int, int], ...]] | None = None
    gaps: Callable[[Path, bytes], tuple[Gap, ...]] | None = None
    told: str | None = None
    down: Callable[[bytes], bytes] | None = None
    down_file: Callable[[Path], Path | None] = lambda _path: None
    blocks: Blocks | None = None
    bookkeeping: Bookkeeping | None = None
    guessed: bool = False
    session: Session = Session.UNKNOWN
    restores: tuple[str, ...] = ()
    order: Order = Order.TEXT
    skips: Callable[[Path], bool] = lambda _path: False
    twice: str | None = None
    edited: str = "databases that have run it are not changed by it any more"
    checksum: Callable[[bytes], bytes] | None = None
    removed: str = "databases that have run it keep what it did, new ones never get it"
    renamed: str | None = None
    failed: str | None = None
    older: Older = Older.APPLIED
    may_be_late: Callable[[Path], bool] = lambda _path: False
    age: "Callable[[Path], int] | None" = None

    def migration(self, index: int, path: Path, data: bytes) -> Migration:
        """A file of the tool's as a migration."""
        mode = self.run_mode if self.mode is None else self.mode(path, data)
        source = self._source(path, data, self.up)
        cut = self.cuts if mode is RunMode.TRANSACTION else None
        return Migration(index, source, self.version(path), mode, self.repeatable(path, data), self.feeds_copy, cut)

    def _source(self, path: Path, data: bytes, part: Callable[[bytes], bytes]) -> Source:
        find = None if self.gaps is None else partial(self.gaps, path)
        return Source(str(path), data, part, find)

    def perhaps(self, migration: Migration) -> tuple[tuple[int, int], ...]:
        """The stretches of a migration that are run or not."""
        return () if self.optional is None else self.optional(Path(migration.path), migration.source.data)

    def unknown(self, migration: Migration) -> str | None:
        """Why a migration can't be run: the tool puts a text into it that nobody here knows. Raises Unreadable."""
        gap = migration.source.unknown
        if gap is None:
            return None
        where = f"{migration.path}:{migration.source.line_number(gap.start)}"
        told = f": {self.told}" if self.told else ""
        return f"{where}: what stands for {gap.unknown} is not known here{told}"

    def with_back(self, migration: Migration) -> Migration:
        """A migration with its way back, if it has one. Raises OSError."""
        path = self.down_file(Path(migration.path))
        cut = None
        if path is not None and path.is_file():
            source = self._source(path, path.read_bytes(), self.up)
        elif self.down is not None and self.down(migration.source.data).strip():
            path = Path(migration.path)
            source = self._source(path, migration.source.data, self.down)
            cut = self.cuts
        else:
            return migration
        ask = self.down_mode or self.mode
        mode = self.run_mode if ask is None else ask(path, source.data)
        back = Migration(
            migration.index + 1,
            source,
            migration.version,
            mode,
            feeds_copy=self.feeds_copy,
            cut=cut,
            backwards=cut is not None,  # what was done last is undone first
        )
        return msgspec.structs.replace(migration, back=back)


class History(msgspec.Struct, frozen=True, dict=True):
    """The ordered migrations of one directory; ``named`` are the indexes that the caller asked about, ``backs`` those
    whose ways back are asked about. ``alone``: it is one file that stands for itself. ``snapshots`` are what real
    databases were seen to have; ``directory`` is where the history begins (None: nowhere), ``around`` what lies around
    its migrations there.
    """

    framework: Framework
    migrations: tuple[Migration, ...]
    named: frozenset[int]
    alone: bool = False
    snapshots: "tuple[Evidence, ...]" = ()
    directory: Path | None = None
    around: Around = NOTHING
    backs: frozenset[int] = frozenset()

    @cached_property
    def by_path(self) -> dict[str, Migration]:
        """The migrations by their paths, and by those of their ways back."""
        backs = {one.back.path: one for one in self.migrations if one.back is not None}
        return backs | {migration.path: migration for migration in self.migrations}

    def is_way_back(self, migration: Migration) -> bool:
        """Whether it is the way back of the one before."""
        return migration.index > 0 and self.migrations[migration.index - 1].back is migration

    def way_back(self, migration: Migration) -> "History":
        """The history up to a migration that has a way back, and this as the last one."""
        assert migration.back is not None
        migrations = (*self.migrations[: migration.index + 1], migration.back)
        named = frozenset({migration.back.index})
        return History(self.framework, migrations, named, self.alone, self.snapshots, self.directory)
