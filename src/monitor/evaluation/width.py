"""What is wider than what: a violation than it was before, one bound than another."""

from __future__ import annotations

from monitor.access.thresholds import Thresholds
from monitor.model.access import widest
from monitor.model.addresses import AddressSet
from monitor.model.callers import (
    EVERY_CALLER,
    OTHERS,
    CallerBox,
    CallerNetwork,
    CallerPrincipal,
    CallerSet,
)
from monitor.model.finding import Violation
from monitor.model.organization import Bound


def is_wider(before: Violation, after: Violation) -> bool:
    """Graver, or open to more. The scope of a finding that is not about access is that of its
    stage, which has findings of its own."""
    if after.severity.rank < before.severity.rank:
        return after.status is before.status
    if before.scope is after.scope or not is_about_access(after):
        return False
    return widest(before.scope, after.scope) is after.scope


def is_about_access(violation: Violation) -> bool:
    return violation.witness is not None or bool(violation.policy_class)


def is_within(inner: Bound, outer: Bound, thresholds: Thresholds) -> bool:
    """Whether nobody whom the first allows is refused by the second. In order: nobody, sets of
    callers as they lie in one another, everybody but the public, anyone."""
    if inner.allowed == outer.allowed:
        return True
    if outer.allowed is None:
        return inner.allowed is not None and not _is_public(inner.allowed, thresholds)
    if inner.allowed is None:
        # "Everybody but the public" is no set: only what holds everybody is certain to hold it.
        return EVERY_CALLER.is_within(outer.allowed) is None
    return inner.allowed.is_within(outer.allowed) is None


def _is_public(callers: CallerSet, thresholds: Thresholds) -> bool:
    """Whether strangers are among them who hold nothing and come from a large part of the
    internet."""
    addresses = AddressSet(())
    for box in callers.boxes:
        if _lets_strangers_in(box):
            addresses |= box.addresses
    return thresholds.scope_of(addresses).is_public


def _lets_strangers_in(box: CallerBox) -> bool:
    return (
        box.network is CallerNetwork.INTERNET
        and not box.credentials
        and any(map(_is_anybody, box.principals))
    )


def _is_anybody(principal: CallerPrincipal) -> bool:
    named = (principal.account, principal.arn, principal.organization)
    return all(name in (None, OTHERS) for name in named)
