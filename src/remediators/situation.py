"""All that an action may look at. It reads nothing itself: what it lacks, it asks for by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.model.api import ApiSnapshot, ApiType, Configuration, Stage, WebAcl
from monitor.model.finding import Finding
from monitor.model.kept_export import KeptExport
from monitor.rules import access_exceeds_policy
from remediators.judging import Judge, Judgement
from remediators.plan import Goal, Image, Kind, NotApplicable, ObjectRef, Step, ref


class Needs(Exception):
    """An action asks for the image of an object. It is called again once that is there."""

    def __init__(self, wanted: ObjectRef) -> None:
        super().__init__(str(wanted))
        self.wanted = wanted


class Refuse(Exception):
    """There is no plan; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """`images` and `kept` hold what was asked for so far, None = the object does not exist.
    `judge` judges a changed snapshot of the API by the org policy, at the stage of the finding."""

    snapshot: ApiSnapshot
    finding: Finding
    judge: Judge
    mark: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    images: Mapping[ObjectRef, Image | None] = field(default_factory=dict)
    kept: Mapping[str, KeptExport | None] = field(default_factory=dict)

    def find(self, kind: Kind, *ids: str) -> Image | None:
        """The object's image, or None if there is no such object. Raises Needs."""
        wanted = ref(kind, *ids)
        if wanted not in self.images:
            raise Needs(wanted)
        return self.images[wanted]

    def image(self, kind: Kind, *ids: str) -> Image:
        """The image of an object that has to be there. Raises Needs and Refuse."""
        found = self.find(kind, *ids)
        if found is None:
            raise Refuse(f"there is no {ref(kind, *ids)}")
        return found

    def kept_export(self, deployment_id: str) -> KeptExport | None:
        """What was kept of a deployment while it was live. Raises Needs."""
        if deployment_id not in self.kept:
            raise Needs(ref(Kind.KEPT_EXPORT, self.api_id, deployment_id))
        return self.kept[deployment_id]

    @property
    def api_id(self) -> str:
        return self.snapshot.api.api_id

    @property
    def is_rest(self) -> bool:
        return self.snapshot.api_type is ApiType.REST

    @property
    def stage(self) -> Stage:
        """The stage of the finding, or of the parameter `stage`, or the API's only one. Raises
        Refuse."""
        stages = self.snapshot.stages
        name = self.finding.violation.stage or self.text("stage")
        if not name and len(stages) == 1:
            return stages[0]
        for stage in stages:
            if stage.name == name:
                return stage
        raise Refuse(
            f"there is no stage {name}"
            if name
            else "the finding names no stage: give the parameter `stage`"
        )

    @property
    def goal(self) -> Goal:
        """What a change of a setting has to reach: where it answers a hole, to close it."""
        is_hole = self.finding.violation.rule == access_exceeds_policy.ID
        return Goal.COMPLIANT if is_hole else Goal.SETTING

    @property
    def live(self) -> Configuration:
        """What the stage serves. Raises Refuse."""
        found = self.snapshot.deployments.get(self.stage.deployment_id or "")
        if found is None:
            raise Refuse("nobody could read what the stage serves")
        return found

    @property
    def draft(self) -> Configuration:
        """Raises Refuse."""
        if self.snapshot.draft is None or self.snapshot.draft.routes is None:
            raise Refuse("nobody could read the draft")
        return self.snapshot.draft

    def texts(self, name: str) -> tuple[str, ...]:
        """A parameter that is a list of texts, or one text with commas. Raises Refuse."""
        given = self.parameters.get(name, ())
        if isinstance(given, str):
            given = given.split(",")
        if not isinstance(given, list | tuple) or not all(isinstance(one, str) for one in given):
            raise Refuse(f"the parameter `{name}` is no list of texts")
        return tuple(one.strip() for one in given if one.strip())

    def text(self, name: str, otherwise: str = "") -> str:
        """A parameter that is a text. Raises Refuse."""
        given = self.parameters.get(name, otherwise)
        if not isinstance(given, str):
            raise Refuse(f"the parameter `{name}` is no text")
        return given


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What an action wants done. `serves`: configurations of deployments that the snapshot does not
    hold. `loses` and `shared` are for the blast radius; `patience_seconds` bounds the wait until
    AWS shows the effect."""

    summary: str
    goal: Goal
    steps: tuple[Step, ...]
    warnings: tuple[str, ...] = ()
    serves: Mapping[str, Configuration] = field(default_factory=dict)
    routes: tuple[str, ...] = ()
    loses: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    web_acl: WebAcl | None = None
    patience_seconds: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a remedy says of itself, and the pure function that makes its proposal. `id` is the name
    of its file and its page; `refuses`: where there is no plan; `writes` are operations of
    `aws_writes.WRITES`. `propose` raises Needs and Refuse.
    """

    id: str
    title: str
    changes: str
    blast: str
    at_once: str
    idempotence: str
    refuses: str
    inverse: str
    writes: tuple[str, ...]
    parameters: Mapping[str, str] = field(default_factory=dict)
    propose: Callable[[Situation], Proposal]


def refusal(error: Refuse) -> NotApplicable:
    return NotApplicable(because=str(error))


__all__ = [
    "Action",
    "Judgement",
    "Needs",
    "Proposal",
    "Refuse",
    "Situation",
    "refusal",
]
