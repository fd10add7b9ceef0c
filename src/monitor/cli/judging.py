"""Looks -> the answer, an API at a time: what is judged goes into the journal, and only its outline
stays in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel, ValidationError

from monitor.aws.clock import SystemClock
from monitor.cli.looking import Account, Tell
from monitor.cli.state import State, entry_key
from monitor.model.api import ApiId
from monitor.model.finding import Status
from monitor.model.gaps import Gap
from monitor.report.baseline import KnownFindings
from monitor.report.documents import (
    GapDocument,
    ScanDocument,
    api_document,
    finding_document,
    gap_document,
    shared_gaps,
)
from monitor.report.judged import JudgedApi, whole
from monitor.usecases.look import Looked
from monitor.usecases.scan import look_at_each, missing, plan


class Entry(BaseModel):
    """`is_final`: reading the API again would not tell more, unless it was changed. `shared_gaps`:
    those of the account that matter to the API."""

    is_final: bool
    judged: JudgedApi
    shared_gaps: tuple[GapDocument, ...] = ()


@dataclass(slots=True, kw_only=True)
class Judging:
    """`continued`: the APIs that a stopped scan, begun at `started_at`, had judged already."""

    account: Account
    state: State
    started_at: datetime
    only_apis: Sequence[str] = ()
    continued: list[str] = field(default_factory=list)
    baseline: KnownFindings | None = None
    _gaps: list[Gap] = field(default_factory=list)
    # By region and gap, each once for however many APIs.
    _shared: dict[tuple[str, GapDocument], None] = field(default_factory=dict)
    _outlines: dict[str, JudgedApi] = field(default_factory=dict)

    def region(self, region: str, only: Sequence[ApiId] | None, tell: Tell) -> None:
        """Look at a region's APIs, or at `only` these."""
        looker = self.account.looker(region, self.state.store, self.state.exports)
        planned = plan(looker, region=region, only=only)
        self._gaps += planned.gaps
        waiting = [api for api in planned.apis if not self._is_done(api)]
        tell(0, len(waiting))
        for done, looked in enumerate(look_at_each(looker, waiting), start=1):
            self._take(looked)
            tell(done, len(waiting))

    def name_missing(self, api_ids: Sequence[str]) -> None:
        """Somebody asked for these: without one of them the answer must not look complete."""
        found = {each.api.api_id for each in self._outlines.values()}
        self._gaps += (
            missing(api_id, self.account.regions) for api_id in api_ids if api_id not in found
        )

    def outline(self) -> ScanDocument:
        """The answer without what grows with the number of routes."""
        judged = tuple(map(self._marked, self._outlines.values()))
        of_lists = (gap_document(gap) for gap in (*self.account.gaps, *self._gaps))
        gaps = (*of_lists, *(gap for _, gap in self._shared))
        return ScanDocument(
            account_id=self.account.account_id,
            regions=self.account.regions,
            only_apis=tuple(self.only_apis),
            started_at=self.started_at,
            finished_at=SystemClock().now(),
            complete=not gaps and all(each.api.status == "judged" for each in judged),
            calls=self.account.calls,
            refused=self.account.refused,
            continued=tuple(self.continued),
            baseline_of=self.baseline.since if self.baseline else None,
            apis=tuple(each.api for each in judged),
            gaps=gaps,
            findings=tuple(finding for each in judged for finding in each.findings),
        )

    def judged(self) -> Iterator[JudgedApi]:
        """Every API with all its details, from the journal."""
        for key in self._outlines:
            if (document := self.state.journal.get(key)) is not None:
                yield self._marked(Entry.model_validate_json(document).judged)

    def document(self) -> ScanDocument:
        """The whole answer, in memory at once."""
        return whole(self.outline(), self.judged())

    def _marked(self, judged: JudgedApi) -> JudgedApi:
        # Not what is kept: a scan that goes on later may have another baseline.
        return self.baseline.mark(judged) if self.baseline else judged

    def _is_done(self, api: ApiId) -> bool:
        document = self.state.journal.get(entry_key(api))
        if document is None:
            return False
        try:
            entry = Entry.model_validate_json(document)
        except ValidationError:
            return False  # written by another version
        if entry.is_final:
            self._outlines[entry_key(api)] = entry.judged.outline
            self._note(api.region, entry.shared_gaps)
            self.continued.append(entry_key(api))
        return entry.is_final

    def _take(self, looked: Looked) -> None:
        if looked.evaluation is None:
            return  # gone between the listing and the read
        snapshot = looked.evaluation.snapshot
        every = looked.record.findings.values()
        findings = (finding for finding in every if finding.status is not Status.RESOLVED)
        judged = JudgedApi(
            api=api_document(snapshot, looked.evaluation.access),
            findings=tuple(finding_document(finding) for finding in findings),
        )
        entry = Entry(
            is_final=not any(gap.may_pass for gap in snapshot.gaps),
            judged=judged,
            shared_gaps=shared_gaps(snapshot),
        )
        self._note(looked.api.region, entry.shared_gaps)
        key = entry_key(looked.api)
        self._outlines[key] = judged.outline
        self.state.journal.put(key, entry.model_dump_json().encode())

    def _note(self, region: str, gaps: Iterable[GapDocument]) -> None:
        self._shared.update(dict.fromkeys((region, gap) for gap in gaps))


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
