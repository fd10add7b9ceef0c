"""Notice -> Block Kit. Pure; every limit of Slack is kept by construction.

Source: Slack developer docs, "Block Kit reference" (50 blocks, 3,000 characters a section text,
2,000 a field, 150 a header) and the undocumented total of about 13,200 characters a message, which
the caps below stay under together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.access.explain import sentence
from monitor.evaluation.catalogue import RULES
from monitor.model.finding import Cause, Finding, Severity, Status
from monitor.model.notice import FirstFindings, Notice
from monitor.report.curl import curl
from monitor.report.plain import clip, plain
from monitor.slack.text import STEP_WORDS, code, code_block, mrkdwn

Block = dict[str, Any]

MAX_FINDINGS = 4
MAX_ROUTES = 6
MAX_REASONS = 5

_ICON = {
    Severity.CRITICAL: ":red_circle:",
    Severity.HIGH: ":large_orange_circle:",
    Severity.MEDIUM: ":large_yellow_circle:",
    Severity.LOW: ":large_blue_circle:",
    Severity.INFO: ":white_circle:",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`text` (mrkdwn) is what a notification and a screen reader say; `blocks` what the channel
    shows."""

    text: str
    blocks: tuple[Block, ...]


def first_message(notice: Notice) -> Message:
    """The message that begins the API's conversation, and that is kept up to date afterwards."""
    if notice.first is not None:
        return _baseline_message(notice, notice.first)
    findings = sorted(
        notice.unresolved, key=lambda finding: list(Severity).index(finding.violation.severity)
    )
    if not findings:
        return _resolved_message(notice)
    headline = _headline(findings, notice)
    blocks = [
        _header(headline),
        _section(_facts(findings[0].change, notice)),
        *(block for finding in findings[:MAX_FINDINGS] for block in _finding(finding)),
    ]
    if more := findings[MAX_FINDINGS:]:
        blocks.append(_context(f"and {len(more)} more findings on this API"))
    blocks.append(_context(_where(notice)))
    return Message(text=mrkdwn(headline), blocks=tuple(blocks))


def reply(notice: Notice) -> Message:
    """What is added to the thread when the story goes on."""
    if notice.first is not None:
        return _baseline_message(notice, notice.first)
    if not notice.unresolved:
        return _resolved_message(notice)
    lines = [
        f"{STEP_WORDS[step.kind]}: {mrkdwn(_title(step.finding))}"
        for step in notice.steps[: MAX_FINDINGS * 2]
    ]
    text = f"{notice.api_name}: {len(notice.steps)} finding(s) changed"
    return Message(
        text=mrkdwn(text),
        blocks=(
            _section("\n".join(lines)),
            _section(_facts(notice.cause, notice)),
            _context(_where(notice)),
        ),
    )


def _resolved_message(notice: Notice) -> Message:
    text = mrkdwn(f"Resolved: {notice.api_name or notice.api.api_id} — {_now(notice)}")
    lines = [f"~{mrkdwn(_title(step.finding))}~" for step in notice.steps[: MAX_FINDINGS * 2]]
    return Message(
        text=text,
        blocks=(
            _section(f":white_check_mark: *{text}*"),
            _section("\n".join(lines) or "Nothing is open any more."),
            _section(_facts(notice.cause, notice)),
            _context(_where(notice)),
        ),
    )


def _baseline_message(notice: Notice, first: FirstFindings) -> Message:
    """What there was before Gatewatch, or before its new rules, in one message."""
    open_ = sum(first.findings.values())
    what = "new rules looked at" if first.rules else "Gatewatch now watches"
    headline = f"{what[:1].upper()}{what[1:]} {first.apis} APIs: {open_} open findings"
    counted = [f"{_ICON[level]} {count} {level}" for level, count in first.findings.items()]
    if first.unknown:
        counted.append(f"{first.unknown} that nobody can decide")
    if first.waived:
        counted.append(f"{first.waived} waived")
    lines = [
        f"• *{mrkdwn(one.api_name or one.api.api_id, 60)}*: {mrkdwn(_title(one), 200)}"
        for one in first.worst
    ]
    blocks = [
        _header(plain(headline, 150)),
        _section(
            f"{first.public_apis} of the APIs are public. " + (" · ".join(counted) or "Nothing.")
        ),
    ]
    if lines:
        blocks.append(_section("*The gravest*\n" + "\n".join(lines)))
    if first.rules:
        blocks.append(_section("*New rules:* " + ", ".join(map(code, first.rules))))
    if first.not_looked_at:
        named = ", ".join(code(api_id, 20) for api_id in first.not_looked_at[:20])
        blocks.append(
            _section(f":warning: *{len(first.not_looked_at)} could not be looked at:* {named}")
        )
    blocks.append(
        _context(
            f"This is the baseline: from now on only changes are told. `gatewatch scan` lists all "
            f"of it. · account {code(notice.api.account_id, 20)} · {code(notice.api.region, 30)}"
        )
    )
    return Message(text=mrkdwn(headline), blocks=tuple(blocks))


def _headline(findings: Sequence[Finding], notice: Notice) -> str:
    worst, *others = findings
    tail = f" (and {len(others)} more)" if others else ""
    name = plain(notice.api_name or notice.api.api_id, 60)
    level = "Unknown" if worst.status is Status.UNKNOWN else worst.violation.severity.capitalize()
    return plain(f"{level} — {name}: {_title(worst)}{tail}", 150)


def _facts(cause: Cause | None, notice: Notice) -> str:
    who = "not known: no event told of it yet"
    if cause is not None:
        via = f" with {mrkdwn(cause.via)}" if cause.via else ""
        address = f" from {code(cause.source_ip, 60)}" if cause.source_ip else ""
        who = f"{code(cause.who, 120)}{via}{address}"
    lines = [f"*Who:* {who}"]
    if cause is not None:
        when = f" at {cause.event_time:%Y-%m-%d %H:%M:%S} UTC" if cause.event_time else ""
        lines.append(f"*Change:* {code(cause.event_name, 80)}{when}")
    before = notice.scope_before.value if notice.scope_before else "not known"
    lines.append(f"*Access before:* {before}   *now:* *{notice.scope_now.value}*")
    return "\n".join(lines)


def _finding(finding: Finding) -> Iterator[Block]:
    violation = finding.violation
    routes = ", ".join(code(route, 80) for route in violation.routes[:MAX_ROUTES])
    more = len(violation.routes) - MAX_ROUTES
    lines = [
        f"{_ICON[violation.severity]} *{mrkdwn(_title(finding))}*",
        f"Served {'now' if violation.live else 'after the next deployment'}"
        f" · scope *{violation.scope.value}*"
        + (f" · {routes}{f' and {more} more' if more > 0 else ''}" if routes else ""),
    ]
    yield _section("\n".join(lines))
    if violation.witness is not None:
        yield _section("*A request that gets in:*\n" + code_block(curl(violation.witness), 900))
    if violation.because:
        reasons = [f"• {mrkdwn(sentence(reason), 250)}" for reason in violation.because]
        yield _section("*Because*\n" + "\n".join(reasons[:MAX_REASONS]))
    yield _section("\n".join(_what_to_do(finding)))


def _what_to_do(finding: Finding) -> Iterator[str]:
    if finding.violation.policy_class:
        name = code(finding.violation.policy_class, 100)
        yield f"*Not allowed by the org policy*, class {name}"
    fix = next((rule.fix for rule in RULES if rule.id == finding.violation.rule), "")
    yield f"*What to do:* {mrkdwn(fix, 600)}"


def _title(finding: Finding) -> str:
    title = finding.violation.title
    return title[:1].upper() + title[1:]


def _now(notice: Notice) -> str:
    return f"access is now {notice.scope_now.value}"


def _where(notice: Notice) -> str:
    api = notice.api
    ids = " ".join(dict.fromkeys(step.finding.id for step in notice.steps[:MAX_FINDINGS]))
    return (
        f"API {code(notice.api_name or api.api_id, 80)} ({code(api.api_id, 40)}) · account "
        f"{code(api.account_id, 20)} · {code(api.region, 30)} · {mrkdwn(ids)}"
    )


def _header(text: str) -> Block:
    return {"type": "header", "text": {"type": "plain_text", "text": text, "emoji": True}}


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": clip(text, 2900)}}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": clip(text, 1000)}]}
