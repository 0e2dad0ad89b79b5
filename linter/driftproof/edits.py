"""Text edits on bytes: merged, ordered, applied in one pass, written as their place asks for. Knows no SQL."""

from collections.abc import Iterable

import msgspec

from driftproof.diagnostic import Applicability, Edit, Fix
from driftproof.source import Source


def merge(fixes: Iterable[Fix]) -> tuple[list[Edit], list[Fix]]:
    """The edits of as many fixes as go together, in the order in which they are applied, and those fixes.

    An edit that several fixes share is made once. A fix that overlaps an earlier one, or itself, is left out.
    """
    taken: list[Edit] = []
    applied: list[Fix] = []
    for fix in fixes:
        new = [edit for edit in dict.fromkeys(fix.edits) if edit not in taken]
        if any(_overlap(edit, other) for at, edit in enumerate(new) for other in (*taken, *new[:at])):
            continue
        taken.extend(new)
        applied.append(fix)
    taken.sort(key=lambda edit: (edit.start, edit.end, edit.order))
    return taken, applied


def apply(data: bytes, edits: Iterable[Edit]) -> bytes:
    """The bytes with the edits made; they must be sorted and must not overlap."""
    parts: list[bytes] = []
    at = 0
    for edit in edits:
        parts.append(data[at : edit.start])
        parts.append(edit.text.encode())
        at = edit.end
    parts.append(data[at:])
    return b"".join(parts)


def moved(offset: int, edits: Iterable[Edit]) -> int:
    """Where the byte at ``offset`` stands after the edits; what is inserted at that place comes before it."""
    return offset + sum(len(edit.text.encode()) - (edit.end - edit.start) for edit in edits if edit.end <= offset)


def in_its_place(source: Source, fix: Fix | None) -> Fix | None:
    """The fix of a way back that stands in one file with the way up: where that is in lines of comments, so are those
    that the fix adds; only shown, where the tool would read something else than the way back with the fix."""
    if fix is None:
        return None
    read = source.sql.encode()
    edits = tuple(_behind_marks(edit, source, read) for edit in fix.edits)
    after = source.rewritten(apply(source.data, edits)).sql
    if after.split() == apply(read, fix.edits).decode().split():
        return msgspec.structs.replace(fix, edits=edits)
    return msgspec.structs.replace(fix, applicability=Applicability.DISPLAY)


def _behind_marks(edit: Edit, source: Source, read: bytes) -> Edit:
    """An edit whose lines begin as the one does that it stands in, if that is a comment which the tool reads."""
    start, end = source.line_start(edit.start), source.line_end(edit.start)
    line = read[start:end]
    mark = source.data[start : end - len(line.lstrip())] if line.strip() else b""
    if not mark.lstrip().startswith(b"--"):
        return edit
    return msgspec.structs.replace(edit, text=edit.text.replace("\n", "\n" + mark.decode()))


def _overlap(one: Edit, other: Edit) -> bool:
    """Whether two edits change the same bytes, or insert different texts with the same order at one place."""
    if one.start == one.end and other.start == other.end:
        return one.start == other.start and one.order == other.order
    return one.start < other.end and other.start < one.end
