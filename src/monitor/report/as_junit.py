"""JUnit XML, for pipelines that only know tests: a suite an API, a failed test a finding."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from monitor.model.finding import Status
from monitor.report.documents import ApiDocument, FindingDocument
from monitor.report.finding_text import finding_lines
from monitor.report.life_text import waived_text
from monitor.report.plain import plain
from monitor.report.report import Report
from monitor.report.terminal import write
from monitor.report.verdict import is_open, is_undecided

_WIDTH = 120


def junit(report: Report) -> str:
    """An undecided finding is an error rather than a failure: the test could not be made."""
    suites = Element("testsuites", name="Gatewatch")
    for api in report.scan.apis:
        found = [
            finding
            for finding in report.scan.findings
            if (finding.region, finding.api_id) == (api.region, api.api_id)
        ]
        _suite(suites, report, api, found)
    indent(suites)
    return tostring(suites, encoding="unicode", xml_declaration=False) + "\n"


def _suite(
    suites: Element, report: Report, api: ApiDocument, found: Iterable[FindingDocument]
) -> None:
    found = list(found)
    failures, errors = sum(map(is_open, found)), sum(map(is_undecided, found))
    resolved = sum(1 for finding in found if finding.status is Status.RESOLVED)
    name = plain(api.name) or api.api_id
    suite = SubElement(
        suites,
        "testsuite",
        name=plain(f"{name} ({api.api_id}, {api.region})"),
        tests=str(max(len(found), 1)),
        failures=str(failures),
        errors=str(errors),
        skipped=str(len(found) - failures - errors - resolved),
        timestamp=f"{report.scan.finished_at:%Y-%m-%dT%H:%M:%S}",
    )
    if not found:
        SubElement(suite, "testcase", classname=name, name="nothing found", time="0")
    for finding in found:
        _case(suite, report, name, finding)


def _case(suite: Element, report: Report, name: str, finding: FindingDocument) -> None:
    title = plain(finding.title)
    label = f"{finding.rule} {finding.stage}".strip()
    case = SubElement(suite, "testcase", classname=name, name=plain(f"{label}: {title}"), time="0")
    if finding.status is Status.RESOLVED:
        return
    if finding.in_baseline:
        SubElement(case, "skipped", message="in the baseline")
        return
    if finding.status is Status.WAIVED:
        SubElement(case, "skipped", message=waived_text(finding))
        return
    kind = "failure" if finding.status is Status.OPEN else "error"
    told = SubElement(case, kind, type=finding.severity.value, message=title)
    lines = finding_lines(finding, report.fix(finding), proof=True, everything=True)
    told.text = write(lines, width=_WIDTH, color=False)
