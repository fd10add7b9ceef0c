"""What messages are made of. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from monitor.model.finding import Finding, Status

Block = dict[str, Any]

MAX_BLOCKS_LENGTH = 12_600
"""Of all blocks as JSON, below the total that Slack takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`text` (mrkdwn) is what a notification and a screen reader say; `blocks` what the channel
    shows."""

    text: str
    blocks: tuple[Block, ...]


def header(text: str) -> Block:
    return {"type": "header", "text": {"type": "plain_text", "text": text, "emoji": False}}


def section(text: str) -> Block:
    """`text` is escaped and shorter than 3,000 characters by its parts' limits."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}


def length(blocks: Sequence[Block]) -> int:
    """Of the blocks as they are sent, as Slack counts them."""
    return len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")))


def title(finding: Finding) -> str:
    """The finding's title as a sentence begins."""
    text = finding.violation.title
    return text[:1].upper() + text[1:]


def level(finding: Finding) -> str:
    """`Critical`, or `Unknown` where nobody can tell."""
    if finding.status is Status.UNKNOWN:
        return "Unknown"
    return finding.violation.severity.capitalize()
