"""Which stage variables hold a secret. Samples are put together here, so that no scanner of this
repository takes them for real ones."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.test_collect import read

from monitor.aws.stage_variables import LONGEST, secrets_in
from monitor.model.behind import StageSecret


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


JWT = f"{part({'alg': 'HS256'})}.{part({'sub': '12345678'})}.{'a1B2' * 10}"
ACCESS_KEY = "AKIA" + "IOSFODNN7REALKEY"


def kinds(**variables: str) -> dict[str, str]:
    return {one.variable: one.kind for one in secrets_in(variables)}


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (ACCESS_KEY, "AWS Access Key"),
        (JWT, "JSON Web Token"),
        ("ghp_" + "1234567890abcdefghijklmnopqrstuvwxyz", "GitHub Token"),
        ("sk_" + "live_" + "abcdefghijklmnopqrstuvwx", "Stripe Access Key"),
        ("https://hooks.slack.com/services/T0000AAAA/B0000AAAA/" + "x" * 24, "Slack Token"),
        ("aB3dE5fG7hI9jK1lM2nO4pQ6rS8tU0vW", "random value"),
    ],
)
def test_tokens_are_known_by_their_shape(value: str, kind: str) -> None:
    assert kinds(anything=value) == {"anything": kind}


@pytest.mark.parametrize("name", ["db_password", "clientSecret", "API_KEY", "private_key"])
def test_a_credential_is_known_by_the_name_of_its_variable(name: str) -> None:
    assert kinds(**{name: "hunter2"}) == {name: "credential, by its name"}


def test_a_known_token_is_told_as_what_it_is_and_not_by_its_name() -> None:
    assert kinds(password=ACCESS_KEY) == {"password": "AWS Access Key"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("password", ""),
        ("alias", "prod"),
        ("function", "arn:aws:lambda:us-east-1:123456789012:function:orders:live"),
        ("secret_arn", "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf"),
        ("secret", "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf"),
        ("secret_name", "prod-db"),
        ("password_parameter", "/prod/db/password"),
        ("password", "/prod/db/password"),
        ("api_key_required", "true"),
        ("api_key", "true"),
        ("revision", "9f1c2d3e4b5a69788796a5b4c3d2e1f001234567"),
        ("link", "7d9f6b1e-5f0f-4a53-9e2d-31f9a7a7d6a5"),
        ("host", "https://orders.internal.example.com/v1/orders?region=eu&limit=100"),
        ("table", "orders-service-production-table_v2"),
        ("token_ttl", "3600"),
    ],
)
def test_what_variables_are_for_is_no_secret(name: str, value: str) -> None:
    assert secrets_in({name: value}) == ()


@pytest.mark.parametrize("variables", [None, [], "text", {"a": None}, {"a": {"b": "c"}}])
def test_anything_else_holds_none(variables: object) -> None:
    assert secrets_in(variables) == ()


@settings(max_examples=50)
@given(st.dictionaries(st.text(max_size=40), st.text(max_size=600), max_size=3))
def test_no_text_breaks_it(variables: dict[str, str]) -> None:
    assert {one.variable for one in secrets_in(variables)} <= variables.keys()


def test_what_is_longer_than_aws_takes_costs_no_more() -> None:
    assert secrets_in({"a": "x" * LONGEST + ACCESS_KEY}) == ()


def test_a_stage_keeps_names_and_kinds_and_no_value() -> None:
    stage = {
        "stageName": "prod",
        "deploymentId": "d1",
        "variables": {"token": JWT, "alias": "live"},
        "canarySettings": {"deploymentId": "d1", "stageVariableOverrides": {"key": ACCESS_KEY}},
    }

    snapshot = read(GetStages={"item": [stage]})

    assert snapshot.stages[0].secrets == (
        StageSecret(variable="token", kind="JSON Web Token"),
        StageSecret(variable="key", kind="AWS Access Key", canary=True),
    )
    assert JWT not in repr(snapshot)
    assert ACCESS_KEY not in repr(snapshot)
