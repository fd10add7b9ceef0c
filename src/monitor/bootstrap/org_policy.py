"""Wiring of the org policy: which source a setting names."""

from __future__ import annotations

from datetime import timedelta

from monitor.aws.clock import SystemClock
from monitor.aws.org_policies import AppConfigPolicy, S3Policy, SsmPolicy
from monitor.aws.session import AwsSession
from monitor.orgpolicy.load import default_org_policy
from monitor.orgpolicy.schema import OrgPolicy
from monitor.ports import PolicySource
from monitor.settings import OrgPolicyPlace
from monitor.stores.accepted_policy import DynamoDbPolicies
from monitor.usecases.org_policy import READ_AGAIN_AFTER, PolicyKeeper


class Shipped:
    """The policy that is shipped with the code, where no other place is named."""

    problem = ""

    def current(self) -> OrgPolicy:
        return default_org_policy()


Policies = PolicyKeeper | Shipped


def org_policies(
    session: AwsSession, table: str, place: OrgPolicyPlace, *, serves: timedelta = READ_AGAIN_AFTER
) -> Policies:
    source = _source(session, place)
    if source is None:
        return Shipped()
    store = DynamoDbPolicies(session.dynamodb, table)
    return PolicyKeeper(source, store, default_org_policy(), SystemClock(), serves)


def _source(session: AwsSession, place: OrgPolicyPlace) -> PolicySource | None:
    match place.kind:
        case "s3":
            bucket, _, key = place.at.partition("/")
            return S3Policy(session.s3, bucket, key)
        case "ssm":
            return SsmPolicy(session.ssm, place.at)
        case "appconfig":
            application, environment, profile = place.at.split("/")
            return AppConfigPolicy(session.appconfigdata, application, environment, profile)
    return None
