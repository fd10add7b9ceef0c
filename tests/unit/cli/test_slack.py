"""`gatewatch slack test` against the stand-in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result
from tests.slack_standin.server import CHANNEL, SlackStandin

from monitor.cli.main import gatewatch


@pytest.fixture
def slack() -> Iterator[SlackStandin]:
    with SlackStandin.start() as standin:
        yield standin


def run(slack: SlackStandin, *arguments: str, token: str | None = None) -> Result:
    command = ["slack", "test", "--base-url", slack.url, "--token-file", "-", *arguments]
    return CliRunner().invoke(gatewatch, command, input=token or slack.token)


def test_all_is_well(slack: SlackStandin) -> None:
    answer = run(slack, "--channel", CHANNEL)

    assert answer.exit_code == 0, answer.output
    assert "FAILED" not in answer.output
    (message,) = slack.messages()
    assert "Resolved: a sample, not an API" in message["text"]
    assert len(slack.thread(message["ts"])) == 2


def test_a_missing_scope_is_named_with_its_use(slack: SlackStandin) -> None:
    slack.scopes -= {"channels:history", "usergroups:read"}

    answer = run(slack, "--channel", CHANNEL)

    assert answer.exit_code == 3
    assert "missing  the scope channels:history is missing: to find a message" in answer.output
    assert "posted twice" in answer.output
    assert "usergroups:read" in answer.output


def test_without_the_right_to_post_it_does_not_work(slack: SlackStandin) -> None:
    slack.scopes -= {"chat:write"}

    answer = run(slack, "--channel", CHANNEL)

    assert answer.exit_code == 2
    assert "needed: chat:write" in answer.output


def test_a_wrong_token_or_channel_says_what_to_do(slack: SlackStandin) -> None:
    wrong_token = run(slack, "--channel", CHANNEL, token="xoxb-wrong")
    wrong_channel = run(slack, "--channel", "C0NOWHERE0")

    assert (wrong_token.exit_code, wrong_channel.exit_code) == (2, 2)
    assert "put a valid bot token" in wrong_token.output
    assert "invite the app to the channel" in wrong_channel.output


@pytest.mark.parametrize("token", ["", "hunter2"])
def test_what_is_no_token_is_not_sent_anywhere(slack: SlackStandin, token: str) -> None:
    answer = run(slack, "--channel", CHANNEL, token=token or " ")

    assert answer.exit_code == 2
    assert slack.calls == []
    assert "hunter2" not in answer.output
