"""What comes to the endpoint: from Slack or a stranger, and what it asks."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.signature import SignatureVerifier
from tests.builders import API, NOW, later

from monitor.model.ask import Ask, AskKind
from monitor.slack.buttons import Action, NoTarget, PlanTarget, Target, plan_target, target
from monitor.slack.requests import (
    HELP,
    Known,
    NotSlack,
    NotUnderstood,
    OpenForm,
    Queue,
    Say,
    check_signature,
    decide,
)

SECRET = "signs-for-gatewatch"
KNOWN = Known(team_id="T0EXAMPLE", app_id="A0GATEWATCH")
FINDING = "gw-0123456789abcdef"
VALUE = Target(api=API, finding_ids=(FINDING,)).packed()


def signed(body: bytes, at: datetime = NOW, secret: str = SECRET) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body)
    return {"x-slack-request-timestamp": stamp, "x-slack-signature": signature or ""}


def check(headers: dict[str, str], body: bytes = b"a=b", now: datetime = NOW) -> None:
    check_signature(headers, body, signing_secret=SECRET, now=now)


def press(action: Action | str, value: str = VALUE, **fields: Any) -> bytes:
    payload = {
        "type": "block_actions",
        "user": {"id": "U0ALICE"},
        "team": {"id": "T0EXAMPLE"},
        "api_app_id": "A0GATEWATCH",
        "trigger_id": "1.trigger",
        "response_url": "https://hooks.slack.com/actions/T/1/x",
        "actions": [{"action_id": str(action), "value": value}],
        **fields,
    }
    return urlencode({"payload": json.dumps(payload)}).encode()


def command(text: str, **fields: str) -> bytes:
    form = {
        "team_id": "T0EXAMPLE",
        "api_app_id": "A0GATEWATCH",
        "user_id": "U0ALICE",
        "trigger_id": "2.trigger",
        "command": "/gatewatch",
        "response_url": "https://hooks.slack.com/commands/T/1/x",
        "text": text,
        **fields,
    }
    return urlencode(form).encode()


def submit(form: OpenForm, reason: str, until: str, **fields: Any) -> bytes:
    payload = {
        "type": "view_submission",
        "user": {"id": "U0ALICE"},
        "team": {"id": "T0EXAMPLE"},
        "api_app_id": "A0GATEWATCH",
        "trigger_id": "3.trigger",
        "view": {
            **form.view,
            "state": {
                "values": {
                    "reason": {"reason": {"value": reason}},
                    "until": {"until": {"selected_date": until}},
                }
            },
        },
        **fields,
    }
    return urlencode({"payload": json.dumps(payload)}).encode()


def asked(body: bytes, now: datetime = NOW) -> Ask:
    decision = decide(body, known=KNOWN, now=now)
    assert isinstance(decision, Queue)
    return decision.ask


# --- is it Slack -----------------------------------------------------------------------------


def test_slacks_own_signature_is_good_for_five_minutes_either_way() -> None:
    headers = signed(b"a=b")

    for minutes in (-5, 0, 5):
        check(headers, now=NOW + timedelta(minutes=minutes))
    for seconds in (-301, 301, 86_400):
        with pytest.raises(NotSlack, match="five minutes"):
            check(headers, now=later(seconds))


def test_letter_case_of_header_names_does_not_matter() -> None:
    check({name.title(): value for name, value in signed(b"a=b").items()})


@pytest.mark.parametrize(
    "spoil",
    [
        lambda h: {},
        lambda h: h | {"x-slack-signature": ""},
        lambda h: h | {"x-slack-signature": "v0=" + "0" * 64},
        lambda h: h | {"x-slack-signature": h["x-slack-signature"].upper()},
        lambda h: h | {"x-slack-signature": "v0=\u00e9"},
        lambda h: h | {"x-slack-request-timestamp": "soon"},
        lambda h: h | {"x-slack-request-timestamp": ""},
        lambda h: h | {"x-slack-request-timestamp": str(int(NOW.timestamp()) + 1)},
        lambda h: {"x-slack-request-timestamp": h["x-slack-request-timestamp"]},
    ],
)
def test_a_wrong_signature_or_time_is_a_stranger(spoil: Any) -> None:
    with pytest.raises(NotSlack):
        check(spoil(signed(b"a=b")))


@pytest.mark.parametrize("body", [b"a=c", b"", b"\xff\xfe", b"a=b&" + b"x" * 300_000])
def test_another_body_than_was_signed_is_a_stranger(body: bytes) -> None:
    with pytest.raises(NotSlack):
        check(signed(b"a=b"), body)


def test_another_apps_secret_is_a_stranger() -> None:
    with pytest.raises(NotSlack):
        check(signed(b"a=b", secret="another"))


@pytest.mark.parametrize(
    "body",
    [
        press(Action.ACKNOWLEDGE, team={"id": "T0OTHER"}),
        press(Action.ACKNOWLEDGE, team=None),
        press(Action.ACKNOWLEDGE, api_app_id="A0OTHER"),
        press(Action.ACKNOWLEDGE, api_app_id=None),
        command("status", team_id="T0OTHER"),
        command("status", api_app_id=""),
    ],
)
def test_another_workspace_or_app_is_a_stranger(body: bytes) -> None:
    with pytest.raises(NotSlack):
        decide(body, known=KNOWN, now=NOW)


@given(st.binary(max_size=300), st.dictionaries(st.text(max_size=30), st.text(max_size=80)))
def test_whatever_a_stranger_sends_is_refused(body: bytes, headers: dict[str, str]) -> None:
    with pytest.raises(NotSlack):
        check(headers, body)


# --- what does it ask ------------------------------------------------------------------------


def test_a_press_names_who_what_and_when() -> None:
    ask = asked(press(Action.ACKNOWLEDGE))

    assert ask == Ask(
        id=ask.id,
        kind=AskKind.ACKNOWLEDGE,
        user="U0ALICE",
        at=NOW,
        api=API,
        finding_ids=(FINDING,),
        answer_url="https://hooks.slack.com/actions/T/1/x",
    )
    assert ask.who == "slack:U0ALICE"


def test_the_same_press_has_the_same_id_and_another_has_not() -> None:
    first = asked(press(Action.ACKNOWLEDGE))
    replayed = asked(press(Action.ACKNOWLEDGE), now=later(60))
    other = asked(press(Action.ACKNOWLEDGE, trigger_id="9.trigger"))

    assert first.id == replayed.id != other.id


@pytest.mark.parametrize(
    ("action", "value", "kind"),
    [
        (Action.PLAN, VALUE, AskKind.PLAN),
        (Action.APPROVE, "gwp-0123456789abcdef|slack:U0BOB", AskKind.APPROVE),
        (Action.UNDO, "gwp-0123456789abcdef|slack:U0BOB", AskKind.UNDO),
    ],
)
def test_remediation_is_asked_for_by_plan(action: Action, value: str, kind: AskKind) -> None:
    ask = asked(press(action, value))

    assert ask.kind is kind
    assert (ask.plan_id, ask.requested_by) == (
        ("", "") if action is Action.PLAN else ("gwp-0123456789abcdef", "slack:U0BOB")
    )


def test_waiving_opens_a_form_and_the_form_asks() -> None:
    form = decide(press(Action.WAIVE, f"90;{VALUE}"), known=KNOWN, now=NOW)
    assert isinstance(form, OpenForm)
    assert form.trigger_id == "1.trigger"

    decision = decide(
        submit(form, "Agreed with Ops until the move", "2026-12-01"), known=KNOWN, now=NOW
    )

    assert isinstance(decision, Queue)
    assert decision.body == {"response_action": "clear"}
    assert decision.ask.kind is AskKind.WAIVE
    assert decision.ask.finding_ids == (FINDING,)
    assert decision.ask.reason == "Agreed with Ops until the move"
    assert decision.ask.until == datetime.fromisoformat("2026-12-01T23:59:59+00:00")
    assert decision.ask.answer_url == "https://hooks.slack.com/actions/T/1/x"


@pytest.mark.parametrize(
    ("reason", "until", "wrong"),
    [
        ("ok", "2026-12-01", {"reason"}),
        ("Agreed with Ops", "2027-12-01", {"until"}),
        ("Agreed with Ops", "2026-11-21", {"until"}),
        ("   ", "2020-01-01", {"reason", "until"}),
    ],
)
def test_a_wrong_form_is_handed_back(reason: str, until: str, wrong: set[str]) -> None:
    form = decide(press(Action.WAIVE, f"90;{VALUE}"), known=KNOWN, now=NOW)
    assert isinstance(form, OpenForm)

    decision = decide(submit(form, reason, until), known=KNOWN, now=NOW)

    assert isinstance(decision, Say)
    assert decision.body is not None
    assert set(decision.body["errors"]) == wrong


def test_commands() -> None:
    assert asked(command("status")).kind is AskKind.STATUS
    assert asked(command("  OPEN ")).kind is AskKind.OPEN
    assert asked(command("explain orders api")).words == "orders api"
    mute = asked(command("mute everything else 90m"))
    assert (mute.kind, mute.words, mute.until) == (AskKind.MUTE, "everything else", later(5400))
    for text in ("", "help", "nonsense", "explain"):
        assert decide(command(text), known=KNOWN, now=NOW) == Say(
            body={"response_type": "ephemeral", "text": HELP}
        )


@pytest.mark.parametrize("text", ["mute x", "mute x 0h", "mute x 25h", "mute 1h", "mute x -1h"])
def test_a_mute_has_an_end(text: str) -> None:
    with pytest.raises(NotUnderstood):
        decide(command(text), known=KNOWN, now=NOW)


@pytest.mark.parametrize(
    "body",
    [
        press(Action.ACKNOWLEDGE, value="gw-1"),
        press(Action.ACKNOWLEDGE, user={"id": "<!channel>"}),
        press(Action.ACKNOWLEDGE, user=None),
        press(Action.ACKNOWLEDGE, trigger_id=None),
        press(Action.ACKNOWLEDGE, actions=["x"]),
        press(Action.WAIVE, value=VALUE),
        press(Action.WAIVE, value=f"99999;{VALUE}"),
        press(Action.UNDO, value=VALUE),
    ],
)
def test_what_no_button_of_ours_says_asks_for_nothing(body: bytes) -> None:
    with pytest.raises(NotUnderstood):
        decide(body, known=KNOWN, now=NOW)


def test_presses_of_links_and_other_payloads_are_let_be() -> None:
    assert decide(press("open_console"), known=KNOWN, now=NOW) == Say()
    assert decide(press(Action.PLAN, type="shortcut"), known=KNOWN, now=NOW) == Say()
    assert decide(b"ssl_check=1&token=x", known=KNOWN, now=NOW) == Say()


def test_what_a_button_carries_survives_the_way() -> None:
    long = Target(api=API, finding_ids=tuple(f"gw-{n:016x}" for n in range(60)))

    assert len(f"3660;{long.packed()}") <= 2000
    assert target(long.packed()) == replace(long, finding_ids=long.finding_ids[:40])
    plan = PlanTarget(plan_id="gwp-0123456789abcdef", requested_by="slack:U0BOB")
    assert plan_target(plan.packed()) == plan


@given(st.text(max_size=60))
def test_no_other_text_is_a_target(text: str) -> None:
    with pytest.raises(NoTarget):
        target(text)
    with pytest.raises(NoTarget):
        plan_target(text)
