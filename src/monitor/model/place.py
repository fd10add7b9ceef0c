"""The account and region that one deployment watches."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.model.api import ApiId
from monitor.model.change import ApiFamily


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where this deployment stands: what an event's `account_id` and `region` must be."""

    account_id: str
    region: str
    partition: str

    def api(self, api_id: str, family: ApiFamily | None = None) -> ApiId:
        return ApiId(
            account_id=self.account_id,
            region=self.region,
            api_id=api_id,
            partition=self.partition,
            family=family,
        )
