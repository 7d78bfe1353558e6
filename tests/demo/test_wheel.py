"""The clock of the demonstration."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rx_review.demo.wheel import Wheel

BEGAN = datetime(2026, 11, 2, tzinfo=UTC)


@given(st.lists(st.integers(0, 50)))
def test_what_is_set_happens_in_order_and_of_two_at_once_the_first_comes_first(minutes):
    wheel, seen = Wheel(), []
    for place, minute in enumerate(minutes):
        wheel.at(BEGAN + timedelta(minutes=minute), lambda at, place=place: seen.append((at, place)))
    wheel.turn(BEGAN + timedelta(minutes=40))
    assert seen == sorted(seen)
    assert len(seen) == sum(minute < 40 for minute in minutes)


def test_what_is_set_meanwhile_happens_too():
    wheel, seen = Wheel(), []

    def again(at):
        seen.append(at.minute)
        wheel.at(at + timedelta(minutes=10), again)

    wheel.at(BEGAN, again)
    wheel.turn(BEGAN + timedelta(minutes=25))
    assert seen == [0, 10, 20]
