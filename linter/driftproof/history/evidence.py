"""What a real database was seen to have: a snapshot of its catalogs that stands beside the migrations.

``NAME.snapshot.json`` in the migrations' directory or in the one above it; NAME says which database it is
(``production``). No migration tool runs a file of that name: it ends neither in ``.sql`` nor in the name of a script,
and begins with no digit. Names and definitions only, one object a line, so that a diff tells what changed.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from driftproof.unusable import Unusable

SUFFIX = ".snapshot.json"
FORMAT = 1
_NAME = re.compile(r"[^\W\d][^/\\]*\.snapshot\.json\Z")


class Evidence(msgspec.Struct, frozen=True, kw_only=True, rename={"search_path": "search path"}):
    """A database at one moment. ``taken`` is the day and time (UTC); ``applied`` are the versions of the migrations
    that it had run, None where nothing in it keeps account of them; ``search_path`` and ``roles`` are as its user sees
    them.

    ``objects`` are those of `driftproof.runner.snapshot`, by kind and quoted name, each with its attributes as text.
    ``path`` is that of the file.
    """

    format: int
    taken: str
    server: str
    search_path: tuple[str, ...]
    roles: tuple[str, ...]
    applied: tuple[str, ...] | None
    objects: dict[str, dict[str, str]]
    path: str = ""

    @property
    def database(self) -> str:
        """Which database it is, by the name of the file."""
        return Path(self.path).name.removesuffix(SUFFIX)


def check_name(path: Path) -> None:
    """Raises Unusable for a name that a migration tool might take for one of its files, or by which none is found."""
    if not _NAME.match(path.name):
        raise Unusable(
            f"{path}: call it NAME{SUFFIX}, where NAME begins with a letter: so check finds it, and no tool runs it"
        )


def read(path: Path) -> Evidence:
    """The snapshot in a file. Raises Unusable and OSError."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Evidence)
    except msgspec.DecodeError as error:
        raise Unusable(f"{path}: not a snapshot of driftproof preflight: {error}") from None
    if found.format != FORMAT:
        raise Unusable(f"{path}: a snapshot of format {found.format}, which another version of driftproof has written")
    return msgspec.structs.replace(found, path=str(path))


def written(evidence: Evidence) -> bytes:
    """The file: JSON with one object a line, in the order of their names."""
    return "".join(_lines(evidence)).encode()


def _lines(evidence: Evidence) -> Iterator[str]:
    yield f'{{"format": {evidence.format}, "taken": {_json(evidence.taken)}, "server": {_json(evidence.server)},\n'
    yield f'"search path": {_json(evidence.search_path)},\n"roles": {_list(evidence.roles)},\n'
    yield f'"applied": {"null" if evidence.applied is None else _list(evidence.applied)},\n'
    objects = (f"\n{_json(key)}: {_json(attributes)}" for key, attributes in evidence.objects.items())
    yield '"objects": {' + ",".join(objects) + "}}\n"


def _list(names: Iterable[str]) -> str:
    return "[" + ",".join(f"\n{_json(name)}" for name in names) + "]"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
