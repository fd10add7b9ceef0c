from __future__ import annotations

import json

import pytest

from monitor.access.question_file import QuestionError, read_questions

GOOD = {"account_id": "123456789012"}


def test_one_question_or_a_list() -> None:
    assert len(read_questions(json.dumps(GOOD))) == 1
    assert len(read_questions(json.dumps([GOOD, GOOD]))) == 2
    assert read_questions("[]") == ()


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("", 1, 1, "not JSON"),
        ("{\n 'a': 1}", 2, 2, "not JSON"),
        ("5", 1, 1, "expected a question"),
        ("[\n 5]", 2, 2, "`[0]`: expected a question"),
        ("{}", 1, 1, "`account_id`: this field is required"),
        ('{"account_id": "12"}', 1, 16, "`account_id`: expected 12 digits"),
        (
            '{"account_id": "123456789012",\n "endpoint_type": "PUBLIC"}',
            2,
            19,
            "`endpoint_type`: expected 'EDGE', 'REGIONAL' or 'PRIVATE'",
        ),
        (
            '[{"account_id": "123456789012", "api": {"routes": [{}, {"path": []}]}}]',
            1,
            65,
            "`[0].api.routes[1].path`: expected a valid string",
        ),
        (
            '{"account_id": "123456789012", "evaluation_time": "soon"}',
            1,
            51,
            "`evaluation_time`: expected an ISO 8601 time",
        ),
        (
            '{"account_id": "123456789012", "id": "a", "id": "b"}',
            1,
            49,
            "`id`: this key occurs twice",
        ),
    ],
)
def test_a_bad_file_is_told_where_and_what(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(QuestionError) as caught:
        read_questions(text)
    assert caught.value.message.startswith(message)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_a_policy_may_be_as_bad_as_it_likes() -> None:
    text = '{"account_id": "123456789012", "policy": {"Statement": [], "Statement": {"a": NULL}}}'
    (question,) = read_questions(text.replace("NULL", "[[[[1]]]]"))
    assert question.policy is not None
