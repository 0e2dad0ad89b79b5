"""graphile-migrate: ``committed/000001.sql`` by their numbers, then ``current.sql`` or ``current/``, which is run again
whenever it is saved.

Source: graphile/migrate, src/migrationFilename.ts, current.ts, migration.ts, header.ts. Each file in a transaction,
unless the first line below its headers is ``--! no-transaction``: then it is one simple query. What ``--!include``
puts into the current one is sent, and not read; the committed ones have it in their own text. The values of
placeholders are those of ``.gmrc``.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from driftproof import gaps
from driftproof.gaps import Asked, Gap, Value
from driftproof.history import masks
from driftproof.history.files import leading, matching, number
from driftproof.history.folder import Folder
from driftproof.history.model import Bookkeeping, Framework, Older, RunMode, Session

_COMMITTED = r"([0-9]+)(?:-[-_a-zA-Z0-9]*)?\.sql"
_NO_TRANSACTION = re.compile(rb"(?:--! [A-Z][^\n]*\n)*\s*--! no-transaction\b")
_PLACEHOLDER = rb"(?<![:\w])(?P<hit>:[A-Z][0-9A-Z_]+\b)"
_INCLUDE = re.compile(rb"(?m)^--![ \t]*include[ \t]+(?P<file>[^\r\n]*?\.sql)[ \t]*(?=\r?$)")
_SETTING = re.compile(rb"(?P<quote>['\"])(?P<name>:[A-Z][0-9A-Z_]+)(?P=quote)\s*:\s*(['\"])(?P<value>[^'\"\n]*)\3")


def _recognises(folder: Folder) -> bool:
    if "committed" not in folder.folders:
        return folder.has("current.sql", "current") and folder.above(".gmrc")
    return folder.has("current.sql", "current") or any(
        re.fullmatch(_COMMITTED, name) for name in Folder(folder.path / "committed").sql
    )


def _discover(directory: Path) -> list[Path]:
    committed, current = directory / "committed", directory / "current"
    files = sorted(matching(committed, _COMMITTED), key=lambda path: number(path.name)) if committed.is_dir() else []
    if current.is_dir():
        return files + sorted(matching(current, r"\d.*\.sql"), key=lambda path: number(path.name))
    return files + [path for path in (directory / "current.sql",) if path.is_file()]


def _is_current(path: Path, _data: bytes) -> bool:
    return path.name == "current.sql" or path.parent.name == "current"


def _gaps(path: Path, data: bytes) -> tuple[Gap, ...]:
    if b":" not in data and b"--!" not in data:
        return ()
    root = path.parent if path.name == "current.sql" else path.parent.parent
    said: dict[bytes, Value] = {b":DATABASE_NAME": Asked.DATABASE, b":DATABASE_OWNER": Asked.USER, **_said(root)}
    included = (
        msgspec.structs.replace(gap, shown=masks.blank(gap.shown), whole=True)
        for gap in gaps.find(data, _INCLUDE, lambda found: _included(root / "fixtures", found["file"], said))
    )
    # Text that is put in anywhere; in strings it is left alone.
    names = (_gap(found, said.get(found["hit"])) for found in masks.outside_quotes(data, _PLACEHOLDER))
    return tuple(sorted((*included, *names), key=lambda gap: gap.start))


def _gap(found: "re.Match[bytes]", value: Value) -> Gap:
    text, (start, end) = found["hit"], found.span("hit")
    fits = isinstance(value, bytes) and len(value) <= len(text)
    shown = value.ljust(len(text)) if fits and isinstance(value, bytes) else text[1:].lower() + b"_"
    unknown = text.decode() if value is None else None
    return Gap(start, end, shown, (shown if value is None else value,), unknown)


def _said(root: Path) -> dict[bytes, bytes]:
    """The placeholders of the configuration; those that it leaves to the environment as they are there."""
    for folder in (root, *root.absolute().parents[:3]):
        for name in (".gmrc", ".gmrc.js", ".gmrc.cjs"):
            try:
                found = list(_SETTING.finditer((folder / name).read_bytes()))
            except OSError:
                continue
            said = {one["name"]: one["value"] for one in found}
            there = {name: os.environb.get(name[1:]) for name, value in said.items() if value == b"!ENV"}
            return {name: value for name, value in (said | there).items() if value is not None}
    return {}


def _included(fixtures: Path, name: bytes, said: Mapping[bytes, Value]) -> bytes | None:
    """The text of a fixture as it is sent; None where it, or something in it, is not known."""
    try:
        text = (fixtures / name.decode()).read_bytes().strip()
    except (OSError, UnicodeDecodeError):
        return None
    for found in reversed(list(_INCLUDE.finditer(text))):
        inner = _included(fixtures, found["file"], said) if found["file"] != name else None
        if inner is None:
            return None
        text = text[: found.start()] + inner + text[found.end() :]
    for found in reversed(list(masks.outside_quotes(text, _PLACEHOLDER))):
        value = said.get(found["hit"])
        if not isinstance(value, bytes):
            return None
        text = text[: found.start("hit")] + value + text[found.end("hit") :]
    return text


framework = Framework(
    name="graphile-migrate",
    title="graphile-migrate",
    run_mode=RunMode.TRANSACTION,
    recognises=_recognises,
    reach=1,
    discover=_discover,
    version=lambda path: f"{leading(path)}.sql" if path.parent.name == "committed" else leading(path),
    names="committed/000001.sql, current.sql, current/1.sql",
    left_out=lambda path: "a fixture: put into others" if "fixtures" in path.parts else None,
    mode=lambda _path, data: RunMode.SIMPLE if _NO_TRANSACTION.match(data) else RunMode.TRANSACTION,
    repeatable=_is_current,
    gaps=_gaps,
    told="a placeholder has its value in .gmrc, a fixture lies in fixtures/",
    bookkeeping=Bookkeeping("graphile_migrate.migrations", "SELECT filename FROM graphile_migrate.migrations"),
    session=Session.SHARED,
    twice="graphile-migrate refuses to start",
    checksum=lambda data: data,
    removed="graphile-migrate refuses to go on: the hashes name each the one before",
    edited="graphile-migrate compares hashes when it runs a file: new databases refuse it, others stay as they are",
    older=Older.REFUSED,
)
