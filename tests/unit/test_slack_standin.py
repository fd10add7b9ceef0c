"""The Slack stand-in behaves as Slack documents it, seen through slack_sdk and plain HTTP."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from tests.slack_standin import limits
from tests.slack_standin.render import Reader, mrkdwn, render_thread
from tests.slack_standin.server import CHANNEL, SlackStandin


@pytest.fixture
def slack() -> Iterator[SlackStandin]:
    with SlackStandin.start() as standin:
        yield standin


@pytest.fixture
def client(slack: SlackStandin) -> WebClient:
    return WebClient(token=slack.token, base_url=slack.url, timeout=1)


def section(text: str = "text") -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(label: str, action_id: str) -> dict[str, Any]:
    text = {"type": "plain_text", "text": label}
    return {"type": "button", "text": text, "action_id": action_id, "value": "finding-1"}


def refused(error: str) -> Any:
    return pytest.raises(SlackApiError, match=f"'error': '{error}'")


# --- messages ---------------------------------------------------------------------------------


def test_a_message_is_posted_answered_updated_and_deleted(
    slack: SlackStandin, client: WebClient
) -> None:
    posted = client.chat_postMessage(channel="#api-alerts", text="open", blocks=[section()])
    assert posted["channel"] == CHANNEL  # the id, which everything but posting wants
    ts = posted["ts"]
    client.chat_postMessage(channel=CHANNEL, text="more", thread_ts=ts)
    client.chat_update(channel=CHANNEL, ts=ts, text="resolved")

    (message,) = slack.messages()
    assert (message["text"], message["reply_count"]) == ("resolved", 1)
    assert message["blocks"] == [section()]  # an update keeps what it does not name
    assert [entry["text"] for entry in slack.thread(ts)] == ["resolved", "more"]
    client.chat_delete(channel=CHANNEL, ts=ts)
    assert slack.messages() == []


def test_history_shows_top_messages_and_replies_show_the_thread(client: WebClient) -> None:
    first = client.chat_postMessage(channel=CHANNEL, text="one")["ts"]
    client.chat_postMessage(channel=CHANNEL, text="two")
    client.chat_postMessage(channel=CHANNEL, text="reply", thread_ts=first)

    history = client.conversations_history(channel=CHANNEL, limit=1)
    assert [message["text"] for message in history["messages"]] == ["two"]
    cursor = history["response_metadata"]["next_cursor"]
    rest = client.conversations_history(channel=CHANNEL, cursor=cursor)
    assert [message["text"] for message in rest["messages"]] == ["one"]
    replies = client.conversations_replies(channel=CHANNEL, ts=first)
    assert [message["text"] for message in replies["messages"]] == ["one", "reply"]


def test_metadata_comes_back_when_asked_for(client: WebClient) -> None:
    metadata = {"event_type": "finding", "event_payload": {"id": "f-1"}}
    client.chat_postMessage(channel=CHANNEL, text="open", metadata=metadata)
    asked = client.conversations_history(channel=CHANNEL, include_all_metadata=True)
    assert asked["messages"][0]["metadata"] == metadata
    assert "metadata" not in client.conversations_history(channel=CHANNEL)["messages"][0]


def test_who_we_are(client: WebClient) -> None:
    assert client.auth_test()["bot_id"] == "B0GATEWATCH"


def test_what_does_not_exist_is_refused(slack: SlackStandin, client: WebClient) -> None:
    for token, error in (("xoxb-wrong", "invalid_auth"), ("", "not_authed")):
        with refused(error):
            WebClient(token=token, base_url=slack.url).auth_test()
    with refused("channel_not_found"):
        client.chat_postMessage(channel="#missing", text="x")
    with refused("channel_not_found"):  # a name is good for posting only
        client.chat_update(channel="#api-alerts", ts="1.1", text="x")
    with refused("message_not_found"):
        client.chat_update(channel=CHANNEL, ts="1.1", text="x")
    with refused("thread_not_found"):
        client.chat_postMessage(channel=CHANNEL, text="x", thread_ts="1.1")
    with refused("no_text"):
        client.api_call("chat.postMessage", json={"channel": CHANNEL, "text": ""})
    with refused("unknown_method"):
        client.api_call("no.such.method")


# --- limits -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("blocks", "where"),
    [
        ([section()] * 51, "/blocks"),
        ([section("x" * 3001)], "/blocks/0/text/text"),
        ([section("")], "/blocks/0/text/text"),
        ([{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}], "/blocks/0/text"),
        ([{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}], "/blocks/0/text"),
        ([{"type": "section", "fields": [section()["text"]] * 11}], "/blocks/0/fields"),
        ([{"type": "actions", "elements": [button("x" * 76, "a")]}], "/blocks/0/elements/0/text"),
        ([{"type": "actions", "elements": [button("x", "a")] * 2}], "/blocks/0/elements"),
        ([{"type": "context", "elements": []}], "/blocks/0/elements"),
        ([{"type": "sektion"}], "/blocks/0/type"),
        ([{**section(), "block_id": "same"}] * 2, "/blocks/1/block_id"),
    ],
)
def test_blocks_out_of_bounds_are_refused_with_their_place(
    client: WebClient, blocks: list[dict[str, Any]], where: str
) -> None:
    with refused("invalid_blocks") as refusal:
        client.chat_postMessage(channel=CHANNEL, text="x", blocks=blocks)
    (problem,) = refusal.value.response["response_metadata"]["messages"]
    assert f"[json-pointer:{where}" in problem


def test_the_whole_message_has_limits_too(client: WebClient) -> None:
    with refused("msg_too_long"):
        client.chat_postMessage(channel=CHANNEL, text="x" * 40_001)
    with refused("msg_blocks_too_long"):
        client.chat_postMessage(channel=CHANNEL, text="x", blocks=[section("x" * 2700)] * 5)
    client.chat_postMessage(channel=CHANNEL, text="x", blocks=[section("x" * 2500)] * 5)


def test_views_are_checked_as_well() -> None:
    title = {"type": "plain_text", "text": "x" * 25}
    assert limits.view_problems({"type": "modal", "title": title, "blocks": [section()]})
    fine = {"type": "modal", "title": {**title, "text": "Waive"}, "blocks": [section()] * 100}
    assert limits.view_problems(fine) == []


# --- faults -----------------------------------------------------------------------------------


def test_a_rate_limit_comes_as_429_and_goes_away(slack: SlackStandin, client: WebClient) -> None:
    slack.fail_next("chat.postMessage", error="ratelimited", times=2, retry_after=7)
    for _ in range(2):
        with refused("ratelimited") as refusal:
            client.chat_postMessage(channel=CHANNEL, text="x")
        assert refusal.value.response.status_code == 429
        assert refusal.value.response.headers["Retry-After"] == "7"
    client.chat_postMessage(channel=CHANNEL, text="x")
    assert [call.status for call in slack.calls_of("chat.postMessage")] == [429, 429, 200]


def test_any_error_and_status_can_be_asked_for(slack: SlackStandin, client: WebClient) -> None:
    slack.fail_next("chat.postMessage", error="is_archived")
    with refused("is_archived"):
        client.chat_postMessage(channel=CHANNEL, text="x")
    slack.fail_next("chat.postMessage", status=503)
    with pytest.raises(SlackApiError) as refusal:
        client.chat_postMessage(channel=CHANNEL, text="x")
    assert refusal.value.response.status_code == 503
    assert slack.messages() == []
    with pytest.raises(ValueError, match="how it should fail"):
        slack.fail_next("chat.postMessage")


def test_an_answer_can_be_lost_after_the_message_was_posted(
    slack: SlackStandin, client: WebClient
) -> None:
    slack.fail_next("chat.postMessage", hang=0, after_effect=True)
    with pytest.raises(OSError, match="closed connection"):
        WebClient(token=slack.token, base_url=slack.url, retry_handlers=[]).chat_postMessage(
            channel=CHANNEL, text="once"
        )
    slack.fail_next("chat.postMessage", hang=30, after_effect=True)
    with pytest.raises(TimeoutError):
        client.chat_postMessage(channel=CHANNEL, text="twice")
    assert [message["text"] for message in slack.messages()] == ["once", "twice"]
    assert [call.answer for call in slack.calls] == [None, None]


def test_a_reset_forgets_everything(slack: SlackStandin, client: WebClient) -> None:
    client.chat_postMessage(channel=CHANNEL, text="x")
    slack.reset()
    assert (slack.messages(), slack.calls) == ([], [])


# --- interactions -----------------------------------------------------------------------------


def _respond(url: str, said: dict[str, Any]) -> int:
    request = urllib.request.Request(url, json.dumps(said).encode())
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=5) as answer:
        return int(answer.status)


def test_a_pressed_button_brings_a_trigger_and_a_response_url(
    slack: SlackStandin, client: WebClient
) -> None:
    actions = {"type": "actions", "elements": [button("Acknowledge", "ack")]}
    ts = client.chat_postMessage(channel=CHANNEL, text="open", blocks=[section(), actions])["ts"]
    payload = slack.press(ts, "ack", user="U0ALICE")
    assert payload["actions"][0]["value"] == "finding-1"
    assert payload["user"]["username"] == "alice"

    view = {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Waive"},
        "blocks": [section()],
    }
    client.views_open(trigger_id=payload["trigger_id"], view=view)
    assert slack.workspace.views[0]["title"]["text"] == "Waive"
    with refused("exchanged_trigger_id"):
        client.views_open(trigger_id=payload["trigger_id"], view=view)

    assert _respond(payload["response_url"], {"replace_original": True, "text": "done"}) == 200
    assert slack.messages()[0]["text"] == "done"
    assert _respond(payload["response_url"], {"text": "only you"}) == 200
    assert slack.workspace.ephemeral[0]["text"] == "only you"
    with pytest.raises(LookupError, match="nothing"):
        slack.press(ts, "nothing")


# --- rendering --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("marked", "seen"),
    [
        ("*orders* is _open_ to ~nobody~", "orders is open to nobody"),
        ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
        ("<https://example.com/a|the API>", "the API (https://example.com/a)"),
        ("`arn:aws:iam::1:role/*` 2*3*4", "`arn:aws:iam::1:role/*` 2*3*4"),
        ("<!channel> <@U0ALICE>", "@channel @U0ALICE"),
        ("<!date^1700000000^{date}|14 Nov>", "14 Nov"),
        (":rotating_light: 10:20:30", "🚨 10:20:30"),
        ("*<https://example.com|bold link>*", "bold link (https://example.com)"),
    ],
)
def test_markup_is_shown_as_a_person_sees_it(marked: str, seen: str) -> None:
    assert mrkdwn(marked) == seen


def test_a_thread_is_rendered_as_it_is_read(slack: SlackStandin, client: WebClient) -> None:
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "orders is open"}},
        section("*Who:* alice@example.com"),
        {"type": "section", "fields": [section("*Scope:*\ninternet")["text"]]},
        {"type": "divider"},
        {"type": "actions", "elements": [button("Acknowledge", "a"), button("Show fix", "b")]},
        {"type": "context", "elements": [section("finding `f-1`")["text"]]},
    ]
    ts = client.chat_postMessage(channel=CHANNEL, text="fallback", blocks=blocks)["ts"]
    client.chat_postMessage(channel=CHANNEL, text=":white_check_mark: *resolved*", thread_ts=ts)
    assert render_thread(slack) == (
        "#api-alerts\n"
        "\n"
        "Gatewatch  APP\n"
        "  orders is open\n"
        "  ==============\n"
        "  Who: alice@example.com\n"
        "    Scope: internet\n"
        f"  {'-' * 40}\n"
        "  [Acknowledge]  [Show fix]\n"
        "  finding `f-1`\n"
        "\n"
        "    ↳ Gatewatch  APP\n"
        "      ✅ resolved\n"
    )


def test_who_reads_again_sees_what_is_new(slack: SlackStandin, client: WebClient) -> None:
    ts = client.chat_postMessage(channel=CHANNEL, text="orders is open")["ts"]
    reader = Reader(slack)
    assert "orders is open" in reader.read()
    assert reader.read() == "#api-alerts\n"

    client.chat_update(channel=CHANNEL, ts=ts, text="orders is shut", blocks=[section("*shut*")])
    client.chat_postMessage(channel=CHANNEL, text="resolved", thread_ts=ts)

    below = "\n    ↳ Gatewatch  APP\n      resolved\n"
    assert reader.peek() == f"#api-alerts\n\nGatewatch  APP\n  shut\n  (edited)\n{below}"
    assert reader.read() == f"#api-alerts\n\nGatewatch  APP\n  shut … (edited)\n{below}"
    assert reader.peek() == "#api-alerts\n"


def test_what_is_said_to_one_person_is_kept_for_them(
    slack: SlackStandin, client: WebClient
) -> None:
    row = {"type": "actions", "elements": [button("Approve", "a")]}
    ts = client.chat_postMessage(channel=CHANNEL, text="plan", blocks=[row])["ts"]
    payload = slack.press(ts, "a", user="U0ROBERT")

    assert _respond(payload["response_url"], {"text": "not you"}) == 200

    assert [said["text"] for said in slack.whispers("U0ROBERT")] == ["not you"]
    assert slack.whispers("U0ALICE") == []
