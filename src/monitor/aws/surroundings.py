"""What surrounds an API, added to its snapshot: the doors that lead to it and what stands behind.

All of it is of the account or shared by APIs, so it is read once and serves for many: for a whole
scan, or for some minutes in a function that answers events. What an API does not need (keys where
no route asks for one, VPC endpoints of a public API) is not read for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TypeVar

from monitor.aws.apigateway import RestApiReads
from monitor.aws.apigatewayv2 import V2ApiReads
from monitor.aws.asking import Gone
from monitor.aws.authorizer_functions import FunctionReads
from monitor.aws.custom_domains import DomainReads, Doors
from monitor.aws.distributions import WITHOUT_CLOUDFRONT, DistributionReads, before
from monitor.aws.identities import IdentityReads, speaking_of
from monitor.aws.once import Once
from monitor.aws.parts import or_else
from monitor.aws.usage_plans import UsagePlanReads
from monitor.aws.user_pools import UserPoolReads
from monitor.aws.vpc_endpoints import VpcEndpointReads
from monitor.aws.web_acls import WebAclReads
from monitor.model.api import (
    ApiSnapshot,
    ApiType,
    AuthorizationType,
    Authorizer,
    Configuration,
    EndpointType,
    Stage,
    VpcEndpoint,
    WebAcl,
)
from monitor.model.behind import (
    USAGE_DAYS,
    AccountSettings,
    ApiKey,
    Distribution,
    Integration,
    Invoker,
    LambdaFunction,
    UsagePlan,
    UserPool,
)
from monitor.model.credentials import user_pools_of
from monitor.model.gaps import Gap, Unknown
from monitor.ports import Clock

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """One reader a service; those of other services than API Gateway are made when they are first
    needed. `identities` None: they are not to be read."""

    account: RestApiReads
    v2: V2ApiReads
    domains: DomainReads
    plans: UsagePlanReads
    distributions: Callable[[], DistributionReads]
    vpc_endpoints: Callable[[], VpcEndpointReads]
    web_acls: Callable[[], WebAclReads]
    user_pools: Callable[[], UserPoolReads]
    functions: Callable[[], FunctionReads]
    identities: Callable[[], IdentityReads] | None = None


class Surroundings:
    """Of one account and region. `serves`: how long an answer stands for later APIs; None = for as
    long as this object lives."""

    def __init__(self, readers: Readers, clock: Clock, *, serves: timedelta | None) -> None:
        self._readers = readers
        self._clock = clock
        self._account: Once[AccountSettings] = Once(clock, serves)
        self._doors: Once[Doors] = Once(clock, serves)
        self._plans: Once[tuple[UsagePlan, ...]] = Once(clock, serves)
        self._keys: Once[dict[str, ApiKey]] = Once(clock, serves)
        self._plan_keys: Once[tuple[ApiKey, ...]] = Once(clock, serves)
        self._usage: Once[dict[str, date]] = Once(clock, serves)
        self._vpc_links: Once[bool] = Once(clock, serves)
        self._distributions: Once[tuple[Distribution, ...]] = Once(clock, serves)
        self._endpoints: Once[tuple[VpcEndpoint, ...]] = Once(clock, serves)
        self._web_acls: Once[WebAcl] = Once(clock, serves)
        self._pools: Once[UserPool] = Once(clock, serves)
        self._functions: Once[LambdaFunction] = Once(clock, serves)
        self._invokers: Once[tuple[Invoker, ...]] = Once(clock, serves)

    def forget(self) -> None:
        """Read everything anew from now on."""
        for once in (
            self._account,
            self._doors,
            self._plans,
            self._keys,
            self._plan_keys,
            self._usage,
            self._vpc_links,
            self._distributions,
            self._endpoints,
            self._web_acls,
            self._pools,
            self._functions,
            self._invokers,
        ):
            once.forget()

    def led_to_by(self, domain_name: str) -> tuple[str, ...]:
        """Ids of the APIs to which the custom domain leads; () where the domains are unread."""
        doors = self._doors.get("", self._readers.domains.doors)
        if isinstance(doors, Gap):
            return ()
        return tuple(
            api_id
            for api_id, domains in doors.domains.items()
            if any(domain.domain_name == domain_name for domain in domains)
        )

    def added(self, snapshot: ApiSnapshot) -> ApiSnapshot:
        """The snapshot with its surroundings, and with a gap for each that could not be read.

        Nothing is read for an API of which nothing is known.
        """
        if any(gap.unknown is Unknown.API for gap in snapshot.gaps):
            return snapshot
        gaps = list(snapshot.gaps)
        with_doors = self._with_doors(snapshot, gaps)
        authorizers = tuple(_authorizers(with_doors))
        with_plans = self._with_plans(self._with_integrations(with_doors, gaps), gaps)
        found = replace(
            with_plans,
            stages=tuple(self._with_web_acl(stage, gaps) for stage in with_plans.stages),
            user_pools=self._user_pools(snapshot, authorizers, gaps),
            functions=self._named_functions(snapshot, authorizers, gaps),
            invokers=self._of_identities(snapshot, gaps),
            distributions=self._before(with_doors, gaps),
            account=or_else(self._account.get("", self._readers.account.account), None, gaps),
        )
        # One read may fail for several stages, plans or authorizers of the API.
        return replace(found, gaps=tuple(dict.fromkeys(gaps)))

    def _with_doors(self, snapshot: ApiSnapshot, gaps: list[Gap]) -> ApiSnapshot:
        answer = self._doors.get("", self._readers.domains.doors)
        doors = or_else(answer, None, gaps)
        domains = None
        if doors is not None:
            found = doors.domains.get(snapshot.api.api_id, ())
            private = any(one.endpoint_type is EndpointType.PRIVATE for one in found)
            unread = [gap for gap in doors.gaps if gap.unknown is Unknown.MAPPINGS]
            gaps += unread
            gaps += [gap for gap in doors.gaps if private and gap not in unread]
            # A domain whose mappings were not read may lead here too.
            domains = None if unread else found
        snapshot = replace(snapshot, custom_domains=domains)
        if not _is_called_from_a_vpc(snapshot):
            return snapshot
        endpoints = self._endpoints.get("", lambda: self._readers.vpc_endpoints().endpoints())
        return replace(snapshot, vpc_endpoints=or_else(endpoints, None, gaps))

    def _before(self, snapshot: ApiSnapshot, gaps: list[Gap]) -> tuple[Distribution, ...] | None:
        if snapshot.endpoint_types == (EndpointType.PRIVATE,):
            return None
        if snapshot.api.partition in WITHOUT_CLOUDFRONT:
            return ()
        read = self._distributions.get("", lambda: self._readers.distributions().distributions())
        found = or_else(read, None, gaps)
        return None if found is None else tuple(before(snapshot, found))

    def _with_web_acl(self, stage: Stage, gaps: list[Gap]) -> Stage:
        arn = stage.web_acl_arn
        if arn is None:
            return stage
        try:
            answer = self._web_acls.get(arn, lambda: self._readers.web_acls().web_acl(arn))
        except Gone:
            # The stage named it a moment ago: it was taken off or is being replaced.
            answer = _gone_web_acl(arn)
        return replace(stage, web_acl=or_else(answer, None, gaps))

    def _with_plans(self, snapshot: ApiSnapshot, gaps: list[Gap]) -> ApiSnapshot:
        if not _asks_for_a_key(snapshot):
            return snapshot
        answer = or_else(self._plans.get("", self._readers.plans.plans), None, gaps)
        if answer is None:
            return snapshot
        api_id = snapshot.api.api_id
        mine = [plan for plan in answer if any(one.api_id == api_id for one in plan.stages)]
        covered = {one.stage for plan in mine for one in plan.stages if one.api_id == api_id}
        return replace(
            snapshot,
            usage_plans=tuple(self._with_keys(plan, gaps) for plan in mine),
            stray_keys=self._stray_keys(api_id, answer, gaps),
            stages=tuple(
                replace(stage, has_usage_plan=stage.name in covered) for stage in snapshot.stages
            ),
        )

    def _with_keys(self, plan: UsagePlan, gaps: list[Gap]) -> UsagePlan:
        held = or_else(self._held(plan), None, gaps)
        if not held:
            return replace(plan, keys=held)
        known = or_else(self._keys.get("", self._readers.plans.keys), {}, gaps)
        keys = tuple(known.get(key.key_id, key) for key in held)
        if all(key.enabled is False for key in keys):
            return replace(plan, keys=keys)
        return replace(plan, keys=keys, used_on=or_else(self._used_on(plan), None, gaps))

    def _held(self, plan: UsagePlan) -> tuple[ApiKey, ...] | Gap:
        reads = self._readers.plans
        return self._plan_keys.get(plan.plan_id, lambda: reads.keys_of(plan.plan_id))

    def _used_on(self, plan: UsagePlan) -> dict[str, date] | Gap:
        def read() -> dict[str, date] | Gap:
            today = self._clock.now().date()
            since = today - timedelta(days=USAGE_DAYS - 1)
            return self._readers.plans.used_on(plan.plan_id, since=since, until=today)

        return self._usage.get(plan.plan_id, read)

    def _stray_keys(
        self, api_id: str, plans: Iterable[UsagePlan], gaps: list[Gap]
    ) -> tuple[ApiKey, ...] | None:
        """The keys in no plan, at the one API that tells them: for them every plan is read."""
        plans = tuple(plans)
        if api_id != min((one.api_id for plan in plans for one in plan.stages), default=None):
            return None
        known = or_else(self._keys.get("", self._readers.plans.keys), None, gaps)
        held = [or_else(self._held(plan), None, gaps) for plan in plans] if known else []
        if known is None or None in held:
            return None
        taken = {key.key_id for keys in held for key in keys or ()}
        return tuple(key for key_id, key in known.items() if key_id not in taken)

    def _with_integrations(self, snapshot: ApiSnapshot, gaps: list[Gap]) -> ApiSnapshot:
        """Those that routes name, where the account has a link by which one could be private: to
        others an HTTP or WebSocket API has nothing to tell that is worth a call each."""
        if not any(map(_names_integrations, _configurations(snapshot))):
            return snapshot
        http = snapshot.api_type is ApiType.HTTP
        reads = self._readers.v2.has_vpc_links if http else self._readers.account.has_vpc_links
        if not or_else(self._vpc_links.get(snapshot.api_type, reads), False, gaps):
            return snapshot
        try:
            found = or_else(self._readers.v2.integrations(snapshot.api.api_id), {}, gaps)
        except Gone:
            return snapshot  # the API was deleted a moment ago
        return replace(
            snapshot,
            deployments={one: _told(c, found) for one, c in snapshot.deployments.items()},
            draft=snapshot.draft and _told(snapshot.draft, found),
        )

    def _user_pools(
        self, snapshot: ApiSnapshot, authorizers: Iterable[Authorizer], gaps: list[Gap]
    ) -> dict[str, UserPool]:
        by_arn = {arn for one in authorizers for arn in one.user_pool_arns}
        by_issuer = {
            arn for one in authorizers for arn in user_pools_of(one, snapshot.api)
        } - by_arn
        found = {arn: self._user_pool(snapshot, arn, gaps) for arn in sorted(by_arn | by_issuer)}
        for arn in by_issuer:
            if found[arn].exists is False:
                # An issuer does not say whose pool it is: it may well be there, in another account.
                found[arn] = UserPool(arn=arn)
        return found

    def _user_pool(self, snapshot: ApiSnapshot, arn: str, gaps: list[Gap]) -> UserPool:
        unread = UserPool(arn=arn)
        if not _is_ours(arn, snapshot):
            return unread

        def read() -> UserPool | Gap:
            reads = self._readers.user_pools()
            pool = reads.user_pool(arn)
            if isinstance(pool, Gap) or not pool.exists:
                return pool
            clients = reads.clients(arn)
            return clients if isinstance(clients, Gap) else replace(pool, clients=clients)

        return or_else(self._pools.get(arn, read), unread, gaps)

    def _named_functions(
        self, snapshot: ApiSnapshot, authorizers: Iterable[Authorizer], gaps: list[Gap]
    ) -> dict[str, LambdaFunction]:
        named = {arn for one in authorizers if (arn := one.function_arn)}
        return {arn: self._function(snapshot, arn, gaps) for arn in sorted(named)}

    def _function(self, snapshot: ApiSnapshot, arn: str, gaps: list[Gap]) -> LambdaFunction:
        unread = LambdaFunction(arn=arn)
        if not _is_ours(arn, snapshot):
            return unread
        answer = self._functions.get(arn, lambda: self._readers.functions().function(arn))
        return or_else(answer, unread, gaps)

    def _of_identities(self, snapshot: ApiSnapshot, gaps: list[Gap]) -> tuple[Invoker, ...] | None:
        reads = self._readers.identities
        if reads is None or not _uses(snapshot, AuthorizationType.AWS_IAM):
            return None
        answer = or_else(self._invokers.get("", lambda: reads().invokers()), None, gaps)
        return None if answer is None else tuple(speaking_of(snapshot.api, answer))


def _configurations(snapshot: ApiSnapshot) -> Iterator[Configuration]:
    yield from snapshot.deployments.values()
    if snapshot.draft is not None:
        yield snapshot.draft


def _names_integrations(configuration: Configuration) -> bool:
    return any(
        route.integration is not None and route.integration.integration_id
        for route in configuration.routes or ()
    )


def _told(configuration: Configuration, found: Mapping[str, Integration]) -> Configuration:
    """The configuration with the integrations that its routes name."""
    return replace(
        configuration,
        routes=configuration.routes
        and tuple(
            replace(route, integration=found.get(route.integration.integration_id))
            if route.integration and route.integration.integration_id
            else route
            for route in configuration.routes
        ),
    )


def _authorizers(snapshot: ApiSnapshot) -> Iterator[Authorizer]:
    for configuration in _configurations(snapshot):
        yield from configuration.authorizers.values()


def _uses(snapshot: ApiSnapshot, kind: AuthorizationType) -> bool:
    return any(
        route.authorization is kind
        for configuration in _configurations(snapshot)
        for route in configuration.routes or ()
    )


def _asks_for_a_key(snapshot: ApiSnapshot) -> bool:
    """Whether a route asks for a key, or may. HTTP APIs know no keys."""
    return snapshot.api_type is not ApiType.HTTP and any(
        route.api_key_required is not False
        for configuration in _configurations(snapshot)
        for route in configuration.routes or ()
    )


def _is_called_from_a_vpc(snapshot: ApiSnapshot) -> bool:
    return not snapshot.endpoint_types or EndpointType.PRIVATE in snapshot.endpoint_types


def _is_ours(arn: str, snapshot: ApiSnapshot) -> bool:
    """Of the API's own account and region: nothing else can be read from here."""
    parts = arn.split(":")
    api = snapshot.api
    return parts[3:5] == [api.region, api.account_id]


def _gone_web_acl(arn: str) -> Gap:
    return Gap(
        service="wafv2",
        operation="GetWebACL",
        error_code="WAFNonexistentItemException",
        unknown=Unknown.WEB_ACL,
        subject=arn,
    )
