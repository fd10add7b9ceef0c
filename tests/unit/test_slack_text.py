"""Attacker-chosen text on its way into Slack."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model.access import Scope
from monitor.model.finding import Severity, StepKind
from monitor.report.plain import plain
from monitor.slack.text import code, code_block, mrkdwn
from monitor.slack.words import ICON, STEP_WORDS, WHO


def test_there_are_words_for_everything() -> None:
    assert set(STEP_WORDS) == set(StepKind)
    assert set(WHO) == set(Scope)
    assert set(ICON) == set(Severity)


HOSTILE = st.text(
    alphabet=st.sampled_from("<>&@!#`*_~|\n\r\t\x1b[31m\u202e\u200b\u2066ab c"), max_size=80
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<!channel> come", "&lt;!channel&gt; come"),
        ("<https://evil.example|the console>", "&lt;https://evil.example|the console&gt;"),
        ("a & b", "a &amp; b"),
        ("one\ntwo\r\nthree", "one two three"),
        ("pay\u202egnp.exe", "paygnp.exe"),
        ("\x1b[31mred", "[31mred"),
        ("", ""),
    ],
)
def test_what_a_hostile_text_becomes(text: str, expected: str) -> None:
    assert mrkdwn(text) == expected


def test_a_backtick_cannot_end_the_code_it_stands_in() -> None:
    assert code("a`b") == "`a\u2019b`"
    assert code_block("x```<!here>") == "```x\u2019\u2019\u2019&lt;!here&gt;```"


@given(HOSTILE)
def test_no_text_can_ping_link_or_break_out(text: str) -> None:
    for shown in (mrkdwn(text), code(text)[1:-1], code_block(text)[3:-3]):
        assert not {"<", ">", "\n"} & set(shown)
    assert "`" not in code(text)[1:-1]


@given(st.text(max_size=400), st.integers(2, 60))
def test_plain_keeps_its_limit_and_its_line(text: str, limit: int) -> None:
    shown = plain(text, limit)

    assert len(shown) <= limit
    assert shown.isprintable()
