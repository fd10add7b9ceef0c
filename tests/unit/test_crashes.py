"""Some of the deaths of `make crashes`: killed at a call to AWS and resumed, all ends alike."""

from __future__ import annotations

import pytest
from tests.crashes import die_everywhere

EVERY = 9


# A function that was killed has no metrics to send.
@pytest.mark.filterwarnings("ignore:No application metrics:UserWarning")
def test_killed_at_a_call_and_resumed_the_end_is_the_same() -> None:
    outcome = die_everywhere(EVERY)

    assert outcome.points > 10
    assert outcome.failures == ()
    assert set(outcome.twice) == set(), "nothing is said twice"
