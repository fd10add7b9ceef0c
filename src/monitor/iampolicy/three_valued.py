"""Yes, no and what lies between: the truth of one test of a policy.

An Allow counts when it may apply, a Deny only when it surely does; so whatever is unknown can only
widen access, and "nobody gets in" stays true.
"""

from __future__ import annotations

from enum import IntEnum


class Truth(IntEnum):
    """Ordered, so that AND is `min` and OR is `max`."""

    NO = 0
    UNKNOWN = 1
    YES = 2

    @property
    def negation(self) -> Truth:
        return _NEGATION[self]


_NEGATION = {Truth.NO: Truth.YES, Truth.UNKNOWN: Truth.UNKNOWN, Truth.YES: Truth.NO}


def truth(value: bool) -> Truth:
    return Truth.YES if value else Truth.NO
