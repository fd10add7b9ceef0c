"""The digest as a message. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from monitor.model.digest import ClassLine, Digest
from monitor.model.finding import Finding, Severity
from monitor.slack.parts import Block, Message, context, header, section, title
from monitor.slack.text import code, mrkdwn
from monitor.slack.words import ICON, count

MAX_LINES = 10


def digest_message(digest: Digest) -> Message:
    """What is open, by class; what ends soon; what nobody can tell."""
    headline = f"Gatewatch digest: {count(digest.open, 'finding')} open on {_apis(digest)}"
    trend = _trend(digest)
    blocks = [
        header(headline),
        section(trend),
        *_listed("Open, by class", [_class(line, digest.made_at) for line in digest.classes]),
        *_listed("Waivers that end soon", [_ending(one) for one in digest.ending]),
        *_listed("Nobody can tell", [_undecided(one) for one in digest.undecided]),
        *_listed(
            "Not read at all",
            [code(one.name or one.api.api_id, 60) for one in digest.blind],
        ),
        context("`/gatewatch open` or `gatewatch scan` list everything."),
    ]
    return Message(text=f"{headline}. {trend}", blocks=tuple(blocks))


def _apis(digest: Digest) -> str:
    return count(digest.apis, "API")


def _trend(digest: Digest) -> str:
    if digest.before is None:
        return "This is the first digest."
    change = digest.open - digest.before
    if change == 0:
        return f"As many as last time; {digest.new} of them are new."
    return f"{abs(change)} {'more' if change > 0 else 'fewer'} than last time; {digest.new} new."


def _listed(name: str, lines: Sequence[str]) -> Iterator[Block]:
    if lines:
        shown = list(lines[:MAX_LINES])
        if len(lines) > MAX_LINES:
            shown.append(f"and {len(lines) - MAX_LINES} more")
        yield section(f"*{name}*\n" + "\n".join(f"• {line}" for line in shown))


def _class(line: ClassLine, now: datetime) -> str:
    counts = ", ".join(
        f"{ICON[severity]} {line.by_severity[severity]} {severity.value}"
        for severity in Severity
        if line.by_severity.get(severity)
    )
    days = (now - line.oldest).days
    return f"{code(line.name, 80)}: {counts}; the oldest {count(days, 'day')}"


def _ending(finding: Finding) -> str:
    until = f"{finding.waiver.until:%Y-%m-%d}" if finding.waiver else "soon"
    owner = f", owner {mrkdwn(finding.waiver.owner, 60)}" if finding.waiver else ""
    return f"{until}: {_named(finding)}{owner}"


def _undecided(finding: Finding) -> str:
    return f"{_named(finding)}, since {finding.first_seen:%Y-%m-%d}"


def _named(finding: Finding) -> str:
    name = code(finding.api_name or finding.api.api_id, 50)
    return f"{name}: {mrkdwn(title(finding), 110)}"
