"""Which objects an event changed, and on which objects an API rests: the two sides of one index."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from monitor.events.routing import Effect
from monitor.events.sections import Json, field, sections, text, texts
from monitor.model.api import ApiSnapshot, EndpointType
from monitor.model.change import LookAt
from monitor.model.objects import EVERY_API, ObjectKind, ObjectRef

MAX_OBJECTS = 40
"""An API with more is kept under "any of the kind" instead, so that its links fit a transaction."""
MAX_NAMED = 10
"""One event that names more objects means all of their kind."""
MAX_ID = 256

_VPC_ENDPOINT = re.compile(r"vpce-[0-9a-f]{8,17}")
_ISSUER = re.compile(r"https://cognito-idp\.[\w-]+\.amazonaws\.com(?:\.cn)?/([\w-]+)\Z")
_COLLECTIONS = {
    "domainnames": ObjectKind.DOMAIN,
    "domainnameaccessassociations": ObjectKind.DOMAIN,
    "usageplans": ObjectKind.USAGE_PLAN,
    "apikeys": ObjectKind.API_KEY,
    "clientcertificates": ObjectKind.CLIENT_CERTIFICATE,
    "vpclinks": ObjectKind.VPC_LINK,
}
_NEW = "-"
"""Stands for an object that does not exist yet, so that an API without any is found by its kind."""


def objects_changed(request: Json, response: Json, effect: Effect) -> tuple[ObjectRef, ...]:
    """What an event is about besides APIs; () if it does not say."""
    kind = effect.kind
    if kind is None:
        return ()
    if kind is ObjectKind.VPC_ENDPOINT:
        return _endpoints(request, effect)
    if not effect.object_at:
        return _shared_domains(request) if kind is ObjectKind.DOMAIN else (ObjectRef(kind=kind),)
    for section in (*sections(request), *sections(response)):
        if found := field(section, effect.object_at):
            return _ref(kind, unquote(found))
    return ()


def is_about_another_service(request: Json, effect: Effect) -> bool:
    """A VPC endpoint of S3, say, a share of something that is no custom domain, or a web ACL on a
    load balancer or for CloudFront."""
    if effect.look_at is LookAt.API:
        resource = field(request, effect.object_at) if effect.object_at else ""
        return bool(resource) and ":apigateway:" not in unquote(resource)
    if effect.kind is ObjectKind.VPC_ENDPOINT:
        services = [name for one in sections(request) if (name := field(one, "serviceName"))]
        return bool(services) and not any(".execute-api" in name for name in services)
    if effect.kind is ObjectKind.WEB_ACL:
        return field(request, "scope") == "CLOUDFRONT"
    return effect.kind is ObjectKind.DOMAIN and not effect.object_at and _names_others(request)


def objects_behind(snapshot: ApiSnapshot) -> frozenset[ObjectRef]:
    """What the API's verdict rests on; its region is always among it.

    More than MAX_OBJECTS are shortened to "any of the kind", the most numerous kinds first.
    """
    found = {EVERY_API, *_doors(snapshot), *_guards(snapshot), *_keys(snapshot)}
    if snapshot.invokers is not None:
        found.add(ObjectRef(kind=ObjectKind.IDENTITIES))
    for kind, _count in Counter(ref.kind for ref in found).most_common():
        if len(found) <= MAX_OBJECTS:
            break
        found = {ref for ref in found if ref.kind is not kind} | {ObjectRef(kind=kind)}
    return frozenset(found)


def _doors(snapshot: ApiSnapshot) -> Iterator[ObjectRef]:
    for domain in snapshot.custom_domains or ():
        yield from _ref(ObjectKind.DOMAIN, domain.domain_name)
        for arn in domain.certificate_arns:
            yield from _ref(ObjectKind.CERTIFICATE, arn)
    if not snapshot.endpoint_types or EndpointType.PRIVATE in snapshot.endpoint_types:
        yield ObjectRef(kind=ObjectKind.VPC_ENDPOINT, id=_NEW)
    for endpoint in snapshot.vpc_endpoints or ():
        yield from _ref(ObjectKind.VPC_ENDPOINT, endpoint.vpc_endpoint_id)
    for stage in snapshot.stages:
        if stage.web_acl_arn:
            yield from _ref(ObjectKind.WEB_ACL, stage.web_acl_arn)
        if stage.client_certificate_id:
            yield from _ref(ObjectKind.CLIENT_CERTIFICATE, stage.client_certificate_id)


def _guards(snapshot: ApiSnapshot) -> Iterator[ObjectRef]:
    drafted = (snapshot.draft,) if snapshot.draft is not None else ()
    for configuration in (*snapshot.deployments.values(), *drafted):
        for authorizer in configuration.authorizers.values():
            for arn in authorizer.user_pool_arns:
                yield from _ref(ObjectKind.USER_POOL, arn)
            if issuer := _ISSUER.match(authorizer.issuer or ""):
                yield from _ref(ObjectKind.USER_POOL, issuer[1])
            if authorizer.function_arn:
                yield from _ref(ObjectKind.FUNCTION, authorizer.function_arn)


def _keys(snapshot: ApiSnapshot) -> Iterator[ObjectRef]:
    if snapshot.usage_plans is not None:
        yield ObjectRef(kind=ObjectKind.USAGE_PLAN, id=_NEW)
    for plan in snapshot.usage_plans or ():
        yield from _ref(ObjectKind.USAGE_PLAN, plan.plan_id)
        for key in plan.keys or ():
            yield from _ref(ObjectKind.API_KEY, key.key_id)


def _endpoints(request: Json, effect: Effect) -> tuple[ObjectRef, ...]:
    if effect.object_at:
        found = [id_ for one in texts(request) for id_ in _VPC_ENDPOINT.findall(one)]
        if refs := tuple(_refs(ObjectKind.VPC_ENDPOINT, found))[: MAX_NAMED + 1]:
            return refs if len(refs) <= MAX_NAMED else (ObjectRef(kind=ObjectKind.VPC_ENDPOINT),)
    return (ObjectRef(kind=ObjectKind.VPC_ENDPOINT),)


def _shared_domains(request: Json) -> tuple[ObjectRef, ...]:
    arns = [one for one in texts(request) if ":/domainnames/" in one]
    refs = dict.fromkeys(ref for arn in arns for ref in _ref(ObjectKind.DOMAIN, arn))
    return tuple(refs) if 0 < len(refs) <= MAX_NAMED else (ObjectRef(kind=ObjectKind.DOMAIN),)


def _names_others(request: Json) -> bool:
    arns = [one for one in texts(request) if one.startswith("arn:") and ":ram:" not in one]
    return bool(arns) and not any(":/domainnames/" in arn for arn in arns)


def _ref(kind: ObjectKind, named: str) -> tuple[ObjectRef, ...]:
    """The object that a name, id or ARN names; () if it can be none."""
    if kind is ObjectKind.DOMAIN and named.startswith("arn:"):
        return _of_path(named.partition(":/")[2])
    id_ = named
    if kind is ObjectKind.FUNCTION:
        id_ = _function_name(named)
    elif named.startswith("arn:"):
        id_ = named.rpartition("/")[2]
    return (ObjectRef(kind=kind, id=id_),) if 0 < len(id_) <= MAX_ID else ()


def _refs(kind: ObjectKind, ids: Iterable[str]) -> Iterator[ObjectRef]:
    for id_ in dict.fromkeys(ids):
        yield from _ref(kind, id_)


def _of_path(path: str) -> tuple[ObjectRef, ...]:
    """`domainnames/NAME+ID`, `usageplans/ID/...`, as the ARNs of API Gateway end.

    Source: Service Authorization Reference, "Resource types defined by Amazon API Gateway
    Management".
    """
    collection, _, rest = path.partition("/")
    kind = _COLLECTIONS.get(collection)
    if kind is None:
        return ()
    parts = rest.split("/")
    if collection == "domainnameaccessassociations":
        # domainname/NAME/vpcesource/vpce-1
        name = parts[1] if len(parts) > 1 else ""
    else:
        name = parts[0]
    if kind is ObjectKind.DOMAIN:
        name = name.partition("+")[0]
    return (ObjectRef(kind=kind, id=name),) if 0 < len(name) <= MAX_ID else ()


def _function_name(named: str) -> str:
    """`NAME`, `NAME:ALIAS`, `123456789012:function:NAME` or the whole ARN, qualified or not."""
    behind = named.rpartition("function:")[2]
    return behind.partition(":")[0]


def tagged_object(arn: str) -> tuple[ObjectRef, ...]:
    """What a tag was put on; () for an API or a stage, which the ARN names itself."""
    return _of_path(unquote(text(arn)).partition(":/")[2])
