"""What a route asks of its callers, and what its resource policy has to say about them.

Source: API Gateway guide, "How API Gateway resource policies affect authorization workflow",
"Use API Gateway Lambda authorizers", "Lambda authorizers for HTTP APIs", "Usage plans".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from monitor.access.codes import Code
from monitor.model.access import Reason
from monitor.model.api import (
    ApiSnapshot,
    ApiType,
    AuthorizationType,
    Authorizer,
    Configuration,
    Route,
    Stage,
)
from monitor.model.callers import (
    ANY_NAME,
    Credential,
    NameSet,
    function_without_qualifier,
    issuer_of_pool,
    only,
)
from monitor.model.credentials import demands_credential


class PolicyRule(Enum):
    """`ALLOWED`: the policy must allow. `NOT_DENIED`: it must not deny."""

    ALLOWED = "allowed"
    NOT_DENIED = "not-denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One way past a route's authorization.

    `signed`: callers are AWS principals, of any account or of the owner's (`own_account`).
    `token_issuers`: whose token is taken, as in `CallerBox`. `proven` False: it may be that callers
    get past it, it is not known.
    """

    rule: PolicyRule
    signed: bool = False
    own_account: bool | None = None
    credentials: frozenset[Credential] = frozenset()
    token_issuers: NameSet = ANY_NAME
    proven: bool = True
    reasons: tuple[Reason, ...] = ()

    def held(self, needs_certificate: bool) -> tuple[Credential, ...]:
        """Everything a caller must hold to get through, in a fixed order."""
        also = {Credential.CLIENT_CERTIFICATE} if needs_certificate else set()
        return tuple(one for one in Credential if one in self.credentials | also)


def gates(
    snapshot: ApiSnapshot, configuration: Configuration, stage: Stage, route: Route
) -> tuple[Gate, ...]:
    """Every way past the authorization and the key requirement of a route."""
    authorizer = configuration.authorizers.get(route.authorizer_id or "")
    found = _authorization(snapshot, route, authorizer)
    return tuple(keyed for gate in found for keyed in _with_key(snapshot, stage, route, gate))


def _authorization(
    snapshot: ApiSnapshot, route: Route, authorizer: Authorizer | None
) -> tuple[Gate, ...]:
    place = f"route {route.key}"
    match route.authorization:
        case AuthorizationType.NONE:
            reason = Reason(code=Code.AUTHORIZATION_NONE, place=place)
            return (Gate(rule=PolicyRule.ALLOWED, reasons=(reason,)),)
        case AuthorizationType.AWS_IAM:
            return _iam(snapshot, place)
        case AuthorizationType.CUSTOM:
            return _lambda(snapshot, authorizer, place)
        case None:
            reason = Reason(code=Code.AUTHORIZATION_UNKNOWN, place=place)
            return (Gate(rule=PolicyRule.NOT_DENIED, proven=False, reasons=(reason,)),)
        case _:
            # Of a user pool's token holders the pages say both that the policy must allow and that
            # its silence is enough: the wider.
            return (_token_gate(place, str(route.authorization), authorizer),)


def _token_gate(place: str, kind: str, authorizer: Authorizer | None) -> Gate:
    reason = Reason(code=Code.AUTHORIZATION_TOKEN, place=place, fields={"kind": kind})
    return Gate(
        rule=PolicyRule.NOT_DENIED,
        credentials=frozenset({Credential.TOKEN}),
        token_issuers=_issuers(authorizer),
        reasons=(reason,),
    )


def _issuers(authorizer: Authorizer | None) -> NameSet:
    """Whose word the authorizer takes; anybody's, where that cannot be told."""
    if authorizer is None:
        return ANY_NAME
    names = [issuer_of_pool(arn) for arn in authorizer.user_pool_arns]
    names += [authorizer.issuer] if authorizer.issuer else []
    if authorizer.function_arn is not None:
        names.append(function_without_qualifier(authorizer.function_arn))
    known = [name for name in names if name is not None]
    return only(*known) if known and len(known) == len(names) else ANY_NAME


def _iam(snapshot: ApiSnapshot, place: str) -> tuple[Gate, ...]:
    """Tables A and B: in the owner's account the caller's own allow is enough, from another the
    resource policy must allow too. HTTP and WebSocket APIs have no resource policy that could."""
    signed = Reason(code=Code.AUTHORIZATION_IAM, place=place)
    own = Gate(
        rule=PolicyRule.NOT_DENIED,
        signed=True,
        own_account=True,
        reasons=(signed,),
    )
    if snapshot.api_type is not ApiType.REST:
        return (own,)
    return (
        Gate(rule=PolicyRule.ALLOWED, signed=True, own_account=False, reasons=(signed,)),
        own,
    )


def _lambda(snapshot: ApiSnapshot, authorizer: Authorizer | None, place: str) -> tuple[Gate, ...]:
    """An explicit deny of the policy ends the call before the authorizer; behind it table A makes
    the authorizer's allow enough, whether or not the policy speaks."""
    name = authorizer.name if authorizer else ""
    reason = Reason(code=Code.AUTHORIZATION_LAMBDA, place=place, fields={"authorizer": name})
    with_token = Gate(
        rule=PolicyRule.NOT_DENIED,
        credentials=frozenset({Credential.TOKEN}),
        token_issuers=_issuers(authorizer),
        reasons=(reason,),
    )
    if demands_credential(snapshot.api_type, authorizer):
        return (with_token,)
    asks_nothing = Reason(code=Code.LAMBDA_ASKS_NOTHING, place=place, fields={"authorizer": name})
    return (
        with_token,
        Gate(rule=PolicyRule.NOT_DENIED, proven=False, reasons=(reason, asks_nothing)),
    )


def _with_key(snapshot: ApiSnapshot, stage: Stage, route: Route, gate: Gate) -> tuple[Gate, ...]:
    """The same gate with the API key that the route may ask for."""
    place = f"route {route.key}"
    if route.api_key_required is False:
        return (gate,)
    if stage.has_usage_plan is False:
        keyed: tuple[Gate, ...] = ()
    elif snapshot.api_key_source == "AUTHORIZER" and Credential.TOKEN in gate.credentials:
        # The authorizer's answer holds the key; the caller needs none.
        keyed = (gate,)
    else:
        keyed = (_keyed(gate, Reason(code=Code.KEY_REQUIRED, place=place)),)
    if route.api_key_required is None:
        reason = Reason(code=Code.KEY_UNKNOWN, place=place)
        return (*keyed, _unproven(gate, reason))
    return keyed


def _keyed(gate: Gate, reason: Reason) -> Gate:
    credentials = gate.credentials | {Credential.API_KEY}
    return replace(gate, credentials=credentials, reasons=(*gate.reasons, reason))


def _unproven(gate: Gate, reason: Reason) -> Gate:
    return replace(gate, proven=False, reasons=(*gate.reasons, reason))
