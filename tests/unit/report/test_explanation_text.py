from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
from tests.proofs.checks import NOW

from monitor.access.answer import answer_question
from monitor.access.question import read_question
from monitor.report.explanation_text import explanation_text, safe

ALLOW = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"}


def text_of(*statements: dict[str, Any], width: int = 100, **question: Any) -> str:
    asked = {
        "id": "pets",
        "account_id": "123456789012",
        "api": {"routes": [{"method": "POST", "path": "/pets"}]},
        "policy_text": json.dumps({"Version": "2012-10-17", "Statement": list(statements)}),
    }
    answered = answer_question(read_question(asked | question), now=NOW)
    return explanation_text([answered], width=width)


def test_the_verdict_comes_first_then_the_request_then_why() -> None:
    text = text_of(ALLOW)
    places = [text.index(word) for word in ("PUBLIC", "curl", "Why", "policy.Statement[0] allows")]
    assert places == sorted(places)


def test_the_request_is_quoted_for_the_shell() -> None:
    tricky = "'; rm -rf / #"
    text = text_of(ALLOW | {"Condition": {"StringEquals": {"aws:UserAgent": tricky}}}, width=200)
    line = next(line for line in text.splitlines() if "curl" in line)
    assert f"User-Agent: {tricky}" in shlex.split(line)


def test_a_long_request_is_broken_so_that_it_can_be_pasted() -> None:
    text = text_of(ALLOW, authorization_type="AWS_IAM", width=60)
    block = text[text.index("curl") : text.index("signed by")]
    words = shlex.split(block)
    assert words[0] == "curl"
    assert words[-1].startswith("https://")


@pytest.mark.parametrize("width", [10, 40, 80, 200])
def test_lines_fit_but_for_commands(width: int) -> None:
    text = text_of(
        ALLOW | {"Condition": {"IpAddress": {"aws:SourceIp": "1.2.3.0/24"}}}, width=width
    )
    prose = [line for line in text.splitlines() if "https://" not in line and "curl" not in line]
    assert max(map(len, prose)) <= max(width, 40)


def test_hostile_names_reach_no_terminal() -> None:
    text = text_of(ALLOW | {"Sid": "\x1b[31m\u202e"}, id="\x1b]0;owned\x07")
    assert not set(text) & {"\x1b", "\x07", "\u202e"}
    assert "\\u001b[31m\\u202e" in text


def test_safe_text_stays_as_it_is() -> None:
    assert safe("Grüße, 世界 [bold]") == "Grüße, 世界 [bold]"
