"""Fixes as the tool that runs the file can read them: some cut it at semicolons, those of a block's body too."""

import re

import msgspec

from driftproof.diagnostic import Applicability, Edit, Fix
from driftproof.history import Blocks
from driftproof.rule import FileContext

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


def _marked(edit: Edit, blocks: Blocks, data: bytes) -> Edit:
    ahead = data[: edit.start]
    if ahead.rfind(blocks.begin.encode()) > ahead.rfind(blocks.end.encode()):
        return edit  # it stands between such lines already
    newline = "\r\n" if "\r\n" in edit.text else "\n"

    def mark(found: re.Match[str]) -> str:
        return f"{blocks.begin}{newline}{found[0]}" if found["end"] is None else f"{found[0]}{newline}{blocks.end}"

    return msgspec.structs.replace(edit, text=_BLOCK.sub(mark, edit.text))
