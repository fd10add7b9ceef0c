"""Every kind of thing that Gatewatch says in Slack, as it is sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from monitor.evaluation.lifecycle import waive
from monitor.model.access import Scope
from monitor.model.digest import ClassLine, Digest
from monitor.model.finding import Severity, Status, Waiver
from monitor.model.notice import FirstFindings, Notice
from monitor.model.record import ApiRecord
from monitor.slack import sample
from monitor.slack.answers import answer_message
from monitor.slack.baseline import baseline_message
from monitor.slack.blocks import first_message, reply, told_so_far
from monitor.slack.buttons import Offer, waive_form
from monitor.slack.digest import digest_message
from monitor.slack.parts import Message
from monitor.slack.storm import storm_message
from tests.builders import NOW

Json = dict[str, Any]
ALICE = "slack:U0ALICE"
ALL = Offer(interactive=True, remediates=True, max_waiver_days=90)


def story() -> list[Notice]:
    """One incident, from its alert to its end."""
    return [
        sample.opened(NOW),
        sample.acknowledged(NOW, ALICE),
        sample.planned(NOW, ALICE),
        sample.resolved(NOW),
    ]


def slack_messages() -> dict[str, Json]:
    """By the name of the golden file."""
    opened, seen, planned, resolved = story()
    record = ApiRecord(
        api=opened.api,
        version=2,
        read_at=NOW,
        name="orders",
        scope=Scope.INTERNET,
        findings={finding.id: finding for finding in opened.unresolved},
    )
    waiver = Waiver(
        reason="Load test, agreed with Ops", owner=ALICE, until=NOW + timedelta(days=3), by=ALICE
    )
    waived = waive(record, tuple(record.findings), waiver, NOW).notice
    assert waived is not None
    history: tuple[Any, ...] = ()
    for notice in (opened, seen):
        history = (*history, *told_so_far(None, notice))
    messages = {
        "opened": first_message(opened, (), ALL),
        "opened-without-buttons": first_message(opened),
        "acknowledged": first_message(seen, history, ALL),
        "reply-acknowledged": reply(seen, ALL),
        "reply-waived": reply(waived, ALL),
        "reply-plan": reply(planned, ALL),
        "reply-resolved": reply(resolved, ALL),
        "resolved": first_message(resolved, history, ALL),
        "storm": storm_message(_many(opened)),
        "digest": digest_message(_digest(opened)),
        "baseline": baseline_message(opened, _first(opened)),
    }
    sent = {name: _sent(message) for name, message in messages.items()}
    sent["answer-explain"] = answer_message("", (), (record,))
    sent["answer-refusal"] = answer_message("Sorry, you may not do that here.")
    sent["form-waive"] = waive_form("kept", max_days=90, today=NOW.date(), api_id="a1b2c3d4e5")
    return sent


def _sent(message: Message) -> Json:
    return {"text": message.text, "blocks": list(message.blocks)}


def _many(opened: Notice) -> list[Notice]:
    names = ("orders", "billing", "partners", "search")
    severities = (Severity.HIGH, Severity.CRITICAL, Severity.LOW, Severity.MEDIUM)
    made = []
    for number, (name, severity) in enumerate(zip(names, severities, strict=True)):
        finding = opened.unresolved[0]
        finding = replace(finding, violation=replace(finding.violation, severity=severity))
        api = replace(opened.api, api_id=f"a1b2c3d4e{number}")
        made.append(replace(opened, api=api, api_name=name, unresolved=(finding,)))
    return [*made, replace(made[0], api=replace(opened.api, api_id="gone000000"), unresolved=())]


def _digest(opened: Notice) -> Digest:
    finding = opened.unresolved[0]
    waiver = Waiver(
        reason="x", owner="payments", until=NOW + timedelta(days=5), by="the org policy"
    )
    return Digest(
        id="digest/2026-11-22",
        made_at=NOW,
        apis=412,
        open=9,
        before=12,
        new=2,
        classes=(
            ClassLine(
                name="customer data",
                by_severity={Severity.CRITICAL: 1, Severity.HIGH: 3},
                oldest=NOW - timedelta(days=2),
            ),
            ClassLine(
                name="everything else",
                by_severity={Severity.MEDIUM: 5},
                oldest=NOW - timedelta(days=31),
            ),
        ),
        ending=(replace(finding, status=Status.WAIVED, waiver=waiver),),
        undecided=(replace(finding, status=Status.UNKNOWN),),
        blind=(ApiRecord(api=opened.api, name="legacy-gateway"),),
    )


def _first(opened: Notice) -> FirstFindings:
    return FirstFindings(
        apis=412,
        public_apis=7,
        findings={Severity.CRITICAL: 2, Severity.HIGH: 11, Severity.LOW: 40},
        unknown=3,
        waived=1,
        worst=opened.unresolved,
        not_looked_at=("zzzzzzzzzz",),
    )
