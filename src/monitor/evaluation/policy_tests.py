"""An organisation's own cases for its org policy: an API, and the findings that it must have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from monitor.access.question import Question, snapshot_of
from monitor.evaluation.catalogue import RULES
from monitor.evaluation.evaluate import evaluate
from monitor.model.access import Scope
from monitor.model.finding import Severity, Status, Violation
from monitor.orgpolicy.load import read_document, validated
from monitor.orgpolicy.mistakes import Mistake, suggestion, unknown_keys
from monitor.orgpolicy.schema import OrgPolicy
from monitor.orgpolicy.words import Part, Texts, matches


class ExpectedFinding(Part):
    """A finding; what is not given, may be anything."""

    rule: str = Field(description="Id of the rule.")
    severity: Severity | None = None
    status: Status | None = Field(default=None, description="`open`, `unknown` or `waived`.")
    stage: str | None = None
    live: bool | None = Field(
        default=None, description="True: what is served now; false: after the next deployment."
    )
    scope: Scope | None = None
    routes: tuple[str, ...] | None = Field(default=None, description="All of its routes.")
    policy_class: str | None = Field(default=None, alias="class")
    title: str | None = Field(default=None, description="A part of the finding's title.")


def _plain(value: object) -> object:
    """What YAML reads as a date is text in JSON, such as the version of a resource policy."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value


class PolicyCase(Part):
    name: str = Field(min_length=1, description="What the case shows.")
    why: str = Field(default="", description="For whoever reads the file.")
    question: Annotated[Question, BeforeValidator(_plain)] = Field(
        description="The API, in the shape of a question of `gatewatch explain`."
    )
    api_name: str = Field(default="", description="The API's name.")
    tags: dict[str, str] = Field(default_factory=dict, description="The API's tags.")
    findings: tuple[ExpectedFinding, ...] = Field(
        description="Every finding of the rules that the file is about; `[]` = none."
    )


class PolicyCases(Part):
    """The cases of an org policy."""

    rules: Texts = Field(
        default=("*",), description="Ids (globs) of the rules that the cases are about."
    )
    cases: tuple[PolicyCase, ...] = Field(min_length=1)


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True)


class FoundFinding(_Document):
    rule: str
    severity: Severity
    status: Status
    stage: str
    live: bool
    scope: Scope
    routes: tuple[str, ...]
    policy_class: str = Field(serialization_alias="class")
    title: str


class CaseDocument(_Document):
    """`missing`: expected and not found. `unexpected`: found and not expected."""

    name: str
    passed: bool
    missing: tuple[Mapping[str, Any], ...] = ()
    unexpected: tuple[FoundFinding, ...] = ()


class PolicyTestDocument(_Document):
    schema_: Literal["gatewatch.policy-test/1"] = Field(
        default="gatewatch.policy-test/1", serialization_alias="schema"
    )
    passed: int
    failed: int
    cases: tuple[CaseDocument, ...]


def load_cases(text: str, name: str) -> PolicyCases:
    """YAML or JSON text. Raises monitor.orgpolicy.load.OrgPolicyError with every mistake."""
    document = read_document(text, name, "`cases`, a list of cases")
    return validated(document, PolicyCases, _mistakes(document), name)


def _mistakes(document: Any) -> Iterator[Mistake]:
    ids = [rule.id for rule in RULES]
    schema = Question.model_json_schema()
    cases = document.get("cases")
    for index, case in enumerate(cases if isinstance(cases, list) else ()):
        if not isinstance(case, dict):
            continue
        if isinstance(case.get("question"), dict):
            yield from unknown_keys(document, schema, ("cases", index, "question"))
        findings = case.get("findings")
        for place, one in enumerate(findings if isinstance(findings, list) else ()):
            rule = one.get("rule") if isinstance(one, dict) else None
            if isinstance(rule, str) and rule not in ids:
                way = ("cases", index, "findings", place, "rule")
                yield Mistake(way, f"there is no rule `{rule[:100]}`{suggestion(rule, ids)}")


def run_cases(policy: OrgPolicy, cases: PolicyCases, *, now: datetime) -> PolicyTestDocument:
    """`now`: the time of the cases that name none."""
    results = tuple(_run(policy, case, cases.rules, now) for case in cases.cases)
    passed = sum(one.passed for one in results)
    return PolicyTestDocument(passed=passed, failed=len(results) - passed, cases=results)


def _run(
    policy: OrgPolicy, case: PolicyCase, rules: tuple[str, ...], now: datetime
) -> CaseDocument:
    at = case.question.evaluation_time or now
    snapshot = replace(snapshot_of(case.question, now=at), name=case.api_name, tags=dict(case.tags))
    violations = evaluate(snapshot, policy, now=at).violations
    found = [_found(one) for one in violations if matches(rules, one.rule)]
    missing: list[ExpectedFinding] = []
    # Who says more is served first, so that a vague expectation does not take what it needs.
    for expected in sorted(case.findings, key=lambda one: -len(one.model_fields_set)):
        taken = next((one for one in found if _is_met(expected, one)), None)
        if taken is None:
            missing.append(expected)
        else:
            found.remove(taken)
    return CaseDocument(
        name=case.name,
        passed=not missing and not found,
        missing=tuple(
            one.model_dump(mode="json", by_alias=True, exclude_unset=True) for one in missing
        ),
        unexpected=tuple(found),
    )


def _found(violation: Violation) -> FoundFinding:
    waived = violation.waiver is not None and violation.status is Status.OPEN
    return FoundFinding(
        rule=violation.rule,
        severity=violation.severity,
        status=Status.WAIVED if waived else violation.status,
        stage=violation.stage,
        live=violation.live,
        scope=violation.scope,
        routes=violation.routes,
        policy_class=violation.policy_class,
        title=violation.title,
    )


def _is_met(expected: ExpectedFinding, found: FoundFinding) -> bool:
    if expected.title is not None and expected.title not in found.title:
        return False
    if expected.routes is not None and set(expected.routes) != set(found.routes):
        return False
    same: Iterable[str] = expected.model_fields_set - {"title", "routes"}
    return all(getattr(expected, name) in (None, getattr(found, name)) for name in same)
