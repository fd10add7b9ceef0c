"""One value of a policy against one value of a request, for each family of operators."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from monitor.iampolicy.glob import Pattern, Token, matches, plain_text
from monitor.iampolicy.operators import Family, Operator, Test
from monitor.iampolicy.three_valued import Truth, truth
from monitor.model.addresses import cidr_span, position

# An IPv6 address without a length is one host, or as some pages have it a /32.
BARE_V6_WIDE = 32
_ARN_SEGMENTS = 6
_LONGEST_NUMBER = 64


def compare(operator: Operator, wanted: Pattern, actual: str) -> Truth:
    """Whether a request's value passes the test (not yet negated) against a policy's value.

    A malformed value is unknown, and so is what AWS's pages leave open.
    """
    match operator.family:
        case Family.STRING:
            return _string(operator.test, wanted, actual)
        case Family.ARN:
            return arn_like(wanted, actual)
        case Family.IP:
            return ip_in(plain_text(wanted), actual)
        case Family.NUMERIC:
            return _ordered(operator.test, number(plain_text(wanted)), number(actual))
        case Family.DATE:
            return _ordered(operator.test, instant(plain_text(wanted)), instant(actual))
        case Family.BOOL:
            return _bool(plain_text(wanted), actual)
        case _:
            # No key of API Gateway holds binary data.
            return Truth.UNKNOWN


def _string(test: Test, wanted: Pattern, actual: str) -> Truth:
    if test is Test.LIKE:
        return truth(matches(wanted, actual))
    text = plain_text(wanted)
    if test is Test.EQUALS_IGNORE_CASE:
        return truth(text.lower() == actual.lower())
    return truth(text == actual)


def arn_segments(pattern: Pattern) -> tuple[Pattern, ...]:
    """A pattern cut at its first five colons."""
    segments: list[list[Token]] = [[]]
    for part in pattern:
        if part == ":" and len(segments) < _ARN_SEGMENTS:
            segments.append([])
        else:
            segments[-1].append(part)
    return tuple(map(tuple, segments))


def arn_like(wanted: Pattern, actual: str) -> Truth:
    """Each of the six parts matches on its own.

    Source: IAM user guide, "Amazon Resource Name (ARN) condition operators".
    """
    patterns = arn_segments(wanted)
    if len(patterns) < _ARN_SEGMENTS:
        return Truth.UNKNOWN
    parts = actual.split(":", _ARN_SEGMENTS - 1)
    if len(parts) < _ARN_SEGMENTS:
        return Truth.NO
    return truth(all(matches(one, part) for one, part in zip(patterns, parts, strict=True)))


def ip_in(block: str, address: str) -> Truth:
    sure, possible = cidr_span(block), cidr_span(block, BARE_V6_WIDE)
    if sure is None or possible is None:
        return Truth.UNKNOWN
    place = position(address)
    if place is None or not possible[0] <= place < possible[1]:
        return Truth.NO
    return Truth.YES if sure[0] <= place < sure[1] else Truth.UNKNOWN


@lru_cache(maxsize=1024)
def number(text: str) -> Decimal | None:
    if len(text) > _LONGEST_NUMBER:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


_YEAR_MONTH = re.compile(r"(\d{4})(?:-(\d{2}))?\Z", re.ASCII)
_EPOCH = re.compile(r"\d{5,12}(?:\.\d+)?\Z", re.ASCII)


@lru_cache(maxsize=1024)
def instant(text: str) -> Decimal | None:
    """Seconds since 1970 of an ISO 8601 date or of epoch time."""
    if _EPOCH.match(text):
        return Decimal(text)
    short = _YEAR_MONTH.match(text)
    try:
        if short:
            moment = datetime(int(short[1]), int(short[2] or 1), 1, tzinfo=UTC)
        else:
            moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return Decimal(str(moment.timestamp()))


_ORDER: dict[Test, Callable[[Decimal, Decimal], bool]] = {
    Test.EQUALS: lambda actual, wanted: actual == wanted,
    Test.LESS: lambda actual, wanted: actual < wanted,
    Test.LESS_OR_EQUAL: lambda actual, wanted: actual <= wanted,
    Test.GREATER: lambda actual, wanted: actual > wanted,
    Test.GREATER_OR_EQUAL: lambda actual, wanted: actual >= wanted,
}


def _ordered(test: Test, wanted: Decimal | None, actual: Decimal | None) -> Truth:
    if wanted is None or actual is None:
        return Truth.UNKNOWN
    return truth(_ORDER[test](actual, wanted))


def _bool(wanted: str, actual: str) -> Truth:
    if wanted.lower() not in ("true", "false"):
        return Truth.UNKNOWN
    return truth(wanted.lower() == actual.lower())
