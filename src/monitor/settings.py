"""The environment, as one validated model for each entry point. Nothing else reads it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

PREFIX = "GATEWATCH_"


class _Settings(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Raises pydantic.ValidationError, which names what is missing or wrong."""
        found = os.environ if environment is None else environment
        return cls.model_validate(
            {
                key.removeprefix(PREFIX).lower(): value
                for key, value in found.items()
                if key.startswith(PREFIX)
            }
        )


class OrgPolicyPlace(NamedTuple):
    """Where the org policy stands. `kind` `packaged`: in the code, and `at` is empty."""

    kind: Literal["packaged", "s3", "ssm", "appconfig"]
    at: str


_PLACE_FORMS = {
    "packaged": r"",
    "s3": r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+",
    "ssm": r"/?[\w.-]+(/[\w.-]+)*",
    "appconfig": r"[^/]+/[^/]+/[^/]+",
}


def _org_policy_place(text: object) -> object:
    """`s3:bucket/key`, `ssm:/name`, `appconfig:application/environment/profile`, `packaged:`."""
    if not isinstance(text, str):
        return text
    kind, _, at = text.partition(":")
    if kind not in _PLACE_FORMS or not re.fullmatch(_PLACE_FORMS[kind], at):
        raise ValueError("expected s3:bucket/key, ssm:/name, appconfig:app/env/profile or packaged")
    return (kind, at)


OrgPolicySetting = Annotated[OrgPolicyPlace, BeforeValidator(_org_policy_place)]


def _listed(text: object) -> object:
    return [part for part in text.split(",") if part] if isinstance(text, str) else text


Listed = Annotated[tuple[str, ...], BeforeValidator(_listed)]
"""Texts, in the environment with commas between them."""


class ReadSettings(_Settings):
    """Of every function that reads API Gateway. `regions`: whose APIs are watched. `rate`: the
    account's whole budget in each of them, requests a second; `rate_share`: the part of it that one
    process may use, so that all of them together keep it."""

    table: str = Field(min_length=1)
    regions: Listed = ()
    rate: float = Field(default=5.0, gt=0)
    rate_share: float = Field(default=0.25, gt=0, le=1)
    scan_queue_url: str = Field(min_length=1)
    org_policy: OrgPolicySetting = OrgPolicyPlace("packaged", "")


class RemediateSettings(_Settings):
    """`remediation_groups`: kinds of writes that the writer's role holds, with commas."""

    table: str = Field(min_length=1)
    remediation_table: str = Field(min_length=1)
    remediation_answers_url: str = Field(min_length=1)
    remediation_writer_role: str = Field(min_length=1)
    remediation_mode: Literal["offer", "approve", "auto"]
    remediation_groups: str = ""
    rate: float = Field(default=5.0, gt=0)
    org_policy: OrgPolicySetting = OrgPolicyPlace("packaged", "")


class LookSettings(ReadSettings):
    """Of those that judge. `identities`: read who of the account may invoke. `watch_refusals`:
    remember the changes that AWS denied, for the rule `repeated-denied-changes`."""

    identities: bool = False
    watch_refusals: bool = False
    dead_letter_url: str = Field(min_length=1)


class OnChangeSettings(LookSettings):
    queue_url: str = Field(min_length=1)
    quiet_seconds: float = Field(default=30.0, ge=0, le=900)
    longest_seconds: float = Field(default=120.0, ge=0, le=900)


class ScanWorkerSettings(LookSettings):
    pass


class ScanFanoutSettings(ReadSettings):
    pass


SLACK = "https://slack.com/api/"


class NotifySettings(_Settings):
    """`slack_interactive`: Slack knows our endpoint, so there are buttons; `slack_webhook`: it is
    told through the secret's webhook; `remediation_queue_arn`: where to ask for what the org
    policy lets run by itself. Of the receivers (a channel or webhook, a topic, a bus,
    Security Hub) at least one has to be named."""

    table: str = Field(min_length=1)
    slack_secret: str = Field(min_length=1)
    slack_channel: str = ""
    slack_fallback_channel: str = ""
    slack_base_url: str = Field(default=SLACK, pattern=r"^https?://.+/$")
    slack_webhook: bool = False
    slack_interactive: bool = False
    remediates: bool = False
    org_policy: OrgPolicySetting = OrgPolicyPlace("packaged", "")
    topic_arn: str = ""
    event_bus: str = ""
    security_hub: bool = False
    remediation_queue_arn: str = ""

    @model_validator(mode="after")
    def _somebody_is_told(self) -> Self:
        slack = self.slack_channel or self.slack_webhook
        if not (slack or self.topic_arn or self.event_bus or self.security_hub):
            raise ValueError("nobody would be told: name a Slack channel or another receiver")
        return self


class InteractionSettings(_Settings):
    """The one workspace and app whose requests count."""

    slack_secret: str = Field(min_length=1)
    slack_base_url: str = Field(default=SLACK, pattern=r"^https?://.+/$")
    slack_team_id: str = Field(min_length=1)
    slack_app_id: str = Field(min_length=1)
    asks_queue_url: str = Field(min_length=1)


class RespondSettings(_Settings):
    """`remediation_queue_arn` empty: nothing takes remediation requests."""

    table: str = Field(min_length=1)
    slack_secret: str = Field(min_length=1)
    slack_base_url: str = Field(default=SLACK, pattern=r"^https?://.+/$")
    org_policy: OrgPolicySetting = OrgPolicyPlace("packaged", "")
    remediation_queue_arn: str = ""


class WatchSettings(_Settings):
    """`regions`: where changes are watched for. `heartbeat_bound` in seconds, 0 = no heartbeat."""

    table: str = Field(min_length=1)
    slack_secret: str = Field(min_length=1)
    slack_channel: str = ""
    slack_base_url: str = Field(default=SLACK, pattern=r"^https?://.+/$")
    stack: str = Field(min_length=1)
    regions: Listed
    rule_arns: Listed
    queue_url: str = Field(min_length=1)
    queue_arn: str = Field(min_length=1)
    dead_letter_urls: Listed
    heartbeat_bound: int = Field(ge=0)
    scan_schedule: str = Field(min_length=1)
    org_policy: OrgPolicySetting = OrgPolicyPlace("packaged", "")


class HeartbeatSettings(_Settings):
    canary_arn: str = Field(min_length=1)
