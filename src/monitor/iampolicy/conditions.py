"""One condition against the values of its key: yes, no or unknown.

Source: IAM user guide, "IAM JSON policy elements: Condition" and the pages named in `operators`.
"""

from __future__ import annotations

from monitor.iampolicy.document import Condition, Version
from monitor.iampolicy.glob import Pattern, glob, literal
from monitor.iampolicy.operators import Family, Operator, Quantifier, Test, parse_operator
from monitor.iampolicy.three_valued import Truth, truth
from monitor.iampolicy.values import compare
from monitor.iampolicy.variables import Lookup, Unresolved, has_variable, resolve

KeyValues = tuple[str, ...]
_WITH_VARIABLES = frozenset({Family.STRING, Family.ARN})


def holds(
    condition: Condition,
    values: KeyValues | None,
    *,
    version: Version,
    lookup: Lookup,
) -> Truth:
    """Whether a condition is met by the values of its key; None = the request has no such key."""
    operator = parse_operator(condition.operator)
    if operator is None:
        return Truth.UNKNOWN
    if operator.family is Family.NULL:
        return _null(condition, missing=values is None)
    if values is None:
        return missing_key(operator)
    wanted = wanted_patterns(condition, operator, version, lookup)
    return present_key(operator, wanted, values, unreadable=bool(condition.problems))


def missing_key(operator: Operator) -> Truth:
    """What an operator says of a key that the request does not have."""
    if operator.if_exists:
        # ForAnyValue with IfExists is documented both ways.
        return Truth.UNKNOWN if operator.quantifier is Quantifier.FOR_ANY else Truth.YES
    if operator.quantifier is not Quantifier.NONE:
        return truth(operator.quantifier is Quantifier.FOR_ALL)
    return truth(operator.negated)


def _null(condition: Condition, *, missing: bool) -> Truth:
    wanted = [term.text.lower() for term in condition.values]
    if ("true" if missing else "false") in wanted:
        return Truth.YES
    malformed = condition.problems or not set(wanted) <= {"true", "false"}
    return Truth.UNKNOWN if malformed else Truth.NO


def wanted_patterns(
    condition: Condition, operator: Operator, version: Version, lookup: Lookup
) -> tuple[Pattern | Unresolved, ...]:
    """The policy's values with variables resolved, where version and operator interpret them."""
    wildcards = operator.test is Test.LIKE
    variables = version is Version.V2012 and operator.family in _WITH_VARIABLES
    return tuple(
        resolve(term.text, lookup, wildcards=wildcards)
        if variables and has_variable(term.text)
        else (glob(term.text) if wildcards else literal(term.text))
        for term in condition.values
    )


def present_key(
    operator: Operator,
    wanted: tuple[Pattern | Unresolved, ...],
    values: KeyValues,
    *,
    unreadable: bool,
) -> Truth:
    """What an operator says of values that the request has. `unreadable`: the policy holds further
    values that could not be understood."""
    each = [_one_value(operator, wanted, value, unreadable) for value in values]
    if operator.quantifier is Quantifier.FOR_ALL:
        # Nothing but an empty text counts as no value at all.
        return Truth.YES if values == ("",) else min(each, default=Truth.YES)
    if operator.quantifier is Quantifier.NONE and len(each) > 1 and min(each) is not max(each):
        return Truth.UNKNOWN
    return max(each, default=Truth.NO)


def _one_value(
    operator: Operator,
    wanted: tuple[Pattern | Unresolved, ...],
    value: str,
    unreadable: bool,
) -> Truth:
    """Any of the policy's values; of a negated operator: none of them."""
    passed = Truth.UNKNOWN if unreadable else Truth.NO
    for one in wanted:
        passed = max(passed, _one_pair(operator, one, value))
    return passed.negation if operator.negated else passed


def _one_pair(operator: Operator, wanted: Pattern | Unresolved, value: str) -> Truth:
    if wanted is Unresolved.FREE:
        return Truth.UNKNOWN
    if wanted is Unresolved.MISSING:
        # A positive operator is false; of a negated one the pages say both.
        return Truth.UNKNOWN if operator.negated else Truth.NO
    return compare(operator, wanted, value)
