"""What can be asked of the remediator, as messages of its queue. One JSON object each:

    {
      "schema": "gatewatch.remediation-request/1",
      "step": "plan",                    plan | approve | apply | undo | resume | abandon
      "api_id": "a1b2c3d4e5",            plan: the API of the finding
      "finding_id": "gw-...",            plan
      "action": "rollback-stage",        plan; left out: the first that applies
      "parameters": {"cidrs": [...]},    plan; as the action's page says
      "plan_id": "gwp-...",              every other step
      "requested_by": "U0123 (jane)",    who asks, as the sender has verified it
      "approved_by": "U0456 (joe)",      approve: who approves; left out: who asks
      "automatic": false,                plan: carry it out if the org policy's mode is `auto`
      "changed_by": "..."                plan: who made the change, as the finding says it
    }

`approve` approves and carries out. `apply` carries out a plan that was approved before. `resume`
goes on with a plan whose process died. `abandon` gives a stuck plan up. A message may come twice:
the second one is refused, or changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

SCHEMA = "gatewatch.remediation-request/1"


class MalformedRequest(ValueError):
    """A message that asks for nothing; it belongs into the dead letter queue, with its reason."""


class Wanted(StrEnum):
    PLAN = "plan"
    APPROVE = "approve"
    APPLY = "apply"
    UNDO = "undo"
    RESUME = "resume"
    ABANDON = "abandon"


class Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    schema_: Literal["gatewatch.remediation-request/1"] = Field(
        default="gatewatch.remediation-request/1", alias="schema"
    )
    step: Wanted
    requested_by: str = Field(min_length=1, max_length=300)
    approved_by: str = Field(default="", max_length=300)
    api_id: str = Field(default="", max_length=100)
    finding_id: str = Field(default="", max_length=100)
    action: str = Field(default="", max_length=100)
    parameters: Mapping[str, Any] = Field(default_factory=dict)
    plan_id: str = Field(default="", max_length=100)
    automatic: bool = False
    changed_by: str = Field(default="", max_length=1000)

    @model_validator(mode="after")
    def _names_what_it_is_about(self) -> Self:
        if self.step is Wanted.PLAN:
            if not (self.api_id and self.finding_id):
                raise ValueError("`plan` needs `api_id` and `finding_id`")
        elif not self.plan_id:
            raise ValueError(f"`{self.step.value}` needs `plan_id`")
        return self


def parse_request(body: str) -> Request:
    """Raises MalformedRequest."""
    try:
        request = Request.model_validate_json(body)
    except (ValidationError, RecursionError) as error:
        raise MalformedRequest(str(error)) from error
    if "schema_" not in request.model_fields_set:
        raise MalformedRequest(f"a request says `schema`: `{SCHEMA}`")
    return request


def dump_request(request: Request) -> str:
    return request.model_copy(update={"schema_": SCHEMA}).model_dump_json(by_alias=True)
