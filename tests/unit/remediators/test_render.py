"""A plan as text, JSON and Slack blocks; names that came from outside stay names."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.builders import later
from tests.remedies.plans import some_plan

from remediators.documents import plan_document
from remediators.entry import planned
from remediators.plan import State, Suggestion
from remediators.render import SAID, as_blocks, as_text, headline

SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "schemas" / "plan.json"


def test_the_text_says_what_who_and_what_happens_to_access() -> None:
    text = as_text(planned(some_plan(), "jane"))

    assert "point stage prod back at deployment d1" in text
    assert "stage prod: internet -> cidrs" in text
    assert "apigateway:UpdateStage on rest-stage a1b2c3d4e5/prod" in text
    assert "point it at deployment d2 again" in text
    assert "hits      prod GET /orders" in text
    assert "expires   2026-11-22 13:00:00 UTC" in text


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_words_and_blocks_within_slacks_limits(state: State) -> None:
    entry = planned(some_plan(), "jane").now_in(state, "because " * 300, later(1))
    blocks = as_blocks(entry)

    assert SAID[state] in as_text(entry)
    assert len(blocks) <= 50
    for block in blocks:
        texts = [block["text"]] if "text" in block else block["elements"]
        assert all(0 < len(text["text"]) <= 3000 for text in texts)


def test_a_plan_of_any_size_fits_slack() -> None:
    plan = some_plan(
        warnings=("w" * 5000,) * 40,
        steps=some_plan().steps * 100,
        suggestion=Suggestion(tool="Terraform", source="tag x=y", patch="line\n" * 2000),
    )
    blocks = as_blocks(planned(plan, "jane"))

    assert sum(len(json.dumps(block)) for block in blocks) < 13_000


def test_a_poisoned_name_pings_nobody_and_moves_no_cursor() -> None:
    name = "<!channel> \x1b[2J<https://evil|click> `x` \u202eshop"
    entry = planned(some_plan(api_name=name, summary=name), name)
    told = json.dumps(as_blocks(entry)) + headline(entry)

    assert "<!channel>" not in told
    assert "<https" not in told
    assert "\x1b" not in as_text(entry)
    assert "\u202e" not in as_text(entry)


def test_the_document_keeps_its_schema() -> None:
    entry = planned(some_plan(), "jane")
    document = plan_document(entry).model_dump(mode="json", by_alias=True)
    schema = json.loads(SCHEMA.read_text("utf-8"))

    Draft202012Validator(schema).validate(document)
    assert document["schema"] == "gatewatch.plan/1"
    assert document["iam_actions"] == ["apigateway:PATCH"]
    assert document["steps"][0]["inverse"]["call"]["operation"] == "apigateway:UpdateStage"
    with pytest.raises(Exception, match="'nowhere' is not one of"):
        Draft202012Validator(schema).validate({**document, "state": "nowhere"})
    assert replace(entry).plan.id == document["id"]
