"""What `driftproof prove` says as JUnit XML: a suite for each file, and in it a case for all that was to be shown."""

import re
from xml.etree import ElementTree

from driftproof.report.proof import ProofReport, called
from driftproof.runner.proofs import FileProof, Proof, Verdict
from driftproof.runner.workers import ServerProof

# What XML 1.0 cannot hold, not even as a reference.
_FORBIDDEN = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


def render(report: ProofReport) -> bytes:
    """The report as one XML document."""
    root = ElementTree.Element("testsuites", name="driftproof prove")
    for server in report.servers:
        for file in server.files:
            # A case is known by its names: they tell the servers apart where there are several.
            place = called(file) if len(report.servers) == 1 else f"{called(file)} on {server.server}"
            _suite(root, _text(place), server, file)
    _count(root, report.seconds)
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _suite(root: ElementTree.Element, place: str, server: ServerProof, file: FileProof) -> None:
    """A file on a server. Passed is what runs; failed is what fails, or did not hold; skipped what was not proven."""
    suite = ElementTree.SubElement(root, "testsuite", name=place)
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in (("server", server.server), *(("stand-in", name) for name in file.stand_ins)):
        ElementTree.SubElement(properties, "property", name=name, value=_text(value))
    rest = file.seconds - sum(proof.seconds for proof in file.proofs)
    case = _case(suite, "fresh database", rest)
    if not file.runs:
        _say(case, "skipped", file.fresh)
    if file.differences is not None:
        case = _case(suite, "fresh database with the fix", 0.0)
        if file.differences:
            _say(case, "failure", "another schema than without it", "\n".join(file.differences))
    if file.again is not None:
        case = _case(suite, "second run with the fix", 0.0)
        if file.again:
            _say(case, "failure", "it fails, or changes something", "\n".join(file.again))
    for proof in file.proofs:
        _proof(suite, proof)
    _count(suite, file.seconds)


def _proof(suite: ElementTree.Element, proof: Proof) -> None:
    item = proof.diagnostic
    name = f"{item.span.start.line}:{item.span.start.column} {item.code} {item.certainty}: {item.message}"
    case = _case(suite, name, proof.seconds)
    case.set("line", str(item.span.start.line))
    _say(case, "skipped" if proof.verdict is Verdict.NOT_BUILT else "failure", f"{proof.verdict}: {proof.detail}")
    if proof.fixed is not None:
        case = _case(suite, f"{name}, with the fix", 0.0)
        if not proof.fixed:
            _say(case, "failure", proof.fixed_detail)
        elif proof.lacks:
            _say(case, "failure", "it does not end as a fresh database", "\n".join(proof.lacks))


def _case(suite: ElementTree.Element, name: str, seconds: float) -> ElementTree.Element:
    place = suite.get("name", "")
    return ElementTree.SubElement(suite, "testcase", name=_text(name), classname=place, time=f"{max(seconds, 0.0):.3f}")


def _say(case: ElementTree.Element, outcome: str, message: str, text: str | None = None) -> None:
    said = ElementTree.SubElement(case, outcome, message=_text(message))
    said.text = _text(message if text is None else text)


def _count(element: ElementTree.Element, seconds: float) -> None:
    cases = list(element.iter("testcase"))
    element.set("tests", str(len(cases)))
    element.set("failures", str(sum(case.find("failure") is not None for case in cases)))
    element.set("errors", "0")
    element.set("skipped", str(sum(case.find("skipped") is not None for case in cases)))
    element.set("time", f"{seconds:.3f}")


def _text(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
