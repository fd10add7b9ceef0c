"""Wiring of a look at an API; the command line uses it too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from threading import Lock

from monitor.aws.apigateway import RestApiReads
from monitor.aws.apigatewayv2 import V2ApiReads
from monitor.aws.authorizer_functions import FunctionReads
from monitor.aws.clock import SystemClock
from monitor.aws.collect import SnapshotReader
from monitor.aws.custom_domains import DomainReads
from monitor.aws.distributions import DistributionReads
from monitor.aws.identities import IdentityReads
from monitor.aws.once import Lazily
from monitor.aws.pacing import TokenBucket
from monitor.aws.session import AwsSession
from monitor.aws.surroundings import Readers, Surroundings
from monitor.aws.usage_plans import UsagePlanReads
from monitor.aws.user_pools import UserPoolReads
from monitor.aws.vpc_endpoints import VpcEndpointReads
from monitor.aws.web_acls import WebAclReads
from monitor.model.api import ApiId
from monitor.model.change import RefusedCall
from monitor.model.place import Place
from monitor.orgpolicy.schema import OrgPolicy
from monitor.ports import ExportCache, FindingStore
from monitor.usecases.look import Looker

IAM_PAGES_PER_SECOND = 1.0


def looker(
    session: AwsSession,
    store: FindingStore,
    place: Place,
    policy: OrgPolicy,
    *,
    exports: ExportCache | None = None,
    surroundings_serve: timedelta | None = None,
    with_identities: bool = False,
    refused_calls: Callable[[ApiId, datetime], Sequence[RefusedCall]] | None = None,
) -> Looker:
    """`surroundings_serve`: how long doors and what stands behind are kept for later looks; None =
    for as long as the looker lives, which suits one scan. `with_identities`: read which identities
    of the account may invoke. `refused_calls`: the changes that AWS denied before a time."""
    clock = SystemClock()
    rest = RestApiReads(session.apigateway)
    source = SnapshotReader(
        rest,
        V2ApiReads(session.apigatewayv2),
        clock,
        account_id=place.account_id,
        region=place.region,
        partition=place.partition,
        surroundings=Surroundings(
            _readers(session, rest, with_identities=with_identities),
            clock,
            serves=surroundings_serve,
        ),
        exports=exports,
    )
    return Looker(
        source=source, store=store, policy=policy, clock=clock, refused_calls=refused_calls
    )


def _readers(session: AwsSession, rest: RestApiReads, *, with_identities: bool) -> Readers:
    # A client costs a tenth of a second to make, and boto3 must not make two at once.
    making = Lock()
    pace = TokenBucket(IAM_PAGES_PER_SECOND, 1).take
    identities = Lazily(lambda: IdentityReads(session.iam, pace), making)
    return Readers(
        account=rest,
        v2=V2ApiReads(session.apigatewayv2),
        domains=DomainReads(session.apigateway, session.apigatewayv2),
        plans=UsagePlanReads(session.apigateway),
        distributions=Lazily(lambda: DistributionReads(session.cloudfront), making),
        vpc_endpoints=Lazily(lambda: VpcEndpointReads(session.ec2), making),
        web_acls=Lazily(lambda: WebAclReads(session.wafv2), making),
        user_pools=Lazily(lambda: UserPoolReads(session.cognito_idp), making),
        functions=Lazily(lambda: FunctionReads(session.lambda_), making),
        identities=identities if with_identities else None,
    )
