"""A plan and what became of it, as text and as Slack blocks. Pure.

What came from AWS or from a person goes through `plain` or the escaping of `slack/text.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from monitor.report.plain import clip, plain
from monitor.slack.text import code, code_block, mrkdwn
from remediators.entry import Entry
from remediators.plan import Goal, Plan, RouteForecast, State, Step

Block = dict[str, Any]

MAX_ROUTES, MAX_STEPS, MAX_WARNINGS = 8, 12, 6
"""What Slack shows; text and JSON hold everything."""

SAID = {
    State.PLANNED: "planned, nothing is changed yet",
    State.APPROVED: "approved, not carried out yet",
    State.APPLYING: "being carried out",
    State.VERIFYING: "carried out, being verified",
    State.DONE: "done and verified",
    State.ROLLING_BACK: "being rolled back",
    State.ROLLED_BACK: "rolled back: the API is as it was",
    State.UNDOING: "being undone",
    State.UNDONE: "undone: the API is as it was",
    State.REFUSED: "given up",
    State.STUCK: "STUCK: the API is neither as it was nor as planned",
}
_ICON = {
    State.DONE: ":white_check_mark:",
    State.STUCK: ":rotating_light:",
    State.ROLLED_BACK: ":leftwards_arrow_with_hook:",
    State.UNDONE: ":leftwards_arrow_with_hook:",
}
_PROMISE = {
    Goal.COMPLIANT: "proven beforehand: nobody gets in whom the org policy does not allow",
    Goal.CONTAINED: "every request is refused; access as configured does not change",
    Goal.SETTING: "changes a setting; nobody gets in who did not before",
}


def as_text(entry: Entry) -> str:
    """For a terminal; ends with a line break."""
    return "\n".join(_lines(entry)) + "\n"


def _lines(entry: Entry) -> Iterator[str]:
    plan = entry.plan
    yield f"{plan.id}  {plan.action}: {plain(plan.summary)}"
    yield f"  state     {SAID[entry.state]}"
    if entry.because:
        yield f"  because   {plain(entry.because, 1000)}"
    yield (
        f"  API       {plain(plan.api_name, 100)} ({plain(plan.api.api_id, 60)}), stage "
        f"{plain(plan.stage, 100)}, {plan.api.account_id} {plan.api.region}"
    )
    yield f"  finding   {plan.finding_id} ({plan.rule})"
    yield f"  goal      {_PROMISE[plan.goal]}"
    yield from _step_lines(plan)
    yield from _effect_lines(plan)
    if plan.suggestion is not None:
        yield f"  source    {plan.suggestion.tool}, {plain(plan.suggestion.source, 200)}:"
        yield from (
            f"            {plain_line(line)}" for line in plan.suggestion.patch.splitlines()
        )
    if entry.state is State.PLANNED:
        yield f"  expires   {plan.expires_at:%Y-%m-%d %H:%M:%S} UTC"


def _step_lines(plan: Plan) -> Iterator[str]:
    for number, step in enumerate(plan.steps, start=1):
        yield f"  step {number:<4} {plain(step.title)}{_when(step)}"
        yield f"            {step.call.operation} on {plain(str(step.object), 200)}"
        if step.inverse is not None:
            yield f"  undo {number:<4} {plain(step.inverse.title)}: {step.inverse.call.operation}"


def _effect_lines(plan: Plan) -> Iterator[str]:
    for one in plan.access.stages:
        yield f"  access    stage {plain(one.stage, 100)}: {one.before.value} -> {one.after.value}"
    for route in plan.access.routes:
        yield f"            {plain(_route(route), 300)}"
    radius = plan.blast_radius
    yield f"  hits      {', '.join(plain(one, 200) for one in radius.routes) or 'no route'}"
    for caller in radius.callers:
        yield f"  loses     {plain(caller)}"
    for other in radius.others:
        yield f"  shared    {plain(other)}"
    for warning in plan.warnings:
        yield f"  note      {plain(warning, 1000)}"


def plain_line(line: str) -> str:
    """One line of a patch, its indentation kept."""
    return line[: len(line) - len(line.lstrip())] + plain(line, 2000)


def _when(step: Step) -> str:
    return "" if step.acts_at_once else " (acts with a later step)"


def _route(one: RouteForecast) -> str:
    change = (
        one.before.value if one.before is one.after else f"{one.before.value} -> {one.after.value}"
    )
    return f"{one.stage} {one.route}: {change}{' (fewer)' if one.before is one.after else ''}"


def headline(entry: Entry) -> str:
    """One line of mrkdwn: what a notification and a screen reader say."""
    plan = entry.plan
    return mrkdwn(f"{plan.api_name or plan.api.api_id}: {plan.summary} — {SAID[entry.state]}", 250)


def as_blocks(entry: Entry) -> tuple[Block, ...]:
    """What a channel shows, without buttons: whoever sends it knows which to add."""
    plan = entry.plan
    icon = _ICON.get(entry.state, ":wrench:")
    blocks = [_section(f"{icon} *{headline(entry)}*")]
    if entry.because:
        blocks.append(_section(mrkdwn(entry.because, 900)))
    if entry.state is State.PLANNED:
        blocks += _plan_blocks(plan)
    blocks.append(_context(_foot(entry)))
    return tuple(blocks)


def _plan_blocks(plan: Plan) -> Iterator[Block]:
    yield _section(f"*Promise:* {mrkdwn(_PROMISE[plan.goal])}")
    steps = [f"{number}. {mrkdwn(one.title)}" for number, one in enumerate(plan.steps, start=1)]
    yield _section("*Steps*\n" + "\n".join(_cut(steps, MAX_STEPS)))
    stages = [
        f"stage {code(one.stage, 80)}: {one.before.value} → *{one.after.value}*"
        for one in plan.access.stages
    ]
    routes = [code(one, 120) for one in plan.blast_radius.routes]
    lost = [mrkdwn(one) for one in (*plan.blast_radius.callers, *plan.blast_radius.others)]
    yield _section("*Access, as predicted*\n" + "\n".join(_cut(stages, MAX_ROUTES)))
    yield _section("*Hits:* " + (", ".join(_cut(routes, MAX_ROUTES)) or "no route"))
    if lost:
        yield _section("*Who loses or shares it:* " + "; ".join(_cut(lost, MAX_ROUTES)))
    if plan.warnings:
        notes = [f"• {mrkdwn(one, 400)}" for one in plan.warnings]
        yield _section("*Notes*\n" + "\n".join(_cut(notes, MAX_WARNINGS)))
    if plan.suggestion is not None:
        yield _section(
            f"*To make it last*, in {mrkdwn(plan.suggestion.tool)} "
            f"({mrkdwn(plan.suggestion.source, 120)}):\n{code_block(plan.suggestion.patch, 1200)}"
        )


def _cut(lines: list[str], most: int) -> list[str]:
    more = len(lines) - most
    return lines if more <= 0 else [*lines[:most], f"and {more} more"]


def _foot(entry: Entry) -> str:
    plan = entry.plan
    who = f"asked for by {code(entry.requested_by, 100)}"
    if entry.approved_by:
        who += f", approved by {code(entry.approved_by, 100)}"
    if entry.undone_by:
        who += f", undone by {code(entry.undone_by, 100)}"
    return (
        f"{code(plan.id, 40)} · {mrkdwn(plan.action)} · {code(plan.finding_id, 40)} · {who} · "
        f"expires {plan.expires_at:%H:%M} UTC"
    )


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": clip(text, 2900)}}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": clip(text, 1000)}]}
