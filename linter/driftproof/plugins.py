"""Packages that installed distributions offer by entry points; without importlib.metadata, which takes longer to import
than a check takes to run."""

import os
import sys
from collections.abc import Iterator


def offered(group: str) -> list[str]:
    """The names of the packages under the entry points of ``group``, in order, each once."""
    seen: set[str] = set()
    found: set[str] = set()
    try:
        for directory in sys.path:
            for distribution, text in _entry_points(directory or "."):
                # What comes first on the path hides others of its name, as it does for imports.
                if distribution not in seen:
                    seen.add(distribution)
                    found.update(_packages(text, group))
    except NotADirectoryError:  # a zip file
        return _by_metadata(group)
    return sorted(found)


def _entry_points(directory: str) -> Iterator[tuple[str, str]]:
    """The names of the distributions in a directory, each with the text of its entry points."""
    try:
        with os.scandir(directory) as entries:
            distributions = [entry.path for entry in entries if entry.name.endswith((".dist-info", ".egg-info"))]
    except (FileNotFoundError, PermissionError):
        return
    for path in distributions:
        try:
            descriptor = os.open(f"{path}/entry_points.txt", os.O_RDONLY)
        except OSError:
            continue
        with os.fdopen(descriptor, encoding="utf-8", errors="replace") as file:
            name = os.fspath(path).replace("\\", "/").rpartition("/")[2]
            yield name.partition("-")[0].lower(), file.read()


def _packages(text: str, group: str) -> Iterator[str]:
    inside = False
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            inside = line == f"[{group}]"
        elif inside and "=" in line and not line.startswith("#"):
            yield line.partition("=")[2].partition(":")[0].partition("[")[0].strip()


def _by_metadata(group: str) -> list[str]:
    from importlib.metadata import entry_points

    return sorted({entry.module for entry in entry_points(group=group)})
