"""The notifier against a real HTTP server that speaks Slack's Web API and keeps its limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from tests.builders import API, CAUSE, evaluation, later, rest_api, violation
from tests.slack_standin.server import SlackStandin

from monitor.evaluation.lifecycle import advance
from monitor.model.access import Reason, Scope
from monitor.model.finding import Cause
from monitor.model.notice import Conversation, Notice
from monitor.model.record import ApiRecord
from monitor.ports import NotDelivered, Route, Telling
from monitor.slack.api import SlackApi, TokenSource
from monitor.slack.client import SlackNotifier

OPEN = evaluation(violation())
FENCED = evaluation(scope=Scope.CIDRS)


@pytest.fixture
def slack() -> Iterator[SlackStandin]:
    with SlackStandin.start() as standin:
        yield standin


@dataclass
class Teller:
    """The notifier on its own: what stands in the store is handed to it."""

    notifier: SlackNotifier

    def tell(
        self, notice: Notice, said: Conversation | None, *, again: bool = False
    ) -> Conversation:
        return self.notifier.tell(Telling(notice=notice, conversation=said, again=again))


def notifier(slack: SlackStandin, token: str | None = None, **options: Any) -> Teller:
    return to(slack.url, lambda anew: slack.token if token is None or anew else token, **options)


def to(url: str, token: TokenSource, channel: str = "#api-alerts", **options: Any) -> Teller:
    api = SlackApi(token, base_url=url, sleep=options.pop("sleep", lambda _seconds: None))
    route = Route(channel, options.pop("fallback", ""))
    return Teller(SlackNotifier(api, route=lambda _notice: route, **options))


def story(*looks: object) -> list[Notice]:
    record, notices = ApiRecord(api=API), []
    for minute, look in enumerate(looks):
        outcome = advance(record, look, now=later(60 * minute), cause=CAUSE)  # type: ignore[arg-type]
        record = outcome.record
        if outcome.notice:
            notices.append(outcome.notice)
    return notices


def test_an_incident_is_one_message_and_its_thread(slack: SlackStandin) -> None:
    opened, resolved, reopened = story(OPEN, FENCED, OPEN)
    tell = notifier(slack).tell

    conversation = tell(opened, None)
    assert conversation.is_open
    closed = tell(resolved, conversation)
    assert not closed.is_open
    tell(reopened, closed)

    thread = slack.thread(conversation.message_ts)
    assert [m["text"].split(":")[0].split(" ")[0] for m in thread] == [
        "Critical",
        "Resolved",
        "orders",
    ]
    (update, *_) = slack.calls_of("chat.update")
    assert "Resolved" in update.arguments["text"]
    broadcasts = [
        bool(call.arguments.get("reply_broadcast")) for call in slack.calls_of("chat.postMessage")
    ]
    assert broadcasts == [False, False, True]


def test_what_people_do_leaves_what_access_was_before_the_incident(slack: SlackStandin) -> None:
    tell = notifier(slack).tell
    opened = replace(story(OPEN)[0], scope_before=Scope.CIDRS)
    conversation = tell(opened, None)
    acknowledged = replace(opened, sequence=2, scope_before=Scope.INTERNET)

    conversation = tell(acknowledged, conversation)

    (root,) = slack.messages()
    assert "*Access before:*\\ncallers from certain addresses" in json.dumps(root["blocks"])
    closed = tell(replace(acknowledged, sequence=3, unresolved=()), conversation)
    tell(replace(opened, sequence=4, scope_before=Scope.ORG), closed)
    (root,) = slack.messages()
    assert "*Access before:*\\naccounts of the organisation" in json.dumps(root["blocks"])


def test_a_thread_with_something_open_is_not_called_resolved(slack: SlackStandin) -> None:
    both = evaluation(violation(), violation(stage="test"))
    opened, half = story(both, OPEN)
    tell = notifier(slack).tell

    tell(half, tell(opened, None))

    root, reply = slack.thread(slack.messages()[0]["ts"])
    assert root["text"].startswith("Critical")
    assert "Resolved" not in root["text"]
    assert "*Resolved*: Anyone" in str(reply["blocks"])


def test_a_rate_limit_is_waited_out(slack: SlackStandin) -> None:
    slack.fail_next("chat.postMessage", error="ratelimited", retry_after=1)

    notifier(slack).tell(story(OPEN)[0], None)

    assert len(slack.messages()) == 1


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_error_is_not_repeated_blindly(slack: SlackStandin, status: int) -> None:
    slack.fail_next("chat.postMessage", status=status, after_effect=True)

    with pytest.raises(NotDelivered):
        notifier(slack).tell(story(OPEN)[0], None)

    assert len(slack.calls_of("chat.postMessage")) == 1


def test_a_lost_answer_is_not_repeated_blindly(slack: SlackStandin) -> None:
    slack.fail_next("chat.postMessage", hang=0.1, after_effect=True)

    with pytest.raises(NotDelivered):
        notifier(slack).tell(story(OPEN)[0], None)

    assert len(slack.calls_of("chat.postMessage")) == 1


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        ("channel_not_found", "invite the app"),
        ("is_archived", "not archived"),
        ("missing_scope", "scopes of its manifest"),
        ("something_new", "something_new"),
    ],
)
def test_a_refusal_says_what_to_do(slack: SlackStandin, error: str, advice: str) -> None:
    slack.fail_next("chat.postMessage", error=error)

    with pytest.raises(NotDelivered, match=advice):
        notifier(slack).tell(story(OPEN)[0], None)


def test_a_token_that_was_rotated_is_read_again_once(slack: SlackStandin) -> None:
    notifier(slack, token="xoxb-old").tell(story(OPEN)[0], None)

    assert len(slack.messages()) == 1


def test_a_wrong_token_is_an_error_that_names_the_secret(slack: SlackStandin) -> None:
    wrong = to(slack.url, lambda _anew: "xoxb-wrong")

    with pytest.raises(NotDelivered, match="put a valid bot token"):
        wrong.tell(story(OPEN)[0], None)


def test_a_slack_that_is_not_there_is_no_crash() -> None:
    nowhere = to("http://127.0.0.1:9/", lambda _anew: "xoxb-1")

    with pytest.raises(NotDelivered):
        nowhere.tell(story(OPEN)[0], None)


@pytest.mark.parametrize(
    "error", ["message_not_found", "channel_not_found", "is_archived", "not_in_channel"]
)
def test_a_conversation_that_is_lost_begins_anew(slack: SlackStandin, error: str) -> None:
    """Somebody deleted the message, or the stack was given another channel."""
    opened, resolved = story(OPEN, FENCED)
    tell = notifier(slack).tell
    first = tell(opened, None)
    slack.fail_next("chat.update", error=error)

    second = tell(resolved, first)

    assert second.message_ts != first.message_ts
    assert "Resolved" in slack.messages()[-1]["text"]


def test_a_deleted_message_is_no_dead_end(slack: SlackStandin) -> None:
    opened, resolved = story(OPEN, FENCED)
    tell = notifier(slack).tell
    gone = replace(tell(opened, None), message_ts="1.000000")

    tell(resolved, gone)

    assert "Resolved" in slack.messages()[-1]["text"]


def test_a_message_that_cannot_be_edited_still_gets_its_reply(slack: SlackStandin) -> None:
    opened, resolved = story(OPEN, FENCED)
    tell = notifier(slack).tell
    conversation = tell(opened, None)
    slack.fail_next("chat.update", error="edit_window_closed")

    assert tell(resolved, conversation).message_ts == conversation.message_ts
    assert "Resolved" in slack.thread(conversation.message_ts)[-1]["text"]


def test_a_first_message_that_is_refused_stays_untold(slack: SlackStandin) -> None:
    slack.fail_next("chat.postMessage", error="is_archived")

    with pytest.raises(NotDelivered, match="not archived"):
        notifier(slack).tell(story(OPEN)[0], None)


def test_the_largest_hostile_finding_still_fits(slack: SlackStandin) -> None:
    long = "<!channel> `*" + "x" * 5000
    many = [
        violation(
            stage=f"stage{number}",
            title=long,
            routes=tuple(f"GET /{long}{n}" for n in range(300)),
            because=tuple(Reason(code=long, place=long) for _ in range(60)),
        )
        for number in range(30)
    ]
    look = evaluation(*many, snapshot=rest_api(name=long))
    cause = Cause(
        who=long, event_name=long, event_id="e", event_time=None, source_ip=long, via=long
    )
    notice = replace(story(look)[0], cause=cause)
    tell = notifier(slack).tell

    tell(notice, tell(notice, None))

    assert len(slack.messages()) == 1
    for call in slack.calls:
        # A header is plain text, where Slack reads no commands.
        spoken = [b for b in call.arguments["blocks"] if b["type"] != "header"]
        assert "<!channel>" not in call.arguments["text"] + str(spoken)
