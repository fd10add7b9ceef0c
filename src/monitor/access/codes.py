"""The closed list of reasons and caveats. Their sentences are in `explain`."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    # the way in
    DOOR_OPEN = "door-open"
    DOOR_DISABLED = "door-disabled"
    DOOR_ASSUMED = "door-assumed"
    DOOR_NEEDS_CERTIFICATE = "door-needs-certificate"
    NO_DOOR = "no-door"
    NO_STAGE = "no-stage"
    NO_ROUTES = "no-routes"
    NEVER_DEPLOYED = "never-deployed"
    CONFIGURATION_UNREAD = "configuration-unread"
    ROUTES_UNREAD = "routes-unread"
    WEB_ACL_NARROWS = "web-acl-narrows"
    # the route
    AUTHORIZATION_NONE = "authorization-none"
    AUTHORIZATION_IAM = "authorization-iam"
    AUTHORIZATION_TOKEN = "authorization-token"  # noqa: S105 - the name of a reason
    AUTHORIZATION_LAMBDA = "authorization-lambda"
    AUTHORIZATION_UNKNOWN = "authorization-unknown"
    LAMBDA_ASKS_NOTHING = "lambda-asks-nothing"
    CONNECT_DECIDES = "connect-decides"
    NO_CONNECT_ROUTE = "no-connect-route"
    KEY_REQUIRED = "key-required"
    KEY_UNOBTAINABLE = "key-unobtainable"
    KEY_UNKNOWN = "key-unknown"
    # the resource policy
    NO_POLICY = "no-policy"
    NO_POLICY_PRIVATE = "no-policy-private"
    POLICY_UNREAD = "policy-unread"
    POLICY_MALFORMED = "policy-malformed"
    POLICY_ALLOWS = "policy-allows"
    POLICY_MAY_ALLOW = "policy-may-allow"
    POLICY_NARROWS = "policy-narrows"
    POLICY_MAY_DENY = "policy-may-deny"
    POLICY_NEED_NOT_ALLOW = "policy-need-not-allow"
    POLICY_TOO_ENTANGLED = "policy-too-entangled"
    # who stays outside, and why
    STOPPED = "stopped"
    STOPPED_BY_DENY = "stopped-by-deny"
    STOPPED_BY_ALLOW_PART = "stopped-by-allow-part"
    STOPPED_BY_SILENCE = "stopped-by-silence"
    # what a rule saw
    SETTING = "setting"
    GAP = "gap"
    BOUND = "bound"
    # caveats
    DEFAULT_ENDPOINT_SAVED = "default-endpoint-saved"
    WEB_ACL_UNMODELLED = "web-acl-unmodelled"
    SEVERAL_POLICIES = "several-policies"
    TIME_BOUND = "time-bound"
    COGNITO_SILENCE = "cognito-silence"
    LAMBDA_SILENCE = "lambda-silence"
    LAMBDA_GRANTED_BY_POLICY = "lambda-granted-by-policy"
    IDENTITY_POOL = "identity-pool"
    HEADER_IS_FREE = "header-is-free"
    PATH_SPELLING = "path-spelling"
    VPC_SOURCE_IP = "vpc-source-ip"
    SOURCE_IP_IN_VPC = "source-ip-in-vpc"
    OTHER_ENDPOINT_POLICIES = "other-endpoint-policies"
    CANARY = "canary"
