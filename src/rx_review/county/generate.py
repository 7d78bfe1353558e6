"""A county's days: members of all tiers write prescriptions from regimens, as often as each is seen there.

The same seed gives the same prescriptions, whatever else runs: each prescription has its own source of chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from rx_review.county.dialect import speak
from rx_review.county.faults import Planted, plant
from rx_review.county.gaps import leave_gaps
from rx_review.county.regimen import Regimen, Tier
from rx_review.county.writing import Member, Written, write_prescription
from rx_review.domain.circumstances import Circumstances
from rx_review.domain.prescription import Prescription
from rx_review.domain.reading import check_circumstances, check_prescription
from rx_review.library.formulary import Formulary

_TIERS: tuple[Tier, ...] = ("village", "township", "county")


class Sent(NamedTuple):
    """A prescription and what the registers say of it."""

    prescription: Prescription
    circumstances: Circumstances


@dataclass(frozen=True, slots=True)
class Generated:
    """A reasonable prescription and the regimen it follows; with a fault planted, also the faulty one."""

    regimen: str
    sound: Sent
    planted: Planted | None = None
    faulty: Sent | None = None


class County:
    """Members and regimens, ready to draw from, and where to keep what is read of faults; None keeps nothing."""

    def __init__(self, formulary: Formulary, regimens: Sequence[Regimen], cache: Path | None = None) -> None:
        self.fills = formulary.fills
        self.cache = cache
        self.members: Mapping[Tier, list[Member]] = {
            tier: [
                Member(row.institution, row.tier, formulary.lines_of_command[row.institution][-1])
                for row in formulary.institutions.values()
                if row.tier == tier
            ]
            for tier in _TIERS
        }
        # A county that does not say how its prescriptions are shared draws from every tier alike.
        self._shares = {tier: float(self.fills.get(("prescriptions", tier), 1)) for tier in _TIERS}
        self._drawn = {tier: self._weights(regimens, tier) for tier in _TIERS if self.members[tier]}

    @staticmethod
    def _weights(regimens: Sequence[Regimen], tier: Tier) -> tuple[list[Regimen], list[int]]:
        here = [regimen for regimen in regimens if tier in regimen.tiers]
        weights = [regimen.share * regimen.tiers[tier] * 100 // sum(regimen.tiers.values()) for regimen in here]
        return here, list(accumulate(max(1, weight) for weight in weights))

    def draw(self, random: Random) -> tuple[Regimen, Member]:
        """A regimen and the member that prescribes it."""
        tiers = [tier for tier, (here, _) in self._drawn.items() if here]
        tier = random.choices(tiers, [self._shares[name] for name in tiers])[0]
        here, cumulative = self._drawn[tier]
        return random.choices(here, cum_weights=cumulative)[0], random.choice(self.members[tier])


def generate_county(
    formulary: Formulary,
    regimens: Sequence[Regimen],
    *,
    seed: int,
    first: date,
    days: int,
    per_day: int,
    gaps: bool = True,
    faults: bool = False,
    cache: Path | None = None,
) -> Iterator[Generated]:
    """Write the prescriptions of some days.

    Args:
        formulary: members of the county and how completely each tier fills its sheets in.
        regimens: what doctors treat with.
        seed: the same seed, the same county.
        first: the first day.
        days: how many days.
        per_day: prescriptions a day in the whole county.
        gaps: whether fields are left out at the tiers' rates.
        faults: whether each prescription gets a labelled fault, wherever one fits.
        cache: where to keep what is read of the faults, by content; None keeps nothing.
    """
    county = County(formulary, regimens, cache)
    for offset in range(days):
        day = first + timedelta(days=offset)
        for order in range(per_day):
            yield _one(county, day, order, Random(f"{seed}:{day}:{order}"), gaps, faults)


def _one(county: County, day: date, order: int, random: Random, gaps: bool, faults: bool) -> Generated:
    regimen, member = county.draw(random)
    written = write_prescription(regimen, member, day, f"{day:%Y%m%d}-{order:05d}", random)
    born = date.fromisoformat(written.sheet["patient"]["birth_date"])
    if gaps:
        leave_gaps(written, member.tier, (day - born).days, county.fills, random)
    speak(written.sheet, member.tier, random)
    sound = _sent(written)
    planted = plant(written, member.tier, random, county.cache) if faults else None
    return Generated(regimen.regimen, sound, planted, _sent(written) if planted else None)


def _sent(written: Written) -> Sent:
    return Sent(
        check_prescription(_without_nothing(written.sheet)),
        check_circumstances(_without_nothing(written.circumstances)),
    )


def _without_nothing(tree: Any) -> Any:
    """The tree without what was not filled in, its fractions exact."""
    if isinstance(tree, dict):
        return {name: _without_nothing(value) for name, value in tree.items() if value is not None}
    if isinstance(tree, list):
        return [_without_nothing(value) for value in tree]
    return Decimal(str(tree)) if isinstance(tree, float) else tree
