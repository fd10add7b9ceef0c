"""What is kept of one deployment's export, so that it is read once and not at every scan."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.model.api import Configuration, ResourcePolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptExport:
    """The access part of an export: never addresses, stage variables or header values.

    `configuration.policies` is what may be in force by everything seen so far. `seen` holds every
    policy that was seen, saved or exported, while this deployment was the stage's.

    `policy_is_deployed`: the exported policy differed from the saved one, which only a deployed one
    can. `stage_version` is the state of the stage that was exported, and `is_confirmed` that a
    later look found the stage in that same state: the stage may be deployed anew between the read
    of its deployment's id and the export, and then the export shows another deployment.
    `reading` is the version of the code that understood the export.
    """

    configuration: Configuration
    seen: tuple[ResourcePolicy, ...]
    policy_is_deployed: bool
    stage_version: str
    is_confirmed: bool = False
    reading: int = 0
