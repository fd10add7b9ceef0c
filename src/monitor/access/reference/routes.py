"""Which route a request reaches.

Source: API Gateway developer guide, "Routes for HTTP APIs", "Set up a proxy integration with a
proxy resource", "About WebSocket APIs".
"""

from __future__ import annotations

from monitor.model.api import ApiType, AuthorizationType, Route

_LITERAL, _VARIABLE, _GREEDY = range(3)
_OPEN_CONNECT = Route(key="$connect", authorization=AuthorizationType.NONE)


def route_for(api_type: ApiType, routes: tuple[Route, ...], method: str, path: str) -> Route | None:
    """None = no route matches, and the call ends there."""
    if api_type is ApiType.WEBSOCKET:
        return _connect_route(routes)
    fitting = [
        route
        for route in routes
        if route.key != "$default"
        and route.method in (method, "ANY")
        and template_matches(route.path, path)
    ]
    if fitting:
        return min(fitting, key=lambda route: _precedence(api_type, route))
    return next((route for route in routes if route.key == "$default"), None)


def _connect_route(routes: tuple[Route, ...]) -> Route | None:
    """Authorization is checked when the connection is made, and only then; without a `$connect`
    route anyone may connect."""
    if not routes:
        return None
    return next((route for route in routes if route.key == "$connect"), _OPEN_CONNECT)


def template_matches(template: str, path: str) -> bool:
    parts, segments = _split(template), _split(path)
    for place, part in enumerate(parts):
        if _kind(part) == _GREEDY:
            return any(segments[place:])
        if place >= len(segments):
            return False
        if _kind(part) == _LITERAL and part != segments[place]:
            return False
        if _kind(part) == _VARIABLE and not segments[place]:
            return False
    return len(parts) == len(segments)


def _precedence(api_type: ApiType, route: Route) -> tuple[bool, list[int], bool]:
    """An HTTP API takes a full match before any greedy one; both take the more literal path, then
    the verb before `ANY`."""
    kinds = [_kind(part) for part in _split(route.path)]
    greedy = api_type is ApiType.HTTP and _GREEDY in kinds
    return greedy, kinds, route.method == "ANY"


def _split(path: str) -> list[str]:
    return path.removeprefix("/").split("/")


def _kind(part: str) -> int:
    if part.startswith("{") and part.endswith("+}"):
        return _GREEDY
    return _VARIABLE if part.startswith("{") and part.endswith("}") else _LITERAL
