"""Two patterns that some text matches both."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from monitor.iampolicy.glob import glob, literal, matches, overlap

PATTERNS = st.text("ab*?", max_size=3)
# The shortest text that matches both has no more letters than the two together.
TEXTS = ["".join(letters) for size in range(7) for letters in product("abc", repeat=size)]


@given(PATTERNS, PATTERNS)
def test_patterns_overlap_where_a_text_matches_both(one: str, other: str) -> None:
    left, right = glob(one), glob(other)
    shared = any(matches(left, text) and matches(right, text) for text in TEXTS)

    assert overlap(left, right) is shared


@given(PATTERNS, PATTERNS)
def test_overlap_has_no_order(one: str, other: str) -> None:
    assert overlap(glob(one), glob(other)) is overlap(glob(other), glob(one))


@given(PATTERNS, st.text("abc", max_size=8))
def test_a_text_overlaps_with_what_matches_it(one: str, text: str) -> None:
    assert overlap(glob(one), literal(text)) is matches(glob(one), text)
