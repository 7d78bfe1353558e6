"""How strong a potassium salt is in its infusion."""

from __future__ import annotations

from collections.abc import Sequence

from rx_review.domain.prescription import Line
from rx_review.facts.resolve import Known
from rx_review.facts.supply import Ratio, Supply


def potassium_percent(line: Line, group: Sequence[tuple[Line, Known | None, Supply]]) -> Ratio | None:
    """Grams of salt in 100 ml of the infusion that a line is part of; None if the solvent or a volume is unknown."""
    total, grams = Ratio(0, 1), None
    vehicle = False
    for other, known, supply in group:
        volume = supply.volume
        if known is None or (known.is_solvent and volume is None):
            return None
        vehicle = vehicle or known.is_solvent
        total = total.plus(volume) if volume is not None else total
        if other.line == line.line and supply.dimension == "mass":
            grams = supply.dose.times(1, 1_000_000) if supply.dose is not None else None
    if not vehicle or grams is None or not total.num:
        return None
    return grams.times(100).over(total)
