"""Flyway: ``V1_2__name.sql`` by the parts of their versions, then ``R__name.sql`` by their names, folders included.

Source: flyway/flyway, flyway-core (ResourceNameParser, MigrationVersion, ResolvedMigrationComparator,
SqlScriptMetadata, callback/Event) and PostgreSQLParser. A file runs in a transaction, statement by statement; one whose
statements all cannot run in one goes without, and so does one whose ``FILE.conf`` says ``executeInTransaction=false``.
Prefixes, separator and suffixes, ``group``, ``outOfOrder``, ``executeInTransaction`` and placeholders are those of the
nearest configuration.
Where Flyway looks when it is not told (``db/migration`` on the classpath, ``src/main/resources/db/migration`` in Maven
and Gradle, ``sql`` on the command line) is no matter here: its files are known by their names.
A baseline (``B1__name.sql``) is run on an empty schema instead of all that is not above it; it is in the history only
where none of those is left.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from driftproof import gaps
from driftproof.gaps import Asked, Gap, Value
from driftproof.history import masks
from driftproof.history.files import below, matching
from driftproof.history.folder import Folder
from driftproof.history.model import Bookkeeping, Framework, Older, Order, RunMode, Session
from driftproof.history.order import dotted

_VERSION = r"(\d+(?:[._]\d+)*)"
_CALLBACK = re.compile(r"(?:before|after|create)[A-Z]\w*?(?:__.*)?\.(?i:sql)\Z", re.DOTALL)
_NO_TRANSACTION = re.compile(rb"(?m)^\s*executeInTransaction\s*=\s*false\s*$")
# As Flyway itself finds them: not all that PostgreSQL has.
_OUTSIDE = re.compile(
    rb"(?i)(?:CREATE|DROP) (?:DATABASE|TABLESPACE|SUBSCRIPTION)\b|ALTER SYSTEM\b"
    rb"|(?:CREATE|DROP)(?: UNIQUE)? INDEX CONCURRENTLY\b|REINDEX(?: VERBOSE)? (?:SCHEMA|DATABASE|SYSTEM)\b"
    rb"|VACUUM\b|DISCARD ALL\b"
)


class _Settings:
    """What Flyway's own configuration says of names, transactions and placeholders."""

    def __init__(self, said: dict[str, str], values: dict[str, str]) -> None:
        prefix, suffix = (said.get(f"placeholder{end}", usual) for end, usual in (("Prefix", "${"), ("Suffix", "}")))
        self.prefix = prefix.encode()
        self.placeholder = re.compile(
            re.escape(self.prefix) + rb"(?P<name>[^\n]+?)" + re.escape(suffix.encode()), re.DOTALL
        )
        self.replaces = said.get("placeholderReplacement") != "false"
        table = said.get("table", "flyway_schema_history")
        # Names without a schema mean what is there, which is `public` here, whatever it is called.
        self.values: dict[str, Value] = {
            "flyway:defaultschema": b"public",
            "flyway:database": Asked.DATABASE,
            "flyway:user": Asked.USER,
            "flyway:table": table.encode(),
            **{name.lower(): value.encode() for name, value in values.items()},
        }
        separator = re.escape(said.get("sqlMigrationSeparator", "__"))
        suffixes = "|".join(map(re.escape, re.findall(r"\.\w+", said.get("sqlMigrationSuffixes", ".sql"))))
        ending = rf"(?i:{suffixes or '[.]sql'})\Z"
        versioned, repeated, undo, baseline = (
            re.escape(said.get(f"{kind}MigrationPrefix", prefix))
            for kind, prefix in (("sql", "V"), ("repeatableSql", "R"), ("undoSql", "U"), ("baseline", "B"))
        )
        self.name = re.compile(
            rf"(?:(?P<baseline>{baseline})|{versioned}){_VERSION}(?:{separator}(?P<description>.*))?{ending}"
            rf"|(?P<repeated>{repeated}){separator}(?P<repeats>.*){ending}",
            re.DOTALL,
        )
        self.undo = re.compile(rf"{undo}{_VERSION}(?:{separator}.*)?{ending}", re.DOTALL)
        self.batch = said.get("group") == "true"
        self.late = said.get("outOfOrder") == "true"
        self.loose = said.get("executeInTransaction") == "false"


_FILES = (
    "flyway.toml",
    "flyway.conf",
    "conf/flyway.conf",
    "application.properties",
    "application.yml",
    "application.yaml",
)
_SETTING = re.compile(r"""(?m)^[ \t]*([a-zA-Z][\w.-]*)[ \t]*=[ \t]*["']?([^"'\r\n#]*?)["']?[ \t]*\r?$""")
_YAML = re.compile(
    r"""(?m)^(?P<indent> *)(?P<key>[\w.-]+):(?:[ \t]+(?P<quote>["']?)(?P<value>[^"'\r\n#]*?)(?P=quote))?[ \t]*\r?$"""
)
_KEBAB = re.compile(r"-(\w)")
_PLACEHOLDERS = "placeholders."
_LEVELS_ABOVE = 5


def _settings(directory: Path) -> _Settings:
    """The configuration that stands in a directory or nearest above it."""
    return _settings_of(directory.absolute())


@cache
def _settings_of(directory: Path) -> _Settings:
    for folder in (directory, *directory.resolve().parents[:_LEVELS_ABOVE]):
        for name in _FILES:
            try:
                text = (folder / name).read_text(errors="replace")
            except OSError:
                continue
            if "flyway" not in text:
                continue
            spring = name.startswith("application")
            said: dict[str, str] = {}
            values: dict[str, str] = {}
            begin = "spring.flyway." if spring else "flyway."
            for key, value in _entries(name, text):
                if spring and not key.startswith(begin):
                    continue
                key = key.removeprefix(begin)
                if key.startswith(_PLACEHOLDERS):
                    values[key.removeprefix(_PLACEHOLDERS)] = value
                else:
                    said[_KEBAB.sub(lambda found: found[1].upper(), key)] = value
            return _Settings(said, {key: value for key, value in values.items() if "${" not in value})
    return _Settings({}, {})


def _entries(name: str, text: str) -> Iterator[tuple[str, str]]:
    """What a configuration says, its keys with dots between their parts."""
    if name.endswith(".toml"):
        import tomllib

        with suppress(tomllib.TOMLDecodeError):
            yield from _flat(tomllib.loads(text))
    elif name.endswith((".yml", ".yaml")):
        above: list[tuple[int, str]] = []
        for found in _YAML.finditer(text):
            indent = len(found["indent"])
            above = [entry for entry in above if entry[0] < indent]
            if found["value"]:
                yield ".".join([*(key for _, key in above), found["key"]]), found["value"]
            else:
                above.append((indent, found["key"]))
    else:
        yield from _SETTING.findall(text)


def _flat(table: dict[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield above + key, str(value).lower() if isinstance(value, bool) else str(value)


def _named(path: Path) -> "re.Match[str] | None":
    return _settings(path.parent).name.match(path.name)


def _recognises(folder: Folder) -> bool:
    name = _settings(folder.path).name
    if any(map(name.match, folder.sql)):
        return True
    return folder.path.name in ("migration", "migrations") and any(
        any(map(name.match, Folder(folder.path / inner).sql)) for inner in folder.folders if inner[0] != "."
    )


def _version(path: Path) -> str:
    settings = _settings(path.parent)
    if found := settings.undo.match(path.name):
        return found[1].replace("_", ".")
    found = settings.name.match(path.name)
    return found[2].replace("_", ".") if found and found[2] else path.stem


def _discover(directory: Path) -> list[Path]:
    versioned: list[Path] = []
    baselines: list[Path] = []
    repeated: list[Path] = []
    for path in below(directory, ""):
        if match := _named(path):
            (baselines if match["baseline"] else repeated if match["repeated"] else versioned).append(path)
    versioned.sort(key=_number)
    if baselines:
        baseline = max(baselines, key=_number)
        if all(_number(path) > _number(baseline) for path in versioned):
            versioned.insert(0, baseline)
    return versioned + sorted(repeated, key=_description)


def _number(path: Path) -> tuple[int, ...]:
    return dotted(_version(path))


def _description(path: Path) -> str:
    found = _named(path)
    return (found["repeats"] if found else path.name).replace("_", " ")


def _alone(directory: Path) -> list[Path]:
    return [path for path in below(directory) if _CALLBACK.match(path.name)]


def _left_out(path: Path) -> str | None:
    if _settings(path.parent).undo.match(path.name):
        return "an undo migration: the way down"
    if _CALLBACK.match(path.name):
        return "a callback: run beside the migrations"
    return "a baseline: run on an empty schema only, instead of the older ones" if _named(path) else None


def _down_file(path: Path) -> Path | None:
    found = _named(path)
    if found is None or found["baseline"] or found["repeated"]:
        return None
    number = _number(path)
    undo = (other for other in matching(path.parent, _settings(path.parent).undo.pattern) if _number(other) == number)
    return next(undo, None)


def _gaps(path: Path, data: bytes) -> tuple[Gap, ...]:
    settings = _settings(path.parent)
    if settings.prefix not in data or not settings.replaces:
        return ()
    values = settings.values | {"flyway:filename": path.name.encode()}
    return gaps.find(data, settings.placeholder, lambda found: values.get(found["name"].decode("latin1").lower()))


def _is_repeated(path: Path, _data: bytes) -> bool:
    found = _named(path)
    return found is not None and found["repeated"] is not None


def _mode(path: Path, data: bytes) -> RunMode:
    settings = _settings(path.parent)
    if settings.batch:
        return RunMode.BATCH
    if settings.loose:
        return RunMode.AUTOCOMMIT
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
    repeatable=_is_repeated,
    feeds_copy=True,
    gaps=_gaps,
    told="give it one in Flyway's configuration (flyway.placeholders.NAME)",
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
    failed="nothing; without a transaction what its statements did, and Flyway refuses to go on until `flyway repair`",
    older=Older.REFUSED,
    may_be_late=lambda path: _settings(path.parent).late,
)
