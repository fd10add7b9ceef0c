"""What there was from the beginning, in one message. Pure."""

from __future__ import annotations

from monitor.model.finding import Severity
from monitor.model.notice import FirstFindings, Notice
from monitor.slack.parts import Message, context, header, level, section, title
from monitor.slack.text import code, mrkdwn
from monitor.slack.words import ICON, count

MAX_LINES = 12


def baseline_message(notice: Notice, first: FirstFindings) -> Message:
    """The summary of the first scan, or of the first one that asked new rules."""
    open_ = sum(first.findings.values())
    headline = f"Gatewatch has looked at {count(first.apis, 'API')}: {count(open_, 'finding')}"
    if first.rules:
        named = count(len(first.rules), "new rule")
        headline = f"{named} asked of {count(first.apis, 'API')}: {count(open_, 'finding')}"
    counts = ", ".join(
        f"{ICON[severity]} {first.findings[severity]} {severity.value}"
        for severity in Severity
        if first.findings.get(severity)
    )
    facts = [
        f"{first.public_apis} public, {first.unknown} undecided, {first.waived} waived.",
        counts or "Nothing is open.",
    ]
    if first.rules:
        facts.append("New: " + ", ".join(code(rule, 60) for rule in first.rules[:MAX_LINES]))
    blocks = [header(headline), section("\n".join(facts))]
    if first.worst:
        lines = [
            f"{ICON[one.violation.severity]} *{level(one)}* — "
            f"{code(one.api_name or one.api.api_id, 50)}: {mrkdwn(title(one), 120)}"
            for one in first.worst[:MAX_LINES]
        ]
        blocks.append(section("*The gravest*\n" + "\n".join(lines)))
    if missed := first.not_looked_at:
        names = ", ".join(code(api_id, 40) for api_id in missed[:MAX_LINES])
        blocks.append(section(f"*Not looked at in time ({len(missed)}):* {names}"))
    api = notice.api
    blocks.append(
        context(
            f"account {code(api.account_id, 20)} · {code(api.region, 30)} · from now on only what "
            "changes is told"
        )
    )
    text = f"{headline}. {first.public_apis} public, {first.unknown} undecided."
    return Message(text=text, blocks=tuple(blocks))
