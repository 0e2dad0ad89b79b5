"""tern: ``001_name.sql`` by their numbers, the way down below ``---- create above / drop below ----``.

Source: jackc/tern, migrate/migrate.go. Each file in a transaction, unless a line is ``---- tern: disable-tx ----``:
then each statement alone. The texts are Go templates: what other
ones put into them is not read.
"""

import re

from driftproof.history import masks
from driftproof.history.files import matching, number
from driftproof.history.folder import Folder
from driftproof.history.model import Bookkeeping, Framework, Older, Order, RunMode, Session, up_to_the_last

_NAME = re.compile(r"\d+_.+\.sql")
_DOWN = b"---- create above / drop below ----"
_NO_TRANSACTION = re.compile(rb"(?m)^---- tern: disable-tx ----$")
_UNSEEN = re.compile(rb"\{\{-?\s*(?![\s.]|/\*)[^}\n]*\}\}")  # all but values and comments
_TEMPLATE = re.compile(rb"\{\{[^}\n]*\}\}")


def _recognises(folder: Folder) -> bool:
    if bool(folder.sql) and (folder.has("tern.conf") or _DOWN in folder.beginnings):
        return True
    return any(map(_NAME.fullmatch, folder.sql)) and folder.above("go.mod", b"jackc/tern")


def _above(data: bytes) -> bytes:
    down = data.find(_DOWN)
    return data if down < 0 else data[:down] + masks.blank(data[down:])


def _up(data: bytes) -> bytes:
    return _masked(_above(data))


def _down(data: bytes) -> bytes:
    down = data.find(_DOWN)
    return masks.blank(data) if down < 0 else _masked(masks.blank(data[:down]) + data[down:])


def _masked(data: bytes) -> bytes:
    return masks.placeholders(data, _TEMPLATE) if b"{{" in data else data


framework = Framework(
    name="tern",
    title="tern",
    run_mode=RunMode.TRANSACTION,
    recognises=_recognises,
    discover=lambda directory: sorted(matching(directory, _NAME.pattern), key=lambda path: number(path.name)),
    version=lambda path: str(number(path.name) or path.stem),
    names="001_name.sql",
    mode=lambda _path, data: RunMode.AUTOCOMMIT if _NO_TRANSACTION.search(_up(data)) else RunMode.TRANSACTION,
    unseen=lambda data: tuple(found.span() for found in _UNSEEN.finditer(_above(data))),
    up=_up,
    down=_down,
    bookkeeping=Bookkeeping(
        "public.schema_version",
        "SELECT version::text FROM public.schema_version",
        up_to_the_last(lambda path: number(path.name)),
    ),
    session=Session.RESET,
    order=Order.NUMBER,
    twice="tern refuses to start",
    removed="tern refuses to start: the numbers must follow one another",
    edited="tern compares no checksums: databases that have run it are not changed by it any more",
    failed="nothing; with disable-tx what its statements did, and the whole file is run again",
    older=Older.REFUSED,
)
