"""What the remediator answers is told once, in the thread of the API it is about."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.builders import API
from tests.fakes import FakeClock
from tests.slack_standin import limits
from tests.unit.test_respond import opened

from monitor.model.finding import Severity
from monitor.model.notice import Notice
from monitor.orgpolicy.load import default_org_policy
from monitor.slack.blocks import reply
from monitor.slack.buttons import Action, Offer
from monitor.stores.memory import MemoryStore
from monitor.stores.notebook import MemoryNotebook
from monitor.usecases.relay import MalformedAnswer, Relay

ALL = Offer(interactive=True, remediates=True)


def answer(**fields: Any) -> str:
    given = {
        "schema": "gatewatch.remediation-answer/1",
        "step": "plan",
        "requested_by": "slack:U0BOB",
        "finding_id": "gw-0123456789abcdef",
        "api_id": API.api_id,
        "plan_id": "gwp-0123456789abcdef",
        "state": "planned",
        "refused": "",
        "headline": "orders: point stage prod back",
        "text": "long",
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "*Steps*"}}],
        "plan": None,
    }
    return json.dumps({**given, **fields})


def told(store: MemoryStore) -> list[Notice]:
    return list(store.untold_of(API))


def relay(store: MemoryStore) -> Relay:
    return Relay(
        store=store, notebook=MemoryNotebook(), policy=default_org_policy, clock=FakeClock()
    )


def test_a_plan_comes_with_its_button_and_once() -> None:
    store = opened()
    taker = relay(store)

    assert taker.take(answer())
    assert not taker.take(answer())

    (notice,) = told(store)
    shown = list(reply(notice, ALL).blocks)
    assert limits.block_problems(shown) == []
    assert "*Steps*" in str(shown)
    assert Action.APPROVE.value in str(shown)
    assert "gwp-0123456789abcdef|slack:U0BOB" in str(shown)


@pytest.mark.parametrize(
    ("fields", "button"),
    [
        ({"state": "done", "step": "approve"}, Action.UNDO),
        ({"state": "planned", "refused": "a freeze until Monday"}, Action.APPROVE),
        ({"state": "undone", "step": "undo"}, None),
        ({"state": None, "plan_id": "", "blocks": [], "refused": "no plan applies"}, None),
    ],
)
def test_each_state_offers_what_can_be_done(fields: dict[str, Any], button: Action | None) -> None:
    store = opened()
    relay(store).take(answer(**fields))

    (notice,) = told(store)
    shown = list(reply(notice, ALL).blocks)
    assert limits.block_problems(shown) == []
    buttons = {e["action_id"] for b in shown if b["type"] == "actions" for e in b["elements"]}
    assert buttons == ({button.value} if button else set())


def test_why_it_was_refused_stands_above_the_plan() -> None:
    store = opened()
    relay(store).take(answer(refused="a freeze until Monday"))

    (notice,) = told(store)
    texts = [block["text"]["text"] for block in reply(notice, ALL).blocks if "text" in block]
    (why,) = [at for at, text in enumerate(texts) if "a freeze until Monday" in text]
    (steps,) = [at for at, text in enumerate(texts) if "*Steps*" in text]
    assert why < steps


def test_what_alerts_nobody_does_not_come_into_the_conversation() -> None:
    store = opened()
    record = store.load(API)
    (grave,) = record.findings.values()
    lesser = replace(
        grave,
        id="gw-fedcba9876543210",
        violation=replace(grave.violation, severity=Severity.INFO),
    )
    findings = {grave.id: grave, lesser.id: lesser}
    store.commit(replace(record, version=record.version + 1, findings=findings), None)

    relay(store).take(answer())

    (notice,) = told(store)
    assert notice.unresolved == (grave,)


def test_blocks_of_another_kind_or_too_long_do_not_reach_slack() -> None:
    for blocks in (
        [{"type": "actions", "elements": [{"type": "button"}]}],
        [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2900}}] * 12,
    ):
        store = opened()
        relay(store).take(answer(blocks=blocks))
        (notice,) = told(store)
        shown = list(reply(notice, ALL).blocks)
        assert limits.block_problems(shown) == []
        assert not limits.blocks_too_long(shown)


def test_an_api_that_is_not_known_is_no_error() -> None:
    assert not relay(opened()).take(answer(api_id="zzzzzzzzzz"))


@pytest.mark.parametrize("body", ["", "[]", "{}", answer(schema="x"), answer(api_id="")])
def test_what_is_no_answer_is_said_to_be_none(body: str) -> None:
    with pytest.raises(MalformedAnswer):
        relay(opened()).take(body)
