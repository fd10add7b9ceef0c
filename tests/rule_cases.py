"""The rules' case files, tests/cases/rules/<id>.yaml: what a rule says of an API described shortly.

A file holds a list `cases`. A case:

    name, why:     what it shows, and what for
    expect:        pass, fail or unknown (a doubt, and no open finding)
    findings:      every finding: any of stage, live, severity, scope, title, routes,
                   because (`title`: a part of it; `because`: values that occur in its reasons)
    live:          what the stage `prod` serves; a configuration, see below. Left out: `GET /orders`
                   without authorization
    canary, draft: likewise; the draft is what is live unless it is told
    api:           any field of ApiSnapshot, `stage`: any field of Stage
    organization:  that of the org policy; `parameters`: those of the rule, if not its defaults
    org_policy:    any other part of the org policy, in the place of the shipped one's
    was:           the tags at an earlier look; `edited_by`: the ARNs of those who edited them since

A configuration is `routes` (route key -> type of authorization, or any fields of Route),
`authorizers` (id -> any fields of Authorizer; a route that asks for one and names none has the
first), `reflects_origin` (gateway responses), and one of `policy` (JSON object, text, or null for
none), `statements` (patches of one that allows everyone everything; null takes an element away), or
`policies` (a list of such; [] = not read). `unread` in the place of a configuration: it could not
be read. Where a field is a resource policy, a JSON object or text may stand; `unread` is None. A
gap may be the name of its `Unknown`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from datetime import datetime
from enum import Enum
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from ruamel.yaml import YAML

from monitor.evaluation import evaluate as evaluation
from monitor.evaluation.catalogue import RULES
from monitor.evaluation.evaluate import Evaluation
from monitor.model.addresses import AddressSet
from monitor.model.api import (
    ApiSnapshot,
    ApiType,
    AuthorizationType,
    Authorizer,
    Configuration,
    EndpointType,
    PolicySource,
    ResourcePolicy,
    Route,
    Stage,
)
from monitor.model.finding import Cause, Status, Violation
from monitor.model.gaps import Gap, Unknown
from monitor.model.record import ApiRecord
from monitor.orgpolicy.load import load_org_policy
from monitor.orgpolicy.schema import OrgPolicy
from tests.builders import API, NOW

FOLDER = Path(__file__).resolve().parent / "cases" / "rules"
UNREAD = "unread"
STATEMENT = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": "execute-api:Invoke",
    "Resource": "execute-api:/*",
}
_SAID = frozenset({"name", "why", "expect", "findings"})
_GIVEN = frozenset(
    {
        "live",
        "canary",
        "draft",
        "api",
        "stage",
        "organization",
        "parameters",
        "org_policy",
        "was",
        "edited_by",
    }
)


class Outcome(Enum):
    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, eq=False)
class Case:
    rule: str
    name: str
    why: str
    expect: Outcome
    snapshot: ApiSnapshot
    policy: OrgPolicy
    raw: Mapping[str, Any] = field(repr=False)

    @property
    def id(self) -> str:
        return f"{self.rule}: {self.name}"


@cache
def all_cases() -> tuple[Case, ...]:
    return tuple(case for path in sorted(FOLDER.glob("*.yaml")) for case in cases_of(path))


def cases_of(path: Path) -> Iterator[Case]:
    for raw in YAML(typ="safe", pure=True).load(path.read_text("utf-8"))["cases"]:
        if unknown := raw.keys() - _SAID - _GIVEN:
            raise ValueError(f"{path.name}: {raw.get('name')}: unknown {', '.join(unknown)}")
        yield Case(
            rule=path.stem,
            name=raw["name"],
            why=raw["why"],
            expect=Outcome(raw["expect"]),
            snapshot=_snapshot(raw),
            policy=_org_policy(path.stem, raw),
            raw=raw,
        )


def judged(case: Case) -> tuple[Outcome, tuple[Violation, ...]]:
    """What the rule of the case says."""
    said = _evaluate(case)
    found = tuple(one for one in said.violations if one.rule == case.rule)
    if any(one.status is Status.OPEN for one in found):
        return Outcome.FAIL, found
    in_doubt = any(doubt.rule in ("", case.rule) for doubt in said.doubts)
    return Outcome.UNKNOWN if in_doubt or found else Outcome.PASS, found


def _evaluate(case: Case) -> Evaluation:
    """Judged by the rule of the case alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "RULES", [rule for rule in RULES if rule.id == case.rule])
        before = ApiRecord(api=API)
        if "was" in case.raw:
            then = replace(case.snapshot, tags=case.raw["was"], gaps=())
            standing = evaluation.evaluate(then, case.policy, now=NOW).standing
            before = replace(before, standing=standing)
        edits = [_edit(arn) for arn in case.raw.get("edited_by", ())]
        return evaluation.evaluate(case.snapshot, case.policy, now=NOW, before=before, edits=edits)


def _edit(arn: str) -> Cause:
    who = arn.rpartition("/")[2]
    return Cause(who=who, event_name="TagResource", event_id="e-1", event_time=NOW, arn=arn)


def _org_policy(rule: str, raw: Mapping[str, Any]) -> OrgPolicy:
    """The shipped one with the parts that the case tells."""
    shipped = files("monitor.orgpolicy").joinpath("default.yaml").read_text("utf-8")
    document = {
        **YAML(typ="safe", pure=True).load(shipped),
        "organization": raw.get("organization", {}),
        "rules": {rule: {"on": True, "parameters": raw.get("parameters", {})}},
        **raw.get("org_policy", {}),
    }
    return load_org_policy(json.dumps(document), rules=RULES)


def complaints(case: Case) -> Iterator[str]:
    """In what the answer is not the expected one."""
    outcome, found = judged(case)
    if outcome is not case.expect:
        yield f"{outcome.value}, not {case.expect.value}: {[one.title for one in found]}"
    wanted = case.raw.get("findings")
    if wanted is None:
        return
    if len(wanted) != len(found):
        yield f"{len(found)} findings: {[(one.stage, one.live, one.title) for one in found]}"
    for one, violation in zip(wanted, found, strict=False):
        yield from _differences(one, violation)


def _differences(wanted: Mapping[str, Any], violation: Violation) -> Iterator[str]:
    for name, value in wanted.items():
        if name == "title":
            same = value in violation.title
        elif name == "because":
            said = {part for one in violation.because for part in (one.place, *one.fields.values())}
            same = said.issuperset(value)
        else:
            told = getattr(violation, name)
            same = (list(told) if isinstance(told, tuple) else told) == value
        if not same:
            told = violation.because if name == "because" else getattr(violation, name)
            yield f"{name} is {told}, not {value}"


# --- from the description to values --------------------------------------------------------------


def described(kind: Any, raw: Mapping[str, Any]) -> Any:
    """The dataclass `kind` with these fields, plain YAML as they are."""
    return _made(kind, raw)


def described_fields(kind: Any, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Some fields of the dataclass `kind`, as `replace` takes them."""
    return _arguments(kind, raw)


def described_configuration(raw: Mapping[str, Any]) -> Configuration:
    return _configuration(raw)


def _snapshot(raw: Mapping[str, Any]) -> ApiSnapshot:
    live = raw.get("live", {"routes": {"GET /orders": "NONE"}})
    rest = raw.get("api", {}).get("api_type", "REST") == "REST"
    deployments = {"d1": live} | ({"d2": raw["canary"]} if "canary" in raw else {})
    canary = {"canary_deployment_id": "d2", "canary_percent": 10.0} if "canary" in raw else {}
    draft = raw.get("draft", live)
    stage = {"name": "prod", "deployment_id": "d1", **canary, **raw.get("stage", {})}
    blank = ApiSnapshot(
        api=API,
        api_type=ApiType.REST,
        name="orders",
        read_at=NOW,
        endpoint_types=(EndpointType.REGIONAL,),
        stages=(_made(Stage, stage),),
        deployments={
            name: _configuration(one, rest) for name, one in deployments.items() if one != UNREAD
        },
        draft=None if draft == UNREAD else _configuration(draft, rest),
        custom_domains=(),
    )
    return replace(blank, **_arguments(ApiSnapshot, raw.get("api", {})))


def _configuration(raw: Mapping[str, Any], rest: bool = True) -> Configuration:
    """`rest` False: of an API that has no resource policy."""
    authorizers = {
        name: _made(Authorizer, {"authorizer_id": name, "name": name} | given)
        for name, given in raw.get("authorizers", {}).items()
    }
    routes = raw.get("routes", {"GET /orders": "NONE"})
    return Configuration(
        routes=None
        if routes == UNREAD
        else tuple(_route(key, given, authorizers) for key, given in routes.items()),
        authorizers=authorizers,
        policies=tuple(_policies(raw)) if rest else (),
        authorizers_read=raw.get("authorizers_read", True),
        reflects_origin=tuple(raw.get("reflects_origin", ())),
    )


def _route(key: str, given: object, authorizers: Mapping[str, Authorizer]) -> Route:
    said = given if isinstance(given, dict) else {"authorization": given}
    route: Route = _made(Route, {"key": key} | said)
    guarded = route.authorization not in (
        None,
        AuthorizationType.NONE,
        AuthorizationType.AWS_IAM,
    )
    if guarded and "authorizer_id" not in said and authorizers:
        return replace(route, authorizer_id=next(iter(authorizers)))
    return route


def _policies(raw: Mapping[str, Any]) -> Iterator[ResourcePolicy]:
    if "policies" in raw:
        yield from map(_policy, raw["policies"])
    elif "statements" in raw:
        patched = [STATEMENT | patch for patch in raw["statements"]]
        kept = [{k: v for k, v in one.items() if v is not None} for one in patched]
        yield _policy({"Version": "2012-10-17", "Statement": kept})
    else:
        yield _policy(raw.get("policy"))


def _policy(given: object) -> ResourcePolicy:
    text = given if isinstance(given, str | None) else json.dumps(given)
    return ResourcePolicy(text=text, source=PolicySource.EXPORT)


def _gap(name: str) -> Gap:
    return Gap(
        service="service",
        operation="Get",
        error_code="AccessDeniedException",
        unknown=Unknown[name],
        subject="what was asked for",
    )


def _made(kind: Any, raw: Mapping[str, Any]) -> Any:
    return kind(**_arguments(kind, raw))


def _arguments(kind: Any, raw: Mapping[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    if unknown := raw.keys() - {one.name for one in fields(kind)}:
        raise ValueError(f"{kind.__name__} has no {', '.join(unknown)}")
    return {name: _value(hints[name], given) for name, given in raw.items()}


def _value(hint: Any, given: Any) -> Any:
    """Plain YAML as a value of the model."""
    origin, inside = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        if given is None or (given == UNREAD and NoneType in inside):
            return None
        return _value(next(one for one in inside if one is not NoneType), given)
    if origin is tuple:
        return tuple(_value(inside[0], one) for one in given)
    if origin is not None and issubclass(origin, Mapping):
        return {key: _keyed(inside[1], key, one) for key, one in given.items()}
    if hint in _MAKERS:
        return _MAKERS[hint](given)
    if is_dataclass(hint):
        return _made(hint, given)
    return hint(given) if isinstance(hint, type) and issubclass(hint, Enum) else given


_MAKERS: dict[Any, Callable[[Any], object]] = {
    ResourcePolicy: _policy,
    Gap: lambda given: _gap(given) if isinstance(given, str) else _made(Gap, given),
    AddressSet: AddressSet.of_cidrs,
    datetime: lambda given: datetime.fromisoformat(str(given)),
}


def _keyed(hint: Any, key: str, given: Any) -> Any:
    """A value of a mapping whose key is also its first required field (`arn`)."""
    if is_dataclass(hint):
        required = [one.name for one in fields(hint) if one.default is MISSING]
        if required and required[0] not in given and required[0] == "arn":
            given = {required[0]: key, **given}
    return _value(hint, given)
