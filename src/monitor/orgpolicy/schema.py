"""The org policy file as models: who may invoke which APIs. An upper bound, not a description."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Allowed(StrEnum):
    """The widest access a class may have."""

    ANYONE = "anyone"
    NO_PUBLIC_ACCESS = "no-public-access"
    """Neither an anonymous caller nor a stranger with an AWS account of their own."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Selector(_Part):
    """Which APIs a class speaks of: those that carry every one of the tags."""

    tags: dict[str, str] = Field(default_factory=dict)


class ApiClass(_Part):
    name: str = Field(min_length=1, max_length=100)
    select: Selector | None = None
    allowed: Allowed


class OrgPolicy(_Part):
    """Classes are tried in order; the first whose selector matches counts."""

    version: Literal[1]
    classes: tuple[ApiClass, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _the_last_class_takes_the_rest(self) -> OrgPolicy:
        if self.classes[-1].select is not None:
            raise ValueError("the last class must have no `select`, so that no API is left out")
        return self
