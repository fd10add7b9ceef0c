"""The condition operators: what each says of a key's values, present or missing.

Sources: IAM user guide, "IAM JSON policy elements: Condition operators" (each operator, missing
keys, IfExists, Null) and "Conditions with multiple context keys or values" (set operators).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import lru_cache


class Family(StrEnum):
    STRING = "String"
    NUMERIC = "Numeric"
    DATE = "Date"
    BOOL = "Bool"
    BINARY = "Binary"
    IP = "IpAddress"
    ARN = "Arn"
    NULL = "Null"


class Test(StrEnum):
    EQUALS = "equals"
    EQUALS_IGNORE_CASE = "equals-ignore-case"
    LIKE = "like"
    LESS = "less"
    LESS_OR_EQUAL = "less-or-equal"
    GREATER = "greater"
    GREATER_OR_EQUAL = "greater-or-equal"


class Quantifier(Enum):
    NONE = ""
    FOR_ALL = "forallvalues:"
    FOR_ANY = "foranyvalue:"


@dataclass(frozen=True, slots=True)
class Operator:
    """`negated`: the negation of the test of the same name without Not."""

    family: Family
    test: Test
    negated: bool = False
    if_exists: bool = False
    quantifier: Quantifier = Quantifier.NONE


def _ordered(family: Family) -> dict[str, Operator]:
    name = family.value.lower()
    return {
        f"{name}equals": Operator(family, Test.EQUALS),
        f"{name}notequals": Operator(family, Test.EQUALS, negated=True),
        f"{name}lessthan": Operator(family, Test.LESS),
        f"{name}lessthanequals": Operator(family, Test.LESS_OR_EQUAL),
        f"{name}greaterthan": Operator(family, Test.GREATER),
        f"{name}greaterthanequals": Operator(family, Test.GREATER_OR_EQUAL),
    }


_OPERATORS = {
    "stringequals": Operator(Family.STRING, Test.EQUALS),
    "stringnotequals": Operator(Family.STRING, Test.EQUALS, negated=True),
    "stringequalsignorecase": Operator(Family.STRING, Test.EQUALS_IGNORE_CASE),
    "stringnotequalsignorecase": Operator(Family.STRING, Test.EQUALS_IGNORE_CASE, negated=True),
    "stringlike": Operator(Family.STRING, Test.LIKE),
    "stringnotlike": Operator(Family.STRING, Test.LIKE, negated=True),
    **_ordered(Family.NUMERIC),
    **_ordered(Family.DATE),
    "bool": Operator(Family.BOOL, Test.EQUALS),
    "binaryequals": Operator(Family.BINARY, Test.EQUALS),
    "ipaddress": Operator(Family.IP, Test.EQUALS),
    "notipaddress": Operator(Family.IP, Test.EQUALS, negated=True),
    # ArnEquals and ArnLike behave alike.
    "arnequals": Operator(Family.ARN, Test.LIKE),
    "arnlike": Operator(Family.ARN, Test.LIKE),
    "arnnotequals": Operator(Family.ARN, Test.LIKE, negated=True),
    "arnnotlike": Operator(Family.ARN, Test.LIKE, negated=True),
}
_NULL = Operator(Family.NULL, Test.EQUALS)
_SPELLING = re.compile(r"(forallvalues:|foranyvalue:)?([a-z]+?)(ifexists)?\Z")


@lru_cache(maxsize=512)
def parse_operator(name: str) -> Operator | None:
    """The operator of that name in any mix of cases; None if there is none.

    Null takes neither IfExists nor a set operator.
    """
    spelled = name.lower()
    if spelled == "null":
        return _NULL
    match = _SPELLING.match(spelled)
    base = _OPERATORS.get(match[2]) if match else None
    if match is None or base is None:
        return None
    return Operator(
        family=base.family,
        test=base.test,
        negated=base.negated,
        if_exists=bool(match[3]),
        quantifier=Quantifier(match[1] or ""),
    )
