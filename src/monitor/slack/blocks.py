"""Notice -> Block Kit. Pure; every limit of Slack is kept by construction.

Source: Slack developer docs, "Block Kit reference" (50 blocks, 3,000 characters a section text,
2,000 a field, 150 a header), and slackapi/bolt-js issue 2509 for the undocumented total of about
13,200 characters of blocks a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from monitor.access.explain import sentence
from monitor.evaluation.catalogue import RULES
from monitor.model.finding import Cause, Finding, Status
from monitor.model.notice import (
    REFUSED,
    Conversation,
    Moment,
    Notice,
    PlanNews,
    Step,
    StepKind,
)
from monitor.report.curl import curl
from monitor.report.plain import plain
from monitor.slack.baseline import baseline_message
from monitor.slack.buttons import Offer, buttons, plan_buttons
from monitor.slack.links import api_in_console, event_in_console, link
from monitor.slack.parts import (
    MAX_BLOCKS_LENGTH,
    Block,
    Message,
    context,
    header,
    length,
    level,
    section,
    title,
)
from monitor.slack.text import code, code_block, mrkdwn
from monitor.slack.words import ICON, STEP_WORDS, count, who

MAX_FINDINGS = 4
MAX_STEPS = 5
MAX_ROUTES = 6
MAX_REASONS = 5
MAX_MOMENTS = 8
MAX_LINES = 10
MAX_PLAN_BLOCKS, MAX_PLAN_LENGTH = 40, 10_000
_SHOWN = frozenset({"section", "context", "divider"})

_NO_CHANGE = frozenset(
    {StepKind.ACKNOWLEDGED, StepKind.WAIVED, StepKind.UNWAIVED, StepKind.WAIVER_ENDS}
)
"""What people or the calendar do, not a change of the API."""

_SLACK_USER = re.compile(r"slack:([UW][A-Z0-9]{2,20})", re.ASCII)

FIXES = {rule.id: rule.fix for rule in RULES}


def first_message(
    notice: Notice, history: Sequence[Moment] = (), offer: Offer | None = None
) -> Message:
    """The message that begins the API's conversation, and that is kept up to date afterwards."""
    if notice.first is not None:
        return baseline_message(notice, notice.first)
    findings = sorted(notice.unresolved, key=lambda finding: finding.violation.severity.rank)
    if not findings:
        return resolved_message(notice, history)
    headline = _headline(findings, notice)
    head = [header(headline), _facts(findings[0].change, notice)]
    shown = [[section(_verdict(one)), *_details(one)] for one in findings[:MAX_FINDINGS]]
    tail = []
    if more := findings[MAX_FINDINGS:]:
        tail.append(context(f"and {count(len(more), 'more finding')} on this API"))
    tail += _history(history)
    if row := buttons(findings, offer or Offer()):
        tail.append(row)
    tail.append(context(_where(notice, findings[0].change)))
    return Message(
        text=mrkdwn(f"{headline}. {_summary(notice, findings[0].change)}", 900),
        blocks=tuple(_within_limits(head, shown, tail)),
    )


def reply(notice: Notice, offer: Offer | None = None) -> Message:
    """What is added to the thread when the story goes on."""
    if notice.first is not None:
        return baseline_message(notice, notice.first)
    if notice.plan is not None:
        return _plan_message(notice, notice.plan, offer or Offer())
    if not notice.unresolved and any(s.kind is StepKind.RESOLVED for s in notice.steps):
        return resolved_message(notice, ())
    lines = [step_line(step) for step in notice.steps[:MAX_STEPS]]
    if more := notice.steps[MAX_STEPS:]:
        lines.append(f"and {len(more)} more")
    kinds = ", ".join(
        f"{STEP_WORDS[kind].lower()} ({sum(step.kind is kind for step in notice.steps)})"
        for kind in dict.fromkeys(step.kind for step in notice.steps)
    )
    text = f"{_name(notice)}: {kinds}. {_summary(notice, notice.cause)}"
    blocks = [section("\n".join(lines))]
    if not all(step.kind in _NO_CHANGE for step in notice.steps):
        blocks.append(_facts(notice.cause, notice))
    blocks.append(context(_where(notice, notice.cause)))
    return Message(text=mrkdwn(text, 600), blocks=tuple(blocks))


def _plan_message(notice: Notice, plan: PlanNews, offer: Offer) -> Message:
    text = f"{_name(notice)}: remediation {plan.action}, {plan.state}"
    lines = "\n".join(f"• {mrkdwn(line, 250)}" for line in plan.lines[:MAX_LINES])
    if more := plan.lines[MAX_LINES:]:
        lines += f"\nand {len(more)} more, see {code(f'gatewatch remediate status {plan.plan_id}')}"
    blocks = [section(f":wrench: *{mrkdwn(text, 300)}*")]
    shown = [dict(block) for block in plan.blocks]
    if shown and all(block.get("type") in _SHOWN for block in shown):
        # The remediator's own keep their limits; together with ours they have to as well.
        while length(shown) > MAX_PLAN_LENGTH:
            shown.pop()
        if plan.state == REFUSED:
            blocks.append(section(lines))
        blocks += shown[:MAX_PLAN_BLOCKS]
    elif lines:
        blocks.append(section(lines))
    if row := plan_buttons(plan, offer):
        blocks.append(row)
    ids = [code(one) for one in (plan.plan_id, plan.finding_id) if one]
    blocks.append(context(" · ".join([*ids, f"asked for by {person(plan.requested_by)}"])))
    return Message(text=mrkdwn(text, 300), blocks=tuple(blocks))


def resolved_message(notice: Notice, history: Sequence[Moment]) -> Message:
    """Nothing is open any more."""
    waived = any(step.finding.status is Status.WAIVED for step in notice.steps)
    word = "Waived" if waived else "Resolved"
    text = f"{word}: {_name(notice)} — now {who(notice.scope_now)} can call it"
    lines = [
        step_line(step) if waived else f"~{mrkdwn(title(step.finding), 250)}~"
        for step in notice.steps[:MAX_STEPS]
    ]
    if more := notice.steps[MAX_STEPS:]:
        lines.append(f"and {len(more)} more")
    facts = [] if waived else [_facts(notice.cause, notice)]
    blocks = [
        section(f":white_check_mark: *{mrkdwn(text, 400)}*"),
        section("\n".join(lines) or "Nothing is open any more."),
        *facts,
        *_history(history),
        context(_where(notice, notice.cause)),
    ]
    return Message(text=mrkdwn(text, 400), blocks=tuple(blocks))


def moments(notice: Notice) -> tuple[Moment, ...]:
    """What a notice adds to the history of its conversation."""
    kinds: dict[StepKind, list[Step]] = {}
    for step in notice.steps:
        kinds.setdefault(step.kind, []).append(step)
    return tuple(
        Moment(
            at=notice.made_at,
            kind=kind,
            findings=len(steps),
            scope=notice.scope_now,
            who=plain(next(filter(None, map(_author, steps)), ""), 80),
        )
        for kind, steps in kinds.items()
    )


def told_so_far(conversation: Conversation | None, notice: Notice) -> tuple[Moment, ...]:
    """The history with what this notice adds; of a long one the beginning and the end."""
    whole = (*(conversation.history if conversation else ()), *moments(notice))
    if len(whole) <= MAX_MOMENTS:
        return whole
    return (whole[0], *whole[1 - MAX_MOMENTS :])


def step_line(step: Step) -> str:
    """`*Opened*: Anyone on the internet can call ...`."""
    line = f"*{STEP_WORDS[step.kind]}*: {mrkdwn(title(step.finding), 250)}"
    waiver = step.finding.waiver
    if step.kind in _NO_CHANGE and (by := _author(step)):
        line += f" · by {person(by)}"
    if step.kind in (StepKind.WAIVED, StepKind.WAIVER_ENDS) and waiver is not None:
        reason = mrkdwn(waiver.reason, 300)
        line += f" · until {waiver.until:%Y-%m-%d %H:%M} UTC\n> {reason}"
    return line


def _headline(findings: Sequence[Finding], notice: Notice) -> str:
    worst, *others = findings
    tail = f" (and {len(others)} more)" if others else ""
    name = plain(notice.api_name or notice.api.api_id, 40)
    begin = f"{level(worst)} — {name}: "
    return begin + plain(title(worst), 150 - len(begin) - len(tail)) + tail


def _summary(notice: Notice, cause: Cause | None) -> str:
    """What the headline leaves open, for those who hear the message instead of seeing it."""
    before = who(notice.scope_before) if notice.scope_before else "not known"
    by = f"By {cause.who}{f' with {cause.via}' if cause.via else ''}. " if cause else ""
    api = notice.api
    return f"{by}Before: {before}. Now: {who(notice.scope_now)}. {api.account_id} {api.region}."


def _facts(cause: Cause | None, notice: Notice) -> Block:
    if cause is None:
        who_did = "not known: no event told of it yet"
        what = "not known"
    else:
        via = f" with {mrkdwn(cause.via, 60)}" if cause.via else ""
        address = f" from {code(cause.source_ip, 60)}" if cause.source_ip else ""
        when = f" at {cause.event_time:%Y-%m-%d %H:%M:%S} UTC" if cause.event_time else ""
        who_did = f"{code(cause.who, 120)}{via}{address}"
        what = f"{code(cause.event_name, 80)}{when}"
    before = who(notice.scope_before) if notice.scope_before else "not known"
    facts = {
        "Who": who_did,
        "Change": what,
        "Access before": before,
        "Access now": f"*{who(notice.scope_now)}*",
    }
    fields = [{"type": "mrkdwn", "text": f"*{name}:*\n{value}"} for name, value in facts.items()]
    return {"type": "section", "fields": fields}


def _verdict(finding: Finding) -> str:
    violation = finding.violation
    routes = ", ".join(code(route, 80) for route in violation.routes[:MAX_ROUTES])
    more = len(violation.routes) - MAX_ROUTES
    lines = [
        f"{ICON[violation.severity]} *{mrkdwn(title(finding), 400)}*",
        f"{'Served now' if violation.live else 'Not live: goes live at the next deployment'}"
        f" · scope *{violation.scope.value}*"
        + (f" · {routes}{f' and {more} more' if more > 0 else ''}" if routes else ""),
    ]
    if finding.acknowledged is not None:
        seen = finding.acknowledged
        lines.append(f":eyes: Acknowledged by {person(seen.who)} at {seen.at:%Y-%m-%d %H:%M} UTC")
    return "\n".join(lines)


def _details(finding: Finding) -> Iterator[Block]:
    """The gravest first: where the message gets too long, the last are left out."""
    violation = finding.violation
    if violation.witness is not None:
        yield section("*A request that gets in:*\n" + code_block(curl(violation.witness), 900))
    yield section("\n".join(_what_to_do(finding)))
    if violation.because:
        shown = [f"• {mrkdwn(sentence(one), 300)}" for one in violation.because[:MAX_REASONS]]
        if more := violation.because[MAX_REASONS:]:
            shown.append(f"and {len(more)} more")
        yield section("*Because*\n" + "\n".join(shown))


def _what_to_do(finding: Finding) -> Iterator[str]:
    violation = finding.violation
    if violation.policy_class:
        clause = f" ({mrkdwn(violation.clause, 200)})" if violation.clause else ""
        yield f"*Not allowed by the org policy:* class {code(violation.policy_class, 100)}{clause}"
    if fix := FIXES.get(violation.rule):
        yield f"*What to do:* {mrkdwn(fix, 600)}"
    if violation.remediations:
        names = ", ".join(code(name, 60) for name in violation.remediations[:6])
        command = code(f"gatewatch remediate plan {finding.id}")
        yield f"*Can be mended by:* {names}, see {command}"


def person(text: str) -> str:
    """Somebody by name; a Slack user (`slack:U0123`) as Slack shows them."""
    found = _SLACK_USER.fullmatch(text)
    return f"<@{found[1]}>" if found else mrkdwn(text, 80)


def _author(step: Step) -> str:
    return step.finding.history[-1].who if step.finding.history else ""


def _history(history: Sequence[Moment]) -> Iterator[Block]:
    # A story of one line is told by the message itself.
    if len(history) > 1:
        yield context("\n".join(map(_moment, history)))


def _moment(moment: Moment) -> str:
    by = f" by {person(moment.who)}" if moment.who else ""
    return (
        f"{moment.at:%Y-%m-%d %H:%M} UTC · {STEP_WORDS[moment.kind].lower()} "
        f"({count(moment.findings, 'finding')}){by} · {moment.scope.value}"
    )


def _within_limits(
    head: Sequence[Block], shown: Sequence[Sequence[Block]], tail: Sequence[Block]
) -> Iterator[Block]:
    """As much as fits: the first block of each finding, then the second of each, and so on."""
    cut = context("Some details are left out here; `gatewatch scan --api ID` has them all.")
    room = MAX_BLOCKS_LENGTH - length([*head, *tail, cut])
    places = sorted((row, at) for at, blocks in enumerate(shown) for row in range(len(blocks)))
    kept: set[tuple[int, int]] = set()
    for row, at in places:
        size = length([shown[at][row]])
        if size <= room and (row == 0 or (0, at) in kept):
            room -= size
            kept.add((row, at))
    yield from head
    for at, blocks in enumerate(shown):
        yield from (block for row, block in enumerate(blocks) if (row, at) in kept)
    if len(kept) < len(places):
        yield cut
    yield from tail


def _where(notice: Notice, cause: Cause | None) -> str:
    api = notice.api
    ids = " ".join(dict.fromkeys(step.finding.id for step in notice.steps[:MAX_FINDINGS]))
    parts = [
        f"API {code(notice.api_name or api.api_id, 80)} ({code(api.api_id, 40)})",
        f"account {code(api.account_id, 20)}",
        code(api.region, 30),
    ]
    if page := api_in_console(api):
        parts.append(link(page, "API in the console"))
    if cause is not None and (event := event_in_console(api, cause.event_id)):
        parts.append(link(event, "the change in CloudTrail"))
    parts.append(mrkdwn(ids, 200))
    return " · ".join(parts)


def _name(notice: Notice) -> str:
    return plain(notice.api_name or notice.api.api_id, 80)
