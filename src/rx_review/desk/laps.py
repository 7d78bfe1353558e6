"""Where the time of a submission goes: laps that answers carry as Server-Timing, and the benchmark adds up."""

from __future__ import annotations

import time
from collections.abc import Mapping

NAMES = ("sign-in", "parse", "lock", "circumstances", "facts", "rules", "ways", "write", "commit")
"""Who calls; reading the body; waiting for a place, the turn and the patient; what the world says; facts; rules;
ways to pass; rows; making them durable."""


class Laps:
    """Seconds by name. Each lap runs from the one before."""

    __slots__ = ("_at", "seconds")

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._at = time.perf_counter()

    def lap(self, name: str) -> None:
        """What passed since the last lap belongs to this name."""
        now = time.perf_counter()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self._at
        self._at = now


def server_timing(seconds: Mapping[str, float]) -> str:
    """As the header Server-Timing carries it (W3C): milliseconds by name."""
    return ", ".join(f"{name};dur={seconds[name] * 1000:.3f}" for name in NAMES if name in seconds)
