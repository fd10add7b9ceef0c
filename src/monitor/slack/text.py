"""Text that came from outside (API names, paths, session names) on its way into Slack.

Every limit counts the escaped text, so that a text of ampersands is not five times as long as
allowed. Source: Slack developer docs, "Formatting text for app surfaces" (only `&`, `<` and `>`
have to be escaped, and that alone keeps a text from pinging a channel or forging a link).
"""

from __future__ import annotations

from monitor.report.plain import plain

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def mrkdwn(text: str, limit: int = 300) -> str:
    """`plain`, escaped for a mrkdwn text object, at most `limit` characters. A backtick becomes an
    apostrophe, or it would pair with one of ours."""
    return _without_ticks(text, limit)


def code(text: str, limit: int = 300) -> str:
    """`plain` as inline code. A backtick cannot be escaped there, so it becomes an apostrophe."""
    return f"`{_without_ticks(text, limit) or ' '}`"


def code_block(text: str, limit: int = 2000) -> str:
    """A preformatted block of one line."""
    return f"```{_without_ticks(text, limit)}```"


def _without_ticks(text: str, limit: int) -> str:
    return _escaped(plain(text, limit).replace("`", chr(0x2019)), limit)


def _escaped(text: str, limit: int) -> str:
    parts = [_ENTITIES.get(char, char) for char in text]
    if sum(map(len, parts)) <= limit:
        return "".join(parts)
    kept, length = [], 1
    for part in parts:
        length += len(part)
        if length > limit:
            break
        kept.append(part)
    return "".join(kept) + "…"
