"""`gatewatch remediate`: plan, apply, undo, status. The journal is the folder of `--state`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from monitor.aws.pacing import Pacer
from monitor.cli.common import Exit, WrongInput, aws_options, org_policy, put_out
from monitor.cli.looking import Account, reach
from monitor.cli.state import State, state
from monitor.evaluation.evaluate import evaluate
from monitor.model.api import ApiId
from monitor.model.finding import finding_id
from monitor.model.gaps import Gap
from monitor.orgpolicy.schema import OrgPolicy
from monitor.stores.documents import RECORD
from monitor.stores.files import read_file
from monitor.stores.memory import NoStore
from monitor.usecases.react import Place
from remediators.bootstrap import desk
from remediators.desk import Desk
from remediators.documents import plan_document
from remediators.entry import Entry
from remediators.guardrails import Guard, Mode
from remediators.journal.files import FileJournal
from remediators.plan import State as PlanState
from remediators.ports import Conflict
from remediators.render import as_text
from remediators.runner import Refused

F = TypeVar("F", bound=Callable[..., Any])

FOLDER = Path(".gatewatch")
PERSON = Guard(mode=Mode.APPROVE, four_eyes=False)
"""Whoever holds the credentials and says yes; the org policy's guard rails are the deployment's."""
FINE = frozenset(
    {PlanState.PLANNED, PlanState.APPROVED, PlanState.DONE, PlanState.UNDONE, PlanState.REFUSED}
)


def _shared(command: F) -> F:
    for option in (
        click.option(
            "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write there."
        ),
        click.option(
            "--format", "format_", type=click.Choice(["text", "json"]), default="text",
            show_default=True,
        ),
        click.option(
            "--state", "folder", type=click.Path(file_okay=False, path_type=Path), default=FOLDER,
            show_default=True, help="Folder of the journal, and of what `scan --state` keeps.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def _judging(command: F) -> F:
    return click.option(
        "--org-policy", "org_policy_file", type=click.Path(path_type=Path),
        help="Your org policy (YAML), as for `scan`.",
    )(command)  # fmt: skip


_yes = click.option("--yes", is_flag=True, help="Do not ask; for scripts.")


@click.group()
def remediate() -> None:
    """Close a hole by a plan that is shown first, verified afterwards, and can be undone."""


@remediate.command()
@click.argument("finding")
@click.option("--action", default="", help="This remedy; without it the first that applies.")
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="A parameter of it.")
@click.option("--region", help="Where the API is, if no scan with this --state found it.")
@click.option("--api", "api_id", help="The API, if no scan with this --state found it.")
@_judging
@aws_options
@_shared
def plan(
    finding: str,
    action: str,
    given: tuple[str, ...],
    region: str | None,
    api_id: str | None,
    org_policy_file: Path | None,
    profile: str | None,
    rate: float,
    folder: Path,
    format_: str,
    output: Path | None,
) -> None:
    """Show what would be done about a finding. Changes nothing in AWS."""
    parameters = dict(map(_parameter, given))
    policy = org_policy(org_policy_file)
    with _work(folder, profile=profile, rate=rate, policy=policy) as work:
        found = work.remembered(finding)
        regions = [found.region if found else region] if found or region else []
        account = work.account([one for one in regions if one])
        api = found or work.sought(account, finding, api_id)
        with _refusals():
            entry = work.desk(account, api.region).plan(
                api, finding, action=action, parameters=parameters, requested_by=_who(account)
            )
        _show([entry], format_, output)


@remediate.command()
@click.argument("plan_id", metavar="PLAN")
@_yes
@_judging
@aws_options
@_shared
def apply(
    plan_id: str,
    yes: bool,
    org_policy_file: Path | None,
    profile: str | None,
    rate: float,
    folder: Path,
    format_: str,
    output: Path | None,
) -> None:
    """Carry a plan out, verify it, and roll it back if it does not close the hole. Goes on with one
    that was interrupted."""
    policy = org_policy(org_policy_file)
    with _work(folder, profile=profile, rate=rate, policy=policy) as work, _refusals():
        entry = work.entry(plan_id)
        account, table = work.of(entry)
        if entry.state is PlanState.PLANNED:
            _ask(entry, "Carry it out?", yes=yes)
            table.approve(plan_id, _who(account))
        elif not entry.state.is_final and entry.state is not PlanState.APPROVED:
            _finish([table.resume(plan_id)], format_, output)
        _finish([table.apply(plan_id)], format_, output)


@remediate.command()
@click.argument("plan_id", metavar="PLAN")
@click.option("--abandon", is_flag=True, help="Give a stuck plan up, and leave the API as it is.")
@_yes
@_judging
@aws_options
@_shared
def undo(
    plan_id: str,
    abandon: bool,
    yes: bool,
    org_policy_file: Path | None,
    profile: str | None,
    rate: float,
    folder: Path,
    format_: str,
    output: Path | None,
) -> None:
    """Take a plan back, unless somebody changed since what it changed."""
    policy = org_policy(org_policy_file)
    with _work(folder, profile=profile, rate=rate, policy=policy) as work, _refusals():
        entry = work.entry(plan_id)
        account, table = work.of(entry)
        _ask(entry, "Give it up?" if abandon else "Undo it?", yes=yes)
        if abandon:
            _finish([table.abandon(plan_id, _who(account))], format_, output)
        _finish([table.undo(plan_id, _who(account))], format_, output)


@remediate.command()
@click.argument("plan_id", metavar="[PLAN]", required=False)
@_shared
def status(plan_id: str | None, folder: Path, format_: str, output: Path | None) -> None:
    """What became of a plan, or of every plan of the folder. Asks AWS nothing."""
    with state(folder), _refusals():
        journal = FileJournal(folder)
        entries = [_known(journal, plan_id)] if plan_id else journal.plans()
        _show(entries, format_, output, single=plan_id is not None)


@dataclass(slots=True, kw_only=True)
class _Work:
    folder: Path
    kept: State
    journal: FileJournal
    policy: OrgPolicy
    profile: str | None
    rate: float

    def account(self, regions: list[str]) -> Account:
        """Raises WrongInput."""
        found = reach(regions, profile=self.profile, rate=self.rate, policy=self.policy)
        if isinstance(found, Gap):
            raise WrongInput(f"AWS cannot be reached: {found.operation}: {found.message}")
        return found

    def desk(self, account: Account, region: str) -> Desk:
        place = Place(account_id=account.account_id, region=region, partition=account.partition)
        assert self.kept.exports is not None
        return desk(
            account.session.in_region(region, Pacer(self.rate)),
            place,
            journal=self.journal,
            exports=self.kept.exports,
            store=self.kept.store,
            policy=self.policy,
            guards=lambda _case: PERSON,
        )

    def entry(self, plan_id: str) -> Entry:
        return _known(self.journal, plan_id)

    def of(self, entry: Entry) -> tuple[Account, Desk]:
        """The account that the plan is of. Raises Refused for another one's credentials."""
        api = entry.plan.api
        account = self.account([api.region])
        if account.account_id != api.account_id:
            raise Refused(
                f"the plan is of account {api.account_id}, the credentials are of "
                f"{account.account_id}"
            )
        return account, self.desk(account, api.region)

    def remembered(self, finding: str) -> ApiId | None:
        """The API of a finding that a scan with this folder made."""
        for path in sorted(self.folder.glob("apis/*/*/*/*/record")):
            document = read_file(path)
            if document is None or finding.encode() not in document:
                continue
            record = RECORD.validate_json(document)
            if finding in record.findings:
                return record.api
        return None

    def sought(self, account: Account, finding: str, api_id: str | None) -> ApiId:
        """The API of a finding that no scan remembers. Raises WrongInput."""
        region = account.regions[0]
        source = account.looker(region, NoStore()).source
        apis = [account.api(region, api_id)] if api_id else source.list_apis().apis
        for api in apis:
            snapshot = source.read(api)
            if snapshot is None:
                continue
            looked = evaluate(snapshot, self.policy, now=account.started_at)
            if any(finding_id(snapshot.api, one) == finding for one in looked.violations):
                return snapshot.api
        raise WrongInput(f"no API of {region} has the finding {finding}")


@contextmanager
def _work(folder: Path, *, profile: str | None, rate: float, policy: OrgPolicy) -> Iterator[_Work]:
    with state(folder) as kept:
        yield _Work(
            folder=folder,
            kept=kept,
            journal=FileJournal(folder),
            policy=policy,
            profile=profile,
            rate=rate,
        )


@contextmanager
def _refusals() -> Iterator[None]:
    """What is refused is said, with the exit code of something that is still open."""
    try:
        yield
    except (Refused, Conflict) as error:
        click.echo(str(error), err=True)
        sys.exit(Exit.OPEN_FINDINGS)


def _known(journal: FileJournal, plan_id: str) -> Entry:
    found = journal.load(plan_id)
    if found is None:
        raise WrongInput(f"there is no plan {plan_id} in this --state folder")
    return found


def _parameter(given: str) -> tuple[str, Any]:
    name, found, value = given.partition("=")
    if not found or not name:
        raise WrongInput(f"--set {given}: expected NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _who(account: Account) -> str:
    caller: str = account.session.sts.get_caller_identity()["Arn"]
    return caller


def _ask(entry: Entry, question: str, *, yes: bool) -> None:
    if yes:
        return
    click.echo(as_text(entry), err=True, nl=False)
    if not click.confirm(question, err=True):
        click.echo("nothing was changed", err=True)
        sys.exit(Exit.OPEN_FINDINGS)


def _show(
    entries: Iterable[Entry], format_: str, output: Path | None, *, single: bool = True
) -> None:
    entries = list(entries)
    if format_ == "text":
        put_out("\n".join(map(as_text, entries)) or "no plans\n", output)
        return
    documents = [plan_document(one).model_dump(mode="json", by_alias=True) for one in entries]
    put_out(json.dumps(documents[0] if single else documents, indent=2) + "\n", output)


def _finish(entries: list[Entry], format_: str, output: Path | None) -> None:
    """Show it, and end the process with the exit code it deserves."""
    _show(entries, format_, output)
    fine = all(entry.state in FINE for entry in entries)
    sys.exit(Exit.CLEAN if fine else Exit.OPEN_FINDINGS)
