"""What ``--fix`` would change, as a patch: of bytes, so that line ends and byte order marks survive."""

import os

from driftproof.report.terminal import BOLD, CYAN, GREEN, RED, Paint

_NO_NEWLINE = b"\n\\ No newline at end of file\n"


def unified(path: str, before: bytes, after: bytes) -> bytes:
    """The patch that makes ``after`` of ``before``."""
    from difflib import diff_bytes, unified_diff

    name = os.fsencode(path)
    lines = diff_bytes(unified_diff, _lines(before), _lines(after), name, name)
    return b"".join(line if line.endswith(b"\n") else line + _NO_NEWLINE for line in lines)


def _lines(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    last = lines.pop()
    return [line + b"\n" for line in lines] + ([last] if last else [])


def painted(patch: bytes, paint: Paint) -> bytes:
    """The patch for a terminal."""
    styles = {b"+": GREEN, b"-": RED, b"@": CYAN}
    shown = []
    for line in _lines(patch):
        style = BOLD if line.startswith((b"+++", b"---")) else styles.get(line[:1])
        before, _, after = paint("\0", style).partition("\0") if style else ("", "", "")
        body = line.removesuffix(b"\n")
        shown.append(before.encode() + body + after.encode() + line[len(body) :])
    return b"".join(shown)
