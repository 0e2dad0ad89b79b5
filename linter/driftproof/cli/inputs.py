"""From the paths of a call to histories with their configurations."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from driftproof.config import Config, check_framework, load, load_file
from driftproof.diagnostic import Direction
from driftproof.history import History, Homes, migration_directories, read_directory, single
from driftproof.history.frameworks import PLAIN
from driftproof.rerun import Rerun
from driftproof.unusable import Unusable, did_you_mean

if TYPE_CHECKING:
    from driftproof.history.evidence import Evidence

STDIN = "<stdin>"
_NAMES = frozenset({"migrations", "migration", "migrate"})


class Job(msgspec.Struct, frozen=True):
    """A history to look at, and the configuration for it."""

    history: History
    config: Config


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Where configurations come from, and what the command line says against them. ``ways_back``: the command looks at
    these too, where it is asked to."""

    framework: str | None = None
    file: str | None = None
    isolated: bool = False
    rerun: str | None = None
    direction: str | None = None
    ways_back: bool = False

    def named_framework(self, directory: Path) -> str | None:
        """The framework that is said to be that of a directory, None where it is to be recognised. Raises
        ConfigError."""
        return self.framework or self.config(directory).framework

    def config(self, directory: Path) -> Config:
        """The configuration for the migrations in ``directory``. Raises ConfigError."""
        config = Config() if self.isolated else load(directory) if self.file is None else load_file(self.file)
        if self.rerun is not None:
            config = msgspec.structs.replace(config, rerun=Rerun(self.rerun))
        if self.direction is not None or not self.ways_back:
            config = msgspec.structs.replace(config, direction=Direction(self.direction or Direction.UP))
        return config


def read(paths: Sequence[str], settings: Settings) -> list[Job]:
    """The histories of the paths; without paths, those below the current folder. Raises Unusable and OSError."""
    if settings.framework is not None:
        check_framework(settings.framework)
    jobs = []
    homes = Homes()
    for directory, named in _by_directory(paths or _found(homes, settings), homes, settings).items():
        config = settings.config(directory)
        names = None if directory in named else named
        snapshots = _snapshots(directory, config)
        framework = settings.framework or config.framework
        for history in read_directory(directory, names, framework, homes, config.direction):
            wanted = frozenset(
                index for index in history.named if not config.excludes(Path(history.migrations[index].path))
            )
            backs = frozenset(
                index
                for index in history.backs
                if (back := history.migrations[index].back) is not None and not config.excludes(Path(back.path))
            )
            if wanted or backs or not (history.named or history.backs):
                evidence = () if history.alone else snapshots
                history = msgspec.structs.replace(history, named=wanted, backs=backs, snapshots=evidence)
                jobs.append(Job(history, config))
    return jobs


def one_history(paths: Sequence[str], settings: Settings) -> Job:
    """The one history that is meant. Raises Unusable and OSError."""
    jobs = read(paths, settings)
    # Of a file that stands alone nobody knows when it runs: beside a history it is left out.
    jobs = [job for job in jobs if not job.history.alone] or jobs
    if not jobs:
        raise Unusable(f"no migrations in {', '.join(paths) or 'the current folder'}")
    if len(jobs) > 1:
        places = ", ".join(str(Path(job.history.migrations[0].path).parent) for job in jobs)
        raise Unusable(f"there are several histories; name one: {places}")
    return jobs[0]


def _snapshots(directory: Path, config: Config) -> "tuple[Evidence, ...]":
    """The snapshots of databases that go with the migrations of a directory."""
    if config.snapshots is None:
        above = directory.parent if directory.name else directory.resolve().parent
        files = [file for place in (directory, above) for file in sorted(place.glob("*.snapshot.json"))]
    else:
        files = [Path(config.path or "").parent / file for file in config.snapshots]
    if not files:
        return ()
    from driftproof.history.evidence import read

    return tuple(map(read, files))


def standard_input(name: str | None, data: bytes, settings: Settings) -> Job:
    """The job of one text that stands alone. Raises ConfigError."""
    if settings.framework is not None:
        check_framework(settings.framework)
    config = settings.config(Path(name or STDIN).parent)
    return Job(single(name or STDIN, data, settings.framework or config.framework, config.direction), config)


def _found(homes: Homes, settings: Settings) -> list[str]:
    """The migration directories below the current folder."""
    found = [
        str(directory)
        for directory, framework in migration_directories(Path(), homes, settings.named_framework)
        if framework.name != PLAIN or directory.resolve().name in _NAMES
    ]
    if not found:
        raise Unusable("no migration directory below the current folder; name one as PATH")
    return found


def _by_directory(paths: Iterable[str], homes: Homes, settings: Settings) -> dict[Path, set[Path]]:
    """The directories in which histories begin, each with the files and folders that are asked about in it: itself
    where that is all."""
    wanted: dict[Path, set[Path]] = {}
    for text in paths:
        path = Path(text)
        if path.is_dir():
            inside = path.resolve()
            directories = [place for place, _ in migration_directories(path, homes, settings.named_framework)]
            if not directories:
                raise Unusable(f"no .sql files in {text}")
            for place in directories:
                wanted.setdefault(place, set()).add(place if place.resolve().is_relative_to(inside) else path)
        elif not path.exists():
            raise Unusable(f"no such file or directory: {text}{_nearest(path)}")
        else:
            place, _ = homes.home(path.parent, settings.named_framework(path.parent))
            wanted.setdefault(place, set()).add(path)
    return wanted


def _nearest(path: Path) -> str:
    try:
        return did_you_mean(str(path), map(str, path.parent.iterdir()))
    except OSError:
        return ""
