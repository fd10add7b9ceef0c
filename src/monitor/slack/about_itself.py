"""What is wrong with Gatewatch itself -> Block Kit. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.model.trouble import Announcement, KnownTrouble
from monitor.report.plain import clip, plain
from monitor.slack.parts import Block, Message
from monitor.slack.text import code, mrkdwn

SHOWN = 10


def about_itself(said: Announcement) -> Message:
    """One message for all that began or ended."""
    headline = _headline(said)
    blocks: list[Block] = [
        {"type": "header", "text": {"type": "plain_text", "text": headline, "emoji": True}}
    ]
    if said.begun:
        blocks.append(_section([f":warning: {_line(known)}" for known in said.begun[:SHOWN]]))
    if said.over:
        blocks.append(
            _section([f":white_check_mark: over: ~{_line(known)}~" for known in said.over[:SHOWN]])
        )
    blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": _footer(said)}]})
    return Message(text=mrkdwn(_summary(said, headline)), blocks=tuple(blocks))


def _headline(said: Announcement) -> str:
    return "Gatewatch itself needs attention" if said.begun else "Gatewatch: that is mended"


def _summary(said: Announcement, headline: str) -> str:
    """What a notification shows: the first sentence tells most."""
    first = (said.begun or said.over)[0].trouble.text
    return f"{headline}: {plain(first, 300)}"


def _line(known: KnownTrouble) -> str:
    return mrkdwn(known.trouble.text, 400)


def _footer(said: Announcement) -> str:
    kinds = dict.fromkeys(known.trouble.kind.value for known in said.begun)
    answers = f" · runbook: {', '.join(kinds)}" if kinds else ""
    by = f" · last change seen: {mrkdwn(said.by, 200)}" if said.by else ""
    more = max(len(said.begun) - SHOWN, 0) + max(len(said.over) - SHOWN, 0)
    rest = f"and {more} more · " if more else ""
    return clip(f"{rest}stack {code(said.stack, 80)}{answers}{by}", 1000)


def _section(lines: Sequence[str]) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": clip("\n".join(lines), 2900)}}
