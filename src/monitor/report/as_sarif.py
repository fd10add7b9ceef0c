"""SARIF 2.1.0, as code-scanning views take it in.

SARIF speaks of files. An API has none, so each finding lies in a path that names it
(`api-gateway/ACCOUNT/REGION/API/STAGE`), with its ARN as the logical location.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from monitor.model.finding import Severity, Status
from monitor.model.rule import Rule
from monitor.report.documents import FindingDocument, GapDocument, ScanDocument
from monitor.report.life_text import waived_text
from monitor.report.plain import plain
from monitor.report.report import Report
from monitor.report.resource import Resource, resources

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVEL = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
# GitHub reads the score of a rule and calls it critical over 9.0, high from 7.0, medium from 4.0.
_SCORE = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
    Severity.INFO: "0.0",
}


def sarif(report: Report) -> str:
    scan, about = report.scan, resources(report.scan.findings, report.scan)
    rules = [*report.rules.values()]
    states = _baseline_states(report)
    log = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": _driver(report, rules)},
                "automationDetails": {"id": f"gatewatch/{scan.account_id}/"},
                "columnKind": "utf16CodeUnits",
                "invocations": [_invocation(scan)],
                "results": [
                    _result(report, finding, about[finding.id])
                    | ({"baselineState": states.get(finding.id, "unchanged")} if states else {})
                    for finding in scan.findings
                ],
            }
        ],
    }
    return json.dumps(log, indent=2) + "\n"


def _driver(report: Report, rules: list[Rule]) -> dict[str, Any]:
    unknown = {f.rule for f in report.scan.findings} - report.rules.keys()
    return {
        "name": "Gatewatch",
        "semanticVersion": report.version,
        "rules": [*map(_rule, rules), *map(_rule_of_another_version, sorted(unknown))],
    }


def _rule_of_another_version(id_: str) -> dict[str, Any]:
    text = {"text": f"A rule of another version of Gatewatch: {id_}."}
    return {"id": id_, "shortDescription": text, "fullDescription": text, "help": text}


def _rule(rule: Rule) -> dict[str, Any]:
    fix = f"{rule.attacker_view}\n\nTo fix it: {rule.fix}"
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.id.split("-")),
        "shortDescription": {"text": f"{rule.title}."},
        "fullDescription": {"text": rule.attacker_view},
        "help": {"text": fix, "markdown": fix},
        "defaultConfiguration": {"level": _LEVEL[rule.severity]},
        "properties": {
            "security-severity": _SCORE[rule.severity],
            "tags": ["security", "aws", "api-gateway"],
        },
    }


def _result(report: Report, finding: FindingDocument, about: Resource) -> dict[str, Any]:
    ids = [*report.rules]
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "level": _LEVEL[finding.severity],
        "message": {"text": "\n".join(_message(report, finding, about))},
        "locations": [_location(about)],
        "partialFingerprints": {"primaryLocationLineHash": f"{finding.id}:1"},
        "properties": dict(_properties(finding)),
    }
    if finding.rule in ids:
        result["ruleIndex"] = ids.index(finding.rule)
    if finding.status is Status.WAIVED:
        justification = waived_text(finding)
        waiver = {"kind": "external", "status": "accepted", "justification": justification}
        result["suppressions"] = [waiver]
    return result


def _message(report: Report, finding: FindingDocument, about: Resource) -> Iterator[str]:
    name = plain(about.api_name, 100) or about.api_id
    yield _literal(f"{name}: {plain(finding.title)}.")
    if finding.witness is not None:
        yield _literal(f"Gets in: {plain(finding.witness.curl)}")
    for reason in finding.because:
        yield _literal(f"Because: {plain(reason.located)}")
    if finding.change is not None:
        yield _literal(f"Changed by: {plain(finding.change.who)} ({finding.change.event_name})")
    if fix := report.fix(finding):
        yield _literal(f"To fix it: {fix}")


def _literal(text: str) -> str:
    """Text that holds no link and no placeholder (SARIF 2.1.0, 3.11.5 and 3.11.6)."""
    text = text.replace("{", "{{").replace("}", "}}")
    return re.sub(r"([\\\[\]])", r"\\\1", text)


def _location(about: Resource) -> dict[str, Any]:
    parts = ("api-gateway", about.account_id, about.region, about.api_id, about.stage)
    path = "/".join(re.sub(r"[^A-Za-z0-9._-]", "_", part) for part in parts if part)
    name = plain(about.api_name) or about.api_id
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": path},
            "region": {"startLine": 1},
        },
        "logicalLocations": [{"name": name, "fullyQualifiedName": about.arn, "kind": "resource"}],
    }


def _properties(finding: FindingDocument) -> Iterator[tuple[str, Any]]:
    yield "gatewatch/id", finding.id
    yield "gatewatch/severity", finding.severity.value
    yield "gatewatch/status", finding.status.value
    yield "gatewatch/scope", finding.scope.value
    yield "gatewatch/live", finding.live
    yield "gatewatch/routes", [plain(route) for route in finding.routes]
    if finding.witness is not None:
        yield "gatewatch/witness", finding.witness.model_dump(mode="json")
    if finding.change is not None:
        yield "gatewatch/change", finding.change.model_dump(mode="json")


def _invocation(scan: ScanDocument) -> dict[str, Any]:
    gaps = [*scan.gaps, *(gap for api in scan.apis for gap in api.gaps)]
    return {
        # What could be judged was; what could not is told as notifications and as findings.
        "executionSuccessful": True,
        "startTimeUtc": _time(scan.started_at),
        "endTimeUtc": _time(scan.finished_at),
        "toolExecutionNotifications": [_notification(gap) for gap in gaps],
    }


def _notification(gap: GapDocument) -> dict[str, Any]:
    text = f"{gap.service}:{gap.operation} {plain(gap.subject)}: {gap.error_code}; "
    return {
        "level": "error",
        "message": {"text": _literal(f"{text}so nobody knows {gap.unknown}.")},
        "descriptor": {"id": "not-read"},
    }


def _baseline_states(report: Report) -> dict[str, str]:
    comparison = report.comparison
    if comparison is None:
        found = report.scan.findings if report.scan.baseline_of else ()
        return {finding.id: "unchanged" if finding.in_baseline else "new" for finding in found}
    return {finding.id: "new" for finding in comparison.new} | {
        finding.id: "unchanged" for finding in comparison.unchanged
    }


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
