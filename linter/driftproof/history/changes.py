"""How the migrations of a directory differ from those of git's main branch, as their tool finds them."""

import os
from collections.abc import Iterator
from pathlib import Path

from driftproof import git
from driftproof.history.around import Changes
from driftproof.history.model import History, Order
from driftproof.unusable import Unusable


def changes(history: History) -> Changes | None:
    """How the migrations differ from those of the main branch."""
    directory = history.directory
    found = git.difference(directory) if directory is not None else None
    if directory is None or found is None:
        return None
    names = {_name(directory, migration.path): migration for migration in history.migrations}
    edited = {migration.path: blob for name, migration in names.items() if (blob := found.changed.get(name))}
    new = {migration.path: name for name, migration in names.items() if name in found.new}
    return Changes(
        found.shown,
        frozenset(new),
        {path: git.text(directory, blob) for path, blob in edited.items()},
        dict(_gone(history, directory, found)) if found.gone else {},
        dict(_overtaken(history, directory, found.branch, new)) if new else {},
    )


def _name(directory: Path, path: str) -> str:
    """A path below a directory, as git writes it."""
    return os.path.relpath(path, directory).replace(os.sep, "/")


def _discovered(history: History, place: Path) -> list[Path]:
    """What the tool finds in a copy of its directory; nothing where it can't read that."""
    try:
        return history.framework.discover(place)
    except (OSError, Unusable):
        return []


def _gone(history: History, directory: Path, found: git.Difference) -> Iterator[tuple[str, bytes]]:
    """The files of the main branch that are gone and were migrations, as the tool itself finds them there."""
    import tempfile  # loaded where it is needed only

    with tempfile.TemporaryDirectory() as place:
        if (base := git.parting(directory, found.branch)) is not None:
            git.write_out(directory, base, Path(place))
        for file in _discovered(history, Path(place)):
            name = _name(Path(place), str(file))
            if name in found.gone:
                yield str(directory / name), file.read_bytes()


def _overtaken(history: History, directory: Path, branch: str, new: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The new migrations that stand before one which the branch has got meanwhile, each with the last of these: in the
    order in which the tool finds both together."""
    since = set(git.added_since(directory, branch)) if history.framework.order is not Order.LIST else set()
    if not since:
        return
    import tempfile  # loaded where it is needed only

    with tempfile.TemporaryDirectory() as place:
        git.write_out(directory, branch, Path(place))
        for path, name in new.items():
            file = Path(place, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(history.by_path[path].source.data)
        order = [_name(Path(place), str(file)) for file in _discovered(history, Path(place))]
    meanwhile = [at for at, name in enumerate(order) if name in since and name not in new.values()]
    for path, name in new.items():
        if meanwhile and name in order and order.index(name) < meanwhile[-1]:
            yield path, order[meanwhile[-1]]
