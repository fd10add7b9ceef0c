"""Who gets in: the result of deciding effective access, as data. Sentences are made elsewhere
(`monitor.access.explain`), so that a reason can be tested and translated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from monitor.model.callers import NO_CALLERS, CallerSet, Credential


class Scope(StrEnum):
    """The widest set of callers, in order of width (`RANK`): the first four are public."""

    INTERNET = "internet"
    INTERNET_EXCEPT_CIDRS = "internet-except-cidrs"
    BROAD_CIDR = "broad-cidr"
    ANY_AWS_ACCOUNT = "any-aws-account"
    TOKEN = "token"  # noqa: S105 - the name of a scope
    KEY = "key"
    CIDRS = "cidrs"
    ANY_VPCE = "any-vpce"
    ORG = "org"
    AWS_PRINCIPALS = "aws-principals"
    OWN_ACCOUNT = "own-account"
    VPC = "vpc"
    VPCE = "vpce"
    CLIENT_CERTIFICATE = "client-certificate"
    NOBODY = "nobody"
    UNKNOWN = "unknown"

    @property
    def is_public(self) -> bool:
        return self in PUBLIC_SCOPES

    @property
    def rank(self) -> int:
        """0 is the widest; `unknown` the last."""
        return _WIDTH[self]


PUBLIC_SCOPES = frozenset(
    {Scope.INTERNET, Scope.INTERNET_EXCEPT_CIDRS, Scope.BROAD_CIDR, Scope.ANY_AWS_ACCOUNT}
)
_WIDTH = {scope: rank for rank, scope in enumerate(Scope)}


def widest(*scopes: Scope) -> Scope:
    """The widest of the scopes; `unknown` wins over all that are not public, `nobody` if none."""
    public = [scope for scope in scopes if scope.is_public]
    if not public and Scope.UNKNOWN in scopes:
        return Scope.UNKNOWN
    return min(public or scopes, key=_WIDTH.__getitem__, default=Scope.NOBODY)


class DoorKind(StrEnum):
    DEFAULT_ENDPOINT = "default-endpoint"
    CUSTOM_DOMAIN = "custom-domain"
    VPC_ENDPOINT = "vpc-endpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A hostname that leads to a stage, from where it can be reached.

    `assumed`: the door was not seen, but nothing read rules it out (the domains were not read).
    """

    kind: DoorKind
    host: str
    assumed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """One concrete request that gets in. `source_ip` None: the address plays no part or is absent;
    `context` holds the further condition keys it carries, `credentials` what it must hold."""

    door: Door
    method: str
    path: str
    stage: str
    principal: str = "anonymous"
    source_ip: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    context: Mapping[str, str] = field(default_factory=dict)
    credentials: tuple[Credential, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One link of the chain that decides: a code of a closed list, what it speaks of, and its place
    in the input (`policy.Statement[1].Condition`, `stage prod`), empty where there is none.

    It is data; `monitor.access.explain` makes the sentence.
    """

    code: str
    place: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who can invoke, over one route and door or over several.

    `public`, `anonymous`, `any_aws_account`: True = a witness exists, False = proven that nobody of
    that kind can, None = not decidable (to be treated as True). `source_cidrs`: the exact surviving
    addresses as minimal sorted CIDRs; None = addresses do not restrict.
    """

    public: bool | None
    anonymous: bool | None
    any_aws_account: bool | None
    scope: Scope
    source_cidrs: tuple[str, ...] | None = None
    witness: Witness | None = None
    because: tuple[Reason, ...] = ()
    caveats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteAccess:
    """Access through one door to one route of one stage. `callers`: all who get in, or may."""

    door: Door
    route: str
    access: Access
    callers: CallerSet = NO_CALLERS


@dataclass(frozen=True, slots=True, kw_only=True)
class StageAccess:
    """What a stage serves now, and what it would serve after the next deployment of the draft.

    `live` is the union over the stage's deployment and its canary's; `canary_routes` are those of
    `live_routes` that the canary serves. `draft` None = not judged.
    """

    stage: str
    deployment_id: str | None
    live: Access
    live_routes: tuple[RouteAccess, ...] = ()
    canary_routes: tuple[RouteAccess, ...] = ()
    draft: Access | None = None
    draft_routes: tuple[RouteAccess, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAccess:
    """Effective access to one API, stage by stage; an API without stages has none live."""

    stages: tuple[StageAccess, ...] = ()

    @property
    def scope(self) -> Scope:
        """The widest scope over the live stages."""
        return widest(*(stage.live.scope for stage in self.stages))

    @property
    def draft_scope(self) -> Scope:
        """The widest scope over the stages were the draft deployed to each."""
        return widest(*(stage.draft.scope for stage in self.stages if stage.draft))
