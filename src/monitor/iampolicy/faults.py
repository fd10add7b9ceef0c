"""Everything in a policy that AWS refuses, or reads otherwise than its writer can have meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum

from monitor.iampolicy.document import (
    Condition,
    PolicyDocument,
    PrincipalKind,
    Statement,
)
from monitor.iampolicy.operators import Family, parse_operator
from monitor.iampolicy.principals import has_wildcard
from monitor.iampolicy.values import instant, number
from monitor.model.addresses import cidr_span


class FaultCode(StrEnum):
    """What `ProblemCode` does not know, since the grammar allows it."""

    GRANTS_NOTHING = "grants-nothing"
    UNKNOWN_OPERATOR = "unknown-operator"
    KEY_SPELLED_TWICE = "key-spelled-twice"
    NO_ADDRESS = "no-address"
    NO_NUMBER = "no-number"
    NO_DATE = "no-date"
    ADDRESS_AS_TEXT = "address-as-text"
    PARTIAL_PRINCIPAL = "partial-principal"


def faults(document: PolicyDocument) -> Iterator[tuple[str, str, str]]:
    """Code, place and what stands there."""
    yield from ((str(one.code), one.place, one.detail) for one in document.problems)
    for statement in document.statements:
        yield from _of_statement(statement)


def _of_statement(statement: Statement) -> Iterator[tuple[str, str, str]]:
    for name, part in (
        ("Principal", statement.principal),
        ("Action", statement.action),
        ("Resource", statement.resource),
    ):
        if part is None:
            yield FaultCode.GRANTS_NOTHING, statement.place, f"it has no {name}"
    for principal in statement.principal.items if statement.principal else ():
        if principal.kind is PrincipalKind.AWS and has_wildcard(principal.text):
            yield FaultCode.PARTIAL_PRINCIPAL, principal.place, principal.text
    counts = Counter((one.operator, one.key.lower()) for one in statement.conditions)
    for (operator, key), count in counts.items():
        if count > 1:
            yield FaultCode.KEY_SPELLED_TWICE, f"{statement.place}.Condition.{operator}", key
    for condition in statement.conditions:
        yield from _of_condition(condition)


def _of_condition(condition: Condition) -> Iterator[tuple[str, str, str]]:
    operator = parse_operator(condition.operator)
    if operator is None:
        yield FaultCode.UNKNOWN_OPERATOR, condition.place, condition.operator
        return
    by_address = condition.key.lower() in ("aws:sourceip", "aws:vpcsourceip")
    for term in condition.values:
        if operator.family is Family.IP and cidr_span(term.text) is None:
            yield FaultCode.NO_ADDRESS, term.place, term.text
        elif operator.family is Family.NUMERIC and number(term.text) is None:
            yield FaultCode.NO_NUMBER, term.place, term.text
        elif operator.family is Family.DATE and instant(term.text) is None:
            yield FaultCode.NO_DATE, term.place, term.text
        elif operator.family is Family.STRING and by_address and _is_block(term.text):
            yield FaultCode.ADDRESS_AS_TEXT, term.place, term.text


def _is_block(text: str) -> bool:
    """A single address may well be compared as text; of a block no address is the text."""
    return "/" in text and cidr_span(text) is not None
