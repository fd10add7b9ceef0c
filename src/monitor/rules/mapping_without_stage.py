"""A custom domain lets the caller name the stage, or leads to a stage that is not there."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.api import CustomDomain, DomainMapping
from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, saw

ID = "mapping-without-stage"


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    domains = given.snapshot.custom_domains
    if domains is None:
        yield CannotTell(why="the custom domains were not read", live=True)
        return
    stages = {stage.name for stage in given.snapshot.stages}
    for domain in domains:
        for mapping in domain.mappings:
            if not mapping.stage and len(stages) > 1:
                yield _problem(domain, mapping, f"the caller chooses among {len(stages)} stages")
            elif mapping.stage and mapping.stage not in stages:
                yield _problem(domain, mapping, f"there is no stage {mapping.stage}")


def _problem(domain: CustomDomain, mapping: DomainMapping, what: str) -> Problem:
    place = f"{domain.domain_name}/{mapping.base_path}"
    return Problem(title=f"at {place} {what}", because=(saw(place, "mapping", what),))


RULE = Rule(
    id=ID,
    title="A mapping names no stage that is there",
    severity=Severity.LOW,
    attacker_view=(
        "Reaches a forgotten test stage under the name that everybody trusts, by its name in the "
        "path; or waits until somebody makes a stage that is published by its name alone."
    ),
    fix="Name the stage in the mapping, and delete mappings that lead nowhere.",
    check=_check,
    rests_on=frozenset({Unknown.DOORS, Unknown.MAPPINGS}),
    controls=("NIST 800-53 CM-7",),
)
