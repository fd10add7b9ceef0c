"""The only owner of order: applies a plan's steps, verifies, rolls back, undoes.

Every change is written to the journal before it is made. Whether a step that was begun took effect,
its object tells: as before, as after, or as neither, and then somebody else is at work and nothing
is fought. So whoever comes after a crash goes on without repeating or skipping a step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.model.access import widest
from monitor.model.api import ApiId, ApiSnapshot
from monitor.ports import Clock
from remediators.entry import Entry, Progress
from remediators.judging import Judgement
from remediators.plan import (
    Goal,
    Image,
    Inverse,
    ObjectRef,
    Plan,
    State,
    Step,
    is_as,
    resolved,
)
from remediators.planner import moved
from remediators.ports import Conflict, Journal, Lease, NotWritten, Objects, Unreadable, Writer

LEASE = timedelta(minutes=5)
"""Longer than any one write with its repeats: who comes later finds the object settled."""
WRITE_ATTEMPTS = 5
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 15.0


class Refused(Exception):
    """The request is not carried out, and nothing was changed; the message says why. `plan_id`: the
    plan that there is all the same."""

    def __init__(self, message: str, plan_id: str = "") -> None:
        super().__init__(message)
        self.plan_id = plan_id


class NotSettled(Exception):
    """A step cannot be brought to either side; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """`look` reads the API without help of anything kept; `judge` judges it at the plan's stage."""

    journal: Journal
    objects: Objects
    writer: Writer
    look: Callable[[ApiId], ApiSnapshot | None]
    judge: Callable[[ApiSnapshot, Plan, datetime], Judgement]
    clock: Clock
    pause: Callable[[float], None]

    # --- what can be asked for ------------------------------------------------------------------

    def apply(self, entry: Entry) -> Entry:
        """Carry out an approved plan, or go on with one that was begun.

        Raises Refused; then the API is as it was.
        """
        if entry.state is State.APPLYING:
            return self.resume(entry)
        if entry.state is not State.APPROVED:
            raise Refused(f"the plan is {entry.state.value}, not approved")
        if self.clock.now() > entry.plan.expires_at:
            raise Refused(f"the plan expired at {entry.plan.expires_at:%Y-%m-%d %H:%M} UTC")
        lease = self._acquire(entry)
        try:
            if why := self._moved(entry.plan):
                raise Refused(why)
            entry = self._to(entry, State.APPLYING, "applying", lease)
        except (Refused, Conflict):
            self.journal.release(lease)
            raise
        return self._go_on(entry, lease)

    def resume(self, entry: Entry) -> Entry:
        """Go on with a plan whose process died. Raises Refused if somebody is at work with it."""
        if entry.state not in _GOES_ON:
            raise Refused(f"the plan is {entry.state.value}: there is nothing to go on with")
        return self._go_on(entry, self._acquire(entry))

    def undo(self, entry: Entry, by: str) -> Entry:
        """Take a plan back that was carried out, or try again one that is stuck.

        Raises Refused if what the plan changed was changed since.
        """
        if entry.state not in (State.DONE, State.STUCK):
            raise Refused(f"the plan is {entry.state.value}: there is nothing to take back")
        lease = self._acquire(entry)
        try:
            if entry.state is State.DONE and (why := self._changed_since(entry)):
                raise Refused(f"not undone: {why}")
            entry = replace(entry, undone_by=by)
            entry = self._to(entry, State.UNDOING, f"{by} wants it undone", lease)
        except (Refused, Conflict):
            self._let_go(entry, lease)
            raise
        return self._go_on(entry, lease)

    def abandon(self, entry: Entry, by: str) -> Entry:
        """Give a stuck plan up, leaving the API as it is, so that others may be made.

        Raises Refused.
        """
        if entry.state is not State.STUCK:
            raise Refused(f"the plan is {entry.state.value}, not stuck")
        lease = self._acquire(entry)
        entry = self._to(entry, State.REFUSED, f"{by} gave it up: the API stays as it is", lease)
        self.journal.release(lease)
        return entry

    # --- the states -----------------------------------------------------------------------------

    def _go_on(self, entry: Entry, lease: Lease) -> Entry:
        while entry.state in _GOES_ON:
            entry, lease = _GOES_ON[entry.state](self, entry, lease)
        self._let_go(entry, lease)
        return entry

    def _let_go(self, entry: Entry, lease: Lease) -> None:
        """A stuck plan keeps its API: nobody should build on what is half done."""
        if entry.state is State.STUCK:
            self.journal.pause(lease)
        else:
            self.journal.release(lease)

    def _applying(self, entry: Entry, lease: Lease) -> tuple[Entry, Lease]:
        for step in entry.plan.steps:
            if entry.progress(step) is Progress.APPLIED:
                continue
            lease = self._renewed(lease)
            entry = self._note(entry, step, Progress.BEGUN, lease)
            try:
                made = self._bring(step, entry, forward=True)
            except NotSettled as error:
                because = f"{step.title}: {error}"
                return self._to(entry, State.ROLLING_BACK, because, lease), lease
            entry = self._note(entry, step, Progress.APPLIED, lease, made)
        return self._to(entry, State.VERIFYING, "applied; looking again", lease), lease

    def _verifying(self, entry: Entry, lease: Lease) -> tuple[Entry, Lease]:
        ends_at = self.clock.now() + timedelta(seconds=entry.plan.patience_seconds)
        wait = FIRST_PAUSE
        while why := self._unverified(entry):
            if self.clock.now() >= ends_at:
                because = f"not verified within {entry.plan.patience_seconds} s: {why}"
                return self._to(entry, State.ROLLING_BACK, because, lease), lease
            self.pause(wait)
            wait = min(wait * 2, LONGEST_PAUSE)
            lease = self._renewed(lease)
        return self._to(entry, State.DONE, "verified: it is as planned", lease), lease

    def _taking_back(self, entry: Entry, lease: Lease) -> tuple[Entry, Lease]:
        undoing, why = entry.state is State.UNDOING, entry.because
        for step in reversed(entry.plan.steps):
            progress = entry.progress(step)
            if progress in (None, Progress.TAKEN_BACK):
                continue
            if step.inverse is not None:
                lease = self._renewed(lease)
                entry = self._note(entry, step, Progress.UNDOING, lease)
                try:
                    self._bring(step, entry, forward=False)
                except NotSettled as error:
                    because = f"cannot take back `{step.title}`: {error}"
                    return self._to(entry, State.STUCK, because, lease), lease
            entry = self._note(entry, step, Progress.TAKEN_BACK, lease)
        if undoing:
            return self._to(entry, State.UNDONE, "undone: it is as it was before", lease), lease
        return self._to(entry, State.ROLLED_BACK, f"rolled back, because {why}", lease), lease

    # --- one step -------------------------------------------------------------------------------

    def _bring(self, step: Step, entry: Entry, *, forward: bool) -> Image | None:
        """Make the step's object as it is to be; the image of what a step created, else None.

        Raises NotSettled. Repeats itself after throttling, faults and answers that never came, each
        time looking first whether the write took effect.
        """
        wait = FIRST_PAUSE
        for _ in range(WRITE_ATTEMPTS):
            side, image = self._side(step, entry)
            if side is (_AFTER if forward else _BEFORE) and not step.repeatable:
                return image if step.before is None and forward else None
            if side is _NEITHER:
                raise NotSettled(f"somebody else changed {step.object}")
            try:
                self._write(step, entry, image, forward=forward)
                if step.before is None or step.after is None:
                    wait = self._waited(wait)
                    continue  # what was made tells its id, what was deleted is gone
                return None
            except NotWritten as error:
                said = str(error)
                if not error.may_pass and self._side(step, entry)[0] is side:
                    raise NotSettled(said) from error
            wait = self._waited(wait)
        side, image = self._side(step, entry)
        if side is (_AFTER if forward else _BEFORE):
            return image if step.before is None and forward else None
        raise NotSettled(f"{WRITE_ATTEMPTS} attempts did not do it")

    def _write(self, step: Step, entry: Entry, image: Image | None, *, forward: bool) -> None:
        chosen: Step | Inverse = step if forward or step.inverse is None else step.inverse
        made = dict(entry.made)
        if image is not None and step.before is None:
            made[step.key] = image  # its lock token may be another than when it was made
        call = replace(chosen.call, arguments=resolved(chosen.call.arguments, made))
        self.writer.write(call, entry.plan.id)

    def _side(self, step: Step, entry: Entry) -> tuple[str, Image | None]:
        """On which side of the step its object is. Raises NotSettled if it cannot be read."""
        if step.repeatable:
            return _BEFORE, None
        wait = FIRST_PAUSE
        for _ in range(WRITE_ATTEMPTS):
            try:
                image = self.objects.read(step.object)
                break
            except Unreadable as error:
                why = str(error)
                wait = self._waited(wait)
        else:
            raise NotSettled(f"{step.object} cannot be read: {why}")
        before, after = self._resolved_images(step, entry)
        if is_as(after, before, image, whole=step.whole):
            return _AFTER, image
        if is_as(before, after, image, whole=step.whole):
            return _BEFORE, image
        return _NEITHER, image

    @staticmethod
    def _resolved_images(step: Step, entry: Entry) -> tuple[Image | None, Image | None]:
        def image(one: Image | None) -> Image | None:
            return None if one is None else resolved(one, entry.made)

        return image(step.before), image(step.after)

    # --- looking --------------------------------------------------------------------------------

    def _moved(self, plan: Plan) -> str:
        """What has changed since the plan was made; empty if nothing has."""
        images: dict[ObjectRef, Image | None] = {}
        for target in (one.object for one in plan.preconditions if one.object is not None):
            try:
                images[target] = self.objects.read(target)
            except Unreadable as error:
                return f"{target} cannot be read: {error}"
        return moved(plan, self.look(plan.api), images)

    def _changed_since(self, entry: Entry) -> str:
        for step in entry.plan.steps:
            if step.repeatable:
                continue
            try:
                if self._side(step, entry)[0] is not _AFTER:
                    return f"{step.object} is not as the plan left it: somebody changed it since"
            except NotSettled as error:
                return str(error)
        return ""

    def _unverified(self, entry: Entry) -> str:
        """What is not yet as the plan promises; empty if all of it is."""
        if why := self._changed_since(entry):
            return why
        plan = entry.plan
        snapshot = self.look(plan.api)
        if snapshot is None:
            return "the API does not exist any more"
        judged = self.judge(snapshot, plan, self.clock.now())
        if plan.goal is Goal.COMPLIANT and not judged.compliant:
            return judged.because
        expected = {one.stage: one.after for one in plan.access.stages}.get(plan.stage)
        seen = next((s.live.scope for s in judged.access.stages if s.stage == plan.stage), None)
        if expected is None or seen is None or seen is expected:
            return ""
        if widest(seen, expected) is seen:
            return f"access is {seen.value}, which is wider than the {expected.value} predicted"
        return ""

    # --- the journal ----------------------------------------------------------------------------

    def _acquire(self, entry: Entry) -> Lease:
        now = self.clock.now()
        lease = self.journal.acquire(entry.api, entry.plan.id, now=now, until=now + LEASE)
        if lease is not None:
            return lease
        holder = self.journal.holder(entry.api)
        if holder == entry.plan.id:
            raise Refused("somebody is at work with this plan")
        raise Refused(f"plan {holder} holds this API; one plan at a time")

    def _renewed(self, lease: Lease) -> Lease:
        return self.journal.renew(lease, until=self.clock.now() + LEASE)

    def _to(self, entry: Entry, state: State, because: str, lease: Lease) -> Entry:
        entry = entry.now_in(state, because, self.clock.now())
        self.journal.save(entry, lease)
        return entry

    def _note(
        self, entry: Entry, step: Step, progress: Progress, lease: Lease, made: Image | None = None
    ) -> Entry:
        if entry.progress(step) is progress:
            return entry  # it was noted before the process died
        entry = entry.with_step(step, progress, self.clock.now(), made)
        self.journal.save(entry, lease)
        return entry

    def _waited(self, wait: float) -> float:
        self.pause(wait)
        return min(wait * 2, LONGEST_PAUSE)


_BEFORE, _AFTER, _NEITHER = "before", "after", "neither"
_GOES_ON = {
    State.APPLYING: Runner._applying,
    State.VERIFYING: Runner._verifying,
    State.ROLLING_BACK: Runner._taking_back,
    State.UNDOING: Runner._taking_back,
}
