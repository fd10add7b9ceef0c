"""What the writer of a policy seems to have meant."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.builders import API, route

from monitor.iampolicy.document import Statement, parse
from monitor.iampolicy.endpoints import lets_all_through
from monitor.iampolicy.intent import allowed_networks, named_accounts, speaks_of

EVERYTHING = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": "execute-api:Invoke",
    "Resource": "execute-api:/*",
}


def statement(**patch: Any) -> Statement:
    (only,) = parse(json.dumps({"Statement": EVERYTHING | patch})).statements
    return only


@pytest.mark.parametrize(
    ("resource", "key", "spoken"),
    [
        ("execute-api:/*", "GET /orders", True),
        ("execute-api:/prod/GET/orders", "GET /orders", True),
        ("execute-api:/test/GET/orders", "GET /orders", False),
        ("execute-api:/prod/POST/orders", "ANY /orders", True),
        ("execute-api:/prod/POST/orders", "GET /orders", False),
        ("execute-api:/prod/GET/pets/vip-*", "GET /pets/{petId}", True),
        ("execute-api:/prod/GET/dogs/*", "GET /pets/{petId}", False),
        ("execute-api:/prod/GET/admin/users", "ANY /{proxy+}", True),
        ("arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/*", "GET /orders", True),
        ("arn:aws:execute-api:us-east-1:123456789012:other/*", "GET /orders", False),
        ("arn:aws:execute-api:us-east-1:123456789012:*/prod/GET/orders", "GET /orders", True),
        ("arn:aws:execute-api:*", "GET /orders", True),
        ("arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5", "GET /orders", False),
        ("arn:aws:s3:::bucket/*", "GET /orders", False),
        ("execute-api:/prod/GET/${aws:username}", "GET /orders", True),
        ("*", "GET /orders", True),
    ],
)
def test_a_statement_speaks_of_a_route_that_some_request_of_it_matches(
    resource: str, key: str, spoken: bool
) -> None:
    assert speaks_of(statement(Resource=resource), API, "prod", route(key)) is spoken


def test_a_statement_about_another_action_speaks_of_no_route() -> None:
    other = statement(Action="execute-api:ManageConnections")

    assert not speaks_of(other, API, "prod", route())


def test_conditions_of_one_statement_narrow_each_other() -> None:
    found = allowed_networks(
        statement(
            Condition={
                "IpAddress": {"aws:SourceIp": "203.0.113.0/24"},
                "NotIpAddress": {"aws:SourceIp": "203.0.113.0/25"},
            }
        )
    )

    assert found is not None
    assert found.addresses.cidrs() == ("203.0.113.128/25",)


@pytest.mark.parametrize(
    "condition",
    [
        {},
        {"StringEquals": {"aws:Referer": "x"}},
        {"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1"}},
        {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}},
        {"ForAllValues:StringEquals": {"aws:SourceVpce": "vpce-1"}},
        {"Null": {"aws:SourceVpce": "true"}},
    ],
)
def test_a_condition_that_a_caller_without_the_key_meets_lists_no_network(
    condition: dict[str, Any],
) -> None:
    assert allowed_networks(statement(Condition=condition)) is None


def test_accounts_are_named_by_number_root_role_and_session() -> None:
    named = statement(
        Principal={
            "AWS": [
                "111111111111",
                "arn:aws:iam::222222222222:root",
                "arn:aws:iam::333333333333:role/r",
                "arn:aws:sts::444444444444:assumed-role/r/s",
                "AROAEXAMPLEEXAMPLE12",
            ],
            "Service": "lambda.amazonaws.com",
        }
    )

    assert named_accounts(named) == {f"{digit * 12}" for digit in "1234"}


ALL = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (None, True),
        ({"Statement": ALL}, True),
        ({"Statement": ALL | {"Principal": {"AWS": "*"}}}, True),
        ({"Statement": ALL | {"Principal": {"AWS": "123456789012"}}}, False),
        ({"Statement": ALL | {"Action": "s3:*"}}, False),
        ({"Statement": ALL | {"Resource": "arn:aws:execute-api:us-east-1:123456789012:*"}}, False),
        ({"Statement": ALL | {"Resource": "arn:aws:execute-api:*:*:*/prod/*"}}, True),
        ({"Statement": [ALL, ALL | {"Effect": "Deny", "Action": "s3:*"}]}, True),
        ({"Statement": [ALL, ALL | {"Effect": "Deny"}]}, False),
        ({"Statement": ALL | {"Effect": "allow"}}, None),
        ("{", None),
    ],
)
def test_what_an_endpoint_policy_lets_through_to_somebody_elses_api(
    policy: object, expected: bool | None
) -> None:
    text = policy if policy is None or isinstance(policy, str) else json.dumps(policy)

    assert lets_all_through(text, API) is expected
