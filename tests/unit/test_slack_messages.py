"""Every message that Gatewatch can say, under hostile text: within Slack's limits by two judges,
and never a ping, a link or markup of the attacker's making."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View
from tests.builders import API, NOW, evaluation, later, rest_api, violation
from tests.slack_samples import slack_messages
from tests.slack_standin import limits

from monitor.evaluation.lifecycle import acknowledge, advance, waive
from monitor.model.access import Reason, Scope
from monitor.model.digest import ClassLine, Digest
from monitor.model.finding import Cause, Severity, Waiver
from monitor.model.notice import Notice, PlanNews, PlanOffer
from monitor.model.record import ApiRecord
from monitor.report.plain import is_hidden
from monitor.slack.answers import answer_message
from monitor.slack.blocks import first_message, moments, person, reply
from monitor.slack.buttons import Offer, waive_form
from monitor.slack.digest import digest_message
from monitor.slack.parts import Message
from monitor.slack.storm import storm_message

ALL = Offer(interactive=True, remediates=True, max_waiver_days=180)
OUR_LINKS = re.compile(r"<(https://[a-z0-9.-]+\.console\.(aws\.amazon|amazonaws|amazonaws-us-gov)"
                       r"\.(com|cn)/[^<>|\s]*)\|[A-Za-z ]+>|<@[UW][A-Z0-9]+>")  # fmt: skip
ATTACKS = [
    "<!channel>", "<!here|x>", "<@U0ADMIN>", "<https://evil.example|AWS console>", "@everyone",
    "```", "`", "*bold*", "_x_", "~x~", "&lt;!channel&gt;", "&" * 900, "\n> quoted", "\r\n\r\n",
    "\u202egnp.exe", "\u2066x\u2069", "\u200b", "\x1b[31m", "x" * 3100, "\U0001f4a9" * 700,
    '"' * 1500, "\\" * 1500, "|", "#general", ":rotating_light:", "slack:U0ADMIN", "%3E%3C|<>",
]  # fmt: skip
HOSTILE = st.one_of(
    st.sampled_from(ATTACKS),
    st.lists(st.sampled_from(ATTACKS), min_size=1, max_size=4).map("".join),
    st.text(max_size=60),
)


def texts(value: Any) -> Iterator[str]:
    """Every mrkdwn text of a message."""
    if isinstance(value, dict):
        if value.get("type") == "mrkdwn":
            yield value["text"]
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from texts(part)


def is_sound(message: Message) -> None:
    """Slack would take it, and nothing of it speaks for somebody else."""
    blocks = list(message.blocks)
    assert limits.block_problems(blocks) == []
    assert not limits.blocks_too_long(blocks)
    assert 0 < len(message.text) <= 4000
    for block in Block.parse_all(json.loads(json.dumps(blocks))):
        block.to_dict()  # validates
    for text in [message.text, *texts(blocks)]:
        rest = OUR_LINKS.sub("", text)
        assert not re.search(r"[<>]", rest.replace("\n> ", "\n")), text
        assert re.fullmatch(r"(?s)(&(amp|lt|gt);|[^&])*", text), text
        assert not any(is_hidden(char) for char in text if char != "\n"), text
        assert text.count("```") % 2 == 0, text
        assert all(line.count("`") % 2 == 0 for line in text.split("\n")), text


def hostile_notice(text: str, *, findings: int = 1, scope: Scope = Scope.INTERNET) -> Notice:
    found = [
        violation(
            scope,
            stage=f"{text}{number}",
            title=text,
            routes=tuple(f"GET /{text}{n}" for n in range(30)),
            because=tuple(Reason(code=text, place=text) for _ in range(20)),
            policy_class=text,
            clause=text,
            remediations=(text, "rollback-stage"),
        )
        for number in range(findings)
    ]
    cause = Cause(
        who=text, event_name=text, event_id=text, event_time=NOW, source_ip=text, via=text
    )
    outcome = advance(
        ApiRecord(api=API),
        evaluation(*found, snapshot=rest_api(name=text, tags={text: text})),
        now=NOW,
        cause=cause,
    )
    assert outcome.notice is not None
    return outcome.notice


@given(HOSTILE, st.integers(1, 30), st.sampled_from(Scope))
@settings(max_examples=30, deadline=None)
def test_an_alert_is_sound_whatever_an_attacker_names(
    text: str, findings: int, scope: Scope
) -> None:
    notice = hostile_notice(text, findings=findings, scope=scope)
    history = tuple(replace(moment, who=text) for _ in range(12) for moment in moments(notice))[:8]

    is_sound(first_message(notice, history, ALL))
    is_sound(reply(notice, ALL))
    is_sound(first_message(replace(notice, unresolved=()), history, ALL))


@given(HOSTILE)
@settings(max_examples=30, deadline=None)
def test_what_people_do_is_sound_too(text: str) -> None:
    look = evaluation(violation(title=text), snapshot=rest_api(name=text))
    record = advance(ApiRecord(api=API), look, now=NOW, cause=None).record
    waiver = Waiver(reason=text, owner=text, until=later(86_400), by=text)
    for outcome in (
        acknowledge(record, tuple(record.findings), text, NOW),
        waive(record, tuple(record.findings), waiver, NOW),
    ):
        assert outcome.notice is not None
        is_sound(first_message(outcome.notice, moments(outcome.notice), ALL))
        is_sound(reply(outcome.notice, ALL))
        plan = PlanNews(
            plan_id="gwp-0123456789abcdef",
            action=text,
            finding_id=text,
            state=text,
            lines=(text,) * 30,
            requested_by="slack:U0BOB",
            offers=(PlanOffer.APPROVE, PlanOffer.UNDO),
        )
        is_sound(reply(replace(outcome.notice, plan=plan), ALL))


@given(HOSTILE, st.integers(1, 20))
@settings(max_examples=30, deadline=None)
def test_a_digest_of_many_apis_is_sound(text: str, apis: int) -> None:
    notice = hostile_notice(text)
    many = [
        replace(notice, api=replace(API, api_id=f"api{n}"), unresolved=notice.unresolved[: n % 3])
        for n in range(apis)
    ]

    is_sound(storm_message(many))


@given(HOSTILE, st.integers(0, 40))
@settings(max_examples=30, deadline=None)
def test_the_weekly_digest_is_sound(text: str, many: int) -> None:
    finding = hostile_notice(text).unresolved[0]
    waived = replace(finding, waiver=Waiver(reason=text, owner=text, until=NOW, by=text))
    line = ClassLine(name=text, by_severity={Severity.HIGH: many + 1}, oldest=NOW)
    blind = ApiRecord(api=API, name=text)
    digest = Digest(
        id="digest/x",
        made_at=NOW + timedelta(days=3),
        apis=many,
        open=many,
        before=many // 2 if many % 2 else None,
        new=1,
        classes=(line,) * many,
        ending=(waived,) * many,
        undecided=(finding,) * many,
        blind=(blind,) * many,
    )

    is_sound(digest_message(digest))


@given(HOSTILE, st.integers(0, 15))
@settings(max_examples=30, deadline=None)
def test_answers_and_the_form_are_sound(text: str, many: int) -> None:
    look = evaluation(violation(title=text), snapshot=rest_api(name=text))
    record = advance(ApiRecord(api=API), look, now=NOW, cause=None).record
    findings = tuple(record.findings.values()) * many
    said = answer_message(text, findings, (record,) * 3)
    form = waive_form("kept", max_days=90, today=NOW.date(), api_id=text)

    is_sound(Message(text=said["text"], blocks=tuple(said["blocks"])))
    assert limits.view_problems(form) == []
    View(**form).to_dict()


@pytest.mark.parametrize("name", slack_messages())
def test_every_sample_is_sound(name: str) -> None:
    sent = slack_messages()[name]
    if name.startswith("form"):
        View(**sent).to_dict()
        return

    is_sound(Message(text=sent["text"], blocks=tuple(sent["blocks"])))


def test_only_ids_of_slack_users_become_mentions() -> None:
    assert person("slack:U0BOB") == "<@U0BOB>"
    for text in ("slack:channel", "slack:U0BOB> <!channel", "U0BOB", "x slack:U0BOB"):
        assert "<" not in person(text)


def test_a_preview_and_a_screen_reader_hear_the_whole_of_it() -> None:
    text = html.unescape(first_message(hostile_notice("orders")).text)

    assert text.startswith("Critical — orders: Orders")
    for word in ("By orders with orders", "Before: not known", "anyone on the internet", "1234567"):
        assert word in text


@pytest.mark.parametrize("offer", [Offer(), Offer(interactive=True)])
def test_buttons_lead_somewhere_or_are_not_there(offer: Offer) -> None:
    shown = str(first_message(hostile_notice("orders"), (), offer).blocks)

    assert ("gatewatch.acknowledge" in shown) is offer.interactive
    assert "gatewatch.plan" not in shown


def test_long_lists_say_how_much_is_missing() -> None:
    shown = str(first_message(hostile_notice("orders", findings=30)).blocks)

    assert "and 26 more findings on this API" in shown
    assert "and 24 more" in shown  # routes


def test_what_does_not_fit_is_said_to_be_missing() -> None:
    shown = str(first_message(hostile_notice("long " * 300, findings=30)).blocks)

    assert "Some details are left out here" in shown
