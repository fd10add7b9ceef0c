"""One condition operator on one key of one request.

Source: IAM user guide, "IAM JSON policy elements: Condition operators" and "Creating a condition
with multiple keys or values".
"""

from __future__ import annotations

import ipaddress
import operator as compare
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from monitor.access.reference.text import (
    Characters,
    KeyValue,
    Lookup,
    Unresolved,
    matches,
    plain,
    resolve,
)
from monitor.access.reference.three_valued import Tri, agreed, all_of, any_of, negation

_NEGATED = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnlike",
    "arnnotlike": "arnlike",
    "notipaddress": "ipaddress",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
}


_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


# The values of a condition; None stands for what could not be read among them.
Expected = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Operator:
    """`test` is the positive form: `StringNotLike` is `stringlike`, negated."""

    test: str
    negated: bool
    if_exists: bool
    qualifier: str


def parse_operator(name: str) -> Operator | None:
    """Names are documented in mixed case and written in any; None = no such operator."""
    qualifier, colon, base = name.lower().rpartition(":")
    if colon and qualifier not in ("forallvalues", "foranyvalue"):
        return None
    if_exists = base.endswith("ifexists")
    base = base.removesuffix("ifexists")
    test = _NEGATED.get(base, base)
    if test not in _TESTS and (test != "null" or if_exists or qualifier):
        return None
    return Operator(test, base in _NEGATED, if_exists, qualifier)


def condition_holds(
    name: str, key: str, expected: Expected, lookup: Lookup, *, variables: bool
) -> Tri:
    """`{name: {key: expected}}` for the request behind `lookup`."""
    operator = parse_operator(name)
    if operator is None:
        return None
    value = lookup(key)
    if operator.test == "null":
        return any_of(_null_holds(wanted, value) for wanted in expected)
    if value.present is False:
        return _when_missing(operator)
    found = _when_present(operator, value, expected, lookup, variables=variables)
    return found if value.present else agreed((found, _when_missing(operator)))


def _null_holds(wanted: str | None, value: KeyValue) -> Tri:
    match (wanted or "").lower():
        case "true":
            return negation(value.present)
        case "false":
            return value.present
        case _:
            return None


def _when_missing(operator: Operator) -> Tri:
    if operator.qualifier == "forallvalues":
        return True
    if operator.qualifier == "foranyvalue":
        # ForAnyValue:...IfExists is not described.
        return None if operator.if_exists else False
    return operator.if_exists or operator.negated


def _when_present(
    operator: Operator,
    value: KeyValue,
    expected: Expected,
    lookup: Lookup,
    *,
    variables: bool,
) -> Tri:
    held: tuple[str | None, ...] = (None,) if value.values is None else value.values
    results = [_value_holds(operator, one, expected, lookup, variables=variables) for one in held]
    if operator.qualifier == "forallvalues":
        # A key that holds nothing but an empty string counts as holding no value.
        return True if held in ((), ("",)) else all_of(results)
    if operator.qualifier == "foranyvalue":
        return any_of(results)
    return agreed(results)


def _value_holds(
    operator: Operator,
    held: str | None,
    expected: Expected,
    lookup: Lookup,
    *,
    variables: bool,
) -> Tri:
    """The expected values are ORed; a negated operator holds if none of them fits."""
    found = any_of(_fits(operator, held, one, lookup, variables=variables) for one in expected)
    return negation(found) if operator.negated else found


def _fits(
    operator: Operator, held: str | None, expected: str | None, lookup: Lookup, *, variables: bool
) -> Tri:
    if expected is None:
        return None
    if operator.test in _TEXT_TESTS:
        characters = resolve(expected, lookup, variables=variables)
        if characters is Unresolved.MISSING:
            # "Does not match" by one passage, "the statement is invalid" by another.
            return None if operator.negated else False
        if isinstance(characters, Unresolved):
            return None
        if held is None:
            return True if operator.test == "stringlike" and plain(characters) == "*" else None
        return _TEXT_TESTS[operator.test](held, characters)
    return None if held is None else _PLAIN_TESTS[operator.test](held, expected)


def _string_equals(held: str, expected: Characters) -> Tri:
    return held == plain(expected)


def _string_equals_ignore_case(held: str, expected: Characters) -> Tri:
    return held.lower() == plain(expected).lower()


def _string_like(held: str, expected: Characters) -> Tri:
    return matches(expected, held)


def _arn_like(held: str, expected: Characters) -> Tri:
    """Six segments, each matched for itself: a star does not cross a colon."""
    patterns = _arn_segments(expected)
    segments = held.split(":", 5)
    if patterns is None:
        return None
    if len(segments) < 6:
        return False
    fits = [matches(one, text) for one, text in zip(patterns, segments, strict=True)]
    if not all(fits):
        return False
    # The resource part of some ARNs holds colons of its own.
    within = matches(patterns[5], segments[5], star="[^:]*", mark="[^:]")
    return True if within else None


def _arn_segments(characters: Characters) -> list[Characters] | None:
    segments: list[Characters] = []
    rest = characters
    for _ in range(5):
        colon = next((i for i, character in enumerate(rest) if character.char == ":"), None)
        if colon is None:
            return None
        segments.append(rest[:colon])
        rest = rest[colon + 1 :]
    return [*segments, rest]


def _ip_address(held: str, expected: str) -> Tri:
    """Host bits of a block are ignored; an address of the other family lies outside."""
    address = parse_address(held)
    block = parse_block(expected)
    if address is None or block is None:
        return None
    if address in block:
        return True
    # A bare IPv6 address: one host by analogy with IPv4; an old page says /32.
    if block.version == 6 and "/" not in expected and address.version == 6:
        wide = ipaddress.ip_network(f"{expected}/32", strict=False)
        return None if address in wide else False
    return False


def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def parse_block(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    _, slash, length = text.partition("/")
    if slash and not (length.isascii() and length.isdigit()):
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def _instant(text: str) -> float | None:
    """ISO 8601 or seconds of the epoch."""
    seconds = _number(text)
    if seconds is not None:
        return seconds
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _ordered(
    parse: Callable[[str], float | None], relation: Callable[[float, float], bool]
) -> Callable[[str, str], Tri]:
    def fits(held: str, expected: str) -> Tri:
        left, right = parse(held), parse(expected)
        return None if left is None or right is None else relation(left, right)

    return fits


def _boolean(held: str, expected: str) -> Tri:
    if expected.lower() not in ("true", "false"):
        return None
    return held.lower() == expected.lower()


def _binary(_held: str, _expected: str) -> Tri:
    """No key of an API Gateway request holds binary values."""
    return None


_RELATIONS: dict[str, Callable[[float, float], bool]] = {
    "equals": compare.eq,
    "lessthan": compare.lt,
    "lessthanequals": compare.le,
    "greaterthan": compare.gt,
    "greaterthanequals": compare.ge,
}
_TEXT_TESTS: dict[str, Callable[[str, Characters], Tri]] = {
    "stringequals": _string_equals,
    "stringequalsignorecase": _string_equals_ignore_case,
    "stringlike": _string_like,
    "arnequals": _arn_like,
    "arnlike": _arn_like,
}
_PLAIN_TESTS: dict[str, Callable[[str, str], Tri]] = {
    "ipaddress": _ip_address,
    "bool": _boolean,
    "binaryequals": _binary,
    **{f"numeric{name}": _ordered(_number, relation) for name, relation in _RELATIONS.items()},
    **{f"date{name}": _ordered(_instant, relation) for name, relation in _RELATIONS.items()},
}
_TESTS = {*_TEXT_TESTS, *_PLAIN_TESTS}
