"""A witness as a shell command."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from tests.builders import DOOR

from monitor.model.access import Door, DoorKind, Witness
from monitor.model.callers import Credential
from monitor.report.curl import curl

DOMAIN = Door(kind=DoorKind.CUSTOM_DOMAIN, host="api.example.com")
HOST = f"https://{DOOR.host}"


def _witness(**fields: Any) -> Witness:
    return Witness(**{"door": DOOR, "method": "GET", "path": "/a", "stage": "prod", **fields})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, f"curl -i {HOST}/prod/a"),
        ({"method": "HEAD"}, f"curl -i --head {HOST}/prod/a"),
        ({"stage": "$default"}, f"curl -i {HOST}/a"),
        ({"source_ip": "203.0.113.9"}, f"curl -i {HOST}/prod/a  # from 203.0.113.9"),
        (
            {"credentials": (Credential.TOKEN, Credential.API_KEY)},
            f"curl -i -H 'Authorization: TOKEN' -H 'x-api-key: KEY' {HOST}/prod/a",
        ),
        (
            {"door": DOMAIN},
            "curl -i https://api.example.com/a  # under the domain's base path of stage prod",
        ),
        (
            {"principal": "arn:aws:iam::999999999999:user/x"},
            "curl -i --aws-sigv4 aws:amz:REGION:execute-api --user KEY_ID:SECRET "
            f"{HOST}/prod/a  # signed by arn:aws:iam::999999999999:user/x",
        ),
    ],
)
def test_the_command(fields: dict[str, Any], expected: str) -> None:
    assert curl(_witness(**fields)) == expected


@pytest.mark.parametrize("hostile", ["/a; rm -rf ~", "/$(id)", "/`id`", "/a'b", "/a\nb"])
def test_no_path_is_a_second_command(hostile: str) -> None:
    assert shlex.split(curl(_witness(path=hostile)))[-1] == f"{HOST}/prod{hostile}"
