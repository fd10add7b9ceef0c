"""OCSF 1.6.0 Compliance Findings (class 2003, profile `cloud`), the form data lakes take in."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from monitor.model.finding import Severity, Status
from monitor.report.documents import ChangeOfFinding, FindingDocument, WitnessDocument
from monitor.report.plain import plain
from monitor.report.report import Report
from monitor.report.resource import Resource, resources

VERSION = "1.6.0"
_CATEGORY, _CLASS = (2, "Findings"), (2003, "Compliance Finding")
_SEVERITY = {
    Severity.INFO: (1, "Informational"),
    Severity.LOW: (2, "Low"),
    Severity.MEDIUM: (3, "Medium"),
    Severity.HIGH: (4, "High"),
    Severity.CRITICAL: (5, "Critical"),
}
_STATUS = {
    Status.OPEN: (1, "New"),
    Status.UNKNOWN: (1, "New"),
    Status.WAIVED: (3, "Suppressed"),
    Status.RESOLVED: (4, "Resolved"),
}
_COMPLIANCE = {
    Status.OPEN: (3, "Fail"),
    Status.UNKNOWN: (2, "Warning"),
    Status.WAIVED: (3, "Fail"),
    Status.RESOLVED: (1, "Pass"),
}
_CREATE, _UPDATE, _CLOSE = (1, "Create"), (2, "Update"), (3, "Close")
_ANALYTIC_IS_A_RULE = (1, "Rule")


def ocsf(report: Report) -> str:
    """One JSON array."""
    about = resources(report.findings, report.scan)
    events = [_event(report, finding, about[finding.id]) for finding in report.findings]
    return json.dumps(events, indent=2) + "\n"


def _event(report: Report, finding: FindingDocument, about: Resource) -> dict[str, Any]:
    activity = _activity(finding)
    event = {
        **_pair("activity", activity, name="activity_name"),
        **_pair("category", _CATEGORY, id_="category_uid", name="category_name"),
        **_pair("class", _CLASS, id_="class_uid", name="class_name"),
        "type_uid": _CLASS[0] * 100 + activity[0],
        "type_name": f"{_CLASS[1]}: {activity[1]}",
        **_pair("severity", _SEVERITY[finding.severity]),
        **_pair("status", _STATUS[finding.status]),
        "time": _time(finding.last_seen),
        "message": plain(finding.title),
        "metadata": {
            "version": VERSION,
            "profiles": ["cloud"],
            "product": {"name": "Gatewatch", "vendor_name": "Gatewatch", "version": report.version},
        },
        "cloud": {
            "provider": "AWS",
            "region": finding.region,
            "account": {"uid": finding.account_id, **_pair("type", (10, "AWS Account"))},
        },
        "compliance": _compliance(report, finding),
        "finding_info": _info(report, finding),
        "resources": [_resource(about)],
        "evidences": _evidences(finding),
        "unmapped": _unmapped(finding),
    }
    if fix := report.fix(finding):
        event["remediation"] = {"desc": fix}
    return {name: value for name, value in event.items() if value != []}


def _activity(finding: FindingDocument) -> tuple[int, str]:
    if finding.status is Status.RESOLVED:
        return _CLOSE
    return _CREATE if finding.first_seen == finding.last_seen else _UPDATE


def _compliance(report: Report, finding: FindingDocument) -> dict[str, Any]:
    rule = report.rules.get(finding.rule)
    return {
        "control": finding.rule,
        "desc": rule.title if rule else finding.rule,
        "standards": ["Gatewatch org policy"],
        **_pair("status", _COMPLIANCE[finding.status]),
    }


def _info(report: Report, finding: FindingDocument) -> dict[str, Any]:
    rule = report.rules.get(finding.rule)
    return {
        "uid": finding.id,
        "title": plain(finding.title),
        "desc": "; ".join(plain(reason.text) for reason in finding.because) or finding.rule,
        "analytic": {
            "uid": finding.rule,
            "name": rule.title if rule else finding.rule,
            **_pair("type", _ANALYTIC_IS_A_RULE),
        },
        "created_time": _time(finding.first_seen),
        "first_seen_time": _time(finding.first_seen),
        "last_seen_time": _time(finding.last_seen),
    }


def _resource(about: Resource) -> dict[str, Any]:
    return {
        "uid": about.arn,
        "name": plain(about.api_name) or about.api_id,
        "type": f"AWS::{about.family}::{about.kind}",
        "cloud_partition": about.partition,
        "region": about.region,
    }


def _evidences(finding: FindingDocument) -> list[dict[str, Any]]:
    found = []
    if finding.witness is not None:
        found.append({"name": "witness", "data": _witness(finding.witness)})
    if finding.change is not None:
        found.append(_change(finding.change))
    return found


def _witness(witness: WitnessDocument) -> dict[str, Any]:
    return witness.model_dump(mode="json") | {"curl": plain(witness.curl)}


def _change(change: ChangeOfFinding) -> dict[str, Any]:
    evidence: dict[str, Any] = {
        "name": "change",
        "actor": {"user": {"name": plain(change.who)}},
        "api": {"operation": change.event_name, "request": {"uid": change.event_id}},
    }
    if change.source_ip:
        evidence["src_endpoint"] = {"ip": change.source_ip}
    return evidence


def _unmapped(finding: FindingDocument) -> dict[str, Any]:
    return {
        "scope": finding.scope.value,
        "live": finding.live,
        "routes": [plain(route) for route in finding.routes],
        "finding_status": finding.status.value,
        "reopened": finding.reopened,
    }


def _pair(
    what: str, value: tuple[int, str], *, id_: str | None = None, name: str | None = None
) -> dict[str, Any]:
    """OCSF states an enumeration twice: as a number and as its caption."""
    return {id_ or f"{what}_id": value[0], name or what: value[1]}


def _time(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
