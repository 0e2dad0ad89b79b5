"""From paths to histories: which framework a directory belongs to, its migrations in order, and their run mode."""

import os
from collections.abc import Iterator
from pathlib import Path

from driftproof.history import plain, supabase
from driftproof.history.model import Framework, History, Migration, RunMode
from driftproof.source import Source

__all__ = [
    "FRAMEWORKS",
    "Framework",
    "History",
    "Migration",
    "RunMode",
    "migration_directories",
    "read_directory",
    "single",
]

# In the order in which they are asked; the last one takes whatever is left.
FRAMEWORKS: tuple[Framework, ...] = (supabase.framework, plain.framework)

_NEVER = {"node_modules", ".git", ".venv", "venv", "__pycache__"}


def single(name: str, data: bytes, framework: str | None = None) -> History:
    """A history of one: standard input, or a file that stands alone."""
    chosen = _choose(Path(name).parent, framework)
    migration = Migration(0, Source(name, data, chosen.up), chosen.version(Path(name)), chosen.run_mode)
    return History(chosen, (migration,), frozenset({0}), alone=True)


def migration_directories(root: Path) -> Iterator[Path]:
    """The directories at or below ``root`` that hold .sql files, without those that no one writes by hand, and without
    the folders in a directory of migrations, into which its tool does not look (an archive, say)."""
    for directory, folders, files in os.walk(root):
        folders[:] = sorted(folder for folder in folders if folder not in _NEVER and not folder.startswith("."))
        if any(file.endswith(".sql") for file in files):
            where = Path(directory)
            if any(framework.recognises(where.resolve()) for framework in FRAMEWORKS[:-1]):
                folders.clear()
            yield where


def _choose(directory: Path, name: str | None) -> Framework:
    if name is not None:
        return next(framework for framework in FRAMEWORKS if framework.name == name)
    where = directory.resolve()
    return next(framework for framework in FRAMEWORKS if framework.recognises(where))


def read_directory(directory: Path, names: set[Path] | None, framework: str | None) -> Iterator[History]:
    """The histories of one directory: of the files that stand alone in it, and, last, that of its migrations.

    ``names`` are the files that are asked about (None: all of them). A file is judged with its siblings, and only it is
    named; one that its framework would not run (another ending, a down part, a name that it passes by) is a history of
    its own. Raises OSError for what can't be read.
    """
    chosen = _choose(directory, framework)
    files = chosen.discover(directory)
    for path in chosen.alone(directory) if names is None else sorted(names - set(files)):
        yield single(str(path), path.read_bytes(), framework)
    if not files or (names is not None and not names & set(files)):
        return
    migrations = tuple(
        Migration(index, Source.read(path, chosen.up), chosen.version(path), chosen.run_mode)
        for index, path in enumerate(files)
    )
    named = frozenset(index for index, path in enumerate(files) if names is None or path in names)
    yield History(chosen, migrations, named)
