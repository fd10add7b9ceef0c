"""What is right by its form and yet looks like a mistake: classes that nothing reaches, names that
nothing uses, waivers that are over."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.model.api import ApiSnapshot, ApiType
from monitor.model.organization import Organization
from monitor.orgpolicy.bounds import routes_of
from monitor.orgpolicy.schema import OrgPolicy
from monitor.orgpolicy.selectors import Selector, is_route
from monitor.orgpolicy.sets import NAMED, read_set, words_of
from monitor.orgpolicy.waivers import ends_soon, is_over
from monitor.orgpolicy.words import matches

_GLOB = re.compile(r"[*?\[]")


class NoteKind(StrEnum):
    CLASS_SHADOWED = "class-shadowed"
    CLASS_EMPTY = "class-empty"
    CLASS_PASSED_BY = "class-passed-by"
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
        key in given and all(_is_covered(key, value, patterns) for value in given[key])
        for key, patterns in _values(wide, ours).items()
        if not (key in _ALWAYS_THERE and "*" in patterns)
    )


_ALWAYS_THERE = frozenset({"name", "region"})
_NO_GLOBS = frozenset({"api", "account", "api_type"})


def _values(selector: Selector | None, ours: Organization) -> Mapping[str, tuple[str, ...]]:
    if selector is None:
        return {}
    keys = {key: getattr(selector, key) for key in selector.model_fields_set - {"tags"}}
    found = {key: tuple(map(str, values)) for key, values in keys.items() if values is not None}
    if "account" in found:
        found["account"] = tuple(ours.accounts.get(one, one) for one in found["account"])
    return found | {f"tags.{key}": values for key, values in selector.tags.items()}


def _is_covered(key: str, value: str, patterns: tuple[str, ...]) -> bool:
    if key in _NO_GLOBS:
        return value in patterns
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


def passed_by(policy: OrgPolicy, snapshots: Iterable[ApiSnapshot]) -> Iterator[Note]:
    """Classes of routes that an API serves by a greedy route, which is of another class."""
    ours = policy.organization.resolved()
    # The routes of a WebSocket API are words in messages, and no paths.
    known = [one for one in snapshots if one.api_type is not ApiType.WEBSOCKET]
    for index, one in enumerate(policy.classes):
        select = one.select
        if select is None or select.route is None or one.allowed == "anyone":
            continue
        found = (
            (api, route)
            for api in known
            if select.selects_api(api, ours)
            for route in _greedy_instead(select.route, routes_of(api))
        )
        if (first := next(found, None)) is not None:
            api, route = first
            message = (
                f"`{route}` of {api.api.api_id} ({api.name}) serves paths that the class "
                f"`{one.name}` speaks of, and is not of it"
            )
            yield Note(NoteKind.CLASS_PASSED_BY, ("classes", index), message)


def _greedy_instead(patterns: tuple[str, ...], routes: Sequence[str]) -> Iterator[str]:
    for pattern in patterns:
        path = pattern if pattern.startswith("/") else pattern.partition(" ")[2]
        if not path or any(is_route((pattern,), route) for route in routes):
            continue
        literal = _GLOB.split(path)[0]
        for route in routes:
            root = "/" if route == "$default" else _root_of_greedy(route)
            if root is not None and (literal.startswith(root) or root.startswith(literal)):
                yield route


def _root_of_greedy(route: str) -> str | None:
    """`/pets/` of `ANY /pets/{proxy+}`; None for a route that serves one path."""
    path = route.partition(" ")[2]
    return path[: path.rindex("{")] if path.endswith("+}") else None


def _waivers(policy: OrgPolicy, now: datetime) -> Iterator[Note]:
    for index, one in enumerate(policy.waivers):
        about = f"the waiver for `{one.rule}` of {one.owner}"
        if is_over(one, now):
            message = f"{about} expired on {one.expires}: what it covered is open again"
            yield Note(NoteKind.WAIVER_EXPIRED, ("waivers", index), message)
        elif ends_soon(one, policy, now):
            message = f"{about} ends on {one.expires}"
            yield Note(NoteKind.WAIVER_ENDS_SOON, ("waivers", index), message)
