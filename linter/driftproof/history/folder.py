"""A directory as frameworks are recognised by it: its names, read once, and the beginnings of its files."""

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

_BEGINNING = 4096
_SAMPLES = 3
_LEVELS_ABOVE = 5


class Folder:
    """What a directory holds. One that can't be read holds nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def _names(self) -> tuple[list[str], list[str]]:
        files: list[str] = []
        folders: list[str] = []
        try:
            with os.scandir(self.path) as entries:
                for entry in entries:
                    (folders if entry.is_dir() else files).append(entry.name)
        except OSError:
            return [], []
        return sorted(files), sorted(folders)

    @property
    def files(self) -> list[str]:
        """The names of its files."""
        return self._names[0]

    @property
    def folders(self) -> list[str]:
        """The names of the folders in it."""
        return self._names[1]

    @cached_property
    def sql(self) -> list[str]:
        """The names of its .sql files."""
        return [name for name in self.files if name.endswith(".sql")]

    def has(self, *names: str) -> bool:
        """Whether it holds a file or folder of one of these names."""
        return any(name in self.files or name in self.folders for name in names)

    def holds(self, name: str) -> Iterator[str]:
        """Its folders that hold a file of this name; not hidden ones."""
        return (folder for folder in self.folders if folder[0] != "." and (self.path / folder / name).is_file())

    @cached_property
    def beginnings(self) -> bytes:
        """How some of its .sql files begin: the first ones and the last one."""
        return b"\n".join(self.beginning(name) for name in {*self.sql[:_SAMPLES], *self.sql[-1:]})

    def beginning(self, name: str) -> bytes:
        """How a file in it begins; nothing if it can't be read."""
        try:
            with (self.path / name).open("rb") as file:
                return file.read(_BEGINNING)
        except OSError:
            return b""

    def above(self, name: str, text: bytes = b"") -> bool:
        """Whether a file of this name that holds ``text`` stands here or not far above."""
        for directory in (self.path, *self.path.parents[:_LEVELS_ABOVE]):
            place = directory / name
            if place.exists():
                return not text or text in _contents(place)
        return False


class OneFile(Folder):
    """The directory of a text that lies in none, or that is asked about by itself: it holds that file and no other."""

    def __init__(self, path: Path, data: bytes) -> None:
        super().__init__(path.parent)
        self._name, self._data = path.name, data

    @property
    def files(self) -> list[str]:
        """The name of the file."""
        return [self._name]

    @property
    def folders(self) -> list[str]:
        """Nothing."""
        return []

    @cached_property
    def sql(self) -> list[str]:
        """The name of the file, whatever it ends in."""
        return [self._name]

    def beginning(self, name: str) -> bytes:
        """How the text begins."""
        return self._data[:_BEGINNING] if name == self._name else b""


def _contents(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
