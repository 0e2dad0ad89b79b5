"""The text of one file: bytes as they lie on disk, and the places in it."""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from functools import cached_property
from itertools import accumulate
from pathlib import Path

import msgspec

from driftproof.gaps import NO_ANSWERS, Asked, Gap, Sent, show

BOM = b"\xef\xbb\xbf"


class Position(msgspec.Struct, frozen=True, gc=False):
    """A place in a file: ``line`` and ``column`` (in code points) count from 1, ``offset`` is in bytes from 0."""

    line: int
    column: int
    offset: int


class Span(msgspec.Struct, frozen=True, gc=False):
    """A stretch of a file; ``end`` is exclusive."""

    start: Position
    end: Position


class Unreadable(Exception):
    """A file that holds no text: not UTF-8, or with a NUL byte. ``offset`` is the byte that shows it."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


class Source:
    """One file's bytes, never changed; every offset in the project points into ``data``. ``up`` blanks out what is not
    run, with the same length; ``find`` says where in the rest other text is put in."""

    def __init__(
        self,
        path: str,
        data: bytes,
        up: Callable[[bytes], bytes] | None = None,
        find: Callable[[bytes], tuple[Gap, ...]] | None = None,
    ) -> None:
        self.path = path
        self.data = data
        self.up = up
        self.find = find

    @classmethod
    def read(cls, path: Path, up: Callable[[bytes], bytes] | None = None) -> "Source":
        """The file at ``path``. Raises OSError."""
        return cls(str(path), path.read_bytes(), up)

    def rewritten(self, data: bytes) -> "Source":
        """The same file with other bytes."""
        return Source(self.path, data, self.up, self.find)

    @cached_property
    def sql(self) -> str:
        """The text for the parser: a BOM becomes three spaces, so that byte offsets hold. Raises Unreadable."""
        nul = self.data.find(b"\0")
        if nul >= 0:
            raise Unreadable("NUL byte: this is not a text file", nul)
        data = show(self._run, self.gaps) if self.gaps else self._run
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            byte = data[error.start]
            raise Unreadable(f"not UTF-8: byte 0x{byte:02x}; save the file as UTF-8", error.start) from None

    @cached_property
    def _run(self) -> bytes:
        data = b"   " + self.data[len(BOM) :] if self.data.startswith(BOM) else self.data
        return data if self.up is None else self.up(data)

    @cached_property
    def gaps(self) -> tuple[Gap, ...]:
        """Where other text is put in."""
        return () if self.find is None else self.find(self._run)

    def sent(self, start: int = 0, end: int | None = None, answers: Mapping[Asked, bytes] = NO_ANSWERS) -> Sent:
        """What the tool sends of a stretch of `sql`. Raises Unreadable."""
        return Sent(self._encoded, self.gaps, start, len(self._encoded) if end is None else end, answers)

    @cached_property
    def _encoded(self) -> bytes:
        return self.sql.encode()

    @cached_property
    def unknown(self) -> Gap | None:
        """The first place in which the tool puts a text that nobody here knows."""
        return next((gap for gap in self.gaps if gap.unknown is not None), None)

    @cached_property
    def newline(self) -> bytes:
        """The line end that the file uses: that of its first line."""
        first = self.data.find(b"\n")
        return b"\r\n" if first > 0 and self.data[first - 1 : first] == b"\r" else b"\n"

    @cached_property
    def _lines(self) -> list[int]:
        lengths = [len(line) + 1 for line in self.data.split(b"\n")]
        return list(accumulate(lengths[:-1], initial=0))

    def position(self, offset: int) -> Position:
        """Where the byte ``offset`` stands."""
        line = bisect_right(self._lines, offset)
        start = self._lines[line - 1]
        if line == 1 and self.data.startswith(BOM):
            start = min(len(BOM), offset)
        return Position(line, len(self.data[start:offset].decode(errors="replace")) + 1, offset)

    def line_number(self, offset: int) -> int:
        """The line of the byte ``offset``, from 1."""
        return self.data.count(b"\n", 0, offset) + 1

    def span(self, start: int, end: int) -> Span:
        """The bytes from ``start`` up to ``end``."""
        return Span(self.position(start), self.position(end))

    def line_start(self, offset: int) -> int:
        """The offset at which the line of ``offset`` begins."""
        return self.data.rfind(b"\n", 0, offset) + 1

    def line_end(self, offset: int) -> int:
        """The offset of the line end after ``offset``, or of the end of the file."""
        end = self.data.find(b"\n", offset)
        if end < 0:
            return len(self.data)
        return end - 1 if self.data[end - 1 : end] == b"\r" and end > offset else end

    def line(self, offset: int) -> str:
        """The line of ``offset`` without its end, for showing."""
        start = self.line_start(offset)
        return self.data[start : self.line_end(start)].removeprefix(BOM).decode(errors="replace")
