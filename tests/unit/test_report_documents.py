"""What the documents say of a judged API beyond its fields."""

from __future__ import annotations

import dataclasses

import pytest
from tests.builders import DOOR, access, rest_api, stage_access

from monitor.model.access import ApiAccess, Door, DoorKind, RouteAccess, Scope
from monitor.report.audience import Audience, audience, exposures, total_routes
from monitor.report.documents import api_document

DOMAIN = Door(kind=DoorKind.CUSTOM_DOMAIN, host="api.example.com")


def _through(door: Door, route: str, scope: Scope) -> RouteAccess:
    return RouteAccess(door=door, route=route, access=access(scope))


def test_a_route_counts_once_under_its_widest_door() -> None:
    doors = (
        _through(DOOR, "GET /orders", Scope.NOBODY),
        _through(DOMAIN, "GET /orders", Scope.INTERNET),
        _through(DOOR, "POST /orders", Scope.TOKEN),
        _through(DOMAIN, "POST /orders", Scope.TOKEN),
    )
    stage = dataclasses.replace(stage_access(Scope.INTERNET), live_routes=doors)

    document = api_document(rest_api(), ApiAccess(stages=(stage, stage)))

    assert document.stages[0].routes_by_scope == {Scope.INTERNET: 1, Scope.TOKEN: 1}
    total = total_routes(exposures([document]))
    assert {who: number for who, number in total.items() if number} == {
        Audience.ANYONE: 2,
        Audience.CREDENTIAL: 2,
    }


@pytest.mark.parametrize("scope", Scope)
def test_no_public_scope_is_called_anything_less(scope: Scope) -> None:
    public = audience(scope) in (Audience.ANYONE, Audience.ANY_AWS_ACCOUNT)
    assert public is scope.is_public
