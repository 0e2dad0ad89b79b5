"""What a history shows as a whole: versions that are given twice, an order that is not the one meant, and what became
of migrations that the main branch has."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from driftproof.history import History, Migration, Older, Order, misnamed
from driftproof.history.order import dotted
from driftproof.source import BOM, Source, Unreadable

_NUMBER = re.compile(r"-?\d+(?:\.\d+)*")
_DATE = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d*")
_SAME_EVERYWHERE = ("up.sql", "migration.sql")
_LONGEST = 17  # year to millisecond


class Late(NamedTuple):
    """A new migration that stands before one that the main ``branch`` has, and what its tool makes of that."""

    migration: Migration
    last: str
    older: Older
    branch: str


class Gone(NamedTuple):
    """A migration that the main ``branch`` has and that is none any more; ``now`` is the new one that has its text or
    its version: ``same_text`` and ``same_version`` say which of them."""

    source: Source
    now: Migration | None
    same_text: bool
    same_version: bool
    branch: str


def name_of(one: Migration | Source) -> str:
    """What to call a migration beside others of its directory."""
    path = PurePath(one.path)
    return path.name if path.name not in _SAME_EVERYWHERE else f"{path.parent.name}/{path.name}"


def never_run(history: History) -> Iterator[tuple[Source, str]]:
    """The files that the tool never runs because of their names, and what is to be said of them."""
    tool = history.framework
    skipped = (one.source for one in history.migrations if not history.alone and tool.skips(Path(one.path)))
    for source in (*history.around.ignored, *skipped):
        yield source, misnamed(tool)


def twins(history: History) -> Iterator[tuple[Migration, Migration]]:
    """Migrations whose versions are one and the same to the tool, each with another one that has it."""
    if history.framework.twice is None:
        return
    by_version: dict[Any, list[Migration]] = {}
    for migration in history.migrations:
        by_version.setdefault(_as_compared(history, migration), []).append(migration)
    for same in by_version.values():
        for migration in same if len(same) > 1 else ():
            yield migration, same[0] if migration is not same[0] else same[1]


def _as_compared(history: History, migration: Migration) -> Any:
    version = migration.version
    return dotted(version) if history.framework.order is Order.NUMBER and _NUMBER.fullmatch(version) else version


def out_of_order(history: History) -> Iterator[tuple[Migration, Migration]]:
    """Migrations that the tool runs before another one, though their versions mean to come after it: numbers that are
    compared as text, or dates of different lengths. Where no tool is known: those that text would put before another
    one."""
    order = history.framework.order
    if order is Order.LIST:
        return
    versioned = [migration for migration in history.migrations if not migration.repeatable]
    for one, other in pairwise(versioned):
        before, after = (re.match(r"\d+", migration.version) for migration in (one, other))
        if before is None or after is None:
            continue
        numbers = int(before[0]), int(after[0])
        as_text = name_of(one).encode() < name_of(other).encode()
        if history.framework.guessed:
            if numbers[0] < numbers[1] and not as_text:
                yield other, one
        elif _DATE.fullmatch(before[0]) and _DATE.fullmatch(after[0]):
            if before[0].ljust(_LONGEST, "0") > after[0].ljust(_LONGEST, "0"):
                yield one, other
        elif order is Order.TEXT and numbers[0] > numbers[1] and as_text:
            yield one, other


def late(history: History) -> Iterator[Late]:
    """New migrations that stand before some that the main branch has, and so may be applied already."""
    framework, changes = history.framework, history.around.changes
    if framework.guessed or changes is None or not changes.new:
        return
    versioned = [migration for migration in history.migrations if not migration.repeatable]
    old = [migration for migration in versioned if migration.path not in changes.new]
    age = framework.age
    last = None if not old else old[-1] if age is None else max(old, key=lambda one: age(Path(one.path)))
    moved = {_text(history, data) for texts in (changes.edited, changes.gone) for data in texts.values()}
    taken = {framework.version(Path(path)) for path in changes.gone}
    for migration in versioned:
        if migration.path not in changes.new or migration.version in taken:
            continue
        # What has the text of another one was moved: of that something else is said.
        if moved and _text(history, migration.source.data) in moved:
            continue
        before = changes.overtaken.get(migration.path)
        if before is None and last is not None and _is_older(history, migration, last):
            before = name_of(last)
        if before is not None:
            may = framework.may_be_late(Path(migration.path))
            yield Late(migration, before, Older.APPLIED if may else framework.older, changes.branch)


def _is_older(history: History, one: Migration, other: Migration) -> bool:
    age = history.framework.age
    if age is None:
        return one.index < other.index
    return age(Path(one.path)) <= age(Path(other.path))


def edited(history: History) -> Iterator[tuple[Migration, str]]:
    """Migrations that are another text to their tool than on the main branch, and the name of that. To a tool that
    compares no texts, it is another one with other statements."""
    changes = history.around.changes
    if history.framework.guessed or changes is None:
        return
    texts = {_text(history, migration.source.data) for migration in history.migrations} if changes.edited else set()
    for migration in history.migrations:
        before = changes.edited.get(migration.path)
        if before is None or migration.repeatable:
            continue
        was = _text(history, before)
        # A text that goes on under another name was moved, and this is a new migration.
        if was not in texts:
            yield migration, changes.branch


def gone(history: History) -> Iterator[Gone]:
    """Migrations of the main branch that are none any more, or have another name to which their tool says something."""
    framework, changes = history.framework, history.around.changes
    if framework.guessed or changes is None:
        return
    new = [one for one in history.migrations if one.path in changes.new] if changes.gone else []
    by_text = {_text(history, one.source.data): one for one in new}
    by_version = {one.version: one for one in new if not one.repeatable}
    for path, data in changes.gone.items():
        source, version = Source(path, data), framework.version(Path(path))
        if framework.repeatable(Path(path), data):
            continue
        same = by_text.get(_text(history, data))
        now = same or by_version.get(version)
        found = Gone(source, now, same is not None, now is not None and now.version == version, changes.branch)
        if not (found.same_text and found.same_version) or framework.renamed is not None:
            yield found


def _text(history: History, data: bytes) -> object:
    """A text as the tool compares it; line ends, which git and editors change, make no difference."""
    data = data.removeprefix(BOM).replace(b"\r\n", b"\n")
    if history.framework.checksum is not None:
        return history.framework.checksum(data)
    from driftproof.syntax import ParseError

    try:
        text = Source("", data, history.framework.up).sql.encode()
        return tuple(_words(text))
    except (Unreadable, ParseError):
        return data


def _words(text: bytes) -> Iterator[str]:
    """The tokens of a text, those of bodies too; in which case a keyword or a bare name is written means nothing."""
    from driftproof.syntax import ParseError, tokens

    for token in tokens(text, 0, len(text)):
        quote = re.match(r"\$\w*\$", token.text)
        if quote is None:
            yield token.text if token.text[0] in "'\"" or token.name == "SCONST" else token.text.lower()
            continue
        body = token.text[quote.end() : -quote.end()].encode()
        try:
            yield from (quote[0], *_words(body), quote[0])
        except ParseError:
            yield token.text
