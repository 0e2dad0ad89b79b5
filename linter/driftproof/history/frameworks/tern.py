"""tern: ``001_name.sql`` by their numbers, the way down below ``---- create above / drop below ----``.

Source: jackc/tern, migrate/migrate.go. Each file in a transaction, unless a line is ``---- tern: disable-tx ----``:
then each statement alone. The texts are Go templates: values are
those of ``tern.conf``; what other templates put in is sent, and not read.
"""

import re
from pathlib import Path

from driftproof import gaps
from driftproof.gaps import Gap
from driftproof.history import masks
from driftproof.history.files import matching, number
from driftproof.history.folder import Folder
from driftproof.history.model import Bookkeeping, Framework, Older, Order, RunMode, Session, up_to_the_last

_NAME = re.compile(r"\d+_.+\.sql")
_DOWN = b"---- create above / drop below ----"
_NO_TRANSACTION = re.compile(rb"(?m)^---- tern: disable-tx ----$")
_TEMPLATE = re.compile(
    rb"\{\{-?\s*(?:\.(?P<name>\w+)|template\s+\"(?P<file>[^\"\n]+)\"\s*\.?|(?P<comment>/\*[^}\n]*\*/)|[^}\n]*?)\s*-?\}\}"
)
_DATA = re.compile(r"(?ms)^\[data\][ \t]*\r?\n(.*?)(?=^\[|\Z)")
_SETTING = re.compile(r"(?m)^[ \t]*(\w+)[ \t]*=[ \t]*([^\r\n]*?)[ \t]*$")


def _recognises(folder: Folder) -> bool:
    if bool(folder.sql) and (folder.has("tern.conf") or _DOWN in folder.beginnings):
        return True
    return any(map(_NAME.fullmatch, folder.sql)) and folder.above("go.mod", b"jackc/tern")


def _above(data: bytes) -> bytes:
    down = data.find(_DOWN)
    return data if down < 0 else data[:down] + masks.blank(data[down:])


def _below(data: bytes) -> bytes:
    down = data.find(_DOWN)
    return masks.blank(data) if down < 0 else masks.blank(data[:down]) + data[down:]


def _gaps(path: Path, data: bytes) -> tuple[Gap, ...]:
    if b"{{" not in data:
        return ()
    said = _data(path.parent)

    def value(found: "re.Match[bytes]") -> bytes | None:
        if found["name"] is not None:
            return said.get(found["name"])
        return b"" if found["comment"] is not None else _template(path.parent, found["file"])

    return gaps.find(data, _TEMPLATE, value, more=lambda found: found["name"] is None)


def _data(directory: Path) -> dict[bytes, bytes]:
    """The values in the nearest ``tern.conf``; those that are templates themselves are not known here."""
    for folder in (directory, *directory.absolute().parents[:2]):
        try:
            section = _DATA.search((folder / "tern.conf").read_text(errors="replace"))
        except OSError:
            continue
        said = _SETTING.findall(section[1]) if section is not None else []
        return {name.encode(): value.encode() for name, value in said if "{{" not in value}
    return {}


def _template(directory: Path, name: bytes | None) -> bytes | None:
    """The text of another template, where there is none in that again."""
    try:
        text = (directory / name.decode()).read_bytes() if name else b"{{"
    except (OSError, UnicodeDecodeError, ValueError):
        return None
    return None if b"{{" in text else text


framework = Framework(
    name="tern",
    title="tern",
    run_mode=RunMode.TRANSACTION,
    recognises=_recognises,
    discover=lambda directory: sorted(matching(directory, _NAME.pattern), key=lambda path: number(path.name)),
    version=lambda path: str(number(path.name) or path.stem),
    names="001_name.sql",
    mode=lambda _path, data: RunMode.AUTOCOMMIT if _NO_TRANSACTION.search(_above(data)) else RunMode.TRANSACTION,
    up=_above,
    down=_below,
    gaps=_gaps,
    told="give it a value in tern.conf, below [data]",
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
