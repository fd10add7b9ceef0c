"""Event name -> what has to be looked at again, and when the change acts. One table.

A name of the API Gateway source that is not here is never dropped: it means "look at that API".
Sources: CloudTrail record examples in the API Gateway developer guide; "Updates to a REST API that
require redeployment" for when a change acts; the operation names of both control planes.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.model.change import LookAt, TakesEffect

API_GATEWAY_SOURCES = frozenset({"apigateway.amazonaws.com", "apigatewayv2.amazonaws.com"})

_NOW, _NEXT, _DEPENDS = TakesEffect.AT_ONCE, TakesEffect.NEXT_DEPLOYMENT, TakesEffect.UNKNOWN


@dataclass(frozen=True, slots=True)
class Effect:
    """`rest` and `v2`: when the change acts, None where that control plane has no such operation.
    `object_at`: the field that names the changed object where the event names no API."""

    rest: TakesEffect | None
    v2: TakesEffect | None
    look_at: LookAt = LookAt.API
    object_at: str = ""


def _rest(acts: TakesEffect, *names: str) -> dict[str, Effect]:
    return {name: Effect(acts, None) for name in names}


def _v2(acts: TakesEffect, *names: str) -> dict[str, Effect]:
    return {name: Effect(None, acts) for name in names}


def _both(rest: TakesEffect, v2: TakesEffect, *names: str) -> dict[str, Effect]:
    return {name: Effect(rest, v2) for name in names}


def _behind(
    field: str, *names: str, rest: TakesEffect | None = _NOW, v2: TakesEffect | None = None
) -> dict[str, Effect]:
    # Stages, domains, mappings, keys and plans act at once.
    return {name: Effect(rest, v2, LookAt.BEHIND, field) for name in names}


API_GATEWAY_EVENTS: dict[str, Effect] = {
    # The API. On v2 it depends on whether a stage deploys by itself.
    **_rest(_NEXT, "CreateRestApi", "ImportRestApi", "PutRestApi", "UpdateRestApi"),
    **_rest(_NOW, "DeleteRestApi"),
    **_v2(_DEPENDS, "CreateApi", "ImportApi", "ReimportApi", "UpdateApi"),
    **_v2(_DEPENDS, "DeleteCorsConfiguration"),
    **_v2(_NOW, "DeleteApi"),
    # Methods and routes.
    **_rest(_NEXT, "PutMethod", "UpdateMethod", "DeleteMethod"),
    **_rest(_NEXT, "CreateResource", "UpdateResource", "DeleteResource"),
    **_rest(_NEXT, "PutMethodResponse", "UpdateMethodResponse", "DeleteMethodResponse"),
    **_v2(_DEPENDS, "CreateRoute", "UpdateRoute", "DeleteRoute", "DeleteRouteRequestParameter"),
    **_v2(_DEPENDS, "CreateRouteResponse", "UpdateRouteResponse", "DeleteRouteResponse"),
    # Authorizers.
    **_both(_NEXT, _DEPENDS, "CreateAuthorizer", "UpdateAuthorizer", "DeleteAuthorizer"),
    **_rest(_NOW, "FlushStageAuthorizersCache", "FlushStageCache"),
    **_v2(_NOW, "ResetAuthorizersCache"),
    # Publishing, stages.
    **_both(_NOW, _NOW, "CreateDeployment", "UpdateDeployment", "DeleteDeployment"),
    **_both(_NOW, _NOW, "CreateStage", "UpdateStage", "DeleteStage"),
    **_v2(_NOW, "DeleteRouteSettings", "DeleteAccessLogSettings"),
    # Integrations and the shapes of requests and answers.
    **_rest(_NEXT, "PutIntegration", "PutIntegrationResponse"),
    **_v2(_DEPENDS, "CreateIntegration", "CreateIntegrationResponse"),
    **_both(_NEXT, _DEPENDS, "UpdateIntegration", "DeleteIntegration"),
    **_both(_NEXT, _DEPENDS, "UpdateIntegrationResponse", "DeleteIntegrationResponse"),
    **_rest(_NEXT, "PutGatewayResponse", "UpdateGatewayResponse", "DeleteGatewayResponse"),
    **_rest(_NEXT, "CreateRequestValidator", "UpdateRequestValidator", "DeleteRequestValidator"),
    **_both(_NEXT, _DEPENDS, "CreateModel", "UpdateModel", "DeleteModel"),
    # Doors.
    **_behind("domainName", "CreateDomainName", "UpdateDomainName", "DeleteDomainName", v2=_NOW),
    **_behind("domainName", "CreateBasePathMapping", "UpdateBasePathMapping"),
    **_behind("domainName", "DeleteBasePathMapping"),
    **_behind("domainName", "CreateApiMapping", "UpdateApiMapping", rest=None, v2=_NOW),
    **_behind("domainName", "DeleteApiMapping", "CreateRoutingRule", rest=None, v2=_NOW),
    **_behind("domainName", "PutRoutingRule", "DeleteRoutingRule", rest=None, v2=_NOW),
    **_behind("domainNameArn", "CreateDomainNameAccessAssociation"),
    **_behind("domainNameAccessAssociationArn", "DeleteDomainNameAccessAssociation"),
    **_behind("domainNameAccessAssociationArn", "RejectDomainNameAccessAssociation"),
    # Keys and plans.
    **_behind("apiKey", "UpdateApiKey", "DeleteApiKey"),
    **_behind("id", "CreateApiKey", "CreateUsagePlan"),
    **_behind("usagePlanId", "UpdateUsagePlan", "DeleteUsagePlan", "UpdateUsage"),
    **_behind("usagePlanId", "CreateUsagePlanKey", "DeleteUsagePlanKey"),
    # The rest.
    **_behind("vpcLinkId", "CreateVpcLink", "UpdateVpcLink", "DeleteVpcLink", v2=_NOW),
    **_behind("clientCertificateId", "GenerateClientCertificate", "UpdateClientCertificate"),
    **_behind("clientCertificateId", "DeleteClientCertificate"),
    **_behind("resourceArn", "TagResource", "UntagResource", v2=_NOW),
    "UpdateAccount": Effect(_NOW, None, LookAt.ACCOUNT),
    "ImportApiKeys": Effect(_NOW, None, LookAt.ACCOUNT),
}
"""Create and delete of the same object answer to the same entry; a create's own id may stand only
in its response."""

PATCH_PATHS_AT_ONCE = ("/endpointConfiguration/ipAddressType",)
"""Patches of UpdateRestApi that act without a deployment. Source: "IP address types for REST APIs
in API Gateway"."""

MONITOR_EVENTS = {
    "cloudtrail.amazonaws.com": frozenset(
        {"StopLogging", "StartLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors"}
    ),
    "events.amazonaws.com": frozenset(
        {"DisableRule", "EnableRule", "DeleteRule", "PutRule", "RemoveTargets", "PutTargets"}
    ),
}
"""What can make Gatewatch blind, by event source."""
