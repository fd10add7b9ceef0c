"""Make the smallest change of the resource policy that the engine proves to be enough."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Any

from monitor.iampolicy.json_text import Malformed, parse_policy_text
from monitor.model.addresses import EVERYWHERE
from monitor.model.api import ApiSnapshot, Configuration, PolicySource, ResourcePolicy
from monitor.model.callers import CallerNetwork
from remediators.changes import step
from remediators.plan import Goal, Image, Kind, canonical, ref
from remediators.publishing import plain_policy, publish
from remediators.situation import Action, Proposal, Refuse, Situation

MAX_CHARACTERS = 8192
"""Source: API Gateway developer guide, "Quotas for configuring and running a REST API"."""
MAX_KEPT = 20

Statement = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """`size`: how many statements it adds or takes away."""

    text: str
    said: str
    size: int


def _propose(given: Situation) -> Proposal:
    if not given.is_rest:
        raise Refuse("HTTP and WebSocket APIs have no resource policy")
    image = given.image(Kind.REST_API, given.api_id)
    chosen = _smallest(given, image)
    edit = step(
        ref(Kind.REST_API, given.api_id),
        image,
        {**image, "policy": chosen.text},
        key="policy",
        title=f"save a resource policy: {chosen.said}",
        undo="save the resource policy that was there before",
        acts_at_once=False,
    )
    return Proposal(
        summary=f"resource policy: {chosen.said}",
        goal=Goal.COMPLIANT,
        steps=publish(given, (edit,), guards=()),
        loses=("callers whom the org policy does not allow, and whom the policy let in",),
        shared=tuple(
            f"stage {one.name}, at its next deployment"
            for one in given.snapshot.stages
            if one.name != given.stage.name
        ),
    )


def _smallest(given: Situation, image: Image) -> _Candidate:
    """Of the candidates that the engine proves, the one that changes the fewest statements.

    Raises Needs, and Refuse with the reason why the best one is not enough.
    """
    reasons: list[str] = []
    for candidate in sorted(_candidates(given, image), key=lambda one: one.size):
        if len(candidate.text) > MAX_CHARACTERS:
            continue
        judged = given.judge(_with_policy(given, candidate.text))
        if judged.compliant:
            return candidate
        reasons.append(judged.because)
    raise Refuse(
        f"no change of the resource policy is proven to be enough; at best {reasons[0]}"
        if reasons
        else "there is no change of the resource policy to try: give `cidrs`, `vpces` or `accounts`"
    )


def _with_policy(given: Situation, text: str) -> ApiSnapshot:
    """The API as if the stage served its methods of now under another policy."""
    policy = ResourcePolicy(text=text, source=PolicySource.SAVED)
    live: Configuration = replace(given.live, policies=(policy,))
    deployment = given.stage.deployment_id or ""
    return replace(given.snapshot, deployments={**given.snapshot.deployments, deployment: live})


def _candidates(given: Situation, image: Image) -> Iterator[_Candidate]:
    text = image.get("policy")
    document = _document(text)
    statements = _statements(document)
    yield from _fenced(given, document, statements)
    for number, one in enumerate(statements):
        if one.get("Effect") == "Allow" and len(statements) > 1:
            left = [each for place, each in enumerate(statements) if place != number]
            yield _candidate(document, left, f"take away statement {number + 1}", 1)
    yield from _earlier(given, statements)
    yield _own_account(given, document, statements)


def _document(text: str | None) -> dict[str, Any]:
    if not text:
        return {"Version": "2012-10-17", "Statement": [_allow_all()]}
    parsed = parse_policy_text(text)
    if isinstance(parsed, Malformed) or not isinstance(parsed, dict):
        raise Refuse("the saved resource policy cannot be understood, so it cannot be changed")
    found: dict[str, Any] = json.loads(canonical(parsed))
    return found


def _statements(document: dict[str, Any]) -> list[Statement]:
    found = document.get("Statement")
    return list(found) if isinstance(found, list) else [found] if isinstance(found, dict) else []


def _fenced(
    given: Situation, document: dict[str, Any], statements: list[Statement]
) -> Iterator[_Candidate]:
    """A Deny for all but the networks, endpoints and accounts that were asked for, or else that the
    org policy allows."""
    cidrs, vpces, accounts = (given.texts(name) for name in ("cidrs", "vpces", "accounts"))
    if not (cidrs or vpces or accounts):
        cidrs, vpces, accounts = _allowed(given)
    condition: dict[str, Any] = {}
    if cidrs:
        _refuse_unless_networks(cidrs)
        condition["NotIpAddress"] = {"aws:SourceIp": list(cidrs)}
    others = {"aws:SourceVpce": vpces, "aws:PrincipalAccount": accounts}
    if equal := {key: list(values) for key, values in others.items() if values}:
        condition["StringNotEquals"] = equal
    if condition:
        who = ", ".join((*cidrs, *vpces, *accounts))
        yield _candidate(document, [*statements, _deny(condition)], f"deny all but {who}", 1)


def _allowed(given: Situation) -> tuple[tuple[str, ...], ...]:
    """Networks, VPC endpoints and accounts that the org policy lets in without a token, a key or a
    certificate. Whether a Deny for all others is enough, the engine decides."""
    boxes = given.judge(given.snapshot).allowed
    cidrs: list[str] = []
    vpces: set[str] = set()
    accounts: set[str] = set()
    for box in boxes.boxes if boxes is not None else ():
        if box.credentials:
            continue
        named = {one.account for one in box.principals}
        if None not in named:
            accounts |= {one for one in named if one is not None}
        elif box.network is CallerNetwork.VPC_ENDPOINT and not box.endpoints.excluded:
            vpces |= box.endpoints.names
        elif box.network is CallerNetwork.INTERNET and box.addresses != EVERYWHERE:
            cidrs += box.addresses.cidrs()
    return tuple(dict.fromkeys(cidrs)), tuple(sorted(vpces)), tuple(sorted(accounts))


def _refuse_unless_networks(cidrs: tuple[str, ...]) -> None:
    for one in cidrs:
        try:
            ip_network(one, strict=False)
        except ValueError as error:
            raise Refuse(f"`{one}` is no network") from error


def _earlier(given: Situation, statements: list[Statement]) -> Iterator[_Candidate]:
    """Policies that were seen on this API before."""
    listed = given.image(Kind.REST_DEPLOYMENTS, given.api_id)["deployments"]
    newest = sorted(listed, key=lambda one: str(one["created"]), reverse=True)[:MAX_KEPT]
    for one in newest:
        kept = given.kept_export(one["id"])
        for policy in kept.seen if kept else ():
            text = plain_policy(policy.text)
            if text is None:
                continue
            then = {canonical(each) for each in _statements(json.loads(text))}
            now = {canonical(each) for each in statements}
            said = f"go back to the policy of deployment {one['id']}"
            yield _Candidate(text=text, said=said, size=len(then ^ now))


def _own_account(
    given: Situation, document: dict[str, Any], statements: list[Statement]
) -> _Candidate:
    """The last resort: nobody but the account that owns the API."""
    mine = {"StringNotEquals": {"aws:PrincipalAccount": [given.snapshot.api.account_id]}}
    said = "deny everybody outside of this account"
    return replace(_candidate(document, [*statements, _deny(mine)], said, 1), size=1000)


def _candidate(
    document: dict[str, Any], statements: list[Statement], said: str, size: int
) -> _Candidate:
    return _Candidate(text=json.dumps({**document, "Statement": statements}), said=said, size=size)


def _allow_all() -> Statement:
    return {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "execute-api:Invoke",
        "Resource": "execute-api:/*",
    }


def _deny(condition: dict[str, Any]) -> Statement:
    return {**_allow_all(), "Effect": "Deny", "Condition": condition}


ACTION = Action(
    id="restrict-policy",
    title="Restrict the resource policy",
    changes="The API's resource policy: the fewest statements that the engine proves to be enough, "
    "then a deployment to the stage.",
    blast="Every route of the stage; other stages at their next deployment.",
    at_once="With the deployment that the plan makes, and only if nothing else was drafted.",
    idempotence="Saving the same policy again changes nothing; the deployment is found by its mark "
    "and made once.",
    refuses=(
        "The API has no resource policies (HTTP, WebSocket); no change is proven to "
        "be enough; the draft holds anything else that nobody published; the stage "
        "serves a canary."
    ),
    inverse="The stage is pointed back, the plan's deployment deleted, the old policy saved.",
    writes=(
        "apigateway:UpdateRestApi",
        "apigateway:CreateDeployment",
        "apigateway:DeleteDeployment",
        "apigateway:UpdateStage",
        "apigateway:FlushStageAuthorizersCache",
    ),
    parameters={
        "cidrs": "networks that keep access",
        "vpces": "VPC endpoints that keep access",
        "accounts": "AWS accounts whose signed calls keep access",
    },
    propose=_propose,
)
