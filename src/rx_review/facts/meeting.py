"""Two lines and the row of the formulary under which they meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rx_review.domain.prescription import Line
from rx_review.facts.resolve import Known
from rx_review.facts.supply import Ratio


@dataclass(frozen=True, slots=True)
class Member:
    """A line that may be in a pair; `own` is false for lines of the visit's other sheets."""

    line: Line
    known: Known
    systemic: bool | None
    as_needed: bool
    own: bool
    infused: bool = False
    volume: Ratio | None = None
    """What one dose fills, in ml."""

    @property
    def ingredients(self) -> frozenset[str]:
        """Names of its actives."""
        return frozenset(part.name for part in self.known.components)


@dataclass(frozen=True, slots=True)
class Meeting:
    """A row under which two members meet; `a` and `b` are the keys it names."""

    a: str
    b: str
    topic: str
    grade: str
    tradition: str
    specific: int
    systemic_only: bool
    shared: Mapping[str, str]
    consequence: Mapping[str, str]
    advice: Mapping[str, str]
    name: str
