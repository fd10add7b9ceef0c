"""A policy as it was written: statements, and the place of every part in the text.

Nothing is decided here, and nothing is lost: what cannot be understood is a `Problem` with its
place, so that whoever decides can treat it as unknown. Reading never raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from monitor.iampolicy.json_text import (
    JsonNumber,
    JsonObject,
    Malformed,
    first_duplicate,
    parse_policy_text,
)


class ProblemCode(StrEnum):
    NOT_JSON = "not-json"
    NOT_AN_OBJECT = "not-an-object"
    DUPLICATE_KEY = "duplicate-key"
    TOO_LARGE = "too-large"
    TOO_DEEP = "too-deep"
    UNKNOWN_VERSION = "unknown-version"
    MISSING = "missing"
    UNKNOWN_ELEMENT = "unknown-element"
    CONTRADICTION = "contradiction"
    UNKNOWN_EFFECT = "unknown-effect"
    UNKNOWN_PRINCIPAL_TYPE = "unknown-principal-type"
    BARE_PRINCIPAL = "bare-principal"
    NOT_TEXT = "not-text"


@dataclass(frozen=True, slots=True)
class Problem:
    """What could not be understood, and where; `detail` quotes or counts, for a human reader."""

    code: ProblemCode
    place: str
    detail: str = ""


class Effect(StrEnum):
    ALLOW = "Allow"
    DENY = "Deny"


class Version(StrEnum):
    """2008 is what a document without a Version has; only 2012 interprets policy variables.

    Source: IAM user guide, "IAM JSON policy elements: Version".
    """

    V2008 = "2008-10-17"
    V2012 = "2012-10-17"


@dataclass(frozen=True, slots=True)
class Term:
    """One text of the policy and its place."""

    text: str
    place: str


@dataclass(frozen=True, slots=True)
class Terms:
    """The texts of an Action, Resource or their Not- forms. With `problems`, some are unreadable:
    whether they match is unknown."""

    place: str
    negated: bool
    items: tuple[Term, ...]
    problems: tuple[Problem, ...] = ()


class PrincipalKind(StrEnum):
    """`EVERYONE_BARE` is a list `["*"]` without a type, which the grammar does not have."""

    EVERYONE = "*"
    EVERYONE_BARE = '["*"]'
    AWS = "AWS"
    SERVICE = "Service"
    FEDERATED = "Federated"
    CANONICAL_USER = "CanonicalUser"


@dataclass(frozen=True, slots=True)
class PrincipalTerm:
    kind: PrincipalKind
    text: str
    place: str


@dataclass(frozen=True, slots=True)
class Principals:
    """A Principal or (`negated`) NotPrincipal element."""

    place: str
    negated: bool
    items: tuple[PrincipalTerm, ...]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator with one key: `operator` and `key` as written, `values` as text (an unquoted
    `true` or `5` is the text `true` or `5`)."""

    operator: str
    key: str
    values: tuple[Term, ...]
    place: str
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """`effect` None: not readable, so it may allow or deny. `principal`, `action` or `resource`
    None: the element is missing. `problems` lists everything wrong inside, parts included."""

    place: str
    sid: str
    effect: Effect | None
    principal: Principals | None
    action: Terms | None
    resource: Terms | None
    conditions: tuple[Condition, ...] = ()
    conditions_readable: bool = True
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """A whole policy. `readable` False: nothing can be said about what it allows or denies."""

    version: Version
    statements: tuple[Statement, ...] = ()
    readable: bool = True
    problems: tuple[Problem, ...] = field(default=())


_DOCUMENT_KEYS = frozenset({"Version", "Id", "Statement"})
_STATEMENT_KEYS = frozenset({"Sid", "Effect", "Condition"}) | {
    prefix + name for name in ("Principal", "Action", "Resource") for prefix in ("", "Not")
}
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@lru_cache(maxsize=64)
def parse(text: str) -> PolicyDocument:
    """Read a policy: plain JSON, or the form GetRestApi returns, escaped once more.

    Every fault is a value. Duplicate keys spoil the whole document, because readers disagree on
    which one counts.
    """
    parsed = parse_policy_text(text)
    if isinstance(parsed, Malformed):
        return _unreadable(Problem(ProblemCode(parsed.code), "", parsed.detail))
    if not isinstance(parsed, JsonObject):
        return _unreadable(Problem(ProblemCode.NOT_AN_OBJECT, "", _kind(parsed)))
    duplicate = first_duplicate(parsed)
    if duplicate is not None:
        return _unreadable(Problem(ProblemCode.DUPLICATE_KEY, duplicate))
    return _document(parsed)


def _unreadable(*problems: Problem) -> PolicyDocument:
    return PolicyDocument(Version.V2008, readable=False, problems=problems)


def _document(raw: Mapping[str, object]) -> PolicyDocument:
    faults = [
        Problem(ProblemCode.UNKNOWN_ELEMENT, _quoted(key))
        for key in raw
        if key not in _DOCUMENT_KEYS
    ]
    version = raw.get("Version", Version.V2008.value)
    if not isinstance(version, str) or version not in set(Version):
        faults.append(Problem(ProblemCode.UNKNOWN_VERSION, "Version", _shown(version)))
    if "Statement" not in raw:
        faults.append(Problem(ProblemCode.MISSING, "Statement"))
    if faults:
        return _unreadable(*faults)
    statements = tuple(_statements(raw["Statement"]))
    problems = tuple(problem for statement in statements for problem in statement.problems)
    return PolicyDocument(Version(str(version)), statements, problems=problems)


def _statements(raw: object) -> Iterator[Statement]:
    if not isinstance(raw, list):
        yield _statement(raw, "Statement")
        return
    for index, item in enumerate(raw):
        yield _statement(item, f"Statement[{index}]")


def _statement(raw: object, place: str) -> Statement:
    if not isinstance(raw, JsonObject):
        problem = Problem(ProblemCode.NOT_AN_OBJECT, place, _kind(raw))
        return _opaque(place, problem)
    unknown = [
        Problem(ProblemCode.UNKNOWN_ELEMENT, f"{place}.{_quoted(key)}")
        for key in raw
        if key not in _STATEMENT_KEYS
    ]
    both = [
        Problem(ProblemCode.CONTRADICTION, f"{place}.Not{name}")
        for name in ("Principal", "Action", "Resource")
        if name in raw and f"Not{name}" in raw
    ]
    if unknown or both:
        return _opaque(place, *unknown, *both)
    return _readable_statement(raw, place)


def _opaque(place: str, *problems: Problem) -> Statement:
    """A statement of which nothing can be relied on: it may allow or deny anybody anything."""
    nothing = Terms(place, False, (), problems)
    return Statement(
        place, "", None, Principals(place, False, (), problems), nothing, nothing, problems=problems
    )


def _readable_statement(raw: Mapping[str, object], place: str) -> Statement:
    effect, effect_problems = _effect(raw, place)
    principal = _principals(raw, place)
    action = _terms(raw, "Action", place)
    resource = _terms(raw, "Resource", place)
    conditions, condition_problems = _conditions(raw.get("Condition", JsonObject()), place)
    parts = (principal, action, resource, *conditions)
    problems = (
        *effect_problems,
        *(problem for part in parts if part is not None for problem in part.problems),
        *condition_problems,
    )
    sid = raw.get("Sid", "")
    return Statement(
        place=place,
        sid=_quoted(sid) if isinstance(sid, str) else "",
        effect=effect,
        principal=principal,
        action=action,
        resource=resource,
        conditions=tuple(conditions),
        conditions_readable=not condition_problems,
        problems=problems,
    )


def _effect(raw: Mapping[str, object], place: str) -> tuple[Effect | None, tuple[Problem, ...]]:
    """The value is case-sensitive. Source: IAM user guide, "IAM JSON policy elements: Effect"."""
    value = raw.get("Effect")
    if isinstance(value, str) and value in set(Effect):
        return Effect(value), ()
    return None, (Problem(ProblemCode.UNKNOWN_EFFECT, f"{place}.Effect", _shown(value)),)


def _terms(raw: Mapping[str, object], name: str, statement: str) -> Terms | None:
    negated = name not in raw
    element = f"Not{name}" if negated else name
    if element not in raw:
        return None
    place = f"{statement}.{element}"
    items, problems = _texts(raw[element], place)
    return Terms(place, negated, items, problems)


def _texts(raw: object, place: str) -> tuple[tuple[Term, ...], tuple[Problem, ...]]:
    """A text or a list of texts."""
    items: list[Term] = []
    problems: list[Problem] = []
    for item, where in _each(raw, place):
        if _is_text(item):
            items.append(Term(str(item), where))
        else:
            problems.append(Problem(ProblemCode.NOT_TEXT, where, _kind(item)))
    return tuple(items), (*problems, *_nothing_listed(items, problems, place))


def _nothing_listed(
    items: Sequence[object], problems: Sequence[Problem], place: str
) -> Iterator[Problem]:
    """An empty list is outside the grammar, and nobody documents what it matches."""
    if not items and not problems:
        yield Problem(ProblemCode.MISSING, place)


def _principals(raw: Mapping[str, object], statement: str) -> Principals | None:
    negated = "Principal" not in raw
    element = "NotPrincipal" if negated else "Principal"
    if element not in raw:
        return None
    place = f"{statement}.{element}"
    value = raw[element]
    if value == "*" and isinstance(value, str):
        everyone = PrincipalTerm(PrincipalKind.EVERYONE, "*", place)
        return Principals(place, negated, (everyone,))
    if not isinstance(value, JsonObject):
        return _bare_principals(value, place, negated)
    items: list[PrincipalTerm] = []
    problems: list[Problem] = []
    for name, inner in value.items():
        found, faults = _principals_of_type(name, inner, place)
        items += found
        problems += faults
    problems += _nothing_listed(items, problems, place)
    return Principals(place, negated, tuple(items), tuple(problems))


def _bare_principals(value: object, place: str, negated: bool) -> Principals:
    """A text or list where the grammar asks for `"*"` or an object."""
    terms, problems = _texts(value, place)
    items = [
        PrincipalTerm(PrincipalKind.EVERYONE_BARE, "*", term.place)
        for term in terms
        if term.text == "*"
    ]
    bare = [
        Problem(ProblemCode.BARE_PRINCIPAL, term.place, _shown(term.text))
        for term in terms
        if term.text != "*"
    ]
    return Principals(place, negated, tuple(items), (*problems, *bare))


def _principals_of_type(
    name: str, raw: object, place: str
) -> tuple[list[PrincipalTerm], list[Problem]]:
    where = f"{place}.{_quoted(name)}"
    if name == PrincipalKind.EVERYONE or name not in set(PrincipalKind):
        return [], [Problem(ProblemCode.UNKNOWN_PRINCIPAL_TYPE, where)]
    kind = PrincipalKind(name)
    terms, problems = _texts(raw, where)
    items = [_principal(kind, term) for term in terms]
    return items, list(problems)


def _principal(kind: PrincipalKind, term: Term) -> PrincipalTerm:
    if kind is PrincipalKind.AWS and term.text == "*":
        kind = PrincipalKind.EVERYONE
    return PrincipalTerm(kind, term.text, term.place)


def _conditions(raw: object, statement: str) -> tuple[list[Condition], tuple[Problem, ...]]:
    place = f"{statement}.Condition"
    if not isinstance(raw, JsonObject):
        return [], (Problem(ProblemCode.NOT_AN_OBJECT, place, _kind(raw)),)
    conditions: list[Condition] = []
    problems: list[Problem] = []
    for operator, block in raw.items():
        where = f"{place}.{_quoted(operator)}"
        if not isinstance(block, JsonObject) or not _is_text(operator):
            problems.append(Problem(ProblemCode.NOT_AN_OBJECT, where, _kind(block)))
            continue
        conditions += [_condition(operator, key, values, where) for key, values in block.items()]
    return conditions, tuple(problems)


def _condition(operator: str, key: str, raw: object, block: str) -> Condition:
    place = f"{block}.{_quoted(key)}"
    values: list[Term] = []
    problems = [] if _is_text(key) else [Problem(ProblemCode.NOT_TEXT, place, "key")]
    for item, where in _each(raw, place):
        if isinstance(item, bool):
            values.append(Term("true" if item else "false", where))
        elif isinstance(item, JsonNumber) or _is_text(item):
            values.append(Term(str(item), where))
        else:
            problems.append(Problem(ProblemCode.NOT_TEXT, where, _kind(item)))
    problems += _nothing_listed(values, problems, place)
    return Condition(operator, key, tuple(values), place, tuple(problems))


def _each(raw: object, place: str) -> Iterator[tuple[object, str]]:
    """The items of a list with their places, or the one value that stands instead of a list."""
    if not isinstance(raw, list):
        yield raw, place
        return
    for index, item in enumerate(raw):
        yield item, f"{place}[{index}]"


def _is_text(value: object) -> bool:
    """True for a JSON string that is text: half a surrogate pair is not."""
    return (
        isinstance(value, str)
        and not isinstance(value, JsonNumber)
        and _LONE_SURROGATE.search(value) is None
    )


def _quoted(text: str) -> str:
    """A name for a place: bounded, and free of what is no text."""
    return _LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)[:128]


def _shown(value: object) -> str:
    return _quoted(value) if isinstance(value, str) else _kind(value)


def _kind(value: object) -> str:
    """What JSON calls it."""
    names: list[tuple[type | tuple[type, ...], str]] = [
        (bool, "true or false"),
        (JsonNumber, "a number"),
        (str, "a string"),
        (list, "a list"),
        (dict, "an object"),
    ]
    return next((name for kind, name in names if isinstance(value, kind)), "null")
