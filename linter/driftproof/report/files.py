"""A history as it is understood: which files are run in which order and how, and which are left out and why."""

from collections.abc import Iterator
from pathlib import Path

from driftproof.history import Framework, History, Migration, left_out
from driftproof.report.frame import visible
from driftproof.source import Source, Unreadable


def lines(history: History) -> Iterator[str]:
    """What to print of a history."""
    framework = history.framework
    if history.alone:
        migration = history.migrations[0]
        yield visible(f"{migration.path}: stands alone ({framework.title})")
        yield from (f"  {word}" for word in _notes(framework, migration))
        yield ""
        return
    directory = history.directory or Path()
    count = len(history.migrations)
    yield visible(f"{directory}: {framework.title} ({framework.name}), {count} {'file' if count == 1 else 'files'}")
    width = max(len(migration.version) for migration in history.migrations)
    for migration in history.migrations:
        name = Path(migration.path)
        shown = name.relative_to(directory) if name.is_relative_to(directory) else name
        words = ", ".join([str(migration.run_mode), *_notes(framework, migration)])
        mark = " " if migration.index in history.named else "-"
        yield visible(f" {mark}{migration.index + 1:>5}  {migration.version:{width}}  {shown}  [{words}]")
        if (back := migration.back) is not None:
            name = Path(back.path)
            shown = name.relative_to(directory) if name.is_relative_to(directory) else name
            words = ", ".join([str(back.run_mode), "the way back", *_notes(framework, back)])
            yield visible(f"       {'':{width}}    {shown}  [{words}]")
    for path, why in left_out(history):
        shown = path.relative_to(directory) if path.is_relative_to(directory) else path
        yield visible(f"  left out: {shown}: {why}")
    yield f"  after a failure: {framework.failed or _after_failure(history)}"
    yield f"  an edited one: {framework.edited}"
    yield f"  one that is added below the last: {framework.older}"
    yield ""


def _after_failure(history: History) -> str:
    clean = all(migration.run_mode.clean_after_failure for migration in history.migrations)
    return (
        "nothing of the file stays" if clean else "nothing of the file stays; in autocommit what was done before does"
    )


def _notes(framework: Framework, migration: Migration) -> list[str]:
    """What is to be said of a file: that it is run again, which of its lines are not run, or not always."""
    notes = ["repeatable"] if migration.repeatable else []
    try:
        sql = migration.source.sql.encode().split(b"\n")
    except Unreadable as error:
        return [*notes, error.message]
    written = migration.source.data.split(b"\n")
    masked = [at + 1 for at, (left, now) in enumerate(zip(written, sql, strict=True)) if left.strip() != now.strip()]
    blanked = {at for at in masked if not sql[at - 1].strip()}
    changed = [at for at in masked if at not in blanked]
    if blanked:
        # Empty lines between two that are blanked out go with them.
        empty = {at + 1 for at, line in enumerate(written) if not line.strip()}
        notes.append(f"without {_ranges(sorted(blanked), empty)}")
    if changed:
        notes.append(f"stand-ins in {_ranges(changed, set())}")
    for words, stretches in (
        ("perhaps without", framework.perhaps(migration)),
        ("what is put in is not read:", tuple((gap.start, gap.end) for gap in migration.source.gaps if gap.whole)),
    ):
        if stretches:
            notes.append(f"{words} {_ranges(_lines_of(migration.source, stretches), set())}")
    return notes


def _lines_of(source: Source, stretches: tuple[tuple[int, int], ...]) -> list[int]:
    """The lines in which the stretches stand that are not empty."""
    found: set[int] = set()
    for begin, end in stretches:
        text = source.data[begin:end]
        begin += len(text) - len(text.lstrip())
        found.update(range(source.line_number(begin), source.line_number(begin + len(text.strip())) + 1))
    return sorted(found)


def _ranges(numbers: list[int], between: set[int]) -> str:
    """``lines 3-7, 12``."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and all(at in between for at in range(ranges[-1][1] + 1, number)):
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    texts = [str(first) if first == last else f"{first}-{last}" for first, last in ranges]
    return f"line{'s' if len(texts) > 1 or '-' in texts[0] else ''} {', '.join(texts)}"
