"""Let a VPC endpoint lead to APIs of this account only, and for the accounts named only."""

from __future__ import annotations

import json
from typing import Any

from remediators.changes import step
from remediators.plan import Kind, ref
from remediators.publishing import plain_policy
from remediators.situation import Action, Proposal, Refuse, Situation


def _propose(given: Situation) -> Proposal:
    known = {one.vpc_endpoint_id for one in given.snapshot.vpc_endpoints or ()}
    wanted = given.text("endpoint") or (next(iter(known)) if len(known) == 1 else "")
    if wanted not in known:
        raise Refuse(f"give the parameter `endpoint`, one of {', '.join(sorted(known)) or 'none'}")
    image = given.image(Kind.VPC_ENDPOINT, wanted)
    text = json.dumps(_policy(given))
    if plain_policy(image.get("PolicyDocument")) == plain_policy(text):
        raise Refuse(f"endpoint {wanted} has that policy already")
    accounts = given.texts("accounts")
    return Proposal(
        summary=f"let VPC endpoint {wanted} lead to APIs of this account only",
        goal=given.goal,
        steps=(
            step(
                ref(Kind.VPC_ENDPOINT, wanted),
                image,
                {**image, "PolicyDocument": text},
                key="endpoint",
                title=f"give endpoint {wanted} a policy for APIs of this account",
                undo="give it the policy that it had",
            ),
        ),
        loses=(
            "whoever calls APIs of other accounts through the endpoint",
            *((f"callers of other accounts than {', '.join(accounts)}",) if accounts else ()),
        ),
        shared=(f"every private API that is called through {wanted}",),
        patience_seconds=180,
    )


def _policy(given: Situation) -> dict[str, Any]:
    api = given.snapshot.api
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "execute-api:Invoke",
        "Resource": f"arn:{api.partition}:execute-api:{api.region}:{api.account_id}:*",
    }
    if accounts := given.texts("accounts"):
        statement["Condition"] = {"StringEquals": {"aws:PrincipalAccount": list(accounts)}}
    return {"Version": "2012-10-17", "Statement": [statement]}


ACTION = Action(
    id="tighten-endpoint-policy",
    title="Tighten the policy of a VPC endpoint",
    changes="The policy of an execute-api VPC endpoint of the account.",
    blast="Every private API that is called through the endpoint.",
    at_once="Within minutes.",
    idempotence="Setting it again changes nothing.",
    refuses=("The endpoint is none of this account's that lead to the API."),
    inverse="The endpoint gets the policy that it had; refused if that was changed since.",
    writes=("ec2:ModifyVpcEndpoint",),
    parameters={
        "endpoint": "id of the VPC endpoint; may be left out where there is one only",
        "accounts": "accounts whose signed calls may pass; without it any caller in the VPC",
    },
    propose=_propose,
)
