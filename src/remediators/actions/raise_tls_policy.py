"""Ask for TLS 1.2 on custom domains."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.api import EndpointType
from remediators.changes import step
from remediators.plan import Goal, Kind, Step, ref
from remediators.situation import Action, Proposal, Refuse, Situation

OLD, NEW = "TLS_1_0", "TLS_1_2"


def _propose(given: Situation) -> Proposal:
    steps = tuple(_steps(given))
    if not steps:
        raise Refuse(f"no custom domain of the API takes {OLD}")
    names = [one.object.ids[0] for one in steps]
    return Proposal(
        summary=f"ask for {NEW} on {', '.join(names)}",
        goal=Goal.SETTING,
        steps=steps,
        loses=("clients that speak nothing newer than TLS 1.1",),
        shared=tuple(f"every other API behind {name}" for name in names),
        warnings=("AWS updates a custom domain within minutes, one every 30 seconds",),
        patience_seconds=300,
    )


def _steps(given: Situation) -> Iterator[Step]:
    asked = given.texts("domains")
    for domain in given.snapshot.custom_domains or ():
        name = domain.domain_name
        if domain.endpoint_type is EndpointType.PRIVATE or (asked and name not in asked):
            continue
        image = given.image(Kind.DOMAIN_NAME, name)
        if image.get("securityPolicy") == OLD:
            yield step(
                ref(Kind.DOMAIN_NAME, name),
                image,
                {**image, "securityPolicy": NEW},
                key=f"domain {name}",
                title=f"ask for {NEW} on {name}",
                undo=f"take {OLD} on {name} again",
            )


ACTION = Action(
    id="raise-tls-policy",
    title="Ask for TLS 1.2",
    changes="The TLS policy of custom domains that take TLS 1.0.",
    blast="Every API behind these domains, for clients that speak nothing newer than TLS 1.1.",
    at_once="Within minutes.",
    idempotence="Setting it again changes nothing.",
    refuses=("No custom domain of the API takes TLS 1.0."),
    inverse="The old TLS policy is set.",
    writes=("apigateway:UpdateDomainName",),
    parameters={"domains": "only these custom domains"},
    propose=_propose,
)
