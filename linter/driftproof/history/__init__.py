"""From paths to histories: which framework a directory belongs to, its migrations in order, and their run mode."""

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import msgspec

from driftproof.diagnostic import Direction
from driftproof.history.around import NOTHING, Around, Changes
from driftproof.history.changes import changes
from driftproof.history.folder import Folder, OneFile
from driftproof.history.frameworks import PLAIN, every, named
from driftproof.history.frameworks import names as names_of_frameworks
from driftproof.history.model import Blocks, Bookkeeping, Framework, History, Migration, Older, Order, RunMode, Session
from driftproof.source import Source

__all__ = [
    "Around",
    "Blocks",
    "Bookkeeping",
    "Changes",
    "Folder",
    "Framework",
    "History",
    "Homes",
    "Migration",
    "Older",
    "Order",
    "RunMode",
    "Session",
    "left_out",
    "migration_directories",
    "misnamed",
    "named",
    "names_of_frameworks",
    "read_directory",
    "single",
]

_NEVER = {"node_modules", ".git", ".venv", "venv", "__pycache__"}
_ENDINGS = (".sql", ".sql.postgres")
_FARTHEST = 5  # no framework reaches deeper


class Homes:
    """Where histories begin. It remembers what it has found: most of the files that one asks about share a home."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str | None], tuple[Path, Framework]] = {}
        self._folders: dict[str, Folder] = {}

    def home(self, directory: Path, framework: str | None = None) -> tuple[Path, Framework]:
        """The directory in which the history of the files in ``directory`` begins, and its framework.

        That is the directory itself, or, for tools that look into folders, one above it. ``framework`` says which tool
        it is, where that is not to be recognised.
        """
        where = str(directory.resolve())
        above = where
        for up in range(_FARTHEST + 1):
            known = self._found.get((above, framework))
            if known is not None and (up == 0 or known[1].reach >= up):
                return known
            above = os.path.dirname(above)  # noqa: PTH120
        up, chosen = self._search(where, framework)
        place = _above(directory, where, up)
        while up:
            where, up = os.path.dirname(where), up - 1  # noqa: PTH120
        self._found[where, framework] = place, chosen
        return place, chosen

    def _search(self, where: str, framework: str | None) -> tuple[int, Framework]:
        folders = [where]
        for candidate in every() if framework is None else (named(framework),):
            while len(folders) <= candidate.reach + 1:
                folders.append(os.path.dirname(folders[-1]))  # noqa: PTH120
            for up in range(candidate.reach + 1):
                if candidate.recognises(self._folder(folders[up])):
                    # A tool that looks into folders begins at the topmost one that looks like its own.
                    while up < candidate.reach and candidate.recognises(self._folder(folders[up + 1])):
                        up += 1
                    return up, candidate
        if framework is None:
            return 0, named(PLAIN)
        return self._first_with_files(folders, named(framework))

    def _first_with_files(self, folders: Sequence[str], framework: Framework) -> tuple[int, Framework]:
        """Where a tool that is named, not recognised, finds something."""
        for up in range(framework.reach + 1):
            if Path(folders[up]).is_dir() and framework.discover(Path(folders[up])):
                return up, framework
        return 0, framework

    def _folder(self, path: str) -> Folder:
        if path not in self._folders:
            self._folders[path] = Folder(Path(path))
        return self._folders[path]


def _above(directory: Path, resolved: str, up: int) -> Path:
    """The directory so many levels above, written like ``directory`` where that can be."""
    if up == 0:
        return directory
    if up <= len(directory.parts) and ".." not in directory.parts:
        return Path(*directory.parts[: len(directory.parts) - up])
    return Path(os.path.relpath(Path(resolved).parents[up - 1]))


def single(name: str, data: bytes, framework: str | None = None, direction: Direction = Direction.UP) -> History:
    """A history of one: standard input, or a file that stands alone. Where its directory says nothing of its tool, the
    text may."""
    path = Path(name)
    _, chosen = Homes().home(path.parent, framework)
    if framework is None and chosen.name == PLAIN:
        text = OneFile(path, data)
        chosen = next((candidate for candidate in every() if candidate.recognises(text)), chosen)
    return _alone(path, data, chosen, direction)


def _alone(path: Path, data: bytes, framework: Framework, direction: Direction, around: Around = NOTHING) -> History:
    migration = framework.migration(0, path, data)
    return _with_backs(History(framework, (migration,), frozenset({0}), alone=True, around=around), direction, {0})


def migration_directories(
    root: Path, homes: Homes | None = None, framework: Callable[[Path], str | None] = lambda _directory: None
) -> Iterator[tuple[Path, Framework]]:
    """The directories at or below ``root`` in which histories begin, and their frameworks, without those that no one
    writes by hand, and without the folders in a directory of migrations, into which its tool does not look (an archive,
    say). Where ``root`` lies in a history, that begins above it. ``framework`` says what is known of a directory."""
    homes = homes or Homes()
    seen = set()
    for directory, folders, files in os.walk(root):
        folders[:] = sorted(folder for folder in folders if folder not in _NEVER and not folder.startswith("."))
        if any(file.endswith(_ENDINGS) for file in files):
            where = Path(directory)
            place, chosen = homes.home(where, framework(where))
            if chosen.name != PLAIN and chosen.reach == 0:
                folders.clear()
            if place not in seen:
                seen.add(place)
                yield place, chosen


def read_directory(
    directory: Path,
    names: set[Path] | None,
    framework: str | None,
    homes: Homes | None = None,
    direction: Direction = Direction.UP,
) -> Iterator[History]:
    """The histories of one directory: of the files that stand alone in it, and, last, that of its migrations.

    ``names`` are the files and folders that are asked about (None: all of them), ``direction`` which ways of them. A
    file is judged with its siblings, and only it is named; one that its framework would not run (another ending, a down
    part, a name that it passes by) is a history of its own. Raises OSError for what can't be read.
    """
    _, chosen = (homes or Homes()).home(directory, framework)
    files = chosen.discover(directory)
    asked = set(range(len(files)) if names is None else _among(files, names))
    alone = chosen.alone(directory)
    backs: dict[int, Path] = {}
    if direction is not Direction.UP:
        backs = {index: down for index, file in enumerate(files) if (down := chosen.down_file(file))}
    asked_backs = asked | {index for index, file in backs.items() if names is not None and _among([file], names)}
    if names is not None:
        found = {os.path.abspath(file) for file in (*files, *backs.values())}  # noqa: PTH100
        alone = [alone[index] for index in _among(alone, {name for name in names if name.is_dir()})]
        alone += [name for name in names if os.path.abspath(name) not in found and not name.is_dir()]  # noqa: PTH100
    for path in sorted(alone):
        data = path.read_bytes()
        ignored = () if chosen.guessed or chosen.left_out(path) else (Source(str(path), data),)
        yield _alone(path, data, chosen, direction, Around(lambda ignored=ignored: ignored))  # type: ignore[misc]
    if not asked_backs:
        return
    migrations = tuple(chosen.migration(index, path, path.read_bytes()) for index, path in enumerate(files))
    history = History(chosen, migrations, frozenset(asked), directory=directory)
    around = Around(partial(_ignored, history), partial(changes, history), whole=names is None)
    yield _with_backs(msgspec.structs.replace(history, around=around), direction, asked_backs)


def _with_backs(history: History, direction: Direction, asked: set[int]) -> History:
    """A history whose migrations have their ways back, where these are asked about."""
    if direction is Direction.UP:
        return history
    migrations = tuple(
        history.framework.with_back(migration) if migration.index in asked else migration
        for migration in history.migrations
    )
    backs = frozenset(migration.index for migration in migrations if migration.back is not None)
    named = history.named if direction is Direction.BOTH else frozenset()
    return msgspec.structs.replace(history, migrations=migrations, named=named, backs=backs)


def _among(files: Sequence[Path], names: set[Path]) -> list[int]:
    """Which of the files are meant by names of files and folders."""
    wanted = {os.path.abspath(name) for name in names}  # noqa: PTH100
    folders = tuple(os.path.join(os.path.abspath(name), "") for name in names if name.is_dir())  # noqa: PTH100, PTH118
    places = [os.path.abspath(file) for file in files]  # noqa: PTH100
    return [index for index, place in enumerate(places) if place in wanted or place.startswith(folders)]


def left_out(history: History) -> Iterator[tuple[Path, str]]:
    """The .sql files of a history's directory that are no part of it, each with the reason."""
    framework = history.framework
    for path, stands_alone in _others(history):
        if stands_alone:
            yield path, "stands alone: it may be run, but nobody knows when"
        else:
            yield path, framework.left_out(path) or misnamed(framework)


def misnamed(framework: Framework) -> str:
    """What is to be said of a file with a name that the tool does not run."""
    return framework.misnamed or f"no name that {framework.title} runs ({framework.names})"


def _others(history: History) -> Iterator[tuple[Path, bool]]:
    """The .sql files of a history's directory that are no part of it, and whether they stand alone."""
    framework, directory = history.framework, history.directory
    if directory is None:
        return
    inside = {os.path.abspath(migration.path) for migration in history.migrations}  # noqa: PTH100
    alone = {os.path.abspath(path) for path in framework.alone(directory)}  # noqa: PTH100
    for folder, folders, files in os.walk(directory):
        depth = len(Path(folder).parts) - len(directory.parts)
        folders[:] = sorted(name for name in folders if depth < framework.reach and not name.startswith("."))
        for name in sorted(files):
            if name.lower().endswith(_ENDINGS):
                place = os.path.abspath(os.path.join(folder, name))  # noqa: PTH100, PTH118
                if place not in inside:
                    yield Path(folder, name), place in alone


def _ignored(history: History) -> tuple[Source, ...]:
    """The files that nobody but their names keeps from being run; what stands alone is a history of its own."""
    framework = history.framework
    if framework.guessed:
        return ()
    others = (path for path, stands_alone in _others(history) if not stands_alone)
    return tuple(Source(str(path), path.read_bytes()) for path in others if framework.left_out(path) is None)
