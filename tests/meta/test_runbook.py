"""Whoever is woken finds an answer: each alarm and each message about Gatewatch itself has one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.template import resource, resources, template

from monitor.model.trouble import TroubleKind

RUNBOOK = (Path(__file__).resolve().parent.parent.parent / "docs/runbook.md").read_text("utf-8")
HEADINGS = set(re.findall(r"(?m)^##+ (.+)$", RUNBOOK))
ALARMS = sorted(resources("AWS::CloudWatch::Alarm"))


def answer(heading: str) -> str:
    """The text under a heading."""
    return re.split(r"(?m)^##+ ", RUNBOOK.split(f"# {heading}\n", 1)[1])[0]


@pytest.mark.parametrize("alarm", ALARMS)
def test_every_alarm_names_its_heading_and_stands_under_it(alarm: str) -> None:
    description = resource(alarm)["Properties"]["AlarmDescription"]
    (heading,) = re.findall(r'Runbook, "([^"]+)"', description)

    assert heading in HEADINGS
    assert f"`{alarm}`" in answer(heading)


def test_the_runbook_names_no_alarm_that_is_not_there() -> None:
    assert set(re.findall(r"`(\w+Alarm)`", RUNBOOK)) == set(ALARMS)


@pytest.mark.parametrize("kind", list(TroubleKind))
def test_every_trouble_has_its_heading(kind: TroubleKind) -> None:
    assert kind.value in HEADINGS


@pytest.mark.parametrize("kind", [k for k in TroubleKind if k is not TroubleKind.ALARM])
def test_every_trouble_has_an_alarm(kind: TroubleKind) -> None:
    named = [
        resource(alarm)["Properties"]
        for alarm in ALARMS
        if f'Runbook, "{kind.value}"' in resource(alarm)["Properties"]["AlarmDescription"]
    ]

    assert named
    ours = [alarm for alarm in named if alarm["Namespace"] == "Gatewatch"]
    assert not ours or kind.metric in {alarm["MetricName"] for alarm in ours}


@pytest.mark.parametrize("alarm", ALARMS)
def test_every_alarm_goes_to_the_topic_and_does_not_ring_for_want_of_data(alarm: str) -> None:
    properties = resource(alarm)["Properties"]

    assert properties["AlarmActions"]["If"][0] == "HasAlarmTopic"
    wanted = "breaching" if alarm == "WatchStoppedAlarm" else "notBreaching"
    assert properties["TreatMissingData"] == wanted
    if properties["Namespace"] == "Gatewatch":
        (dimension,) = properties["Dimensions"]
        assert dimension == {"Name": "service", "Value": {"Ref": "AWS::StackName"}}
    service = template()["Globals"]["Function"]["Environment"]["Variables"]
    assert service["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}
    assert service["POWERTOOLS_METRICS_NAMESPACE"] == "Gatewatch"
