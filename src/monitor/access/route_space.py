"""The requests that reach one route, cut by the Resource elements of a policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.access.text_axes import classes
from monitor.iampolicy.glob import Pattern
from monitor.iampolicy.resources import ResourceRule, Template, resource_pattern
from monitor.iampolicy.three_valued import Truth
from monitor.iampolicy.variables import Unresolved
from monitor.iampolicy.words import ANY, NOT_SLASH, Chain, ChainBuilder, Chars
from monitor.model.api import ApiId, Route

VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
# More neighbours than that are left out of the cut: some requests then count for two routes.
_MOST_NEIGHBOURS = 16


@dataclass(frozen=True, slots=True)
class Sample:
    """One request to the route, standing for all that no Resource tells from it."""

    verb: str
    path: str
    arn: str


@dataclass(frozen=True, slots=True)
class RouteRequests:
    """The requests of a route in one stage. `neighbours`: templates of routes that take requests
    away from this one, being more literal."""

    template: Template
    neighbours: tuple[Chain, ...] = ()

    def samples(self, rules: Sequence[ResourceRule]) -> tuple[Sample, ...] | None:
        """One request of each kind that the rules tell apart; None if that is too entangled."""
        if all(isinstance(part, str) for part in self.template.parts):
            return tuple(self._fixed(verb) for verb in self.template.verbs)
        open_patterns = self._undecided(rules)
        if not open_patterns and not self.neighbours:
            return tuple(self._filled(verb) for verb in self.template.verbs)
        return self._by_automata(open_patterns)

    def _fixed(self, verb: str) -> Sample:
        path = "".join(str(part) for part in self.template.parts)
        return Sample(verb, "/" + path, f"{self.template.base}{verb}/{path}")

    def _filled(self, verb: str) -> Sample:
        path = "".join(part if isinstance(part, str) else "x" for part in self.template.parts)
        return Sample(verb, "/" + path, f"{self.template.base}{verb}/{path}")

    def filler(self) -> Sample:
        """Some request to the route."""
        return self._filled(self.template.verbs[0])

    def _undecided(self, rules: Sequence[ResourceRule]) -> list[Pattern]:
        """The patterns that may match some requests of the route and not others."""
        return list(
            dict.fromkeys(
                pattern
                for rule in rules
                for _, pattern, _ in rule.patterns
                if not isinstance(pattern, Unresolved) and not self._decided(rule, pattern)
            )
        )

    def _decided(self, rule: ResourceRule, pattern: Pattern) -> bool:
        ready = resource_pattern(pattern, rule.api_arn)
        if ready.any_verb:
            return False
        heads = [self._head(verb) for verb in self.template.verbs]
        if ready.is_prefix and all(head.startswith(ready.prefix) for head in heads):
            return True
        return not any(_agree(ready.prefix, head) for head in heads)

    def _head(self, verb: str) -> str:
        first = self.template.parts[0]
        return f"{self.template.base}{verb}/{first if isinstance(first, str) else ''}"

    def _by_automata(self, patterns: Sequence[Pattern]) -> tuple[Sample, ...] | None:
        api_arn = self.template.base.split("/", 1)[0]
        chains = [
            one
            for pattern in patterns
            for one in resource_pattern(pattern, api_arn).all_chains(self.template.verbs)
        ]
        found = classes((*chains, *self.neighbours), self.template.chains())
        if found is None:
            return None
        taken = ((1 << len(self.neighbours)) - 1) << len(chains)
        return tuple(self._sample(arn) for bits, arn in found.items() if not bits & taken)

    def _sample(self, arn: str) -> Sample:
        verb, _, path = arn.removeprefix(self.template.base).partition("/")
        return Sample(verb, "/" + path, arn)


def _agree(prefix: str, head: str) -> bool:
    return prefix.startswith(head) or head.startswith(prefix)


def requests_of(api: ApiId, stage: str, route: Route, routes: Sequence[Route]) -> RouteRequests:
    """The requests that reach `route` among the routes of the same configuration."""
    base = f"arn:{api.partition}:execute-api:{api.region}:{api.account_id}:{api.api_id}/{stage}/"
    own = [one.method for one in routes if one.path == route.path]
    verbs = tuple(verb for verb in VERBS if verb not in own) if route.method == "ANY" else ()
    template = Template(base, verbs or (route.method,), path_parts(route.path))
    if template.is_literal:
        return RouteRequests(template)
    takers = [one for one in routes if _takes_from(one, route)]
    if len(takers) > _MOST_NEIGHBOURS:
        takers = []
    return RouteRequests(template, tuple(_neighbour(base, one) for one in takers))


def _takes_from(other: Route, route: Route) -> bool:
    """Whether the other route is more literal and may fit the same requests."""
    if other.path == route.path or other.key.startswith("$"):
        return False
    if other.method not in (route.method, "ANY") and route.method != "ANY":
        return False
    mine, theirs = route.path.split("/"), other.path.split("/")
    for one, two in zip(mine, theirs, strict=False):
        if _rank(one) == 0 and _rank(two) == 0 and one != two:
            return False
        if _rank(one) != _rank(two):
            return _rank(two) < _rank(one)
    return False


def _rank(part: str) -> int:
    if part.startswith("{") and part.endswith("+}"):
        return 2
    return int(part.startswith("{") and part.endswith("}"))


def _neighbour(base: str, other: Route) -> Chain:
    builder = ChainBuilder().text(base)
    if other.method == "ANY":
        builder.some(NOT_SLASH)
    else:
        builder.text(other.method)
    builder.text("/")
    for part in path_parts(other.path):
        if isinstance(part, str):
            builder.text(part)
        else:
            builder.some(part)
    return builder.build()


def path_parts(path: str) -> tuple[str | Chars, ...]:
    """A path template as fixed text and parameters: `{id}` is one segment, `{proxy+}` any rest."""
    parts: list[str | Chars] = []
    text = ""
    for index, segment in enumerate(path.removeprefix("/").split("/")):
        text += "/" if index else ""
        if _rank(segment):
            parts += [text, ANY if _rank(segment) > 1 else NOT_SLASH]
            text = ""
        else:
            text += segment
    return (*parts, text) if text or not parts else tuple(parts)


def resource_masks(rule: ResourceRule, samples: Sequence[Sample]) -> tuple[int, int]:
    """The samples that a Resource element surely speaks of, and those it may speak of."""
    yes = maybe = 0
    for index, sample in enumerate(samples):
        found = rule.matches(sample.arn, sample.verb)
        yes |= (found is Truth.YES) << index
        maybe |= (found is not Truth.NO) << index
    return yes, maybe
