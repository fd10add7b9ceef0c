"""Exports that are read once: what a deployment serves is kept by its id."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from monitor.access.kept_export import keep, still_holds, widened
from monitor.model.api import ApiId, Configuration, ResourcePolicy
from monitor.model.gaps import Gap
from monitor.model.kept_export import KeptExport
from monitor.ports import ExportCache

READING = 2
"""Raise it whenever an export is understood in another way or more of it is kept: what was kept by
an older reading is then read again."""


class KeptExports:
    """What the cache holds, or what `export` answers: then the cache holds it next time."""

    def __init__(self, cache: ExportCache) -> None:
        self._cache = cache

    def configuration(
        self,
        api: ApiId,
        deployment_id: str,
        *,
        saved: ResourcePolicy,
        stage_version: str,
        export: Callable[[], Configuration | Gap],
        anew: bool = False,
    ) -> Configuration | Gap:
        """What the deployment of a stage serves.

        `stage_version` names the stage and its state (its `lastUpdatedDate`), as read together with
        the deployment's id. `saved` is the policy of GetRestApi. `export` reads the stage's export;
        it is called only if the cache cannot answer, or if it is to be read `anew`.
        """
        kept = self._cache.get(api, deployment_id)
        if (
            not anew
            and kept is not None
            and still_holds(kept, saved=saved, stage_version=stage_version, reading=READING)
        ):
            if not kept.is_confirmed:
                self._cache.put(api, deployment_id, replace(kept, is_confirmed=True))
            return kept.configuration
        answer = export()
        if isinstance(answer, Gap):
            return self._without_export(kept, saved) or answer
        fresh = keep(answer, saved=saved, stage_version=stage_version, reading=READING, before=kept)
        self._cache.put(api, deployment_id, fresh)
        return fresh.configuration

    def of_canary(
        self, api: ApiId, deployment_id: str, *, saved: ResourcePolicy
    ) -> Configuration | None:
        """What a canary's deployment serves, if it was a stage's own before: AWS exports only
        those. None if it never was."""
        return self._without_export(self._cache.get(api, deployment_id), saved)

    @staticmethod
    def _without_export(kept: KeptExport | None, saved: ResourcePolicy) -> Configuration | None:
        if kept is None or not kept.is_confirmed or kept.reading != READING:
            return None
        return widened(kept, saved)
