"""A fix of a REST API's draft acts only once the draft is deployed, and then everything else that
was drafted goes live with it. So before that: what else would?

Source: API Gateway developer guide, "Updates to a REST API that require redeployment", "Disable the
default endpoint for REST APIs".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from monitor.access.kept_export import distinct
from monitor.iampolicy.json_text import Malformed, parse_policy_text
from monitor.model.api import Authorizer, Configuration, Route
from remediators.changes import flush, step
from remediators.plan import Image, Kind, Step, canonical, ref
from remediators.situation import Refuse, Situation

DEFAULT_CACHE_SECONDS = 300
MAX_NAMED = 5


def publish(
    given: Situation, edits: tuple[Step, ...], *, guards: Collection[str]
) -> tuple[Step, ...]:
    """The edits of the draft, and the steps that put the draft on the finding's stage. `guards`:
    the routes whose guards are edited.

    Raises Needs, and Refuse if anything but the edits would go live.
    """
    stage = given.stage
    if stage.canary_deployment_id is not None:
        raise Refuse(
            f"stage {stage.name} serves a canary: promote or delete it first, since a deployment "
            "would decide about it"
        )
    refuse_if_more_would_go_live(given, guards=guards)
    image = given.image(Kind.REST_STAGE, given.api_id, stage.name)
    made = step(
        ref(Kind.REST_DEPLOYMENT, given.api_id, f"gatewatch {given.mark}"),
        None,
        {"description": f"gatewatch {given.mark}"},
        key="deployment",
        title="deploy the draft, on no stage yet",
        undo="delete that deployment",
        acts_at_once=False,
    )
    pointed = point(
        given, image, "${deployment.id}", title=f"point stage {stage.name} at that deployment"
    )
    return (*edits, made, pointed, *flushes(given))


def point(given: Situation, image: Image, deployment: str, *, title: str) -> Step:
    """The step that makes the stage of the finding serve a deployment."""
    return step(
        ref(Kind.REST_STAGE, given.api_id, given.stage.name),
        image,
        {**image, "deploymentId": deployment},
        key="stage",
        title=title,
        undo=f"point it back at deployment {image.get('deploymentId')}",
    )


def flushes(given: Situation) -> tuple[Step, ...]:
    """Cached answers of authorizers outlive a new deployment, up to an hour.

    Source: API Gateway developer guide, "Use API Gateway Lambda authorizers".
    """
    kind = Kind.REST_CACHE if given.is_rest else Kind.V2_CACHE
    caches = given.is_rest and any(
        one.cache_ttl_seconds != 0
        for configuration in (given.snapshot.draft, *given.snapshot.deployments.values())
        for one in (configuration.authorizers.values() if configuration else ())
    )
    if not caches:
        return ()
    target = ref(kind, given.api_id, given.stage.name)
    return (flush(target, key="flush", title="forget what authorizers answered before"),)


def refuse_if_more_would_go_live(given: Situation, *, guards: Collection[str]) -> None:
    """Raises Needs, and Refuse that names what would go live beside the edits."""
    others = list(differences(given, guards=guards))
    if others:
        named = "; ".join(others[:MAX_NAMED])
        more = f"; and {len(others) - MAX_NAMED} more" if len(others) > MAX_NAMED else ""
        raise Refuse(
            "to deploy the draft would also publish what nobody approved with this plan: "
            f"{named}{more}"
        )


def differences(given: Situation, *, guards: Collection[str]) -> Iterator[str]:
    """What differs between the draft and what the stage serves, but for the guards of the routes
    named. What cannot be compared counts as different."""
    live, draft = given.live, given.draft
    yield from _guard_differences(draft, live, guards)
    if len(distinct((*draft.policies, *live.policies))) > 1:
        yield "the saved resource policy is not the live one"
    drafted = given.image(Kind.REST_DRAFT, given.api_id)
    served = given.image(Kind.REST_LIVE, given.api_id, given.stage.name)
    for key in sorted({*drafted["methods"], *served["methods"]}):
        ours, theirs = drafted["methods"].get(key), served["methods"].get(key)
        if ours is None or theirs is None:
            yield f"{key} is {'not in' if ours is None else 'new in'} the draft"
            continue
        yield from (
            f"{key}: another {name}"
            for name in sorted({*ours, *theirs})
            if ours.get(name) != theirs.get(name)
        )
    for name in ("gateway responses", "binary media types"):
        if drafted.get(name) != served.get(name):
            yield f"other {name}"


def _guard_differences(
    draft: Configuration, live: Configuration, edited: Collection[str]
) -> Iterator[str]:
    ours = {one.key: one for one in draft.routes or ()}
    theirs = {one.key: one for one in live.routes or ()}
    for key in sorted(ours.keys() & theirs.keys()):
        if key not in edited and _guard(ours[key], draft) != _guard(theirs[key], live):
            yield f"{key}: another guard"


def _guard(route: Route, configuration: Configuration) -> object:
    if route.authorization is None:
        return object()
    authorizer = configuration.authorizers.get(route.authorizer_id or "")
    named = _authorizer(authorizer) if authorizer else route.authorizer_id
    return route.authorization, bool(route.api_key_required), sorted(route.scopes), named


def _authorizer(one: Authorizer) -> object:
    """An authorizer without its id, which an export does not tell."""
    ttl = one.cache_ttl_seconds
    return (
        one.name,
        one.kind,
        sorted(one.identity_sources),
        one.identity_validation or "",
        DEFAULT_CACHE_SECONDS if ttl is None else ttl,
        one.function_uri,
        one.credentials_arn or "",
        sorted(one.user_pool_arns),
    )


def pending_endpoint(given: Situation, steps: tuple[Step, ...]) -> Iterator[str]:
    """Any update of a stage also publishes a change of the default endpoint that waits for one."""
    if not any(one.object.kind is Kind.REST_STAGE for one in steps):
        return
    served = given.find(Kind.REST_LIVE, given.api_id, given.stage.name)
    saved = given.snapshot.disable_default_endpoint
    shown = None if served is None else bool(served.get("disableExecuteApiEndpoint"))
    if shown is None:
        yield "it could not be read whether a change of the default endpoint waits to be published"
    elif shown is not saved:
        word = "disabled" if saved else "enabled"
        yield (
            f"the default endpoint was set to be {word}, and that is not published yet: this "
            "update of the stage publishes it as well, and to undo the plan does not take it back"
        )


def plain_policy(text: str | None) -> str | None:
    """A resource policy as something that can be compared: canonical JSON, or the text itself."""
    if not text:
        return None
    parsed = parse_policy_text(text)
    return text if isinstance(parsed, Malformed) else canonical(parsed)


def route_images(given: Situation) -> Mapping[str, Image]:
    """Route key -> the draft's method or route with its id. Raises Needs and Refuse."""
    if given.is_rest:
        found: Mapping[str, Image] = given.image(Kind.REST_DRAFT, given.api_id)["guards"]
        return found
    routes: Mapping[str, Image] = given.image(Kind.V2_ROUTES, given.api_id)["routes"]
    return routes
