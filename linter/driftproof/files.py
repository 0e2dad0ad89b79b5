"""Replace files whole or not at all."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from stat import S_IMODE, S_ISREG

from driftproof.unusable import Unusable


def replace_files(contents: Iterable[tuple[str, bytes]]) -> None:
    """Give each file at a path new contents. Raises Unusable.

    Each file is written beside its target, brought to the disk and moved onto it, with the target's mode and owner;
    a symbolic link stays one. Nothing is moved before everything is written, and no file is ever seen half written.
    """
    ready: list[tuple[str, Path, Path]] = []
    try:
        for path, data in contents:
            try:
                target = Path(path).resolve(strict=True)
                ready.append((path, _write_beside(target, data), target))
            except OSError as error:
                raise _unwritable(path, error) from None
        while ready:
            path, written, target = ready[0]
            try:
                written.replace(target)
            except OSError as error:
                raise _unwritable(path, error) from None
            del ready[0]
            _sync_directory(target.parent)
    finally:
        for _, written, _ in ready:
            written.unlink()


def _unwritable(path: str, error: OSError) -> Unusable:
    return Unusable(f"cannot write {path}: {error.strerror or error}")


def _write_beside(target: Path, data: bytes) -> Path:
    status = target.stat()
    if not S_ISREG(status.st_mode):
        raise OSError("not a regular file")
    # A rename needs no right to write the file itself, but a file that was made read-only is to stay as it is.
    os.close(os.open(target, os.O_WRONLY))
    written = target.with_name(f".driftproof-{os.urandom(6).hex()}.tmp")
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            _take_over(descriptor, status)
            os.fsync(descriptor)
    except BaseException:
        written.unlink()
        raise
    return written


def _take_over(descriptor: int, status: os.stat_result) -> None:
    if not hasattr(os, "fchown"):  # Windows has neither owners nor mode bits in this sense
        return
    own = os.fstat(descriptor)
    if (own.st_uid, own.st_gid) != (status.st_uid, status.st_gid):
        with suppress(PermissionError):  # only root may give files away; the contents matter more
            os.fchown(descriptor, status.st_uid, status.st_gid)
    os.fchmod(descriptor, S_IMODE(status.st_mode))


def _sync_directory(directory: Path) -> None:
    """Bring the rename itself to the disk, where the system can."""
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
