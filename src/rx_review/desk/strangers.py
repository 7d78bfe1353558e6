"""Failures to log in under names that nobody has: they pause as accounts do, so that a pause tells of no name."""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import datetime, timedelta

REMEMBERED = 10_000
"""Names: some megabytes. Whoever tries more of them than that learns of the oldest that they are free again."""
_LONGEST = 64


class Strangers:
    """Counts in memory, one per process: nobody's name is worth a row of the database.

    Args:
        most: failures in a row that pause.
        pause: for how long.
    """

    def __init__(self, most: int, pause: timedelta) -> None:
        self._most = most
        self._pause = pause
        self._guard = threading.Lock()
        self._names: OrderedDict[tuple[str, str], tuple[int, datetime | None]] = OrderedDict()

    def failed(self, kind: str, name: str, at: datetime) -> None:
        """Count a failure."""
        key = (kind, name[:_LONGEST])
        with self._guard:
            failures = self._names.pop(key, (0, None))[0] + 1
            self._names[key] = (0, at + self._pause) if failures >= self._most else (failures, None)
            while len(self._names) > REMEMBERED:
                self._names.popitem(last=False)

    def paused_until(self, kind: str, name: str, at: datetime) -> datetime | None:
        """Until when that name pauses; None if it does not."""
        with self._guard:
            until = self._names.get((kind, name[:_LONGEST]), (0, None))[1]
        return until if until is not None and until > at else None
