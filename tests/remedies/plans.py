"""A plan for tests that do not care which."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from monitor.model.access import Scope
from monitor.model.api import ApiType
from remediators.changes import step
from remediators.plan import (
    BlastRadius,
    Forecast,
    Goal,
    Kind,
    Plan,
    Precondition,
    RouteForecast,
    StageForecast,
    ref,
)
from tests.builders import API, NOW

STAGE = ref(Kind.REST_STAGE, API.api_id, "prod")


def some_plan(**fields: Any) -> Plan:
    defaults: dict[str, Any] = {
        "id": "gwp-0123456789abcdef",
        "action": "rollback-stage",
        "finding_id": "gw-0123456789abcdef",
        "rule": "access-exceeds-policy",
        "policy_class": "everything else",
        "api": API,
        "api_name": "orders",
        "api_type": ApiType.REST,
        "stage": "prod",
        "made_at": NOW,
        "expires_at": NOW + timedelta(hours=1),
        "goal": Goal.COMPLIANT,
        "summary": "point stage prod back at deployment d1",
        "steps": (
            step(
                STAGE,
                {"deploymentId": "d2"},
                {"deploymentId": "d1"},
                key="stage",
                title="point stage prod back at deployment d1",
                undo="point it at deployment d2 again",
            ),
        ),
        "preconditions": (Precondition(object=STAGE, sha256="0" * 64),),
        "access": Forecast(
            stages=(StageForecast(stage="prod", before=Scope.INTERNET, after=Scope.CIDRS),),
            routes=(
                RouteForecast(
                    stage="prod", route="GET /orders", before=Scope.INTERNET, after=Scope.CIDRS
                ),
            ),
        ),
        "blast_radius": BlastRadius(routes=("prod GET /orders",), callers=("everybody else",)),
        "warnings": ("integrations go back as well",),
    }
    return Plan(**{**defaults, **fields})
