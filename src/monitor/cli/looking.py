"""What `scan` and `replay` share: reach AWS, and look at the APIs of one region after another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import click
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from botocore.parsers import ResponseParserError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from monitor.aws.clock import SystemClock
from monitor.aws.pacing import PATIENT_ATTEMPTS, Pacer
from monitor.aws.regions import enabled_regions
from monitor.aws.session import AwsSession
from monitor.bootstrap.looking import looker
from monitor.cli.common import WrongInput
from monitor.model.api import ApiId
from monitor.model.gaps import Gap, Unknown
from monitor.model.place import Place
from monitor.orgpolicy.schema import OrgPolicy
from monitor.ports import ExportCache, FindingStore
from monitor.usecases.look import Looker

ANY_REGION = "us-east-1"
"""Where `--all-regions` asks first if nothing names a region; other partitions have to name one."""

Tell = Callable[[int, int], None]
"""Told (APIs done, of)."""


@dataclass(slots=True, kw_only=True)
class Account:
    """The account behind the credentials, and its regions. Each region has a budget of its own, and
    they are read one after another. `identities`: read who of the account may invoke, too."""

    account_id: str
    partition: str
    regions: tuple[str, ...]
    session: AwsSession
    rate: float
    policy: OrgPolicy
    started_at: datetime
    gaps: tuple[Gap, ...] = ()
    identities: bool = False
    _pacers: list[Pacer] = field(default_factory=list)
    _said_refused: bool = False

    def api(self, region: str, api_id: str) -> ApiId:
        return ApiId(
            account_id=self.account_id, region=region, api_id=api_id, partition=self.partition
        )

    def looker(
        self, region: str, store: FindingStore, exports: ExportCache | None = None
    ) -> Looker:
        """Made anew at each call: what it holds of a region goes with it."""
        pacer = Pacer(self.rate, attempts=PATIENT_ATTEMPTS, on_refusal=self._say_refused)
        self._pacers.append(pacer)
        place = Place(account_id=self.account_id, region=region, partition=self.partition)
        session = self.session.in_region(region, pacer)
        return looker(
            session,
            store,
            place,
            self.policy,
            exports=exports,
            with_identities=self.identities,
        )

    @property
    def calls(self) -> dict[str, int]:
        """Requests sent so far in all regions, repeated ones included, by `service:Operation`."""
        return _sum(pacer.calls for pacer in (self.session.pacer, *self._pacers))

    @property
    def refused(self) -> dict[str, int]:
        return _sum(pacer.refused for pacer in self._pacers)

    def _say_refused(self) -> None:
        if self._said_refused:
            return
        self._said_refused = True
        click.echo(
            "AWS refuses requests as too many (429): somebody else uses the account's quota, "
            "or --rate is too high. Going slower.",
            err=True,
        )


def reach(
    regions: Sequence[str],
    *,
    profile: str | None,
    rate: float,
    policy: OrgPolicy,
    all_regions: bool = False,
    identities: bool = False,
) -> Account | Gap:
    """The account, or the gap that keeps everything in the dark. Raises WrongInput."""
    started_at = SystemClock().now()
    session = _session(regions, profile, all_regions)
    try:
        caller = session.sts.get_caller_identity()
    except NoCredentialsError as error:
        raise WrongInput(
            "no AWS credentials: set AWS_PROFILE, give --profile, or sign in with `aws sso login`"
        ) from error
    except (ClientError, BotoCoreError, ResponseParserError) as error:
        return _unreached(error)
    partition = caller["Arn"].split(":")[1]
    found = tuple(dict.fromkeys(regions)) or (session.region or ANY_REGION,)
    gaps: tuple[Gap, ...] = ()
    if all_regions:
        answer = enabled_regions(session.ec2)
        if isinstance(answer, Gap):
            # The others may hold APIs as well: try every one that there is.
            found, gaps = tuple(session.known_regions(partition)), (answer,)
        else:
            found = answer
    return Account(
        account_id=caller["Account"],
        partition=partition,
        regions=found,
        session=session,
        rate=rate,
        policy=policy,
        started_at=started_at,
        gaps=gaps,
        identities=identities,
    )


def _session(regions: Sequence[str], profile: str | None, all_regions: bool) -> AwsSession:
    """Raises WrongInput."""
    try:
        session = AwsSession(next(iter(regions), None), profile=profile)
        if session.region is None and all_regions:
            session = AwsSession(ANY_REGION, profile=profile)
    except BotoCoreError as error:
        raise WrongInput(str(error)) from error
    if session.region is None:
        raise WrongInput(
            "no region: give --region, or set AWS_DEFAULT_REGION or the profile's region"
        )
    return session


@contextmanager
def progress(account: Account) -> Iterator[Callable[[str], Tell]]:
    """A bar on standard error, where that is a terminal; nothing elsewhere. Asked for a region, it
    answers what has to be told about it."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("APIs, {task.fields[calls]} calls,"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("reading", total=None, calls=0)

        def of_region(region: str) -> Tell:
            bar.reset(task, total=None, description=f"reading {_place(account, region)}", calls=0)
            return lambda done, of: bar.update(
                task, completed=done, total=of, calls=sum(account.calls.values())
            )

        yield of_region


def _place(account: Account, region: str) -> str:
    if len(account.regions) < 2:
        return region
    return f"{region} ({account.regions.index(region) + 1} of {len(account.regions)})"


def _sum(counts: Iterator[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return dict(sorted(total.items()))


def _unreached(error: Exception) -> Gap:
    code = type(error).__name__
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", code))
    return Gap(
        service="sts",
        operation="GetCallerIdentity",
        error_code=code,
        unknown=Unknown.LISTING,
        message=str(error)[:300],
    )
