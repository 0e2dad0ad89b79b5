"""Proof of several histories on several servers, by several workers, each with private servers of its own."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import msgspec

from driftproof.diagnostic import Diagnostic
from driftproof.fix.apply import FixedFile
from driftproof.history import History
from driftproof.processes import crew
from driftproof.runner.explore import Exploration
from driftproof.runner.platforms import Platform, prepare
from driftproof.runner.proofs import FileProof
from driftproof.runner.prove import prove
from driftproof.runner.roles import Roles, remember, restore
from driftproof.runner.server import Server, open_server

_WORTH = 4  # predictions that take longer to prove than a server to start


class Claims(msgspec.Struct, frozen=True):
    """A history, what is predicted for its named migrations, those of them that are fixed, and what else to try."""

    history: History
    diagnostics: tuple[Diagnostic, ...]
    fixed: tuple[FixedFile, ...] = ()
    exploration: Exploration | None = None
    witnesses: bool = False

    @property
    def steps(self) -> int:
        """How many times it is said that something is known: once for each prediction and each file."""
        return len(self.history.named) + len(self.history.backs) + self.predictions

    @property
    def predictions(self) -> int:
        """How many failures are predicted."""
        return sum(item.certainty is not None for item in self.diagnostics)

    def stretches(self, count: int) -> Iterator["Claims"]:
        """The same in up to so many parts of about the same work, each with files that follow one another: the history
        is replayed up to the last file of each part."""
        count = max(1, min(count, self.predictions // _WORTH))
        here: dict[int, list[Diagnostic]] = {index: [] for index in sorted(self.history.named | self.history.backs)}
        for item in self.diagnostics:
            here[self.history.by_path[item.path].index].append(item)
        named: list[int] = []
        done = given = 0
        for index, diagnostics in here.items():
            named.append(index)
            done += (index in self.history.named) + (index in self.history.backs)
            done += sum(item.certainty is not None for item in diagnostics)
            if done * count >= self.steps * (given + 1):
                yield self._of(named, here)
                named, given = [], done * count // self.steps
        if named:
            yield self._of(named, here)

    def _of(self, named: Sequence[int], here: dict[int, list[Diagnostic]]) -> "Claims":
        part = frozenset(named)
        history = msgspec.structs.replace(
            self.history, named=part & self.history.named, backs=part & self.history.backs
        )
        return Claims(
            history,
            tuple(item for index in named for item in here[index]),
            self.fixed,
            self.exploration,
            self.witnesses,
        )


class ServerProof(msgspec.Struct, frozen=True):
    """The proofs that were made on one server, in the order of the histories and their files."""

    server: str
    files: tuple[FileProof, ...]
    notes: tuple[str, ...] = ()

    @property
    def stand_ins(self) -> tuple[str, ...]:
        """The extensions of its databases that are not the real ones."""
        return tuple(sorted({name for file in self.files for name in file.stand_ins}))


class Servers(msgspec.Struct, frozen=True):
    """Where proofs are made: on the server of a URL, or on private ones from each of these directories of programs.

    None stands for the programs that are found.
    """

    database_url: str | None = None
    allow_remote: bool = False
    bins: tuple[Path | None, ...] = (None,)


def prove_all(
    claims: Sequence[Claims], servers: Servers, *, jobs: int, proven: Callable[[], None]
) -> list[ServerProof]:
    """Try all predictions on all servers, with up to ``jobs`` workers; a server that a URL names gets one.

    The answer is the same for any number of them. ``proven`` is called at each of the claims' steps on each server.
    Raises ServerError.
    """
    if servers.database_url is not None:
        jobs = 1
    share = max(1, sum(one.steps for one in claims) * len(servers.bins) // jobs)
    units = [
        (bin, stretch) for bin in servers.bins for one in claims for stretch in one.stretches(-(-one.steps // share))
    ]
    worker = partial(_worker, servers)
    done = crew(worker, units, jobs, ServerProof, proven) if units else []
    on = {bin: [proof for (of, _), proof in zip(units, done, strict=True) if of == bin] for bin in servers.bins}
    return [_together(proofs) for proofs in on.values() if proofs]


@contextmanager
def _worker(
    servers: Servers, proven: Callable[[], None]
) -> Iterator[Callable[[tuple[Path | None, Claims]], ServerProof]]:
    """What proves the claims of one history on one server; it opens servers as they are needed."""
    with ExitStack() as stack:
        opened: dict[Path | None, _Opened] = {}

        def work(unit: tuple[Path | None, Claims]) -> ServerProof:
            bin, claims = unit
            if bin not in opened:
                opened[bin] = _Opened(stack.enter_context(open_server(servers.database_url, servers.allow_remote, bin)))
            server, platform = opened[bin].server, opened[bin].platform(claims.history.framework.platform)
            files = prove(
                claims.history,
                claims.diagnostics,
                server,
                platform,
                fixed=claims.fixed,
                exploration=claims.exploration,
                witnesses=claims.witnesses,
                proven=proven,
            )
            return ServerProof(server.description, tuple(files), platform.notes)

        yield work


class _Opened:
    """A server with the platforms that were prepared on it. Each finds the roles as it left them: what a history before
    did to them, and what another platform brings, is taken back where the server is ours."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._bare = remember(server) if server.embedded else None
        self._prepared: dict[str | None, tuple[Platform, Roles | None]] = {}

    def platform(self, name: str | None) -> Platform:
        """The platform of that name, prepared when it is first asked for."""
        if name in self._prepared:
            platform, roles = self._prepared[name]
            if roles is not None:
                restore(self.server, roles)
            return platform
        if self._bare is not None:
            restore(self.server, self._bare)
        platform = prepare(self.server, name)
        self._prepared[name] = platform, remember(self.server) if self.server.embedded else None
        return platform


def _together(proofs: Sequence[ServerProof]) -> ServerProof:
    """The proofs of several workers on servers of one kind."""
    notes = dict.fromkeys(note for proof in proofs for note in proof.notes)
    return ServerProof(proofs[0].server, tuple(file for proof in proofs for file in proof.files), tuple(notes))
