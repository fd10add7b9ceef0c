"""Text from outside (API names, paths, session names) made fit for one line of anything."""

from __future__ import annotations

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def plain(text: str, limit: int = 500) -> str:
    """One line without control characters (which could drive a terminal) or direction marks (which
    could hide or turn round what follows), at most `limit` characters."""
    visible = (
        " " if char.isspace() else char
        for char in text[: limit * 8]
        if char.isspace() or not is_hidden(char)
    )
    return clip(" ".join("".join(visible).split()), limit)


def is_hidden(char: str) -> bool:
    """A control character, a direction mark, or what else no reader sees."""
    return unicodedata.category(char) in _HIDDEN


def clip(text: str, limit: int) -> str:
    """At most `limit` characters, with an ellipsis where something was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
