"""``--format text`` and ``--format concise``: for people."""

from collections.abc import Iterator

from driftproof.diagnostic import Applicability, Diagnostic, Direction, Fix, Severity
from driftproof.report import Report, counted, printable
from driftproof.report.frame import frame, visible
from driftproof.report.terminal import BLUE, BOLD, CYAN, DIM, GREEN, RED, YELLOW, Paint

_STYLE = {Severity.ERROR: RED, Severity.WARNING: YELLOW, Severity.INFO: CYAN}


def render(report: Report, paint: Paint) -> str:
    """Each diagnostic with its line of source, its reasons and what helps."""
    return "".join("\n".join(_block(report, diagnostic, paint)) + "\n\n" for diagnostic in report.diagnostics)


def render_concise(report: Report, paint: Paint) -> str:
    """One line for each diagnostic."""
    return "".join(
        _header(diagnostic, paint) + (" [*]" if report.fixable(diagnostic) else "") + "\n"
        for diagnostic in report.diagnostics
    )


def summary(report: Report, paint: Paint) -> str:
    """What was looked at and what came of it, in one line, behind the notes."""
    found = [paint(counted(count, severity.value), _STYLE[severity]) for severity, count in report.counts()]
    if report.fixed is not None:
        found.insert(0, paint(f"{report.fixed} {'would be ' if report.dry else ''}fixed", GREEN))
    ways = []
    if fixable := sum(map(report.fixable, report.diagnostics)):
        ways.append(f"{fixable} fixable with --fix" + (" --unsafe-fixes" if report.unsafe else ""))
    if not report.unsafe and (unsafe := sum(map(report.only_unsafe, report.diagnostics))):
        ways.append(f"{unsafe} {'more ' if fixable else ''}with --fix --unsafe-fixes")
    notes = [f"note: {visible(printable(note))}\n" for note in report.notes]
    looked = f"checked {counted(report.files, 'file')}, {counted(report.statements, 'statement')}"
    line = "; ".join((f"{looked}: {', '.join(found) or paint('nothing to report', GREEN)}", *ways)) + "\n"
    return "".join((*notes, line))


def _header(diagnostic: Diagnostic, paint: Paint) -> str:
    at = diagnostic.span.start
    style = _STYLE[diagnostic.severity]
    words: list[str] = [diagnostic.certainty] if diagnostic.certainty is not None else []
    words += ["way back"] if diagnostic.direction is Direction.DOWN else []
    predicted = f" ({', '.join(words)})" if words else ""
    return (
        f"{paint(f'{_path(diagnostic.path)}:{at.line}:{at.column}', BOLD)}: {paint(diagnostic.severity, style)}"
        f" {paint(diagnostic.code, style)} {diagnostic.name}: {visible(diagnostic.message)}{paint(predicted, DIM)}"
    )


def _path(path: str) -> str:
    return visible(printable(path))


def _block(report: Report, diagnostic: Diagnostic, paint: Paint) -> Iterator[str]:
    yield _header(diagnostic, paint)
    source = report.sources.get(diagnostic.path)
    start, end = diagnostic.span.start, diagnostic.span.end
    margin = len(str(start.line)) + 1
    bar = " " * margin + paint("|", BLUE)
    # A diagnostic about the file as a whole points to no text.
    if source is not None and (diagnostic.statement or end.offset):
        line = source.line(start.offset)
        many = end.line > start.line
        text, mark = frame(line, start.column - 1, len(line) if many else end.column - 1)
        yield bar
        yield f"{paint(str(start.line), BLUE)} {paint('|', BLUE)} {text}".rstrip()
        yield f"{bar} {paint(mark, _STYLE[diagnostic.severity])}"
    equals = " " * margin + paint("=", BLUE)
    for because in diagnostic.because:
        place = f"{_path(because.path)}:" if because.path != diagnostic.path else "line "
        yield f"{equals} {paint('why:', BOLD)} {place}{because.line}: {visible(because.message)}"
    if diagnostic.help:
        yield f"{equals} {paint('help:', BOLD)} {visible(diagnostic.help)}"
    if diagnostic.fix is not None:
        yield f"{equals} {paint('fix:', BOLD)} {_fix(report, diagnostic, diagnostic.fix, paint)}"


def _fix(report: Report, diagnostic: Diagnostic, fix: Fix, paint: Paint) -> str:
    if report.fixable(diagnostic):
        return f"{paint('[*]', GREEN)} {visible(fix.title)}"
    return visible(fix.title) + (" (--unsafe-fixes)" if fix.applicability is Applicability.UNSAFE else "")
