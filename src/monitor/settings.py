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


class OnChangeSettings(_Settings):
    table: str = Field(min_length=1)
    queue_url: str = Field(min_length=1)
    rate: float = Field(default=5.0, gt=0)


class NotifySettings(_Settings):
    table: str = Field(min_length=1)
    slack_secret: str = Field(min_length=1)
    slack_channel: str = Field(min_length=1)
    slack_base_url: str = Field(default="https://slack.com/api/", pattern=r"^https?://.+/$")
