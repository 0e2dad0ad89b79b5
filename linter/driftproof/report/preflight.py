"""What `driftproof preflight` says of a database, for people and for programs."""

from collections.abc import Iterator
from typing import Any

import msgspec

from driftproof.report import counted, printable
from driftproof.report.frame import frame, visible
from driftproof.report.terminal import BLUE, BOLD, DIM, GREEN, RED, YELLOW, Paint
from driftproof.runner.preflight import Ahead, Coming, Preflight, Rows


def render(found: Preflight, paint: Paint) -> str:
    """The report as text."""
    note = "" if found.counted else " (it keeps no account of them: those that were named are held to be pending)"
    lines = [
        f"{found.server}, database {visible(found.database)}: {counted(found.applied, 'migration')} applied,"
        f" {len(found.pending)} pending{note}",
        *(f"it has run {visible(version)}, which is not among these migrations" for version in found.unknown),
        "",
    ]
    reached = True
    for file in found.pending:
        lines.extend(_file(file, reached, paint))
        reached = reached and not file.fails
    if found.differences:
        lines.append(
            "It differs from what its migrations say (- only they make it, + only it has it, ~ both have it, unlike):"
        )
        lines += [f"  {visible(line)}" for line in found.differences] + [""]
    return "\n".join((*lines, _summary(found, paint))) + "\n"


def _file(file: Ahead, reached: bool, paint: Paint) -> Iterator[str]:
    path = visible(printable(file.migration.path))
    word = paint("will fail", RED) if file.fails else paint("runs", GREEN)
    yield f"{paint(path, BOLD)}: {word}" + ("" if reached else ", once those before it do")
    yield from (f"  = {visible(said)}" for said in file.open)
    for failure in file.failures:
        yield from _failure(file, failure, paint)
    for rows in file.rows:
        start = rows.statement.start
        style = RED if rows.fails else YELLOW
        yield f"{path}:{start.line}:{start.column}: {paint(rows.sqlstate, style)} {visible(rows.message)}"
        if rows.fix:
            yield "  = the table is there already; what would make it as it is written here can't hold for these rows"
        if rows.changed:
            yield "  = unless a statement before it changes them"
        if rows.perhaps:
            yield "  = if its tool runs it"
        yield f"  = {paint('asked:', BOLD)} {paint(visible(rows.question), DIM)}"
    yield ""


def _failure(file: Ahead, failure: Coming, paint: Paint) -> Iterator[str]:
    at, source = failure.span.start, file.migration.source
    place = f"{visible(printable(file.migration.path))}:{at.line}:{at.column}"
    yield f"{paint(place, BOLD)}: {paint(failure.sqlstate, RED)} {visible(failure.message)}"
    end = failure.span.end
    line = source.line(at.offset)
    shown, mark = frame(line, at.column - 1, len(line) if end.line > at.line else end.column - 1)
    bar = " " * (len(str(at.line)) + 1) + paint("|", BLUE)
    yield from (bar, f"{paint(str(at.line), BLUE)} {paint('|', BLUE)} {shown}".rstrip(), f"{bar} {paint(mark, RED)}")


def _summary(found: Preflight, paint: Paint) -> str:
    failing = sum(file.fails for file in found.pending)
    said = paint(f"{failing} will fail", RED) if failing else paint("none will fail that is known of", GREEN)
    differing = len(found.differences)
    return f"{counted(len(found.pending), 'pending migration')}: {said}" + (
        f"; {counted(differing, 'object')} {'differs' if differing == 1 else 'differ'}" if differing else ""
    )


def as_json(found: Preflight) -> bytes:
    """The report as one JSON document."""
    document: dict[str, Any] = {
        "server": found.server,
        "database": found.database,
        "counted": found.counted,
        "applied": found.applied,
        "unknown": found.unknown,
        "summary": {
            "pending": len(found.pending),
            "failing": sum(file.fails for file in found.pending),
            "differences": len(found.differences),
        },
        "pending": [
            {
                "path": printable(file.migration.path),
                "version": file.migration.version,
                "fails": file.fails,
                "failures": file.failures,
                "rows": [_rows(rows) for rows in file.rows],
                "open": file.open,
            }
            for file in found.pending
        ],
        "differences": found.differences,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _rows(rows: Rows) -> dict[str, Any]:
    return {**msgspec.structs.asdict(rows), "fails": rows.fails}
