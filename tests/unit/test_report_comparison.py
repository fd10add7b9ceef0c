"""Comparing scans: gone is only resolved where the later scan could prove it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.report_samples import GAP, api, finding, scan, stage

from monitor.model.access import Scope
from monitor.model.finding import Severity, Status
from monitor.report.comparison import compare
from monitor.report.documents import ApiDocument, FindingDocument, ScanDocument

ORDERS = api("a1b2c3d4e5", "orders", stage("prod", Scope.VPCE))


def _ids(findings: tuple[FindingDocument, ...]) -> list[str]:
    return [one.id for one in findings]


def _earlier() -> ScanDocument:
    return scan([api("a1b2c3d4e5", "orders", stage())], [finding(1)])


def test_new_unchanged_and_resolved() -> None:
    before = scan([ORDERS], [finding(1), finding(2)])
    after = scan([ORDERS], [finding(2), finding(3)])

    found = compare([before, after])

    assert _ids(found.new) == [finding(3).id]
    assert _ids(found.unchanged) == [finding(2).id]
    assert _ids(found.resolved) == [finding(1).id]
    assert found.unverified == ()


@pytest.mark.parametrize(
    ("why", "apis", "fields"),
    [
        ("the region was not scanned", [ORDERS], {"regions": ("eu-west-1",)}),
        ("the listing failed", [], {"gaps": (GAP,), "complete": False}),
        ("only another API was scanned", [], {"only_apis": ("zzzzzzzzzz",)}),
        ("the API has gaps", [ORDERS.model_copy(update={"status": "gaps"})], {}),
        ("the stage is unknown", [api("a1b2c3d4e5", "orders", stage("prod", Scope.UNKNOWN))], {}),
    ],
)
def test_gone_is_not_resolved_where_nobody_looked(
    why: str, apis: list[ApiDocument], fields: dict[str, Any]
) -> None:
    found = compare([_earlier(), scan(apis, [], **fields)])

    assert (_ids(found.resolved), _ids(found.unverified)) == ([], [finding(1).id]), why


@pytest.mark.parametrize(
    "apis", [[ORDERS], []], ids=["the API was judged", "the API itself is gone"]
)
def test_gone_is_resolved_where_the_scan_looked(apis: list[ApiDocument]) -> None:
    assert _ids(compare([_earlier(), scan(apis, [])]).resolved) == [finding(1).id]


def test_a_finding_marked_resolved_is_resolved() -> None:
    after = scan([ORDERS], [finding(1, status=Status.RESOLVED)])

    assert _ids(compare([_earlier(), after]).resolved) == [finding(1).id]


def test_the_trend_counts_every_scan() -> None:
    scans = [
        _earlier(),
        scan([ORDERS], [finding(1), finding(2, severity=Severity.LOW)]),
        scan([ORDERS], []),
    ]

    trend = compare(scans).trend

    assert [sum(point.findings.values()) for point in trend] == [1, 2, 0]
    assert [point.public_apis for point in trend] == [1, 0, 0]
