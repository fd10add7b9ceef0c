"""The closed list of reasons and caveats. Their sentences are in `explain`."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    # doors
    DOOR_OPEN = "door-open"
    DOOR_DISABLED = "door-disabled"
    DOOR_ASSUMED = "door-assumed"
    DOOR_NEEDS_CERTIFICATE = "door-needs-certificate"
    DOOR_ADMITS_V4_ONLY = "door-admits-ipv4-only"
    NO_DOOR = "no-door"
    NEVER_DEPLOYED = "never-deployed"
    NO_STAGE = "no-stage"
    NO_ROUTES = "no-routes"
    CONFIGURATION_UNREAD = "configuration-unread"
    ROUTES_UNREAD = "routes-unread"
    # web ACL
    WEB_ACL_NARROWS = "web-acl-narrows"
    WEB_ACL_UNMODELLED = "web-acl-unmodelled"
    # route authorization
    AUTHORIZATION_NONE = "authorization-none"
    AUTHORIZATION_IAM = "authorization-iam"
    AUTHORIZATION_TOKEN = "authorization-token"  # noqa: S105 - the name of a reason
    AUTHORIZATION_LAMBDA = "authorization-lambda"
    AUTHORIZATION_UNKNOWN = "authorization-unknown"
    LAMBDA_ASKS_NOTHING = "lambda-asks-nothing"
    KEY_REQUIRED = "key-required"
    KEY_UNOBTAINABLE = "key-unobtainable"
    KEY_UNKNOWN = "key-unknown"
    CONNECT_OPEN = "connect-open"
    # resource policy
    NO_POLICY = "no-policy"
    NO_POLICY_PRIVATE = "no-policy-private"
    NO_POLICIES_FOR_THIS_TYPE = "no-policies-for-this-type"
    POLICY_UNREAD = "policy-unread"
    POLICY_MALFORMED = "policy-malformed"
    POLICY_ALLOWS = "policy-allows"
    POLICY_MAY_ALLOW = "policy-may-allow"
    POLICY_DENIES = "policy-denies"
    POLICY_MAY_DENY = "policy-may-deny"
    POLICY_SILENT = "policy-silent"
    POLICY_SILENCE_SUFFICES = "policy-silence-suffices"
    POLICY_TOO_ENTANGLED = "policy-too-entangled"
    OWN_ACCOUNT_NEEDS_NO_ALLOW = "own-account-needs-no-allow"
    ONLY_OWN_ACCOUNT = "only-own-account"
    # who is left
    STOPPED_ANONYMOUS = "stopped-anonymous"
    STOPPED_STRANGER = "stopped-stranger"
    ADMITTED = "admitted"
