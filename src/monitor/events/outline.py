"""A snapshot in outline, and what differs between two outlines, in words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from monitor.model.access import ApiAccess
from monitor.model.api import ApiSnapshot, Configuration, CustomDomain, ResourcePolicy, Route, Stage
from monitor.model.outline import UNREAD, Outline, ServedOutline, StageOutline

MAX_DIFFERENCES = 8

_NOT_THERE = "none"


def outline(snapshot: ApiSnapshot, access: ApiAccess) -> Outline:
    """What is kept of a look, to be compared with the next."""
    scopes = {stage.stage: stage.live.scope.value for stage in access.stages}
    return Outline(
        settings=dict(_settings(snapshot)),
        stages={
            stage.name: StageOutline(
                scope=scopes.get(stage.name, "unknown"),
                deployment_id=stage.deployment_id or "",
                settings=dict(_stage_settings(stage)),
            )
            for stage in snapshot.stages
        },
        served={id_: _served(found) for id_, found in snapshot.deployments.items()},
        draft=_served(snapshot.draft) if snapshot.draft is not None else ServedOutline(),
    )


def differences(before: Outline, after: Outline) -> tuple[str, ...]:
    """What somebody changed between two looks, what is live first. What was not read both times
    tells nothing."""
    found = list(dict.fromkeys(_differences(before, after)))
    more = len(found) - MAX_DIFFERENCES
    return (*found[:MAX_DIFFERENCES], *([f"and {more} more"] if more > 0 else []))


def access_changes(before: Outline, after: Outline) -> tuple[str, ...]:
    """Who could call each stage before, and can now: `prod: own-account -> internet`."""
    names = dict.fromkeys((*before.stages, *after.stages))
    scopes = ((name, _scope(before, name), _scope(after, name)) for name in names)
    return tuple(f"{name}: {old} -> {new}" for name, old, new in scopes if old != new)


def _scope(found: Outline, stage: str) -> str:
    return found.stages[stage].scope if stage in found.stages else _NOT_THERE


def _differences(before: Outline, after: Outline) -> Iterator[str]:
    live: set[str] = set()
    for name in dict.fromkeys((*before.stages, *after.stages)):
        for edit in _stage_differences(name, before, after):
            live.add(edit)
            yield (
                f"stage {name}: {edit}" if name in before.stages and name in after.stages else edit
            )
    yield from _values(before.settings, after.settings)
    # What was edited and published between two looks is told once.
    drafted = (edit for edit in _between(before.draft, after.draft) if edit not in live)
    yield from (f"draft: {edit}" for edit in drafted)


def _stage_differences(name: str, before: Outline, after: Outline) -> Iterator[str]:
    old, new = before.stages.get(name), after.stages.get(name)
    if old is None or new is None:
        yield f"stage {name} {'created' if old is None else 'deleted'}"
        return
    yield from _values(old.settings, new.settings)
    was = before.served.get(old.deployment_id, ServedOutline())
    now = after.served.get(new.deployment_id, ServedOutline())
    edits = list(_between(was, now))
    if old.deployment_id != new.deployment_id and not edits:
        yield f"deployment {old.deployment_id or _NOT_THERE} -> {new.deployment_id}"
    yield from edits


def _between(old: ServedOutline, new: ServedOutline) -> Iterator[str]:
    if old.policy is not None and new.policy is not None and old.policy != new.policy:
        yield f"resource policy {_became(old.policy, new.policy)}"
    if old.routes is not None and new.routes is not None:
        yield from _values(old.routes, new.routes)


def _became(old: str, new: str) -> str:
    if _NOT_THERE in (old, new):
        return "attached" if old == _NOT_THERE else "removed"
    return "changed"


def _values(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name in dict.fromkeys((*old, *new)):
        was, now = old.get(name, _NOT_THERE), new.get(name, _NOT_THERE)
        if was != now and UNREAD not in (was, now):
            yield f"{name} {was} -> {now}"


def _served(found: Configuration) -> ServedOutline:
    routes = None
    if found.routes is not None:
        routes = {route.key: _guard(route) for route in found.routes}
    policies = {_digest(policy) for policy in found.policies}
    return ServedOutline(
        routes=routes,
        # Where several may be in force nobody can say which one it was.
        policy=policies.pop() if len(policies) == 1 else None,
    )


def _guard(route: Route) -> str:
    kind = route.authorization.value if route.authorization is not None else UNREAD
    parts = [f"authorization {kind}"]
    if route.authorizer_id:
        parts.append(f"authorizer {route.authorizer_id}")
    if route.api_key_required:
        parts.append("with a key")
    if route.scopes:
        parts.append(f"scopes {' '.join(route.scopes)}")
    return UNREAD if kind == UNREAD else ", ".join(parts)


def _digest(policy: ResourcePolicy) -> str:
    if policy.text is None:
        return _NOT_THERE
    return hashlib.sha256(policy.text.encode()).hexdigest()[:12]


def _settings(snapshot: ApiSnapshot) -> Iterator[tuple[str, str]]:
    types = "+".join(sorted(one.value for one in snapshot.endpoint_types))
    yield "endpoint", types or UNREAD
    yield "addresses", snapshot.ip_address_type.value
    yield "default endpoint", "disabled" if snapshot.disable_default_endpoint else "enabled"
    if snapshot.vpc_endpoint_ids:
        yield "VPC endpoints", " ".join(sorted(snapshot.vpc_endpoint_ids))
    if snapshot.custom_domains is None:
        yield "custom domains", UNREAD
    for domain in snapshot.custom_domains or ():
        yield f"domain {domain.domain_name}", _domain(domain)
    for pool in snapshot.user_pools.values():
        if pool.self_sign_up is not None:
            who = "anyone" if pool.self_sign_up else "administrators"
            yield f"sign-up to {pool.arn.rpartition('/')[2]}", who
    for endpoint in snapshot.vpc_endpoints or ():
        policy = endpoint.policy
        yield f"policy of {endpoint.vpc_endpoint_id}", _digest(policy) if policy else UNREAD


def _domain(domain: CustomDomain) -> str:
    places = sorted(f"/{one.base_path} to {one.stage or 'any stage'}" for one in domain.mappings)
    mutual = " with mutual TLS" if domain.mutual_tls else ""
    return f"{domain.endpoint_type.value}{mutual}: {', '.join(places) or 'nowhere'}"


def _stage_settings(stage: Stage) -> Iterator[tuple[str, str]]:
    if stage.canary_deployment_id:
        yield "canary", f"{stage.canary_deployment_id} for {stage.canary_percent:g} %"
    if stage.web_acl_arn:
        yield "web ACL", _web_acl(stage)
    if stage.has_usage_plan is not None:
        yield "usage plan", "yes" if stage.has_usage_plan else _NOT_THERE


def _web_acl(stage: Stage) -> str:
    name = "/".join((stage.web_acl_arn or "").split("/")[-2:])
    if stage.web_acl is None:
        return UNREAD
    rules = repr(stage.web_acl.rules).encode()
    return f"{name} ({stage.web_acl.default_action}, {hashlib.sha256(rules).hexdigest()[:6]})"
