"""Action and Resource: whether they speak of invoking one method.

Sources: IAM user guide, "IAM JSON policy elements: Action" and "...: Resource"; API Gateway guide,
"Control access for invoking an API" and "API Gateway resource policy examples" (short forms).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from monitor.iampolicy.document import Terms, Version
from monitor.iampolicy.glob import Pattern, Wild, glob, has_wildcard, literal, matches, plain_text
from monitor.iampolicy.three_valued import Truth, truth
from monitor.iampolicy.values import arn_segments
from monitor.iampolicy.variables import Lookup, Unresolved, has_variable, resolve
from monitor.iampolicy.words import ANY, NOT_COLON, Chain, ChainBuilder, Chars

INVOKE = "execute-api:invoke"
SHORT_FORM = "execute-api:"
_SEGMENTS = 6
_COLON = frozenset(":")
_SERVICE = 2
_ANY_VERB = "/ANY/"
# With more stars than that an expression could backtrack for long; the automaton cannot.
_MOST_STARS = 3


@lru_cache(maxsize=1024)
def matches_action(actions: Terms, action: str = INVOKE) -> Truth:
    """Whether the element speaks of an action, whose case does not matter."""
    found = Truth.UNKNOWN if actions.problems else Truth.NO
    for term in actions.items:
        found = max(found, truth(matches(glob(term.text.lower()), action)))
    return found.negation if actions.negated else found


@dataclass(frozen=True, slots=True)
class ResourcePattern:
    """A Resource, ready to match ARNs.

    A star that ends one of the first five segments may cross colons; for another wildcard that is
    not documented, so `strict` keeps within the segment and `wide` does not. `certain` False: AWS
    refuses the pattern (a wildcard for the service), so even a match is unknown.
    """

    strict: tuple[Chain, ...]
    wide: tuple[Chain, ...]
    prefix: str
    is_prefix: bool
    certain: bool = True
    any_verb: str = ""

    @classmethod
    def of(cls, pattern: Pattern) -> ResourcePattern:
        forms = _padded(pattern)
        segments = arn_segments(pattern)
        first = next((i for i, token in enumerate(pattern) if isinstance(token, Wild)), None)
        strict = tuple(_chain(form, strict=True) for form in forms)
        wide = tuple(_chain(form, strict=False) for form in forms)
        return cls(
            strict=strict,
            wide=strict if wide == strict else wide,
            prefix=plain_text(pattern[:first]),
            is_prefix=first == len(pattern) - 1 and pattern[-1] is Wild.ANY_MANY,
            certain=len(segments) <= _SERVICE or not has_wildcard(segments[_SERVICE]),
            any_verb=text if _ANY_VERB in (text := plain_text(pattern)) else "",
        )

    def all_chains(self, verbs: Iterable[str]) -> Iterator[Chain]:
        """Every chain whose match could make a difference, for requests with one of the verbs."""
        yield from self.strict
        if self.wide is not self.strict:
            yield from self.wide
        if self.any_verb:
            for verb in verbs:
                yield from self.with_verb(verb).wide

    def with_verb(self, verb: str) -> ResourcePattern:
        """The pattern with a real verb where it says `ANY`."""
        return _whole_pattern(self.any_verb.replace(_ANY_VERB, f"/{verb}/", 1))

    def matches(self, arn: str, verb: str) -> Truth:
        if not arn.startswith(self.prefix):
            return self._with_any_verb(arn, verb)
        if self.is_prefix or any(_accepts(one, arn) for one in self.strict):
            return Truth.YES if self.certain else Truth.UNKNOWN
        if self.wide is not self.strict and any(_accepts(one, arn) for one in self.wide):
            return Truth.UNKNOWN
        return self._with_any_verb(arn, verb)

    def _with_any_verb(self, arn: str, verb: str) -> Truth:
        """`ANY` as a verb in a pattern is not documented; it may stand for the real one."""
        if not self.any_verb or self.with_verb(verb).matches(arn, verb) is Truth.NO:
            return Truth.NO
        return Truth.UNKNOWN


@lru_cache(maxsize=1024)
def _whole_pattern(text: str) -> ResourcePattern:
    return ResourcePattern.of(glob(text))


def _padded(pattern: Pattern) -> tuple[Pattern, ...]:
    """A pattern of fewer than six segments that holds a wildcard counts as padded with stars."""
    missing = _SEGMENTS - len(arn_segments(pattern))
    if missing <= 0 or not has_wildcard(pattern):
        return (pattern,)
    return (pattern, (*pattern, *glob(":*" * missing)))


def _chain(pattern: Pattern, *, strict: bool) -> Chain:
    builder = ChainBuilder()
    colons = 0
    for index, token in enumerate(pattern):
        colons += token in _COLON
        ends_segment = index + 1 == len(pattern) or pattern[index + 1] == ":"
        crosses = token is Wild.ANY_MANY and ends_segment
        within = strict and not crosses and colons < _SEGMENTS - 1
        builder.pattern((token,), NOT_COLON if within else ANY)
    return builder.build()


@lru_cache(maxsize=8192)
def _expression(one: Chain) -> re.Pattern[str] | None:
    """The chain as an expression, unless matching that could take long."""
    if sum(loop is not None for loop in one.loops) > _MOST_STARS:
        return None
    parts: list[str] = []
    for index, loop in enumerate(one.loops):
        if loop is not None:
            parts.append(_char_class(loop) + "*")
        if index < len(one.steps):
            parts.append(_char_class(one.steps[index]))
    return re.compile("".join(parts), re.DOTALL)


def _char_class(chars: Chars) -> str:
    if not chars.chars:
        return "."
    inside = "".join(re.escape(char) for char in sorted(chars.chars))
    return f"[{'^' if chars.excluded else ''}{inside}]"


def _accepts(one: Chain, text: str) -> bool:
    expression = _expression(one)
    if expression is not None:
        return expression.fullmatch(text) is not None
    states = {0}
    for char in text:
        states = {after for state in states for after in _successors(one, state, char)}
        if not states:
            return False
    return len(one.steps) in states


def _successors(one: Chain, state: int, char: str) -> tuple[int, ...]:
    loop = one.loops[state]
    stays = (state,) if loop is not None and char in loop else ()
    moves = state < len(one.steps) and char in one.steps[state]
    return (*stays, state + 1) if moves else stays


@lru_cache(maxsize=8192)
def resource_pattern(pattern: Pattern, api_arn: str) -> ResourcePattern:
    """`api_arn`: the ARN of the API (`arn:..:apiId`), to which a short form belongs."""
    short = literal(SHORT_FORM + "/")
    if pattern[: len(short)] == short:
        return ResourcePattern.of((*api_arn, *pattern[len(short) - 1 :]))
    if pattern[: len(SHORT_FORM)] == literal(SHORT_FORM):
        # Not a documented form: it may stand for the API's own methods.
        everything = ResourcePattern.of(glob("*"))
        return ResourcePattern(everything.strict, everything.wide, "", True, certain=False)
    return ResourcePattern.of(pattern)


@dataclass(frozen=True, slots=True)
class ResourceRule:
    """A Resource or NotResource element, ready to be asked about one ARN after another."""

    negated: bool
    patterns: tuple[ResourcePattern | Unresolved, ...]
    unreadable: bool

    @classmethod
    def of(
        cls, resources: Terms, *, version: Version, lookup: Lookup, api_arn: str
    ) -> ResourceRule:
        resolved = [_resolved(term.text, version, lookup) for term in resources.items]
        return cls(
            negated=resources.negated,
            patterns=tuple(
                one if isinstance(one, Unresolved) else resource_pattern(one, api_arn)
                for one in resolved
            ),
            unreadable=bool(resources.problems),
        )

    def matches(self, arn: str, verb: str) -> Truth:
        """Whether the element speaks of the ARN, whose verb is given as the caller sent it."""
        found = Truth.UNKNOWN if self.unreadable else Truth.NO
        for pattern in self.patterns:
            if isinstance(pattern, Unresolved):
                # With a missing variable a Resource matches nothing; of NotResource nobody says.
                missing = pattern is Unresolved.MISSING and not self.negated
                one = Truth.NO if missing else Truth.UNKNOWN
            else:
                one = pattern.matches(arn, verb)
            if one is Truth.YES:
                found = one
                break
            found = max(found, one)
        return found.negation if self.negated else found


def _resolved(text: str, version: Version, lookup: Lookup) -> Pattern | Unresolved:
    """Variables count only behind the fifth colon; before it nobody documents what they do."""
    if version is not Version.V2012 or not has_variable(text):
        return glob(text)
    head = text.split("${", 1)[0]
    if head.count(":") < _SEGMENTS - 1 and not head.startswith(SHORT_FORM + "/"):
        return Unresolved.FREE
    return resolve(text, lookup, wildcards=True)
