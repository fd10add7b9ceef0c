"""Neither a token nor the value of an API key gets into a log, whatever goes wrong."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from tests.builders import NOW
from tests.slack_standin.server import SlackStandin

from monitor.aws.secrets import SlackSecret
from monitor.handlers.observability import logger
from monitor.model.trouble import Announcement, KnownTrouble, Trouble, TroubleKind
from monitor.ports import NotDelivered
from monitor.slack.announcer import SlackAnnouncer
from monitor.slack.api import SlackApi

TOKEN = "xoxb-1111-THIS-IS-SECRET"
SAID = Announcement(
    stack="gatewatch",
    begun=(
        KnownTrouble(trouble=Trouble(kind=TroubleKind.BLIND, subject="r", text="blind"), since=NOW),
    ),
    over=(),
)


@pytest.mark.parametrize("stored", [TOKEN, json.dumps({"token": TOKEN})])
@mock_aws
def test_a_refused_token_is_not_named(
    stored: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets = boto3.client("secretsmanager", region_name="us-east-1")
    secrets.create_secret(Name="slack", SecretString=stored)
    slack = SlackStandin.start()
    try:
        api = SlackApi(SlackSecret(secrets, "slack").token, base_url=slack.url)
        notifier = SlackAnnouncer(api, "#alerts")
        with caplog.at_level(logging.INFO), pytest.raises(NotDelivered) as refused:
            notifier.announce(SAID)
        logger.error("Slack was not told: %s", refused.value)
        try:
            raise refused.value
        except NotDelivered:
            logger.exception("with its trace")
    finally:
        slack.stop()

    written = caplog.text + "".join(capsys.readouterr()) + str(refused.value)
    assert "THIS-IS-SECRET" not in written


def test_no_log_line_takes_a_whole_event_or_answer() -> None:
    """What AWS answers and what events hold is never logged whole: only fields by name."""
    sources = Path(__file__).resolve().parent.parent.parent / "src" / "monitor"
    for path in (sources / "handlers").glob("*.py"):
        text = path.read_text("utf-8")
        assert "log_event=True" not in text, path
        assert "capture_response=True" not in text, path
        for line in text.splitlines():
            if "logger." in line:
                assert not any(word in line for word in ("body", "event)", "record)", "answer)"))


def test_the_reader_never_asks_for_the_value_of_a_key() -> None:
    """What is not read cannot be logged. Source: API Gateway API reference, "GetApiKeys"."""
    sources = Path(__file__).resolve().parent.parent.parent / "src"
    asked: list[Any] = [
        path
        for path in sources.rglob("*.py")
        if "includeValues=True" in path.read_text("utf-8")
        or "includeValue=True" in path.read_text("utf-8")
    ]

    assert asked == []
