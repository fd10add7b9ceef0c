"""One HTTP or WebSocket API, whole: GetRoutes, GetStages, GetAuthorizers where a route names one,
and the export of each deployment that does not follow the draft by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace

from monitor.aws.apigatewayv2 import SERVICE, V2Api, V2ApiReads, cors
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

AUTO_DEPLOYED = "auto-deployed"
"""Stands for the deployment of a stage that follows the draft and was told without an id."""

_NO_POLICY = ResourcePolicy(text=None, source=PolicySource.SAVED)


class V2Collector:
    """`exports` None: every export is read anew."""

    def __init__(
        self, reads: V2ApiReads, exports: KeptExports | None, pool: Executor, clock: Clock
    ) -> None:
        self._reads = reads
        self._exports = exports
        self._pool = pool
        self._clock = clock

    def listing(self) -> dict[str, V2Api] | Gap:
        return self._reads.apis()

    def describe(self, api_id: str) -> V2Api | Gap:
        return self._reads.api(api_id)

    @staticmethod
    def root(api_id: str) -> str:
        """What `Gone` names when the API itself does not exist."""
        return f"v2/apis/{api_id}"

    def read(self, api: ApiId, described: V2Api | None, *, anew: bool = False) -> ApiSnapshot:
        """`described`: what is known of the API already. `anew`: no export from what was kept.
        Raises Gone if a part of it vanished."""
        api_id, read_at = api.api_id, self._clock.now()
        stages_f = self._pool.submit(self._reads.stages, api_id)
        routes_f = self._pool.submit(self._reads.routes, api_id)
        found = self._reads.api(api_id) if described is None else described
        if isinstance(found, Gap):
            return unreadable(api, ApiType.HTTP, found, read_at)
        api_type = _api_type(found)
        if isinstance(api_type, Gap):
            return unreadable(api, ApiType.HTTP, api_type, read_at)
        gaps: list[Gap] = []
        stages = tuple(map(_with_deployment, or_else(stages_f.result(), (), gaps)))
        follows = any(stage.auto_deploy for stage in stages)
        drafted: list[Gap] = []
        draft = self._draft(api_id, or_else(routes_f.result(), None, drafted), drafted)
        gaps.extend(_live_too(gap) if follows else gap for gap in drafted)
        deployments = self._deployments(api, api_type, stages, draft, gaps, anew)
        return replace(
            _described(ApiSnapshot(api=api, api_type=api_type, name="", read_at=read_at), found),
            stages=stages,
            deployments=deployments,
            draft=draft,
            gaps=tuple(gaps),
        )

    def _draft(
        self, api_id: str, routes: tuple[Route, ...] | None, gaps: list[Gap]
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
                operation="GetRoutes",
                unknown=Unknown.DRAFT_ROUTES,
                subject=f"{root}/routes",
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
            routes=routes, authorizers=authorizers, authorizers_read=found is not None
        )

    def _deployments(
        self,
        api: ApiId,
        api_type: ApiType,
        stages: Sequence[Stage],
        draft: Configuration | None,
        gaps: list[Gap],
        anew: bool,
    ) -> dict[str, Configuration]:
        follow = {stage.deployment_id for stage in stages if stage.auto_deploy}
        found = {one: draft for one in follow if one is not None and draft is not None}
        others = {
            stage.deployment_id: stage
            for stage in stages
            if stage.deployment_id and stage.deployment_id not in follow
        }
        if api_type is ApiType.WEBSOCKET:
            gaps.extend(_no_deployed_routes(api.api_id, stage) for stage in others.values())
            return found
        parts = {one: self._pool.submit(self._export, api, others[one], anew) for one in others}
        for deployment_id, part in parts.items():
            configuration = or_else(part.result(), None, gaps)
            if configuration is not None:
                found[deployment_id] = configuration
                gaps.extend(_strange(api.api_id, others[deployment_id], configuration))
        return found

    def _export(self, api: ApiId, stage: Stage, anew: bool) -> Configuration | Gap | None:
        def export() -> Configuration | Gap:
            return self._reads.export(api.api_id, stage.name)

        if self._exports is None or stage.deployment_id is None:
            return export()
        return self._exports.configuration(
            api,
            stage.deployment_id,
            saved=_NO_POLICY,
            stage_version=stage_version(stage),
            export=export,
            anew=anew,
        )


def _api_type(found: V2Api) -> ApiType | Gap:
    protocol = found.get("ProtocolType")
    if protocol in (ApiType.HTTP.value, ApiType.WEBSOCKET.value):
        return ApiType(protocol)
    return unknown_value(
        f"protocol type {protocol}",
        service=SERVICE,
        operation="GetApi",
        unknown=Unknown.API,
        subject=f"v2/apis/{found.get('ApiId', '')}",
    )


def _with_deployment(stage: Stage) -> Stage:
    if stage.auto_deploy and stage.deployment_id is None:
        return replace(stage, deployment_id=AUTO_DEPLOYED)
    return stage


def _live_too(gap: Gap) -> Gap:
    """What is unknown of the draft is unknown of a stage that follows it."""
    live = {
        Unknown.DRAFT_ROUTES: Unknown.LIVE_ROUTES,
        Unknown.AUTHORIZERS: Unknown.LIVE_GUARDS,
    }
    return replace(gap, unknown=live.get(gap.unknown, gap.unknown))


def _no_deployed_routes(api_id: str, stage: Stage) -> Gap:
    # Neither GetDeployment nor an export shows them, and no date says when a route was last edited,
    # so that not even an unedited draft can be told from an edited one.
    return Gap(
        service=SERVICE,
        operation="GetDeployment",
        error_code="NoDeployedRoutes",
        unknown=Unknown.LIVE_ROUTES,
        subject=f"v2/apis/{api_id}/stages/{stage.name}",
        message="AWS does not show what a WebSocket stage without autoDeploy serves",
    )


def _strange(api_id: str, stage: Stage, configuration: Configuration) -> Iterator[Gap]:
    return unknown_guards(
        configuration.routes or (),
        service=SERVICE,
        operation="ExportApi",
        unknown=Unknown.LIVE_GUARDS,
        subject=f"v2/apis/{api_id}/stages/{stage.name}",
    )


def _key_source(found: V2Api) -> str:
    """In the words of REST APIs: whether the caller or the authorizer's answer brings the key.

    Source: API Gateway developer guide, "WebSocket API API key selection expressions".
    """
    by_authorizer = "$context.authorizer.usageIdentifierKey"
    return "AUTHORIZER" if found.get("ApiKeySelectionExpression") == by_authorizer else "HEADER"


def _described(snapshot: ApiSnapshot, found: V2Api) -> ApiSnapshot:
    """HTTP and WebSocket APIs are regional, all of them.

    Source: API Gateway developer guide, "Choose between REST APIs and HTTP APIs".
    """
    return replace(
        snapshot,
        name=found.get("Name", ""),
        endpoint_types=(EndpointType.REGIONAL,),
        ip_address_type=ip_address_type(found.get("IpAddressType")),
        disable_default_endpoint=bool(found.get("DisableExecuteApiEndpoint", False)),
        api_key_source=_key_source(found),
        cors=cors(found),
        tags=dict(found.get("Tags") or {}),
    )
