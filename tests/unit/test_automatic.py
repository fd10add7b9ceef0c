"""What runs by itself is asked for when it opens, and only where the org policy says so."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws
from tests.builders import API, CAUSE, NOW, violation

from monitor.aws.messages import SqsMessages
from monitor.aws.sinks import Remediator
from monitor.model.access import Scope
from monitor.model.finding import Finding, Status
from monitor.model.notice import Notice, Step, StepKind
from monitor.orgpolicy.load import load_org_policy
from monitor.orgpolicy.schema import OrgPolicy
from monitor.ports import Telling
from monitor.usecases.automatic import automatic_requests
from remediators.requests import Wanted, parse_request

AUTO = "{remediation: quarantine-stage, rule: access-exceeds-policy, mode: auto}"


def policy(*modes: str, more: str = "") -> OrgPolicy:
    return load_org_policy(
        "version: 1\nclasses:\n"
        "  - {name: payments, select: {tags: {team: payments}}, allowed: nobody}\n"
        "  - {name: everything else, allowed: no-public-access}\n"
        f"remediations: {{modes: [{', '.join(modes)}]{more}}}\n"
    )


def notice(
    kind: StepKind = StepKind.OPENED, *, tags: dict[str, str] | None = None, **fields: Any
) -> Notice:
    offered = ("rollback-stage", "quarantine-stage")
    found = violation(**{"classes": ("everything else",), "remediations": offered, **fields})
    finding = Finding(
        id="gw-1",
        api=API,
        api_name="orders",
        violation=found,
        status=found.status,
        first_seen=NOW,
        last_seen=NOW,
        change=CAUSE,
    )
    return Notice(
        api=API,
        api_name="orders",
        sequence=1,
        made_at=NOW,
        steps=(Step(kind=kind, finding=finding),),
        unresolved=(finding,),
        scope_before=Scope.CIDRS,
        scope_now=Scope.INTERNET,
        tags=tags or {},
    )


def test_what_runs_by_itself_is_asked_for_with_who_made_the_change() -> None:
    (message,) = automatic_requests(notice(), policy(AUTO))

    assert message["action"] == "quarantine-stage"
    assert (message["automatic"], message["changed_by"]) == (True, CAUSE.who)


def test_a_name_without_end_does_not_keep_a_remedy_from_being_asked_for() -> None:
    told = notice()
    endless = replace(told.steps[0].finding, change=replace(CAUSE, who="x" * 5000))
    (message,) = automatic_requests(
        replace(told, steps=(replace(told.steps[0], finding=endless),)), policy(AUTO)
    )

    assert parse_request(json.dumps(message)).changed_by == "x" * 1000


@pytest.mark.parametrize(
    ("told", "given"),
    [
        (notice(), policy()),
        (notice(), policy("{mode: approve}")),
        (notice(StepKind.RESOLVED), policy(AUTO)),
        (notice(StepKind.ACKNOWLEDGED), policy(AUTO)),
        (notice(live=False), policy(AUTO)),
        (notice(status=Status.UNKNOWN), policy(AUTO)),
        # Of several classes the most careful one decides, whatever is wrong there.
        (
            notice(classes=("everything else", "payments")),
            policy("{class: payments, mode: approve}", AUTO),
        ),
        (
            notice(classes=("another",)),
            policy(AUTO.replace("rule:", "class: everything else, rule:")),
        ),
        (notice(tags={"hands": "off"}), policy(AUTO, more=", exempt_tags: {hands: 'off'}")),
        (notice(remediations=()), policy(AUTO)),
    ],
)
def test_nothing_else_is_asked_for(told: Notice, given: OrgPolicy) -> None:
    assert list(automatic_requests(told, given)) == []


def test_the_remediator_understands_what_it_is_asked() -> None:
    with mock_aws():
        sqs = boto3.client("sqs", region_name="us-east-1")
        url = sqs.create_queue(QueueName="remediation")["QueueUrl"]
        sink = Remediator(
            SqsMessages(sqs, url), lambda one: list(automatic_requests(one, policy(AUTO)))
        )
        sink.tell(Telling(notice=notice()))
        sink.tell(Telling(notice=replace(notice(), steps=())))
        received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]

    (request,) = [parse_request(one["Body"]) for one in received]
    assert (request.step, request.automatic) == (Wanted.PLAN, True)
    assert (request.api_id, request.finding_id) == (API.api_id, "gw-1")
