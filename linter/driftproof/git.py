"""What git knows of files: whether they are on the main branch already. Outside of a repository it knows nothing."""

import subprocess
from collections.abc import Iterable
from pathlib import Path

_SECONDS = 10.0


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
    head = _git(directory, "symbolic-ref", "--quiet", "refs/remotes/origin/HEAD")
    if head is not None:
        return head.strip()
    names = ("refs/remotes/origin/main", "refs/remotes/origin/master", "refs/heads/main", "refs/heads/master")
    listed = _git(directory, "for-each-ref", "--format=%(refname)", *names)
    there = set((listed or "").split())
    return next((name for name in names if name in there), None)


def _git(directory: Path, *arguments: str) -> str | None:
    """What a git command prints; None if it fails."""
    command = ["git", "-C", str(directory), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode(errors="surrogateescape") if done.returncode == 0 else None
