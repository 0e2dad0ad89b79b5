"""goose: ``1_name.sql`` by their numbers, the way up behind ``-- +goose Up``.

Source: pressly/goose, provider_collect.go, migration.go, internal/sqlparser/parser.go. Each file in a transaction,
unless it says ``-- +goose NO TRANSACTION``: then each statement alone. Between ``-- +goose ENVSUB ON`` and ``OFF``
variables of the environment are put in. The command refuses to start where a .sql file has another name; as a library
it passes it by.
"""

import os
import re
from pathlib import Path

from driftproof import gaps
from driftproof.gaps import Gap
from driftproof.history import masks
from driftproof.history.files import matching, number
from driftproof.history.model import Blocks, Bookkeeping, Framework, Older, Order, RunMode, Session

_MARK = re.compile(rb"(?im)^--[ \t]*\+goose[ \t]+up\b")
_PARTS = re.compile(rb"(?im)^--[ \t]*\+goose[ \t]+(?:up|(?P<down>down))\b")
_NO_TRANSACTION = re.compile(rb"(?im)^--[ \t]*\+goose[ \t]+no[ \t]+transaction\b")
_ENVIRONMENT = re.compile(
    rb"(?ims)^--[ \t]*\+goose[ \t]+envsub[ \t]+on\b.*?(?=^--[ \t]*\+goose[ \t]+envsub[ \t]+off|\Z)"
)
_VARIABLE = re.compile(
    rb"\$(?:\{(?P<braced>[A-Za-z_]\w*)(?P<else>:?-[^}\n]*)?[^}\n]*\}|(?P<bare>[A-Za-z_]\w*)(?![\w$]))"
)


def _gaps(_path: Path, data: bytes) -> tuple[Gap, ...]:
    if b"$" not in data or _ENVIRONMENT.search(data) is None:
        return ()
    inside = masks.only(data, _ENVIRONMENT)
    # What is read here does not hang on who reads it where.
    return gaps.find(inside, _VARIABLE, _from_environment, fits=False)


def _from_environment(found: "re.Match[bytes]") -> bytes | None:
    value = os.environb.get(found["braced"] or found["bare"])
    other = found["else"]
    return value if value or other is None else other.lstrip(b":")[1:]


framework = Framework(
    name="goose",
    title="goose",
    run_mode=RunMode.TRANSACTION,
    recognises=lambda folder: _MARK.search(folder.beginnings) is not None,
    discover=lambda directory: sorted(_files(directory), key=lambda path: number(path.name)),
    version=lambda path: str(number(path.name) or path.stem),
    names="1_name.sql",
    misnamed="its name begins with no number above 0: goose itself refuses to start",
    mode=lambda _path, data: RunMode.AUTOCOMMIT if _NO_TRANSACTION.search(data) else RunMode.TRANSACTION,
    up=lambda data: masks.up_parts(data, _PARTS),
    down=lambda data: masks.down_parts(data, _PARTS),
    gaps=_gaps,
    told="set the variable in the environment",
    blocks=Blocks("-- +goose StatementBegin", "-- +goose StatementEnd"),
    bookkeeping=Bookkeeping(
        "goose_db_version", "SELECT version_id::text FROM goose_db_version WHERE is_applied AND version_id > 0"
    ),
    session=Session.SHARED,
    order=Order.NUMBER,
    twice="goose refuses to start",
    edited="goose compares no checksums: databases that have run it are not changed by it any more",
    failed="nothing; with NO TRANSACTION what its statements did, and the whole file is run again",
    older=Older.REFUSED,
)


def _files(directory: Path) -> list[Path]:
    return [path for path in matching(directory, r"\d+_.*\.sql") if number(path.name)]
