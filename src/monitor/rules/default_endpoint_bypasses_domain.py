"""What stands before one door, a client certificate or a web ACL of CloudFront, another door to the
same stage does not ask for."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.access import DoorKind, RouteAccess, Scope, widest
from monitor.model.api import CustomDomain, EndpointType, Stage
from monitor.model.behind import Distribution
from monitor.model.excess import CounterExample
from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, saw

ID = "default-endpoint-bypasses-domain"


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    yield from _past_certificates(given)
    yield from _past_cloudfront(given)


def _past_certificates(given: RuleInput) -> Iterator[Problem | CannotTell]:
    domains = given.snapshot.custom_domains
    if domains is None:
        if given.snapshot.endpoint_types != (EndpointType.PRIVATE,):
            yield CannotTell(why="the custom domains were not read", live=True)
        return
    for stage in given.snapshot.stages:
        strict = [one for one in domains if one.mutual_tls and _leads_to(one, stage)]
        if strict:
            yield from _of_stage(given, stage, strict)


def _leads_to(domain: CustomDomain, stage: Stage) -> bool:
    return any(mapping.stage in ("", stage.name) for mapping in domain.mappings)


def _of_stage(
    given: RuleInput, stage: Stage, strict: list[CustomDomain]
) -> Iterator[Problem | CannotTell]:
    judged = given.access_of(stage.name)
    names = {one.domain_name for one in strict}
    past = [
        way
        for way in (judged.live_routes if judged else ())
        if way.door.kind is not DoorKind.VPC_ENDPOINT and way.door.host not in names
    ]
    if judged is None or any(way.access.scope is Scope.UNKNOWN for way in past):
        yield CannotTell(why="access cannot be decided", stage=stage.name, live=True)
    if open_ways := [w for w in past if w.access.scope not in (Scope.NOBODY, Scope.UNKNOWN)]:
        yield _problem(given, stage, sorted(names), open_ways)


def _problem(given: RuleInput, stage: Stage, names: list[str], ways: list[RouteAccess]) -> Problem:
    scope = widest(*(way.access.scope for way in ways))
    way = next(way for way in ways if way.access.scope is scope)
    hosts = list(dict.fromkeys(way.door.host for way in ways))
    return Problem(
        title=(
            f"stage {stage.name} answers at {', '.join(hosts)} without the client certificate "
            f"that {', '.join(names)} asks for"
        ),
        severity=Severity.HIGH if scope.is_public else Severity.MEDIUM,
        scope=scope,
        stage=stage.name,
        routes=tuple(dict.fromkeys(way.route for way in ways)),
        counter_example=CounterExample(route=way, bound=given.bound_of(stage.name, way.route)),
        because=(
            *(saw(name, "mutual TLS", "on") for name in names),
            *(saw(host, "mutual TLS", "off") for host in hosts),
        ),
    )


def _past_cloudfront(given: RuleInput) -> Iterator[Problem | CannotTell]:
    """Whoever calls the API itself meets no web ACL of the distribution before it.

    A key that CloudFront adds to each request, a function that looks for a secret header, or a
    policy that takes CloudFront's addresses only shut that way, and then access is not public.
    """
    if given.snapshot.distributions is None:
        if given.snapshot.endpoint_types != (EndpointType.PRIVATE,):
            yield CannotTell(why="the CloudFront distributions were not read", live=True)
        return
    guarded = [one for one in given.snapshot.distributions if one.has_web_acl]
    for stage in given.snapshot.stages if guarded else ():
        judged = given.access_of(stage.name)
        if stage.web_acl_arn:
            continue
        if judged is None or judged.live.scope is Scope.UNKNOWN:
            yield CannotTell(why="access cannot be decided", stage=stage.name, live=True)
            continue
        ways = [way for way in judged.live_routes if way.access.scope.is_public]
        if ways:
            yield _past_web_acl(given, stage, guarded, ways)


def _past_web_acl(
    given: RuleInput, stage: Stage, guarded: list[Distribution], ways: list[RouteAccess]
) -> Problem:
    hosts = list(dict.fromkeys(way.door.host for way in ways))
    names = [f"CloudFront distribution {one.distribution_id}" for one in guarded]
    return Problem(
        title=(
            f"stage {stage.name} answers at {', '.join(hosts)} without the web ACL of "
            f"{', '.join(names)}"
        ),
        severity=Severity.MEDIUM,
        stage=stage.name,
        routes=tuple(dict.fromkeys(way.route for way in ways)),
        counter_example=CounterExample(
            route=ways[0], bound=given.bound_of(stage.name, ways[0].route)
        ),
        because=(
            *(saw(name, "web ACL", "on") for name in names),
            saw(f"stage {stage.name}", "web ACL", "none"),
        ),
    )


RULE = Rule(
    id=ID,
    title="A second door leads past a certificate or a web ACL",
    severity=Severity.MEDIUM,
    attacker_view="Calls the API at its default endpoint, past all that stands before the other.",
    fix=(
        "Disable the default execute-api endpoint (a REST API needs an update of one of its stages "
        "for that to take effect), and map no domain without mutual TLS to the stage. Behind "
        "CloudFront, associate a web ACL with the stage itself, or require an API key that "
        "CloudFront adds."
    ),
    check=_check,
    rests_on=frozenset(
        {
            Unknown.DOORS,
            Unknown.MAPPINGS,
            Unknown.DISTRIBUTIONS,
            Unknown.LIVE_ROUTES,
            Unknown.LIVE_GUARDS,
        }
    ),
    controls=("NIST 800-53 AC-3", "NIST 800-53 AC-4", "NIST 800-53 SC-7"),
    remediations=("disable-default-endpoint", "block-at-waf"),
)
