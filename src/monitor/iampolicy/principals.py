"""Principal and NotPrincipal against one caller.

Source: IAM user guide, "AWS JSON policy elements: Principal" and "...: NotPrincipal".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from monitor.iampolicy.document import Effect, PrincipalKind, Principals, PrincipalTerm
from monitor.iampolicy.three_valued import Truth

_ACCOUNT = re.compile(r"(?:arn:[\w-]+:iam::)?(\d{12})(:root)?\Z", re.ASCII)
_NAMED = re.compile(
    r"arn:[\w-]+:(?:iam::(\d{12}):(?:user|role)|sts::(\d{12}):(?:assumed-role|federated-user))/.+\Z",
    re.ASCII | re.DOTALL,
)
_UNIQUE_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{12,}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Identity:
    """A signed caller. `arn` is what aws:PrincipalArn holds (of a role session, the role);
    `session_arn` the ARN of the session, empty for others."""

    account: str
    arn: str
    session_arn: str = ""


@lru_cache(maxsize=1024)
def named_account(text: str) -> str | None:
    """The account that an AWS principal names as a whole, by number or root ARN."""
    match = _ACCOUNT.match(text)
    if match is None or (text.startswith("arn:") is not bool(match[2])):
        return None
    return match[1]


@lru_cache(maxsize=1024)
def named_arn_account(text: str) -> str | None:
    """The account of the one user, role or session that an AWS principal names."""
    match = _NAMED.match(text)
    return None if match is None or has_wildcard(text) else match[1] or match[2]


def has_wildcard(text: str) -> bool:
    return "*" in text or "?" in text


def matches_principal(
    principals: Principals, caller: Identity | None, *, effect: Effect | None
) -> Truth:
    """Whether the element speaks of the caller; None is the anonymous caller."""
    favour = effect is not Effect.DENY
    found = Truth.UNKNOWN if principals.problems else Truth.NO
    for term in principals.items:
        found = max(found, _matches_term(term, caller, favour is not principals.negated))
    if not principals.negated:
        return found
    if effect is Effect.DENY and found is Truth.YES and _account_left_out(principals, caller):
        # AWS may deny the whole account of a principal that is named without its account.
        return Truth.UNKNOWN
    return found.negation


def _matches_term(term: PrincipalTerm, caller: Identity | None, favour: bool) -> Truth:
    match term.kind:
        case PrincipalKind.EVERYONE:
            return Truth.YES
        case PrincipalKind.EVERYONE_BARE:
            return Truth.YES if favour else Truth.UNKNOWN
        case PrincipalKind.AWS:
            return _matches_aws(term.text, caller)
        case _:
            return Truth.NO


def _matches_aws(text: str, caller: Identity | None) -> Truth:
    account = named_account(text)
    if account is not None:
        return Truth.YES if caller is not None and caller.account == account else Truth.NO
    if named_arn_account(text) is not None:
        named = caller is not None and text in (caller.arn, caller.session_arn)
        return Truth.YES if named else Truth.NO
    if has_wildcard(text) or _UNIQUE_ID.match(text):
        # A part of an ARN with a wildcard is refused on save; the id of a deleted principal is
        # nobody's any more.
        return Truth.NO
    return Truth.UNKNOWN


def _account_left_out(principals: Principals, caller: Identity | None) -> bool:
    if caller is None or any(_is_everyone(term) for term in principals.items):
        return False
    return all(named_account(term.text) != caller.account for term in principals.items)


def _is_everyone(term: PrincipalTerm) -> bool:
    return term.kind in (PrincipalKind.EVERYONE, PrincipalKind.EVERYONE_BARE)


def named_identities(principals: Principals) -> Iterator[tuple[str, str]]:
    """Every account the element names, with the ARN of a user, role or session, or nothing."""
    for term in principals.items:
        if term.kind is PrincipalKind.AWS:
            account = named_account(term.text)
            if account is not None:
                yield account, ""
            elif (owner := named_arn_account(term.text)) is not None:
                yield owner, term.text
