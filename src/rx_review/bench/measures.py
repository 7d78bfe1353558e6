"""A measure: a fixed name, a value, its unit, its bar and whether it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure; other programs read the names, so they do not change. `bar` is None for figures without one.

    A value that is no number says that there was nothing to measure.
    """

    name: str
    value: float
    unit: str
    bar: float | None = None
    at_most: bool = True

    @property
    def holds(self) -> bool | None:
        """Whether the bar holds; None if there is none, or nothing was measured."""
        if self.bar is None or isnan(self.value):
            return None
        return self.value <= self.bar if self.at_most else self.value >= self.bar

    def as_json(self) -> dict[str, object]:
        """The measure as `--json` prints it."""
        value = None if isnan(self.value) else self.value
        return {"name": self.name, "value": value, "unit": self.unit, "bar": self.bar, "holds": self.holds}


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which that share of a sorted sample lies (nearest rank)."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
