"""What `scan` and `replay` share: reach AWS, look, and put what was found into one document."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from rich.console import Console
from rich.progress import Progress

from monitor.aws.clock import SystemClock
from monitor.aws.pacing import Pacer
from monitor.aws.session import AwsSession
from monitor.bootstrap.looking import looker
from monitor.cli.common import WrongInput
from monitor.evaluation.lifecycle import unresolved
from monitor.model.api import ApiId
from monitor.model.gaps import Gap, Unknown
from monitor.orgpolicy.schema import OrgPolicy
from monitor.report.documents import (
    ScanDocument,
    api_document,
    finding_document,
    gap_document,
)
from monitor.stores.memory import MemoryStore
from monitor.usecases.look import Looker
from monitor.usecases.react import Place
from monitor.usecases.scan import Scanned


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account behind the credentials, with a looker for each region."""

    account_id: str
    partition: str
    lookers: dict[str, Looker]
    pacer: Pacer
    started_at: datetime

    def api(self, region: str, api_id: str) -> ApiId:
        return ApiId(
            account_id=self.account_id, region=region, api_id=api_id, partition=self.partition
        )


def reach(
    regions: Sequence[str], *, profile: str | None, rate: float, policy: OrgPolicy
) -> Account | Gap:
    """The account, or the gap that keeps everything in the dark. Raises WrongInput."""
    pacer, store, started_at = Pacer(rate), MemoryStore(), SystemClock().now()
    try:
        sessions = [
            AwsSession(region, profile=profile, pacer=pacer) for region in regions or (None,)
        ]
    except BotoCoreError as error:
        raise WrongInput(str(error)) from error
    if sessions[0].region is None:
        raise WrongInput(
            "no region: give --region, or set AWS_DEFAULT_REGION or the profile's region"
        )
    try:
        caller = sessions[0].sts.get_caller_identity()
    except NoCredentialsError as error:
        raise WrongInput(
            "no AWS credentials: set AWS_PROFILE, give --profile, or sign in with `aws sso login`"
        ) from error
    except (ClientError, BotoCoreError) as error:
        return _unreached(error)
    partition = caller["Arn"].split(":")[1]
    lookers = {
        (region := session.region or ""): looker(
            session,
            store,
            Place(account_id=caller["Account"], region=region, partition=partition),
            policy,
        )
        for session in sessions
    }
    return Account(
        account_id=caller["Account"],
        partition=partition,
        lookers=lookers,
        pacer=pacer,
        started_at=started_at,
    )


def scan_document(
    account: Account, scanned: Sequence[Scanned], *, only_apis: Sequence[str] = ()
) -> ScanDocument:
    looked = [look for region in scanned for look in region.looked]
    gaps = [gap for region in scanned for gap in region.gaps]
    findings = [
        finding_document(finding) for look in looked for finding in unresolved(look.record.findings)
    ]
    apis = [
        api_document(look.evaluation.snapshot, look.evaluation.access)
        for look in looked
        if look.evaluation is not None
    ]
    return ScanDocument(
        account_id=account.account_id,
        regions=tuple(account.lookers),
        only_apis=tuple(only_apis),
        started_at=account.started_at,
        finished_at=SystemClock().now(),
        complete=not gaps and all(api.status == "judged" for api in apis),
        calls=account.pacer.calls,
        apis=tuple(apis),
        gaps=tuple(gap_document(gap) for gap in gaps),
        findings=tuple(findings),
    )


def empty_document(regions: Sequence[str] = (), gaps: Sequence[Gap] = ()) -> ScanDocument:
    """The answer where nothing had to be asked, or where not even the account could be named."""
    now = SystemClock().now()
    return ScanDocument(
        account_id="unknown",
        regions=tuple(regions),
        started_at=now,
        finished_at=now,
        complete=not gaps,
        calls={},
        apis=(),
        gaps=tuple(gap_document(gap) for gap in gaps),
        findings=(),
    )


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error, where that is a terminal; nothing elsewhere."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def _unreached(error: ClientError | BotoCoreError) -> Gap:
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
