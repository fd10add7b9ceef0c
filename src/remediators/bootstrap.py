"""The only wiring of the remediators: settings or a command line -> adapters -> the desk."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from monitor.aws.clock import SystemClock
from monitor.aws.kept_exports import READING
from monitor.aws.session import AwsSession
from monitor.bootstrap.looking import looker
from monitor.model.api import ApiId, ApiSnapshot
from monitor.model.kept_export import KeptExport
from monitor.orgpolicy.schema import OrgPolicy
from monitor.ports import Clock, ExportCache
from monitor.stores.memory import NoStore
from monitor.usecases.react import Place
from remediators.aws_objects import AwsObjects
from remediators.aws_writes import AwsWriter, Clients
from remediators.desk import Desk
from remediators.guardrails import Guards
from remediators.judging import Judgement, judge
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
        return judge(snapshot, policy, stage=plan.stage, now=now)

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
        objects=objects,
        kept=Readable(exports),
        journal=journal,
        runner=runner,
        policy=policy,
        guards=guards,
        clock=clock,
    )
