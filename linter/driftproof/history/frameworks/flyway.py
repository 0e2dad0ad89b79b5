"""Flyway: ``V1_2__name.sql`` by the parts of their versions, then ``R__name.sql`` by their names, folders included.

Source: flyway/flyway, flyway-core (ResourceNameParser, MigrationVersion, ResolvedMigrationComparator,
SqlScriptMetadata, callback/Event) and PostgreSQLParser. A file runs in a transaction, statement by statement; one whose
statements all cannot run in one goes without, and so does one whose ``FILE.conf`` says ``executeInTransaction=false``.
A baseline (``B1__name.sql``) is run on an empty schema instead of all that is not above it; it is in the history only
where none of those is left.
"""

import re
from pathlib import Path

from driftproof.history import masks
from driftproof.history.files import below, matching
from driftproof.history.folder import Folder
from driftproof.history.model import Bookkeeping, Framework, Older, Order, RunMode, Session
from driftproof.history.order import dotted

_NAME = re.compile(r"([VB])(\d+(?:[._]\d+)*)(?:__(.*))?\.(?i:sql)\Z|(R)__(.*)\.(?i:sql)\Z", re.DOTALL)
_UNDO = re.compile(r"(U)(\d+(?:[._]\d+)*)(?:__.*)?\.(?i:sql)\Z", re.DOTALL)
_CALLBACK = re.compile(r"(?:before|after|create)[A-Z]\w*?(?:__.*)?\.(?i:sql)\Z", re.DOTALL)
_PLACEHOLDER = re.compile(rb"\$\{[^}\n]+\}")
_NO_TRANSACTION = re.compile(rb"(?m)^\s*executeInTransaction\s*=\s*false\s*$")
# As Flyway itself finds them: not all that PostgreSQL has.
_OUTSIDE = re.compile(
    rb"(?i)(?:CREATE|DROP) (?:DATABASE|TABLESPACE|SUBSCRIPTION)\b|ALTER SYSTEM\b"
    rb"|(?:CREATE|DROP)(?: UNIQUE)? INDEX CONCURRENTLY\b|REINDEX(?: VERBOSE)? (?:SCHEMA|DATABASE|SYSTEM)\b"
    rb"|VACUUM\b|DISCARD ALL\b"
)


def _is_migration(name: str) -> bool:
    return _NAME.match(name) is not None


def _recognises(folder: Folder) -> bool:
    if any(map(_is_migration, folder.sql)):
        return True
    return folder.path.name in ("migration", "migrations") and any(
        any(map(_is_migration, Folder(folder.path / name).sql)) for name in folder.folders if name[0] != "."
    )


def _version(path: Path) -> str:
    found = _NAME.match(path.name) or _UNDO.match(path.name)
    return found[2].replace("_", ".") if found and found[2] else path.stem


def _discover(directory: Path) -> list[Path]:
    found = {"V": [], "B": [], "R": []}  # type: dict[str, list[Path]]
    for path in below(directory, ""):
        if match := _NAME.match(path.name):
            found[match[1] or match[4]].append(path)
    versioned = sorted(found["V"], key=_number)
    if found["B"]:
        baseline = max(found["B"], key=_number)
        if all(_number(path) > _number(baseline) for path in versioned):
            versioned.insert(0, baseline)
    return versioned + sorted(found["R"], key=_description)


def _number(path: Path) -> tuple[int, ...]:
    return dotted(_version(path))


def _description(path: Path) -> str:
    found = _NAME.match(path.name)
    return (found[5] if found else path.name).replace("_", " ")


def _alone(directory: Path) -> list[Path]:
    return [path for path in below(directory) if _CALLBACK.match(path.name)]


def _left_out(path: Path) -> str | None:
    if _UNDO.match(path.name):
        return "an undo migration: the way down"
    if _CALLBACK.match(path.name):
        return "a callback: run beside the migrations"
    return "a baseline: run on an empty schema only, instead of the older ones" if _NAME.match(path.name) else None


def _down_file(path: Path) -> Path | None:
    if not path.name.startswith("V"):
        return None
    number = _number(path)
    undo = (other for other in matching(path.parent, _UNDO.pattern) if _number(other) == number)
    return next(undo, None)


def _mode(path: Path, data: bytes) -> RunMode:
    try:
        if _NO_TRANSACTION.search(Path(f"{path}.conf").read_bytes()):
            return RunMode.AUTOCOMMIT
    except OSError:
        pass
    if _OUTSIDE.search(data) is None and b"\n" not in data:
        return RunMode.TRANSACTION
    statements = [b" ".join(text.split()) for text in masks.bare(data).split(b";") if text.strip()]
    outside = bool(statements) and all(map(_OUTSIDE.match, statements))
    return RunMode.AUTOCOMMIT if outside else RunMode.TRANSACTION


framework = Framework(
    name="flyway",
    title="Flyway",
    run_mode=RunMode.TRANSACTION,
    recognises=_recognises,
    reach=3,
    discover=_discover,
    version=_version,
    names="V1__name.sql, R__name.sql",
    alone=_alone,
    down_file=_down_file,
    left_out=_left_out,
    mode=_mode,
    repeatable=lambda path, _data: path.name.startswith("R__"),
    feeds_copy=True,
    up=lambda data: masks.placeholders(data, _PLACEHOLDER) if b"${" in data else data,
    bookkeeping=Bookkeeping(
        "flyway_schema_history",
        "SELECT coalesce(version, regexp_replace(script, '^.*/|[.][^.]*$', '', 'g')) FROM flyway_schema_history"
        " WHERE success AND type <> 'SCHEMA'",
    ),
    session=Session.SHARED,
    restores=("search_path", "role"),
    order=Order.NUMBER,
    twice="Flyway refuses to migrate",
    checksum=lambda data: b"\n".join(data.splitlines()),
    removed="Flyway misses it and refuses to migrate where it was applied, until `flyway repair`",
    renamed="Flyway compares names too and refuses to migrate where it was applied, until `flyway repair`",
    edited="Flyway compares checksums and refuses to migrate where it was applied, until `flyway repair`",
    failed="nothing in a transaction; else its statements stay, and nothing more is applied until `flyway repair`",
    older=Older.REFUSED,
)
