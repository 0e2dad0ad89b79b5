"""What git knows of files beside the main branch. Outside of a repository it knows nothing."""

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

_SECONDS = 10.0
_NAMES = ("refs/remotes/origin/main", "refs/remotes/origin/master", "refs/heads/main", "refs/heads/master")
_HEAD = "refs/remotes/origin/HEAD"


class Difference(msgspec.Struct, frozen=True):
    """How the files of a directory differ from those of the main ``branch``, where the one at hand left it: by their
    paths below the directory, the changed and the gone ones with what tells the text that they had."""

    branch: str
    new: frozenset[str]
    changed: dict[str, str]
    gone: dict[str, str]

    @property
    def shown(self) -> str:
        """The branch as people call it."""
        return self.branch.removeprefix("refs/heads/").removeprefix("refs/remotes/")


def difference(directory: Path) -> Difference | None:
    """What the working tree has made of a directory, committed or not; None where no main branch is known."""
    branch = _main(directory)
    if branch is None:
        return None
    compare = ("diff", "--raw", "--no-abbrev", "--no-renames", "--no-ext-diff", "-z", "--relative", "--merge-base")
    listed = _git(directory, *compare, branch, "./")
    untracked = _git(directory, "ls-files", "--others", "-z", "./")
    if listed is None or untracked is None:
        return None
    new = {name for name in untracked.split("\0") if name}
    changed: dict[str, str] = {}
    gone: dict[str, str] = {}
    fields = iter(listed.split("\0"))
    for head, name in zip(fields, fields, strict=False):
        _, _, blob, _, status = head.split(" ")
        if status == "A":
            new.add(name)
        else:
            (gone if status == "D" else changed)[name] = blob
    gone = {name: blob for name, blob in gone.items() if name not in new}
    return Difference(branch, frozenset(new), changed, gone)


def text(directory: Path, blob: str) -> bytes:
    """The text that a `Difference` tells."""
    return _run(directory, "cat-file", "blob", blob) or b""


def added_since(directory: Path, branch: str) -> list[str]:
    """The files that the branch has got since the one at hand left it."""
    compare = ("diff", "--name-only", "--diff-filter=A", "--no-renames", "--no-ext-diff", "-z", "--relative")
    listed = _git(directory, *compare, f"HEAD...{branch}", "./")
    return [name for name in (listed or "").split("\0") if name]


def parting(directory: Path, branch: str) -> str | None:
    """The commit at which the one at hand left the branch."""
    base = _git(directory, "merge-base", "HEAD", branch)
    return None if base is None else base.strip()


def write_out(directory: Path, commit: str, into: Path) -> None:
    """Write the directory into another place, as a commit has it; nothing if it is not there."""
    said = _git(directory, "rev-parse", "--show-toplevel", f"{commit}:./")
    if said is None:
        return
    top, tree = said.splitlines()
    if (packed := _run(Path(top), "archive", "--format=tar", tree)) is None:
        return
    import io
    import tarfile

    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(into, filter="data")


def on_main(paths: Iterable[str]) -> list[str]:
    """Those of the paths that the repository's main branch has, in their order."""
    known: dict[Path, frozenset[str]] = {}
    found = []
    for path in paths:
        directory = Path(path).parent
        if directory not in known:
            known[directory] = _names(directory)
        if Path(path).name in known[directory]:
            found.append(path)
    return found


def _names(directory: Path) -> frozenset[str]:
    """The names of the files in a directory as the main branch has it."""
    branch = _main(directory)
    listed = _git(directory, "ls-tree", "-z", "--name-only", branch, "./") if branch is not None else None
    return frozenset(Path(name).name for name in (listed or "").split("\0") if name)


def _main(directory: Path) -> str | None:
    """The main branch: what the remote repository says that it is, else main or master, there or here."""
    if not _in_repository(directory):
        return None
    listed = _git(directory, "for-each-ref", "--format=%(refname) %(symref)", _HEAD, *_NAMES)
    there = dict(line.split(" ", 1) for line in (listed or "").splitlines())
    if target := there.get(_HEAD):
        return target
    return next((name for name in _NAMES if name in there), None)


def _in_repository(directory: Path) -> bool:
    """Whether it is worth while to ask git."""
    place = directory.resolve()
    return "GIT_DIR" in os.environ or any((above / ".git").exists() for above in (place, *place.parents))


def _git(directory: Path, *arguments: str) -> str | None:
    """What a git command prints; None if it fails."""
    said = _run(directory, *arguments)
    return None if said is None else said.decode(errors="surrogateescape")


def _run(directory: Path, *arguments: str) -> bytes | None:
    import subprocess  # loaded in a repository only: it takes as long as a git command

    command = ["git", "-C", str(directory), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
