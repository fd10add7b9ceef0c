"""Usage plans, their stages and their keys. A key's `value` is dropped where it arrives.

Source: API Gateway API reference, "UsagePlan", "ApiKey", "UsagePlanKey"; developer guide, "Usage
plans and API keys for REST APIs".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from monitor.aws.asking import Gone, ask
from monitor.model.behind import ApiKey, PlanStage, Quota, Throttle, UsagePlan
from monitor.model.gaps import Gap, Unknown

if TYPE_CHECKING:
    from types_boto3_apigateway import APIGatewayClient

PAGE = 500


class UsagePlanReads:
    """All of them are account-wide: a plan covers stages of any number of APIs."""

    def __init__(self, client: APIGatewayClient) -> None:
        self._client = client

    def plans(self) -> tuple[UsagePlan, ...] | Gap:
        """Every plan, its keys not read yet."""
        pages = self._client.get_paginator("get_usage_plans")

        def call() -> tuple[UsagePlan, ...]:
            return tuple(
                _plan(item)
                for page in pages.paginate(PaginationConfig={"PageSize": PAGE})
                for item in page.get("items", [])
            )

        return ask(
            call,
            operation="GetUsagePlans",
            unknown=Unknown.PLANS,
            subject="usageplans",
            account_wide=True,
            may_be_gone=False,
        )

    def keys(self) -> dict[str, ApiKey] | Gap:
        """Every key by id."""
        pages = self._client.get_paginator("get_api_keys")

        def call() -> dict[str, ApiKey]:
            return {
                item["id"]: _key(item)
                for page in pages.paginate(includeValues=False, PaginationConfig={"PageSize": PAGE})
                for item in page.get("items", [])
            }

        return ask(
            call,
            operation="GetApiKeys",
            unknown=Unknown.KEYS,
            subject="apikeys",
            account_wide=True,
            may_be_gone=False,
        )

    def keys_of(self, plan_id: str) -> tuple[ApiKey, ...] | Gap:
        """The keys of a plan, of which AWS tells no more than ids and names here; none if the plan
        is gone."""
        pages = self._client.get_paginator("get_usage_plan_keys")

        def call() -> tuple[ApiKey, ...]:
            return tuple(
                ApiKey(key_id=item["id"], name=item.get("name", ""))
                for page in pages.paginate(usagePlanId=plan_id, PaginationConfig={"PageSize": PAGE})
                for item in page.get("items", [])
            )

        try:
            return ask(
                call,
                operation="GetUsagePlanKeys",
                unknown=Unknown.KEYS,
                subject=f"usageplans/{plan_id}/keys",
                account_wide=True,
            )
        except Gone:
            return ()

    def used_on(self, plan_id: str, *, since: date, until: date) -> dict[str, date] | Gap:
        """By id of a key, the last day of those on which a request came with it under the plan.

        AWS answers one entry a day, first day first: what was used of the quota and what is left.
        """
        pages = self._client.get_paginator("get_usage")

        def call() -> dict[str, date]:
            found: dict[str, date] = {}
            for page in pages.paginate(
                usagePlanId=plan_id,
                startDate=since.isoformat(),
                endDate=until.isoformat(),
                PaginationConfig={"PageSize": PAGE},
            ):
                for key_id, days in page.get("items", {}).items():
                    used = [day for day, (count, *_) in enumerate(days) if count > 0]
                    if used:
                        day = since + timedelta(days=used[-1])
                        found[key_id] = max(day, found.get(key_id, day))
            return found

        try:
            return ask(
                call,
                operation="GetUsage",
                unknown=Unknown.USAGE,
                subject=f"usageplans/{plan_id}/usage",
                account_wide=True,
            )
        except Gone:
            return {}


def _plan(item: Mapping[str, Any]) -> UsagePlan:
    quota = item.get("quota")
    throttle = item.get("throttle")
    return UsagePlan(
        plan_id=item["id"],
        name=item.get("name", ""),
        stages=tuple(map(_stage, item.get("apiStages") or ())),
        throttle=_throttle(throttle) if throttle else None,
        quota=Quota(limit=quota["limit"], period=quota.get("period", "")) if quota else None,
    )


def _stage(item: Mapping[str, Any]) -> PlanStage:
    return PlanStage(
        api_id=item["apiId"],
        stage=item["stage"],
        throttles={
            method: _throttle(given) for method, given in (item.get("throttle") or {}).items()
        },
    )


def _throttle(given: Mapping[str, Any]) -> Throttle:
    return Throttle(rate=given.get("rateLimit"), burst=given.get("burstLimit"))


def _key(item: Mapping[str, Any]) -> ApiKey:
    return ApiKey(
        key_id=item["id"],
        name=item.get("name", ""),
        enabled=item.get("enabled"),
        created_at=_time(item.get("createdDate")),
        last_updated_at=_time(item.get("lastUpdatedDate")),
    )


def _time(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None
