"""What could not be read. A gap is a value: it travels with the snapshot and widens every verdict
that rests on what it hides."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_PASSING = frozenset(
    {
        "TooManyRequestsException",
        "ThrottlingException",
        "Throttling",
        "RequestLimitExceeded",
        "ServiceUnavailableException",
        "InternalServerError",
        "InternalServerErrorException",
        "InternalFailure",
        "500",
        "502",
        "503",
        "504",
        # What botocore calls a call that got no answer.
        "ConnectTimeoutError",
        "ConnectionClosedError",
        "ConnectionError",
        "EndpointConnectionError",
        "HTTPClientError",
        "ReadTimeoutError",
        "ResponseStreamingError",
    }
)


class Unknown(StrEnum):
    """What nobody can say because of a gap."""

    LISTING = "which APIs there are"
    API = "everything about the API"
    STAGES = "which stages are live"
    LIVE_ROUTES = "which routes are live and what guards them"
    LIVE_GUARDS = "which authorizer, scopes and resource policy are live"
    DRAFT_ROUTES = "what goes live at the next deployment"
    AUTHORIZERS = "what the draft's authorizers demand"
    DOORS = "which custom domains lead to the API"
    CANARY = "what the canary deployment serves"
    MAPPINGS = "to which APIs a custom domain leads"
    VPC_ENDPOINTS = "through which VPC endpoints of the account the API is called"
    ASSOCIATIONS = "which VPC endpoints a private custom domain is open to"
    WEB_ACL = "which requests the web ACL lets pass"
    PLANS = "which usage plans cover the API"
    KEYS = "which API keys are valid"
    USAGE = "which API keys are used"
    DISTRIBUTIONS = "which CloudFront distributions stand before the API"
    INTEGRATIONS = "where the requests of a route go"
    USER_POOL = "who gets a token of the user pool"
    FUNCTION = "whether the authorizer's function can be invoked"
    IDENTITIES = "which identities of the account may invoke the API"
    OTHER = "a setting that Gatewatch reads"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One read that failed or whose answer could not be understood.

    `service` and `operation` as boto3 names them (`apigateway`, `GetExport`); `error_code` as AWS
    answers it, or `MalformedAnswer`; `subject` is what was asked for (an ARN-like path such as
    `restapis/a1b2c3/stages/prod`). `account_wide`: the read serves every API of the region, so the
    same gap stands in the snapshot of each API that it concerns.
    """

    service: str
    operation: str
    error_code: str
    unknown: Unknown
    subject: str = ""
    message: str = ""
    account_wide: bool = False

    @property
    def may_pass(self) -> bool:
        """Whether the same read is likely to succeed later: throttled, or a fault at AWS."""
        return self.error_code in _PASSING
