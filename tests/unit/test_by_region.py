"""Events that other regions forward are looked at where they happened."""

from __future__ import annotations

import json

from tests.builders import API, NOW
from tests.unit.test_cloudtrail import record

from monitor.bootstrap.on_change import place_of
from monitor.events.requests import dump_request, dump_wake, region_of
from monitor.handlers.batches import by_region
from monitor.model.look_request import LookRequest

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:on-change"


def message(region: str, id_: str) -> dict[str, str]:
    return {"messageId": id_, "body": json.dumps({"detail": record(awsRegion=region)})}


def test_every_message_of_ours_names_its_region() -> None:
    assert region_of(message("eu-west-1", "1")["body"]) == "eu-west-1"
    assert region_of(dump_wake(API)) == "us-east-1"
    assert region_of(dump_request(LookRequest(api=API, asked_at=NOW))) == "us-east-1"
    assert region_of("{not JSON") == ""


def test_a_batch_is_split_by_the_regions_that_are_watched() -> None:
    event = {
        "Records": [
            message("eu-west-1", "1"),
            message("us-east-1", "2"),
            message("eu-west-1", "3"),
            message("ap-south-1", "4"),
            {"messageId": "5", "body": "{not JSON"},
        ]
    }

    groups = by_region(event, ("eu-west-1", "us-east-1"))

    ids = {region: [r["messageId"] for r in found["Records"]] for region, found in groups.items()}
    assert ids == {"eu-west-1": ["1", "3"], "us-east-1": ["2"], "": ["4", "5"]}
    assert by_region(event, ()) == {"": event}


def test_a_place_is_the_functions_account_in_the_region_of_the_event() -> None:
    assert place_of(ARN).region == "eu-west-1"
    there = place_of(ARN, "us-east-1")
    assert (there.account_id, there.region, there.partition) == ("123456789012", "us-east-1", "aws")
