"""Scans: everything is asked for, found and closed; what events missed is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.builders import API, configuration, gap, rest_api, route
from tests.event_path import EventPath, Source
from tests.unit.test_react import CLOSED, OPEN, event, finding

from monitor.evaluation.resolved import RESOLVED_KEPT
from monitor.events.requests import dump_request
from monitor.model.api import ApiId, AuthorizationType
from monitor.model.finding import Status
from monitor.model.look_request import LookRequest
from monitor.usecases.fan_out import ListingFailed
from monitor.usecases.rescan import MAX_ATTEMPTS

OTHER = replace(API, api_id="other")


def path() -> EventPath:
    return EventPath(Source({API: OPEN, OTHER: replace(CLOSED, api=OTHER)}))


def test_a_scan_finds_what_no_event_told_of_and_says_so() -> None:
    target = path()
    target.scan()
    assert target.missed == []  # seen for the first time: nobody can have missed a change

    target.source.snapshots[OTHER] = rest_api(
        configuration(route(authorization=AuthorizationType.NONE)), api=OTHER
    )
    target.pass_time(3600)
    target.scan()

    assert target.missed == [OTHER]
    assert target.counts["ChangesMissedByEvents"] == 1
    found = finding(target, OTHER)
    assert (found.status, found.change) == (Status.OPEN, None)
    target.pass_time(3600)
    target.scan()
    assert target.counts["ChangesMissedByEvents"] == 1


def test_a_change_whose_event_is_being_waited_for_was_not_missed() -> None:
    target = path()
    target.scan()
    target.source.snapshots[API] = replace(CLOSED, draft=configuration(route("GET /new")))
    target.send(event("PutMethod"))
    target.pass_time(1)

    target.fan_out.every_api()
    target.pass_time(5)

    assert target.missed == []


def test_what_is_unread_was_not_changed() -> None:
    target = path()
    target.scan()
    target.source.spoil = lambda one: replace(
        one, deployments={}, draft=None, custom_domains=None, gaps=(gap(),)
    )
    target.scan()

    assert target.missed == []


def test_a_scan_closes_what_is_gone_and_keeps_it_closed() -> None:
    target = path()
    target.scan()
    del target.source.snapshots[API]
    target.scan()

    assert finding(target).status is Status.RESOLVED
    reads = len(target.source.reads)
    target.scan()
    assert target.source.reads[reads:] == [OTHER]  # nobody asks for it any more


def test_a_scan_refreshes_when_a_problem_was_seen_last() -> None:
    target = path()
    target.scan()
    first = finding(target)
    target.pass_time(86_400)
    target.scan()

    again = finding(target)
    assert again.first_seen == first.first_seen
    assert again.last_seen - first.last_seen >= timedelta(days=1)
    assert len(target.store.untold_of(API)) == 1


def test_a_listing_that_failed_still_asks_for_what_is_known() -> None:
    target = path()
    target.scan()
    target.source.reads.clear()
    target.source.snapshots = {API: OPEN}  # of the other family nothing was listed
    target.source.listing_gaps = (gap(),)

    try:
        target.scan()
    except ListingFailed:
        target.settle()

    assert set(target.source.reads) == {API, OTHER}


def test_what_was_looked_at_since_it_was_asked_for_is_not_looked_at_twice() -> None:
    target = path()
    target.fan_out.every_api()
    target.fan_out.every_api()
    target.settle()
    assert len(target.source.reads) == 2
    assert target.counts["AlreadyLooked"] == 2

    target.scan(anew=True)
    assert len(target.source.reads) == 4


def test_a_throttled_look_of_a_scan_is_put_off_and_given_up_in_the_end() -> None:
    target = EventPath(Source({API: OPEN}))
    throttled = gap(error_code="TooManyRequestsException")
    target.source.spoil = lambda one: replace(one, deployments={}, gaps=(throttled,))
    target.scan()

    assert target.counts["LooksPutOff"] == MAX_ATTEMPTS
    assert target.counts["LooksGivenUp"] == 1
    assert target.scans.dead == []
    assert finding(target).status is Status.UNKNOWN


def test_what_is_no_request_is_buried() -> None:
    target = path()
    target.scans.send("not JSON")
    target.scans.send('{"schema": "gatewatch.wake/1", "subject": {"api_id": 1}}')
    target.scans.send('{"detail": {}}')
    target.settle()

    assert len(target.scans.dead) == 3
    assert target.source.reads == []


def test_resolved_findings_are_forgotten_after_their_time() -> None:
    target = EventPath(Source({API: OPEN}))
    target.scan()
    target.source.snapshots[API] = CLOSED
    target.scan()
    assert finding(target).status is Status.RESOLVED

    target.pass_time(RESOLVED_KEPT.total_seconds() + 60)
    target.scan()

    assert target.store.load(API).findings == {}


def test_a_request_of_a_worker_that_died_is_served_by_the_next() -> None:
    target = EventPath(Source({API: OPEN}))
    request = LookRequest(api=API, asked_at=target.clock.now())

    class Died(BaseException):
        pass

    def die(_snapshot: object) -> object:
        raise Died

    target.source.spoil = die  # type: ignore[assignment]
    target.scans.send(dump_request(request))
    try:
        target.settle()
    except Died:
        target.source.spoil = lambda one: one
    target.scans.send(dump_request(request))  # as SQS does when the visibility ends
    target.settle()

    assert finding(target).status is Status.OPEN


def test_an_api_of_another_region_is_not_asked_for() -> None:
    target = path()
    elsewhere = ApiId(account_id=API.account_id, region="eu-west-1", api_id="abroad")
    target.source.snapshots[elsewhere] = replace(OPEN, api=elsewhere)
    target.looker.look_at(elsewhere)
    del target.source.snapshots[elsewhere]
    target.source.reads.clear()
    target.scan()

    assert elsewhere not in target.source.reads
