"""AWS Security Finding Format: what Security Hub's BatchImportFindings takes.

The lengths are those of the Security Hub API reference, "AwsSecurityFinding"; the service answers
longer ones with an error for the finding.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from monitor.model.finding import Severity, Status
from monitor.report.documents import FindingDocument
from monitor.report.plain import clip, plain
from monitor.report.report import Report
from monitor.report.resource import Resource, resources

_TITLE, _DESCRIPTION, _RECOMMENDATION, _PRODUCT_FIELD = 256, 1024, 512, 2048
_LABELS = {severity: severity.value.upper() for severity in Severity} | {
    Severity.INFO: "INFORMATIONAL"
}
_COMPLIANCE = {
    Status.OPEN: "FAILED",
    Status.UNKNOWN: "WARNING",
    Status.WAIVED: "FAILED",
    Status.RESOLVED: "PASSED",
}
_TYPE = "Software and Configuration Checks/AWS Security Best Practices/Network Reachability"


def asff(report: Report) -> str:
    """One JSON array. BatchImportFindings takes at most 100 of them a call."""
    about = resources(report.findings, report.scan)
    findings = [_finding(report, finding, about[finding.id]) for finding in report.findings]
    return json.dumps(findings, indent=2) + "\n"


def _finding(report: Report, finding: FindingDocument, about: Resource) -> dict[str, Any]:
    account = finding.account_id
    document: dict[str, Any] = {
        "SchemaVersion": "2018-10-08",
        "Id": finding.id,
        # The product that every account has for findings of its own making.
        "ProductArn": f"arn:{about.partition}:securityhub:{finding.region}:{account}:"
        f"product/{account}/default",
        "ProductName": "Gatewatch",
        "CompanyName": "Gatewatch",
        "GeneratorId": finding.rule,
        "AwsAccountId": account,
        "Region": finding.region,
        "Types": [_TYPE],
        "CreatedAt": _time(finding.first_seen),
        "UpdatedAt": _time(finding.last_seen),
        "FirstObservedAt": _time(finding.first_seen),
        "LastObservedAt": _time(finding.last_seen),
        "Severity": {"Label": _LABELS[finding.severity], "Original": finding.severity.value},
        "Title": plain(finding.title, _TITLE) or finding.rule,
        "Description": clip(_description(finding), _DESCRIPTION),
        "ProductFields": dict(_product_fields(finding)),
        "Resources": [_resource(finding, about)],
        "Compliance": {"Status": _COMPLIANCE[finding.status]},
        "RecordState": "ARCHIVED" if finding.status is Status.RESOLVED else "ACTIVE",
    }
    if fix := report.fix(finding):
        document["Remediation"] = {"Recommendation": {"Text": plain(fix, _RECOMMENDATION)}}
    if finding.status is Status.WAIVED:
        document["Workflow"] = {"Status": "SUPPRESSED"}
    return document


def _description(finding: FindingDocument) -> str:
    parts = [plain(finding.title)]
    if finding.witness is not None:
        parts.append(f"Gets in: {plain(finding.witness.curl)}")
    parts += [f"Because: {plain(reason.text)}" for reason in finding.because]
    return "\n".join(parts)


def _product_fields(finding: FindingDocument) -> Iterator[tuple[str, str]]:
    yield "gatewatch/status", finding.status.value
    yield "gatewatch/scope", finding.scope.value
    yield "gatewatch/live", str(finding.live).lower()
    if finding.routes:
        yield "gatewatch/routes", plain(", ".join(finding.routes), _PRODUCT_FIELD)
    if finding.witness is not None:
        yield "gatewatch/witness", plain(finding.witness.curl, _PRODUCT_FIELD)
    if finding.change is not None:
        yield "gatewatch/changedBy", plain(finding.change.who, _PRODUCT_FIELD)
        yield "gatewatch/changeEvent", plain(finding.change.event_name, _PRODUCT_FIELD)


def _resource(finding: FindingDocument, about: Resource) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if about.stage:
        details["StageName"] = about.stage
        if finding.deployment_id:
            details["DeploymentId"] = finding.deployment_id
    else:
        details = {"Name": plain(about.api_name) or about.api_id}
        details["Id" if about.kind == "RestApi" else "ApiId"] = about.api_id
    type_ = f"Aws{about.family}{about.kind}"
    return {
        "Type": type_,
        "Id": about.arn,
        "Partition": about.partition,
        "Region": about.region,
        "Details": {type_: details, "Other": {"ApiName": plain(about.api_name) or about.api_id}},
    }


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
