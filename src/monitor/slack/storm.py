"""Many APIs in one message: what a storm of changes comes to. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.model.finding import Severity
from monitor.model.notice import Notice
from monitor.slack.links import api_in_console, link
from monitor.slack.parts import Message, context, header, level, section, title
from monitor.slack.text import code, mrkdwn
from monitor.slack.words import ICON, count, who


def storm_message(notices: Sequence[Notice]) -> Message:
    """One line an API, the gravest first. Several notices of an API are told by its last one."""
    last = {notice.api: notice for notice in sorted(notices, key=lambda one: one.sequence)}
    apis = sorted(last.values(), key=_gravity)
    critical = sum(bool(one.unresolved) and _gravity(one) == 0 for one in apis)
    headline = f"{count(len(apis), 'API')} changed at once"
    if critical:
        headline += f", {critical} of them critical"
    names = ", ".join(mrkdwn(one.api_name or one.api.api_id, 40) for one in apis[:5])
    more = f" and {len(apis) - 5} more" if len(apis) > 5 else ""
    return Message(
        text=f"{headline}: {names}{more}",
        blocks=(
            header(headline),
            *(section(_line(one)) for one in apis),
            context("So many alerts at once are told together. Each goes on in this thread."),
        ),
    )


def _gravity(notice: Notice) -> int:
    ranks = [finding.violation.severity.rank for finding in notice.unresolved]
    return min(ranks, default=len(Severity))


def _line(notice: Notice) -> str:
    api = notice.api
    name = code(notice.api_name or api.api_id, 60)
    page = api_in_console(api)
    where = f"{code(api.api_id, 30)} · {code(api.region, 20)}" + (
        f" · {link(page, 'console')}" if page else ""
    )
    by = f" by {code(notice.cause.who, 60)}" if notice.cause else ""
    if not notice.unresolved:
        return f":white_check_mark: {name}: resolved, now {who(notice.scope_now)}{by} · {where}"
    worst = min(notice.unresolved, key=lambda finding: finding.violation.severity.rank)
    others = len(notice.unresolved) - 1
    more = f" (and {others} more)" if others else ""
    icon = ICON[worst.violation.severity]
    return f"{icon} *{level(worst)}* — {name}: {mrkdwn(title(worst), 120)}{more}{by} · {where}"
