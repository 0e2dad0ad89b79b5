"""Play evolutions: ``1.sql`` by their numbers, the way up behind ``# --- !Ups``, each statement on its own.

Source: playframework/playframework, Evolutions.scala, EvolutionsApi.scala. A line that begins with ``#`` or ``--`` is a
comment; ``;;`` is a semicolon inside of a statement.
"""

import re
from pathlib import Path

from driftproof.history import masks
from driftproof.history.files import matching
from driftproof.history.folder import Folder
from driftproof.history.model import Blocks, Bookkeeping, Framework, Older, Order, RunMode

_PARTS = re.compile(rb"(?im)^(?:#|--)[^\n]*!(?:ups|(?P<down>downs))\b")
_COMMENT = re.compile(rb"(?m)^#[^\r\n]*")
_NAME = r"\d+\.sql"


def _recognises(folder: Folder) -> bool:
    return any(re.fullmatch(_NAME, name) for name in folder.sql) and (
        folder.path.parent.name == "evolutions" or _PARTS.search(folder.beginnings) is not None
    )


def _masked(data: bytes) -> bytes:
    data = _COMMENT.sub(lambda found: masks.blank(found[0]), data)
    return data.replace(b";;", b"; ")


def _number(path: Path) -> int:
    return int(path.stem)


framework = Framework(
    name="play",
    title="Play evolutions",
    run_mode=RunMode.AUTOCOMMIT,
    recognises=_recognises,
    discover=lambda directory: sorted(matching(directory, _NAME), key=_number),
    version=lambda path: path.stem,
    names="1.sql",
    up=lambda data: _masked(masks.up_parts(data, _PARTS)),
    down=lambda data: _masked(masks.down_parts(data, _PARTS)),
    blocks=Blocks(),
    bookkeeping=Bookkeeping("play_evolutions", "SELECT id::text FROM play_evolutions WHERE state = 'applied'"),
    order=Order.NUMBER,
    removed="Play runs the way down that it has kept, in production after a yes",
    edited="Play compares hashes: it runs the ways down and up again from there on, in production after a yes",
    failed="what its statements did; nothing more is applied until it is marked as resolved",
    older=Older.APPLIED,
)
