"""What there was from the beginning, in one message. Pure."""

from __future__ import annotations

from monitor.model.finding import Severity
from monitor.model.notice import Notice, Summary
from monitor.slack.parts import Message, context, header, level, section, title
from monitor.slack.text import code, mrkdwn
from monitor.slack.words import ICON, count

MAX_LINES = 12


def baseline_message(notice: Notice, summary: Summary) -> Message:
    """The summary of the first scan, or of the first one that asked new rules."""
    open_ = sum(summary.findings.values())
    headline = f"Gatewatch has looked at {count(summary.apis, 'API')}: {count(open_, 'finding')}"
    if summary.rules:
        named = count(len(summary.rules), "new rule")
        headline = f"{named} asked of {count(summary.apis, 'API')}: {count(open_, 'finding')}"
    counts = ", ".join(
        f"{ICON[severity]} {summary.findings[severity]} {severity.value}"
        for severity in Severity
        if summary.findings.get(severity)
    )
    facts = [
        f"{summary.public_apis} public, {summary.unknown} undecided, {summary.waived} waived.",
        counts or "Nothing is open.",
    ]
    if summary.rules:
        facts.append("New: " + ", ".join(code(rule, 60) for rule in summary.rules[:MAX_LINES]))
    blocks = [header(headline), section("\n".join(facts))]
    if summary.worst:
        lines = [
            f"{ICON[one.violation.severity]} *{level(one)}* — "
            f"{code(one.api_name or one.api.api_id, 50)}: {mrkdwn(title(one), 120)}"
            for one in summary.worst[:MAX_LINES]
        ]
        blocks.append(section("*The gravest*\n" + "\n".join(lines)))
    if missed := summary.not_looked_at:
        names = ", ".join(code(api_id, 40) for api_id in missed[:MAX_LINES])
        blocks.append(section(f"*Not looked at in time ({len(missed)}):* {names}"))
    api = notice.api
    blocks.append(
        context(
            f"account {code(api.account_id, 20)} · {code(api.region, 30)} · from now on only what "
            "changes is told"
        )
    )
    text = f"{headline}. {summary.public_apis} public, {summary.unknown} undecided."
    return Message(text=text, blocks=tuple(blocks))
