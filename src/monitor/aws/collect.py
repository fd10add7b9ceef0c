"""Reads -> one `ApiSnapshot` with its gaps, in two parallel rounds and the fewest calls AWS allows:
2 + D for the live state and the listing's share (D = distinct deployments), 1 or 2 for the draft.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

from monitor.aws.apigateway import RestApi, RestApiReads
from monitor.aws.asking import Gone
from monitor.model.api import (
    ApiId,
    ApiSnapshot,
    ApiType,
    Configuration,
    EndpointType,
    IpAddressType,
    PolicySource,
    ResourcePolicy,
    Route,
    Stage,
)
from monitor.model.gaps import Gap, Unknown
from monitor.ports import Clock, Listing

T = TypeVar("T")


class SnapshotReader:
    """The port `SnapshotSource` over boto3. One reader serves one account and region."""

    def __init__(
        self,
        reads: RestApiReads,
        clock: Clock,
        *,
        account_id: str,
        region: str,
        partition: str = "aws",
        workers: int = 4,
    ) -> None:
        self._reads = reads
        self._clock = clock
        self._account_id = account_id
        self._region = region
        self._partition = partition
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="gatewatch-read")
        self._listed: dict[str, RestApi] = {}

    def list_apis(self) -> Listing:
        """Every REST API of the region. What is listed is not asked for again by `read`."""
        answer = self._reads.rest_apis()
        if isinstance(answer, Gap):
            return Listing(apis=(), gaps=(answer,))
        self._listed = {str(api["id"]): api for api in answer}
        return Listing(apis=tuple(self._api_id(api_id) for api_id in self._listed))

    def read(self, api: ApiId) -> ApiSnapshot | None:
        """The API as it is now, or None if it is gone.

        A stage or deployment that vanishes between two calls makes a second try; what vanishes
        again is a gap.
        """
        vanished = ""
        for listed in (self._listed.pop(api.api_id, None), None):
            try:
                return self._read(api, listed)
            except Gone as gone:
                vanished = str(gone)
            if vanished == f"restapis/{api.api_id}":
                return None
        return self._unreadable(api, _moving(vanished))

    def _read(self, api: ApiId, listed: RestApi | None) -> ApiSnapshot:
        api_id = api.api_id
        read_at = self._clock.now()
        stages_f = self._pool.submit(self._reads.stages, api_id)
        routes_f = self._pool.submit(self._reads.draft_routes, api_id)
        described = listed if listed is not None else self._reads.rest_api(api_id)
        if isinstance(described, Gap):
            return self._unreadable(api, described)
        saved = ResourcePolicy(text=described.get("policy") or None, source=PolicySource.SAVED)
        gaps: list[Gap] = []
        stages = _or(stages_f.result(), (), gaps)
        # Round two: what each deployment serves, and the draft's authorizers if a method names one.
        live_f = {
            deployment_id: self._pool.submit(self._live, api_id, deployment_id, stage, saved)
            for deployment_id, stage in _stage_of_each_deployment(stages).items()
        }
        draft = self._draft(api_id, _or(routes_f.result(), None, gaps), saved, gaps)
        deployments: dict[str, Configuration] = {}
        for deployment_id, future in live_f.items():
            part = future.result()
            gaps.extend(part.gaps)
            if part.configuration is not None:
                deployments[deployment_id] = part.configuration
        snapshot = self._describe(api, described, gaps)
        return replace(
            snapshot,
            read_at=read_at,
            stages=stages,
            deployments=deployments,
            draft=draft,
            gaps=tuple(gaps),
        )

    def _live(
        self, api_id: str, deployment_id: str, stage: str | None, saved: ResourcePolicy
    ) -> _Live:
        if stage is None:
            return self._summary(api_id, deployment_id, _canary_gap(api_id, deployment_id))
        answer = self._reads.export(api_id, stage, saved)
        if isinstance(answer, Gap):
            return self._summary(api_id, deployment_id, answer)
        return _Live(answer, ())

    def _summary(self, api_id: str, deployment_id: str, why: Gap) -> _Live:
        summary = self._reads.deployment_summary(api_id, deployment_id)
        if isinstance(summary, Gap):
            return _Live(None, (why, summary))
        return _Live(summary, (replace(why, unknown=Unknown.LIVE_GUARDS),))

    def _draft(
        self,
        api_id: str,
        routes: tuple[Route, ...] | None,
        saved: ResourcePolicy,
        gaps: list[Gap],
    ) -> Configuration | None:
        if routes is None:
            return None
        named = any(route.authorizer_id for route in routes)
        authorizers = _or(self._reads.authorizers(api_id), {}, gaps) if named else {}
        return Configuration(routes=routes, authorizers=authorizers, policies=(saved,))

    def _describe(self, api: ApiId, described: RestApi, gaps: list[Gap]) -> ApiSnapshot:
        endpoint = described.get("endpointConfiguration", {})
        return ApiSnapshot(
            api=api,
            api_type=ApiType.REST,
            name=described.get("name", ""),
            read_at=self._clock.now(),
            endpoint_types=_endpoint_types(api, endpoint.get("types", ()), gaps),
            ip_address_type=_ip_address_type(endpoint.get("ipAddressType")),
            disable_default_endpoint=bool(described.get("disableExecuteApiEndpoint", False)),
            api_key_source=described.get("apiKeySource", "HEADER"),
            tags=dict(described.get("tags", {})),
        )

    def _unreadable(self, api: ApiId, gap: Gap) -> ApiSnapshot:
        return ApiSnapshot(
            api=api, api_type=ApiType.REST, name="", read_at=self._clock.now(), gaps=(gap,)
        )

    def _api_id(self, api_id: str) -> ApiId:
        return ApiId(
            account_id=self._account_id,
            region=self._region,
            api_id=api_id,
            partition=self._partition,
        )


@dataclass(frozen=True, slots=True)
class _Live:
    configuration: Configuration | None
    gaps: tuple[Gap, ...]


def _or(answer: T | Gap, otherwise: T, gaps: list[Gap]) -> T:
    if isinstance(answer, Gap):
        gaps.append(answer)
        return otherwise
    return answer


def _stage_of_each_deployment(stages: Iterable[Stage]) -> dict[str, str | None]:
    """Deployment id -> a stage whose export shows it; None where only a canary serves it."""
    found: dict[str, str | None] = {}
    for stage in stages:
        if stage.deployment_id:
            found[stage.deployment_id] = stage.name
    for stage in stages:
        if stage.canary_deployment_id:
            found.setdefault(stage.canary_deployment_id, None)
    return found


def _canary_gap(api_id: str, deployment_id: str) -> Gap:
    return Gap(
        service="apigateway",
        operation="GetExport",
        error_code="NoExportOfCanary",
        unknown=Unknown.CANARY,
        subject=f"restapis/{api_id}/deployments/{deployment_id}",
        message="AWS exports a stage's own deployment, not its canary's",
    )


def _moving(subject: str) -> Gap:
    return Gap(
        service="apigateway",
        operation="Get",
        error_code="NotFoundException",
        unknown=Unknown.API,
        subject=subject,
        message="the API was changed twice while it was read",
    )


def _endpoint_types(api: ApiId, types: Iterable[str], gaps: list[Gap]) -> tuple[EndpointType, ...]:
    known = {kind.value: kind for kind in EndpointType}
    types = tuple(types)
    if types and all(kind in known for kind in types):
        return tuple(known[kind] for kind in types)
    gaps.append(
        Gap(
            service="apigateway",
            operation="GetRestApi",
            error_code="UnknownValue",
            unknown=Unknown.DOORS,
            subject=f"restapis/{api.api_id}",
            message=f"endpoint types {', '.join(types) or 'missing'}",
        )
    )
    return ()


def _ip_address_type(value: object) -> IpAddressType:
    # Anything that is not IPv4 alone is judged as both families: the wider reading.
    return IpAddressType.IPV4 if value in (None, "ipv4") else IpAddressType.DUALSTACK
