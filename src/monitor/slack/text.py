"""Text that came from outside (API names, paths, session names) on its way into Slack.

Source: Slack developer docs, "Formatting text for app surfaces" (only `&`, `<` and `>` have to be
escaped, and that alone keeps a text from pinging a channel or forging a link).
"""

from __future__ import annotations

import unicodedata

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def plain(text: str, limit: int) -> str:
    """One line without control or direction marks, which could hide or turn round what follows."""
    visible = "".join(
        " " if char.isspace() else char
        for char in text
        if char.isspace() or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    return clip(" ".join(visible.split()), limit)


def mrkdwn(text: str, limit: int = 300) -> str:
    """`plain`, escaped for a mrkdwn text object."""
    return plain(text, limit).translate(_ENTITIES)


def code(text: str, limit: int = 300) -> str:
    """`plain` as inline code. A backtick cannot be escaped there, so it becomes an apostrophe."""
    return f"`{plain(text, limit).replace('`', chr(0x2019)).translate(_ENTITIES) or ' '}`"


def code_block(text: str, limit: int = 2000) -> str:
    """A preformatted block of one line."""
    return f"```{plain(text, limit).replace('`', chr(0x2019)).translate(_ENTITIES)}```"


def clip(text: str, limit: int) -> str:
    """At most `limit` characters, with an ellipsis where something was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
