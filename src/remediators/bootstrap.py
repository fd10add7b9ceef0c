"""The only wiring of the remediators: settings or a command line -> adapters -> the desk."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from monitor.aws.clock import SystemClock
from monitor.aws.kept_exports import READING
from monitor.aws.pacing import Pacer
from monitor.aws.session import AwsSession
from monitor.bootstrap.looking import looker
from monitor.bootstrap.org_policy import org_policies
from monitor.model.api import ApiId, ApiSnapshot
from monitor.model.kept_export import KeptExport
from monitor.orgpolicy.schema import OrgPolicy
from monitor.ports import Clock, ExportCache, FindingStore
from monitor.settings import RemediateSettings
from monitor.stores.dynamodb import DynamoDbExports, DynamoDbStore
from monitor.stores.memory import NoStore
from monitor.usecases.react import Place
from remediators.aws_objects import AwsObjects
from remediators.aws_writes import AwsWriter, Clients, granted
from remediators.catalogue import ACTIONS
from remediators.desk import Desk
from remediators.guardrails import Guards, Mode, guards_of
from remediators.journal.dynamodb import DynamoDbJournal
from remediators.judging import Judgement, judge
from remediators.own_writes import session_name
from remediators.plan import Plan
from remediators.ports import Journal
from remediators.runner import Runner


@dataclass(frozen=True, slots=True)
class OwnRights:
    """Writes with the rights that the session has anyway, as the command line does."""

    session: AwsSession

    def client(self, service: str, plan_id: str) -> Any:  # noqa: ARG002
        return client_of(self.session, service)


@dataclass(frozen=True, slots=True)
class Readable:
    """Kept exports, as far as this version of the code made them."""

    exports: ExportCache

    def get(self, api: ApiId, deployment_id: str) -> KeptExport | None:
        kept = self.exports.get(api, deployment_id)
        return kept if kept is not None and kept.reading == READING else None


def client_of(session: AwsSession, service: str) -> Any:
    return getattr(session, service.replace("-", "_"))


def desk(
    session: AwsSession,
    place: Place,
    *,
    journal: Journal,
    exports: ExportCache,
    store: FindingStore,
    policy: OrgPolicy,
    guards: Guards,
    clients: Clients | None = None,
    clock: Clock | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> Desk:
    """`clients` None: writes with the session's own rights."""
    clock = clock or SystemClock()

    def look(api: ApiId) -> ApiSnapshot | None:
        # Neither kept exports nor surroundings of an earlier look: what is kept cannot verify.
        return looker(session, NoStore(), place, policy).source.read(api)

    def judged(snapshot: ApiSnapshot, plan: Plan, now: Any) -> Judgement:
        return judge(snapshot, policy, stage=plan.stage, now=now, before=store.load(plan.api))

    objects = AwsObjects(session)
    runner = Runner(
        journal=journal,
        objects=objects,
        writer=AwsWriter(clients or OwnRights(session)),
        look=look,
        judge=judged,
        clock=clock,
        pause=pause,
    )
    return Desk(
        look=look,
        known=store.load,
        objects=objects,
        kept=Readable(exports),
        journal=journal,
        runner=runner,
        policy=policy,
        guards=guards,
        clock=clock,
    )


@dataclass(slots=True)
class PlanRights:
    """Writes with a role that is assumed anew for each plan, and named for it."""

    session: AwsSession
    role_arn: str
    _sessions: dict[str, tuple[datetime, AwsSession]] = field(default_factory=dict)

    def client(self, service: str, plan_id: str) -> Any:
        now = SystemClock().now()
        until, assumed = self._sessions.get(plan_id, (now, self.session))
        if until <= now:
            assumed = self.session.as_role(self.role_arn, session_name(plan_id))
            self._sessions = {plan_id: (now + RIGHTS_SERVE, assumed)}
        return client_of(assumed, service)


RIGHTS_SERVE = timedelta(minutes=10)
"""Less than the quarter of an hour that AWS gives them for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """What the function holds for as long as its process lives."""

    place: Place
    desk: Callable[[], Desk]
    tell: Callable[[str], object]


def deployed(settings: RemediateSettings, function_arn: str) -> Deployed:
    """`function_arn` says account, region and partition, which saves a call to STS."""
    _, partition, _, region, account_id, *_ = function_arn.split(":")
    place = Place(account_id=account_id, region=region, partition=partition)
    session = AwsSession(region, pacer=Pacer(settings.rate))
    # The accepted org policy is kept in the remediator's own table, which nobody else writes.
    policies = org_policies(session, settings.remediation_table, settings.org_policy)
    groups = frozenset(settings.remediation_groups.split(","))
    actions = tuple(one.id for one in ACTIONS if granted(one.writes, groups))
    ceiling = Mode(settings.remediation_mode)

    def tell(body: str) -> None:
        session.sqs.send_message(QueueUrl=settings.remediation_answers_url, MessageBody=body)

    def at_the_desk() -> Desk:
        policy = policies.current()
        # Without rights to write, plans are shown all the same.
        allowed = None if ceiling is Mode.OFFER else actions
        return desk(
            session,
            place,
            journal=DynamoDbJournal(session.dynamodb, settings.remediation_table),
            exports=DynamoDbExports(session.dynamodb, settings.table, SystemClock()),
            store=DynamoDbStore(session.dynamodb, settings.table),
            policy=policy,
            guards=guards_of(policy, ceiling, allowed),
            clients=PlanRights(session, settings.remediation_writer_role),
        )

    return Deployed(place=place, desk=at_the_desk, tell=tell)
