"""A VPC endpoint of the account that leads to the private API lets everything through."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.iampolicy.endpoints import lets_all_through
from monitor.model.api import EndpointType, VpcEndpoint
from monitor.model.callers import CallerNetwork
from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.places import WHAT_IS_LIVE
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, saw


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    snapshot = given.snapshot
    if snapshot.endpoint_types and EndpointType.PRIVATE not in snapshot.endpoint_types:
        return
    if snapshot.vpc_endpoints is None:
        yield CannotTell(why="the account's VPC endpoints were not read")
        return
    for stage in given.access.stages:
        leading = [one for one in snapshot.vpc_endpoints if _leads(given, stage.stage, one)]
        told = {one: _is_open(given, one) for one in leading}
        opened = [one.vpc_endpoint_id for one, answer in told.items() if answer]
        if None in told.values():
            yield CannotTell(why="an endpoint policy was not read", stage=stage.stage, live=True)
        if opened:
            yield Problem(
                title=(
                    f"the policy of {_listed(opened)} lets anybody call any API "
                    f"(stage {stage.stage})"
                ),
                stage=stage.stage,
                because=tuple(
                    saw(one, "endpoint policy", "allows everyone everything") for one in opened
                ),
            )


def _is_open(given: RuleInput, endpoint: VpcEndpoint) -> bool | None:
    if endpoint.policy is None:
        return None
    return lets_all_through(endpoint.policy.text, given.snapshot.api)


def _leads(given: RuleInput, stage: str, endpoint: VpcEndpoint) -> bool:
    """Whether the API takes calls through the endpoint; if not, its policy is no concern of it."""
    return any(
        box.network is CallerNetwork.VPC_ENDPOINT
        and endpoint.vpc_endpoint_id in box.endpoints
        and endpoint.vpc_id in box.vpcs
        for one in given.access.stages
        if one.stage == stage
        for access in one.live_routes
        for box in access.callers.boxes
    )


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


RULE = Rule(
    id="endpoint-policy-open",
    title="The VPC endpoint before a private API lets everything through",
    severity=Severity.LOW,
    attacker_view=(
        "From a machine inside the VPC, carries data out through the endpoint to an API of theirs."
    ),
    fix=(
        "Give the endpoint a policy that names the APIs or the accounts behind it (a Resource, or "
        "aws:ResourceOrgID) and who may call (aws:PrincipalOrgID)."
    ),
    check=_check,
    rests_on=WHAT_IS_LIVE | {Unknown.VPC_ENDPOINTS},
    controls=("NIST 800-53 AC-4", "NIST 800-53 SC-7", "PCI DSS v4.0.1 1.3.2"),
    remediations=("tighten-endpoint-policy",),
)
