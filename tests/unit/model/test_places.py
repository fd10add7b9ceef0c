"""What a rule finds of an API, as problems a place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.builders import NOW, configuration, rest_api, route

from monitor.access.decide import decide
from monitor.model.api import ApiSnapshot, AuthorizationType, Configuration, Stage
from monitor.model.finding import Severity
from monitor.model.organization import Bound
from monitor.model.places import Flaw, Place, Unclear, at_each_place
from monitor.model.rule import CannotTell, Problem, RuleInput

OPEN, IAM = AuthorizationType.NONE, AuthorizationType.AWS_IAM


def given(snapshot: ApiSnapshot) -> RuleInput:
    return RuleInput(
        snapshot=snapshot,
        access=decide(snapshot, now=NOW),
        now=NOW,
        bound=Bound(class_name="all", allowed=None, clause="none"),
    )


def said(snapshot: ApiSnapshot) -> list[Problem | CannotTell]:
    def look(place: Place) -> Iterator[Flaw | Unclear]:
        """Every route without authorization is a flaw."""
        for one in (found for each in place.configurations for found in each.routes or ()):
            if one.authorization is OPEN:
                yield Flaw(title="open", routes=(one.key,), severity=Severity.HIGH)
            elif one.authorization is None:
                yield Unclear(why="who knows")

    return list(at_each_place(given(snapshot), look))


def places(snapshot: ApiSnapshot) -> list[tuple[str, bool, tuple[str, ...]]]:
    return [(one.stage, one.live, one.routes) for one in said(snapshot) if isinstance(one, Problem)]


def two_stages(prod: Configuration, test: Configuration, draft: Configuration) -> ApiSnapshot:
    return rest_api(
        stages=(Stage(name="prod", deployment_id="d1"), Stage(name="test", deployment_id="d2")),
        deployments={"d1": prod, "d2": test},
        draft=draft,
    )


GUARDED = configuration(route("GET /a", IAM), route("GET /b", IAM))
HALF = configuration(route("GET /a", OPEN), route("GET /b", IAM))
WHOLE = configuration(route("GET /a", OPEN), route("GET /b", OPEN))


@pytest.mark.parametrize(
    ("snapshot", "expected"),
    [
        (two_stages(GUARDED, GUARDED, GUARDED), []),
        (two_stages(HALF, GUARDED, GUARDED), [("prod", True, ("GET /a",))]),
        # Whoever deploys the draft to `test` opens it there, too.
        (
            two_stages(HALF, GUARDED, HALF),
            [("prod", True, ("GET /a",)), ("", False, ("GET /a",))],
        ),
        (
            two_stages(HALF, HALF, HALF),
            [("prod", True, ("GET /a",)), ("test", True, ("GET /a",))],
        ),
        # Of the draft only what is new is told.
        (
            two_stages(HALF, HALF, WHOLE),
            [
                ("prod", True, ("GET /a",)),
                ("test", True, ("GET /a",)),
                ("", False, ("GET /b",)),
            ],
        ),
        (rest_api(HALF, stages=()), [("", False, ("GET /a",))]),
    ],
)
def test_a_flaw_is_told_where_it_is_in_force_and_of_the_draft_where_it_is_new(
    snapshot: ApiSnapshot, expected: list[tuple[str, bool, tuple[str, ...]]]
) -> None:
    assert places(snapshot) == expected


def test_what_is_not_live_is_one_step_less_grave() -> None:
    problems = [one for one in said(two_stages(HALF, GUARDED, HALF)) if isinstance(one, Problem)]

    assert [one.severity for one in problems] == [Severity.HIGH, Severity.MEDIUM]


def test_a_canary_counts_as_live() -> None:
    snapshot = rest_api(
        stages=(Stage(name="prod", deployment_id="d1", canary_deployment_id="d2"),),
        deployments={"d1": GUARDED, "d2": HALF},
        draft=GUARDED,
    )

    assert places(snapshot) == [("prod", True, ("GET /a",))]


def test_what_was_not_read_cannot_be_told_at_its_place() -> None:
    live = said(rest_api(GUARDED, deployments={}))
    draft = said(replace(rest_api(GUARDED), draft=None))
    strange = said(rest_api(configuration(route("GET /a", None))))

    assert [(one.stage, one.live) for one in live] == [("prod", True)]
    assert [(one.stage, one.live) for one in draft] == [("", False)]
    assert [(one.stage, one.live) for one in strange] == [("prod", True), ("", False)]
    assert all(isinstance(one, CannotTell) for one in (*live, *draft, *strange))


def test_a_title_names_a_few_flaws_and_counts_the_rest() -> None:
    def look(place: Place) -> Iterator[Flaw | Unclear]:
        yield from (Flaw(title=f"flaw {number}") for number in range(5))

    (problem,) = at_each_place(given(rest_api(GUARDED)), look)

    assert isinstance(problem, Problem)
    assert problem.title == "flaw 0; flaw 1; flaw 2; and 2 more (stage prod)"
