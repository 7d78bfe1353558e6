"""How long a call may take, how long one try of it, and how long it rests between tries."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
SHORTEST_TRY = 0.05
"""Seconds: nothing is answered in less, so a try is not begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """Seconds that a call may take with all its tries and pauses; `connect` is for each try.

    Attributes:
        connect: to reach the service.
        check: the check of a draft.
        submit: a submission.
        move: charge, supply, cancel and so on.
        look: everything that only reads; waiting comes on top of it.
        batch: each request of a batch, of at most 500 prescriptions.
    """

    connect: float = 1.0
    check: float = 2.0
    submit: float = 3.0
    move: float = 3.0
    look: float = 3.0
    batch: float = 120.0


@dataclass(frozen=True, slots=True)
class Pace:
    """The clock (seconds, any origin), the sleep and the dice of a client, for tests to replace."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    draw: Callable[[float, float], float] = random.uniform


class Effort:
    """One call's budget of seconds, from now on.

    Args:
        pace: clock and sleep.
        seconds: the budget.
        whole: one try may use all of it; otherwise a try gets half of what is left, so that one whose answer never
            comes leaves time for another.
    """

    def __init__(self, pace: Pace, seconds: float, *, whole: bool = False) -> None:
        self._pace, self._whole, self._rests = pace, whole, 0
        self._until = pace.clock() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, never below zero."""
        return max(0.0, self._until - self._pace.clock())

    def share(self) -> float:
        """Seconds that the next try may take."""
        return max(SHORTEST_TRY, self.left if self._whole else self.left / 2)

    def rest(self, at_least: float | None = None) -> bool:
        """Pause before the next try: exponential back-off with full jitter, after what the service asked for.

        Returns:
            False, at once, if no time would be left for a try.
        """
        most = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self._rests, 10))
        pause = (at_least or 0.0) + self._pace.draw(0.0, most)
        if pause + SHORTEST_TRY > self.left:
            return False
        self._rests += 1
        self._pace.sleep(pause)
        return True
