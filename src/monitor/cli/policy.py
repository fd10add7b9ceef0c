"""`gatewatch policy`: check an org policy, run its own cases, print its JSON Schema."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from monitor.aws.clock import SystemClock
from monitor.cli.common import (
    Exit,
    WrongInput,
    aws_options,
    org_policy,
    put_out,
    read_text,
    wrong_file,
)
from monitor.cli.looking import progress, reach
from monitor.evaluation.catalogue import RULES
from monitor.evaluation.policy_check import ClassedApi, PolicyCheckDocument, check_policy
from monitor.evaluation.policy_tests import (
    CaseDocument,
    FoundFinding,
    PolicyTestDocument,
    load_cases,
    run_cases,
)
from monitor.model.api import ApiId, ApiSnapshot, Stage
from monitor.model.gaps import Gap
from monitor.orgpolicy.json_schema import policy_schema
from monitor.orgpolicy.load import OrgPolicyError, read_document
from monitor.orgpolicy.schema import OrgPolicy
from monitor.report.documents import ScanDocument
from monitor.report.plain import plain
from monitor.report.read_scan import NotAScan, read_scan
from monitor.stores.memory import NoStore

_FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
_OUTPUT = click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the answer there."
)
_FILE = click.argument("file", type=click.Path(path_type=Path))
_MOST_NAMED = 20
_MOST_ROUTES = 5


@click.group()
def policy() -> None:
    """The org policy: who may invoke which APIs."""


@dataclass(frozen=True, slots=True)
class _Found:
    """APIs to hold against the policy. `complete` False: there are more, or more about them."""

    apis: tuple[ApiSnapshot, ...]
    complete: bool


@policy.command()
@_FILE
@click.option(
    "--scan",
    "scan_file",
    type=click.Path(path_type=Path),
    help="Say which class takes which API of a scan (`gatewatch scan --format json`); routes are "
    "not in it.",
)
@click.option("--live", is_flag=True, help="The same for the APIs of the account as they are now.")
@click.option("--region", "regions", multiple=True, help="With --live; may be repeated.")
@click.option("--strict", is_flag=True, help="Exit with 1 if anything looks like a mistake.")
@aws_options
@_FORMAT
@_OUTPUT
def check(
    file: Path,
    scan_file: Path | None,
    live: bool,
    regions: tuple[str, ...],
    strict: bool,
    profile: str | None,
    rate: float,
    form: str,
    output: Path | None,
) -> None:
    """Validate the org policy FILE, and say what in it looks like a mistake.

    Exit codes: 0 it is an org policy, 1 with --strict: something looks wrong, 2 it is none, 3 not
    every API could be read.
    """
    if scan_file is not None and live:
        raise WrongInput("give --scan or --live, not both")
    found_policy = org_policy(file)
    found = None
    if scan_file is not None:
        found = _of_scan(scan_file)
    elif live:
        found = _of_account(found_policy, regions, profile=profile, rate=rate)
    result = check_policy(
        found_policy,
        read_document(read_text(file), str(file), "an org policy"),
        None if found is None else found.apis,
        file=str(file),
        now=SystemClock().now(),
        complete=found is None or found.complete,
    )
    put_out(_json(result) if form == "json" else _check_text(result), output)
    if strict and result.notes:
        sys.exit(Exit.OPEN_FINDINGS)
    sys.exit(Exit.CLEAN if result.complete else Exit.UNKNOWN)


@policy.command()
@_FILE
@click.argument("cases", nargs=-1, required=True, type=click.Path(path_type=Path))
@_FORMAT
@_OUTPUT
def test(file: Path, cases: tuple[Path, ...], form: str, output: Path | None) -> None:
    """Run the cases in CASES (YAML or JSON) against the org policy FILE.

    A case describes an API, as a question of `gatewatch explain` does, and names the findings that
    it must have. Exit codes: 0 all pass, 1 one does not, 2 a file is wrong.
    """
    found_policy = org_policy(file)
    now = SystemClock().now()
    results = [_run(found_policy, one, now) for one in cases]
    document = PolicyTestDocument(
        passed=sum(one.passed for one in results),
        failed=sum(one.failed for one in results),
        cases=tuple(case for one in results for case in one.cases),
    )
    put_out(_json(document) if form == "json" else _test_text(document), output)
    sys.exit(Exit.OPEN_FINDINGS if document.failed else Exit.CLEAN)


@policy.command()
@_OUTPUT
def schema(output: Path | None) -> None:
    """Print the JSON Schema of an org policy, for editors."""
    put_out(json.dumps(policy_schema(RULES), indent=2) + "\n", output)


def _run(found_policy: OrgPolicy, file: Path, now: datetime) -> PolicyTestDocument:
    try:
        cases = load_cases(read_text(file), str(file))
    except OrgPolicyError as error:
        raise wrong_file(file, error) from error
    return run_cases(found_policy, cases, now=now)


def _json(document: PolicyCheckDocument | PolicyTestDocument) -> str:
    return document.model_dump_json(by_alias=True, indent=2) + "\n"


def _of_scan(file: Path) -> _Found:
    """Raises WrongInput."""
    try:
        scan = read_scan(read_text(file))
    except NotAScan as error:
        raise WrongInput(f"{file}:{error.line}:{error.column}: {error}") from error
    return _Found(tuple(_snapshots(scan)), complete=scan.complete)


def _snapshots(scan: ScanDocument) -> Iterator[ApiSnapshot]:
    for api in scan.apis:
        yield ApiSnapshot(
            api=ApiId(account_id=scan.account_id, region=api.region, api_id=api.api_id),
            api_type=api.api_type,
            name=api.name,
            read_at=scan.finished_at,
            tags=api.tags,
            stages=tuple(
                Stage(name=stage.name, deployment_id=stage.deployment_id) for stage in api.stages
            ),
        )


def _of_account(
    found_policy: OrgPolicy, regions: Sequence[str], *, profile: str | None, rate: float
) -> _Found:
    """Raises WrongInput."""
    account = reach(regions, profile=profile, rate=rate, policy=found_policy)
    if isinstance(account, Gap):
        return _Found((), complete=False)
    apis: list[ApiSnapshot] = []
    complete = True
    with progress(account) as of_region:
        for region in account.regions:
            source = account.looker(region, NoStore()).source
            listing = source.list_apis()
            tell = of_region(region)
            for done, api in enumerate(listing.apis, start=1):
                snapshot = source.read(api)
                apis += [snapshot] if snapshot is not None else []
                tell(done, len(listing.apis))
            complete = complete and not listing.gaps
    return _Found(tuple(apis), complete and not any(api.gaps for api in apis))


def _check_text(result: PolicyCheckDocument) -> str:
    return "\n".join(_check_lines(result)) + "\n"


def _check_lines(result: PolicyCheckDocument) -> Iterator[str]:
    yield f"{result.file}: an org policy of {_several(len(result.classes), 'class', 'classes')}"
    for note in result.notes:
        yield f"{result.file}:{note.line}:{note.column}: {plain(note.message)}"
    if result.apis is None:
        return
    yield ""
    for one in result.classes:
        yield f"{one.apis:6}  {one.name}"
    unclassed = [api for api in result.apis if api.unclassed]
    if unclassed:
        yield ""
        yield f"{_several(len(unclassed), 'API', 'APIs')} that no class but the last one names:"
        yield from (f"        {_named(api)}" for api in unclassed[:_MOST_NAMED])
    if len(unclassed) > _MOST_NAMED:
        yield f"        and {len(unclassed) - _MOST_NAMED} more (--format json names them)"
    if not result.complete:
        yield "not every API could be read: there may be more of each"


def _named(api: ClassedApi) -> str:
    return f"{api.api_id}  {plain(api.name)} ({api.region})"


def _several(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _test_text(document: PolicyTestDocument) -> str:
    lines = [line for case in document.cases for line in _case_lines(case)]
    lines.append(f"{document.passed} passed, {document.failed} failed")
    return "\n".join(lines) + "\n"


def _case_lines(case: CaseDocument) -> Iterator[str]:
    yield f"{'ok    ' if case.passed else 'FAILED'}  {plain(case.name)}"
    for expected in case.missing:
        told = ", ".join(f"{key}: {_written(value)}" for key, value in expected.items())
        yield f"        - expected, not found: {plain(told)}"
    for found in case.unexpected:
        where = f"stage {found.stage}" if found.stage else "the API"
        when = "" if found.live else ", draft"
        about = f"{found.rule}, {found.severity.value}, {found.status.value}, {where}{when}"
        yield f"        + found, not expected: {plain(f'{about}: {found.title}{_details(found)}')}"


def _details(found: FoundFinding) -> str:
    """What the title does not name, and a case may."""
    more = len(found.routes) - _MOST_ROUTES
    routes = ", ".join(found.routes[:_MOST_ROUTES]) + (f" and {more} more" if more > 0 else "")
    parts = [f"class {found.policy_class}" if found.policy_class else "", routes]
    told = "; ".join(part for part in parts if part)
    return f" ({told})" if told else ""


def _written(value: object) -> str:
    """As it stands in the file of cases."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)
