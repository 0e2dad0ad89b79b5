"""Liquibase: formatted SQL, ``--changeset author:id`` by ``--changeset``, in the order of the master changelog.

Source: liquibase/liquibase, liquibase-standard (AbstractFormattedChangeLogParser, ChangeSet). A file is one migration
here, in which each changeset has a transaction of its own: a failed one is what the next run begins with, so that
nothing before it is run again. One with ``runInTransaction:false`` commits statement by statement, one for other
databases (``dbms:``) is not run, and one with ``context:`` or ``labels:``, or a precondition that passes it by, may be
or not. Without a master changelog the order is that of ``includeAll``: the paths.
"""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from driftproof import gaps
from driftproof.gaps import Gap
from driftproof.history import changelogs, masks
from driftproof.history.changelogs import Included
from driftproof.history.files import below
from driftproof.history.folder import Folder
from driftproof.history.model import Bookkeeping, Framework, Migration, Order, RunMode, Session

_HEADER = re.compile(rb"(?i)\s*--\s*liquibase\s*formatted")
_MASTER = re.compile(r"(?i).*(?:master|root|changelog).*\.(?:xml|ya?ml|json)")
_CHANGESET = re.compile(rb"(?im)^[ \t]*--[ \t]*changeset[ \t][^\r\n]*")
_ATTRIBUTE = re.compile(rb"\b(\w+):(?:\"([^\"]*)\"|(\S+))")
_PLACEHOLDER = re.compile(rb"\$\{(?P<name>[^}\n]+)\}")
_PROPERTY = re.compile(
    rb"(?im)^[ \t]*--[ \t]*property[ \t]+name:(\"?)([^\s\"]+)\1[ \t]+value:(\"?)([^\r\n\"]*?)\3[ \t]*\r?$"
)
_IN_MASTER = (
    re.compile(rb"<property\s+name=\"([^\"]+)\"\s+value=\"([^\"]*)\"\s*/?>"),
    re.compile(
        rb"property[\"']?:\s*\{?\s*[\"']?name[\"']?:\s*[\"']?([\w.-]+)[\"']?,?\s*"
        rb"[\"']?value[\"']?:\s*[\"']?([^\"'\r\n}]*)"
    ),
)
_LEVELS_ABOVE = 5
_ENDS = re.compile(rb"(?im)^[ \t]*(go|/)(?=[ \t]*\r?$)")
_BETWEEN = re.compile(rb"(?ims)^[ \t]*--[ \t]*ignoreLines:start\b[^\n]*\n(.*?)(?=^[ \t]*--[ \t]*ignoreLines:end\b|\Z)")
_IGNORED = re.compile(rb"(?im)^[ \t]*--[ \t]*ignoreLines:(\d+)[^\n]*\n")

_ROLLBACK = re.compile(
    rb"(?im)^[ \t]*--[ \t]*rollback[ \t]+(?P<line>[^\r\n]+)|/\*[ \t]*liquibase[ \t]+rollback\b(?P<block>(?s:.*?))\*/"
)
_NOTHING = re.compile(rb"(?i)\s*(?:empty|not required)?\s*")
_OF_ANOTHER = re.compile(rb"(?i)\s*changesetid:")


def _is_changelog(path: Path) -> bool:
    return _HEADER.match(Folder(path.parent).beginning(path.name)) is not None


def _recognises(folder: Folder) -> bool:
    return any(_HEADER.match(folder.beginning(name)) for name in folder.sql[:3]) or changelogs.is_master(folder)


def _discover(directory: Path) -> list[Path]:
    listed = _listed(directory)
    last = len(listed)
    places = ((path, next((at for at, one in enumerate(listed) if one.holds(path)), last)) for path in below(directory))
    # What is included by its name needs no first line.
    found = [(place, path.as_posix(), path) for path, place in places if place < last or _is_changelog(path)]
    return [path for _, _, path in sorted(found)]


def _listed(directory: Path) -> list[Included]:
    """What the nearest changelogs include, beside the files or above them."""
    for folder in (directory, *list(directory.resolve().parents)[:2]):
        if listed := changelogs.included(folder):
            return listed
    return []


def _changesets(data: bytes) -> list[tuple[int, int, dict[bytes, bytes]]]:
    """Where each changeset's text begins, behind its line, and ends, and what it says of itself."""
    lines = list(_CHANGESET.finditer(data))
    ends = [*(line.start() for line in lines[1:]), len(data)]
    return [(line.end(), end, _attributes(line[0])) for line, end in zip(lines, ends, strict=False)]


def _attributes(line: bytes) -> dict[bytes, bytes]:
    return {name.lower(): (quoted or bare).lower() for name, quoted, bare in _ATTRIBUTE.findall(line)}


def _says(data: bytes, name: bytes, value: bytes) -> bool:
    return any(attributes.get(name) == value for _, _, attributes in _changesets(data))


def _runs(attributes: dict[bytes, bytes]) -> bool:
    """Whether a changeset is run on PostgreSQL."""
    wanted = [name.strip() for name in attributes.get(b"dbms", b"").split(b",") if name.strip()]
    if b"!postgresql" in wanted or b"none" in wanted or attributes.get(b"ignore") == b"true":
        return False
    return all(name.startswith(b"!") for name in wanted) or b"postgresql" in wanted or b"all" in wanted


_SKIPS = re.compile(rb"(?im)^[ \t]*--[ \t]*preconditions\b.*\bonFail:(?:MARK_RAN|CONTINUE)\b")


def _optional(path: Path, data: bytes) -> tuple[tuple[int, int], ...]:
    """The changesets for some contexts or labels only, which the call names, and those that a precondition passes by;
    all of a file that is included for some only."""
    if any(one.limited and one.holds(path) for one in _listed(path.parent)):
        return ((0, len(data)),)
    return tuple(
        (begin, end)
        for begin, end, attributes in _changesets(data)
        if attributes.keys() & {b"context", b"contextfilter", b"labels"} or _SKIPS.search(data, begin, end)
    )


def _up(data: bytes) -> bytes:
    data = _BETWEEN.sub(lambda found: masks.blank(found[0]), data)
    for found in reversed(list(_IGNORED.finditer(data))):
        lines = data[found.end() :].splitlines(keepends=True)
        end = found.end() + sum(map(len, lines[: int(found[1])]))
        data = data[: found.end()] + masks.blank(data[found.end() : end]) + data[end:]
    for begin, end, attributes in _changesets(data):
        data = data[:begin] + _statements(data[begin:end], attributes) + data[end:]
    return data


def _gaps(path: Path, data: bytes) -> tuple[Gap, ...]:
    if b"${" not in data:
        return ()
    said = _properties(path, data)
    return gaps.find(data, _PLACEHOLDER, lambda found: said.get(found["name"].strip()), keeps=True)


def _properties(path: Path, data: bytes) -> dict[bytes, bytes]:
    """The properties of the file itself and of the master changelog above it; of those that are given twice, for
    databases or contexts, none is known."""
    found = [(name, value) for _, name, _, value in _PROPERTY.findall(data)]
    for folder in path.parents[:_LEVELS_ABOVE]:
        for name in filter(_MASTER.fullmatch, Folder(folder).files):
            text = (folder / name).read_bytes()
            found += [(name, value.strip()) for pattern in _IN_MASTER for name, value in pattern.findall(text)]
    once = Counter(name for name, _ in set(found))
    return {name: value for name, value in found if once[name] == 1}


def _down(data: bytes) -> bytes:
    """The ``--rollback`` of each changeset, from the last one to the first, up to one that can't be taken back."""
    kept = bytearray(masks.blank(data))
    for begin, end, attributes in reversed(_changesets(data)):
        if not _runs(attributes):
            continue
        found = list(_ROLLBACK.finditer(data, begin, end))
        spans = [one.span("line" if one["block"] is None else "block") for one in found]
        if not spans or any(_OF_ANOTHER.match(data, *span) for span in spans):
            break
        for start, stop in spans:
            if _NOTHING.fullmatch(data, start, stop) is None:
                kept[start:stop] = data[start:stop]
        if end < len(data):  # each is sent alone, so that the last statement of it needs no end
            kept[end : end + 1] = b";"
    return bytes(kept)


def _statements(text: bytes, attributes: dict[bytes, bytes]) -> bytes:
    """What a changeset sends, with PostgreSQL's own delimiter between."""
    if not _runs(attributes):
        return masks.blank(text)
    if attributes.get(b"splitstatements") == b"false":
        return text
    mark = attributes.get(b"enddelimiter")
    if mark is None:
        return _ENDS.sub(lambda found: b";".rjust(len(found[0]) - len(found[1]) + 1).ljust(len(found[0])), text)
    mark = mark.replace(b"\\n", b"\n").strip()
    if not mark or mark == b";":
        return text
    return re.sub(b"(?i)" + re.escape(mark), b";".ljust(len(mark)), text)


def _applied(migrations: Sequence[Migration], rows: Sequence[str]) -> Sequence[str]:
    """A row is a changeset, by the path of its file below the master changelog."""
    noted = Counter(row.removeprefix("classpath:").lstrip("./") for row in rows)
    found = []
    for migration in migrations:
        place = f"/{Path(migration.path).as_posix()}"
        there = sum(count for path, count in noted.items() if place.endswith(f"/{path}"))
        if there >= sum(_runs(attributes) for _, _, attributes in _changesets(migration.source.data)):
            found.append(migration.version)
    return found


framework = Framework(
    name="liquibase",
    title="Liquibase (formatted SQL)",
    run_mode=RunMode.TRANSACTION,
    recognises=_recognises,
    reach=4,
    discover=_discover,
    version=lambda path: "/".join(path.parts[-2:]),
    names=".sql with --liquibase formatted sql",
    left_out=lambda path: None if _is_changelog(path) else "no --liquibase formatted sql in its first line",
    mode=lambda _path, data: RunMode.AUTOCOMMIT if _says(data, b"runintransaction", b"false") else RunMode.TRANSACTION,
    repeatable=lambda _path, data: _says(data, b"runalways", b"true") or _says(data, b"runonchange", b"true"),
    cuts=lambda data: tuple(begin for begin, _, _ in _changesets(data)[1:]),
    optional=_optional,
    up=_up,
    down=_down,
    gaps=_gaps,
    told="make it a property of the changelog",
    bookkeeping=Bookkeeping("databasechangelog", "SELECT filename FROM databasechangelog", _applied),
    session=Session.SHARED,
    restores=("search_path",),
    order=Order.LIST,
    edited="Liquibase compares checksums of changesets and refuses to update, unless they say runOnChange",
    failed="the changesets before the one that failed stay; the next run begins with that one",
)
