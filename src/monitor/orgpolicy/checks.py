"""What the shape of the file cannot show: names that nothing bears, and entries that contradict one
another. It reads the raw document, so that one mistake does not hide another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from monitor.model.rule import ParameterValue, Rule
from monitor.orgpolicy.mistakes import Mistake, suggestion
from monitor.orgpolicy.people import ANYONE, Act
from monitor.orgpolicy.schema import OrgPolicy, Thresholds
from monitor.orgpolicy.sets import ALONE, MOST_BOXES, NAMED, NO_PUBLIC_ACCESS, read_set

_Way = tuple[int | str, ...]
_ACCOUNT = re.compile(r"[0-9]{12}\Z", re.ASCII)
_JOINT = re.compile(r"\s+(and|or)\s+")
_SMALL_VERB = re.compile(r"(get|head|post|put|patch|delete|options|any)\s+/", re.IGNORECASE)
_SLACK_ID = re.compile(r"[UWS][A-Z0-9]{6,}\Z", re.ASCII)


def check_references(document: Any, rules: Sequence[Rule] | None) -> Iterator[Mistake]:
    """`rules` None: rule ids, parameters and remediations are taken as they are."""
    names = _Names.of(document)
    yield from _classes(document, names)
    if rules is not None:
        by_id = {rule.id: rule for rule in rules}
        yield from _rules(document, by_id)
        yield from _thresholds(document, by_id)
        yield from _uses_of_rules(document, by_id)
    yield from _waivers(document, names)
    yield from _freezes(document)
    yield from _class_names(document, names)
    yield from _people(document)


@dataclass(frozen=True, slots=True)
class _Names:
    """The names that the file gives, by part of `organization`, and its classes."""

    organization: Mapping[str, frozenset[str]]
    classes: tuple[str, ...]
    has_organization: bool = field(default=False)

    @classmethod
    def of(cls, document: Any) -> _Names:
        ours = _mapping(document.get("organization"))
        return cls(
            organization={str(part): frozenset(map(str, _mapping(ours[part]))) for part in ours},
            classes=tuple(
                str(one["name"]) for _, one in _entries(document, "classes") if "name" in one
            ),
            has_organization=bool(ours.get("id") or ours.get("accounts")),
        )

    def in_parts(self, parts: Sequence[str]) -> frozenset[str]:
        return frozenset().union(*(self.organization.get(part, frozenset()) for part in parts))


def _classes(document: Any, names: _Names) -> Iterator[Mistake]:
    seen: set[object] = set()
    entries = list(_entries(document, "classes"))
    for way, one in entries:
        name = one.get("name")
        if isinstance(name, str) and name in seen:
            yield Mistake((*way, "name"), f"there are two classes with the name `{name}`")
        seen.add(name if isinstance(name, str) else None)
        yield from _selector(one.get("select"), (*way, "select"), names)
        if "allowed" in one:
            allowed = one["allowed"]
            for place, word, alone in _words(allowed, (*way, "allowed")):
                yield from _word(place, word, names, alone=alone)
            if _boxes(allowed) > MOST_BOXES:
                yield Mistake((*way, "allowed"), "`all_of` joins too many alternatives")
    if entries and entries[-1][1].get("select") is not None:
        message = "the last class must have no `select`, so that no API is left out"
        yield Mistake((*entries[-1][0], "select"), message)


def _words(expression: Any, way: _Way) -> Iterator[tuple[_Way, str, bool]]:
    """Every set that is named: where, how, and whether it stands alone."""
    if isinstance(expression, str):
        yield way, expression, True
    elif isinstance(expression, list):
        for index, part in enumerate(expression):
            for place, word, _ in _words(part, (*way, index)):
                yield place, word, False
    elif isinstance(expression, dict):
        for key in ("any_of", "all_of"):
            yield from _words(expression.get(key), (*way, key))


def _word(way: _Way, word: str, names: _Names, *, alone: bool) -> Iterator[Mistake]:
    found = read_set(word)
    if found is None:
        known = (*ALONE, *(f"{kind} ..." for kind in NAMED))
        hint = _joined(word) or suggestion(word, known)
        yield Mistake(way, f"no set is called `{word[:100]}`{hint}")
    elif found.kind == NO_PUBLIC_ACCESS and not alone:
        yield Mistake(way, f"`{NO_PUBLIC_ACCESS}` is a measure and no set: it must stand alone")
    elif found.kind == "our organisation" and not names.has_organization:
        yield Mistake(way, "`our organisation` needs `organization.id` or `organization.accounts`")
    elif found.kind in NAMED:
        parts = NAMED[found.kind][1]
        known_names = names.in_parts(parts)
        for name in found.names:
            if name not in known_names:
                where = " or ".join(f"`organization.{part}`" for part in parts)
                hint = _joined(word) or suggestion(name, known_names)
                yield Mistake(way, f"`{name[:100]}` is no name of {where}{hint}")


def _joined(word: str) -> str:
    """How sets are joined, for who wrote it as a sentence."""
    joined = _JOINT.search(word)
    if joined is None or read_set(word[: joined.start()]) is None:
        return ""
    how = "`all_of: [..., ...]`" if joined[1] == "and" else "`any_of: [..., ...]`, or a list,"
    return f"; {how} joins sets by {joined[1]}"


def _boxes(expression: Any) -> int:
    if isinstance(expression, list):
        return sum(map(_boxes, expression))
    if not isinstance(expression, dict):
        return 1
    product = 1
    all_of = expression.get("all_of")
    for part in all_of if isinstance(all_of, list) else ():
        product = min(product * _boxes(part), MOST_BOXES + 1)
    return product if "all_of" in expression else _boxes(expression.get("any_of"))


def _selector(select: Any, way: _Way, names: _Names) -> Iterator[Mistake]:
    accounts = names.organization.get("accounts", frozenset())
    for place, account in _listed(_mapping(select).get("account"), (*way, "account")):
        if account not in accounts and not _ACCOUNT.match(account):
            hint = suggestion(account, accounts)
            yield Mistake(
                place,
                f"`{account}` is neither 12 digits nor a name of `organization.accounts`{hint}",
            )
    for place, route in _listed(_mapping(select).get("route"), (*way, "route")):
        found = _SMALL_VERB.match(route)
        if found and not found[1].isupper():
            verb = found[1].upper()
            yield Mistake(place, f"no route has the verb `{found[1]}`; did you mean `{verb}`?")


def _rules(document: Any, rules: Mapping[str, Rule]) -> Iterator[Mistake]:
    for id_, settings in _mapping(document.get("rules")).items():
        way: _Way = ("rules", id_)
        if id_ not in rules:
            yield _no_rule(way, id_, rules)
            continue
        parameters = rules[id_].parameters
        for name in parameters.keys() & _mapping(settings).keys():
            yield Mistake((*way, name), f"is a parameter: write `parameters: {{{name}: ...}}`")
        for name, value in _mapping(_mapping(settings).get("parameters")).items():
            place = (*way, "parameters", name)
            if name not in parameters:
                hint = suggestion(name, parameters)
                yield Mistake(place, f"the rule has no such parameter{hint}")
            else:
                yield from _of_kind(place, value, parameters[name].default)


def _uses_of_rules(document: Any, rules: Mapping[str, Rule]) -> Iterator[Mistake]:
    entries = (*_entries(document, "waivers"), *_entries(document, "remediations", "modes"))
    for way, one in entries:
        for place, id_ in _listed(one.get("rule"), (*way, "rule")):
            if id_ not in rules:
                yield _no_rule(place, id_, rules)
    remediations = {id_ for rule in rules.values() for id_ in rule.remediations}
    for way, one in _entries(document, "remediations", "modes"):
        for place, id_ in _listed(one.get("remediation"), (*way, "remediation")):
            if id_ not in remediations:
                hint = suggestion(id_, remediations)
                yield Mistake(place, f"no rule offers the remediation `{id_[:100]}`{hint}")


def _no_rule(way: _Way, id_: object, rules: Mapping[str, Rule]) -> Mistake:
    return Mistake(way, f"there is no rule `{str(id_)[:100]}`{suggestion(id_, rules)}")


def _thresholds(document: Any, rules: Mapping[str, Rule]) -> Iterator[Mistake]:
    shared = {name: one for rule in rules.values() for name, one in rule.parameters.items()}
    for name, value in _mapping(document.get("thresholds")).items():
        if name in Thresholds.model_fields:
            continue
        way: _Way = ("thresholds", name)
        if name not in shared:
            hint = suggestion(name, (*Thresholds.model_fields, *shared))
            yield Mistake(way, f"no rule has a parameter of that name{hint}")
        else:
            yield from _of_kind(way, value, shared[name].default)


def _of_kind(way: _Way, value: Any, default: ParameterValue) -> Iterator[Mistake]:
    """Parameters keep the type of their default."""
    kinds: tuple[type, str]
    if isinstance(default, bool):
        kinds = bool, "`true` or `false`"
    elif isinstance(default, int):
        kinds = int, "a whole number"
    elif isinstance(default, str):
        kinds = str, "text"
    else:
        kinds = list, "a list of texts"
    kind, expected = kinds
    # What can be no parameter at all is refused by the shape.
    wrong = not isinstance(value, kind) or (kind is int and isinstance(value, bool))
    if wrong and not isinstance(value, dict):
        yield Mistake(way, f"expected {expected}, as in the default `{default}`")


def _waivers(document: Any, names: _Names) -> Iterator[Mistake]:
    most = document.get("max_waiver_days", OrgPolicy.model_fields["max_waiver_days"].default)
    for way, one in _entries(document, "waivers"):
        select = one.get("select")
        yield from _selector(select, (*way, "select"), names)
        if isinstance(select, dict) and not select:
            yield Mistake((*way, "select"), "names nothing: a waiver is for some APIs, not for all")
        granted, expires = one.get("granted"), one.get("expires")
        # A time of day makes it a `datetime`, which the shape refuses or cuts.
        if type(granted) is date and type(expires) is date and isinstance(most, int):
            days = (expires - granted).days
            if days < 0:
                yield Mistake((*way, "expires"), f"before it was granted ({granted})")
            elif days > most:
                yield Mistake(
                    (*way, "expires"), f"lasts {days} days, longer than `max_waiver_days` ({most})"
                )


def _freezes(document: Any) -> Iterator[Mistake]:
    for way, one in _entries(document, "remediations", "freezes"):
        first, last = one.get("from"), one.get("to")
        if type(first) is date and type(last) is date and last < first:
            yield Mistake((*way, "to"), f"before it begins ({first})")


def _class_names(document: Any, names: _Names) -> Iterator[Mistake]:
    for ways in (("remediations", "modes"), ("routing", "routes")):
        for way, one in _entries(document, *ways):
            for place, name in _listed(one.get("class"), (*way, "class")):
                if name not in names.classes:
                    hint = suggestion(name, names.classes)
                    yield Mistake(place, f"no class is called `{name}`{hint}")


def _people(document: Any) -> Iterator[Mistake]:
    people = _mapping(document.get("people"))
    known = frozenset(map(str, _mapping(people.get("names"))))
    for act in Act:
        for place, one in _listed(people.get(act.value), ("people", act.value)):
            if one != ANYONE and one not in known and not _SLACK_ID.match(one):
                hint = suggestion(one, (*known, ANYONE))
                yield Mistake(
                    place, f"`{one}` is neither a Slack id nor a name of `people.names`{hint}"
                )


def _entries(document: Any, *ways: str) -> Iterator[tuple[_Way, Any]]:
    """The mappings of the list at the end of the way."""
    node = document
    for part in ways:
        node = _mapping(node).get(part)
    for index, one in enumerate(node if isinstance(node, list) else ()):
        if isinstance(one, dict):
            yield (*ways, index), one


def _listed(value: Any, way: _Way) -> Iterator[tuple[_Way, str]]:
    """One text, or the texts of a list, each with its place."""
    if isinstance(value, str | int) and not isinstance(value, bool):
        yield way, str(value)
    for index, one in enumerate(value if isinstance(value, list) else ()):
        if isinstance(one, str | int) and not isinstance(one, bool):
            yield (*way, index), str(one)


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, dict) else {}
