"""A scan goes through an account of any size with a few APIs in hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from threading import Lock

from tests.builders import API, evaluation, gap, rest_api, violation
from tests.fakes import FakeClock, FakeSource

from monitor.model.access import Scope
from monitor.model.api import ApiId, ApiSnapshot
from monitor.model.finding import Severity
from monitor.orgpolicy.load import default_org_policy
from monitor.report.as_text import scan_text, scan_text_parts
from monitor.report.documents import ScanDocument, api_document, finding_document, to_json
from monitor.report.judged import JudgedApi, json_parts, judged_apis
from monitor.report.report import Report
from monitor.stores.memory import MemoryStore, NoStore
from monitor.usecases.look import Looker
from monitor.usecases.scan import AHEAD, look_at_each, plan


def apis(count: int) -> list[ApiId]:
    return [replace(API, api_id=f"api{number:07d}") for number in range(count)]


@dataclass
class CountingSource(FakeSource):
    """Knows how many APIs were asked for."""

    asked: int = 0

    def __post_init__(self) -> None:
        self._lock = Lock()

    def read(self, api: ApiId, *, anew: bool = False) -> ApiSnapshot | None:
        with self._lock:
            self.asked += 1
        return super().read(api, anew=anew)


def looker(count: int = 3, **fields: object) -> tuple[Looker, CountingSource]:
    source = CountingSource({api: rest_api(api=api) for api in apis(count)}, **fields)  # type: ignore[arg-type]
    return Looker(
        source=source, store=NoStore(), policy=default_org_policy(), clock=FakeClock()
    ), source


def test_every_api_in_the_order_of_the_listing() -> None:
    each, _source = looker(30)
    planned = plan(each, region="us-east-1")

    assert [looked.api for looked in look_at_each(each, planned.apis)] == apis(30)


def test_a_listing_that_failed_is_said_and_the_named_ones_need_none() -> None:
    each, _source = looker(1, listing_gaps=(gap(),))

    assert plan(each, region="us-east-1").gaps == (gap(),)
    assert plan(each, region="us-east-1", only=apis(1)).gaps == ()


def test_no_more_than_a_few_are_ahead_of_what_was_taken() -> None:
    each, source = looker(200)
    looks = look_at_each(each, apis(200))

    for taken in range(1, 50):
        next(looks)
        assert source.asked <= taken + AHEAD


def test_leaving_early_begins_no_further_look() -> None:
    each, source = looker(200)
    looks = look_at_each(each, apis(200))
    next(looks)
    assert isinstance(looks, Iterator)
    looks.close()  # type: ignore[attr-defined]

    assert source.asked <= 1 + AHEAD


def test_nothing_to_look_at_is_no_look() -> None:
    each, source = looker(0)

    assert list(look_at_each(each, ())) == []
    assert source.asked == 0


def test_a_store_that_keeps_nothing_takes_every_write() -> None:
    each, _source = looker(1)
    for _ in range(2):
        (looked,) = look_at_each(each, apis(1))
        assert looked.record.version == 1
    assert isinstance(NoStore(), MemoryStore)


def whole() -> ScanDocument:
    found = [
        violation(),
        violation(Scope.TOKEN, severity=Severity.LOW, title="a {brace}, [a bracket] and \n a line"),
    ]
    judged = evaluation(*found)
    store = MemoryStore()
    each = Looker(
        source=FakeSource({API: rest_api(gaps=(gap(),))}),
        store=store,
        policy=default_org_policy(),
        clock=FakeClock(),
    )
    looked = each.look_at(API)
    findings = tuple(finding_document(finding) for finding in looked.record.findings.values())
    assert findings
    shut = api_document(rest_api(api=apis(1)[0], name="shut"), judged.access)
    assert looked.evaluation is not None
    opened = api_document(looked.evaluation.snapshot, looked.evaluation.access)
    return ScanDocument(
        account_id=API.account_id,
        regions=("us-east-1",),
        started_at=FakeClock().now(),
        finished_at=FakeClock().now(),
        complete=False,
        calls={"apigateway:GetExport": 3},
        refused={"apigateway:GetExport": 1},
        apis=(opened, shut),
        gaps=(),
        findings=findings,
    )


def test_in_pieces_the_json_is_the_same() -> None:
    document = whole()
    for scan in (document, document.model_copy(update={"apis": (), "findings": ()})):
        judged = list(judged_apis(scan))
        parts = "".join(json_parts(scan, lambda judged=judged: judged))  # type: ignore[misc]

        assert parts == to_json(scan)
        json.loads(parts)


def _report(of: ScanDocument) -> Report:
    return Report(scan=of, rules={}, version="0.1.0")


def test_an_outline_is_enough_for_the_text_beside_the_pieces() -> None:
    scan = whole()
    judged = list(judged_apis(scan))
    outlines = [each.outline for each in judged]
    outline = scan.model_copy(
        update={
            "apis": tuple(each.api for each in outlines),
            "findings": tuple(finding for each in outlines for finding in each.findings),
        }
    )

    told = scan_text(_report(scan), width=200)
    assert "".join(scan_text_parts(_report(outline), lambda: judged, width=200)) == told
    assert "1 of them refused as too many, so it went slower" in told
    assert not any(finding.routes for each in outlines for finding in each.findings)


def test_a_judged_api_survives_its_own_json() -> None:
    for judged in judged_apis(whole()):
        assert JudgedApi.model_validate_json(judged.model_dump_json()) == judged
