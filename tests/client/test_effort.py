"""A call never takes longer than its budget, whatever it rests for."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rx_review.client.effort import FIRST_PAUSE, LONGEST_PAUSE, SHORTEST_TRY, Effort, Pace


class Clock:
    """A clock that only sleep moves."""

    def __init__(self, seed=0):
        self.at, self.slept, self.drawn = 1000.0, [], []
        self.random = random.Random(seed)

    def sleep(self, seconds):
        self.at += seconds
        self.slept.append(seconds)

    def draw(self, low, high):
        self.drawn.append((low, high))
        return self.random.uniform(low, high)

    @property
    def pace(self):
        return Pace(lambda: self.at, self.sleep, self.draw)


@given(st.floats(0.1, 300), st.lists(st.none() | st.floats(0, 5), min_size=1), st.integers(0, 2**32))
def test_rests_stay_within_the_budget_and_after_what_was_asked(seconds, asked, seed):
    clock = Clock(seed)
    effort = Effort(clock.pace, seconds)
    for at_least in asked:
        before = len(clock.slept)
        if effort.rest(at_least):
            assert clock.slept[-1] >= (at_least or 0)
        else:
            assert len(clock.slept) == before
    assert clock.at - 1000.0 <= seconds
    assert sum(clock.slept) == pytest.approx(clock.at - 1000.0)


def test_pauses_are_drawn_from_zero_to_a_limit_that_doubles():
    clock = Clock()
    effort = Effort(clock.pace, 1000)
    for _ in range(12):
        assert effort.rest()
    assert [low for low, _ in clock.drawn] == [0.0] * 12
    highs = [high for _, high in clock.drawn]
    assert highs[:5] == pytest.approx([FIRST_PAUSE * 2**power for power in range(5)])
    assert highs[5:] == [LONGEST_PAUSE] * 7


@given(st.floats(0.2, 100), st.floats(0, 1))
def test_a_try_leaves_time_for_another_unless_it_may_take_all(seconds, gone):
    clock = Clock()
    half, whole = Effort(clock.pace, seconds), Effort(clock.pace, seconds, whole=True)
    clock.sleep(seconds * gone)
    assert half.share() == pytest.approx(max(SHORTEST_TRY, half.left / 2))
    assert whole.share() == pytest.approx(max(SHORTEST_TRY, half.left))
