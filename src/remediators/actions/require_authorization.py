"""Put a guard on the open methods or routes, and publish it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from monitor.model.api import ApiType, AuthorizationType, Authorizer, AuthorizerKind
from remediators.changes import step
from remediators.plan import Goal, Image, Kind, Step, ref
from remediators.publishing import flushes, publish, route_images
from remediators.situation import Action, Proposal, Refuse, Situation

_OF_KIND = {
    AuthorizerKind.TOKEN: AuthorizationType.CUSTOM,
    AuthorizerKind.REQUEST: AuthorizationType.CUSTOM,
    AuthorizerKind.COGNITO_USER_POOLS: AuthorizationType.COGNITO_USER_POOLS,
    AuthorizerKind.JWT: AuthorizationType.JWT,
}


def _propose(given: Situation) -> Proposal:
    keys = given.texts("routes") or given.finding.violation.routes
    if not keys:
        raise Refuse("the finding names no route: give the parameter `routes`")
    if given.snapshot.api_type is ApiType.WEBSOCKET:
        # Authorization of a WebSocket API is asked for when a connection is made, and only then.
        keys = ("$connect",)
    guard, said = _guard(given)
    edits = tuple(_edits(given, keys, guard, said))
    if not edits:
        raise Refuse(f"the draft asks for {said} on these routes already")
    if given.is_rest:
        steps = publish(given, edits, guards=keys)
    elif given.stage.auto_deploy:
        steps = (*edits, *flushes(given))
    else:
        raise Refuse(
            f"stage {given.stage.name} does not deploy itself, and AWS cannot show whether to "
            "deploy the routes would publish more than this"
        )
    stage = given.stage.name
    return Proposal(
        summary=f"ask for {said} on {len(keys)} route{'s' if len(keys) != 1 else ''}",
        goal=Goal.COMPLIANT,
        steps=steps,
        warnings=tuple(_warnings(given)),
        routes=tuple(f"{stage} {key}" for key in keys),
        loses=(f"whoever calls these routes without {said}",),
        shared=tuple(f"stage {one.name} of this API" for one in _followers(given)),
    )


def _guard(given: Situation) -> tuple[dict[str, Any], str]:
    """The members that make the guard, and what it is called."""
    wanted = given.text("authorizer")
    if not wanted:
        asked = given.text("authorization", AuthorizationType.AWS_IAM.value)
        if asked != AuthorizationType.AWS_IAM.value:
            raise Refuse(f"{asked} needs the parameter `authorizer`: its id or name")
        return {"authorizationType": asked}, "a signature (AWS_IAM)"
    one = _authorizer(given, wanted)
    if one.kind is None:
        raise Refuse(f"nobody documented what authorizer {wanted} is")
    guard: dict[str, Any] = {
        "authorizationType": _OF_KIND[one.kind].value,
        "authorizerId": one.authorizer_id,
    }
    if scopes := given.texts("scopes"):
        guard["authorizationScopes"] = list(scopes)
    return guard, f"a token of authorizer {one.name or one.authorizer_id}"


def _authorizer(given: Situation, wanted: str) -> Authorizer:
    known = given.draft.authorizers
    found = [one for key, one in known.items() if wanted in (key, one.name)]
    if len(found) != 1:
        raise Refuse(
            f"the draft uses {'several authorizers' if found else 'no authorizer'} {wanted}"
        )
    return found[0]


def _edits(
    given: Situation, keys: tuple[str, ...], guard: Mapping[str, Any], said: str
) -> Iterator[Step]:
    images = route_images(given)
    for number, key in enumerate(keys):
        image = images.get(key)
        if image is None:
            raise Refuse(f"the draft has no route {key} any more")
        edit = _rest(given, image, key, guard) if given.is_rest else _v2(given, image, guard)
        if edit is None:
            continue
        target, before, after = edit
        yield step(
            target,
            before,
            after,
            key=f"route{number}",
            title=f"ask for {said} on {key}",
            undo=f"put the guard of {key} back to {_named(before)}",
            acts_at_once=not given.is_rest,
        )


Edit = tuple[Any, Image, Image]


def _rest(given: Situation, image: Image, key: str, guard: Mapping[str, Any]) -> Edit | None:
    kept = ("authorizationType", "authorizerId", "authorizationScopes", "apiKeyRequired")
    before: dict[str, Any] = {name: image[name] for name in kept if name in image}
    unguarded = {name: before[name] for name in before if name == "apiKeyRequired"}
    after = {**unguarded, **guard}
    if before == after:
        return None
    verb = key.partition(" ")[0]
    target = ref(Kind.REST_METHOD, given.api_id, str(image["resourceId"]), verb)
    return target, {"route": key, **before}, {"route": key, **after}


def _v2(given: Situation, image: Image, guard: Mapping[str, Any]) -> Edit | None:
    kept = ("RouteKey", "AuthorizationType", "AuthorizerId", "AuthorizationScopes")
    before: dict[str, Any] = {name: image[name] for name in kept if name in image}
    added = {name[:1].upper() + name[1:]: value for name, value in guard.items()}
    after = {"RouteKey": before["RouteKey"], **added}
    if before == after:
        return None
    return ref(Kind.V2_ROUTE, given.api_id, str(image["RouteId"])), before, after


def _named(image: Image) -> str:
    return str(image.get("authorizationType") or image.get("AuthorizationType") or "NONE")


def _followers(given: Situation) -> Iterator[Any]:
    """Other stages that serve the routes as they are configured."""
    if not given.is_rest:
        yield from (
            one for one in given.snapshot.stages if one.auto_deploy and one is not given.stage
        )


def _warnings(given: Situation) -> Iterator[str]:
    if given.is_rest and any(key.startswith("OPTIONS ") for key in given.finding.violation.routes):
        yield "preflight requests carry no credentials: browsers will be refused on OPTIONS"
    if not given.is_rest and given.stage.auto_deploy:
        yield "the edit is live at once, on every stage that deploys itself"


ACTION = Action(
    id="require-authorization",
    title="Ask for authorization on the open routes",
    changes="Authorization type, authorizer and scopes of the routes named by the finding.",
    blast="These routes, on the stage of the finding; of an HTTP API on every stage that deploys "
    "itself. Callers without the credential are refused.",
    at_once="REST: with the deployment that the plan makes, and only if nothing else was drafted. "
    "HTTP and WebSocket: with the edit, where the stage deploys itself.",
    idempotence="Writing the same guard again changes nothing; the deployment is found by its mark "
    "and made once.",
    refuses=(
        "The guard asked for would not be enough by the org policy; the draft holds "
        "anything else that nobody published; an HTTP stage does not deploy itself."
    ),
    inverse="The stage is pointed back, the plan's deployment deleted, each guard put back.",
    writes=(
        "apigateway:UpdateMethod",
        "apigateway:CreateDeployment",
        "apigateway:DeleteDeployment",
        "apigateway:UpdateStage",
        "apigateway:FlushStageAuthorizersCache",
        "apigatewayv2:UpdateRoute",
    ),
    parameters={
        "authorizer": "id or name of an authorizer of the API; without it, AWS_IAM",
        "scopes": "scopes the token must hold",
        "routes": "other routes than those of the finding",
    },
    propose=_propose,
)
