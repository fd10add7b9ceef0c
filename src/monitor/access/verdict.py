"""From sets of callers to an `Access`, and from several to their union."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from monitor.access.admission import Reach, Who
from monitor.access.codes import Code
from monitor.model.access import Access, Reason, Scope, widest
from monitor.model.addresses import NOWHERE, AddressSet
from monitor.model.callers import NO_CALLERS, CallerSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """An `Access` with the addresses behind it, so that verdicts can be united."""

    access: Access
    callers: CallerSet = NO_CALLERS
    addresses: AddressSet = NOWHERE
    unrestricted: bool = False


@dataclass(frozen=True, slots=True)
class Halves:
    """Reaches that are proven, and all that are possible (the former included)."""

    sure: tuple[Reach, ...]
    possible: tuple[Reach, ...]


def nobody(*because: Reason, caveats: Sequence[str] = ()) -> Verdict:
    access = Access(
        public=False,
        anonymous=False,
        any_aws_account=False,
        scope=Scope.NOBODY,
        source_cidrs=(),
        because=because,
        caveats=tuple(caveats),
    )
    return Verdict(access=access)


def undecided(*because: Reason, caveats: Sequence[str] = ()) -> Verdict:
    access = Access(
        public=None,
        anonymous=None,
        any_aws_account=None,
        scope=Scope.UNKNOWN,
        because=because,
        caveats=tuple(caveats),
    )
    return Verdict(access=access, unrestricted=True)


def judged(halves: Halves, callers: CallerSet) -> Verdict:
    """The verdict on one route through one door, still without its reasons and its witness."""
    anonymous = _half(halves, Who.ANONYMOUS)
    stranger = _half(halves, Who.STRANGER)
    public = _any((anonymous, stranger))
    scope = scope_of(halves)
    addresses, unrestricted = _addresses(halves, scope)
    access = Access(
        public=public,
        anonymous=anonymous,
        any_aws_account=stranger,
        scope=scope,
        source_cidrs=None if unrestricted else addresses.cidrs(),
    )
    return Verdict(access=access, callers=callers, addresses=addresses, unrestricted=unrestricted)


def _half(halves: Halves, who: Who) -> bool | None:
    if any(one.who is who and one.scope.is_public for one in halves.sure):
        return True
    possible = any(one.who is who and one.scope.is_public for one in halves.possible)
    return None if possible else False


def _any(values: Iterable[bool | None]) -> bool | None:
    known = list(values)
    if True in known:
        return True
    return None if None in known else False


def scope_of(halves: Halves) -> Scope:
    """The widest proven scope if that is public; unknown if it may be; else the widest possible."""
    sure = widest(*(one.scope for one in halves.sure))
    possible = widest(*(one.scope for one in halves.possible))
    if sure.is_public:
        return sure
    return Scope.UNKNOWN if possible.is_public else possible


def decisive(halves: Halves) -> Reach | None:
    """The reach that gives the scope, from which the witness is taken."""
    scope = scope_of(halves)
    ranked = halves.sure if scope.is_public else halves.possible
    widest_scope = widest(*(one.scope for one in ranked))
    if widest_scope is Scope.NOBODY:
        return None
    return next((one for one in ranked if one.scope is widest_scope), None)


def _addresses(halves: Halves, scope: Scope) -> tuple[AddressSet, bool]:
    """The addresses of the callers of that scope; of the widest possible where it is unknown."""
    ranked = halves.sure if scope.is_public else halves.possible
    if scope is Scope.UNKNOWN:
        scope = widest(*(one.scope for one in ranked))
    counted = [one for one in ranked if one.scope is scope and scope is not Scope.NOBODY]
    union = _union({one.addresses for one in counted})
    return union, any(one.unrestricted for one in counted)


def _union(sets: Collection[AddressSet]) -> AddressSet:
    return AddressSet.of(span for one in sets for span in one.spans)


def united(verdicts: Sequence[Verdict]) -> Verdict:
    """Over several doors, routes or deployments: the widest, with what all of them rest on."""
    if not verdicts:
        return nobody(Reason(code=Code.NO_ROUTES))
    if len(verdicts) == 1:
        return verdicts[0]
    scope = widest(*(one.access.scope for one in verdicts))
    leading = [one for one in verdicts if one.access.scope is scope]
    first = next((one for one in leading if one.access.witness is not None), leading[0])
    union = _union({one.addresses for one in leading})
    unrestricted = any(one.unrestricted for one in leading)
    access = Access(
        public=_any(one.access.public for one in verdicts),
        anonymous=_any(one.access.anonymous for one in verdicts),
        any_aws_account=_any(one.access.any_aws_account for one in verdicts),
        scope=scope,
        source_cidrs=None if unrestricted else union.cidrs(),
        witness=first.access.witness,
        because=_because(scope, first, verdicts),
        caveats=tuple(dict.fromkeys(text for one in verdicts for text in one.access.caveats)),
    )
    return Verdict(access=access, addresses=union, unrestricted=unrestricted)


def _because(scope: Scope, first: Verdict, verdicts: Sequence[Verdict]) -> tuple[Reason, ...]:
    """Of what is open, the chain of the widest; of what is closed, everything that closes it."""
    if scope is not Scope.NOBODY:
        return first.access.because
    return tuple(
        {_key(reason): reason for one in verdicts for reason in one.access.because}.values()
    )


def _key(reason: Reason) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    return reason.code, reason.place, tuple(sorted(reason.fields.items()))


def widest_of(verdicts: Sequence[Verdict], caveat: str) -> Verdict:
    """Of alternatives of which one is in force: the widest, and said so."""
    if len(verdicts) == 1:
        return verdicts[0]
    scope = widest(*(one.access.scope for one in verdicts))
    chosen = next(one for one in verdicts if one.access.scope is scope)
    old = chosen.access
    access = Access(
        public=old.public,
        anonymous=old.anonymous,
        any_aws_account=old.any_aws_account,
        scope=old.scope,
        source_cidrs=old.source_cidrs,
        witness=old.witness,
        because=old.because,
        caveats=(*old.caveats, caveat),
    )
    return Verdict(
        access=access,
        callers=reduce(or_, (one.callers for one in verdicts)),
        addresses=chosen.addresses,
        unrestricted=chosen.unrestricted,
    )
