"""The formats of others, held against their own published schemas."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import botocore.session
import jsonschema
import pytest
from botocore.validate import ParamValidator
from tests.report_samples import (
    HOSTILE,
    api,
    finding,
    large_scan,
    sample_report,
    sample_scan,
    scan,
    stage,
)

from monitor.evaluation.catalogue import RULES
from monitor.model.api import ApiType
from monitor.report.as_asff import asff
from monitor.report.as_junit import junit
from monitor.report.as_ocsf import ocsf
from monitor.report.as_sarif import sarif
from monitor.report.as_text import scan_text
from monitor.report.comparison import Comparison
from monitor.report.documents import ScanDocument, to_json
from monitor.report.formats import RENDERERS
from monitor.report.read_scan import read_scan
from monitor.report.report import Report, by_id

SCHEMAS = Path(__file__).resolve().parent.parent / "schemas"
LONG = "long " * 4000


def _report(of: ScanDocument) -> Report:
    return Report(scan=of, rules=by_id(RULES), version="0.1.0")


def _extremes() -> ScanDocument:
    """Text longer than any format takes, an HTTP API, an API without a name, another partition."""
    reason = finding(1).because[0].model_copy(update={"text": LONG})
    return scan(
        [api("a1b2c3d4e5", LONG, stage()), api("h1", "", stage(), api_type=ApiType.HTTP)],
        [
            finding(1, title=LONG, api_name=LONG, routes=(LONG,) * 40, because=(reason,) * 40),
            finding(2, api_id="h1", api_name="", deployment_id=None),
            finding(3, api_id="h1", api_name="", stage="", region="us-gov-west-1", title=" "),
        ],
    )


REPORTS = {
    "one of everything": sample_report(),
    "compared": sample_report(compared=True),
    "extremes": _report(_extremes()),
    "nothing": _report(scan([], [])),
    "many": _report(large_scan(20, 300)),
}


@pytest.fixture(params=REPORTS)
def report(request: pytest.FixtureRequest) -> Report:
    return REPORTS[request.param]


def _schema(name: str) -> jsonschema.Draft202012Validator:
    schema = json.loads((SCHEMAS / name).read_text("utf-8"))
    return jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )


def test_sarif_is_sarif(report: Report) -> None:
    log = json.loads(sarif(report))

    _schema("sarif-2.1.0.json").validate(log)
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    for result in run["results"]:
        assert result["ruleId"] in rules
        assert result.get("ruleIndex", rules.index(result["ruleId"])) == rules.index(
            result["ruleId"]
        )


def test_ocsf_is_ocsf(report: Report) -> None:
    schema = _schema("ocsf-1.6.0-compliance_finding.json")

    for event in json.loads(ocsf(report)):
        schema.validate(event)


def test_security_hub_takes_the_findings(report: Report) -> None:
    service = botocore.session.get_session().get_service_model("securityhub")
    shape = service.operation_model("BatchImportFindings").input_shape
    findings = json.loads(asff(report))

    for start in range(0, len(findings), 100):
        batch = findings[start : start + 100]
        assert not ParamValidator().validate({"Findings": batch}, shape).generate_report()
    for one in findings:
        _within_the_limits_of_the_documentation(one)


def _within_the_limits_of_the_documentation(one: dict[str, Any]) -> None:
    """Security Hub API reference, "AwsSecurityFinding": what botocore's model says in prose."""
    assert 1 <= len(one["Title"].strip()) <= 256
    assert 1 <= len(one["Description"].strip()) <= 1024
    assert 1 <= len(one["Id"]) <= 512
    assert 1 <= len(one["GeneratorId"]) <= 512
    assert len(one["Types"]) <= 50
    assert 1 <= len(one["Resources"]) <= 32
    assert len(one.get("Remediation", {}).get("Recommendation", {}).get("Text", "x")) <= 512
    assert len(one["ProductFields"]) <= 50
    for key, value in one["ProductFields"].items():
        assert len(key) <= 128
        assert 1 <= len(value) <= 2048
    assert len(json.dumps(one)) <= 240 * 1024


def test_resources_are_named_as_aws_names_them() -> None:
    found = json.loads(asff(_report(_extremes())))

    assert [(one["Resources"][0]["Type"], one["Resources"][0]["Id"]) for one in found] == [
        (
            "AwsApiGatewayStage",
            "arn:aws:apigateway:us-east-1::/restapis/a1b2c3d4e5/stages/prod",
        ),
        ("AwsApiGatewayV2Stage", "arn:aws:apigateway:us-east-1::/apis/h1/stages/prod"),
        ("AwsApiGatewayRestApi", "arn:aws-us-gov:apigateway:us-gov-west-1::/restapis/h1"),
    ]


def test_what_is_gone_is_closed_elsewhere() -> None:
    report = sample_report(compared=True)
    assert isinstance(report.comparison, Comparison)
    (resolved,) = report.comparison.resolved

    closed = {one["Id"]: one for one in json.loads(asff(report))}[resolved.id]
    event = {one["finding_info"]["uid"]: one for one in json.loads(ocsf(report))}[resolved.id]

    assert (closed["RecordState"], closed["Compliance"]["Status"]) == ("ARCHIVED", "PASSED")
    assert (event["activity_name"], event["status"]) == ("Close", "Resolved")


def test_a_name_makes_no_link_and_no_placeholder_in_sarif() -> None:
    texts = [
        result["message"]["text"]
        for result in json.loads(sarif(sample_report()))["runs"][0]["results"]
    ]

    hostile = next(text for text in texts if "script" in text)
    assert r"\[x\](javascript:alert(2)) {{0}}" in hostile
    assert "\u202e" not in hostile


def test_junit_is_xml_and_counts_right(report: Report) -> None:
    suites = ElementTree.fromstring(junit(report))

    for suite in suites:
        assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
        assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("errors", "")) == len(suite.findall("testcase/error"))


@pytest.mark.parametrize("name", RENDERERS)
def test_a_renderer_is_a_function_of_the_report(name: str) -> None:
    assert RENDERERS[name](sample_report()) == RENDERERS[name](sample_report())


@pytest.mark.parametrize("name", ["text", "html", "junit"])
def test_a_file_of_somebody_else_is_as_harmless_in_every_field(name: str) -> None:
    text = json.dumps(json.loads(to_json(sample_scan())))
    for field in ("account_id", "region", "api_id", "event_name", "error_code", "rule", "stage"):
        text = re.sub(rf'("{field}": ")[^"]*"', r'\1\\u001b]0;x\\u0007\\u202e</script><b>"', text)
    report = _report(read_scan(text))

    made = scan_text(report) if name == "text" else RENDERERS[name](report)

    assert not {"\x1b", "\x07", "\u202e"} & set(made)
    assert name == "text" or "<b>" not in made


@pytest.mark.parametrize("name", ["text", "html", "junit"])
def test_no_direction_mark_or_control_character_gets_out(name: str) -> None:
    made = scan_text(sample_report()) if name == "text" else RENDERERS[name](sample_report())

    assert HOSTILE not in made
    assert "\u202e" not in made
    assert "\x1b" not in made
