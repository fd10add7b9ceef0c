"""A stage shows its HTTP backends no certificate, so they cannot tell who calls."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.api import ApiType, Route
from monitor.model.behind import IntegrationKind
from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, routes_where, saw

ID = "stage-client-certificate-missing"


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    if given.snapshot.api_type is not ApiType.REST:
        return  # HTTP APIs have none
    for stage in given.snapshot.stages:
        if stage.client_certificate_id:
            continue
        for found in routes_where(given, stage, _has_http_backend):
            if isinstance(found, CannotTell):
                yield found
                continue
            live, routes = found
            yield Problem(
                title=f"stage {stage.name} calls HTTP backends without a client certificate",
                stage=stage.name,
                live=live,
                routes=routes,
                because=(saw(f"stage {stage.name}", "client certificate", "none"),),
            )


def _has_http_backend(route: Route) -> bool | None:
    """Functions and AWS services check a signature instead."""
    if route.integration is None or route.integration.kind is None:
        return None
    return route.integration.kind is IntegrationKind.HTTP


RULE = Rule(
    id=ID,
    title="HTTP backends cannot tell that the gateway calls",
    severity=Severity.INFO,
    attacker_view="Calls the backend past the gateway, and past all that the gateway asks for.",
    fix=(
        "Generate a client certificate, set it on the stage, and let the backend refuse calls "
        "without it. Where the backend checks something else of the gateway, waive this."
    ),
    check=_check,
    rests_on=frozenset({Unknown.LIVE_ROUTES, Unknown.LIVE_GUARDS, Unknown.DRAFT_ROUTES}),
    controls=(
        "FSBP APIGateway.2",
        "NIST 800-53 AC-17(2)",
        "NIST 800-53 AC-4",
        "NIST 800-53 IA-5(1)",
        "NIST 800-53 SC-12(3)",
        "NIST 800-53 SC-13",
        "NIST 800-53 SC-23",
        "NIST 800-53 SC-23(3)",
        "NIST 800-53 SC-7(4)",
        "NIST 800-53 SC-8",
        "NIST 800-53 SC-8(1)",
        "NIST 800-53 SC-8(2)",
        "NIST 800-53 SI-7(6)",
    ),
)
