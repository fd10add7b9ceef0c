"""A custom domain accepts TLS versions that are broken, or that the organisation does not want."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.rule import CannotTell, Parameter, Problem, Rule, RuleInput, saw

ID = "domain-weak-tls"

_WEAK = frozenset({"TLS_1_0"})


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    domains = given.snapshot.custom_domains
    if domains is None:
        yield CannotTell(why="the custom domains were not read", live=True)
        return
    wanted = given.parameters["allowed_policies"]
    for domain in domains:
        policy = domain.security_policy
        if policy is None:
            yield CannotTell(why=f"the TLS policy of {domain.domain_name} was not told", live=True)
        elif policy in _WEAK or (isinstance(wanted, tuple) and wanted and policy not in wanted):
            yield Problem(
                title=f"{domain.domain_name} accepts the TLS policy {policy}",
                severity=Severity.MEDIUM if policy in _WEAK else Severity.LOW,
                because=(saw(domain.domain_name, "TLS policy", policy),),
            )


RULE = Rule(
    id=ID,
    title="A custom domain accepts weak TLS",
    severity=Severity.MEDIUM,
    attacker_view="Talks a client down to a version of TLS that can be read or changed on the way.",
    fix="Choose TLS_1_2 or a later policy; the access log's $context.tlsVersion tells who minds.",
    check=_check,
    rests_on=frozenset({Unknown.DOORS, Unknown.MAPPINGS}),
    controls=("FSBP APIGateway.11", "NIST 800-53 SC-8", "PCI DSS v4.0.1 4.2.1"),
    remediations=("raise-tls-policy",),
    parameters={
        "allowed_policies": Parameter(
            default=(),
            about=(
                "The TLS policies a domain may have, as AWS calls them; empty: every one but "
                "TLS_1_0. Security Hub wants one of SecurityPolicy_TLS13_1_3_2025_09, "
                "SecurityPolicy_TLS13_1_3_FIPS_2025_09, SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09, "
                "SecurityPolicy_TLS13_2025_EDGE and SecurityPolicy_TLS12_PFS_2025_EDGE, which "
                "neither mutual TLS nor HTTP APIs can be used with."
            ),
        ),
    },
)
