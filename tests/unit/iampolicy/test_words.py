"""Automata over patterns: every combination that a text can match, each with an example."""

from __future__ import annotations

from itertools import product

import pytest

from monitor.iampolicy.glob import glob, matches
from monitor.iampolicy.words import ANY, DIGIT, ChainBuilder, chain, examples

ANY_TEXT = (ChainBuilder().many(ANY).build(),)


def combinations(*globs: str) -> dict[int, str]:
    found = examples([chain(glob(one)) for one in globs], ANY_TEXT, most=100_000).found
    assert found is not None
    return found


@pytest.mark.parametrize(
    "globs",
    [
        ("a*", "*b"),
        ("*", "a?c", "abc"),
        ("*a*", "*b*", "*ab*"),
        ("x", "b", "?"),
        ("", "*"),
        ("a*b*c", "*c*b*a*", "??"),
    ],
)
def test_combinations_are_those_of_brute_force(globs: tuple[str, ...]) -> None:
    texts = ("".join(chars) for size in range(6) for chars in product("abcx", repeat=size))
    expected = {_bits(globs, text) for text in texts}
    found = combinations(*globs)
    assert set(found) == expected
    assert all(_bits(globs, text) == bits for bits, text in found.items())


def _bits(globs: tuple[str, ...], text: str) -> int:
    return sum(matches(glob(one), text) << place for place, one in enumerate(globs))


def test_only_texts_of_the_universe_count() -> None:
    digits = (ChainBuilder().some(DIGIT).build(),)
    found = examples([chain(glob("a*")), chain(glob("1*"))], digits, most=10_000).found
    assert found is not None
    assert set(found) == {0, 2}


def test_work_is_bounded() -> None:
    many = [chain(glob(f"*{one}*{one}*{one}*")) for one in "abcdefghij"]
    found = examples(many, ANY_TEXT, most=5_000)
    assert found.found is None
    assert found.steps < 6_000
