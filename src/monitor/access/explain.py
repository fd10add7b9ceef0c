"""Reasons as sentences. This is the only place that phrases them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from monitor.access.codes import Code
from monitor.model.access import DoorKind, Reason


def sentence(reason: Reason) -> str:
    """One reason or caveat in words. A code that this version does not know is shown as it is."""
    phrase = _SENTENCES.get(reason.code)
    if phrase is None:
        return f"{reason.code} {reason.place}".strip()
    return phrase(reason) if callable(phrase) else phrase.format(place=reason.place)


def _door(reason: Reason) -> str:
    families = reason.fields.get("families", "IPv4")
    match reason.fields.get("kind"):
        case DoorKind.VPC_ENDPOINT:
            return f"{reason.place} answers calls through execute-api VPC endpoints of any account"
        case DoorKind.CUSTOM_DOMAIN:
            return f"the custom domain {reason.place} leads to the stage ({families} callers)"
        case _:
            return f"the default endpoint {reason.place} is open ({families} callers)"


def _assumed_door(reason: Reason) -> str:
    if reason.fields.get("kind") == DoorKind.CUSTOM_DOMAIN:
        return "the custom domains were not read: one may lead here, for IPv4 and IPv6 callers"
    return f"the endpoint type was not read: {reason.place} may be open"


def _quoted_conditions(reason: Reason) -> str:
    conditions = reason.fields.get("conditions")
    return f" ({conditions})" if conditions else ""


def _statement(reason: Reason) -> str:
    sid = reason.fields.get("sid")
    return f"{reason.place} “{sid}”" if sid else reason.place


def _allows(reason: Reason) -> str:
    return f"{_statement(reason)} allows the call{_quoted_conditions(reason)}"


def _may_allow(reason: Reason) -> str:
    return f"{_statement(reason)} may allow the call{_quoted_conditions(reason)}: not decidable"


def _narrows(reason: Reason) -> str:
    return f"{_statement(reason)} denies part of it{_quoted_conditions(reason)}"


def _may_deny(reason: Reason) -> str:
    return (
        f"{_statement(reason)} may deny{_quoted_conditions(reason)}, which is not certain "
        "and therefore not relied on"
    )


def _malformed(reason: Reason) -> str:
    problem = _PROBLEMS.get(reason.fields.get("problem", ""), "cannot be understood")
    detail = reason.fields.get("detail")
    return f"{reason.place} {problem}" + (f": {detail}" if detail else "")


def _setting(reason: Reason) -> str:
    return f"{reason.place}: {reason.fields.get('setting')} is {reason.fields.get('value')}"


def _gap(reason: Reason) -> str:
    told = reason.fields
    what = f"{told.get('operation')} answered {told.get('error_code')} for {reason.place or 'it'}"
    return f"{what}, so nobody can say {told.get('unknown')}"


def _bound(reason: Reason) -> str:
    return f"{reason.place} says “{reason.fields.get('clause')}”"


_PROBLEMS = {
    "not-json": "is not JSON",
    "not-an-object": "is not what belongs there",
    "duplicate-key": "occurs twice, and readers disagree on which one counts",
    "too-large": "is larger than any policy can be",
    "too-deep": "is nested too deeply",
    "unknown-version": "is no version of the policy language",
    "missing": "is missing",
    "unknown-element": "is no element of the policy language",
    "contradiction": "stands beside its opposite",
    "unknown-effect": "is neither Allow nor Deny",
    "unknown-principal-type": "is no type of principal",
    "bare-principal": "is not in a form the grammar knows",
    "not-text": "is not text",
}

_OUTSIDERS = {"anonymous": "an anonymous caller", "stranger": "a stranger's AWS account"}


def _who(fields: Mapping[str, str]) -> str:
    return _OUTSIDERS.get(fields.get("who", ""), "a caller")


_BARRIERS = {
    "signature": "is refused without a signature of AWS credentials ({place})",
    "not-signed-route": "gains nothing by signing: no route here looks at signatures ({place})",
    "other-account": "is refused: only the API's own account can be allowed ({place})",
    "token": "needs a token that the authorizer accepts ({place})",
    "api-key": "needs an API key of the stage's usage plan ({place})",
    "client-certificate": "needs a client certificate that {place} trusts",
    "not-from-internet": "cannot reach {place} from the internet, only through a VPC endpoint",
}


def _stopped(reason: Reason) -> str:
    barrier = _BARRIERS.get(reason.fields.get("by", ""), "is stopped ({place})")
    return f"{_who(reason.fields)} " + barrier.format(place=reason.place)


def _stopped_by_deny(reason: Reason) -> str:
    return f"{_who(reason.fields)} is denied by {reason.place}"


_PARTS = {
    "principal": "does not name {who} ({place})",
    "action": "does not speak of execute-api:Invoke ({place})",
    "resource": "does not cover this route ({place})",
    "condition": "asks for something that {who} cannot have ({place})",
    "addresses": "admits {who} from certain addresses only ({place})",
    "invalid": "is incomplete and grants nothing ({place})",
}


def _stopped_by_part(reason: Reason) -> str:
    part = _PARTS.get(reason.fields.get("part", ""), "does not apply ({place})")
    what = part.format(who=_who(reason.fields), place=reason.place)
    return f"{reason.fields.get('statement', reason.place)} {what}"


def _stopped_by_silence(reason: Reason) -> str:
    return f"no statement of a resource policy allows {_who(reason.fields)}"


def _token(reason: Reason) -> str:
    kind = {"JWT": "a JWT", "COGNITO_USER_POOLS": "a token of the user pool"}
    return f"{reason.place} asks for {kind.get(reason.fields.get('kind', ''), 'a token')}"


def _lambda(reason: Reason) -> str:
    name = reason.fields.get("authorizer")
    return f"{reason.place} is guarded by the Lambda authorizer{f' {name}' if name else ''}"


_SENTENCES: dict[str, str | Callable[[Reason], str]] = {
    Code.DOOR_OPEN: _door,
    Code.DOOR_ASSUMED: _assumed_door,
    Code.DOOR_DISABLED: "the default endpoint is disabled, and no other door leads to the stage",
    Code.DOOR_NEEDS_CERTIFICATE: "{place} asks for a client certificate (mutual TLS)",
    Code.NO_DOOR: "no door leads to the stage",
    Code.NO_STAGE: "the API has no stage: nothing was ever deployed",
    Code.NO_ROUTES: "there is no route to call",
    Code.NEVER_DEPLOYED: "{place} has no deployment: it serves nothing",
    Code.CONFIGURATION_UNREAD: "what {place} serves was not read",
    Code.ROUTES_UNREAD: "the routes of {place} were not read",
    Code.WEB_ACL_NARROWS: "{place} lets only certain addresses pass, whatever the policy says",
    Code.AUTHORIZATION_NONE: "{place} asks for no authorization",
    Code.AUTHORIZATION_IAM: "{place} asks for a signature of AWS credentials (AWS_IAM)",
    Code.AUTHORIZATION_TOKEN: _token,
    Code.AUTHORIZATION_LAMBDA: _lambda,
    Code.AUTHORIZATION_UNKNOWN: "what {place} asks of its callers was not read",
    Code.LAMBDA_ASKS_NOTHING: (
        "the Lambda authorizer's configuration demands no credential: its code alone decides"
    ),
    Code.CONNECT_DECIDES: "authorization is checked on $connect only",
    Code.NO_CONNECT_ROUTE: "there is no $connect route, so anyone may connect",
    Code.KEY_REQUIRED: "{place} asks for an API key, which identifies a usage plan, not a caller",
    Code.KEY_UNOBTAINABLE: "an API key is required, but {place} is in no usage plan: no key fits",
    Code.KEY_UNKNOWN: "whether an API key is required was not read",
    Code.NO_POLICY: "no resource policy is attached",
    Code.NO_POLICY_PRIVATE: "a private API without a resource policy refuses every call",
    Code.POLICY_UNREAD: "the resource policy in force was not read",
    Code.POLICY_MALFORMED: _malformed,
    Code.POLICY_ALLOWS: _allows,
    Code.POLICY_MAY_ALLOW: _may_allow,
    Code.POLICY_NARROWS: _narrows,
    Code.POLICY_MAY_DENY: _may_deny,
    Code.POLICY_NEED_NOT_ALLOW: "the resource policy need not allow them, only not deny",
    Code.POLICY_TOO_ENTANGLED: (
        "the resource policy is too entangled to be taken apart in bounded work"
    ),
    Code.STOPPED: _stopped,
    Code.STOPPED_BY_DENY: _stopped_by_deny,
    Code.STOPPED_BY_ALLOW_PART: _stopped_by_part,
    Code.STOPPED_BY_SILENCE: _stopped_by_silence,
    Code.SETTING: _setting,
    Code.GAP: _gap,
    Code.BOUND: _bound,
    Code.DEFAULT_ENDPOINT_SAVED: (
        "that the default endpoint is disabled acts from the next change of any stage on; before "
        "that it may still answer"
    ),
    Code.WEB_ACL_UNMODELLED: (
        "the stage's web ACL was not read, or holds rules that are not modelled: it may let any "
        "request pass"
    ),
    Code.SEVERAL_POLICIES: (
        "more than one resource policy may be in force; the one that lets in the most is judged"
    ),
    Code.TIME_BOUND: lambda reason: (
        f"the resource policy depends on the time: this holds until {reason.fields['until']}"
    ),
    Code.COGNITO_SILENCE: (
        "AWS's pages disagree on whether a user pool's token holders need an allow of the resource "
        "policy; here its silence is taken to be enough"
    ),
    Code.LAMBDA_SILENCE: (
        "the Lambda authorizer's allow is enough where the resource policy is silent: only an "
        "explicit deny binds token holders"
    ),
    Code.LAMBDA_GRANTED_BY_POLICY: (
        "where the resource policy allows, a caller gets in even if the policy that the Lambda "
        "authorizer returns is silent on the method; only an explicit deny binds token holders"
    ),
    Code.IDENTITY_POOL: (
        "principals of the own account are assumed to hold an identity allow; a Cognito identity "
        "pool with unauthenticated access would hand such credentials to anybody"
    ),
    Code.HEADER_IS_FREE: "Referer and User-Agent are whatever the caller writes",
    Code.PATH_SPELLING: (
        "a Deny on a path binds the spelling that reaches the policy; whether encoded or doubled "
        "slashes are normalised before is not documented"
    ),
    Code.VPC_SOURCE_IP: (
        "aws:VpcSourceIp proves little on its own: anyone can number a VPC of theirs that way"
    ),
    Code.SOURCE_IP_IN_VPC: (
        "aws:SourceIp is documented as absent behind a VPC endpoint, but also as rewritten; both "
        "are reckoned with"
    ),
    Code.CANARY: "a canary serves a second deployment; this is the union of both",
    Code.OTHER_ENDPOINT_POLICIES: (
        "policies and security groups of other accounts' VPC endpoints are not known: they are "
        "assumed open"
    ),
}
