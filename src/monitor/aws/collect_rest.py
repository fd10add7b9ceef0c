"""One REST API, whole, in two parallel rounds and the fewest calls AWS allows: 1 + D for the live
state (D = distinct deployments, none where their exports are kept), 1 or 2 for the draft, and one
for the API itself unless the listing described it."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from monitor.aws.apigateway import RestApi, RestApiReads
from monitor.aws.asking import unknown_value
from monitor.aws.kept_exports import KeptExports
from monitor.aws.parts import or_else, stage_version, unreadable
from monitor.aws.words import ip_address_type, unknown_guards, unknown_kinds
from monitor.model.api import (
    ApiId,
    ApiSnapshot,
    ApiType,
    Configuration,
    EndpointType,
    PolicySource,
    ResourcePolicy,
    Route,
    Stage,
)
from monitor.model.gaps import Gap, Unknown
from monitor.ports import Clock

SERVICE = "apigateway"


class RestCollector:
    """`exports` None: every export is read anew."""

    def __init__(
        self, reads: RestApiReads, exports: KeptExports | None, pool: Executor, clock: Clock
    ) -> None:
        self._reads = reads
        self._exports = exports
        self._pool = pool
        self._clock = clock

    def listing(self) -> dict[str, RestApi] | Gap:
        return self._reads.rest_apis()

    def describe(self, api_id: str) -> RestApi | Gap:
        return self._reads.rest_api(api_id)

    @staticmethod
    def root(api_id: str) -> str:
        """What `Gone` names when the API itself does not exist."""
        return f"restapis/{api_id}"

    def read(self, api: ApiId, described: RestApi | None, *, anew: bool = False) -> ApiSnapshot:
        """`described`: what is known of the API already. `anew`: no export from what was kept.
        Raises Gone if a part of it vanished."""
        api_id, read_at = api.api_id, self._clock.now()
        stages_f = self._pool.submit(self._reads.stages, api_id)
        routes_f = self._pool.submit(self._reads.draft_routes, api_id)
        found = self._reads.rest_api(api_id) if described is None else described
        if isinstance(found, Gap):
            return unreadable(api, ApiType.REST, found, read_at)
        saved = ResourcePolicy(text=found.get("policy") or None, source=PolicySource.SAVED)
        gaps: list[Gap] = []
        stages = or_else(stages_f.result(), (), gaps)
        # Round two: what each deployment serves, and the draft's authorizers if a method names one.
        live = _Live(self._reads, self._exports, api, saved, anew)
        parts = {
            deployment_id: self._pool.submit(live.read, deployment_id, stage)
            for deployment_id, stage in _stage_of_each_deployment(stages).items()
        }
        draft = self._draft(api_id, or_else(routes_f.result(), None, gaps), saved, gaps)
        deployments: dict[str, Configuration] = {}
        for deployment_id, part in parts.items():
            configuration, found_gaps = part.result()
            gaps.extend(found_gaps)
            if configuration is not None:
                deployments[deployment_id] = configuration
        blank = ApiSnapshot(api=api, api_type=ApiType.REST, name="", read_at=read_at)
        snapshot = _described(blank, found, gaps)
        return replace(
            snapshot, stages=stages, deployments=deployments, draft=draft, gaps=tuple(gaps)
        )

    def _draft(
        self,
        api_id: str,
        routes: tuple[Route, ...] | None,
        saved: ResourcePolicy,
        gaps: list[Gap],
    ) -> Configuration | None:
        if routes is None:
            return None
        root = self.root(api_id)
        named = any(route.authorizer_id for route in routes)
        found = or_else(self._reads.authorizers(api_id), None, gaps) if named else None
        authorizers = found or {}
        gaps.extend(
            unknown_guards(
                routes,
                service=SERVICE,
                operation="GetResources",
                unknown=Unknown.DRAFT_ROUTES,
                subject=f"{root}/resources",
            )
        )
        gaps.extend(
            unknown_kinds(
                authorizers.values(),
                service=SERVICE,
                operation="GetAuthorizers",
                subject=f"{root}/authorizers",
            )
        )
        return Configuration(
            routes=routes,
            authorizers=authorizers,
            policies=(saved,),
            authorizers_read=found is not None,
        )


Part = tuple[Configuration | None, tuple[Gap, ...]]


@dataclass(frozen=True, slots=True)
class _Live:
    """What the deployments of one API serve."""

    reads: RestApiReads
    exports: KeptExports | None
    api: ApiId
    saved: ResourcePolicy
    anew: bool

    def read(self, deployment_id: str, stage: Stage | None) -> Part:
        """`stage` None: only a canary serves the deployment, and AWS exports no canary."""
        if stage is None:
            return self._canary(deployment_id)
        answer = self._export(deployment_id, stage)
        if isinstance(answer, Gap):
            return self._summary(deployment_id, answer)
        return answer, tuple(
            unknown_guards(
                answer.routes or (),
                service=SERVICE,
                operation="GetExport",
                unknown=Unknown.LIVE_GUARDS,
                subject=f"restapis/{self.api.api_id}/stages/{stage.name}/exports/oas30",
            )
        )

    def _export(self, deployment_id: str, stage: Stage) -> Configuration | Gap:
        def export() -> Configuration | Gap:
            return self.reads.export(self.api.api_id, stage.name, self.saved)

        if self.exports is None:
            return export()
        return self.exports.configuration(
            self.api,
            deployment_id,
            saved=self.saved,
            stage_version=stage_version(stage),
            export=export,
            anew=self.anew,
        )

    def _canary(self, deployment_id: str) -> Part:
        if self.exports is not None:
            kept = self.exports.of_canary(self.api, deployment_id, saved=self.saved)
            if kept is not None:
                return kept, ()
        return self._summary(deployment_id, _canary_gap(self.api.api_id, deployment_id))

    def _summary(self, deployment_id: str, why: Gap) -> Part:
        summary = self.reads.deployment_summary(self.api.api_id, deployment_id)
        if isinstance(summary, Gap):
            return None, (why, summary)
        return summary, (replace(why, unknown=Unknown.LIVE_GUARDS),)


def _stage_of_each_deployment(stages: Iterable[Stage]) -> dict[str, Stage | None]:
    """Deployment id -> a stage whose export shows it; None where only a canary serves it."""
    found: dict[str, Stage | None] = {}
    for stage in stages:
        if stage.deployment_id:
            found[stage.deployment_id] = stage
    for stage in stages:
        if stage.canary_deployment_id:
            found.setdefault(stage.canary_deployment_id, None)
    return found


def _canary_gap(api_id: str, deployment_id: str) -> Gap:
    return Gap(
        service=SERVICE,
        operation="GetExport",
        error_code="NoExportOfCanary",
        unknown=Unknown.CANARY,
        subject=f"restapis/{api_id}/deployments/{deployment_id}",
        message="AWS exports a stage's own deployment, not its canary's",
    )


def _described(snapshot: ApiSnapshot, found: RestApi, gaps: list[Gap]) -> ApiSnapshot:
    endpoint = found.get("endpointConfiguration") or {}
    return replace(
        snapshot,
        name=found.get("name", ""),
        endpoint_types=_endpoint_types(snapshot.api, endpoint.get("types") or (), gaps),
        vpc_endpoint_ids=tuple(endpoint.get("vpcEndpointIds") or ()),
        ip_address_type=ip_address_type(endpoint.get("ipAddressType")),
        disable_default_endpoint=bool(found.get("disableExecuteApiEndpoint", False)),
        api_key_source=found.get("apiKeySource", "HEADER"),
        security_policy=found.get("securityPolicy"),
        endpoint_access_mode=found.get("endpointAccessMode"),
        tags=dict(found.get("tags") or {}),
    )


def _endpoint_types(api: ApiId, types: Iterable[str], gaps: list[Gap]) -> tuple[EndpointType, ...]:
    known = {kind.value: kind for kind in EndpointType}
    types = tuple(types)
    if types and all(kind in known for kind in types):
        return tuple(known[kind] for kind in types)
    gaps.append(
        unknown_value(
            f"endpoint types {', '.join(types) or 'missing'}",
            operation="GetRestApi",
            unknown=Unknown.DOORS,
            subject=f"restapis/{api.api_id}",
        )
    )
    return ()
