"""The org policy of a deployed Gatewatch: read again while it runs, and never a bad one.

A file that cannot be read or is no org policy takes no effect. What was accepted last stays in
force, in this process and, since it is stored, in every one that starts later.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.evaluation.org_policy import load_org_policy
from monitor.orgpolicy.load import OrgPolicyError
from monitor.orgpolicy.schema import OrgPolicy
from monitor.ports import AcceptedPolicy, Clock, PolicyNotRead, PolicySource, PolicyStore

READ_AGAIN_AFTER = timedelta(seconds=60)


@dataclass(slots=True)
class PolicyKeeper:
    """`shipped`: what counts until any other policy was accepted.

    `serves`: for how long the source is not asked again. `problem`: why what stands there is not in
    force, and what is instead; empty = it is in force. Not for use by several threads at once.
    """

    source: PolicySource
    store: PolicyStore
    shipped: OrgPolicy
    clock: Clock
    serves: timedelta = READ_AGAIN_AFTER
    problem: str = ""
    _policy: OrgPolicy | None = None
    _in_force: str = ""
    _version: str | None = None
    _read_at: datetime | None = field(default=None)

    def current(self) -> OrgPolicy:
        """The policy in force."""
        now = self.clock.now()
        due = self._read_at is None or now - self._read_at >= self.serves
        if self._policy is None or due:
            self._policy = self._reread(now)
            self._read_at = now
        return self._policy

    def _reread(self, now: datetime) -> OrgPolicy:
        try:
            found = self.source.read()
            if self._policy is not None and found.version == self._version and not self.problem:
                return self._policy
            policy = load_org_policy(found.text, self.source.name)
        except (PolicyNotRead, OrgPolicyError) as error:
            in_force = self._policy or self._accepted_last()
            self.problem = f"{error}\n{self._in_force}"
            return in_force
        self._version, self.problem = found.version, ""
        self._in_force = f"what was read at {now:%Y-%m-%d %H:%M} UTC stays in force"
        self.store.keep(
            AcceptedPolicy(
                text=found.text, version=found.version, source=self.source.name, accepted_at=now
            )
        )
        return policy

    def _accepted_last(self) -> OrgPolicy:
        accepted = self.store.accepted()
        if accepted is not None:
            try:
                policy = load_org_policy(accepted.text, accepted.source)
            except OrgPolicyError:
                pass  # accepted by another version of Gatewatch; the shipped one is the strict side
            else:
                self._in_force = (
                    f"what was accepted at {accepted.accepted_at:%Y-%m-%d %H:%M} UTC "
                    f"from {accepted.source} stays in force"
                )
                return policy
        self._in_force = "no policy was accepted before: the one that is shipped is in force"
        return self.shipped
