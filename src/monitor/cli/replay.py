"""`gatewatch replay`: what CloudTrail records would make Gatewatch do."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from monitor.aws.session import AwsSession
from monitor.cli.common import (
    WrongInput,
    aws_options,
    finish,
    judging_options,
    org_policy,
    parse_json,
    put_out,
)
from monitor.cli.judging import Judging, empty_document
from monitor.cli.looking import progress, reach
from monitor.cli.rendering import render, report_options, terminal_width
from monitor.cli.state import state
from monitor.events.cloudtrail import parse_changes
from monitor.model.change import Change, LookAt
from monitor.model.finding import Severity
from monitor.model.gaps import Gap
from monitor.orgpolicy.schema import OrgPolicy
from monitor.report.as_text import Detail
from monitor.report.changes_as_text import changes_text
from monitor.report.documents import (
    ChangeDocument,
    JudgedReplayDocument,
    ReplayDocument,
    ScanDocument,
    change_document,
    to_json,
)

MAX_BYTES = 512 * 1024 * 1024
_GZIP = b"\x1f\x8b"
_SIGNS = frozenset({"Records", "detail", "detail-type", "eventName", "eventSource", "eventVersion"})


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Say what would be looked at; no AWS call.")
@aws_options
@judging_options
@report_options
def replay(
    files: tuple[Path, ...],
    dry_run: bool,
    profile: str | None,
    rate: float,
    org_policy_file: Path | None,
    fail_on: str,
    format_: str,
    output: Path | None,
    detail: Detail | None,
) -> None:
    """Take CloudTrail records, say what each makes Gatewatch look at, then look and judge.

    FILES are EventBridge envelopes, bare records, or log files with `Records`, gzipped or not;
    `-` reads standard input.
    """
    if dry_run and format_ not in ("text", "json"):
        raise WrongInput(f"--format {format_} tells findings, and --dry-run finds none")
    policy = org_policy(org_policy_file)
    changes = [change for file in files for change in _changes(file)]
    if dry_run:
        plan = ReplayDocument(changes=tuple(change_document(change) for change in changes))
        put_out(_plan(plan, format_, output), output)
        return
    document = _look(changes, policy, profile=profile, rate=rate)
    judged = JudgedReplayDocument(
        changes=tuple(change_document(change) for change in changes),
        **{
            name: getattr(document, name) for name in ScanDocument.model_fields if name != "schema_"
        },
    )
    put_out(_judged(judged, format_, output, detail), output)
    finish(document.findings, complete=document.complete, fail_on=Severity(fail_on))


def _look(
    changes: Sequence[Change], policy: OrgPolicy, *, profile: str | None, rate: float
) -> ScanDocument:
    wanted = _wanted(changes, default_region=AwsSession(profile=profile).region or "")
    if not wanted:
        return empty_document()
    account = reach(tuple(wanted), profile=profile, rate=rate, policy=policy)
    if isinstance(account, Gap):
        return empty_document(tuple(wanted), [account])
    with state(None) as kept, progress(account) as of_region:
        judging = Judging(
            account=account,
            state=kept,
            started_at=account.started_at,
            only_apis=_only(wanted.values()),
        )
        for region, api_ids in wanted.items():
            only = None if api_ids is None else [account.api(region, id_) for id_ in api_ids]
            judging.region(region, only, of_region(region))
        return judging.document()


def _wanted(changes: Sequence[Change], *, default_region: str) -> dict[str, list[str] | None]:
    """Region -> the APIs to look at, in the order of the records; None = all of them."""
    wanted: dict[str, list[str] | None] = {}
    for change in changes:
        region = change.region or default_region
        if change.look_at is LookAt.ACCOUNT:
            wanted[region] = None
        elif change.look_at is LookAt.API:
            apis = wanted.setdefault(region, [])
            if apis is not None:
                apis += [api_id for api_id in change.api_ids if api_id not in apis]
    return wanted


def _only(wanted: Iterable[Sequence[str] | None]) -> tuple[str, ...]:
    """The APIs looked at, if no region was looked at as a whole."""
    lists = list(wanted)
    return () if None in lists else tuple(api_id for ids in lists for api_id in ids or ())


def _changes(file: Path) -> Iterator[Change]:
    name = "standard input" if str(file) == "-" else str(file)
    document = parse_json(_text(file, name), name)
    if not _looks_like_events(document):
        raise WrongInput(
            f"{name}:1:1: expected a CloudTrail record, an EventBridge event, or `Records`"
        )
    yield from parse_changes(document)


def _looks_like_events(document: Any) -> bool:
    if isinstance(document, dict):
        records = document.get("Records", [])
        return bool(_SIGNS & document.keys()) and isinstance(records, list)
    return isinstance(document, list)


def _text(file: Path, name: str) -> str:
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        if data[:2] == _GZIP:
            data = _unzip(data, name)
        return data.decode("utf-8")
    except OSError as error:
        raise WrongInput(f"{name}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise WrongInput(f"{name}: not UTF-8 at byte {error.start}") from error


def _unzip(data: bytes, name: str) -> bytes:
    try:
        unpacker = zlib.decompressobj(wbits=31)
        text = unpacker.decompress(data, MAX_BYTES)
    except zlib.error as error:
        raise WrongInput(f"{name}: broken gzip: {error}") from error
    if unpacker.unconsumed_tail:
        raise WrongInput(f"{name}: unpacks to more than {MAX_BYTES >> 20} MiB")
    return text


def _plan(plan: ReplayDocument, format_: str, output: Path | None) -> str:
    if format_ == "json":
        return to_json(plan)
    return _changes_text(plan.changes, output)


def _judged(
    document: JudgedReplayDocument, format_: str, output: Path | None, detail: Detail | None
) -> str:
    if format_ == "json":
        return to_json(document)
    findings = render([document], format_, output, detail)
    if format_ != "text":
        return findings
    return _changes_text(document.changes, output) + "\n" + findings


def _changes_text(changes: Sequence[ChangeDocument], output: Path | None) -> str:
    width, color = terminal_width(output)
    return changes_text(changes, width=width, color=color)
