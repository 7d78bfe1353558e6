"""The clock of the demonstration: what happens next, in order of its instant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from heapq import heappop, heappush
from itertools import count

Happening = Callable[[datetime], None]


class Wheel:
    """Events by instant; of two at one instant, the one that was set first."""

    def __init__(self) -> None:
        self._events: list[tuple[datetime, int, Happening]] = []
        self._order = count()

    def at(self, instant: datetime, happening: Happening) -> None:
        """Let something happen at an instant."""
        heappush(self._events, (instant, next(self._order), happening))

    def turn(self, until: datetime) -> None:
        """Let happen whatever is due before an instant, also what is set meanwhile."""
        while self._events and self._events[0][0] < until:
            instant, _, happening = heappop(self._events)
            happening(instant)
