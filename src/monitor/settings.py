"""The environment, as one validated model for each entry point. Nothing else reads it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

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


class LookSettings(_Settings):
    """Of every function that reads APIs. `rate` is the account's whole budget, requests a second;
    `rate_share` the part of it that one process may use, so that all of them together keep it."""

    table: str = Field(min_length=1)
    rate: float = Field(default=5.0, gt=0)
    rate_share: float = Field(default=0.25, gt=0, le=1)
    scan_queue_url: str = Field(min_length=1)
    identities: bool = False
    watch_refusals: bool = False


class OnChangeSettings(LookSettings):
    queue_url: str = Field(min_length=1)
    dead_letter_url: str = Field(min_length=1)
    quiet_seconds: float = Field(default=30.0, ge=0, le=900)
    longest_seconds: float = Field(default=120.0, ge=0, le=900)


class ScanWorkerSettings(LookSettings):
    dead_letter_url: str = Field(min_length=1)


class ScanFanoutSettings(LookSettings):
    pass


class NotifySettings(_Settings):
    table: str = Field(min_length=1)
    slack_secret: str = Field(min_length=1)
    slack_channel: str = Field(min_length=1)
    slack_base_url: str = Field(default="https://slack.com/api/", pattern=r"^https?://.+/$")
