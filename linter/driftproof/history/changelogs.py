"""Liquibase's changelogs in XML, YAML and JSON: which files they include, in which order, and for whom.

Source: liquibase/liquibase, liquibase-standard, changelog/DatabaseChangeLog (include, includeAll), and the formats'
documentation.
"""

import re
from pathlib import Path
from typing import NamedTuple

from driftproof.history.folder import Folder

_NAME = re.compile(r"(?i).*(?:master|root|changelog).*\.(?:xml|ya?ml|json)")
_ENTRY = re.compile(
    r"<(?:include|includeAll|sqlFile)\s(?P<xml>[^>]*)>"
    r"|-\s*(?:include|includeAll|sqlFile):\s*(?P<yaml>.*?)(?=\n\s*-\s|\Z)"
    r"|\"(?:include|includeAll|sqlFile)\"\s*:\s*\{(?P<json>[^}]*)\}",
    re.DOTALL,
)
_PLACE = re.compile(r"""(?:file|path)["']?\s*[:=]\s*["']?([^"'\s>,}]+)""")
_LIMIT = re.compile(r"""\b(?:context|contextFilter|labels)["']?\s*[:=]\s*["']?[^\s"'>]""")
_DEEPEST = 4


class Included(NamedTuple):
    """A file or a folder that a changelog includes; ``limited``: for some contexts or labels only, which the call
    names."""

    place: str
    limited: bool

    def holds(self, path: Path) -> bool:
        """Whether it is this file, or a folder above it."""
        place = path.absolute().as_posix()
        return place.endswith(f"/{self.place}") or (
            not self.place.endswith((".sql", ".xml", ".yaml", ".yml", ".json")) and f"/{self.place}/" in place
        )


def included(directory: Path) -> list[Included]:
    """What the changelogs of a directory include, in their order, those of other changelogs too."""
    return [entry for name in _names(Folder(directory)) for entry in _entries(directory / name, directory, _DEEPEST)]


def is_master(folder: Folder) -> bool:
    """Whether a folder holds one changelog, which includes SQL that lies below it."""
    return len(_names(folder)) == 1 and any(_sql_below(folder.path, entry.place) for entry in included(folder.path))


def _names(folder: Folder) -> list[str]:
    return [name for name in folder.files if _NAME.fullmatch(name)]


def _entries(path: Path, root: Path, depth: int) -> list[Included]:
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return []
    found: list[Included] = []
    if "databaseChangeLog" not in text:
        return found
    for entry in _ENTRY.finditer(text):
        said = entry["xml"] or entry["yaml"] or entry["json"] or ""
        place = _PLACE.search(said)
        if place is None:
            continue
        one = Included(place[1].removeprefix("classpath:").strip("./").rstrip("/"), _LIMIT.search(said) is not None)
        other = _below(root, one.place) if one.place.endswith((".xml", ".yaml", ".yml", ".json")) else None
        if other is None or depth == 0:
            found.append(one)
        else:
            limited = one.limited
            found += [Included(inner.place, inner.limited or limited) for inner in _entries(other, root, depth - 1)]
    return found


def _below(root: Path, place: str) -> Path | None:
    """The file or folder below a directory that a changelog calls by its whole path, or by the end of that."""
    parts = Path(place).parts
    return next((path for at in range(len(parts)) if (path := root.joinpath(*parts[at:])).exists()), None)


def _sql_below(root: Path, place: str) -> bool:
    path = _below(root, place)
    return path is not None and (path.suffix == ".sql" or (path.is_dir() and any(path.glob("**/*.sql"))))
