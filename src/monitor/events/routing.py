"""Event name -> what has to be looked at again, and when the change acts. One table.

A name of the API Gateway source that is not here is never dropped: it means "look at that API".
Sources: CloudTrail record examples in the API Gateway developer guide; "Updates to a REST API that
require redeployment" for when a change acts; the operation names of every service's model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from monitor.model.change import LookAt, TakesEffect
from monitor.model.objects import ObjectKind

API_GATEWAY_SOURCES = frozenset({"apigateway.amazonaws.com", "apigatewayv2.amazonaws.com"})

_NOW, _NEXT, _DEPENDS = TakesEffect.AT_ONCE, TakesEffect.NEXT_DEPLOYMENT, TakesEffect.UNKNOWN


@dataclass(frozen=True, slots=True)
class Effect:
    """`rest` and `v2`: when the change acts, None where that control plane has no such operation;
    both at once for other services. `object_at`: the field that names the changed object, empty
    beside a `kind`: any of the kind may have changed."""

    rest: TakesEffect | None
    v2: TakesEffect | None
    look_at: LookAt = LookAt.API
    kind: ObjectKind | None = None
    object_at: str = ""


def _rest(acts: TakesEffect, *names: str) -> dict[str, Effect]:
    return {name: Effect(acts, None) for name in names}


def _v2(acts: TakesEffect, *names: str) -> dict[str, Effect]:
    return {name: Effect(None, acts) for name in names}


def _both(rest: TakesEffect, v2: TakesEffect, *names: str) -> dict[str, Effect]:
    return {name: Effect(rest, v2) for name in names}


def _behind(
    kind: ObjectKind,
    field: str,
    *names: str,
    rest: TakesEffect | None = _NOW,
    v2: TakesEffect | None = None,
) -> dict[str, Effect]:
    # Stages, domains, mappings, keys and plans act at once.
    return {name: Effect(rest, v2, LookAt.BEHIND, kind, field) for name in names}


def _of(kind: ObjectKind, field: str, *names: str) -> dict[str, Effect]:
    """Of another service: what API Gateway asks for at each request, so it acts at once."""
    return _behind(kind, field, *names, v2=_NOW)


def _changes(*things: str, verbs: str = "Create Update Delete") -> tuple[str, ...]:
    return tuple(f"{verb}{thing}" for thing in things for verb in verbs.split())


_DOMAIN, _PLAN, _KEY = ObjectKind.DOMAIN, ObjectKind.USAGE_PLAN, ObjectKind.API_KEY
_ASSOCIATION = "domainNameAccessAssociationArn"

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
    **_behind(_DOMAIN, "domainName", *_changes("DomainName"), v2=_NOW),
    **_behind(_DOMAIN, "domainName", *_changes("BasePathMapping")),
    **_behind(_DOMAIN, "domainName", *_changes("ApiMapping"), rest=None, v2=_NOW),
    **_behind(
        _DOMAIN,
        "domainName",
        *_changes("RoutingRule", verbs="Create Put Delete"),
        rest=None,
        v2=_NOW,
    ),
    **_behind(_DOMAIN, "domainNameArn", "CreateDomainNameAccessAssociation"),
    **_behind(_DOMAIN, _ASSOCIATION, "DeleteDomainNameAccessAssociation"),
    **_behind(_DOMAIN, _ASSOCIATION, "RejectDomainNameAccessAssociation"),
    # Keys and plans.
    **_behind(_KEY, "apiKey", "UpdateApiKey", "DeleteApiKey"),
    **_behind(_KEY, "id", "CreateApiKey"),
    **_behind(_PLAN, "id", "CreateUsagePlan"),
    **_behind(_PLAN, "usagePlanId", "UpdateUsagePlan", "DeleteUsagePlan", "UpdateUsage"),
    **_behind(_PLAN, "usagePlanId", "CreateUsagePlanKey", "DeleteUsagePlanKey"),
    "ImportApiKeys": Effect(_NOW, None, LookAt.BEHIND, _PLAN),
    # The rest.
    **_behind(ObjectKind.VPC_LINK, "vpcLinkId", *_changes("VpcLink"), v2=_NOW),
    **_behind(
        ObjectKind.CLIENT_CERTIFICATE,
        "clientCertificateId",
        *_changes("ClientCertificate", verbs="Generate Update Delete"),
    ),
    **_behind(_DOMAIN, "resourceArn", "TagResource", "UntagResource", v2=_NOW),
    "UpdateAccount": Effect(_NOW, None, LookAt.ACCOUNT),
    # What they share is an API's description, and access to a portal, not to the API behind it.
    **{
        name: Effect(_NOW, _NOW, LookAt.NOTHING)
        for name in (
            *_changes("DocumentationPart", "DocumentationVersion"),
            "ImportDocumentationParts",
            *_changes("Portal", "PortalProduct", "ProductPage", "ProductRestEndpointPage"),
            "PublishPortal",
            "DisablePortal",
            "PreviewPortal",
            "PutPortalProductSharingPolicy",
            "DeletePortalProductSharingPolicy",
        )
    },
}
"""Create and delete of the same object answer to the same entry; a create's own id may stand only
in its response. A tag's ARN says what kind of thing it is on."""

NARROWING = frozenset(
    {"DeleteRestApi", "DeleteApi", "DeleteStage", "FlushStageAuthorizersCache", "FlushStageCache"}
    | {"ResetAuthorizersCache", "DeleteUsagePlanKey", "DeleteApiKey", "DeleteVpcEndpoints"}
)
"""What acts at once and lets nobody in: it can wait for the end of its burst."""

PATCH_PATHS_AT_ONCE = ("/endpointConfiguration/ipAddressType",)
"""Patches of UpdateRestApi that act without a deployment. Source: "IP address types for REST APIs
in API Gateway"."""

_POOL, _FUNCTION, _ACL = ObjectKind.USER_POOL, ObjectKind.FUNCTION, ObjectKind.WEB_ACL
_ENDPOINT, _IDENTITIES = ObjectKind.VPC_ENDPOINT, ObjectKind.IDENTITIES
_WEB_ACL_OF_API = {
    # The web ACL of a stage changes without an event of API Gateway.
    name: Effect(_NOW, _NOW, LookAt.API, None, "resourceArn")
    for name in ("AssociateWebACL", "DisassociateWebACL")
}
_ANY_WAF_PART = ("IPSet", "RuleGroup", "RegexPatternSet")
_ANY_CLASSIC_PART = (
    *("Rule", "RateBasedRule", "ByteMatchSet", "GeoMatchSet", "RegexMatchSet"),
    *("SizeConstraintSet", "SqlInjectionMatchSet", "XssMatchSet"),
)

OTHER_EVENTS: dict[str, dict[str, Effect]] = {
    "ec2.amazonaws.com": {
        **_of(_ENDPOINT, "", "CreateVpcEndpoint"),
        **_of(_ENDPOINT, "VpcEndpointId", "ModifyVpcEndpoint", "DeleteVpcEndpoints"),
    },
    "cognito-idp.amazonaws.com": _of(
        _POOL,
        "userPoolId",
        *("UpdateUserPool", "DeleteUserPool", "CreateUserPoolReplica"),
        *_changes("UserPoolClient", "ResourceServer", "IdentityProvider", "UserPoolDomain"),
        *("AddUserPoolClientSecret", "DeleteUserPoolClientSecret"),
        *("SetUserPoolMfaConfig", "SetRiskConfiguration"),
    ),
    "wafv2.amazonaws.com": {
        **_WEB_ACL_OF_API,
        **_of(_ACL, "id", "UpdateWebACL", "DeleteWebACL"),
        **_of(_ACL, "", *_changes(*_ANY_WAF_PART, verbs="Update Delete")),
    },
    "waf-regional.amazonaws.com": {
        **_WEB_ACL_OF_API,
        **_of(_ACL, "webACLId", "UpdateWebACL", "DeleteWebACL"),
        **_of(_ACL, "", *_changes(*_ANY_WAF_PART, *_ANY_CLASSIC_PART, verbs="Update Delete")),
    },
    "lambda.amazonaws.com": _of(
        _FUNCTION,
        "functionName",
        *("AddPermission", "RemovePermission"),
        *("DeleteFunction", "UpdateFunctionCode", "UpdateFunctionConfiguration"),
        *_changes("Alias", "FunctionUrlConfig"),
    ),
    "iam.amazonaws.com": _of(
        _IDENTITIES,
        "",
        *_changes("RolePolicy", "UserPolicy", "GroupPolicy", verbs="Put Attach Detach Delete"),
        *_changes("RolePermissionsBoundary", "UserPermissionsBoundary", verbs="Put Delete"),
        *("CreatePolicyVersion", "DeletePolicyVersion", "SetDefaultPolicyVersion"),
        *("UpdateAssumeRolePolicy", "AddUserToGroup", "RemoveUserFromGroup"),
        *("CreateRole", "DeleteRole", "CreateUser", "DeleteUser"),
    ),
    "acm.amazonaws.com": _of(
        ObjectKind.CERTIFICATE,
        "certificateArn",
        *("ImportCertificate", "DeleteCertificate", "RenewCertificate", "RevokeCertificate"),
    ),
    "ram.amazonaws.com": _of(
        _DOMAIN,
        "",
        *("CreateResourceShare", "AssociateResourceShare", "AcceptResourceShareInvitation"),
        *("DisassociateResourceShare", "DeleteResourceShare", "UpdateResourceShare"),
    ),
}
"""Events of other services. Names of Lambda's stand without the version they end in."""

MONITOR_EVENTS = {
    "cloudtrail.amazonaws.com": frozenset(
        {"StopLogging", "StartLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors"}
    ),
    "events.amazonaws.com": frozenset(
        {"DisableRule", "EnableRule", "DeleteRule", "PutRule", "RemoveTargets", "PutTargets"}
    ),
}
"""What can make Gatewatch blind, by event source."""
BLINDING = frozenset(
    {"StopLogging", "DeleteTrail", "PutEventSelectors", "DisableRule", "DeleteRule"}
    | {"RemoveTargets"}
)
"""Those that mend nothing. The others may, or are part of every deployment."""

CREDENTIAL_READS = {
    "GetApiKey": "includeValue",
    "GetApiKeys": "includeValues",
    "GetExport": "",
    "GetSdk": "",
    "ExportApi": "",
}
"""Reads that yield the values of API keys (where their switch says so) or a whole API at once."""

UNHEARD = {
    "ec2: security groups": "they are not judged: a group that opens lets in nobody whom the "
    "endpoint's policy and the API's do not",
    "s3: objects of a truststore": "data events, which a trail has to be told to record; a new one "
    "counts only after UpdateDomainName names its version",
    "cloudfront, route53: what stands before a domain": "they are global and their events reach "
    "us-east-1 alone; what is read of them the next scan sees",
    "API Gateway: documentation and portals": "they show an API and let nobody call it",
}
"""What does not make Gatewatch look, and why."""

_VERSION = re.compile(r"\d{8}(?:v\d+)?\Z")


def effect_of(source: str, name: str) -> Effect | None:
    """What an event asks for; None for one of another service that is not in the table."""
    if source in API_GATEWAY_SOURCES:
        return API_GATEWAY_EVENTS.get(name, Effect(_DEPENDS, _DEPENDS))
    if source == "lambda.amazonaws.com":
        # AddPermission20150331v2: the service logs the version of its own interface.
        name = _VERSION.sub("", name)
    return OTHER_EVENTS.get(source, {}).get(name)


def is_known(source: str, name: str) -> bool:
    return source not in API_GATEWAY_SOURCES or name in API_GATEWAY_EVENTS
