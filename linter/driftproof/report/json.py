"""``--format json``: one document, for programs. Its shape is a promise; keys are only ever added."""

from collections import Counter
from typing import Any

import msgspec

from driftproof import __version__
from driftproof.diagnostic import Diagnostic
from driftproof.report import Report, printable


def render(report: Report) -> bytes:
    """The document, indented by two spaces, with a line end."""
    codes = Counter(diagnostic.code for diagnostic in report.diagnostics)
    document = {
        "version": __version__,
        "summary": {
            "files": report.files,
            "statements": report.statements,
            "diagnostics": len(report.diagnostics),
            "fixable": sum(map(report.fixable, report.diagnostics)),
            "by_code": {code: codes[code] for code in sorted(codes)},
        },
        "diagnostics": [_diagnostic(diagnostic) for diagnostic in report.diagnostics],
        "notes": [printable(note) for note in report.notes],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _diagnostic(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "code": diagnostic.code,
        "name": diagnostic.name,
        "severity": diagnostic.severity,
        "certainty": diagnostic.certainty,
        "sqlstate": diagnostic.sqlstate,
        "path": printable(diagnostic.path),
        "span": diagnostic.span,
        "statement": diagnostic.statement,
        "object": diagnostic.object,
        "message": diagnostic.message,
        "because": [
            {"path": printable(because.path), "line": because.line, "message": because.message}
            for because in diagnostic.because
        ],
        "fix": diagnostic.fix,
        "direction": diagnostic.direction,
    }
