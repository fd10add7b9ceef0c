"""A stage serves, enforces and exports what was deployed to it, not what was saved since.

MiniStack serves the draft: an edit acts at once, without a deployment. In AWS a change of a method,
an authorizer, a resource or the resource policy acts after CreateDeployment, and a stage moved back
to an older deployment serves that one again. Here CreateDeployment freezes the API's entries in the
stores of the emulator, and whatever answers for a stage reads the frozen ones.
"""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from mends import expect, export
from ministack import app
from ministack.core.responses import AccountRegionScopedDict, request_scope
from ministack.services import apigateway_v1 as v1

_FROZEN = ("_rest_apis", "_resources", "_authorizers_v1", "_models", "_request_validators")
_EXECUTE = ("api_id", "stage_name", "method", "path", "headers", "body", "query_params")
_ENFORCE = ("api_id", "stage", "method", "execute_path", "headers", "query_params", "iam_action")

# api id -> deployment id -> store name -> the API's entry when that deployment was made
_snapshots = AccountRegionScopedDict()
# While a stage answers: (account, region, api id) and the snapshot to answer from.
_serving: ContextVar[tuple[tuple[str, str, str], dict[str, Any]] | None] = ContextVar(
    "serving", default=None
)


class _ServedStore(AccountRegionScopedDict):
    """A store of the emulator that shows the snapshot of the API being served."""

    __slots__ = ("_name",)

    def __init__(self, name: str, original: AccountRegionScopedDict) -> None:
        self._data = original._data
        self._name = name

    def get(self, key: str, default: Any = None) -> Any:
        return self.get_scoped(*self._scoped(key), default)

    def __getitem__(self, key: str) -> Any:
        found = self._served(self._scoped(key))
        return super().__getitem__(key) if found is None else found

    def get_scoped(self, account_id: str, region: str, key: str, default: Any = None) -> Any:
        found = self._served((account_id, region, key))
        return super().get_scoped(account_id, region, key, default) if found is None else found

    def _served(self, scoped: tuple[str, str, str]) -> Any:
        serving = _serving.get()
        return serving[1][self._name] if serving and serving[0] == scoped else None


def apply() -> None:
    for name in _FROZEN:
        store = expect.attribute(v1, name, AccountRegionScopedDict)
        setattr(v1, name, _ServedStore(name, store))
    _freeze_at_deployment()
    _keep_deployments_in_use()
    _serve_the_snapshot()
    export.apply(serving)


@contextlib.contextmanager
def serving(api_id: str, stage_name: str) -> Iterator[None]:
    """Within, the stores show this API as it was deployed to this stage."""
    scope = v1.find_api_scope(api_id)
    token = None
    if scope:
        with request_scope(*scope):
            stage = v1._stages_v1.get(api_id, {}).get(stage_name) or {}
            snapshot = _snapshots.get(api_id, {}).get(stage.get("deploymentId"))
        if snapshot:
            token = _serving.set(((*scope, api_id), snapshot))
    try:
        yield
    finally:
        if token:
            _serving.reset(token)


def _freeze_at_deployment() -> None:
    create = expect.function(v1, "_create_deployment", "api_id", "data")
    reset = expect.function(v1, "reset")

    def create_deployment(api_id: str, data: dict[str, Any]) -> Any:
        answer = create(api_id, data)
        if answer[0] == 201:
            frozen = {name: copy.deepcopy(getattr(v1, name).get(api_id, {})) for name in _FROZEN}
            _snapshots.setdefault(api_id, {})[json.loads(answer[2])["id"]] = frozen
        return answer

    def reset_all() -> None:
        _snapshots.clear()
        reset()

    expect.replace(v1, create, create_deployment)
    expect.replace(v1, reset, reset_all)


def _keep_deployments_in_use() -> None:
    """AWS refuses to delete a deployment that a stage points to; without it nothing is served."""
    delete = expect.function(v1, "_delete_deployment", "api_id", "deployment_id")

    def delete_deployment(api_id: str, deployment_id: str) -> Any:
        stages = v1._stages_v1.get(api_id, {}).values()
        if any(stage.get("deploymentId") == deployment_id for stage in stages):
            message = "Active stages pointing to this deployment must be moved or deleted"
            return v1._v1_error("BadRequestException", message, 400)
        return delete(api_id, deployment_id)

    expect.replace(v1, delete, delete_deployment)


def _serve_the_snapshot() -> None:
    execute = expect.function(v1, "handle_execute", *_EXECUTE)
    enforce = expect.function(app, "_enforce_execute_api", *_ENFORCE)

    async def handle_execute(api_id: str, stage_name: str, *rest: Any) -> Any:
        with serving(api_id, stage_name):
            return await execute(api_id, stage_name, *rest)

    def enforce_execute_api(api_id: str, stage: str, *rest: Any, **more: Any) -> Any:
        with serving(api_id, stage):
            return enforce(api_id, stage, *rest, **more)

    expect.replace(v1, execute, handle_execute)
    expect.replace(app, enforce, enforce_execute_api)
