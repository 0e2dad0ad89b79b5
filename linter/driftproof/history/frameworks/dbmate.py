"""dbmate: ``1_name.sql`` in the order of their names, the ways up behind ``-- migrate:up``.

Source: amacneil/dbmate, pkg/dbmate/db.go, migration.go. The way up in a transaction, unless its mark says
``transaction:false``: then it is one simple query. A second way up in a file never takes effect: it notes the version
a second time, and fails for that.
"""

import re

from driftproof.history import masks
from driftproof.history.files import leading, matching
from driftproof.history.model import Bookkeeping, Framework, RunMode, Session

_MARK = re.compile(rb"(?m)^--[ \t]*migrate:(?:up|down)(?=\s|\Z)")
_UP = re.compile(rb"(?m)^--[ \t]*migrate:up(?P<options>[ \t\r][^\n]*)?$")
_DOWN = re.compile(rb"(?m)^--[ \t]*migrate:down(?P<options>[ \t\r][^\n]*)?$")


def _up(data: bytes) -> bytes:
    up = _UP.search(data)
    if up is None or (end := _MARK.search(data, up.end())) is None:
        return data
    return data[: end.start()] + masks.blank(data[end.start() :])


def _down(data: bytes) -> bytes:
    down = _DOWN.search(data)
    if down is None:
        return masks.blank(data)
    end = _MARK.search(data, down.end())
    last = len(data) if end is None else end.start()
    return masks.blank(data[: down.start()]) + data[down.start() : last] + masks.blank(data[last:])


def _mode(mark: "re.Pattern[bytes]", data: bytes) -> RunMode:
    part = mark.search(data)
    loose = part is not None and b"transaction:false" in (part["options"] or b"").split()
    return RunMode.SIMPLE if loose else RunMode.TRANSACTION


framework = Framework(
    name="dbmate",
    title="dbmate",
    run_mode=RunMode.TRANSACTION,
    recognises=lambda folder: _UP.search(folder.beginnings) is not None,
    discover=lambda directory: sorted(matching(directory, r"\d+.*\.sql"), key=lambda path: path.name.encode()),
    version=leading,
    names="1_name.sql",
    mode=lambda _path, data: _mode(_UP, data),
    down_mode=lambda _path, data: _mode(_DOWN, data),
    up=_up,
    down=_down,
    bookkeeping=Bookkeeping("schema_migrations", "SELECT version FROM schema_migrations"),
    session=Session.SHARED,
    twice="dbmate fails at the second one, or holds it for applied",
    edited="dbmate compares no checksums: databases that have run it are not changed by it any more",
)
