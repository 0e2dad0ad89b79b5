"""Fixes as the tool that runs the file can read them: some cut it at semicolons, those of a block's body too."""

import re

import msgspec

from driftproof.diagnostic import Applicability, Edit, Fix
from driftproof.fix.edits import apply
from driftproof.history import Blocks
from driftproof.rule import FileContext
from driftproof.source import Source

_BLOCK = re.compile(r"(?m)^[ \t]*DO \$\w*\$(?=\r?$)|^(?P<end>[ \t]*END \$\w*\$;)(?=\r?$)")


def fitted(file: FileContext, fix: Fix | None) -> Fix | None:
    """The fix with what its tool needs around blocks; only shown, where that can't be written."""
    blocks = file.history.framework.blocks
    if fix is None or blocks is None or not any(_BLOCK.search(edit.text) for edit in fix.edits):
        return fix
    if not blocks.begin:
        return msgspec.structs.replace(fix, applicability=Applicability.DISPLAY)
    return msgspec.structs.replace(
        fix, edits=tuple(_marked(edit, blocks, file.migration.source.data) for edit in fix.edits)
    )


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


def _marked(edit: Edit, blocks: Blocks, data: bytes) -> Edit:
    ahead = data[: edit.start]
    if ahead.rfind(blocks.begin.encode()) > ahead.rfind(blocks.end.encode()):
        return edit  # it stands between such lines already
    newline = "\r\n" if "\r\n" in edit.text else "\n"

    def mark(found: re.Match[str]) -> str:
        return f"{blocks.begin}{newline}{found[0]}" if found["end"] is None else f"{found[0]}{newline}{blocks.end}"

    return msgspec.structs.replace(edit, text=_BLOCK.sub(mark, edit.text))
