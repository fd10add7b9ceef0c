"""The resource policy holds something that AWS refuses, or that does not say what was meant.

Source: IAM user guide, "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

from collections.abc import Iterator

from monitor.iampolicy.faults import faults
from monitor.iampolicy.intent import documents
from monitor.model.api import ApiType
from monitor.model.finding import Severity
from monitor.model.places import WHAT_IS_LIVE, Flaw, Place, Unclear, at_each_place
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, saw

SAID = {
    "not-json": "it is not JSON",
    "not-an-object": "something else than an object stands there",
    "duplicate-key": "a key stands there twice, and readers differ on which one counts",
    "too-large": "it is larger than any policy that AWS takes",
    "too-deep": "it is nested deeper than any policy that AWS takes",
    "unknown-version": "its Version is none that AWS knows",
    "missing": "something that has to be there is missing",
    "unknown-element": "an element of that name does not exist",
    "contradiction": "an element and its Not form stand side by side",
    "unknown-effect": "its Effect is neither Allow nor Deny",
    "unknown-principal-type": "a kind of principal of that name does not exist",
    "bare-principal": "a principal stands there without its kind",
    "not-text": "something else than text stands there",
    "grants-nothing": "a statement lacks a part and so says nothing",
    "unknown-operator": "a condition operator of that name does not exist",
    "key-spelled-twice": "a condition key stands there in two spellings",
    "no-address": "the value is no address",
    "no-number": "the value is no number",
    "no-date": "the value is no date",
    "address-as-text": "an address block is compared as text, so that no address matches it",
    "partial-principal": "a part of a principal's ARN holds a wildcard, so that it matches nobody",
}


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    if given.snapshot.api_type is ApiType.REST:
        yield from at_each_place(given, _look)


def _look(place: Place) -> Iterator[Flaw | Unclear]:
    for configuration in place.configurations:
        if not configuration.policies:
            yield Unclear(why="the resource policy was not read")
        for document in documents(configuration):
            for code, where, detail in faults(document) if document else ():
                spot = f"policy.{where}" if where else "policy"
                yield Flaw(
                    title=f"the resource policy is faulty at `{spot}`: {SAID[code]}",
                    because=(saw(spot, SAID[code], detail),),
                )


RULE = Rule(
    id="policy-malformed",
    title="The resource policy is malformed",
    severity=Severity.MEDIUM,
    attacker_view="A Deny that AWS does not read as it was meant keeps nobody out.",
    fix="Correct the statement at the place that is named, and deploy.",
    check=_check,
    rests_on=WHAT_IS_LIVE,
    controls=("NIST 800-53 AC-3", "NIST 800-53 CM-6"),
    remediations=("restrict-policy", "rollback-stage"),
)
