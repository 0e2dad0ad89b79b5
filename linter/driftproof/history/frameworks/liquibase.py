"""Liquibase: formatted SQL, ``--changeset author:id`` by ``--changeset``, in the order of the master changelog.

Source: liquibase/liquibase, liquibase-standard (AbstractFormattedChangeLogParser, ChangeSet). A file is one migration
here, though each of its changesets has a transaction of its own: a failed one is what the next run begins with, so that
nothing before it is run again. One with ``runInTransaction:false`` commits statement by statement. Without a master
changelog the order is that of ``includeAll``: the paths.
"""

import re
from pathlib import Path

from driftproof.history import masks
from driftproof.history.files import below
from driftproof.history.folder import Folder
from driftproof.history.model import Framework, Order, RunMode, Session

_HEADER = re.compile(rb"(?i)\s*--\s*liquibase\s*formatted")
_MASTER = re.compile(r"(?i).*(?:master|root).*\.(?:xml|ya?ml|json|sql)")
_INCLUDED = re.compile(r"""(?:file|path)["']?\s*[:=]\s*["']?([^"'\s>,]+)""")
_NO_TRANSACTION = re.compile(rb"(?im)^\s*--\s*changeset\s[^\n]*\brunInTransaction:false\b")
_AGAIN = re.compile(rb"(?im)^\s*--\s*changeset\s[^\n]*\b(?:runAlways|runOnChange):true\b")
_DELIMITER = re.compile(rb"(?im)^\s*--\s*changeset\s[^\n]*\bendDelimiter:(?P<delimiter>\S+)")
_PLACEHOLDER = re.compile(rb"\$\{[^}\n]+\}")
_ENDS = re.compile(rb"(?im)^[ \t]*(go|/)(?=[ \t]*\r?$)")
_BETWEEN = re.compile(rb"(?ims)^[ \t]*--[ \t]*ignoreLines:start\b[^\n]*\n(.*?)(?=^[ \t]*--[ \t]*ignoreLines:end\b|\Z)")
_IGNORED = re.compile(rb"(?im)^[ \t]*--[ \t]*ignoreLines:(\d+)[^\n]*\n")


def _is_changelog(path: Path) -> bool:
    return _HEADER.match(Folder(path.parent).beginning(path.name)) is not None


def _recognises(folder: Folder) -> bool:
    return any(_HEADER.match(folder.beginning(name)) for name in folder.sql[:3])


def _discover(directory: Path) -> list[Path]:
    files = [path for path in below(directory) if _is_changelog(path)]
    listed = _listed(directory)
    return sorted(files, key=lambda path: (_place(path, listed), path.as_posix()))


def _listed(directory: Path) -> list[str]:
    """What the master changelog includes, if there is one beside the files or above them."""
    for folder in (directory, *list(directory.resolve().parents)[:2]):
        for name in filter(_MASTER.fullmatch, Folder(folder).files):
            return _INCLUDED.findall((folder / name).read_text(errors="replace"))
    return []


def _place(path: Path, listed: list[str]) -> int:
    """The number of what includes a file: the file by its name, or the folder that it lies in."""
    place = path.resolve().as_posix()
    for number, entry in enumerate(listed):
        wanted = entry.removeprefix("classpath:").strip("./")
        if place.endswith(f"/{wanted}") or (not wanted.endswith(".sql") and f"/{wanted}/" in place):
            return number
    return len(listed)


def _up(data: bytes) -> bytes:
    data = _BETWEEN.sub(lambda found: masks.blank(found[0]), data)
    data = _ENDS.sub(lambda found: b";".rjust(len(found[0]) - len(found[1]) + 1).ljust(len(found[0])), data)
    for found in reversed(list(_IGNORED.finditer(data))):
        lines = data[found.end() :].splitlines(keepends=True)
        end = found.end() + sum(map(len, lines[: int(found[1])]))
        data = data[: found.end()] + masks.blank(data[found.end() : end]) + data[end:]
    if (custom := _DELIMITER.search(data)) and custom["delimiter"] != b";":
        mark = custom["delimiter"]
        behind = custom.end()
        data = data[:behind] + data[behind:].replace(mark, b";".ljust(len(mark)))
    return masks.placeholders(data, _PLACEHOLDER) if b"${" in data else data


framework = Framework(
    name="liquibase",
    title="Liquibase (formatted SQL)",
    run_mode=RunMode.TRANSACTION,
    recognises=_recognises,
    reach=4,
    discover=_discover,
    version=lambda path: path.name,
    names=".sql with --liquibase formatted sql",
    left_out=lambda path: None if _is_changelog(path) else "no --liquibase formatted sql in its first line",
    mode=lambda _path, data: RunMode.AUTOCOMMIT if _NO_TRANSACTION.search(data) else RunMode.TRANSACTION,
    repeatable=lambda _path, data: _AGAIN.search(data) is not None,
    up=_up,
    session=Session.SHARED,
    restores=("search_path",),
    order=Order.LIST,
    edited="Liquibase compares checksums of changesets and refuses to update, unless they say runOnChange",
    failed="the changesets before the one that failed stay; the next run begins with that one",
)
