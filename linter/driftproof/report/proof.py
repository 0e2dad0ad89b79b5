"""What `driftproof prove` says, for people and for programs."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from driftproof.diagnostic import Direction
from driftproof.report import printable
from driftproof.report.frame import visible
from driftproof.report.terminal import BOLD, DIM, GREEN, RED, YELLOW, Paint
from driftproof.runner.explore import Found
from driftproof.runner.proofs import FileProof, Proof, Verdict
from driftproof.runner.workers import ServerProof


class ProofReport(msgspec.Struct, frozen=True):
    """The proofs that were made on each server, and how long it took in seconds."""

    servers: tuple[ServerProof, ...]
    seconds: float

    @property
    def files(self) -> list[FileProof]:
        """What is known of all files, those of each server in turn."""
        return [file for server in self.servers for file in server.files]

    @property
    def proofs(self) -> list[Proof]:
        """The proofs of all predictions."""
        return [proof for file in self.files for proof in file.proofs]

    @property
    def status(self) -> int:
        """The exit status: 1 for what fails, or did not hold, before 2 for what could not be proven."""
        if any(file.differences or file.again for file in self.files):
            return 1
        if any(one.found is Found.MISSED for file in self.files for one in file.explored):
            return 1
        if any(proof.verdict is not Verdict.NOT_BUILT for proof in self.proofs):
            return 1
        return 2 if self.proofs or not all(file.runs for file in self.files) else 0


_STYLES = {Verdict.REPRODUCED: GREEN, Verdict.NOT_REPRODUCED: RED, Verdict.NOT_BUILT: YELLOW}


def render(report: ProofReport, paint: Paint) -> str:
    """The report as text."""
    lines = []
    for server in report.servers:
        lines += [f"on {visible(server.server)}", *server.notes]
        if server.stand_ins:
            lines.append(f"stand-ins, not the real extensions: {', '.join(server.stand_ins)}")
        lines.append("")
        for file in server.files:
            lines.extend(_file(file, paint))
            lines.append("")
    several = len(report.servers) > 1
    lines += [f"{visible(one.server)}: {_summary(one.files)}" for one in report.servers if several]
    if not several:
        lines.append(_summary(report.files))
    lines[-1] += f" ({report.seconds:.1f} s)"
    return "\n".join(lines) + "\n"


def _file(file: FileProof, paint: Paint) -> Iterator[str]:
    yield paint(visible(called(file)), BOLD)
    yield f"  fresh database: {paint('runs', GREEN) if file.runs else visible(file.fresh)}"
    for proof in file.proofs:
        item = proof.diagnostic
        place = f"{item.span.start.line}:{item.span.start.column}"
        yield f"  {place} {item.code} {item.certainty}: {visible(item.message)}"
        yield f"      {paint(proof.verdict, _STYLES[proof.verdict])}: {visible(proof.detail)}"
        if proof.fixed is not None:
            yield f"      with the fix: {paint('runs', GREEN) if proof.fixed else paint(proof.fixed_detail, RED)}"
        if proof.lacks:
            yield from _listed("    but does not end as a fresh database", proof.lacks, paint)
    if file.differences is not None:
        compared = "" if file.dumped else ", by our own snapshot alone: this server has no pg_dump"
        if file.differences:
            yield from _listed("fresh database with the fix: another schema than without it", file.differences, paint)
        else:
            yield f"  fresh database with the fix: {paint('the same schema as without it', GREEN)}{compared}"
    for one in file.explored:
        if one.found in (Found.MISSED, Found.EXCUSED):
            colour = RED if one.found is Found.MISSED else YELLOW
            yield f"  {paint(one.found, colour)}, {visible(one.state)}: {visible(one.detail)}"
    if file.again:
        yield from _listed("second run with the fix", file.again, paint)
    elif file.again is not None:
        yield f"  second run with the fix: {paint('runs, and changes nothing', GREEN)}"


def _listed(title: str, lines: tuple[str, ...], paint: Paint) -> Iterator[str]:
    yield f"  {paint(title + ':', RED)}"
    for line in lines:
        yield paint(f"      {visible(line)}", DIM)


def _summary(files: Sequence[FileProof]) -> str:
    proofs = [proof for file in files for proof in file.proofs]
    parts = [f"{sum(file.runs for file in files)} of {len(files)} files run in a fresh database"]
    if proofs:
        counts = [f"{sum(proof.verdict is verdict for proof in proofs)} {verdict}" for verdict in Verdict]
        fixed = [proof for proof in proofs if proof.fixed is not None]
        parts.append(f"{len(proofs)} predicted failures: {', '.join(counts)}")
        parts.append(f"{sum(bool(proof.fixed) for proof in fixed)} of {len(fixed)} fixed states run")
        if less := sum(bool(proof.lacks) for proof in proofs):
            parts.append(f"{less} do not end as a fresh database")
    if explored := [item.found for file in files for item in file.explored]:
        found = ", ".join(f"{explored.count(one)} {one}" for one in Found if one in explored)
        parts.append(f"{len(explored)} other states: {found}")
    return "; ".join(parts)


def called(file: FileProof) -> str:
    """The file, and whether its way back is meant, which may stand in it as well."""
    return printable(file.path) + (" (the way back)" if file.direction is Direction.DOWN else "")


def as_json(report: ProofReport) -> bytes:
    """The report as one JSON document."""
    document: dict[str, Any] = {
        "servers": [
            {"server": server.server, "stand_ins": server.stand_ins, "notes": server.notes} for server in report.servers
        ],
        "seconds": round(report.seconds, 3),
        "summary": {
            "files": len(report.files),
            **{
                verdict.value.replace(" ", "_"): sum(proof.verdict is verdict for proof in report.proofs)
                for verdict in Verdict
            },
        },
        "files": [
            {
                "path": printable(file.path),
                "direction": file.direction,
                "server": server.server,
                "fresh": {"runs": file.runs, "detail": file.fresh},
                "fix": None
                if file.differences is None
                else {
                    "differences": list(file.differences),
                    "again": None if file.again is None else list(file.again),
                    "pg_dump": file.dumped,
                },
                "explored": [{"state": one.state, "found": one.found, "detail": one.detail} for one in file.explored],
                "stand_ins": file.stand_ins,
                "seconds": round(file.seconds, 3),
                "proofs": [
                    {
                        "code": proof.diagnostic.code,
                        "certainty": proof.diagnostic.certainty,
                        "sqlstate": proof.diagnostic.sqlstate,
                        "line": proof.diagnostic.span.start.line,
                        "object": proof.diagnostic.object,
                        "verdict": proof.verdict,
                        "detail": proof.detail,
                        "fix": None
                        if proof.fixed is None
                        else {
                            "runs": proof.fixed,
                            "detail": proof.fixed_detail,
                            "lacks": None if proof.lacks is None else list(proof.lacks),
                        },
                        "seconds": round(proof.seconds, 3),
                    }
                    for proof in file.proofs
                ],
            }
            for server in report.servers
            for file in server.files
        ],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
