"""The example questions answer as they say they do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.proofs.checks import NOW

from monitor.access.answer import answer_document, answer_question
from monitor.access.question import snapshot_of
from monitor.access.question_file import read_questions
from monitor.access.reference import decide_request
from monitor.model.request import Decision, Request

EXAMPLES = sorted((Path(__file__).parents[2] / "cases" / "examples").glob("*.json"))


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_example(file: Path) -> None:
    text = file.read_text()
    (question,) = read_questions(text)
    answered = answer_question(question, now=NOW)
    document = answer_document(answered)
    expected = {key: value for key, value in json.loads(text)["expect"].items() if key != "note"}
    assert {key: document[key] for key in expected} == expected
    if answered.live.witness is not None:
        request = Request.from_witness(answered.live.witness)
        snapshot = snapshot_of(question, now=NOW)
        assert decide_request(snapshot, None, request, now=NOW) is not Decision.DENY
