"""Answers to buttons and commands, seen by nobody but who asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from http.client import HTTPException
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit

from slack_sdk.errors import SlackClientError
from slack_sdk.webhook import WebhookClient

from monitor.evaluation.lifecycle import unresolved
from monitor.model.finding import Finding
from monitor.model.record import ApiRecord
from monitor.report.curl import curl
from monitor.slack.links import api_in_console, link
from monitor.slack.parts import MAX_BLOCKS_LENGTH, context, length, level, section, title
from monitor.slack.text import code, code_block, mrkdwn
from monitor.slack.words import ICON, count, who

Json = dict[str, Any]
TIMEOUT_SECONDS = 5
SLACKS_HOOKS = frozenset({"hooks.slack.com", "hooks.slack-gov.com"})


def answer_message(
    text: str, findings: Sequence[Finding] = (), records: Sequence[ApiRecord] = ()
) -> Json:
    """What a `response_url` takes. `text` is plain."""
    shown = mrkdwn(text, 2500)
    blocks = [section(shown)] if shown else []
    blocks += [section(_line(finding)) for finding in findings]
    for record in records:
        blocks += _record(record)
    while length(blocks) > MAX_BLOCKS_LENGTH:
        blocks = [*blocks[:-2], context("More than fits here was left out.")]
    said = shown or f"What is known of {count(len(records), 'API')}"
    return {"response_type": "ephemeral", "text": said, "blocks": blocks}


class AnswerRefused(Exception):
    """The answer did not reach who asked. What they asked for is done or refused all the same."""


def send(url: str, message: Json, *, base_url: str) -> None:
    """Post to a `response_url`: Slack's own hosts, or that of `base_url`. Raises AnswerRefused."""
    parts, base = urlsplit(url), urlsplit(base_url)
    is_slacks = parts.scheme == "https" and parts.hostname in SLACKS_HOOKS
    if not is_slacks and (parts.scheme, parts.netloc) != (base.scheme, base.netloc):
        raise AnswerRefused(f"not an address of Slack: {parts.hostname!r:.60}")
    client = WebhookClient(url, timeout=TIMEOUT_SECONDS, retry_handlers=[])
    try:
        answer = client.send_dict(message)
    except (SlackClientError, URLError, HTTPException, OSError, ValueError) as error:
        raise AnswerRefused(f"{type(error).__name__}: {error}") from error
    if answer.status_code != 200:
        raise AnswerRefused(f"HTTP {answer.status_code}: {answer.body[:200]}")


def _line(finding: Finding) -> str:
    violation = finding.violation
    name = code(finding.api_name or finding.api.api_id, 60)
    since = f"since {finding.first_seen:%Y-%m-%d}"
    return (
        f"{ICON[violation.severity]} *{level(finding)}* — {name}: {mrkdwn(title(finding), 160)} "
        f"· {code(finding.api.region, 20)} · {since} · {code(finding.id, 30)}"
    )


def _record(record: ApiRecord) -> Iterator[Json]:
    api = record.api
    page = api_in_console(api)
    can_call = f"{who(record.scope)} can call it" if record.scope else "never judged"
    head = f"*{mrkdwn(record.name or api.api_id, 80)}* ({code(api.api_id, 40)}): {can_call}"
    yield section(head + (f" · {link(page, 'console')}" if page else ""))
    found = sorted(unresolved(record.findings), key=lambda finding: finding.violation.severity.rank)
    for finding in found[:5]:
        yield section(_line(finding))
        if finding.violation.witness is not None:
            yield section(code_block(curl(finding.violation.witness), 700))
    if more := found[5:]:
        yield context(f"and {count(len(more), 'more finding')}")
    if record.read_at is not None:
        yield context(f"As read at {record.read_at:%Y-%m-%d %H:%M} UTC.")
