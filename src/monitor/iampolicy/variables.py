"""Policy variables: `${key}`, `${key, 'default'}` and the three characters `${*}`, `${?}`, `${$}`.

Source: IAM user guide, "IAM policy elements: Variables and tags".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum

from monitor.iampolicy.glob import Pattern, glob, literal


class Unresolved(Enum):
    """`MISSING`: the request has no such key and the policy no default. `FREE`: the value is not
    fixed, so what the text becomes depends on another part of the request."""

    MISSING = "missing"
    FREE = "free"


Lookup = Callable[[str], str | Unresolved]

_VARIABLE = re.compile(r"\$\{\s*([^},]*?)\s*(?:,\s*'([^']*)'\s*)?\}")
_CHARACTERS = frozenset("*?$")


def has_variable(text: str) -> bool:
    return "${" in text


def resolve(text: str, lookup: Lookup, *, wildcards: bool) -> Pattern | Unresolved:
    """The text with its variables replaced; what they stand for holds no wildcard.

    `wildcards`: `*` and `?` outside of variables are wildcards.
    """
    if has_variable(_VARIABLE.sub("", text)):
        # Not closed or not well formed: nobody says what it then means.
        return Unresolved.FREE
    plain = glob if wildcards else literal
    parts: list[Pattern] = []
    end = 0
    for match in _VARIABLE.finditer(text):
        parts.append(plain(text[end : match.start()]))
        value = _value(match[1], match[2], lookup)
        if isinstance(value, Unresolved):
            return value
        parts.append(literal(value))
        end = match.end()
    parts.append(plain(text[end:]))
    return tuple(token for part in parts for token in part)


def _value(name: str, default: str | None, lookup: Lookup) -> str | Unresolved:
    if name in _CHARACTERS:
        return name
    value = lookup(name)
    return default if value is Unresolved.MISSING and default is not None else value
