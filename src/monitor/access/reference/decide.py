"""The order of decision for one concrete request: door, web ACL, VPC endpoint policy, route,
resource policy with authorization, API key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from monitor.access.reference.authorization import (
    api_key_accepted,
    authorized,
    policy_principal,
)
from monitor.access.reference.context import readings
from monitor.access.reference.doors import Entrance, entrances, web_acl_passes
from monitor.access.reference.policy import UNKNOWN, Asked, Outcome, outcome
from monitor.access.reference.routes import route_for
from monitor.access.reference.text import ABSENT, KeyValue
from monitor.access.reference.three_valued import Tri, agreed, all_of, any_of
from monitor.iampolicy.document import parse
from monitor.model.api import (
    ApiSnapshot,
    ApiType,
    Configuration,
    PolicySource,
    ResourcePolicy,
    Route,
    Stage,
)
from monitor.model.gaps import Unknown
from monitor.model.request import Decision, Request

_NO_POLICY = ResourcePolicy(text=None, source=PolicySource.SAVED)
_DECISIONS = {True: Decision.ALLOW, False: Decision.DENY, None: Decision.UNKNOWN}


def decide_request(
    snapshot: ApiSnapshot, stage: str | None, request: Request, *, now: datetime
) -> Decision:
    """What becomes of the request. `stage` is the one that the question is about; None, or a
    request that names no stage, leaves the choice to the other. `unknown` means that the decision
    hangs on something undocumented or unread."""
    name = request.stage or stage or ""
    if stage and name != stage:
        return Decision.DENY
    served = next((one for one in snapshot.stages if one.name == name), None)
    if served is None:
        unread = any(gap.unknown in (Unknown.API, Unknown.STAGES) for gap in snapshot.gaps)
        return Decision.UNKNOWN if unread else Decision.DENY
    call = Call(snapshot, served, request, now)
    return _DECISIONS[any_of(_enters(call, one) for one in entrances(snapshot, name, request))]


@dataclass(frozen=True, slots=True)
class Call:
    """The request beside everything it meets."""

    snapshot: ApiSnapshot
    stage: Stage
    request: Request
    now: datetime

    def in_every_reading(
        self, entrance: Entrance, principal: str, judge: Callable[[Asked], Tri]
    ) -> Tri:
        """What the readings of the request's condition keys agree on.

        API Gateway's table of keys omits aws:ResourceAccount although a page builds on it: were it
        absent, more may be allowed, never less.
        """
        owner = KeyValue(True, (self.snapshot.api.account_id,))
        told = self._in_readings(entrance, principal, owner, judge)
        if told is not False:
            return told
        untold = self._in_readings(entrance, principal, ABSENT, judge)
        return False if untold is False else None

    def _in_readings(
        self,
        entrance: Entrance,
        principal: str,
        resource_account: KeyValue,
        judge: Callable[[Asked], Tri],
    ) -> Tri:
        contexts = readings(
            self.snapshot,
            self.request,
            principal=principal,
            in_vpc=entrance.in_vpc,
            now=self.now,
            resource_account=resource_account,
        )
        return agreed(
            judge(
                Asked(
                    self.snapshot.api,
                    principal,
                    self.stage.name,
                    self.request.method,
                    self.request.path,
                    context,
                )
            )
            for context in contexts
        )


def _enters(call: Call, entrance: Entrance) -> Tri:
    if entrance.open is False:
        return False
    return all_of(
        (
            entrance.open,
            web_acl_passes(call.snapshot, call.stage, call.request),
            _endpoint_policy_allows(call, entrance),
            _domain_policy_allows(call, entrance),
            any_of(_served(call, entrance, one) for one in _configurations(call)),
        )
    )


def _endpoint_policy_allows(call: Call, entrance: Entrance) -> Tri:
    """The policy of the VPC endpoint; that of another account's endpoint is its owner's choice.

    Source: API Gateway developer guide, "Use VPC endpoint policies for private APIs".
    """
    keys = {key.lower(): value for key, value in call.request.context.items()}
    for endpoint in call.snapshot.vpc_endpoints or ():
        if entrance.in_vpc and endpoint.vpc_endpoint_id == keys.get("aws:sourcevpce"):
            return _policy_allows(call, entrance, endpoint.policy)
    return True


def _policy_allows(call: Call, entrance: Entrance, policy: ResourcePolicy | None) -> Tri:
    if policy is None:
        return None
    if policy.text is None:
        return True
    document = parse(policy.text)
    return call.in_every_reading(
        entrance, call.request.principal, lambda asked: outcome(document, asked).grants
    )


def _domain_policy_allows(call: Call, entrance: Entrance) -> Tri:
    """A private custom domain's policy speaks of the domain's own ARN, which is not the API's: what
    its Resource element matches is not judged here."""
    if not entrance.is_private_domain:
        return True
    allowed = _policy_allows(call, entrance, entrance.domain_policy)
    return None if allowed is False else allowed


def _configurations(call: Call) -> Iterator[Configuration | None]:
    """A canary stage serves two deployments, and access is the union. None = not read."""
    for deployment in (call.stage.deployment_id, call.stage.canary_deployment_id):
        if deployment is not None:
            yield call.snapshot.deployments.get(deployment)


def _served(call: Call, entrance: Entrance, configuration: Configuration | None) -> Tri:
    if configuration is None or configuration.routes is None:
        return None
    request = call.request
    route = route_for(call.snapshot.api_type, configuration.routes, request.method, request.path)
    if route is None:
        return False
    return all_of(
        (
            _route_authorized(call, entrance, configuration, route),
            api_key_accepted(call.snapshot, call.stage, route, request),
        )
    )


def _route_authorized(
    call: Call, entrance: Entrance, configuration: Configuration, route: Route
) -> Tri:
    """Several policies that may be in force: what they agree on. None = the policy is unknown."""
    policies: tuple[ResourcePolicy | None, ...] = configuration.policies or (None,)
    if call.snapshot.api_type is not ApiType.REST:
        # Only REST APIs have resource policies.
        policies = (_NO_POLICY,)
    return agreed(
        _authorized_under(call, entrance, configuration, route, policy) for policy in policies
    )


def _authorized_under(
    call: Call,
    entrance: Entrance,
    configuration: Configuration,
    route: Route,
    policy: ResourcePolicy | None,
) -> Tri:
    authorizer = configuration.authorizers.get(route.authorizer_id or "")
    unattached = policy is not None and policy.text is None
    if unattached and entrance.in_vpc:
        # A private API refuses every call until it has a policy.
        return False
    document = parse(policy.text) if policy is not None and policy.text is not None else None

    def judge(asked: Asked) -> Tri:
        attached: Outcome | None = UNKNOWN
        if unattached:
            attached = None
        elif document is not None:
            attached = outcome(document, asked)
        return authorized(call.snapshot, route, authorizer, attached, call.request)

    return call.in_every_reading(entrance, policy_principal(route, call.request), judge)
