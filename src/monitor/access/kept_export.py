"""How long a kept export can be trusted, and which resource policies may be in force by it.

AWS calls a deployment "an immutable representation" of an API, so what its export says of methods
and authorizers stands for ever. It does not say whether the *policy* of an export is the deployed
or the saved one. So the exported policy counts as deployed if it differs from the saved one, or as
long as no other saved policy was seen since; else every policy seen since is possible, and the
engine judges the widest. Sources: API Gateway developer guide, "Update and maintain REST APIs";
API reference, "Deployment", "GetExport".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from monitor.iampolicy.json_text import JsonObject, Malformed, parse_policy_text
from monitor.model.api import Configuration, PolicySource, ResourcePolicy
from monitor.model.kept_export import KeptExport


def keep(
    exported: Configuration,
    *,
    saved: ResourcePolicy,
    stage_version: str,
    reading: int,
    before: KeptExport | None = None,
) -> KeptExport:
    """What to keep of an export that was just read; `before` is what was kept of it until now."""
    seen = distinct([*(before.seen if before else ()), *exported.policies, saved])
    policies = exported.policies
    is_deployed = len(policies) == 1 and not same_policy(policies[0], saved)
    return KeptExport(
        configuration=exported if is_deployed else replace(exported, policies=seen),
        seen=seen,
        policy_is_deployed=is_deployed,
        stage_version=stage_version,
        reading=reading,
    )


def still_holds(
    kept: KeptExport, *, saved: ResourcePolicy, stage_version: str, reading: int
) -> bool:
    """Whether reading the export again could not tell more."""
    if kept.reading != reading:
        return False
    if not kept.is_confirmed and kept.stage_version != stage_version:
        return False
    is_saved = any(same_policy(policy, saved) for policy in kept.configuration.policies)
    if kept.policy_is_deployed:
        # The saved policy may have changed between its read and the export's: then the exported
        # one is not proven, and it meets us here as the saved one.
        return kept.is_confirmed or not is_saved
    return is_saved


def widened(kept: KeptExport, saved: ResourcePolicy) -> Configuration:
    """What may be in force by a kept export that cannot be read again."""
    if kept.policy_is_deployed:
        return kept.configuration
    return replace(kept.configuration, policies=distinct([*kept.seen, saved]))


def distinct(policies: Iterable[ResourcePolicy]) -> tuple[ResourcePolicy, ...]:
    """Each policy once. Of two that say the same, the exported one stands."""
    found: list[ResourcePolicy] = []
    ordered = sorted(policies, key=lambda policy: policy.source is not PolicySource.EXPORT)
    for policy in ordered:
        if not any(same_policy(policy, other) for other in found):
            found.append(policy)
    return tuple(found)


def same_policy(one: ResourcePolicy, other: ResourcePolicy) -> bool:
    """Whether two texts are the same policy, however they were escaped, ordered or indented."""
    if one.text == other.text:
        return True
    if one.text is None or other.text is None:
        return False
    parsed = parse_policy_text(one.text), parse_policy_text(other.text)
    if any(isinstance(document, Malformed) for document in parsed):
        return False
    return _normal(parsed[0]) == _normal(parsed[1])


def _normal(value: object) -> object:
    """Lists as sets, a list of one as its member, `"*"` as a principal as `{"AWS": "*"}`."""
    if isinstance(value, JsonObject) and value.duplicate is not None:
        return repr(value.pairs)
    if isinstance(value, Mapping):
        return tuple(sorted((key, _member(key, held)) for key, held in value.items()))
    if isinstance(value, list):
        members = {repr(member): member for member in map(_normal, value)}
        return members.popitem()[1] if len(members) == 1 else tuple(sorted(members))
    return repr(value)


def _member(key: str, value: object) -> str:
    if key in ("Principal", "NotPrincipal") and value == "*":
        value = {"AWS": "*"}
    return str(_normal(value))
