"""How strong the potassium salts of an infusion are."""

from __future__ import annotations

from collections.abc import Iterable

from rx_review.facts.resolve import Known
from rx_review.facts.supply import Ratio, Supply


def potassium_percent(infusion: Iterable[tuple[Known | None, Supply, bool]]) -> tuple[Ratio | None, str]:
    """Grams of potassium salts in 100 ml of an infusion, and what is missing if that cannot be said.

    Args:
        infusion: drug and supply of each line that shares it, and whether it is a potassium salt.
    """
    total, grams = Ratio(0, 1), Ratio(0, 1)
    vehicle = False
    for known, supply, salt in infusion:
        if known is None or (known.is_solvent and supply.volume is None):
            return None, "solvent"
        if salt and (supply.dose is None or supply.dimension != "mass"):
            return None, "dose" if supply.dose is None else "strength"
        if salt and supply.dose is not None:
            grams = grams.plus(supply.dose.times(1, 1_000_000))
        vehicle = vehicle or known.is_solvent
        total = total.plus(supply.volume) if supply.volume is not None else total
    if not vehicle or not total.num:
        return None, "solvent"
    return grams.times(100).over(total), ""
