"""Text edits on bytes: merged, ordered, applied in one pass. Knows no SQL."""

from collections.abc import Iterable

from driftproof.diagnostic import Edit, Fix


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


def _overlap(one: Edit, other: Edit) -> bool:
    """Whether two edits change the same bytes, or insert different texts with the same order at one place."""
    if one.start == one.end and other.start == other.end:
        return one.start == other.start and one.order == other.order
    return one.start < other.end and other.start < one.end
