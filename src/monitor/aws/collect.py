"""The port `SnapshotSource` over boto3: lists the APIs of a region, and reads one of them whole,
with its doors and what stands behind it. Every failure is a gap of the snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Protocol

from monitor.aws.apigateway import RestApiReads
from monitor.aws.apigatewayv2 import V2ApiReads
from monitor.aws.asking import Gone
from monitor.aws.collect_rest import RestCollector
from monitor.aws.collect_v2 import V2Collector
from monitor.aws.kept_exports import KeptExports
from monitor.aws.parts import unreadable
from monitor.aws.surroundings import Surroundings
from monitor.model.api import ApiId, ApiSnapshot, ApiType
from monitor.model.change import ApiFamily
from monitor.model.gaps import Gap, Unknown
from monitor.ports import Clock, ExportCache, Listing


class _Collector(Protocol):
    """Reads the APIs of one family. `describe` and `read` raise Gone."""

    def listing(self) -> Mapping[str, Mapping[str, Any]] | Gap: ...
    def describe(self, api_id: str) -> Mapping[str, Any] | Gap: ...
    def root(self, api_id: str) -> str: ...
    def read(
        self, api: ApiId, described: Mapping[str, Any] | None, *, anew: bool
    ) -> ApiSnapshot: ...


class SnapshotReader:
    """One reader serves one account and region. `surroundings` None: neither doors nor what stands
    behind are read, and the snapshot says so. `exports` None: no export is kept."""

    def __init__(
        self,
        rest: RestApiReads,
        v2: V2ApiReads,
        clock: Clock,
        *,
        account_id: str,
        region: str,
        partition: str = "aws",
        surroundings: Surroundings | None = None,
        exports: ExportCache | None = None,
        workers: int = 4,
    ) -> None:
        self._clock = clock
        self._account_id = account_id
        self._region = region
        self._partition = partition
        self._surroundings = surroundings
        pool = ThreadPoolExecutor(workers, thread_name_prefix="gatewatch-read")
        kept = KeptExports(exports) if exports is not None else None
        self._collectors: dict[ApiFamily, _Collector] = {
            ApiFamily.REST: RestCollector(rest, kept, pool, clock),
            ApiFamily.V2: V2Collector(v2, kept, pool, clock),
        }
        self._listed: dict[ApiFamily, dict[str, Mapping[str, Any]]] = {one: {} for one in ApiFamily}
        self._families: dict[str, ApiFamily] = {}

    def list_apis(self) -> Listing:
        """Every API of the region, of both families. What is listed is not asked for again by
        `read`; a listing that failed is a gap, and the other one stands."""
        apis: list[ApiId] = []
        gaps: list[Gap] = []
        for family, collector in self._collectors.items():
            answer = collector.listing()
            if isinstance(answer, Gap):
                gaps.append(answer)
                continue
            self._listed[family] = dict(answer)
            apis.extend(self._api_id(api_id, family) for api_id in answer)
        return Listing(apis=tuple(apis), gaps=tuple(gaps))

    def read(self, api: ApiId, *, anew: bool = False) -> ApiSnapshot | None:
        """The API as it is now, or None if it is gone. `anew`: with every export read again.

        Where nobody told its family, REST is tried first. A stage or deployment that vanishes
        between two calls makes a second try; what vanishes again is a gap.
        """
        known = api.family or self._families.get(api.api_id)
        if known is None:
            known = next((one for one in ApiFamily if api.api_id in self._listed[one]), None)
        unread: ApiSnapshot | None = None
        for one in [known] if known is not None else list(ApiFamily):
            snapshot = self._read(api, one, probe=known is None, anew=anew)
            if snapshot is None:
                continue
            if known is None and _is_unread(snapshot):
                unread = unread or snapshot  # it may be of the other family
                continue
            self._families[api.api_id] = one
            snapshot = replace(snapshot, api=replace(api, family=one))
            return self._surroundings.added(snapshot) if self._surroundings else snapshot
        self._families.pop(api.api_id, None)
        return unread

    def apis_behind(self, domain_name: str) -> tuple[ApiId, ...]:
        """The APIs to which a custom domain leads now; none where that could not be read, and then
        every look judges as if such a door were open."""
        behind = self._surroundings.led_to_by(domain_name) if self._surroundings else ()
        return tuple(self._api_id(api_id, self._families.get(api_id)) for api_id in behind)

    def forget_surroundings(self) -> None:
        """Read doors and what stands behind anew from now on, and the descriptions that a listing
        brought: something of it has changed, or may have since."""
        self._listed = {one: {} for one in ApiFamily}
        if self._surroundings is not None:
            self._surroundings.forget()

    def _read(
        self, api: ApiId, family: ApiFamily, *, probe: bool, anew: bool
    ) -> ApiSnapshot | None:
        """`probe`: the API may be of the other family, so first ask for nothing but itself."""
        collector = self._collectors[family]
        vanished = ""
        for described in self._descriptions(family, api.api_id, probe=probe):
            if isinstance(described, Gap):
                return unreadable(api, _UNREAD[family], described, self._clock.now())
            try:
                return collector.read(api, described, anew=anew)
            except Gone as gone:
                vanished = str(gone)
            if vanished == collector.root(api.api_id):
                return None
        if not vanished:
            return None
        return unreadable(api, _UNREAD[family], _moving(vanished), self._clock.now())

    def _descriptions(
        self, family: ApiFamily, api_id: str, *, probe: bool
    ) -> Iterator[Mapping[str, Any] | Gap | None]:
        """What to begin the tries with; none at all if there is no such API."""
        described: Mapping[str, Any] | Gap | None = self._listed[family].pop(api_id, None)
        if described is None and probe:
            try:
                described = self._collectors[family].describe(api_id)
            except Gone:
                return
        yield described
        yield None

    def _api_id(self, api_id: str, family: ApiFamily | None) -> ApiId:
        return ApiId(
            account_id=self._account_id,
            region=self._region,
            api_id=api_id,
            partition=self._partition,
            family=family,
        )


_UNREAD = {ApiFamily.REST: ApiType.REST, ApiFamily.V2: ApiType.HTTP}
"""What an API of a family is called as long as nothing of it could be read."""


def _is_unread(snapshot: ApiSnapshot) -> bool:
    return any(gap.unknown is Unknown.API for gap in snapshot.gaps)


def _moving(subject: str) -> Gap:
    return Gap(
        service="apigateway",
        operation="Get",
        error_code="NotFoundException",
        unknown=Unknown.API,
        subject=subject,
        message="the API was changed twice while it was read",
    )
