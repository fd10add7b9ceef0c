"""What is right by its form and yet looks like a mistake: classes that nothing reaches, names that
nothing uses, waivers that are over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.model.organization import Organization
from monitor.orgpolicy.schema import OrgPolicy
from monitor.orgpolicy.selectors import Selector
from monitor.orgpolicy.sets import NAMED, read_set, words_of
from monitor.orgpolicy.waivers import ends_soon, is_over
from monitor.orgpolicy.words import matches


class NoteKind(StrEnum):
    CLASS_SHADOWED = "class-shadowed"
    CLASS_EMPTY = "class-empty"
    NAME_UNUSED = "name-unused"
    WAIVER_EXPIRED = "waiver-expired"
    WAIVER_ENDS_SOON = "waiver-ends-soon"


@dataclass(frozen=True, slots=True)
class Note:
    """`location`: the way into the document."""

    kind: NoteKind
    location: tuple[int | str, ...]
    message: str


def review(policy: OrgPolicy, *, now: datetime) -> Iterator[Note]:
    """Every note, whatever APIs there are."""
    yield from _unused(policy)
    yield from _shadowed(policy)
    yield from _waivers(policy, now)


def _shadowed(policy: OrgPolicy) -> Iterator[Note]:
    ours = policy.organization.resolved()
    for index, one in enumerate(policy.classes):
        earlier = (
            two.name for two in policy.classes[:index] if _covers(two.select, one.select, ours)
        )
        if (name := next(earlier, None)) is not None:
            message = f"no API ever comes to the class `{one.name}`: `{name}` takes them all before"
            yield Note(NoteKind.CLASS_SHADOWED, ("classes", index), message)


def _covers(wide: Selector | None, narrow: Selector | None, ours: Organization) -> bool:
    """Whether all that the one selects is selected by the other, as far as the words show."""
    if wide is None:
        return True
    given = _values(narrow, ours)
    return all(
        key in given and all(_is_covered(value, patterns) for value in given[key])
        for key, patterns in _values(wide, ours).items()
        if not (key in _ALWAYS_THERE and "*" in patterns)
    )


_ALWAYS_THERE = frozenset({"api", "name", "region"})


def _values(selector: Selector | None, ours: Organization) -> Mapping[str, tuple[str, ...]]:
    if selector is None:
        return {}
    keys = {key: getattr(selector, key) for key in selector.model_fields_set - {"tags"}}
    found = {key: tuple(map(str, values)) for key, values in keys.items() if values is not None}
    if "account" in found:
        found["account"] = tuple(ours.accounts.get(one, one) for one in found["account"])
    return found | {f"tags.{key}": values for key, values in selector.tags.items()}


def _is_covered(value: str, patterns: tuple[str, ...]) -> bool:
    is_glob = not frozenset("*?[").isdisjoint(value)
    return value in patterns or "*" in patterns or (not is_glob and matches(patterns, value))


# Sets that stand for all the names of a part.
_WHOLE_PARTS: Mapping[str, tuple[str, ...]] = {
    "our organisation": ("accounts",),
    "our accounts": ("accounts",),
    "our partners": ("partners",),
    "our networks": ("networks",),
    "our vpcs": ("vpcs",),
    "our vpc endpoints": ("vpc_endpoints",),
    "token holders": ("token_issuers", "user_pools", "authorizer_functions"),
}


def _unused(policy: OrgPolicy) -> Iterator[Note]:
    """Names that no class allows. Rules may still trust them, so it is a note and no mistake."""
    used: set[tuple[str, str]] = set()
    whole: set[str] = set()
    for one in policy.classes:
        used |= {("accounts", name) for name in (one.select.account or () if one.select else ())}
        for word in words_of(one.allowed):
            found = read_set(word)
            if found is None:
                continue
            whole |= set(_WHOLE_PARTS.get(found.kind, ()))
            parts = NAMED[found.kind][1] if found.kind in NAMED else ()
            used |= {(part, name) for part in parts for name in found.names}
    for part in type(policy.organization).model_fields:
        names = getattr(policy.organization, part)
        for name in names if isinstance(names, dict) and part not in whole else ():
            if (part, name) not in used:
                message = f"no class allows `{name}` or asks for it"
                yield Note(NoteKind.NAME_UNUSED, ("organization", part, name), message)


def _waivers(policy: OrgPolicy, now: datetime) -> Iterator[Note]:
    for index, one in enumerate(policy.waivers):
        about = f"the waiver for `{one.rule}` of {one.owner}"
        if is_over(one, now):
            message = f"{about} expired on {one.expires}: what it covered is open again"
            yield Note(NoteKind.WAIVER_EXPIRED, ("waivers", index), message)
        elif ends_soon(one, policy, now):
            message = f"{about} ends on {one.expires}"
            yield Note(NoteKind.WAIVER_ENDS_SOON, ("waivers", index), message)
