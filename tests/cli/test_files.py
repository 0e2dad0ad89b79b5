"""Files are replaced whole or not at all."""

import os
import stat
import sys
from pathlib import Path

import pytest

from driftproof.files import replace_files
from driftproof.unusable import Unusable

posix = pytest.mark.skipif(sys.platform == "win32", reason="mode bits and owners")


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_contents_are_replaced(tmp_path: Path) -> None:
    file = tmp_path / "a.sql"
    file.write_bytes(b"old")
    replace_files([(str(file), b"new\r\n")])
    assert file.read_bytes() == b"new\r\n"
    assert _names(tmp_path) == ["a.sql"]


@posix
@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664, 0o755])
def test_the_mode_is_kept(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "a.sql"
    file.write_bytes(b"old")
    file.chmod(mode)
    replace_files([(str(file), b"new")])
    assert stat.S_IMODE(file.stat().st_mode) == mode


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away")
def test_the_owner_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "a.sql"
    file.write_bytes(b"old")
    os.chown(file, 12345, 23456)
    replace_files([(str(file), b"new")])
    assert (file.stat().st_uid, file.stat().st_gid) == (12345, 23456)


@posix
def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target = tmp_path / "real" / "a.sql"
    target.write_bytes(b"old")
    link = tmp_path / "link.sql"
    link.symlink_to(target)
    replace_files([(str(link), b"new")])
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert _names(tmp_path) == ["link.sql", "real"]


def test_a_name_of_any_length_will_do(tmp_path: Path) -> None:
    file = tmp_path / ("x" * 251 + ".sql")
    file.write_bytes(b"old")
    replace_files([(str(file), b"new")])
    assert file.read_bytes() == b"new"


@pytest.mark.parametrize(
    ("name", "reason"), [("missing.sql", "No such file or directory"), ("folder", "not a regular file")]
)
def test_what_cannot_be_written_is_told_and_leaves_all_files_as_they_were(
    tmp_path: Path, name: str, reason: str
) -> None:
    file = tmp_path / "a.sql"
    file.write_bytes(b"old")
    (tmp_path / "folder").mkdir()
    with pytest.raises(Unusable, match=f"cannot write .*{name}: {reason}"):
        replace_files([(str(file), b"new"), (str(tmp_path / name), b"new")])
    assert file.read_bytes() == b"old"
    assert _names(tmp_path) == ["a.sql", "folder"]


def test_a_move_that_fails_leaves_the_file_and_no_rubbish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.sql"
    file.write_bytes(b"old")

    def refuse(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(Unusable, match=r"cannot write .*: No space left on device"):
        replace_files([(str(file), b"new")])
    assert file.read_bytes() == b"old"
    assert _names(tmp_path) == ["a.sql"]


def test_an_interrupted_write_leaves_the_file_and_no_rubbish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.sql"
    file.write_bytes(b"old")

    def interrupt(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        replace_files([(str(file), b"new")])
    assert file.read_bytes() == b"old"
    assert _names(tmp_path) == ["a.sql"]
