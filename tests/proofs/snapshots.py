"""What a snapshot can say and a question cannot, for the case files: `snapshot` of a case is a
patch of the snapshot that its question makes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from monitor.model.api import (
    ApiSnapshot,
    Authorizer,
    AuthorizerKind,
    Configuration,
    CustomDomain,
    DomainMapping,
    EndpointType,
    PolicySource,
    ResourcePolicy,
    VpcEndpoint,
)

_PLAIN = ("disable_default_endpoint", "api_key_source")
_STAGE = ("web_acl_arn", "web_acl", "has_usage_plan", "deployment_id", "canary_deployment_id")


def patched(snapshot: ApiSnapshot, patch: Mapping[str, Any]) -> ApiSnapshot:
    changes: dict[str, Any] = {key: patch[key] for key in _PLAIN if key in patch}
    if "endpoint_types" in patch:
        changes["endpoint_types"] = tuple(map(EndpointType, patch["endpoint_types"]))
    if "custom_domains" in patch:
        changes["custom_domains"] = _each(_domain, patch["custom_domains"])
    if "vpc_endpoints" in patch:
        changes["vpc_endpoints"] = _each(_endpoint, patch["vpc_endpoints"])
    if "stage" in patch:
        stage = {key: patch["stage"][key] for key in _STAGE if key in patch["stage"]}
        changes["stages"] = tuple(replace(one, **stage) for one in snapshot.stages)
    live = next(iter(snapshot.deployments))
    configuration = _configuration(snapshot.deployments[live], patch)
    changes["deployments"] = {live: configuration}
    if "canary" in patch:
        changes["deployments"]["canary"] = _configuration(configuration, patch["canary"])
    return replace(snapshot, **changes)


def _each(make: Any, raw: list[Any] | None) -> tuple[Any, ...] | None:
    return None if raw is None else tuple(map(make, raw))


def _configuration(configuration: Configuration, patch: Mapping[str, Any]) -> Configuration:
    if "authorizer" in patch:
        raw = dict(patch["authorizer"])
        kind = AuthorizerKind(raw.pop("kind")) if raw.get("kind") else raw.pop("kind", None)
        sources = tuple(raw.pop("identity_sources", ()))
        changed = {
            key: Authorizer(authorizer_id=key, kind=kind, identity_sources=sources, **raw)
            for key in configuration.authorizers
        }
        configuration = replace(configuration, authorizers=changed)
    if "policies" in patch:
        configuration = replace(configuration, policies=tuple(map(_policy, patch["policies"])))
    if "routes" in patch:
        configuration = replace(configuration, routes=patch["routes"])
    if "route" in patch:
        routes = tuple(replace(one, **patch["route"]) for one in configuration.routes or ())
        configuration = replace(configuration, routes=routes)
    return configuration


def _policy(document: Any) -> ResourcePolicy:
    text = None if document is None else json.dumps(document)
    return ResourcePolicy(text=text, source=PolicySource.SAVED)


def _endpoint(raw: Mapping[str, Any]) -> VpcEndpoint:
    policy = _policy(raw["policy"]) if "policy" in raw else None
    return VpcEndpoint(vpc_endpoint_id=raw["id"], vpc_id=raw["vpc"], policy=policy)


def _domain(raw: Mapping[str, Any]) -> CustomDomain:
    associations = raw.get("access_associations")
    return CustomDomain(
        domain_name=raw["domain_name"],
        endpoint_type=EndpointType(raw["endpoint_type"]),
        mappings=(DomainMapping(stage="prod"),),
        policy=_policy(raw["policy"]) if "policy" in raw else None,
        access_associations=None if associations is None else tuple(associations),
    )
