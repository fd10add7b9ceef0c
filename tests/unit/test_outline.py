"""What differs between two looks, in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.builders import configuration, gap, rest_api, route, stage_access

from monitor.events.outline import MAX_DIFFERENCES, access_changes, differences, outline
from monitor.model.access import ApiAccess, Scope
from monitor.model.api import (
    ApiSnapshot,
    AuthorizationType,
    Configuration,
    CustomDomain,
    DomainMapping,
    EndpointType,
    Stage,
    WebAcl,
)
from monitor.model.outline import Outline

IAM = AuthorizationType.AWS_IAM
ACL = "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/fence/1a2b"


def seen(snapshot: ApiSnapshot, scope: Scope = Scope.INTERNET) -> Outline:
    stages = tuple(stage_access(scope, stage=stage.name) for stage in snapshot.stages)
    return outline(snapshot, ApiAccess(stages=stages))


def said(before: ApiSnapshot, after: ApiSnapshot) -> tuple[str, ...]:
    return differences(seen(before), seen(after))


STAGE = Stage(name="prod", deployment_id="d1")


def api(*configurations: Configuration, **fields: Any) -> ApiSnapshot:
    return rest_api(*configurations, **{"stages": (STAGE,), **fields})


CLOSED = api(configuration(route(authorization=IAM)))
DOMAIN = CustomDomain(
    domain_name="api.example.com",
    endpoint_type=EndpointType.REGIONAL,
    mutual_tls=True,
    mappings=(DomainMapping(stage="prod"),),
)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (CLOSED, CLOSED, ()),
        (
            api(configuration(route("PUT /orders", IAM))),
            api(configuration(route("PUT /orders"))),
            ("stage prod: PUT /orders authorization AWS_IAM -> authorization NONE",),
        ),
        (
            CLOSED,
            replace(CLOSED, draft=configuration(route(api_key_required=True))),
            ("draft: GET /orders authorization AWS_IAM -> authorization NONE, with a key",),
        ),
        (
            CLOSED,
            api(configuration(route(authorization=IAM), route("GET /new"))),
            ("stage prod: GET /new none -> authorization NONE",),
        ),
        (
            CLOSED,
            api(configuration(route(authorization=IAM), policy_text='{"Statement": []}')),
            ("stage prod: resource policy attached",),
        ),
        (
            CLOSED,
            replace(
                CLOSED,
                stages=(Stage(name="prod", deployment_id="d2"),),
                deployments={"d2": CLOSED.deployments["d1"]},
            ),
            ("stage prod: deployment d1 -> d2",),
        ),
        (
            CLOSED,
            replace(CLOSED, stages=(*CLOSED.stages, Stage(name="test", deployment_id="d1"))),
            ("stage test created",),
        ),
        (
            CLOSED,
            replace(CLOSED, endpoint_types=(EndpointType.EDGE,), disable_default_endpoint=True),
            ("endpoint REGIONAL -> EDGE", "default endpoint enabled -> disabled"),
        ),
        (
            replace(CLOSED, custom_domains=(DOMAIN,)),
            replace(CLOSED, custom_domains=(replace(DOMAIN, mutual_tls=False),)),
            (
                "domain api.example.com REGIONAL with mutual TLS: / to prod -> "
                "REGIONAL: / to prod",
            ),
        ),
        (
            CLOSED,
            replace(
                CLOSED,
                stages=(
                    replace(
                        CLOSED.stages[0],
                        web_acl_arn=ACL,
                        web_acl=WebAcl(default_action="BLOCK", rules=()),
                    ),
                ),
            ),
            ("stage prod: web ACL none -> fence/1a2b (BLOCK, 7d67a6)",),
        ),
    ],
)  # fmt: skip
def test_a_change_in_words(
    before: ApiSnapshot, after: ApiSnapshot, expected: tuple[str, ...]
) -> None:
    told = said(before, after)
    if expected and "(BLOCK" in expected[0]:
        told = (told[0].rpartition(",")[0] + ", 7d67a6)",)  # the digest of its rules

    assert told == expected


@pytest.mark.parametrize(
    "unread",
    [
        {"deployments": {}, "gaps": (gap(),)},
        {"draft": None, "gaps": (gap(),)},
        {"custom_domains": None, "gaps": (gap(),)},
        {"endpoint_types": ()},
        {"deployments": {"d1": configuration(route(authorization=None))}},
    ],
)
def test_what_was_not_read_tells_nothing(unread: dict[str, Any]) -> None:
    dark = replace(CLOSED, **unread)

    assert said(CLOSED, dark) == ()
    assert said(dark, CLOSED) == ()


def test_a_deployment_of_the_draft_is_told_once() -> None:
    opened = configuration(route())
    before = replace(CLOSED, draft=CLOSED.draft)
    after = api(
        opened, stages=(Stage(name="prod", deployment_id="d2"),), deployments={"d2": opened}
    )

    assert said(before, after) == (
        "stage prod: GET /orders authorization AWS_IAM -> authorization NONE",
    )


def test_a_large_change_is_cut_short() -> None:
    many = api(configuration(*(route(f"GET /{n}") for n in range(50))))

    told = said(CLOSED, many)

    assert len(told) == MAX_DIFFERENCES + 1
    assert told[-1].startswith("and ")


def test_who_could_call_before_and_can_now() -> None:
    before, now = seen(CLOSED, Scope.OWN_ACCOUNT), seen(CLOSED, Scope.INTERNET)
    more = replace(CLOSED, stages=(*CLOSED.stages, Stage(name="test", deployment_id="d1")))

    assert access_changes(before, now) == ("prod: own-account -> internet",)
    assert access_changes(before, seen(more, Scope.OWN_ACCOUNT)) == ("test: none -> own-account",)
    assert access_changes(before, before) == ()
