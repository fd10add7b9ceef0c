"""What lets a public caller in is a text that the caller writes: a header, or a name or tag that
strangers give themselves.

Source: IAM user guide, "AWS global condition context keys" (aws:Referer, aws:UserAgent).
"""

from __future__ import annotations

from collections.abc import Iterator

from monitor.iampolicy.document import Effect, PolicyDocument, Statement
from monitor.iampolicy.intent import Demand, demands, documents, is_for_everyone, speaks_of
from monitor.model.access import Scope
from monitor.model.api import ApiType, AuthorizationType, Configuration, Route
from monitor.model.finding import Severity
from monitor.model.places import WHAT_IS_LIVE, Flaw, Place, Unclear, at_each_place
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, saw

_HEADERS = {"aws:referer": "the Referer header", "aws:useragent": "the User-Agent header"}
_NAMES = {
    "aws:principalarn": "the name of the caller's role",
    "aws:username": "the caller's user name",
    "aws:userid": "the caller's session name",
    "aws:principaltype": "the kind of principal",
    "aws:multifactorauthpresent": "the caller's own multi-factor flag",
}
_TAG = "aws:principaltag/"


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    def look(place: Place) -> Iterator[Flaw | Unclear]:
        for configuration in place.configurations:
            if not configuration.policies:
                yield Unclear(why="the resource policy was not read")
            for document in documents(configuration):
                if document is None:
                    continue
                if not document.readable:
                    yield Unclear(why="the resource policy cannot be read")
                    continue
                yield from _document(given, place, configuration, document)

    if given.snapshot.api_type is ApiType.REST:
        yield from at_each_place(given, look)


def _document(
    given: RuleInput, place: Place, configuration: Configuration, document: PolicyDocument
) -> Iterator[Flaw | Unclear]:
    if not any(map(_spoofable, document.statements)):
        return
    for route in configuration.routes or ():
        relied = list(_relied(given, place.stage, document, route))
        if not relied:
            continue
        admitted = _admitted(given, place, route)
        if admitted is None:
            yield Unclear(why=f"who can call {route.key} cannot be decided")
        elif admitted:
            for statement, demand in relied:
                yield Flaw(
                    title=f"the resource policy relies on {_what(demand.key)}: callers choose it",
                    routes=(route.key,),
                    because=(
                        saw(f"policy.{statement.place}", demand.condition.key, _values(demand)),
                    ),
                )


def _relied(
    given: RuleInput, stage: str, document: PolicyDocument, route: Route
) -> Iterator[tuple[Statement, Demand]]:
    """The spoofable demands that stand between the public and the route: those of every Allow, or
    of a Deny. If one Allow asks for none, its header keeps nobody out."""
    asked: dict[Effect | None, list[list[tuple[Statement, Demand]]]] = {}
    for statement in document.statements:
        api = given.snapshot.api
        if is_for_everyone(statement) and speaks_of(statement, api, stage, route):
            found = [(statement, one) for one in _spoofable(statement) if _counts(one, route)]
            asked.setdefault(statement.effect, []).append(found)
    allows = asked.get(Effect.ALLOW, [])
    if all(allows):
        yield from (pair for one in allows for pair in one)
    yield from (pair for one in asked.get(Effect.DENY, []) for pair in one)


def _spoofable(statement: Statement) -> list[Demand]:
    """What it asks that callers choose. To leave out a robot by its name asks nothing."""
    return [
        one
        for one in demands(statement)
        if not one.excludes
        and (one.key in _HEADERS or one.key in _NAMES or one.key.startswith(_TAG))
    ]


def _counts(demand: Demand, route: Route) -> bool:
    """Names and tags are those of who signs."""
    return demand.key in _HEADERS or route.authorization is AuthorizationType.AWS_IAM


def _admitted(given: RuleInput, place: Place, route: Route) -> bool | None:
    """Whether the public, or any account's VPC endpoint, gets past it; None if nobody can say."""
    found: bool | None = False
    for stage, one in place.accesses_to(route.key):
        if given.anyone_may(stage, route.key):
            continue
        any_endpoint = one.access.scope is Scope.ANY_VPCE
        if one.access.public or (any_endpoint and any(box.proven for box in one.callers.boxes)):
            return True
        if any_endpoint or one.access.scope is Scope.UNKNOWN:
            found = None
    return found


def _what(key: str) -> str:
    return _HEADERS.get(key) or _NAMES.get(key) or f"the tag {key.removeprefix(_TAG)}"


def _values(demand: Demand) -> str:
    return ", ".join(one.text for one in demand.condition.values[:5])


RULE = Rule(
    id="policy-relies-on-spoofable-key",
    title="The resource policy relies on a value that callers choose",
    severity=Severity.MEDIUM,
    attacker_view="Sends the expected header, or names a role of theirs as expected, and is in.",
    fix=(
        "Ask for what nobody can make up: a signature of a named account or organization, a VPC "
        "endpoint, an address, a token; then deploy."
    ),
    check=_check,
    rests_on=WHAT_IS_LIVE,
    controls=("NIST 800-53 AC-3", "NIST 800-53 IA-2", "PCI DSS v4.0.1 7.2.1"),
    remediations=("restrict-policy", "require-authorization", "quarantine-stage"),
)
