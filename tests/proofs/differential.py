"""Our reference against an independent evaluator of single requests, `iam-simulate`.

    python tests/proofs/differential.py --count 2000 --seed 1

It is installed from npm into `.build/` and runs as a program of its own. It knows the policy
language, not API Gateway: so only requests that reach a method with NONE or AWS_IAM through an open
door are put to it, with the condition keys that API Gateway would fill in. Every disagreement falls
under a reason named here, or the run fails.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


from monitor.access.reference import decide_request
from monitor.access.reference.routes import route_for
from monitor.model.api import ApiType, AuthorizationType
from monitor.model.request import ANONYMOUS, Decision, IdentityPolicy, Request
from tests.proofs.cases import API, all_cases
from tests.proofs.checks import snapshot_for
from tests.proofs.random_questions import OWNER, random_question, random_request

PACKAGE = "@cloud-copilot/iam-simulate@0.1.173"
FOLDER = Path(__file__).resolve().parents[2] / ".build" / "iam-simulate"
DRIVER = """
import { runSimulation, anonymousPrincipal } from '@cloud-copilot/iam-simulate'
import { readFileSync, writeFileSync } from 'node:fs'
const answers = []
for (const one of JSON.parse(readFileSync('questions.json', 'utf8'))) {
  if (one.request.principal === 'anonymous') one.request.principal = anonymousPrincipal
  const found = await runSimulation(one, {}).catch((error) => ({ errors: { message: `${error}` } }))
  answers.push(found.overallResult ?? `error: ${JSON.stringify(found.errors)}`)
}
writeFileSync('answers.json', JSON.stringify(answers))
"""


@dataclass(frozen=True, eq=False)
class Probe:
    """`principal` is who the policy sees: nobody, for a method without authorization."""

    name: str
    question: Mapping[str, Any]
    request: Request
    principal: str
    ours: Decision


def probes(count: int, seed: int) -> Iterator[Probe]:
    for case in (one for one in all_cases() if not one.snapshot):
        for place, request in enumerate(case.requests):
            yield from _probe(f"{case.id}[{place}]", case.question, request)
    for index in range(count):
        rng = Random(seed * 1_000_003 + index)
        question = random_question(rng, private=False)
        yield from _probe(f"random {seed}/{index}", question, random_request(rng, question))


def _probe(name: str, question: Mapping[str, Any], request: Request) -> Iterator[Probe]:
    """The probe, if the other evaluator can be asked about it and we are sure of our answer."""
    if not _is_plain(question) or not _enters_plainly(question, request):
        return
    snapshot = snapshot_for(question)
    routes = next(iter(snapshot.deployments.values())).routes or ()
    route = route_for(ApiType.REST, routes, request.method, request.path)
    if route is None or route.api_key_required or route.authorization not in _ASKED:
        return
    signed = route.authorization is AuthorizationType.AWS_IAM
    if signed and request.principal == ANONYMOUS:
        return
    when = datetime.fromisoformat(question["evaluation_time"])
    ours = decide_request(snapshot, None, request, now=when)
    if ours is not Decision.UNKNOWN:
        yield Probe(name, question, request, request.principal if signed else ANONYMOUS, ours)


_ASKED = (AuthorizationType.NONE, AuthorizationType.AWS_IAM)


def _is_plain(question: Mapping[str, Any]) -> bool:
    api = question["api"]
    special = {"waf", "custom_domains", "policy_is_deployed", "disable_execute_api_endpoint"}
    return (
        api["api_type"] == "REST"
        and question["endpoint_type"] != "PRIVATE"
        and special.isdisjoint(api)
        and isinstance(question.get("policy"), dict)
        and api["stage"] is not None
    )


def _enters_plainly(question: Mapping[str, Any], request: Request) -> bool:
    api = question["api"]
    v6 = ":" in (request.source_ip or "")
    admitted = not v6 or api["ip_address_type"] == "dualstack"
    return admitted and request.stage == api["stage"] and not request.client_certificate


def simulation(probe: Probe) -> dict[str, Any]:
    question, request = probe.question, probe.request
    api, owner = question["api"], question["account_id"]
    arn = f"arn:{api['partition']}:execute-api:{api['region']}:{owner}:{api['id']}"
    resource = f"{arn}/{request.stage}/{request.method}/{request.path.removeprefix('/')}"
    effect = {IdentityPolicy.ALLOW: "Allow", IdentityPolicy.DENY: "Deny"}
    statement = {"Effect": effect.get(request.identity_policy), "Action": "*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    has_identity = probe.principal != ANONYMOUS and statement["Effect"] is not None
    return {
        "request": {
            "principal": probe.principal,
            "action": "execute-api:Invoke",
            "resource": {"resource": resource, "accountId": owner},
            "contextVariables": dict(_context(probe)),
        },
        "identityPolicies": [{"name": "own", "policy": document}] if has_identity else [],
        "serviceControlPolicies": [],
        "resourceControlPolicies": [],
        "resourcePolicy": _saved(question["policy"], arn),
    }


def _saved(policy: Any, arn: str) -> Any:
    """What API Gateway makes of short resources when a policy is saved."""
    if isinstance(policy, str):
        return re.sub("^execute-api:(?=/)", arn, policy)
    if isinstance(policy, list):
        return [_saved(one, arn) for one in policy]
    if isinstance(policy, dict):
        return {key: _saved(value, arn) for key, value in policy.items()}
    return policy


def _context(probe: Probe) -> Iterator[tuple[str, str | list[str]]]:
    request, when = probe.request, datetime.fromisoformat(probe.question["evaluation_time"])
    if request.source_ip is not None:
        yield "aws:SourceIp", request.source_ip
    yield "aws:SecureTransport", "true"
    yield "aws:CurrentTime", when.strftime("%Y-%m-%dT%H:%M:%SZ")
    yield "aws:EpochTime", str(int(when.timestamp()))
    yield "aws:ResourceAccount", str(probe.question["account_id"])
    for name, value in request.headers.items():
        key = {"user-agent": "aws:UserAgent", "referer": "aws:Referer"}.get(name.lower())
        if key is not None:
            yield key, value
    if probe.principal == ANONYMOUS:
        return
    yield from _identity(probe.principal)
    for key, held in request.context.items():
        yield key, held if isinstance(held, str) else list(held)


def _identity(principal: str) -> Iterator[tuple[str, str]]:
    parts = principal.split(":", 5)
    kind, _, name = parts[5].partition("/")
    arn = principal
    if kind == "assumed-role":
        arn = f"arn:aws:iam::{parts[4]}:role/{name.partition('/')[0]}"
    yield "aws:PrincipalArn", arn
    yield "aws:PrincipalAccount", parts[4]
    yield "aws:PrincipalType", _PRINCIPAL_TYPES[kind]
    yield "aws:userid", "AIDAEXAMPLEEXAMPLE01"
    if kind == "user":
        yield "aws:username", name.rpartition("/")[2]


_PRINCIPAL_TYPES = {
    "user": "User",
    "role": "AssumedRole",
    "assumed-role": "AssumedRole",
    "federated-user": "FederatedUser",
    "root": "Account",
}


def ask(asked: list[Probe], repairs: Sequence[Callable[[str], list[str]]] = ()) -> list[str]:
    """The other evaluator's answers: `Allowed`, `ImplicitlyDenied`, `ExplicitlyDenied`, or an
    error."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not (FOLDER / "node_modules").exists():
        (FOLDER / "package.json").write_text('{"private": true, "type": "module"}')
        install = ["npm", "install", "--no-audit", "--no-fund", "--silent", PACKAGE]
        subprocess.run(install, cwd=FOLDER, check=True)
    (FOLDER / "driver.mjs").write_text(DRIVER)
    questions = [simulation(one) for one in asked]
    for one in questions:
        one["resourcePolicy"] = repaired(one["resourcePolicy"], repairs)
    (FOLDER / "questions.json").write_text(json.dumps(questions))
    subprocess.run(["node", "driver.mjs"], cwd=FOLDER, check=True)
    answers: list[str] = json.loads((FOLDER / "answers.json").read_text())
    return answers


# Repairs of a policy that keep its meaning and avoid a fault of the other evaluator: when it agrees
# after one, the fault is the reason.
def _halves(text: str) -> list[str]:
    return ["0.0.0.0/1", "128.0.0.0/1"] if text == "0.0.0.0/0" else [text]


def _with_length(text: str) -> list[str]:
    try:
        return [f"{text}/{ipaddress.ip_address(text).max_prefixlen}"]
    except ValueError:
        return [text]


def _with_api_id(text: str) -> list[str]:
    return [text.replace(f":{OWNER}:*/", f":{OWNER}:{API['id']}/")]


REPAIRS: dict[str, Callable[[str], list[str]]] = {
    "0.0.0.0/0 matches a single address there": _halves,
    "an address without a length is misread for callers of the other family there": _with_length,
    "a wildcard for the API id with a path behind it never matches there": _with_api_id,
}


def repaired(policy: Any, repairs: Sequence[Callable[[str], list[str]]]) -> Any:
    """Every text of a list put through the repairs, one after another."""
    if isinstance(policy, dict):
        return {key: repaired(value, repairs) for key, value in policy.items()}
    if isinstance(policy, list):
        texts = [one for one in policy if isinstance(one, str)]
        for repair in repairs:
            texts = [new for one in texts for new in repair(one)]
        return [*texts, *(repaired(one, repairs) for one in policy if not isinstance(one, str))]
    if isinstance(policy, str):
        found = repaired([policy], repairs)
        return found[0] if len(found) == 1 else found
    return policy


# What no repair avoids: by the request, or by the one case that shows it.
ROOT_PATH = "no resource type there for the ARN of the root path"
EMPTY_VALUE = "an empty value does not satisfy ForAllValues there"
BY_CASE = {
    "op-date-epoch": "epoch seconds do not compare with aws:CurrentTime there",
    "var-escaped-dollar": "${$} is no dollar sign there",
    "var-2008": "variables are filled in whatever the version there",
    "var-no-version": "variables are filled in whatever the version there",
    "resource-variable-2008": "variables are filled in whatever the version there",
    "resource-missing": "a statement without Resource counts for every resource there",
    "action-STAR-Invoke": "a wildcard for the service is refused there",
    "action-execute-api": "an action without a colon is refused there",
    "action-unreadable-item": "a number among the actions is refused there",
    "corner-condition-unreadable-item": "an object among the values is refused there",
    "corner-star-beside-variable-like": "an empty default of a variable is not taken there",
}
UNEXPLAINED = "UNEXPLAINED"


def reasons(differing: Mapping[Probe, str]) -> dict[Probe, str]:
    found = {probe: _plain_reason(probe, theirs) for probe, theirs in differing.items()}
    for count, reason in enumerate(REPAIRS, start=1):
        left = [probe for probe, known in found.items() if known == UNEXPLAINED]
        repairs = list(REPAIRS.values())[:count]
        for probe, theirs in zip(left, ask(left, repairs), strict=True):
            if _agrees(probe, theirs):
                found[probe] = reason
    return found


def _plain_reason(probe: Probe, theirs: str) -> str:
    if "no.resource.types" in theirs and probe.request.path == "/":
        return ROOT_PATH
    values = (*probe.request.headers.values(), *probe.request.context.values())
    if "" in values and "ForAllValues" in json.dumps(probe.question["policy"]):
        return EMPTY_VALUE
    return BY_CASE.get(probe.name.partition("[")[0], UNEXPLAINED)


def _agrees(probe: Probe, theirs: str) -> bool:
    return "error" not in theirs and (theirs == "Allowed") is (probe.ours is Decision.ALLOW)


def main() -> int:
    parser = argparse.ArgumentParser(description="our reference against iam-simulate")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    asked = list(probes(arguments.count, arguments.seed))
    answers = zip(asked, ask(asked), strict=True)
    differing = {probe: theirs for probe, theirs in answers if not _agrees(probe, theirs)}
    print(f"{len(asked)} requests, seed {arguments.seed}: {len(asked) - len(differing)} agreed")
    by_reason = defaultdict(list)
    for probe, reason in reasons(differing).items():
        by_reason[reason].append(probe)
    for reason, where in sorted(by_reason.items()):
        shown = f"{where[0].name}: here {where[0].ours}, there {differing[where[0]][:60]}"
        print(f"{len(where):6}  {reason} ({shown})")
    return 1 if UNEXPLAINED in by_reason else 0


if __name__ == "__main__":
    sys.exit(main())
